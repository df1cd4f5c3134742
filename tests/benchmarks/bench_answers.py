"""How long answers take: one row a command, on the shipped baseline, in seconds of the processor, start and children included.

Not part of the test run: python tests/benchmarks/bench_answers.py [ROW ...]     (all rows: ten minutes on a quiet machine)

What starts (`load`, `check`, `run`) is stated as a ratio to importing numpy, pydantic and PyYAML in the same run; the program's own
modules are compiled before, as an installation has them. Each command runs in a process of its own; the least of its runs counts.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
MFF = "scenarios/mff-2021-2027"
BASELINE, TALENT, CUT = (f"{MFF}/{name}.yaml" for name in ("baseline", "talent-partnerships", "ten-percent-cut"))
TINY = "examples/tiny/tiny.yaml"
LIBRARIES = ["-c", "import numpy, pydantic, yaml"]
COMMAND = ["-m", "fundalloc"]

STARTS = {
    "load": ("`from fundalloc import load`", ["-c", "from fundalloc import load"]),
    "check": ("`check` of tiny", [*COMMAND, "check", TINY]),
    "run": ("`run` of tiny", [*COMMAND, "run", TINY]),
}
ANSWERS = {
    "plan": ("`run` of the baseline", ["run", BASELINE], None),
    "explain": ("`explain`", ["explain", BASELINE], 3),
    "value": ("`explain --value`", ["explain", BASELINE, "--value"], 3),
    "compare": ("`compare` with talent-partnerships, attribution", ["compare", BASELINE, TALENT], 20),
    "robust": ("`robust` over three", ["robust", BASELINE, TALENT, CUT], 20),
    "alternatives": ("`alternatives`", ["alternatives", BASELINE], 10),
    "focused": ("`run` of comprehensive-or-focused", ["run", f"{MFF}/comprehensive-or-focused.yaml"], 15),
}
"""Row → words, arguments, goal in seconds."""


def seconds(arguments: list[str], runs: int = 1, folder: Path = ROOT) -> float:
    """Return the least seconds of the processor that a run of Python with these arguments takes, children included."""
    found = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True)
        if ended.returncode:
            raise SystemExit(f"{' '.join(arguments)} ended with {ended.returncode}: {ended.stderr}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def starts(wanted: list[str]) -> None:
    with tempfile.TemporaryDirectory() as compiled:
        os.environ["PYTHONPYCACHEPREFIX"] = compiled
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for arguments in (LIBRARIES, *(arguments for _, arguments in STARTS.values())):
            seconds(arguments)
        libraries = seconds(LIBRARIES, 9)
        for name in wanted:
            words, arguments = STARTS[name]
            row(words, f"{seconds(arguments, 9) / libraries:.1f} ×", "2 ×")


def batch(count: int = 20) -> None:
    """Solve variants of tiny into a folder of workbooks, twice: what is unchanged the second time is kept."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny = (ROOT / TINY).read_text("utf-8")
        for k in range(count):
            (folder / f"v{k}.yaml").write_text(tiny.replace("total: 55", f"total: {50 + k / 4}"), "utf-8")
        files = [f"v{k}.yaml" for k in range(count)]
        again = [*COMMAND, "run", *files, "-o", "books", "--ledger", "runs.sqlite", "-j", "1"]
        first, second = seconds(again, folder=folder), seconds(again, folder=folder)
        row(f"`run` of {count} variants of tiny with workbooks, all unchanged", f"{second:.1f}", f"first time {first:.1f}")


def row(words: str, found: str, goal: str) -> None:
    print(f"| {words} | {found} | {goal} |", flush=True)


def main(wanted: list[str]) -> None:
    known = [*STARTS, *ANSWERS, "batch"]
    if unknown := [name for name in wanted if name not in known]:
        raise SystemExit(f"no row {unknown[0]}: {', '.join(known)}")
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    load = f"load {os.getloadavg()[0]:.0f}"
    print(f"{model or platform.machine()}, {os.cpu_count()} cores, {load}, Python {platform.python_version()}, HiGHS {version('highspy')}")
    print("\n| answer | seconds | goal |\n| --- | ---: | ---: |", flush=True)
    starts([name for name in wanted or STARTS if name in STARTS])
    for name in [name for name in wanted or ANSWERS if name in ANSWERS]:
        words, arguments, goal = ANSWERS[name]
        row(words, f"{seconds([*COMMAND, *arguments]):.1f}", "" if goal is None else f"{goal}")
    if not wanted or "batch" in wanted:
        batch()


if __name__ == "__main__":
    main(sys.argv[1:])
