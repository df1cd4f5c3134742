"""One step of work in a process of its own, timed, with its peak memory; the answer is one line of JSON.

    python corridor.py way NAME FOLDER [--solve]     the same program in one modelling layer
    python corridor.py plan FILE [--workbook]        a scenario from its files to a certified plan, step by step
    python corridor.py methods FILE                  the first solve and the settling with every method of HiGHS
    python corridor.py cells FILE                    XlsxWriter writing the same bare numbers as the workbook
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

MIB = 1024 if sys.platform != "darwin" else 1024 * 1024


class Clock:
    """Collects the seconds of named steps: on the wall, and of the processor, which other jobs on the machine do not count towards."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall[name], self.cpu[name] = time.perf_counter() - wall, time.process_time() - cpu


def way(name: str, folder: Path, solve: bool, least: float = 1.0) -> dict[str, Any]:
    """Build and hand over repeatedly for about `least` seconds; the median counts, and the memory that the first build added."""
    import ways
    from meaning import Core

    if name == "fundalloc":
        from fundalloc.scenario.loading import load

        build: Callable[[], ways.Way] = ways.fundalloc(load(folder / "core.yaml"))
    else:
        core = Core.load(folder / "core.npz")

        def build() -> ways.Way:
            return ways.WAYS[name](core)

    warm_up(name)
    before, seconds, found = peak(), [], None
    while not seconds or (sum(seconds) < least and len(seconds) < 7):
        found = None
        gc.collect()
        started = time.process_time()
        found = build()
        seconds.append(time.process_time() - started)
    assert found is not None
    result: dict[str, Any] = {"shape": found[0], "seconds": float(np.median(seconds)), "first": seconds[0], "mib": peak() - before}
    if solve:
        started = time.perf_counter()
        result["objective"] = found[1]()
        result["solving"] = time.perf_counter() - started
    return result


def warm_up(name: str) -> None:
    """Import what the way needs: a start is measured elsewhere."""
    import importlib

    modules = {"arrays": ["highspy"], "fundalloc": ["fundalloc.run"], "scipy": ["scipy.optimize", "scipy.sparse"]}
    more = {"linopy": ["linopy", "linopy.io"], "pyomo": ["pyomo.environ", "pyomo.contrib.appsi.solvers"], "pyoptinterface": ["pyoptinterface.highs"]}
    for module in ["highspy", *modules.get(name, more.get(name, [name]))]:
        importlib.import_module(module)


def plan(file: Path, workbook: bool) -> dict[str, Any]:
    """Walk the whole corridor of `fundalloc.run.solve`, with a clock at every step."""
    from fundalloc.model.canonical import canonical_order
    from fundalloc.model.compile import compile_program
    from fundalloc.model.stages import optimal_face
    from fundalloc.plan.certificate import certify
    from fundalloc.plan.plan import Plan, RunLog
    from fundalloc.plan.rounding import round_plan
    from fundalloc.plan.verify import verify
    from fundalloc.run import price_findings, wishes
    from fundalloc.scenario.loading import load
    from fundalloc.solvers import Options, highs, solve_program
    from fundalloc.solvers.stages import _Search

    clock = Clock()
    with clock("reading"):
        scenario = load(file)
    lines = scenario.lines
    with clock("compiling"):
        program = compile_program(scenario)
    with clock("hand-over"):
        order = canonical_order(program)
        highs.load(order.apply(program))
    before = peak()
    options, wanted = Options(), wishes(scenario)
    with clock("solving"):
        first = solve_program(replace(order.apply(program), keys=None), options)
        values = np.empty_like(first.values)
        values[order.columns] = first.values
        prices = np.empty_like(first.prices)
        prices[order.rows] = first.prices
        first = replace(first, values=values, prices=prices)
    with clock("settling"):
        settled = _Search(program, lines, wanted, options, solve_program).closest(optimal_face(program, first.prices))
    assert settled is not None
    with clock("rounding"):
        rounded = round_plan(program, replace(first, values=settled[: program.shape[1]]), lines, options)
    with clock("verifying"):
        findings = verify(scenario, rounded.steps)
    log = RunLog(first.solver, first.method, "optimal", first.objective, first.iterations, *program.shape, program.terms, 0, 0.0, "", scenario.digest)
    made = Plan(scenario, rounded.steps[: len(lines)], tuple(findings), price_findings(program, first.prices, findings), log, rounded.steps[len(lines) :])
    with clock("certifying"):
        certificate = certify(program, first.prices, lines, made.score)
    result = {"lines": len(lines), "shape": program.shape, "terms": program.terms, "gap": certificate.gap, "before": before}
    if workbook:
        from fundalloc.export.workbook import write_workbook

        with tempfile.TemporaryDirectory() as folder, clock("workbook"):
            write_workbook(replace(made, certificate=certificate), Path(folder) / "plan.xlsx")
    return {**result, "cpu": clock.cpu, "wall": clock.wall, "method": first.method, "mib": peak()}


def cells(file: Path) -> dict[str, Any]:
    """Write as many bare numbers as the workbook has cells with XlsxWriter, in sheets of the same size."""
    return {}


def peak() -> float:
    """Return the most memory that this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def main() -> None:
    """Run one step and print its figures as JSON; whatever else the libraries print goes to standard error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("way", "plan", "core"))
    parser.add_argument("subject", nargs="+")
    parser.add_argument("--solve", action="store_true")
    parser.add_argument("--workbook", action="store_true")
    asked = parser.parse_args()
    with redirect_stdout(sys.stderr):
        if asked.what == "way":
            found = way(asked.subject[0], Path(asked.subject[1]), asked.solve)
        elif asked.what == "core":
            from meaning import read_core

            from fundalloc.scenario.loading import load

            core = read_core(load(Path(asked.subject[0]) / "core.yaml"))
            core.save(Path(asked.subject[0]) / "core.npz")
            found = {"lines": len(core), "shape": core.shape}
        else:
            found = plan(Path(asked.subject[0]), asked.workbook)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
