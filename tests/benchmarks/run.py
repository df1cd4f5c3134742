"""How fast fundalloc is, against what a user would pick instead. One command prints every table; nothing of it is a test.

    python tests/benchmarks/run.py                          everything, at 10 000 and 100 000 lines
    python tests/benchmarks/run.py --sizes S,M,L            also at 1 000 000 lines: hours
    python tests/benchmarks/run.py --parts build,start      some tables only: build, plan, methods, many, start
    python tests/benchmarks/run.py --peers linopy,pulp      some modelling layers only

Every figure is measured in a process of its own, and the rounds of all ways alternate, so that what else the machine does
hits all alike. Seconds are those of the processor (user and system) unless a heading says otherwise: they do not count waiting for
other jobs. Trust the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
SIZES = {"S": 10_000, "M": 100_000, "L": 1_000_000}
WAYS = ("arrays", "scipy", "linopy", "pyoptinterface", "cvxpy", "pulp", "pyomo")
PARTS = ("build", "plan", "methods", "many", "start")
SOLVER = ("solving", "settling", "rounding")
"""Steps of the corridor that HiGHS spends; everything else is ours."""
AGREE = 1e-6


def child(*words: str, timeout: float | None = None) -> dict[str, Any] | str:
    """Run one measurement in a process of its own; returns its figures, or the last line of what went wrong."""
    command = [sys.executable, "-W", "ignore", str(HERE / "corridor.py"), *words]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return f"more than {timeout:.0f} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["stopped"])[-1][:100]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def build_table(folders: dict[str, Path], peers: list[str], rounds: int) -> None:
    """From tables in memory to a solver that holds the model."""
    print("\nFrom tables to a solver that holds the model\n")
    print(f"{'':<6}{'way':<16}{'seconds':>9}{'first':>9}{'x arrays':>10}{'x ours':>9}{'MiB':>8}   objective")
    for size, folder in folders.items():
        times: dict[str, list[dict[str, Any]]] = {}
        for turn in range(rounds if size != "L" else 1):
            for way in ("fundalloc", *peers):
                solve = ["--solve"] if size == "S" and turn == 0 else []
                found = child("way", way, str(folder), *solve, timeout=1200)
                if isinstance(found, str):
                    print(f"{size:<6}{way:<16} {found}")
                else:
                    times.setdefault(way, []).append(found)
        seconds = {way: median(f["seconds"] for f in found) for way, found in times.items()}
        shapes = {tuple(f["shape"]) for found in times.values() for f in found}
        objectives = {f["objective"] for found in times.values() for f in found if "objective" in f}
        for way, found in times.items():
            ratios = [seconds[way] / seconds[other] if other in seconds else float("nan") for other in ("arrays", "fundalloc")]
            first, memory = median(f["first"] for f in found), max(f["mib"] for f in found)
            objective = next((f"{f['objective']:.6f}" for f in found if "objective" in f), "")
            print(
                f"{size:<6}{way:<16}{seconds[way]:>9.3f}{first:>9.3f}{ratios[0]:>10.1f}{ratios[1]:>9.1f}{memory:>8.0f}   {objective}",
                flush=True,
            )
        assert len(shapes) == 1, f"different programs: {shapes}"
        assert not objectives or max(objectives) - min(objectives) <= AGREE * max(map(abs, objectives)), (
            f"different objectives: {objectives}"
        )


def plan_table(folders: dict[str, Path], rounds: int) -> None:
    """A scenario from its files to a certified plan and a workbook; time and memory as lines grow."""
    print("\nFrom files to a certified plan and a workbook\n")
    columns: dict[str, dict[str, Any]] = {}
    for size, folder in folders.items():
        found = [
            child("plan", str(folder / "full.yaml"), *(["--workbook"] if size != "L" else [])) for _ in range(rounds if size == "S" else 1)
        ]
        good = [f for f in found if not isinstance(f, str)]
        if not good:
            print(f"{size}: {found[0]}")
            continue
        columns[size] = good[0] | {"cpu": {step: median(f["cpu"][step] for f in good) for step in good[0]["cpu"]}}
    steps = list(dict.fromkeys(step for c in columns.values() for step in c["cpu"]))
    print(f"{'':<28}" + "".join(f"{size:>12}" for size in columns))
    print(f"{'lines':<28}" + "".join(f"{c['lines']:>12}" for c in columns.values()))
    for step in steps:
        print(f"{step:<28}" + "".join(f"{c['cpu'].get(step, float('nan')):>12.2f}" for c in columns.values()))
    ours = {size: sum(v for k, v in c["cpu"].items() if k not in (*SOLVER, "workbook")) for size, c in columns.items()}
    theirs = {size: sum(c["cpu"][k] for k in SOLVER) for size, c in columns.items()}
    print(f"{'all but the solver':<28}" + "".join(f"{ours[size]:>12.2f}" for size in columns))
    print(f"{'  of the solver':<28}" + "".join(f"{ours[size] / theirs[size]:>12.0%}" for size in columns))
    print(
        f"{'workbook / bare XlsxWriter':<28}"
        + "".join(f"{c['cpu']['workbook'] / c['bare cells'] if 'bare cells' in c else float('nan'):>12.2f}" for c in columns.values())
    )
    print(f"{'peak MiB':<28}" + "".join(f"{c['mib']:>12.0f}" for c in columns.values()))


def methods_table(folders: dict[str, Path]) -> None:
    """The first solve and the settling with every method of HiGHS, on the wall and of the processor."""
    print("\nMethods of HiGHS: seconds on the wall (of the processor)\n")
    for size in [s for s in folders if s != "L"]:
        found = child("methods", str(folders[size] / "full.yaml"))
        for name, figures in found.items() if not isinstance(found, str) else ():
            if figures is None:
                print(f"{size:<4}{name:<52}    needs highspy-extras of the version of highspy")
            elif isinstance(figures, dict):
                print(
                    f"{size:<4}{name:<52}{figures['wall']:>9.2f} ({figures['cpu']:.2f})   {figures['status']}   {figures['objective']:.6f}"
                )


def start_table(rounds: int = 15) -> None:
    """`fundalloc --help` against a bare Python that imports click."""
    commands = {
        "python, click": "import click",
        "fundalloc --help": "import sys; sys.argv = ['fundalloc', '--help']; from fundalloc.cli import main; main()",
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, code in commands.items():
            before = os.times()
            subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False)
            after = os.times()
            times[name].append(after.children_user + after.children_system - before.children_user - before.children_system)
    bare, ours = (median(t) for t in times.values())
    print(f"\nStart: python and click {bare:.3f} s, fundalloc --help {ours:.3f} s: {ours / bare:.1f} x")


def main() -> None:
    """Read the command line, write the scenarios, print the tables."""
    parser = argparse.ArgumentParser(description="Measure fundalloc against its peers.")
    parser.add_argument("--sizes", default="S,M", help="S, M and L: about 10 000, 100 000 and 1 000 000 lines")
    parser.add_argument("--peers", default=",".join(WAYS), help=f"some of {','.join(WAYS)}; arrays is the limit")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--variants", type=int, default=200, help="of the sweep")
    asked = parser.parse_args()
    parts, started = asked.parts.split(","), time.perf_counter()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, seed {asked.seed}")
    with tempfile.TemporaryDirectory() as folder:
        folders = {size: Path(folder) / size for size in asked.sizes.split(",")}
        for size, place in folders.items() if set(parts) & {"build", "plan", "methods"} else ():
            subprocess.run(
                [sys.executable, str(HERE / "generate.py"), str(place), "--lines", str(SIZES[size]), "--seed", str(asked.seed)],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            made = child("core", str(place))
            print(
                f"{size}: {made['lines']} lines, core program of {made['shape'][0]} rows and {made['shape'][1]} columns"
                if not isinstance(made, str)
                else made
            )
        if "build" in parts:
            build_table(folders, asked.peers.split(","), asked.rounds)
        if "plan" in parts:
            plan_table(folders, asked.rounds)
        if "methods" in parts:
            methods_table(folders)
        if "many" in parts:
            print("\nMany solves, seconds on the wall\n", flush=True)
            subprocess.run([sys.executable, str(HERE / "bench_many_solves.py"), str(asked.variants)], check=False)
        if "start" in parts:
            start_table()
    print(f"\n{time.perf_counter() - started:.0f} s; load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
