"""The frontier and the alternatives agree with brute force on small cases."""

from __future__ import annotations

import copy
import json
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.errors import UsageError
from fundalloc.model.compile import compile_program
from fundalloc.optimise.stage_programs import hold, stage_program
from fundalloc.run import solve
from fundalloc.solvers import solve_program
from fundalloc.studies.alternatives import find_alternatives
from fundalloc.studies.frontier import find_frontier, objective_for
from fundalloc.studies.variants import Source
from fundalloc.studies.warm_plans import finish

FINE = Source(str(TINY), ("round_to=0.000001",))
"""The tiny case in steps of one euro, so that rounding hides nothing."""


def best_score_at(scenario, coverage: float) -> float:
    """Brute force: the best score of all plans whose lowest coverage of a partnership is at least this."""
    program = compile_program(scenario)
    staged = stage_program(program, "lowest_coverage", ("partnership",), scenario.lines, None)
    lower = staged.lower.copy()
    lower[-1] = coverage
    cost = np.concatenate([program.cost, np.zeros(staged.shape[1] - program.shape[1])])
    solution = solve_program(type(staged)(**{**vars(staged), "cost": cost, "lower": lower}))
    return solution.objective


@pytest.fixture(scope="module")
def tiny_frontier():
    return find_frontier(FINE, ("impact", "lowest_coverage"))


def test_frontier_agrees_with_brute_force(tiny_frontier):
    """On a fine grid of coverages, the best score is the straight line between the corners, to the last digit."""
    corners = tiny_frontier.corners
    assert tiny_frontier.complete
    seconds, firsts = [c.second for c in corners], [c.first for c in corners]
    for coverage in np.linspace(seconds[0], seconds[-1], 60):
        exact = best_score_at(tiny_frontier.scenario, coverage)
        assert np.interp(coverage, seconds, firsts) == pytest.approx(exact, rel=1e-7)


def test_frontier_has_no_corner_too_many(tiny_frontier):
    rates = [c.rate for c in tiny_frontier.corners[:-1]]
    assert all(b > a * (1 + 1e-6) for a, b in pairwise(rates))
    assert np.isnan(tiny_frontier.corners[-1].rate)


def test_the_bend_is_the_corner_farthest_from_the_line_between_the_ends(tiny_frontier):
    corners = tiny_frontier.corners
    first, last = corners[0], corners[-1]
    heights = [
        (c.first - last.first) / (first.first - last.first) + (c.second - first.second) / (last.second - first.second) for c in corners
    ]
    assert corners[int(np.argmax(heights))] is tiny_frontier.bend


@pytest.mark.parametrize("corner", [0, 2, 4, 6])
def test_every_corner_can_be_run(tiny_frontier, corner):
    wanted = tiny_frontier.corners[corner]
    objective = json.dumps(objective_for(tiny_frontier, wanted))
    scenario = Source(FINE.path, (*FINE.settings, f"objective={objective}")).load()
    plan = solve(scenario)
    lowest = float(plan.coverage_by("partnership")["coverage"].min())
    assert lowest == pytest.approx(wanted.second, abs=1e-4)
    assert plan.score == pytest.approx(wanted.first, rel=1e-5)


def test_few_points_state_the_gap(tiny_frontier):
    """With three corners, the frontier found by all corners lies within the stated gap above the lines."""
    few = find_frontier(FINE, ("impact", "lowest_coverage"), most=3)
    assert not few.complete
    span = tiny_frontier.corners[0].first - tiny_frontier.corners[-1].first
    above = [c.first - np.interp(c.second, [p.second for p in few.corners], [p.first for p in few.corners]) for c in tiny_frontier.corners]
    assert 0 < max(above) / span <= few.gap + 1e-9


def test_objectives_that_do_not_compete_give_one_plan():
    found = find_frontier(Source(str(TINY)), ("lowest_coverage", "unallocated"))
    assert len(found.corners) == 1


@pytest.mark.parametrize(
    ("goals", "message"),
    [
        (("impact", "impct"), "did you mean 'impact'"),
        (("impact", "impact"), "two different"),
        (("impact", "change"), "name one with --baseline"),
    ],
)
def test_wrong_objectives_are_refused(goals, message):
    with pytest.raises(UsageError, match=message):
        find_frontier(Source(str(TINY)), goals)


# --- alternatives ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny_alternatives():
    return find_alternatives(Source(str(TINY)), Fraction(1, 100), 5)


def test_ranges_agree_with_brute_force(tiny_alternatives):
    """Each end of each range is solved afresh, from nothing."""
    scenario = tiny_alternatives.scenario
    program, lines = compile_program(scenario), scenario.lines
    best = solve_program(program).objective
    held = hold(program, program.cost, best, 0.01)
    for found in tiny_alternatives.ranges:
        inside = np.array([(i, p) == found.ids for i, p, _, _ in lines.ids], dtype=float)
        for sign, end in ((-1.0, found.low), (1.0, found.high)):
            cost = np.zeros(held.shape[1])
            cost[: len(lines)] = sign * inside
            fresh = solve_program(type(held)(**{**vars(held), "cost": cost}))
            assert end == pytest.approx(sign * fresh.objective, abs=1e-6), found.ids


def test_ranges_are_the_same_on_several_processes(monkeypatch):
    monkeypatch.setattr("fundalloc.studies.ranges.ALONE", 0)
    one = find_alternatives(Source(str(TINY)), Fraction(1, 100), 1, ("partnership",), jobs=1)
    two = find_alternatives(Source(str(TINY)), Fraction(1, 100), 1, ("partnership",), jobs=2)
    assert [(r.ids, pytest.approx(r.low, abs=1e-6), pytest.approx(r.high, abs=1e-6)) for r in one.ranges] == [
        (r.ids, r.low, r.high) for r in two.ranges
    ]


def test_every_plan_is_lawful_and_loses_no_more_than_allowed(tiny_alternatives):
    best = tiny_alternatives.best.score
    for plan in tiny_alternatives.plans:
        assert plan.score >= best * 0.99 - 1e-6
        finished = finish(tiny_alternatives.scenario, tiny_alternatives.program, plan.values)  # verifies every rule
        assert finished.score >= best * 0.985


def test_plans_are_different_and_named_by_what_distinguishes_them(tiny_alternatives):
    plans = tiny_alternatives.plans
    assert len(plans) == 6
    assert len({p.name for p in plans}) == 6
    even = next(p for p in plans if p.name == "most even")
    fewest = next(p for p in plans if p.name == "fewest instruments")
    assert even.traits["most even"] == max(p.traits["most even"] for p in plans)
    assert fewest.traits["fewest instruments"] == max(p.traits["fewest instruments"] for p in plans)
    for a, b in pairwise(plans):
        assert np.abs(a.amounts - b.amounts).sum() > 1.0


def test_the_same_in_all_is_a_range_of_nothing(tiny_alternatives):
    given = next(r for r in tiny_alternatives.ranges if r.ids == ("member-states", "egypt"))
    assert (given.low, given.high, given.same) == (pytest.approx(1.5), pytest.approx(1.5), True)
    for r in tiny_alternatives.ranges:
        assert r.low - 1e-6 <= min(r.shown) <= max(r.shown) <= r.high + 1e-6


def test_a_tied_plan_has_alternatives_at_no_loss(tmp_path):
    """Two instruments of the same worth for the same need: either may pay, so no amount is certain, though the score is."""
    case = copy.deepcopy(TWO_BY_TWO)
    case["instruments"]["b"] = {"name": "B", "source": "assumption", "ceiling": "10"}
    case["eligibility"][1] = {"instrument": "b", "area": "returns"}
    case["needs"] = [{"partnership": "north", "area": "returns", "need": "10"}]
    found = find_alternatives(Source(str(write(tmp_path, case))), Fraction(0), 3, ("instrument",))
    assert [(r.ids[0], round(r.low, 4), round(r.high, 4)) for r in found.ranges] == [("a", 0.0, 10.0), ("b", 0.0, 10.0)]
    assert found.same == 0


def test_closest_to_the_baseline_is_named(tmp_path):
    (tmp_path / "now.csv").write_text("instrument,partnership,area,year,amount\na,north,returns,2026,9\n", "utf-8")
    source = Source(str(write(tmp_path, TWO_BY_TWO, "two.yaml")), baseline=str(tmp_path / "now.csv"))
    found = find_alternatives(source, Fraction(1, 10), 4)
    closest = next(p for p in found.plans if p.name == "closest to the baseline")
    assert closest.traits["closest to the baseline"] == max(p.traits["closest to the baseline"] for p in found.plans)


def test_an_unknown_dimension_is_refused():
    with pytest.raises(UsageError, match="--by route"):
        find_alternatives(Source(str(TINY)), Fraction(1, 100), 2, ("route",))
