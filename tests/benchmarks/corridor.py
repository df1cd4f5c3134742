"""One step of work in a process of its own, timed, with its peak memory; the answer is one line of JSON.

python corridor.py way NAME FOLDER [--solve]     the same program in one modelling layer
python corridor.py plan FILE [--workbook]        a scenario from its files to a certified plan, step by step
python corridor.py methods FILE [NAME…]          the first solve and the settling with methods of HiGHS
python corridor.py core FOLDER                   the tables that the modelling layers start from
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
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

MIB = 1024 if sys.platform != "darwin" else 1024 * 1024


class Clock:
    """Collects the seconds of named steps: on the wall, and of the processor, which other jobs on the machine do not count towards.

    Each is told when it begins and ends, so that of a run that is stopped one sees how far it came.
    """

    def __init__(self) -> None:
        self.wall: dict[str, float] = {}
        self.cpu: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        print(f"{name} …", file=sys.stderr, flush=True)
        yield
        print(f"{name}: {time.process_time() - cpu:.2f} s of the processor, peak {peak():.0f} MiB", file=sys.stderr, flush=True)
        self.wall[name] = self.wall.get(name, 0.0) + time.perf_counter() - wall
        self.cpu[name] = self.cpu.get(name, 0.0) + time.process_time() - cpu


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
    more = {
        "linopy": ["linopy", "linopy.io"],
        "pyomo": ["pyomo.environ", "pyomo.contrib.appsi.solvers"],
        "pyoptinterface": ["pyoptinterface.highs"],
    }
    for module in ["highspy", *modules.get(name, more.get(name, [name]))]:
        importlib.import_module(module)


def plan(file: Path, workbook: bool) -> dict[str, Any]:
    """Walk the whole corridor of `fundalloc.run.solve`, with a clock at every step."""
    from fundalloc.model.canonical import canonical_order
    from fundalloc.model.compile import compile_program
    from fundalloc.model.linear_program import LinearProgram
    from fundalloc.optimise.rounding import round_plan
    from fundalloc.optimise.stages import optimise, wishes
    from fundalloc.plan.certificate import certify
    from fundalloc.plan.plan import Plan, RunLog
    from fundalloc.plan.prices import price_findings
    from fundalloc.plan.verify import verify
    from fundalloc.scenario.loading import load
    from fundalloc.solvers import Options, Solution, highs, solve_program

    clock = Clock()
    with clock("reading"):
        scenario = load(file)
    lines = scenario.lines
    with clock("compiling"):
        program = compile_program(scenario)
    with clock("hand-over"):
        order = canonical_order(program)
        highs.load(order.apply(program))
    options, solved = Options(), iter(("solving",))

    def timed(stated: LinearProgram, how: Options) -> Solution:
        with clock(next(solved, "settling")):
            return solve_program(stated, how)

    with clock("stages"):
        optimum = optimise(program, lines, wishes(scenario), options, solve=timed)
    first = optimum.first
    for kept in (clock.wall, clock.cpu):
        kept["stages"] -= kept["solving"] + kept["settling"]
    with clock("rounding"):
        rounded = round_plan(program, replace(first, values=optimum.values), lines, options)
    with clock("verifying"):
        findings = verify(scenario, rounded.steps)
    log = RunLog(
        first.solver, first.method, "optimal", first.objective, first.iterations, *program.shape, program.terms, 0, 0.0, "", scenario.digest
    )
    made = Plan(
        scenario,
        rounded.steps[: len(lines)],
        tuple(findings),
        price_findings(program, optimum.prices, findings),
        log,
        rounded.steps[len(lines) :],
    )
    with clock("certifying"):
        certificate = certify(program, optimum.proof, lines, made.score)
    result = {"lines": len(lines), "shape": program.shape, "terms": program.terms, "gap": certificate.gap / float(certificate.bound)}
    if workbook:
        from fundalloc.export.workbook import write_workbook

        with tempfile.TemporaryDirectory() as folder:
            with clock("workbook"):
                write_workbook(replace(made, certificate=certificate), Path(folder) / "plan.xlsx")
            result["bare cells"] = bare_cells(Path(folder) / "plan.xlsx")
    return {**result, "cpu": clock.cpu, "wall": clock.wall, "method": first.method, "mib": peak()}


def bare_cells(book: Path) -> float:
    """Write the cells of a finished workbook again with XlsxWriter, numbers and texts without formula or format; processor seconds."""
    import openpyxl
    import xlsxwriter

    opened = openpyxl.load_workbook(book, read_only=True, data_only=True)
    sheets = [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in opened.worksheets]
    opened.close()
    started = time.process_time()
    writer = xlsxwriter.Workbook(
        str(book.with_name("bare.xlsx")), {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    for rows in sheets:
        sheet = writer.add_worksheet()
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, int | float):
                    sheet.write_number(r, c, value)
                elif value is not None:
                    sheet.write_string(r, c, str(value))
    writer.close()
    return time.process_time() - started


METHODS: dict[str, dict[str, Any]] = {
    "simplex": {"solver": "simplex"},
    "ipx": {"solver": "ipx"},
    "ipx, no presolve": {"solver": "ipx", "presolve": "off"},
    "ipx, no crossover": {"solver": "ipx", "run_crossover": "off"},
    "hipo": {"solver": "hipo"},
    "hipo, 2 threads": {"solver": "hipo", "threads": 2},
    "hipo, normal equations": {"solver": "hipo", "threads": 2, "hipo_system": "normaleq"},
    "hipo, normal equations, no crossover": {"solver": "hipo", "threads": 2, "hipo_system": "normaleq", "run_crossover": "off"},
    "pdlp": {"solver": "pdlp"},
}
LIMIT = 300.0
"""Seconds after which a method is given up."""


def methods(file: Path, names: list[str]) -> dict[str, Any]:
    """Time the first solve and the settling with methods of HiGHS, one after the other."""
    from highspy import HighsStatus

    from fundalloc.model.canonical import canonical_order
    from fundalloc.model.compile import compile_program
    from fundalloc.optimise.settling import settling_program
    from fundalloc.optimise.stage_programs import optimal_face
    from fundalloc.optimise.stages import wishes
    from fundalloc.scenario.loading import load
    from fundalloc.solvers import highs, solve_program

    scenario = load(file)
    program = replace(compile_program(scenario), integer=None)
    prices = solve_program(program).prices
    settling = settling_program(optimal_face(program, prices), scenario.lines, wishes(scenario).reference).program
    stages = {"first": program, "settling": settling}
    found: dict[str, Any] = {"lines": len(scenario.lines)}
    for name in names or METHODS:
        for stage, stated in stages.items():
            live = highs.load(canonical_order(stated).apply(stated))
            settings = {"time_limit": LIMIT, **METHODS[name]}
            if any(live.setOptionValue(option, value) == HighsStatus.kError for option, value in settings.items()):
                found[f"{name} | {stage}"] = None  # HiPO needs the package highspy-extras of the same version
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            live.run()
            info = live.getInfo()
            found[f"{name} | {stage}"] = {
                "wall": time.perf_counter() - wall,
                "cpu": time.process_time() - cpu,
                "status": live.modelStatusToString(live.getModelStatus()),
                "objective": info.objective_function_value,
            }
            print(f"{name:<40} {stage:<10}", found[f"{name} | {stage}"], file=sys.stderr, flush=True)
            live.resetGlobalScheduler(True)  # HiGHS keeps the number of threads of its first run otherwise
    return found


def core_tables(folder: Path) -> dict[str, Any]:
    """Write the tables that the modelling layers start from."""
    from meaning import read_core

    from fundalloc.scenario.loading import load

    core = read_core(load(folder / "core.yaml"))
    core.save(folder / "core.npz")
    return {"lines": len(core), "shape": core.shape}


def peak() -> float:
    """Return the most memory that this process ever held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def main() -> None:
    """Run one step and print its figures as JSON, in the last line: some libraries print banners before it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("way", "plan", "core", "methods"))
    parser.add_argument("subject", nargs="+")
    parser.add_argument("--solve", action="store_true")
    parser.add_argument("--workbook", action="store_true")
    asked = parser.parse_args()
    first, *rest = asked.subject
    if asked.what == "way":
        found = way(first, Path(rest[0]), asked.solve)
    elif asked.what == "plan":
        found = plan(Path(first), asked.workbook)
    elif asked.what == "methods":
        found = methods(Path(first), rest)
    else:
        found = core_tables(Path(first))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
