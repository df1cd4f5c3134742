from math import inf

import pytest
from paper import AT_MOST, exact, limits, lines_like, measured, terms

from cases import TWO_BY_TWO, write
from fundalloc.rules import built_in_rules
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def ceiling():
    return next(rule for rule in built_in_rules() if rule.kind == "ceiling")


def test_rows_after_the_reserve_cut_to_whole_steps(tiny):
    rows = terms(ceiling(), tiny.lines)
    assert limits(ceiling(), tiny.lines) == {
        ("ndici|2025", AT_MOST): (-inf, 28.5),  # 95 % of 30
        ("ndici|2026", AT_MOST): (-inf, 28.5),
        ("ndici|total", AT_MOST): (-inf, 52.2),  # 95 % of 55 is 52.25
        ("amif|2025", AT_MOST): (-inf, 10.0),
        ("amif|2026", AT_MOST): (-inf, 10.0),
    }
    assert rows["ndici|2025", AT_MOST] == dict.fromkeys(lines_like(tiny.lines, "ndici|*|2025"), 1.0)
    assert rows["ndici|total", AT_MOST] == dict.fromkeys(lines_like(tiny.lines, "ndici|*"), 1.0)


def test_findings_by_hand(tiny):
    found = measured(ceiling(), tiny.lines)
    assert found["ndici|2025", AT_MOST] == exact("18", "28.5", "10.5")  # 5 + 3 + 10
    assert found["ndici|total", AT_MOST] == exact("22", "52.2", "30.2")
    assert found["amif|2026", AT_MOST] == exact("2", "10", "8")


def test_a_ceiling_of_zero(variant):
    scenario = load(variant(("ceiling: {each: 10}", "ceiling: {each: {2025: 2, 2026: 0}}")))
    assert limits(ceiling(), scenario.lines)["amif|2026", AT_MOST] == (-inf, 0.0)
    assert measured(ceiling(), scenario.lines)["amif|2026", AT_MOST] == exact("2", "0", "-2")
    assert scenario.lines.upper[scenario.lines.keys.index("amif|egypt|smuggling|2026")] == 0


def test_a_total_alone_has_no_yearly_rows(variant):
    scenario = load(variant(("ceiling: {each: 10}", "ceiling: 15")))
    assert [key for key, _ in limits(ceiling(), scenario.lines) if key.startswith("amif")] == ["amif|total"]


def test_partner_money_needs_no_ceiling_but_keeps_one_that_is_given(variant):
    scenario = load(variant(("    counts: partner\n", "    counts: partner\n    ceiling: 7\n")))
    assert measured(ceiling(), scenario.lines)["member-states|total", AT_MOST] == exact("1.5", "7", "5.5")


def test_memo_money_has_no_line_and_no_row(variant):
    scenario = load(variant(("    counts: memo\n", "    counts: memo\n    ceiling: 50\n")))
    assert not [key for key, _ in limits(ceiling(), scenario.lines) if key.startswith("guarantee")]


def test_decided_money_alone_does_not_move(variant):
    scenario = load(variant(("    counts: partner\n", "    counts: partner\n    ceiling: 7\n")))
    demands = ceiling().demands(scenario.lines)
    measures = ceiling().check(scenario.lines, demands, scenario.lines.decided)
    assert dict(zip(demands.member, measures.open().up.tolist(), strict=True)) == {
        ("ndici", "2025"): True,
        ("ndici", "2026"): True,
        ("ndici", "total"): True,
        ("amif", "2025"): True,
        ("amif", "2026"): True,
        ("member-states", "total"): False,
    }


@pytest.mark.parametrize(("share", "score", "price"), [("100 %", 19.72, 1.0), ("50 %", 18.72, 0.5)])
def test_a_ceiling_whose_money_is_carried_over_has_a_price(tmp_path, share, score, price):
    # Nobody takes money in 2025: of the 2 that A has then its share is carried. One euro more of that would be North's, at 1.0.
    a, b = TWO_BY_TWO["instruments"].values()
    instruments = {"a": {**a, "ceiling": {"each": {"2025": "2", "2026": "8"}}, "carry_over": {"share": share}}, "b": b}
    partnerships = [{**p, "years": "2026"} for p in TWO_BY_TWO["partnerships"]]
    case = {**TWO_BY_TWO, "years": "2025-2026", "instruments": instruments, "partnerships": partnerships}
    plan = solve(load(write(tmp_path, case)), evidence="all")
    assert plan.score == pytest.approx(score)
    less = {plan.findings[k].member: -w.less for k, w in plan.evidence.demands.items() if plan.findings[k].rule.kind == "ceiling"}
    assert (less["a", "2025"], less["a", "2026"]) == (pytest.approx(price), pytest.approx(1.0))
