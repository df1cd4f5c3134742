"""Whole steps under every kind of rule, switches and moves included: some on paper, then many at random."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from cases import TWO_BY_TWO, cases, write
from fundalloc.errors import Infeasible, NotRoundable, ScenarioError
from fundalloc.insight.conflict.diagnose import find_conflict
from fundalloc.optimise import rounding
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import check_ledger, verify
from fundalloc.run import solve
from fundalloc.scenario.loading import load

HEADING = "instrument,partnership,area,year,amount\n"


def ruled(**rules: dict[str, Any]) -> dict[str, Any]:
    """The two-by-two case with rules."""
    return {**TWO_BY_TWO, "rules": {name: {"says": name, "source": "assumption", **fields} for name, fields in rules.items()}}


# --- On paper --------------------------------------------------------------------------------------------------------


def test_a_minimum_size_between_two_steps_rounds_up(tmp_path):
    # 3.05 at least for North: in steps of 0.1 that is 3.1. Without the rule North gets 3.4; a cap of 3.15 leaves 3.1 alone.
    size = {"kind": "minimum_size", "money": {"partnership": "north"}, "at_least": "3.05"}
    cap = {"kind": "amount", "money": {"partnership": "north"}, "at_most": "3.15"}
    plan = solve(load(write(tmp_path, ruled(size=size, cap=cap))))
    assert plan.total("partnership")["north"] == pytest.approx(3.1)
    # Score on paper: North 3.1; A's other 6.9 to South with B's 3: met 9.9 = 6 at 2.0, 3.6 at 1.2, 0.3 at 0.6.
    assert plan.score == pytest.approx(3.1 + 12 + 4.32 + 0.18)


SQUEEZED = {
    "size": {"kind": "minimum_size", "money": {"partnership": "north"}, "at_least": "3.05"},
    "cap": {"kind": "amount", "money": {"partnership": "north"}, "at_most": "3.09"},
}
"""Between 3.05 and 3.09 no multiple of 0.1 lies: North gets nothing, or at a step of 0.01 it gets 3.09."""


def test_a_finer_step_lets_a_minimum_size_be(tmp_path):
    fine = solve(load(write(tmp_path, ruled(**SQUEEZED)), settings=["round_to=0.01"]))
    assert fine.total("partnership")["north"] == pytest.approx(3.09)


def test_a_minimum_size_that_no_step_meets_means_nothing(tmp_path):
    coarse = solve(load(write(tmp_path, ruled(**SQUEEZED))))
    assert coarse.total("partnership").get("north", 0.0) == 0
    assert coarse.score == pytest.approx(12 + 4.32 + 1.44)


def test_payments_in_whole_millions(tmp_path):
    # A pays 35 % at once, B all of it. At most 8 in cash: 0.35 a + b <= 8. In millions: B 6 leaves a <= 5 (1.75 <= 2).
    # A euro of cash buys 2.86 of A but one of B (half as effective), so A first: a = 10 costs 3.5, then b <= 4.5, so 4.
    case = ruled(cash={"kind": "payments", "at_most": "8"})
    a, b = TWO_BY_TWO["instruments"].values()
    case["instruments"] = {"a": {**a, "payment_profile": ["35 %", "65 %"]}, "b": {**b, "payment_profile": ["100 %"]}}
    plan = solve(load(write(tmp_path, case), settings=["round_to=1"]))
    assert plan.total("instrument").to_dict() == {"a": 10.0, "b": 4.0}
    (cash,) = [f for f in plan.findings if f.rule.id == "cash"]
    assert (cash.amount, cash.limit) == (Fraction("7.5"), Fraction(8))


def test_a_sequence_in_whole_millions(tmp_path):
    # B at most 45 % of A: 4.5 of A's 10; in whole millions 4.
    follow = {"kind": "sequence", "money": {"instrument": "b"}, "after": {"instrument": "a"}, "at_most": "45 %"}
    plan = solve(load(write(tmp_path, ruled(follow=follow)), settings=["round_to=1"]))
    assert plan.total("instrument").to_dict() == {"a": 10.0, "b": 4.0}


def test_a_deviation_around_an_amount_between_two_steps(tmp_path):
    # Planned 3.333 for North, within 10 %: from 2.9997 to 3.6663. In whole millions only 3 lies inside.
    (tmp_path / "plan.csv").write_text(HEADING + "a,north,returns,2026,3.333\n", "utf-8")
    case = ruled(near={"kind": "deviation", "money": {"partnership": "north"}, "within": "10 %"}) | {"baseline": "plan.csv"}
    plan = solve(load(write(tmp_path, case), settings=["round_to=1"]))
    assert plan.total("partnership")["north"] == 3
    assert [(str(f.sense), f.limit) for f in plan.findings if f.rule.id == "near"] == [
        ("at least", Fraction("2.9997")),
        ("at most", Fraction("3.6663")),
    ]


def test_a_deviation_that_no_whole_million_meets_is_refused_by_name(tmp_path):
    # Planned 3.5 within 10 %: 3.15 to 3.85, in whole millions at least 4 and at most 3.
    (tmp_path / "plan.csv").write_text(HEADING + "a,north,returns,2026,3.5\n", "utf-8")
    case = ruled(near={"kind": "deviation", "money": {"partnership": "north"}, "within": "10 %"}) | {"baseline": "plan.csv"}
    scenario = load(write(tmp_path, case), settings=["round_to=1"])
    with pytest.raises(Infeasible):
        solve(scenario)
    assert [conflict.rule for conflict in find_conflict(scenario)] == ["near", "near"]


def test_moves_are_whole_steps_too(tmp_path):
    # A third of B's 6.25 may go to A: 2.0625 of it in steps of 0.1 is 2.0, as the share is cut to whole steps of 6.2.
    case = {**TWO_BY_TWO, "transfers": {"home": {"from": "b", "to": "a", "at_most": "33 %", "source": "assumption"}}}
    case["instruments"] = {**case["instruments"], "b": {**case["instruments"]["b"], "ceiling": "6.25"}}
    plan = solve(load(write(tmp_path, case)))
    assert plan.scenario.lines.moves.keys == ["transfer|home|2026"]
    assert plan.moves.tolist() == [20]  # a euro is worth twice as much in A
    assert plan.total("instrument").to_dict() == pytest.approx({"a": 12.0, "b": 4.2})


def test_a_clash_over_one_euro_is_blamed_too(tmp_path):
    # Nobody has money, and one instrument must: with some, so with a step of one euro at least that.
    case = ruled(one={"kind": "count", "counting": "instrument", "at_least": "1"})
    case["instruments"] = {"a": {**TWO_BY_TWO["instruments"]["a"], "ceiling": "0"}}
    case["eligibility"] = TWO_BY_TWO["eligibility"][:1]
    path = write(tmp_path, case)
    for step in ("0.1", "0.000001"):
        scenario = load(path, settings=[f"round_to={step}"])
        with pytest.raises(Infeasible):
            solve(scenario)
        assert {conflict.rule for conflict in find_conflict(scenario)} == {"one", "ceiling"}


# --- At random -------------------------------------------------------------------------------------------------------


def tenths(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda n: f"{n / 10:.1f}")


def percent(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda n: f"{n} %")


@st.composite
def any_cases(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """A case of `cases` with moves, cushions, decided money and rules of all other kinds, and a plan to start from as CSV."""
    case = draw(cases())
    instruments, partnerships, areas = list(case["instruments"]), [p["id"] for p in case["partnerships"]], list(case["areas"])
    first, last = (int(year) for year in case["years"].split("-"))
    for instrument in case["instruments"].values():
        instrument["payment_profile"] = draw(st.sampled_from([["100 %"], ["20 %", "50 %", "30 %"], ["33.3 %", "66.7 %"]]))
        if draw(st.booleans()):
            instrument["carry_over"] = {"share": draw(percent(0, 100))}
        if draw(st.integers(0, 4)) == 0:
            instrument["last_resort"] = "0.3"
    if len(instruments) > 1 and draw(st.booleans()):
        ways = [("there", instruments[0], instruments[1]), ("back", instruments[1], instruments[0])][: draw(st.integers(1, 2))]
        case["transfers"] = {n: {"from": a, "to": b, "at_most": draw(percent(0, 60)), "source": "assumption"} for n, a, b in ways}
    if draw(st.booleans()):
        line = [draw(st.sampled_from(instruments)), draw(st.sampled_from(partnerships)), areas[0], str(draw(st.integers(first, last)))]
        decided = dict(zip(("instrument", "partnership", "area", "year"), line, strict=True))
        state = draw(st.sampled_from(["committed", "locked"]))
        case["decided"] = [{**decided, "amount": str(draw(st.integers(1, 3))), "state": state, "decision": "Made up"}]
    if draw(st.integers(0, 3)) == 0:
        case["closed"] = str(first)
    planned = draw(st.lists(st.tuples(*map(st.sampled_from, (instruments, partnerships, areas))), unique=True, max_size=4))
    baseline = HEADING + "".join(f"{i},{p},{a},{first},{draw(tenths(1, 200))}\n" for i, p, a in planned)
    case["baseline"] = "plan.csv"
    case["rules"] |= draw(more_rules(areas))
    return case, baseline


@st.composite
def more_rules(draw: st.DrawFn, areas: list[str]) -> dict[str, Any]:
    pool = {
        "size": {
            "kind": "minimum_size",
            "for_each": draw(st.sampled_from(["partnership", ["partnership", "instrument"], ["area", "year"]])),
            "at_least": draw(tenths(1, 80)),
        },
        "few": {
            "kind": "count",
            "for_each": "partnership",
            "counting": draw(st.sampled_from(["instrument", "area", "year"])),
            "at_most": draw(st.sampled_from(["1", "2"])),
            "active": draw(tenths(0, 20)),
        },
        "exact": {"kind": "count", "counting": "route", "exactly": draw(st.sampled_from(["1", "2"])), "active": draw(tenths(0, 30))},
        "spread": {
            "kind": "count",
            "counting": "partnership",
            "at_least": draw(st.sampled_from(["1", "2"])),
            "active": draw(tenths(0, 30)),
        },
        "many": {"kind": "count", "for_each": "area", "counting": "partnership", "at_least": "2", "active": "1.5", "soft": "0.5"},
        "follow": {
            "kind": "sequence",
            "money": {"area": areas[-1]},
            "after": {"area": areas[0]},
            "lag": draw(st.sampled_from(["0", "1"])),
            "at_most": draw(percent(10, 150)),
        },
        "cash": {"kind": "payments", "for_each": "instrument", "at_most": draw(tenths(20, 300)), "outstanding": draw(tenths(0, 10))},
        "near": {
            "kind": "deviation",
            "for_each": "partnership",
            "within": draw(percent(5, 50)),
            "amount": draw(tenths(5, 50)),
            "soft": "1",
        },
        "most": {"kind": "deviation", "at_most": draw(percent(50, 300))},
        "least": {"kind": "deviation", "money": {"area": areas[0]}, "at_least": draw(percent(1, 20))},
    }
    chosen = draw(st.lists(st.sampled_from(sorted(pool)), unique=True, max_size=4))
    return {name: {"says": name, "source": "assumption", **pool[name]} for name in chosen}


def solved(case: dict[str, Any], baseline: str, step: str) -> Plan | None:
    """Solve a case; None when no plan exists, which must be blamed on rules of the case."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "plan.csv").write_text(baseline, "utf-8")
        try:
            scenario = load(write(Path(folder), {**case, "round_to": step}))
        except ScenarioError:  # decided money above a ceiling, a rule that no line meets
            assume(False)
        known = {rule.id for rule in scenario.rules}
        try:
            return solve(scenario)
        except NotRoundable as error:
            event(f"not roundable at {step}")
            named = {line.split(":")[0].strip() for line in str(error).splitlines()[1:]} & known
        except Infeasible:
            event(f"infeasible at {step}")
            named = {conflict.rule for conflict in find_conflict(scenario)} & known
    assert named
    return None


def spent(plan: Plan, instrument: int, year: int) -> int:
    lines = plan.scenario.lines
    return int(plan.steps[(lines.instrument == instrument) & (lines.year == year)].sum())


def assert_ceilings(plan: Plan) -> None:
    """Ceilings with all that moves, once more with nothing but fractions and loops."""
    facts, moved = plan.scenario.facts, plan.moved
    for i, instrument in enumerate(facts.instruments):
        whole = Fraction(0)
        for t, year in enumerate(facts.years):
            usable = (1 - instrument.reserve) * instrument.ceiling.in_year(year)
            out = int(moved["carried_out"][i, t]) * facts.step
            came = int(moved["carried_in"][i, t] + moved["transferred_in"][i, t]) * facts.step
            went = int(moved["transferred_out"][i, t]) * facts.step
            assert spent(plan, i, t) * facts.step + out + went <= usable + came
            share = instrument.carry_over.share if instrument.carry_over else 0
            assert 0 <= out <= share * usable
            assert went <= usable
            assert t > 0 or not moved["carried_in"][i, t]
            whole += spent(plan, i, t) * facts.step + went - int(moved["transferred_in"][i, t]) * facts.step
        if instrument.ceiling.total is not None:
            assert whole <= (1 - instrument.reserve) * instrument.ceiling.total
    for k, transfer in enumerate(facts.transfers):
        giving = next(i for i in facts.instruments if i.id == transfer.giving)
        total = giving.ceiling.total if giving.ceiling.total is not None else sum(giving.ceiling.in_year(t) for t in facts.years)
        moves = plan.scenario.lines.moves
        assert int(plan.moves[moves.transfer == k].sum()) * facts.step <= transfer.at_most * total


@pytest.mark.parametrize("step", ["0.000001", "0.001", "1"])
@settings(max_examples=40, deadline=None)
@given(drawn=any_cases())
def test_random_plans_are_whole_and_keep_everything(step, drawn):
    assert_whole_and_kept(solved(*drawn, step), step)


@settings(max_examples=40, deadline=None)
@given(drawn=any_cases())
def test_random_plans_next_to_a_corner_are_whole_and_keep_everything(drawn):
    with pytest.MonkeyPatch.context() as patch:  # as large programs are rounded
        patch.setattr(rounding, "CORNER_FROM", 0)
        patch.setattr(rounding, "FEW", -1)
        assert_whole_and_kept(solved(*drawn, "1"), "1")


def assert_whole_and_kept(plan: Plan | None, step: str) -> None:
    if plan is None:
        return
    scenario, ledger = plan.scenario, np.concatenate([plan.steps, plan.moves])
    assert scenario.facts.step == Fraction(step)
    assert ledger.dtype == np.int64
    assert check_ledger(scenario.lines, ledger) == []
    assert verify(scenario, ledger) == list(plan.findings)
    assert_ceilings(plan)
    event(f"switches {plan.log.switches > 0}, moves {plan.moves.any()}")
    years = range(len(scenario.facts.years))
    cushions = [i.last_resort * spent(plan, k, t) for k, i in enumerate(scenario.facts.instruments) for t in years]
    score = plan.coverage.impact.sum() - plan.penalty - float(sum(cushions) * scenario.facts.step)
    assert plan.score == pytest.approx(score, abs=1e-6)
    assert plan.certificate is not None
    assert score <= float(plan.certificate.bound) + 1e-6
    assert score <= plan.log.program_score + 1e-6 * max(1.0, abs(plan.log.program_score))
