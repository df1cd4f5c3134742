"""What rises above a plan, added up: on paper, solved with its proof, in whole steps, by decision, in conflict, and in a workbook.

The case: one fund of 10 for one partner. The plan gave area A 4, B 4 and C 2; a euro is worth 1 in A, 2 in B and 3 in C.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from paper import AT_MOST, exact, limits, measured, rule

from cases import write
from fundalloc.cli import cli
from fundalloc.errors import Infeasible
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import AT_LIMIT, DECIDED, MISSED
from fundalloc.run import solve
from fundalloc.scenario.loading import load

MOVED = {
    "kind": "reassignment",
    "says": "{partnership}: at most {limit} moved between areas",
    "source": "assumption",
    "for_each": "partnership",
    "between": "area",
    "at_most": "20 %",
}
CASE: dict[str, Any] = {
    "fundalloc": 1,
    "scenario": "moved",
    "title": "Moved",
    "as_of": "2026-01-01",
    "years": "2026",
    "round_to": "0.1",
    "steps": [{"share": "100 %", "value": 1}],
    "areas": {a: {"name": a.upper()} for a in "abc"},
    "instruments": {"fund": {"name": "Fund", "source": "assumption", "ceiling": "10"}},
    "partnerships": [{"id": "north", "name": "North", "level": "bilateral"}],
    "eligibility": [{"instrument": "fund", "area": a} for a in "abc"],
    "needs": [{"partnership": "north", "area": a, "need": 90, "priority": k} for k, a in enumerate("abc", start=1)],
    "baseline": "plan.csv",
    "rules": {"moved": MOVED},
}


@pytest.fixture
def case(tmp_path):
    """The case with other rules and sections, written with its plan."""
    (tmp_path / "plan.csv").write_text(
        "instrument,partnership,area,year,amount\n" + "".join(f"fund,north,{a},2026,{x}\n" for a, x in zip("abc", (4, 4, 2), strict=True))
    )
    return lambda **changes: write(tmp_path, CASE | changes)


def moved(plan: Plan) -> tuple[list[float], Fraction, Fraction, str]:
    """Amounts by area; rises, limit and status of the rule."""
    (found,) = [f for f in plan.findings if f.rule.id == "moved"]
    return [round(float(x), 6) for x in plan.total("area")], found.amount, found.limit, found.status


def test_rows_and_findings_by_hand(tiny):
    plan = {("ndici", "tunisia", "smuggling", "2025"): Fraction("7.3"), ("amif", "egypt", "returns", "2026"): Fraction(4)}
    lines = tiny.starting_from(plan).lines
    twenty = rule(tiny.starting_from(plan), "reassignment", for_each="partnership", between="area", at_most="20 %")
    assert limits(twenty, lines)["tunisia", AT_MOST] == (-inf, pytest.approx(1.46))
    assert measured(twenty, lines) == {
        ("tunisia", AT_MOST): exact("4", "1.46", "-2.54"),  # legal migration 4; smuggling fell from 7.3 to 5
        ("egypt", AT_MOST): exact("3.5", "0.8", "-2.7"),  # smuggling 2, legal migration 1.5; returns fell
        ("sahel", AT_MOST): exact("10", "0", "-10"),
        ("global", AT_MOST): exact("2", "0", "-2"),
    }


def test_the_best_plan_moves_as_much_as_it_may_and_is_proved(case):
    # All 10 in C would earn 30. 2 move from A, where a euro is worth least, to C: 2 + 8 + 12.
    plan = solve(load(case()))
    assert moved(plan) == ([2, 4, 4], 2, 2, AT_LIMIT)
    assert plan.score == pytest.approx(22)
    assert plan.certificate is not None
    assert float(plan.certificate.bound) == pytest.approx(22)


def test_the_sum_counts_and_not_each_area(case):
    # The plan's 10 and 2 more of the ceiling: a rise of the whole counts as well, so nothing moves beside it.
    plan = solve(load(case(), settings=["instruments.fund.ceiling=12"]))
    assert moved(plan) == ([4, 4, 4], 2, 2, AT_LIMIT)


def test_whole_steps_keep_it(case):
    # 20.5 % are 2.05: 2.0 in steps of 0.1, and 2 in steps of 1.
    for step in ("0.1", "1"):
        found = moved(solve(load(case(), settings=["rules.moved.at_most=20.5 %", f"round_to={step}"])))
        assert found[:3] == ([2, 4, 4], 2, Fraction("2.05"))


@pytest.mark.parametrize("state", ["locked", "committed"])
def test_what_decisions_have_moved_stands_and_nothing_more_may_move(case, state):
    # C holds 5, 3 above its plan. B keeps its 4 and no more: 5 x 3 + 4 x 2 + 1.
    decided = [{"instrument": "fund", "partnership": "north", "area": "c", "year": 2026, "amount": 5, "state": state, "decision": "signed"}]
    plan = solve(load(case(decided=decided)))
    assert moved(plan) == ([1, 4, 5], 3, 2, DECIDED)
    assert plan.score == pytest.approx(24)


def test_a_soft_limit_costs_every_euro_above_it(case):
    # At 2.5 a euro moved from A to C (worth 2 more) does not pay, at 1.5 it does: all 4 of A, then B to C (1 more) does not.
    assert moved(solve(load(case(), settings=["rules.moved.soft=2.5"])))[0] == [2, 4, 4]
    plan = solve(load(case(), settings=["rules.moved.soft=1.5"]))
    assert moved(plan) == ([0, 4, 6], 4, 2, MISSED)
    assert plan.score == pytest.approx(26 - 3)


def test_where_it_leaves_no_plan_both_are_named_and_how_it_may_give_way(case):
    floor = {"kind": "amount", "says": "C: {limit}", "money": {"area": "c"}, "at_least": "5", "source": "assumption"}
    path = case(rules={"moved": MOVED, "floor": floor})
    with pytest.raises(Infeasible):
        solve(load(path))
    result = CliRunner().invoke(cli, ["run", str(path), "-n"])
    said = " ".join(result.output.replace("\u00a0", " ").split())
    assert "North: at most 20 % moved between areas" in said
    assert "from 20 % to 30 % (EUR 3.0 million)" in said
    assert "from 5.0 to 4.0" in said
    assert solve(load(path, settings=["rules.moved.at_most=30 %"])).status == "optimal"


def test_a_workbook_has_it_live_and_is_verified(case, tmp_path):
    book = tmp_path / "book.xlsx"
    for command in (["check", case()], ["run", case(), "-o", book], ["explain", case(), "moved"], ["verify", book]):
        result = CliRunner().invoke(cli, list(map(str, command)), catch_exceptions=False)
        assert result.exit_code == 0, result.output
    rows = list(openpyxl.load_workbook(book)["Rules"].iter_rows(values_only=True))
    (found,) = [row for row in rows if row[0] == "moved"]
    assert str(found[4]).count("MAX(0,") == 3  # one for each area, of what is typed in the sheet Allocation


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"at_most": "none"}, "a reassignment has an upper limit, and no other (write at_most)"),
        ({"at_least": "10 %"}, "a reassignment has an upper limit, and no other (write at_most)"),
    ],
    ids=str,
)
def test_bad_rules(case, complaints, change, said):
    (key, value), *_ = change.items()
    (message,) = complaints(case(), settings=[f"rules.moved.{key}={value}"])
    assert message.endswith(said)


def test_without_a_plan_nothing_can_move(case, complaints):
    (said,) = complaints(write(case().parent, {k: v for k, v in CASE.items() if k != "baseline"}))
    assert said.endswith("a reassignment without a plan to start from (write baseline: … in the scenario)")
