"""From the same files to an answer, the whole process counted: fundalloc against what a user would write instead.

    python tests/benchmarks/files_to_plan.py                        S (11 000 lines) and M (101 000), at most 600 s each
    python tests/benchmarks/files_to_plan.py --sizes S --limit 60
    python tests/benchmarks/files_to_plan.py --only fundalloc,highs-ipm --keep DIR

The others read the files with pandas, state the program of `meaning.py`, and stop at the solver's answer: neither settled nor rounded nor
proved. fundalloc is measured up to a plan in whole steps with its certificate. One Markdown table; nothing of it is a test.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SIZES = {"S": 10_000, "M": 100_000, "L": 1_000_000}
BARE = "highs-"
MIB = 1024 if sys.platform != "darwin" else 1024 * 1024
AGREE = 1e-6
WORDS = {
    "fundalloc": "**fundalloc**: certified plan, settled and rounded",
    "pulp-cbc": "pandas, PuLP `lpSum`, CBC",
    "pulp-highs": "pandas, PuLP `lpSum`, HiGHS as it comes",
    "linopy": "pandas, linopy, HiGHS as it comes",
    "linopy-ipm": "pandas, linopy, HiGHS interior point",
    "highs-simplex": "bare HiGHS, simplex",
    "highs-ipx": "bare HiGHS, interior point (IPX)",
    "highs-hipo": "bare HiGHS, HiPO",
    "highs-pdlp": "bare HiGHS, PDLP",
}
"""Every way, in the order of the table."""


def read_with_pandas(folder: Path) -> Any:
    """Read `core.yaml` and its tables as somebody without fundalloc would; returns the tables of `meaning.Core`."""
    import pandas as pd
    import yaml
    from meaning import Core

    head = yaml.load((folder / "core.yaml").read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    first, last = map(int, head["years"].split("-"))
    areas, instruments, years = list(head["areas"]), head["instruments"], last - first + 1
    needs, eligible = pd.read_csv(folder / "needs.csv"), pd.read_csv(folder / "eligibility.csv")
    partners = pd.read_csv(folder / "partnerships.csv").dropna(subset=["within"]).reset_index(drop=True)
    names = list(instruments)
    effectiveness = eligible.pivot(index="instrument", columns="area", values="effectiveness").reindex(index=names, columns=areas)
    by_pair = needs.set_index(["partnership", "area"]).reindex(pd.MultiIndex.from_product([partners["id"], areas]))
    shape = len(partners), len(areas)
    serves = np.array([partners["within"].isin(entry["partners"]) for entry in instruments.values()])
    open_ = serves[:, :, None, None] & effectiveness.notna().to_numpy()[:, None, :, None] & np.ones(years, dtype=bool)
    steps = [(float(step["share"].split()[0]) / 100, float(step["value"])) for step in head["steps"]]
    ceilings = np.array([float(entry["ceiling"]["each"]) for entry in instruments.values()])
    return Core(
        *np.nonzero(open_),
        effectiveness.fillna(0.0).to_numpy(),
        by_pair["need"].fillna(0.0).to_numpy().reshape(shape),
        by_pair["priority"].fillna(0.0).to_numpy().reshape(shape),
        *(np.array(part) for part in zip(*steps, strict=True)),
        np.repeat(ceilings[:, None], years, axis=1),
        np.repeat(partners["absorption"].to_numpy(dtype=float)[:, None], years, axis=1),
    )


def ours(folder: Path) -> float:
    """Read, solve, settle, round and certify."""
    from fundalloc.run import solve
    from fundalloc.scenario.loading import load

    plan = solve(load(folder / "core.yaml"))
    assert plan.certificate is not None
    return float(plan.log.program_score)


def pulp(folder: Path, solver: str) -> float:
    """State the program with PuLP and solve it with a solver as PuLP calls it."""
    import pulp
    from ways import pulp_model

    model = pulp_model(read_with_pandas(folder))
    status = model.solve(pulp.PULP_CBC_CMD(msg=False) if solver == "cbc" else pulp.HiGHS(msg=False, threads=1))
    assert status == pulp.LpStatusOptimal, pulp.LpStatus[status]
    return float(pulp.value(model.objective))


def linopy(folder: Path, **options: Any) -> float:
    """State the program with linopy and let it call HiGHS."""
    from ways import linopy_model

    model = linopy_model(read_with_pandas(folder))
    model.solve("highs", io_api="direct", output_flag=False, threads=1, **options)
    return float(model.objective.value)


def bare(folder: Path, method: str) -> float:
    """Pass arrays put together by hand to HiGHS."""
    from highspy import HighsModelStatus, HighsStatus
    from ways import arrays_model

    live = arrays_model(read_with_pandas(folder))
    live.setOptionValue("threads", 1)
    if live.setOptionValue("solver", method) == HighsStatus.kError:
        raise SystemExit(f"this highspy has no {method}")
    live.run()
    if live.getModelStatus() != HighsModelStatus.kOptimal:
        raise SystemExit(live.modelStatusToString(live.getModelStatus()))
    return float(live.getInfo().objective_function_value)


def answer(way: str, folder: Path) -> float:
    """Go one way to the end; returns its objective."""
    first, _, rest = way.partition("-")
    ways: dict[str, Callable[[], float]] = {
        "fundalloc": lambda: ours(folder),
        "pulp": lambda: pulp(folder, rest),
        "linopy": lambda: linopy(folder, **({"solver": "ipm"} if rest else {})),
        "highs": lambda: bare(folder, rest),
    }
    return ways[first]()


def measured(way: str, folder: Path, limit: int) -> dict[str, float] | str:
    """Go one way in a process of its own; returns its seconds, memory and objective, or why there are none."""
    if way.startswith("linopy") and find_spec("linopy") is None:
        return "not installed (`pip install -e '.[bench]'`)"
    if way == "highs-hipo" and find_spec("highspy_extras") is None:
        return "not installed (`pip install highspy-extras`, the version of highspy)"
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as wrong:
        started = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(Path(__file__)), "--one", way, "--keep", str(folder)],
            stdout=out,
            stderr=wrong,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1)),
        )
        _, status, used = os.wait4(started.pid, 0)  # with what its own children took: CBC is one
        started.returncode = os.waitstatus_to_exitcode(status)
        seconds = used.ru_utime + used.ru_stime
        for file in (out, wrong):
            file.seek(0)
        if seconds >= limit:
            return f"more than {limit} s"
        if started.returncode:
            why = (wrong.read().strip().splitlines() or [f"stopped ({started.returncode})"])[-1][:100]
            return f"{why}, after {seconds:.0f} s"
        return {"seconds": seconds, "mib": used.ru_maxrss / MIB, "objective": json.loads(out.read().strip().splitlines()[-1])}


def table(size: str, folder: Path, ways: list[str], limit: int) -> None:
    """Print the rows of one size, and how far fundalloc is from the best bare solve."""
    found: dict[str, dict[str, float]] = {}
    for way in ways:
        figures = measured(way, folder, limit)
        if isinstance(figures, str):
            print(f"| {size} | {WORDS[way]} | {figures} | | |", flush=True)
            continue
        found[way] = figures
        print(f"| {size} | {WORDS[way]} | {figures['seconds']:.1f} | {figures['mib']:.0f} | {figures['objective']:.6f} |", flush=True)
    objectives = [figures["objective"] for figures in found.values()]
    if objectives and max(objectives) - min(objectives) > AGREE * max(map(abs, objectives)):
        print(f"\n{size}: the objectives differ: not the same program\n")
    best = min((figures["seconds"] for way, figures in found.items() if way.startswith(BARE)), default=None)
    if best is not None and "fundalloc" in found:
        ratio = found["fundalloc"]["seconds"] / best
        told = "met" if ratio < 1 else "missed"
        print(f"| {size} | goal: less than the best bare solve | {told}: {ratio:.2f} × | | |", flush=True)


def machine() -> str:
    """Name the machine, and what else it does."""
    info = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    )
    return (
        f"{names[0] if names else platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, HiGHS {version('highspy')}"
    )


def main() -> None:
    """Read the command line, write the scenarios, print the table."""
    parser = argparse.ArgumentParser(description="Measure fundalloc and its alternatives from files to an answer.")
    parser.add_argument("--sizes", default="S,M", help="some of S, M and L: about 11 000, 101 000 and 1 031 000 lines")
    parser.add_argument("--only", default=",".join(WORDS), help=f"some of {','.join(WORDS)}")
    parser.add_argument("--limit", type=int, default=600, help="processor seconds after which a way is given up")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="folder for the scenarios (default: one that is deleted)")
    parser.add_argument("--one", choices=tuple(WORDS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(answer(asked.one, asked.keep)))
        return
    from generate import generate

    ways = asked.only.split(",")
    if unknown := set(ways) - set(WORDS):
        parser.error(f"--only does not know {', '.join(sorted(unknown))}")
    if unknown := set(asked.sizes.split(",")) - set(SIZES):
        parser.error(f"--sizes does not know {', '.join(sorted(unknown))}")
    print(f"{machine()}. Processor seconds of the whole process, start included; a busy machine does not count towards them.\n")
    print("| size | way | seconds | peak MiB | objective |\n| --- | --- | ---: | ---: | ---: |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for size in asked.sizes.split(","):
            place = (asked.keep or Path(folder)) / size
            generate(place, SIZES[size], asked.seed)
            table(size, place, ways, asked.limit)


if __name__ == "__main__":
    main()
