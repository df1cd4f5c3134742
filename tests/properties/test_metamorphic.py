"""Changes of a scenario whose effect on the plan is known: none, a factor, or one direction."""

from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from richer import amounts, largest_difference, solved

from cases import cases

SLACK = 1e-6
"""Relative and absolute difference of two optimal scores that is the solver's."""


def lower_or_equal(one: float, other: float) -> bool:
    return one <= other + SLACK * max(1.0, abs(other))


def times(figure: str, factor: int | Fraction) -> str:
    return f"{float(Fraction(figure) * factor):.6f}".rstrip("0").rstrip(".")


def plain(
    partnerships: list[str],
    ceilings: dict[str, str],
    areas: list[str],
    needs: list[tuple[str, str, str, str]],
    rules: dict[str, dict[str, Any]],
    round_to: str = "0.1",
    years: str = "2025",
    eligible: list[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """Return a case without reserves, absorption or effectiveness; needs are partnership, area, need, priority."""
    return {
        "fundalloc": "1",
        "scenario": "plain",
        "title": "Found by hypothesis",
        "as_of": "2020-01-01",
        "years": years,
        "round_to": round_to,
        "areas": {a: {"name": a} for a in areas},
        "instruments": {i: {"name": i, "source": "assumption", "ceiling": {"each": c}} for i, c in ceilings.items()},
        "partnerships": [{"id": p, "name": p, "level": "bilateral"} for p in partnerships],
        "eligibility": [{"instrument": i, "area": a} for i, a in eligible or [(i, a) for i in ceilings for a in areas]],
        "needs": [dict(zip(("partnership", "area", "need", "priority"), need, strict=True)) for need in needs],
        "rules": {name: {"says": name, "source": "assumption", **rule} for name, rule in rules.items()},
    }


FAIR = {"kind": "balance", "for_each": "partnership", "at_least": "50 %", "soft": "1"}
HALF_STEPS = plain(
    ["p0", "p1", "p2", "p3"],
    {"i0": "6.9"},
    ["a0", "a1", "a2"],
    [(f"p{k // 3}", f"a{k % 3}", need, "1") for k, need in enumerate(["0.1"] * 10 + ["0.3", "5.8"])],
    {"area-share": {"kind": "share", "money": {"area": "a0"}, "at_least": "10 %", "of": {}, "soft": "2"}},
    years="2025-2026",
)
ROUNDING_TIES = plain(
    ["p0", "p1", "p2"],
    {"i0": "9", "i1": "3"},
    ["a0", "a1", "a2"],
    [(p, a, "21.1" if (p, a) == ("p1", "a1") else "0.1", "1") for p in ("p0", "p1", "p2") for a in ("a0", "a1", "a2")],
    {
        "area-share": {"kind": "share", "money": {"area": "a0"}, "at_least": "70 %", "of": {}, "soft": "2"},
        "cap": {"kind": "amount", "for_each": "partnership", "at_most": "17.1"},
        "fair": FAIR,
    },
    round_to="1",
    years="2025-2027",
    eligible=[("i0", "a0"), ("i0", "a1"), ("i1", "a0")],
)
CROOKED = plain(
    ["p0", "p1", "p2", "p3", "p4"],
    {"i0": "8.7", "i1": "0.7"},
    ["a0"],
    [
        ("p0", "a0", "0.1", "1"),
        ("p1", "a0", "0.1", "0.7"),
        ("p2", "a0", "7.5", "1"),
        ("p3", "a0", "4.7", "0.7"),
        ("p4", "a0", "4.9", "1.3"),
    ],
    {
        "cap": {"kind": "amount", "for_each": "partnership", "at_most": "3.8"},
        "concentration": {"kind": "share", "for_each": "partnership", "at_most": "41 %", "of": {"partnership": "all"}},
        "fair": FAIR,
    },
)


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
@settings(max_examples=100, deadline=None)
def test_order_changes_nothing(case, data):
    assert largest_difference(amounts(solved(case)), amounts(solved(shuffled(data, case)))) == 0


def test_order_changes_nothing_where_rounding_has_ties():
    north, middle, south = ROUNDING_TIES["partnerships"]
    swapped = {**ROUNDING_TIES, "partnerships": [north, south, middle]}
    assert largest_difference(amounts(solved(ROUNDING_TIES)), amounts(solved(swapped))) == 0


def test_order_changes_nothing_where_switches_have_ties():
    # Two partnerships in every way alike, and money for one of them.
    case = plain(
        ["p0", "p1"],
        {"i0": "10"},
        ["a0"],
        [("p0", "a0", "8", "1"), ("p1", "a0", "8", "1")],
        {"one": {"kind": "count", "counting": "partnership", "at_most": "1"}},
    )
    swapped = {**case, "partnerships": case["partnerships"][::-1], "needs": case["needs"][::-1]}
    assert largest_difference(amounts(solved(case)), amounts(solved(swapped))) == 0


HALF_PIECES = plain(
    ["p0", "p1", "p2"],
    {"i0": "1.0"},
    ["a0", "a1"],
    [(f"p{k // 2}", f"a{k % 2}", need, "1") for k, need in enumerate(["0.1"] * 4 + ["1.2", "2.2"])],
    {},
    years="2025-2027",
)
HALF_PIECES["instruments"]["i0"]["ceiling"]["total"] = "2.8"
"""A tenth of what lines have in proportion is half a step: where farther money begins to cost more."""


@given(case=cases())
@example(case=HALF_STEPS)
@example(case=HALF_PIECES)
@settings(max_examples=100, deadline=None)
def test_a_thousand_times_the_money_is_a_thousand_times_the_plan(case):
    # In steps, which are a thousand times as large, the plan is the same.
    small, large = solved(case), solved(in_thousands(case))
    assert largest_difference(amounts(small), amounts(large)) == 0
    assert large.log.program_score == pytest.approx(1000 * small.log.program_score, rel=SLACK, abs=1000 * SLACK)


HALVES = plain(
    ["p0", "p1", "p2"],
    {"i0": "2.9", "i1": "9.6", "i2": "39.3"},
    ["a0"],
    [("p0", "a0", "29.2", "1"), ("p1", "a0", "9.9", "1"), ("p2", "a0", "11.9", "1")],
    {},
)
HALVES["years"] = "2025-2026"
HALVES["instruments"]["i0"]["ceiling"]["total"] = "5.7"
HALVES["partnerships"][2]["absorption"] = "4.4"
HALVES["eligibility"] = [{"instrument": f"i{k}", "area": "a0", "effectiveness": e} for k, e in enumerate(("0.5", "1", "0.5"))]
"""Two amounts of one instrument end at half a step: which of them goes up is a tie of score and of distance."""


@given(case=cases())
@example(case=HALVES)
@settings(max_examples=100, deadline=None)
def test_a_limit_far_away_changes_nothing(case):
    far = {"says": "far", "source": "assumption", "kind": "amount"}
    rules = {
        "far-up": {**far, "for_each": ["partnership", "area"], "at_most": "99999"},
        "far-down": {**far, "for_each": "instrument", "at_least": "0"},
        "far-share": {**far, "kind": "share", "for_each": "area", "at_most": "100 %", "of": {"area": "all"}},
    }
    assert largest_difference(amounts(solved(case)), amounts(solved({**case, "rules": {**case["rules"], **rules}}))) == 0


@given(case=cases(), data=st.data())
@settings(max_examples=100, deadline=None)
def test_more_ceiling_never_lowers_the_score(case, data):
    richer = deepcopy(case)
    instrument = data.draw(st.sampled_from(sorted(case["instruments"])))
    ceiling = richer["instruments"][instrument]["ceiling"]
    key = data.draw(st.sampled_from(sorted(ceiling)))
    ceiling[key] = times(ceiling[key], Fraction(data.draw(st.integers(100, 300)), 100))
    assert lower_or_equal(solved(case).log.program_score, solved(richer).log.program_score)


HARD = ("cap", "concentration", "growth")


@given(case=cases().filter(lambda case: any(rule in case["rules"] for rule in HARD)), data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_tighter_hard_rule_never_raises_the_score(case, data):
    tighter = deepcopy(case)
    rule = tighter["rules"][data.draw(st.sampled_from([rule for rule in HARD if rule in case["rules"]]))]
    number, percent, _ = rule["at_most"].partition(" %")
    rule["at_most"] = times(number, Fraction(data.draw(st.integers(10, 99)), 100)) + percent
    assert lower_or_equal(solved(tighter).log.program_score, solved(case).log.program_score)


SOFT = ("area-share", "fair", "steady")


@given(case=cases().filter(lambda case: any(rule in case["rules"] for rule in SOFT)), data=st.data())
@settings(max_examples=100, deadline=None)
def test_dropping_a_soft_rule_never_lowers_the_score(case, data):
    dropped = data.draw(st.sampled_from([rule for rule in SOFT if rule in case["rules"]]))
    without = {**case, "rules": {name: rule for name, rule in case["rules"].items() if name != dropped}}
    assert lower_or_equal(solved(case).log.program_score, solved(without).log.program_score)


@given(case=cases())
@settings(max_examples=100, deadline=None)
def test_every_solver_gives_the_same_amounts(case):
    simplex = solved(case, method="simplex")
    for other in (solved(case, method="ipm"), solved(case, solver="cbc")):
        assert other.log.program_score == pytest.approx(simplex.log.program_score, rel=SLACK, abs=SLACK)
        assert largest_difference(amounts(simplex), amounts(other)) == 0


def test_cbc_gives_the_same_amounts_where_its_score_is_a_hair_too_high():
    simplex, cbc = solved(CROOKED, method="simplex"), solved(CROOKED, solver="cbc")
    assert largest_difference(amounts(simplex), amounts(cbc)) == 0
