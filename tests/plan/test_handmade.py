"""Plans measured as they stand, against the arithmetic of TWO_BY_TWO (see tests/cases.py)."""

from fractions import Fraction

import numpy as np
import pytest

from cases import TWO_BY_TWO, write
from fundalloc.errors import ScenarioError
from fundalloc.plan.handmade import broken_entries, broken_rules, measure_plan, measure_steps
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import read_plan


@pytest.fixture
def by_hand(tmp_path):
    """by_hand(case, {key: amount}): the plan, measured."""

    def measured(case, amounts):
        scenario = load(write(tmp_path, case))
        rows = [f"{key.replace('|', ',')},{amount}" for key, amount in amounts.items()]
        path = tmp_path / "plan.csv"
        path.write_text("\n".join(["instrument,partnership,area,year,amount", *rows]) + "\n", "utf-8")
        return measure_plan(scenario, read_plan(path, scenario.facts.dimensions))

    return measured


def test_a_solved_plan_measures_the_same(tiny):
    plan = solve(tiny)
    again = measure_steps(tiny, np.concatenate([plan.steps, plan.moves]))
    assert (again.score, again.penalty, again.findings) == (plan.score, plan.penalty, plan.findings)
    assert (again.status, again.certificate) == ("hand-made", None)
    assert np.isnan(again.prices).all()
    assert broken_rules(again) == broken_entries(again) == []


def test_score_and_penalty(by_hand):
    rule = {"kind": "amount", "says": "More", "source": "assumption", "money": {"partnership": "north"}, "at_least": "9", "soft": "0.1"}
    plan = by_hand(
        {**TWO_BY_TWO, "rules": {"north": rule}}, {"a|north|returns|2026": 5, "a|south|returns|2026": 4, "b|south|returns|2026": 6}
    )
    assert plan.penalty == pytest.approx(0.4)
    assert plan.score == pytest.approx(4.6 + 13.2 - 0.4)
    assert broken_rules(plan) == []


def test_broken_hard_rules_are_findings(by_hand):
    plan = by_hand(TWO_BY_TWO, {"a|north|returns|2026": 8, "a|south|returns|2026": "4.5"})
    (finding,) = broken_rules(plan)
    assert (finding.rule.kind, finding.member, finding.headroom, finding.status) == ("ceiling", ("a", "total"), Fraction(-5, 2), "breach")


def test_carry_overs_follow_from_the_commitments(by_hand):
    """10 a year: 4 are left of the first year, half of the ceiling may be carried, so the second year may take 14."""
    a = {"name": "A", "source": "assumption", "ceiling": {"each": "10"}, "carry_over": {"share": "50 %"}}
    case = {**TWO_BY_TWO, "years": "2026-2027", "instruments": {**TWO_BY_TWO["instruments"], "a": a}}
    plan = by_hand(case, {"a|north|returns|2026": 6, "a|south|returns|2027": 14})
    assert broken_rules(plan) == broken_entries(plan) == []
    assert plan.moves.tolist() == [40]
    plan = by_hand(case, {"a|north|returns|2026": 6, "a|south|returns|2027": "14.1"})
    assert [(f.member, f.headroom) for f in broken_rules(plan)] == [(("a", "2027"), Fraction(-1, 10))]


def test_what_no_plan_can_have_is_refused_all_at_once(by_hand):
    with pytest.raises(ScenarioError) as caught:
        by_hand(TWO_BY_TWO, {"a|north|returns|2026": "-1", "a|south|returns|2026": "0.05", "b|north|returns|2026": 2})
    assert [(p.message, p.hint) for p in caught.value.problems] == [
        ("'a|north|returns|2026' has -1, a negative amount", "write zero or more"),
        ("'a|south|returns|2026' has 0.05, which is not a whole multiple of round_to 0.1", "write 0 or 0.1"),
        ("'b|north|returns|2026' has 2, but is no allocation line", "B does not serve North (instruments.b.partners)"),
    ]
