"""Changes of a scenario whose effect on the plan is known: none, a factor, or one direction."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from richer import amounts, largest_difference, solved

from cases import cases

SLACK = 1e-6
"""Relative and absolute difference of two optimal scores that is the solver's."""


def lower_or_equal(one: float, other: float) -> bool:
    return one <= other + SLACK * max(1.0, abs(other))


def times(figure: str, factor: int | Fraction) -> str:
    return f"{float(Fraction(figure) * factor):.6f}".rstrip("0").rstrip(".")


MONEY_IN_RULES = {"cap": "at_most", "steady": "plus", "growth": "plus"}


def in_thousands(case: dict[str, Any]) -> dict[str, Any]:
    """Return the same case with every amount of money a thousand times as large."""
    case = deepcopy(case)
    case["round_to"] = times(case["round_to"], 1000)
    for instrument in case["instruments"].values():
        instrument["ceiling"] = {key: times(amount, 1000) for key, amount in instrument["ceiling"].items()}
    for partnership in case["partnerships"]:
        if "absorption" in partnership:
            partnership["absorption"] = times(partnership["absorption"], 1000)
    for need in case["needs"]:
        need["need"] = times(need["need"], 1000)
    for name, field in MONEY_IN_RULES.items():
        if name in case["rules"]:
            case["rules"][name][field] = times(case["rules"][name][field], 1000)
    return case


def shuffled(data: st.DataObject, case: dict[str, Any]) -> dict[str, Any]:
    """Return the same case with its mappings and tables in another order."""
    case = dict(case)
    for section in ("instruments", "areas", "rules"):
        case[section] = dict(data.draw(st.permutations(list(case[section].items())), label=section))
    for section in ("partnerships", "eligibility", "needs"):
        case[section] = data.draw(st.permutations(case[section]), label=section)
    return case


@given(case=cases(), data=st.data())
@settings(max_examples=120, deadline=None)
def test_order_changes_nothing(case, data):
    assert largest_difference(amounts(solved(case)), amounts(solved(shuffled(data, case)))) <= 1


@given(case=cases())
@settings(max_examples=120, deadline=None)
def test_a_thousand_times_the_money_is_a_thousand_times_the_plan(case):
    # In steps, which are a thousand times as large, the plan is the same.
    small, large = solved(case), solved(in_thousands(case))
    assert largest_difference(amounts(small), amounts(large)) <= 1
    assert large.log.program_score == pytest.approx(1000 * small.log.program_score, rel=SLACK, abs=1000 * SLACK)


@given(case=cases())
@settings(max_examples=120, deadline=None)
def test_a_limit_far_away_changes_nothing(case):
    far = {"says": "far", "source": "assumption", "kind": "amount"}
    rules = {
        "far-up": {**far, "for_each": ["partnership", "area"], "at_most": "99999"},
        "far-down": {**far, "for_each": "instrument", "at_least": "0"},
        "far-share": {**far, "kind": "share", "for_each": "area", "at_most": "100 %", "of": {"area": "all"}},
    }
    assert largest_difference(amounts(solved(case)), amounts(solved({**case, "rules": {**case["rules"], **rules}}))) <= 1


@given(case=cases(), data=st.data())
@settings(max_examples=120, deadline=None)
def test_more_ceiling_never_lowers_the_score(case, data):
    richer = deepcopy(case)
    instrument = data.draw(st.sampled_from(sorted(case["instruments"])))
    ceiling = richer["instruments"][instrument]["ceiling"]
    key = data.draw(st.sampled_from(sorted(ceiling)))
    ceiling[key] = times(ceiling[key], Fraction(data.draw(st.integers(100, 300)), 100))
    assert lower_or_equal(solved(case).log.program_score, solved(richer).log.program_score)


HARD = ("cap", "concentration", "growth")


@given(case=cases().filter(lambda case: any(rule in case["rules"] for rule in HARD)), data=st.data())
@settings(max_examples=120, deadline=None)
def test_a_tighter_hard_rule_never_raises_the_score(case, data):
    tighter = deepcopy(case)
    rule = tighter["rules"][data.draw(st.sampled_from([rule for rule in HARD if rule in case["rules"]]))]
    number, percent, _ = rule["at_most"].partition(" %")
    rule["at_most"] = times(number, Fraction(data.draw(st.integers(10, 99)), 100)) + percent
    assert lower_or_equal(solved(tighter).log.program_score, solved(case).log.program_score)


SOFT = ("area-share", "fair", "steady")


@given(case=cases().filter(lambda case: any(rule in case["rules"] for rule in SOFT)), data=st.data())
@settings(max_examples=120, deadline=None)
def test_dropping_a_soft_rule_never_lowers_the_score(case, data):
    dropped = data.draw(st.sampled_from([rule for rule in SOFT if rule in case["rules"]]))
    without = {**case, "rules": {name: rule for name, rule in case["rules"].items() if name != dropped}}
    assert lower_or_equal(solved(case).log.program_score, solved(without).log.program_score)


@given(case=cases())
@settings(max_examples=60, deadline=None)
def test_every_solver_gives_the_same_amounts(case):
    simplex = solved(case, method="simplex")
    for other in (solved(case, method="ipm"), solved(case, solver="cbc")):
        assert other.log.program_score == pytest.approx(simplex.log.program_score, rel=SLACK, abs=SLACK)
        assert largest_difference(amounts(simplex), amounts(other)) <= 1
