"""The data doctor: what it finds in broken scenarios, figure by figure, and that it leaves sound ones alone."""

from __future__ import annotations

from typing import Any

import pytest

from cases import SHIPPED, TINY, TWO_BY_TWO, relaxed_shipped, spaced, write
from fundalloc.insight.doctor import ERROR, WARNING
from fundalloc.insight.doctor.examine import examine, worth_knowing
from fundalloc.insight.doctor.names import ISO3, _one_letter
from fundalloc.scenario.loading import load

NORTH, SOUTH, B = {"partnership": "north"}, {"partnership": "south"}, {"instrument": "b"}


def rule(money: dict[str, Any], **figures: Any) -> dict[str, Any]:
    return {"kind": "amount", "says": "rule", "source": "assumption", "money": money, **figures}


def findings(tmp_path, changes: dict[str, Any]) -> list[tuple[str, str]]:
    remarks = examine(load(write(tmp_path, {**TWO_BY_TWO, **changes})))
    assert all(remark.place.startswith(str(tmp_path)) and remark.hint for remark in remarks)
    return [(remark.severity, spaced(remark.says)) for remark in remarks]


def partnerships(*more: dict[str, str]) -> list[dict[str, str]]:
    return [*TWO_BY_TWO["partnerships"], *more]


def test_sound_scenarios_are_left_alone():
    assert examine(load(TINY)) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_shipped_scenarios_are_sound(path):
    scenario, _ = relaxed_shipped(path)
    assert [remark for remark in examine(scenario) if remark.severity == ERROR] == []


# -- floors above ceilings ------------------------------------------------------------------------------------------------------


def test_floors_inside_an_instrument_add_up(tmp_path):
    # B has 6 for South: 4 + 3 in two years of 3 each would fit a year, not both floors
    rules = {
        "one": rule({**B, "year": "2026"}, at_least="2.5"),
        "two": rule({**B, "year": "2027"}, at_least="2"),
        "three": rule(B, at_least="1"),
    }
    instruments = {"a": TWO_BY_TWO["instruments"]["a"], "b": {**TWO_BY_TWO["instruments"]["b"], "ceiling": {"each": "3", "total": "4"}}}
    found = findings(tmp_path, {"years": "2026-2027", "instruments": instruments, "rules": rules})
    assert found == [(ERROR, "inside “B: ceiling in total”, 2 floors add up to 4.5, the limit is EUR 4.0 million: “rule” 2.5, “rule” 2.0")]


def test_one_floor_above_what_its_lines_can_carry(tmp_path):
    found = findings(tmp_path, {"rules": {"f": rule(NORTH, at_least="11")}})
    assert found == [(ERROR, "“rule” asks for 11.0; its lines can carry 10.0 at the most (rule f)")]


def test_a_soft_floor_is_only_a_warning_and_a_thousand_is_suspected(tmp_path):
    remarks = examine(load(write(tmp_path, {**TWO_BY_TWO, "rules": {"f": rule(NORTH, at_least="8000", soft="1")}})))
    assert [(r.severity, "thousands of euro" in r.hint) for r in remarks] == [(WARNING, True)]


def test_decided_money_takes_part(tmp_path):
    # 5 of A's 10 are committed for South: North's 6 cannot be
    decided = [{"instrument": "a", "partnership": "south", "area": "returns", "year": "2026", "amount": "5", "state": "committed"}]
    found = findings(tmp_path, {"decided": decided, "rules": {"f": rule({**NORTH, "instrument": "a"}, at_least="6")}})
    assert found == [
        (ERROR, "inside “A: ceiling in total”, the floor comes to 6.0 and decided money to 5.0, the limit is EUR 10.0 million: “rule” 6.0")
    ]


def test_overlapping_floors_are_not_added(tmp_path):
    # both count the same euros: 6 satisfies both
    assert findings(tmp_path, {"rules": {"f": rule(B, at_least="5"), "g": rule({**B, **SOUTH}, at_least="6")}}) == []


def test_money_that_may_move_in_counts(tmp_path):
    transfers = {"t": {"from": "a", "to": "b", "at_most": "30 %", "source": "assumption"}}
    assert findings(tmp_path, {"transfers": transfers, "rules": {"f": rule(B, at_least="9")}}) == []
    found = findings(tmp_path, {"transfers": transfers, "rules": {"f": rule(B, at_least="9.1")}})
    assert found == [(ERROR, "“rule” asks for 9.1; its lines can carry 9.0 at the most (rule f)")]


def test_absorption_limits_floors(tmp_path):
    changes = {
        "partnerships": [{**TWO_BY_TWO["partnerships"][0], "absorption": "3"}, TWO_BY_TWO["partnerships"][1]],
        "rules": {"f": rule(NORTH, at_least="4")},
    }
    assert findings(tmp_path, changes) == [(ERROR, "“rule” asks for 4.0; its lines can carry 3.0 at the most (rule f)")]


# -- rules without effect -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (rule(SOUTH, at_most="17"), "rule 'r' can never bind: at most 16.0 can flow there, the limit is 17.0"),
        (rule(SOUTH, at_most="15.9"), None),
        (rule({}, at_least="0"), "rule 'r' can never bind: decided money alone brings 0.0, it asks for 0.0"),
        (rule(NORTH, kind="share", at_most="60 %", of={}), None),
        (
            rule({}, for_each="partnership", at_least={"north": "0"}),
            "rule 'r' can never bind: decided money alone brings 0.0, it asks for 0.0",
        ),
    ],
)
def test_rules_that_can_never_bind(tmp_path, asked, says):
    assert findings(tmp_path, {"rules": {"r": asked}}) == ([(WARNING, says)] if says else [])


def test_rules_over_decided_money_alone(tmp_path):
    changes = {
        "years": "2025-2026",
        "closed": "2025",
        "decided": [{"instrument": "a", "partnership": "north", "area": "returns", "year": "2025", "amount": "1", "state": "locked"}],
        "rules": {"r": rule({"year": "2025"}, at_least="2")},
    }
    assert findings(tmp_path, changes) == [(WARNING, "rule 'r' concerns decided money alone: no plan can change it")]


def test_the_same_rule_twice(tmp_path):
    found = findings(tmp_path, {"rules": {"r": rule(SOUTH, at_most="5"), "again": {**rule(SOUTH, at_most="5"), "says": "other words"}}})
    assert found == [(WARNING, "rules 'again' and 'r' ask the same")]


# -- needs, lines, years --------------------------------------------------------------------------------------------------------


def test_needs_and_partnerships_without_lines(tmp_path):
    changes = {
        "areas": {"returns": {"name": "Returns"}, "visas": {"name": "Visas"}},
        "partnerships": partnerships({"id": "east", "name": "East", "level": "bilateral"}),
        "instruments": {**TWO_BY_TWO["instruments"], "a": {**TWO_BY_TWO["instruments"]["a"], "partners": ["north", "south"]}},
        "needs": [*TWO_BY_TWO["needs"], {"partnership": "south", "area": "visas", "need": "2.5"}],
    }
    assert findings(tmp_path, changes) == [
        (WARNING, "1 need of EUR 2.5 million in all without any eligible line: south × visas"),
        (WARNING, "nobody may fund 'east': it has no eligible line"),
    ]


def test_a_need_that_decided_money_serves_alone(tmp_path):
    # Cooperation with the North is excluded: of its need of 8, decided money meets 3, and no new money can meet the rest.
    decided = {"instrument": "a", "partnership": "north", "area": "returns", "year": "2026", "amount": "3", "state": "locked"}
    barred = {"exclude": {"e": {"partnership": "north", "reason": "suspended"}}}
    found = findings(tmp_path, {**barred, "decided": [decided]})
    assert (WARNING, "1 need of EUR 8.0 million in all without any eligible line: north × returns") in found
    found = findings(tmp_path, {**barred, "decided": [{**decided, "amount": "8"}]})
    assert not [said for _, said in found if "need" in said]


def test_an_instrument_that_may_fund_nothing(tmp_path):
    changes = {"eligibility": [{"instrument": "a", "area": "returns"}]}
    assert findings(tmp_path, changes) == [(WARNING, "'b' may fund nothing: it has no eligible line")]


def test_exceptions_without_effect(tmp_path):
    changes = {
        "exclude": {"e": {"instrument": "b", "partnership": "north", "reason": "never was"}},
        "allow": {"w": {"instrument": "a", "partnership": "north", "area": "returns", "reason": "is already"}},
    }
    assert findings(tmp_path, changes) == [
        (WARNING, "exclude 'e' bars nothing that would be eligible"),
        (WARNING, "allow 'w' opens nothing that is not eligible anyway"),
    ]


def test_missing_years(tmp_path):
    a, b = TWO_BY_TWO["instruments"]["a"], TWO_BY_TWO["instruments"]["b"]
    changes = {
        "years": "2024-2027",
        "closed": "2024",
        "instruments": {"a": {**a, "ceiling": {"each": {"2024": "1", "2026": "3"}, "total": "10"}}, "b": b},
        "partnerships": [{**TWO_BY_TWO["partnerships"][0], "absorption.2026": "2"}, TWO_BY_TWO["partnerships"][1]],
        "decided": [{"instrument": "a", "partnership": "north", "area": "returns", "year": "2026", "amount": "1", "state": "locked"}],
        "rules": {
            "r": rule({}, for_each="year", at_most={"2025": "2", "2027": "2"}),
            "s": rule({"year": "2025-2026"}, for_each="year", at_most={"2025": "2", "2026": "2"}),  # asks nothing of the others
        },
    }
    assert findings(tmp_path, changes) == [
        (WARNING, "'a' has no yearly ceiling in 2025, 2027"),
        (WARNING, "'north' has no absorption in 2024-2025, 2027"),
        (WARNING, "2024: closed, but nothing is decided"),
        (WARNING, "rule 'r' has no figure for 2024, 2026"),
    ]


def test_who_only_holds_money_for_scale_needs_no_line(tmp_path):
    loans = {"name": "Loans", "source": "assumption", "counts": "memo", "partners": ["bank"]}
    lent = {
        "instrument": "loans",
        "partnership": "bank",
        "area": "returns",
        "year": "2026",
        "amount": "5",
        "state": "given",
        "decision": "d",
    }
    changes = {
        "instruments": {**{k: {**i, "partners": ["north", "south"]} for k, i in TWO_BY_TWO["instruments"].items()}, "loans": loans},
        "partnerships": [*TWO_BY_TWO["partnerships"], {"id": "bank", "name": "Bank", "level": "global"}],
    }
    assert findings(tmp_path, {**changes, "decided": [lent]}) == []
    assert findings(tmp_path, changes) == [(WARNING, "nobody may fund 'bank': it has no eligible line")]


def test_a_total_that_the_years_never_reach(tmp_path):
    instruments = {**TWO_BY_TWO["instruments"], "a": {**TWO_BY_TWO["instruments"]["a"], "ceiling": {"each": "3", "total": "7"}}}
    changes = {"years": "2026-2027", "instruments": instruments}
    assert findings(tmp_path, changes) == [(WARNING, "the total of 'a', 7.0, can never bind: its years come to 6.0")]
    transfers = {"t": {"from": "b", "to": "a", "at_most": "30 %", "source": "assumption"}}
    assert findings(tmp_path, {**changes, "transfers": transfers}) == []  # what is transferred counts towards the total


# -- units ----------------------------------------------------------------------------------------------------------------------


def many(figures: list[str]) -> dict[str, Any]:
    names = [f"p{k}" for k in range(len(figures))]
    return {
        "partnerships": [{"id": n, "name": n, "level": "bilateral"} for n in names],
        "instruments": {"a": {**TWO_BY_TWO["instruments"]["a"], "ceiling": "100"}},
        "eligibility": [{"instrument": "a", "area": "returns"}],
        "needs": [{"partnership": n, "area": "returns", "need": f} for n, f in zip(names, figures, strict=True)],
    }


@pytest.mark.parametrize(
    ("figures", "says"),
    [
        (["8", "12", "9000", "15", "4"], "needs, returns: p2 9000: a thousand times too large? The others are about 10"),
        (["8", "0.011", "9", "15", "4"], "needs, returns: p1 0.011: a thousand times too small? The others are about 8.5"),
        (["8", "12", "150", "15", "4"], None),  # large, not a thousand times
        (["1", "30", "400", "15", "4"], None),  # figures that differ widely
        (["8", "9000", "8500"], None),  # too few to judge
        (["8", "9", "9000", "8500"], None),  # which ones are wrong?
    ],
)
def test_a_thousand_times_too_much_or_too_little(tmp_path, figures, says):
    assert findings(tmp_path, many(figures)) == ([(WARNING, says)] if says else [])


def test_whole_tables_in_another_unit(tmp_path):
    found = findings(tmp_path, many(["8000", "9000", "9000", "7000"]))
    assert found == [(WARNING, "all needs come to 33,000, all ceilings to 100: one of them a thousand times off?")]


def test_effectiveness_in_per_cent(tmp_path):
    eligibility = [{"instrument": "a", "area": "returns", "effectiveness": "80"}, TWO_BY_TWO["eligibility"][1]]
    assert findings(tmp_path, {"eligibility": eligibility}) == [(WARNING, "a × returns: effectiveness 80: EUR of need met per EUR")]


# -- names ----------------------------------------------------------------------------------------------------------------------


def test_twins(tmp_path):
    changes = {
        "partnerships": partnerships(
            {"id": "nord", "name": "  NÖRTH ", "level": "bilateral"}, {"id": "west", "name": "West", "level": "bilateral"}
        )
    }
    assert findings(tmp_path, changes) == [(WARNING, "partnerships: 'nord' and 'north' have nearly the same name (NÖRTH)")]


def test_country_codes(tmp_path):
    rows = [{**row, "iso3": code} for row, code in zip(TWO_BY_TWO["partnerships"], ("EGY", "EGP"), strict=True)]
    changes = {"partnerships": [*rows, {"id": "west", "name": "West", "level": "bilateral", "iso3": "EGY"}]}
    assert findings(tmp_path, changes) == [
        (WARNING, "'south': no country has the ISO code EGP"),
        (WARNING, "'west' and 'north' have the same ISO code EGY"),
    ]
    assert len(ISO3) == 250  # 249 of the standard, and XKX


def test_tags_that_are_one_letter_off(tmp_path):
    tags = ["status:limited", "status:limited", "status:limited", "status:limted"]
    rows = [{"id": f"p{k}", "name": f"p{k}", "level": "bilateral", "tags": tag} for k, tag in enumerate(tags)]
    changes = {**many(["1", "1", "1", "1"]), "partnerships": rows}
    assert findings(tmp_path, changes) == [(WARNING, "partnerships: 'p3' alone has the tag status:limted")]


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [
        ("limited", "limted", True),
        ("limited", "limitet", True),
        ("limited", "limmited", True),
        ("limited", "full", False),
        ("route1", "route2", False),
        ("route", "route2", False),
        ("asia", "asie", False),
        ("limited", "limited", False),
    ],
)
def test_one_letter(a, b, near):
    assert _one_letter(a, b) is near
    assert _one_letter(b, a) is near


def test_a_share_of_money_that_money_can_never_be_is_a_warning(child):
    trap = "rules: {{trap: {{kind: share, says: Trap, money: {{area: returns, instrument: amif}}, at_least: 5 %, of: {of}, source: x}}}}"
    (said,) = [r for r in examine(load(child(trap.format(of="{}")))) if "can never be" in r.says]
    assert (said.severity, said.place.split("/")[-1].split(":")[0]) == ("warning", "child.yaml")
    assert "instrument ndici" in said.says
    assert "of: {without: area}" in said.hint
    assert not [r for r in examine(load(child(trap.format(of="{without: area}")))) if "can never be" in r.says]


def test_no_rule_of_a_shipped_scenario_is_doubted():
    for path in SHIPPED:
        scenario = load(path)
        assert [doubt for rule in scenario.written_rules for doubt in rule.remarks_on(scenario.lines)] == [], path


def test_rules_that_keep_lines_from_being_added_up_are_named(tmp_path):
    # A and North, A and South, B and South: 3 tables of 2 areas x 3 years, 6 lines each, more than their 5 sums. A limit on one area
    # in one year breaks the tables of whom it names: one, or all three. Limits by year, by area and a share of a total break none.
    figures = {
        "one": rule({"partnership": "north", "area": "returns", "year": "2026"}, at_most="3"),
        "every": rule({"area": "returns", "year": "2027"}, at_most="3"),
        "by-year": {**rule({}, at_most="9"), "for_each": "year"},
        "by-area": {**rule({}, at_most="9"), "for_each": "area"},
        "share": {**rule({"area": "work"}, at_most="50 %"), "kind": "share", "for_each": "partnership", "of": {}},
    }
    both = {"areas": {"returns": {"name": "Returns"}, "work": {"name": "Work"}}, "years": "2026-2028"}
    open_ = [{"instrument": i, "area": a} for i in "ab" for a in ("returns", "work")]
    scenario = load(write(tmp_path, {**TWO_BY_TWO, **both, "eligibility": open_, "rules": figures}))
    (told,) = [text for text in worth_knowing(scenario, many=17) if "added up" in text]
    assert told.startswith("rules that keep lines from being added up: every (18 lines), one (6 lines); ")
    assert not [text for text in worth_knowing(scenario, many=18) if "added up" in text]


@pytest.mark.parametrize(("state", "said"), [("draft", 0), ("adopted", 1)])
def test_what_is_adopted_should_not_rest_on_unchecked_figures(tmp_path, state, said):
    """Two of three confidences are M: one of an instrument, one in the table of needs."""
    a, *others = TWO_BY_TWO["instruments"].items()
    needs = [{**row, "confidence": code} for row, code in zip(TWO_BY_TWO["needs"], ["M", "assumption"], strict=False)]
    case = {"state": state, "instruments": dict([(a[0], {**a[1], "confidence": "M"}), *others]), "needs": needs}
    found = [says for _, says in findings(tmp_path, case) if "confidence" in says]
    assert found == ["2 entries with confidence M in an adopted scenario: well known, but not checked"] * said
