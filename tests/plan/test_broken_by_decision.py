"""Demands that decided money alone breaks: what counts as broken by decision, the same in program and ledger."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cases import TWO_BY_TWO, cases, spaced, write
from fundalloc.errors import Infeasible, NotVerified, ScenarioError
from fundalloc.facts.lines import Lines
from fundalloc.insight.conflict.diagnose import find_conflict
from fundalloc.model.compile import compile_program
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import BREACH, DECIDED, broken_by_decision, measure_rule, measure_rules, verify
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense
from fundalloc.run import solve, with_baseline
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario

NORTH, SOUTH = {"partnership": "north"}, {"partnership": "south"}


def decision(amount: str, where: str = "a|south", state: str = "committed", year: str = "2026") -> dict[str, str]:
    instrument, partnership = where.split("|")
    keys = {"instrument": instrument, "partnership": partnership, "area": "returns", "year": year}
    return {**keys, "amount": amount, "state": state}


def scenario(folder: Path, rule: dict[str, Any], *decided: dict[str, str], **changes: Any) -> Scenario:
    """The two-by-two case with one rule `r` and these decisions."""
    rules = {"r": {"kind": "amount", "says": "r", "source": "assumption", **rule}}
    return load(write(folder, {**TWO_BY_TWO, "rules": rules, "decided": list(decided), **changes}))


def statuses(plan: Plan) -> list[str]:
    return [f.status for f in plan.findings if f.rule.id == "r"]


def amounts(plan: Plan) -> dict[str, float]:
    return {key.rsplit("|", 2)[0]: amount for key, amount in zip(plan.scenario.lines.keys, plan.amounts.tolist(), strict=True)}


def blamed(found: Scenario) -> set[str]:
    with pytest.raises(Infeasible):
        solve(found)
    return {conflict.rule for conflict in find_conflict(found)}


# --- By hand ---------------------------------------------------------------------------------------------------------------


def test_decided_money_above_an_upper_limit_takes_no_new_money(tmp_path):
    # 4 of A are committed for South, where A may give 3: A gives South nothing more, its other 6 go to North, B's 6 to South.
    # South: 4 + 3 met = 6 at 2.0 and 1 at 1.2; North: 4 at 1.0 and 2 at 0.6. In all 12 + 1.2 + 4 + 1.2.
    plan = solve(scenario(tmp_path, {"money": {**SOUTH, "instrument": "a"}, "at_most": "3"}, decision("4")))
    assert amounts(plan) == {"a|north": 6.0, "a|south": 4.0, "b|south": 6.0}
    assert statuses(plan) == [DECIDED]
    assert plan.score == pytest.approx(18.4)
    assert float(plan.certificate.bound) == pytest.approx(18.4)  # the bound is that of the program that was solved
    (price,) = [p for f, p in zip(plan.findings, plan.prices, strict=True) if f.rule.id == "r"]
    assert np.isnan(price)  # one million more of the limit, 4, would still allow nothing


def test_new_money_on_top_is_a_breach(tmp_path):
    found = scenario(tmp_path, {"money": {**SOUTH, "instrument": "a"}, "at_most": "3"}, decision("4"))
    a_north, a_south, b_south = (found.lines.keys.index(f"{key}|returns|2026") for key in ("a|north", "a|south", "b|south"))
    ledger = found.lines.ledger.decided.copy()
    assert ledger[a_south] == 40
    ledger[[a_north, b_south]] = 60
    assert [f.status for f in verify(found, ledger) if f.rule.id == "r"] == [DECIDED]
    ledger[a_south] = 41
    ledger[a_north] = 59
    assert [f.status for f in measure_rules(found, ledger) if f.rule.id == "r"] == [BREACH]
    with pytest.raises(NotVerified, match=r"r: r: 4\.1000 is not at most 3\.0000"):
        verify(found, ledger)


def test_a_floor_with_an_open_line_must_be_met(tmp_path):
    # 4 are decided for North, 5 asked, and A has more: met. 11 asked: A's 10 cannot reach it, and no decision excuses that.
    rule = {"money": NORTH, "at_least": "5"}
    assert statuses(solve(scenario(tmp_path, rule, decision("4", "a|north")))) in (["ok"], ["at limit"])
    assert blamed(scenario(tmp_path, {**rule, "at_least": "11"}, decision("4", "a|north"))) >= {"r", "ceiling"}


def test_a_floor_without_an_open_line_is_broken_by_decision(tmp_path):
    plan = solve(scenario(tmp_path, {"money": NORTH, "at_least": "5"}, decision("4", "a|north", "locked")))
    assert statuses(plan) == [DECIDED]


@pytest.mark.parametrize(
    ("figure", "state", "status", "given"),
    [
        ("5", "committed", "at limit", 5.0),  # below, and open: met
        ("3", "committed", DECIDED, 4.0),  # above: no new money
        ("4", "committed", "at limit", 4.0),
        ("5", "locked", DECIDED, 4.0),  # below, and nothing open
        ("3", "locked", DECIDED, 4.0),
    ],
)
def test_exactly(tmp_path, figure, state, status, given):
    plan = solve(scenario(tmp_path, {"money": NORTH, "exactly": figure}, decision("4", "a|north", state)))
    assert statuses(plan) == [status]
    assert amounts(plan)["a|north"] == given


def test_a_share_that_other_money_can_mend_must_hold(tmp_path):
    # South may have 60 % of all money. 5 of A are committed for it: alone 100 %, but A's other 5 for North bring it to half.
    rule = {"kind": "share", "money": SOUTH, "at_most": "60 %", "of": {}}
    plan = solve(scenario(tmp_path, rule, decision("5")))
    assert statuses(plan) in (["ok"], ["at limit"])
    assert amounts(plan)["a|south"] + amounts(plan)["b|south"] <= 0.6 * sum(amounts(plan).values())
    # 40 %: A cannot give North enough, so there is no plan, and the conflict names the decision.
    assert blamed(scenario(tmp_path, {**rule, "at_most": "40 %"}, decision("5"))) >= {"r", "decided money", "ceiling"}


def test_a_share_that_no_open_line_can_mend_takes_no_new_money(tmp_path):
    # The same 40 %, and North's money is locked at 5: all that is open makes South's share larger. B's 6 stay unspent.
    rule = {"kind": "share", "money": SOUTH, "at_most": "40 %", "of": {}}
    plan = solve(scenario(tmp_path, rule, decision("5"), decision("5", "a|north", "locked")))
    assert statuses(plan) == [DECIDED]
    assert amounts(plan) == {"a|north": 5.0, "a|south": 5.0, "b|south": 0.0}


def test_a_share_of_money_that_only_grows_may_not_grow(tmp_path):
    # North is to have 40 % of all, and has 2 of 6 for good. More for South would make that worse; B's 6 stay unspent.
    rule = {"kind": "share", "money": NORTH, "at_least": "40 %", "of": {}}
    plan = solve(scenario(tmp_path, rule, decision("4", state="locked"), decision("2", "a|north", "locked")))
    assert statuses(plan) == [DECIDED]
    assert sum(amounts(plan).values()) == 6.0
    # With 4 of 8 it holds, and South may have money until it no longer would: 4 of 10.
    plan = solve(scenario(tmp_path, rule, decision("4", state="locked"), decision("4", "a|north", "locked")))
    assert statuses(plan) == ["at limit"]
    assert sum(amounts(plan).values()) == 10.0


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        ({"kind": "share", "money": SOUTH, "at_most": "60 %", "of": {}}, "money for North, in the base, is open"),
        ({"kind": "share", "money": SOUTH, "at_least": "50 %", "of": {"ceiling": {"instrument": "a"}}}, "B is open for South"),
        ({"kind": "share", "money": SOUTH, "at_least": "50 %", "of": "12"}, "B is open for South"),
        ({"kind": "balance", "for_each": "partnership", "at_most": {"south": "120 %"}}, "North's money, in the average, is open"),
    ],
)
def test_what_some_open_line_could_mend_no_decision_excuses(tmp_path, rule, who):
    # A has given 4 to South and is settled there; the ledger stands at decided money alone, which breaks the rule
    found = scenario(tmp_path, rule, decision("4", state="locked"))
    assert [f.status for f in measure_rules(found, found.lines.ledger.decided) if f.rule.id == "r"] == [BREACH], who


def test_a_member_above_the_average_alone_is_mended_by_the_others(tmp_path):
    # B is shut for South: nothing of South's own is open, and still North's money raises the average
    rule = {"kind": "balance", "for_each": "partnership", "at_most": {"south": "120 %"}}
    shut = {"b": {"instrument": "b", "reason": "assumption"}}
    found = scenario(tmp_path, rule, decision("4", state="locked"), exclude=shut)
    assert [f.status for f in measure_rules(found, found.lines.ledger.decided) if f.rule.id == "r"] == [BREACH]
    given = scenario(tmp_path, rule, decision("4", state="locked"), decision("1", "a|north", "locked"), exclude=shut)
    assert [f.status for f in measure_rules(given, given.lines.ledger.decided) if f.rule.id == "r"] == [DECIDED]


def test_a_share_of_ceilings_is_a_fixed_figure(tmp_path):
    # 20 % of A's 10 is 2, and 4 are decided.
    rule = {"kind": "share", "money": {**SOUTH, "instrument": "a"}, "at_most": "20 %", "of": {"ceiling": {"instrument": "a"}}}
    plan = solve(scenario(tmp_path, rule, decision("4")))
    assert statuses(plan) == [DECIDED]
    assert amounts(plan)["a|south"] == 4.0


def test_an_exact_share_above_its_figure_has_no_free_band_for_new_money(tmp_path):
    # A step of the amount is free where an exact share is met; not where decided money is beyond it.
    rule = {"kind": "share", "money": {**SOUTH, "instrument": "a"}, "exactly": "20 %", "of": {"ceiling": {"instrument": "a"}}}
    plan = solve(scenario(tmp_path, rule, decision("4")))
    assert (statuses(plan), amounts(plan)["a|south"]) == ([DECIDED], 4.0)


def test_few_members_active_already_are_counted_as_decided(tmp_path):
    # One of the two instruments may be active for South; both are by decision. Both may give more, none may join.
    rule = {"kind": "count", "for_each": "partnership", "counting": "instrument", "at_most": {"south": "1"}}
    plan = solve(scenario(tmp_path, rule, decision("1"), decision("1", "b|south")))
    assert statuses(plan) == [DECIDED]
    assert plan.score == pytest.approx(19.72)  # the best without any rule
    rule = {"kind": "count", "counting": "partnership", "at_least": "2"}
    assert blamed(scenario(tmp_path, rule, decision("10"))) >= {"r", "decided money"}  # North is open, and gets nothing


def test_a_minimum_size_that_no_open_line_can_reach(tmp_path):
    rule = {"kind": "minimum_size", "money": NORTH, "at_least": "3"}
    assert statuses(solve(scenario(tmp_path, rule, decision("2", "a|north", "locked")))) == [DECIDED]
    assert amounts(solve(scenario(tmp_path, rule, decision("2", "a|north"))))["a|north"] >= 3.0


def test_growth_after_a_closed_year(tmp_path):
    # 2025 is closed with 2, and 5 are committed for 2026, where 150 % of 2 may follow: no more than the 5.
    rule = {"kind": "change", "money": {"instrument": "a"}, "at_most": "150 %"}
    closed = {"years": "2025-2026", "closed": "2025"}
    plan = solve(scenario(tmp_path, rule, decision("2", year="2025"), decision("5"), **closed))
    assert statuses(plan) == [DECIDED]
    assert plan.total("instrument", "year")["a", 2026] == 5.0
    # Where 2025 is open it can be mended: 5 of 3.3 is less than 150 %, of 3.4 it holds.
    plan = solve(scenario(tmp_path, rule, decision("2", year="2025"), decision("5"), years="2025-2026"))
    assert statuses(plan) in (["ok"], ["at limit"])


def test_decisions_that_break_a_soft_or_watched_rule_are_missed(tmp_path):
    for how in ({"soft": "1"}, {"watch": "true"}):
        plan = solve(scenario(tmp_path, {"money": {**SOUTH, "instrument": "a"}, "at_most": "3", **how}, decision("4")))
        assert statuses(plan) == ["missed"]
        assert broken_by_decision(plan.scenario) == []


def test_a_conflict_says_what_decided_money_does_to_a_limit(tmp_path):
    # At most 3 for South from A, where 4 are decided; at least 5 asked by another rule.
    other = {"kind": "amount", "says": "five", "source": "assumption", "money": {**SOUTH, "instrument": "a"}, "at_least": "5"}
    found = scenario(tmp_path, {"money": {**SOUTH, "instrument": "a"}, "at_most": "3"}, decision("4"))
    case = load(found.file, settings=[f"rules.five={other}".replace("'", '"')])
    conflict = {c.rule: spaced(c.says) for c in find_conflict(case)}
    assert set(conflict) == {"r", "five"}
    assert conflict["r"] == "r: at most EUR 3.0 million; decided money alone breaks that already, and new money may not make it worse"


# --- At random, against brute force ----------------------------------------------------------------------------------------


MUCH = 10**7
"""Steps that reach every least amount of a random case."""


def by_brute_force(rule: Kind, lines: Lines) -> list[bool]:
    """Which demands are broken by decision: broken by decided money, and no open entry, however much it gets, brings them nearer."""
    ledger = lines.ledger
    before = measure_rule(rule, lines, ledger.decided)
    stuck = [rule.hard and finding.headroom < 0 for finding in before]
    for entry in np.flatnonzero(~ledger.fixed):
        for more in (1, MUCH):
            steps = ledger.decided.copy()
            steps[entry] += more
            for k, (was, now) in enumerate(zip(before, measure_rule(rule, lines, steps), strict=True)):
                nearer = now.amount - now.limit - (was.amount - was.limit)
                if was.amount > was.limit:
                    nearer = -nearer
                stuck[k] = stuck[k] and nearer <= 0
    return stuck


@st.composite
def decided_cases(draw: st.DrawFn) -> dict[str, Any]:
    """Random cases with a good deal of decided money, some of it locked, some years closed, and hard rules of all kinds."""
    case = draw(cases())
    first, last = (int(year) for year in case["years"].split("-"))
    lines = st.tuples(*(st.sampled_from(ids) for ids in (list(case["instruments"]), [p["id"] for p in case["partnerships"]])))
    places = draw(st.lists(st.tuples(lines, st.sampled_from(list(case["areas"])), st.integers(first, last)), unique=True, max_size=6))
    case["decided"] = [
        {
            "instrument": i,
            "partnership": p,
            "area": a,
            "year": str(year),
            "amount": str(draw(st.integers(1, 9))),
            "state": draw(st.sampled_from(["committed", "locked"])),
        }
        for (i, p), a, year in places
    ]
    for instrument in case["instruments"].values():
        instrument["ceiling"] = {"each": "60"}
        instrument["payment_profile"] = ["40 %", "60 %"]
    for partnership in case["partnerships"]:
        partnership.pop("absorption", None)
    if draw(st.booleans()):
        case["closed"] = str(first)
    percent = st.integers(0, 150).map(lambda n: f"{n} %")
    figure, share = (lambda: str(draw(st.integers(0, 12)))), (lambda: draw(percent))
    area = {"area": next(iter(case["areas"]))}
    side = draw(st.sampled_from(["at_least", "at_most", "exactly"]))
    pool = {
        "sum": {"kind": "amount", "for_each": draw(st.sampled_from(["partnership", "area", "year"])), side: figure()},
        "part": {"kind": "share", "for_each": "partnership", "money": area, side: share(), "of": {}},
        "wide": {"kind": "share", "for_each": "partnership", side: share(), "of": {"partnership": "all"}},
        "even": {"kind": "balance", "for_each": draw(st.sampled_from(["partnership", "route", "area"])), side: share()},
        "steady": {"kind": "change", "for_each": "partnership", side: share(), "plus": figure()},
        "follow": {"kind": "sequence", "money": area, "after": {"partnership": "p0"}, "at_most": share()},
        "cash": {"kind": "payments", "for_each": "instrument", "at_most": figure(), "outstanding": figure()},
        "size": {"kind": "minimum_size", "for_each": "partnership", "at_least": figure()},
        "few": {"kind": "count", "for_each": "partnership", "counting": "instrument", "at_most": "1", "active": figure()},
        "many": {"kind": "count", "counting": "partnership", side: "3"},
    }
    chosen = draw(st.lists(st.sampled_from(sorted(pool)), unique=True, min_size=1, max_size=4))
    case["rules"] = {name: {"says": name, "source": "assumption", **pool[name]} for name in chosen}
    return case


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(decided_cases())
def test_program_ledger_and_brute_force_agree_on_what_decisions_break(case):
    with TemporaryDirectory() as folder:
        try:
            found = with_baseline(load(write(Path(folder), case)))
        except ScenarioError:
            assume(False)
        lines, program = found.lines, compile_program(found)
        for rule in found.rules:
            demands = rule.demands(lines)
            measured = measure_rule(rule, lines, lines.ledger.decided)
            ledger = [finding.status == DECIDED for finding in measured]
            block = program.block(rule.id)
            stated = [(moved > 0 or idle) and f.headroom < 0 for moved, idle, f in zip(block.held, block.relaxed, measured, strict=True)]
            assert ledger == stated, rule.id
            if rule.kind != "count":  # there money must come to something on several lines at once
                assert ledger == by_brute_force(rule, lines), rule.id
            for k in np.flatnonzero(block.held > 0):
                if not (rule.relative and demands.sense[k] is Sense.EXACTLY):  # a step is free there
                    assert float(block.held[k]) == pytest.approx(float(-measured[k].headroom), rel=1e-9, abs=1e-9)
        try:
            plan = solve(found)  # verified: a program that let new money in, or money that could mend it out, would fail here
        except Infeasible:
            assert find_conflict(found)
            return
        settled = [(f.rule.id, f.member, f.sense) for f in plan.findings if f.status == DECIDED]
        assert settled == [(f.rule.id, f.member, f.sense) for f in broken_by_decision(found)]
