"""One deadline for everything that a run asks a solver, and no program that is solved twice."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from cases import TINY
from fundalloc.errors import SolverFailed
from fundalloc.insight.conflict.diagnose import diagnose
from fundalloc.insight.conflict.repairs import find_repairs
from fundalloc.optimise import rounding
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, Solution, Status, deadline, highs
from fundalloc.solvers.deadline import Deadline

ROOT = Path(__file__).parents[2]
LIMIT, EACH = 25.0, 10.0


@pytest.fixture
def clock(monkeypatch):
    """A clock on which every solve takes ten seconds; returns the time that has passed."""
    passed, run = [0.0], highs.run

    def slow(solver):
        passed[0] += EACH
        run(solver)

    monkeypatch.setattr(deadline, "now", lambda: passed[0])
    monkeypatch.setattr(highs, "run", slow)
    return passed


def test_a_run_ends_with_the_solve_that_crosses_its_limit(clock):
    with pytest.raises(SolverFailed, match="Time limit reached"):
        solve(load(TINY), Options(time_limit=15.0), evidence="dearest")
    assert clock[0] <= 15.0 + EACH


@pytest.mark.parametrize("limit", [25.0, 35.0, 45.0, 65.0])
def test_what_is_known_at_the_limit_is_a_verified_plan_or_none(clock, limit):
    try:
        plan = solve(load(TINY), Options(time_limit=limit), evidence="dearest")
    except SolverFailed:
        plan = None
    assert clock[0] <= limit + EACH
    assert plan is None or all(finding.status != "breach" for finding in plan.findings)


def test_stages_that_the_limit_cuts_leave_a_plan_that_says_so(clock):
    stages = ["impact", {"lowest_coverage": {"for_each": "partnership"}}, "unallocated"]
    for limit in (5.0, 15.0, 25.0, 35.0):
        clock[0] = 0.0
        try:
            plan = solve(load(TINY, settings=[f"objective={stages}".replace("'", '"')]), Options(time_limit=limit))
        except SolverFailed:
            continue
        assert plan.log.stopped == (not plan.log.settled or plan.log.stages_left > 0)
        assert clock[0] <= limit + EACH


def test_diagnosis_and_repairs_end_at_the_deadline_of_the_run(clock):
    settings = ["rules.packages.at_least.tunisia=80"]
    options = Options(time_limit=LIMIT).begun()
    found = diagnose(load(TINY, settings=settings), options=options)
    find_repairs(load(TINY, settings=settings), lambda changes: load(TINY), found, options=options)
    assert clock[0] <= LIMIT + EACH


def test_without_a_limit_nothing_looks_at_the_clock(monkeypatch):
    monkeypatch.setattr(deadline, "now", lambda: pytest.fail("somebody asked for the time"))
    assert solve(load(TINY), evidence="dearest").status == "optimal"
    found = diagnose(load(TINY, settings=["rules.packages.at_least.tunisia=80"]))
    assert found.complete
    assert found.thinned


def test_rooms_that_decide_know_no_clock():
    for room in ("model", "solvers", "optimise", "plan", "insight"):
        for path in (ROOT / "src" / "fundalloc" / room).rglob("*.py"):
            assert path.name == "deadline.py" or "import time" not in path.read_text("utf-8").splitlines(), path


def test_in_another_process_as_much_time_is_left(monkeypatch):
    monkeypatch.setattr(deadline, "now", lambda: 100.0)
    sent = pickle.dumps(Options(time_limit=7.0, deadline=Deadline(7.0)))
    monkeypatch.setattr(deadline, "now", lambda: 5_000.0)  # another machine
    assert pickle.loads(sent).seconds == 7.0


def test_a_rounding_whose_search_ends_without_a_plan_looks_farther(monkeypatch):
    scenario = load(TINY, settings=["round_to=1", "decided=[]"])
    best, asked = rounding._best, []

    def gives_up(*args):
        asked.append(args)
        return Solution(Status.ERROR, message="Solution limit reached") if len(asked) == 1 else best(*args)

    monkeypatch.setattr(rounding, "_best", gives_up)
    plan = solve(scenario)
    assert len(asked) > 1
    assert plan.status == "optimal"


@pytest.mark.parametrize("path", [TINY, ROOT / "scenarios" / "mff-2021-2027" / "baseline.yaml"], ids=["tiny", "baseline"])
def test_no_program_is_solved_twice(path, monkeypatch):
    seen, passed = [], highs.pass_program

    def noted(solver, program):
        parts = program.cost, program.lower, program.upper, program.row_lower, program.row_upper, program.matrix.value
        whole = np.zeros(0) if program.integer is None else program.integer
        seen.append(hashlib.sha256(b"".join(np.sort(part).tobytes() for part in (*parts, whole))).hexdigest())  # in any order
        passed(solver, program)

    monkeypatch.setattr(highs, "pass_program", noted)
    assert solve(load(path), evidence="dearest").evidence.dearest
    assert len(set(seen)) == len(seen)
