"""A computer with too little memory: one message that says what was too large, exit code 5, and nothing written."""

from __future__ import annotations

import subprocess
import sys
import weakref

import numpy as np
import pytest
from click.testing import CliRunner

from cases import TINY
from fundalloc.cli import cli, failures
from fundalloc.export.workbook import writer
from fundalloc.optimise import stages
from fundalloc.scenario import loading
from fundalloc.scenario.loading import load

LACK = """
import resource
import numpy as np
from fundalloc.model.linear_program import LinearProgram, Matrix
from fundalloc.solvers import highs
n, rng = 30_000, np.random.default_rng(1)
columns = (np.arange(n)[:, None] + 7 * np.arange(20)).ravel() % n
matrix = Matrix(np.arange(0, 20 * n + 1, 20), columns, rng.random(20 * n))
program = LinearProgram(rng.random(n), np.zeros(n), np.ones(n), np.full(n, -np.inf), np.full(n, 5.0), matrix)
held = highs.load(program)
highs.run(highs.quiet())  # the thread is known to start
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, ((used + ROOM) * 1024,) * 2)
try:
    highs.run(held)
except MemoryError as error:
    print("too small:", error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit of a process is set as on Linux")
@pytest.mark.parametrize("room", [1_000, 12_000])
def test_a_solver_without_memory_says_so_and_does_not_crash(room):
    """1 MB: no thread starts. 12 MB: HiGHS stops itself, and has lost the program; solving on would end the process."""
    ran = subprocess.run([sys.executable, "-c", LACK.replace("ROOM", str(room))], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout.startswith("too small:")) == (0, True), ran.stderr


def none_left(*_: object, **__: object) -> None:
    np.empty(2**58)


@pytest.mark.parametrize(
    ("where", "name", "said"),
    [
        (loading, "_load", "reading tiny.yaml"),
        (stages, "compile_program", "a program of 42 lines"),
        (stages, "optimise", "a program of 42 lines and ROWS rows"),
        (writer, "_Writer", "a workbook of 42 lines, which --csv writes in less"),
    ],
)
def test_what_was_too_large_is_named(where, name, said, monkeypatch, tmp_path):
    rows = stages.compile_program(load(TINY)).shape[0]
    monkeypatch.setattr(where, name, none_left)
    ran = CliRunner().invoke(cli, ["run", str(TINY), "-o", str(tmp_path / "plan.xlsx"), "--fresh"])
    assert ran.exit_code == 5
    assert ran.stderr.count("The memory is too small") == 1
    assert f"too small for {said.replace('ROWS', str(rows))}: no room for 2.00 EiB" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_failed_is_let_go_before_it_is_told(monkeypatch):
    """The message and its JSON need memory themselves."""
    held, alive = [], []

    class Tables:
        pass

    def fail(*_: object, **__: object) -> None:
        large = Tables()
        held.append(weakref.ref(large))
        none_left()

    told = failures.report
    monkeypatch.setattr(failures, "report", lambda error: alive.append(held[0]()) or told(error))
    monkeypatch.setattr(stages, "compile_program", fail)
    assert CliRunner().invoke(cli, ["run", str(TINY), "-n", "--fresh"]).exit_code == 5
    assert alive == [None]
