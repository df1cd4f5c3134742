"""Robust plans against brute force over what is committed now; samples against their own definition."""

from __future__ import annotations

import copy
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import TWO_BY_TWO, write
from fundalloc.errors import ScenarioError, UsageError
from fundalloc.model.compile import compile_program
from fundalloc.money import NotANumber, Spread, parse_spread
from fundalloc.scenario.loading import load
from fundalloc.scenario.uncertain import find_spreads
from fundalloc.solvers import solve_program
from fundalloc.studies.robust import solve_robust
from fundalloc.studies.sampling import draw, latin_hypercube, sample
from fundalloc.studies.variants import Source


@pytest.fixture
def futures(tmp_path):
    """One instrument with 10 in 2026 and 4 in 2027; the North or the South turns out to need more. What is committed in 2026
    cannot know which."""
    out = []
    for name, north, south in (("north-grows", "20", "6"), ("south-grows", "6", "20")):
        case = copy.deepcopy(TWO_BY_TWO)
        case |= {"scenario": name, "years": "2026-2027", "round_to": "0.1"}
        case["instruments"] = {"a": {"name": "A", "source": "assumption", "ceiling": {"each": {"2026": "10", "2027": "4"}}}}
        case["eligibility"] = [{"instrument": "a", "area": "returns"}]
        case["needs"] = [
            {"partnership": "north", "area": "returns", "need": north, "priority": "1"},
            {"partnership": "south", "area": "returns", "need": south, "priority": "1"},
        ]
        out.append(Source(str(write(tmp_path, case, f"{name}.yaml"))))
    return out


def impact(need: float, money: float) -> float:
    return min(money, need / 2) + 0.6 * min(max(money - need / 2, 0), 0.3 * need) + 0.3 * min(max(money - 0.8 * need, 0), 0.2 * need)


def best_after(north: float, needs: tuple[float, float]) -> float:
    """Brute force: `north` of 10 is committed to the North in 2026; 4 more follow in 2027 with the need known."""
    later = np.linspace(0, 4, 401)
    return max(impact(needs[0], north + x) + impact(needs[1], 10 - north + 4 - x) for x in later)


def test_three_criteria_agree_with_brute_force(futures):
    found = solve_robust(futures, 2026, [3, 1])
    needs = [(20.0, 6.0), (6.0, 20.0)]
    grid = np.linspace(0, 10, 201)
    scores = np.array([[best_after(x, n) for n in needs] for x in grid])
    best = scores.max(axis=0)
    expected, worst, regret = found.strategies[:3]
    assert found.best == pytest.approx(tuple(best), abs=0.02)
    assert found.expected(expected) == pytest.approx((scores @ [0.75, 0.25]).max(), abs=0.02)
    assert min(worst.scores) == pytest.approx(scores.min(axis=1).max(), abs=0.02)
    assert max(found.regret(regret)) == pytest.approx((best - scores).max(axis=1).min(), abs=0.02)
    for strategy in found.strategies[:3]:  # the scores are what the committed amounts allow
        committed = strategy.now.get(("a", "north", "returns", "2026"), 0.0)
        assert strategy.scores == pytest.approx([best_after(committed, n) for n in needs], abs=0.05)


def test_what_is_committed_is_the_same_in_every_future(futures):
    found = solve_robust(futures, 2026)
    for strategy in found.strategies[:3]:
        for scenario, amounts in zip(found.scenarios, strategy.amounts, strict=True):
            now = {ids: a for ids, a in zip(scenario.lines.ids, amounts, strict=True) if ids[3] == "2026" and a > 1e-9}
            assert now == pytest.approx(strategy.now)
    assert found.later(found.strategies[0], 0, "partnership") != found.later(found.strategies[0], 1, "partnership")


def test_nothing_in_common_means_no_regret_and_everything_means_one_plan(futures):
    alike = solve_robust([futures[0], Source(futures[0].path)], 2027)
    assert alike.value_of_knowing == pytest.approx(0.0, abs=1e-6)
    assert all(max(alike.regret(s)) < 1e-5 for s in alike.strategies)
    assert solve_robust(futures, 2027).value_of_knowing > solve_robust(futures, 2026).value_of_knowing > 0


def test_bets_that_no_plan_can_follow_are_said(futures):
    """In one future the South must get 9 in total by a rule: who bets on the North cannot follow."""
    rule = "{kind: amount, says: s, source: x, money: {partnership: south}, at_least: 12}"
    found = solve_robust([Source(futures[0].path), Source(futures[1].path, (f"rules.must={rule}",))], 2026)
    bet = next(s for s in found.strategies if s.name == "north-grows")
    assert np.isnan(bet.scores[1])
    assert all(not np.isnan(s.scores[1]) for s in found.strategies[:3])


@pytest.mark.parametrize(
    ("until", "weights", "message"), [(2030, [], "share the years 2026-2027"), (2026, [1], "1 weights for 2 scenarios")]
)
def test_calls_that_make_no_sense(futures, until, weights, message):
    with pytest.raises(UsageError, match=message):
        solve_robust(futures, until, weights)


# --- ranges ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spread"),
    [
        ("80..120", Spread(Fraction(80), Fraction(100), Fraction(120))),
        ("80 .. 95 .. 120", Spread(Fraction(80), Fraction(95), Fraction(120), peaked=True)),
        ("5..15 %", Spread(Fraction(5, 100), Fraction(1, 10), Fraction(15, 100), percent=True)),
        ("0.5..1", Spread(Fraction(1, 2), Fraction(3, 4), Fraction(1))),
        ("80", None),
    ],
)
def test_ranges_are_read_exactly(text, spread):
    assert parse_spread(text) == spread


@pytest.mark.parametrize(
    ("text", "message"),
    [("120..80", "does not rise"), ("1..2..3..4", "is not a range"), ("80..", "not a number"), ("5..5", "does not rise")],
)
def test_wrong_ranges_are_refused(text, message):
    with pytest.raises(NotANumber, match=message):
        parse_spread(text)


@pytest.fixture
def uncertain(tmp_path):
    case = copy.deepcopy(TWO_BY_TWO)
    case["needs"][0]["need"] = "6..8..14"
    case["instruments"]["a"]["ceiling"] = "9..11"
    return write(tmp_path, case)


def test_other_commands_take_the_most_likely_value_or_the_middle(uncertain):
    scenario = load(uncertain)
    assert solve_program(compile_program(scenario)).objective == pytest.approx(19.72)  # as in cases.py
    assert [(u.key, str(u.spread)) for u in find_spreads(scenario.tree, scenario.tables)] == [
        ("instruments.a.ceiling", "9..11"),
        ("needs.north.returns.need", "6..8..14"),
    ]


def test_inherited_changes_move_both_ends(uncertain, tmp_path):
    child = write(
        tmp_path, {"extends": uncertain.name, "scenario": "child", "instruments": {"a": {"ceiling": "inherited + 10 %"}}}, "child.yaml"
    )
    scenario = load(child)
    assert str(find_spreads(scenario.tree, scenario.tables)[0].spread) == "9.9..12.1"


def test_ranges_stand_only_where_they_can_be_sampled(tmp_path):
    case = copy.deepcopy(TWO_BY_TWO)
    case["round_to"] = "0.1..0.3"
    with pytest.raises(ScenarioError, match="a range cannot stand here"):
        load(write(tmp_path, case))


# --- samples -----------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(1, 5), st.integers(0, 1000))
def test_every_slice_is_hit_once(samples, figures, seed):
    drawn = latin_hypercube(samples, figures, seed)
    assert np.array_equal(np.sort(np.floor(drawn * samples), axis=0), np.tile(np.arange(samples)[:, None], figures))


def test_draws_follow_their_distribution():
    at = (np.arange(10_000) + 0.5) / 10_000
    flat, peaked = parse_spread("80..120"), parse_spread("80..90..120")
    assert np.mean(draw(flat, at)) == pytest.approx(100, abs=1e-6)
    values = draw(peaked, at)
    assert np.mean(values) == pytest.approx((80 + 90 + 120) / 3, abs=1e-3)
    assert np.mean(values < 90) == pytest.approx((90 - 80) / (120 - 80), abs=1e-3)
    assert np.all(np.diff(values) > 0)
    assert (values[0] > 80, values[-1] < 120) == (True, True)


def test_each_sample_is_the_scenario_with_these_figures(uncertain):
    found = sample(Source(str(uncertain)), 12, 7, ("partnership",), jobs=1)
    keys = [u.key for u in found.uncertain]
    assert found.failed == 0
    for row, one in zip(found.values, found.samples, strict=True):
        fresh = load(uncertain, settings=[f"{k}={v:.6f}" for k, v in zip(keys, row, strict=True)])
        assert one.score == pytest.approx(solve_program(compile_program(fresh)).objective, abs=1e-4)
        assert sum(one.totals.values()) == pytest.approx(
            float(found.scenario.facts.step) * int(fresh.facts.ceilings.usable_total.sum()), abs=1e-6
        )


def test_who_keeps_what_the_plan_gives(uncertain):
    found = sample(Source(str(uncertain)), 20, 7, ("instrument", "partnership"), jobs=1)
    swings = {swing.partnership: swing for swing in found.swings()}
    for name, swing in swings.items():  # added up and ordered by hand
        money = sorted(sum(amount for ids, amount in one.totals.items() if ids[1] == name) for one in found.samples)
        at = 0.05 * (len(money) - 1)
        assert swing.least == pytest.approx(money[0] + at * (money[1] - money[0]))
        assert swing.most == pytest.approx(money[-1] - at * (money[-1] - money[-2]))
        assert swing.steady is (0.9 * swing.written <= swing.least + 1e-6 and swing.most <= 1.1 * swing.written + 1e-6)
    assert {name: swing.steady for name, swing in swings.items()}["north"] is False  # its need lies between 6 and 14
    assert sample(Source(str(uncertain)), 3, 7, ("area",), jobs=1).swings() == []


def test_the_same_seed_gives_the_same_samples_on_any_number_of_processes(uncertain):
    one = sample(Source(str(uncertain)), 8, 7, jobs=1)
    two = sample(Source(str(uncertain)), 8, 7, jobs=2)
    other = sample(Source(str(uncertain)), 8, 8, jobs=1)
    assert np.array_equal(one.values, two.values)
    assert [s.score for s in one.samples] == pytest.approx([s.score for s in two.samples], abs=1e-9)
    assert not np.array_equal(one.values, other.values)


def test_rules_at_risk_and_samples_without_a_plan(tmp_path):
    """The North must get between 4 and 16 of A's 10: above 10 there is no plan, and the plan as written gives it 10."""
    case = copy.deepcopy(TWO_BY_TWO)
    case["rules"] = {
        "pledge": {"kind": "amount", "says": "North's pledge", "source": "x", "money": {"partnership": "north"}, "at_least": "4..16"}
    }
    found = sample(Source(str(write(tmp_path, case))), 12, 1, jobs=1)
    assert found.failed == 6  # a Latin hypercube hits each of the 12 slices of width 1 once
    assert "pledge" in found.conflicts
    _, missed, broken, _ = next(r for r in found.at_risk() if r[0][0] == "pledge")
    assert (missed, broken) == (0.0, 0.5)
    assert found.influence()[0] == ("rules.pledge.at_least", pytest.approx(-1.0))


def test_a_scenario_without_ranges_says_how_to_write_them(tmp_path):
    with pytest.raises(UsageError, match=r"80\.\.120"):
        sample(Source(str(write(tmp_path, TWO_BY_TWO))), 5, 1)


def test_ranges_are_kept_in_the_fingerprint(uncertain, tmp_path):
    other = json.loads(uncertain.read_text("utf-8"))
    other["instruments"]["a"]["ceiling"] = "8..12"
    assert load(uncertain).digest != load(write(tmp_path, other, "other.yaml")).digest
