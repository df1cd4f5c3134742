"""The ceiling of some years together: one definition, wherever a ceiling is counted."""

import json
from typing import Any

import numpy as np
import pytest

from cases import TWO_BY_TWO, write
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.insight.doctor.examine import uncommitted_money
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.value import budget_ladder
from fundalloc.plan.plan import Plan
from fundalloc.rules import parse_rule
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario

pytest_plugins = ("calls",)


def instrument(**fields: Any) -> dict[str, Any]:
    return {"name": "I", "source": "assumption", **fields}


def scenario(folder, *, years="2025-2026", rules=None, **changes: Any) -> Scenario:
    """The two-by-two case over some years; `a` and `b` are instruments, a tenth of a million is a step."""
    instruments = {name: instrument(**changes.pop(name)) for name in ("a", "b") if name in changes}
    kept = {"a": TWO_BY_TWO["instruments"]["a"], "b": {**TWO_BY_TWO["instruments"]["b"], "partners": "all"}}
    return load(write(folder, {**TWO_BY_TWO, "years": years, "instruments": {**kept, **instruments}, "rules": rules or {}, **changes}))


def limits(scenario: Scenario, **fields: Any) -> list[float]:
    """The limits in EUR million of a rule that allows A half of something."""
    raw = {"kind": "share", "says": "Half", "source": "assumption", "money": {"instrument": "a"}, "at_most": "50 %", **fields}
    share = parse_rule("half", raw, scenario.facts.dimensions)
    assert not list(share.problems_in(scenario.lines))
    measures = share.check(scenario.lines, share.demands(scenario.lines), np.zeros(len(scenario.lines.ledger), dtype=np.int64))
    return [limit / measures.scale / 10 for limit in measures.limit]


@pytest.mark.parametrize(
    ("fields", "full", "usable"),
    [
        ({"ceiling": "50"}, 50, 50),
        ({"ceiling": {"each": "10"}}, 20, 20),
        ({"ceiling": {"each": "10", "total": "60"}}, 20, 20),  # the years never reach the total
        ({"ceiling": {"each": "10", "total": "15"}}, 15, 15),
        ({"ceiling": {"each": {"2025": "10"}, "total": "60"}}, 60, 60),  # 2026 is limited by the total alone
        ({"ceiling": {"each": "10.5", "total": "60"}, "reserve": "7 %"}, 21, 19.4),  # 10.5 less 0.735 is 9.7 in whole steps, twice
        ({"ceiling": {"each": "10", "total": "15"}, "reserve": "10 %"}, 15, 13.5),
        ({"ceiling": {"each": "10"}, "years": "2026"}, 10, 10),  # nothing may be committed in 2025
        ({"ceiling": {"each": {"2026": "10"}}, "years": "2026"}, 10, 10),
        ({"ceiling": {"each": "10", "total": "15"}, "years": "2026"}, 10, 10),
        ({"counts": "memo"}, NO_LIMIT / 10, NO_LIMIT / 10),
    ],
    ids=str,
)
def test_the_smaller_of_the_total_and_the_sum_of_the_years(tmp_path, fields, full, usable):
    ceilings = scenario(tmp_path, a=fields).facts.ceilings
    assert (ceilings.full_over()[0] / 10, ceilings.usable_over()[0] / 10) == (full, usable)


def test_exceptions_and_decisions_open_years_beyond_the_instruments_own(tmp_path):
    opened = {"open": {"instrument": "a", "year": "2025", "reason": "Worldwide"}}
    assert scenario(tmp_path, a={"ceiling": {"each": "10"}, "years": "2026"}, allow=opened).facts.ceilings.full_over()[0] == 200
    row = {"instrument": "a", "partnership": "north", "area": "returns", "year": "2025", "amount": "3", "state": "locked", "decision": "D"}
    assert scenario(tmp_path, a={"ceiling": {"each": "10"}, "years": "2026"}, decided=[row]).facts.ceilings.full_over()[0] == 200


WIDE = {"ceiling": {"each": "10", "total": "60"}, "reserve": "10 %"}
"""20 over two years, 18 after the reserve, whatever its total says."""


def test_every_place_means_the_same(tmp_path):
    move = {"move": {"from": "a", "to": "b", "at_most": "50 %", "source": "assumption"}}
    found = scenario(tmp_path, a=WIDE, b={"ceiling": {"each": "1", "total": "60"}}, transfers=move)
    assert found.facts.transfer_limit(0) == 100  # half of 20, in steps of 0.1
    assert limits(found, of={"ceiling": {"instrument": "a"}}) == [10]  # half of 20
    whole = solve(found).free_money.set_index(["instrument", "year"]).loc[("a", 0)]
    assert (whole["ceiling"], whole["reserve"]) == (20, 2)
    assert [row["total"] for row in uncommitted_money(found)] == [18, 2]
    bench = Bench(found)
    assert bench.ceiling(0) == 18
    assert next(rung.money for rung in budget_ladder(bench) if rung.factor == 1) == 20


def test_a_share_of_the_ceilings_of_some_years(tmp_path):
    found = scenario(tmp_path, years="2025-2028", a={"ceiling": {"each": "10", "total": "25"}})

    assert limits(found, of={"ceiling": {"instrument": "a", "year": "2025-2026"}}) == [10]
    assert limits(found, of={"ceiling": {"instrument": "a", "year": "2025-2027"}}) == [12.5]  # three years could hold 30, the total 25
    assert limits(found, of={"ceiling": {"instrument": "a"}}) == [12.5]
    assert limits(found, of={"ceiling": {"instrument": "a"}}, for_each="year") == [5, 5, 5, 5]


def decided(instrument: str, year: str, amount: str) -> dict[str, str]:
    line = {"instrument": instrument, "partnership": "south", "area": "returns", "year": year}
    return {**line, "amount": amount, "state": "locked", "decision": "D"}


CLOSED: dict[str, Any] = {
    "years": "2025-2027",
    "closed": "2025",
    "a": {"ceiling": {"each": "10"}, "reserve": "10 %", "carry_over": {"share": "50 %"}},
    "b": {"ceiling": {"each": "10", "total": "15"}},
    "decided": [decided("a", "2025", "2"), decided("b", "2025", "3")],
    "needs": [{"partnership": "south", "area": "returns", "need": "500"}],
}
"""A: 9 a year; 2025 leaves 7, of which 4.5 may be carried over and 2.5 lapse. B: 2025 leaves 7, but its total only 12 anyway."""


def columns(plan: Plan, instrument: str) -> dict[int, tuple[float, float, float]]:
    rows = plan.free_money[plan.free_money["instrument"] == instrument]
    return {row["year"]: (row["planned"], row["lapsed"], row["free"]) for _, row in rows.iterrows()}


def test_what_closed_years_leave_is_lapsed_not_free(tmp_path):
    found = scenario(tmp_path, **CLOSED)
    assert [(row["years"], row["total"], row["lapsed"]) for row in uncommitted_money(found)] == [
        ({"2025": 0, "2026": 13.5, "2027": 9}, 22.5, 2.5),
        ({"2025": 0, "2026": 10, "2027": 10}, 12, 0),  # the total leaves 12 for two years with 10 each
    ]
    plan = solve(found)
    assert columns(plan, "a") == {2025: (2, 2.5, 0), 2026: (13.5, 0, 0), 2027: (9, 0, 0), 0: (24.5, 2.5, 0)}
    assert columns(plan, "b")[0] == (15, 0, 0)


def test_every_row_of_free_money_adds_up(tmp_path):
    move = {"move": {"from": "b", "to": "a", "at_most": "20 %", "years": "2026-2027", "source": "assumption"}}
    needs = [{"partnership": "south", "area": "returns", "need": "20"}]
    rows = solve(scenario(tmp_path, **{**CLOSED, "needs": needs}, transfers=move)).free_money
    left = rows["ceiling"] - rows["reserve"] + rows["carried_in"] + rows["transferred_in"] - rows["carried_out"] - rows["transferred_out"]
    assert (left - rows["planned"] - rows["lapsed"]).tolist() == pytest.approx(rows["free"].tolist())
    assert rows["free"].min() >= 0


def test_check_says_what_has_lapsed(fundalloc, tmp_path):
    path = scenario(tmp_path, **CLOSED).file
    printed = fundalloc("check", path).stdout
    assert "Free money, million EUR  2026  2027  Total  Lapsed" in printed
    assert "Lapsed: what the closed years (2025) left" in printed
    assert [row["lapsed"] for row in json.loads(fundalloc("check", path, "--json").stdout)["result"]["scenarios"][0]["free"]] == [2.5, 0]
    assert "planned  lapsed  free  used" in fundalloc("run", path, "-n").stdout


def test_a_json_of_before_lapsed_money_still_verifies(fundalloc, tmp_path):
    path = scenario(tmp_path, **CLOSED).file
    result = json.loads(fundalloc("run", path, "-n", "--json").stdout)["result"]
    for row in result["free_money"]:
        row["free"] += row.pop("lapsed")
    (tmp_path / "old.json").write_text(json.dumps(result), "utf-8")
    assert fundalloc("verify", tmp_path / "old.json", path).exit_code == 0
    result["free_money"][0]["free"] += 1
    (tmp_path / "new.json").write_text(json.dumps(result), "utf-8")
    assert "free stated" in fundalloc("verify", tmp_path / "new.json", path).stderr
