"""The generator of benchmark scenarios, and that the program written by hand beside it is the one that is compiled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest

import fundalloc
from benchmarks.generate import generate
from fundalloc.model.compile import compile_program
from fundalloc.solvers import solve_program

LINES = 1_500


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("made"), LINES, 7)


def test_same_seed_same_files(made: Path, tmp_path: Path) -> None:
    again, other = generate(tmp_path / "again", LINES, 7), generate(tmp_path / "other", LINES, 8)
    assert {p.name: p.read_bytes() for p in made.parent.iterdir()} == {p.name: p.read_bytes() for p in again.parent.iterdir()}
    assert (other.parent / "needs.csv").read_bytes() != (made.parent / "needs.csv").read_bytes()


def test_loads_and_solves(made: Path) -> None:
    scenario = fundalloc.load(made)
    assert LINES / 2 < len(scenario.lines) < LINES * 2
    plan = fundalloc.solve(scenario)
    assert plan.status == "optimal"
    assert plan.certificate is not None
    assert plan.certificate.gap < 1e-3 * plan.score


def test_written_by_hand_it_is_the_same_program(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "benchmarks"))
    core = fundalloc.load(made.with_name("core.yaml"))
    program = compile_program(core)
    shape, solve = import_module("ways").arrays(import_module("meaning").read_core(core))
    assert shape == program.shape
    with ThreadPoolExecutor(1) as own:  # HiGHS keeps the number of threads of whoever solved first in a thread
        score = own.submit(solve).result()
    assert score == pytest.approx(solve_program(program).objective, rel=1e-6)
