"""Areas that hold actions: amounts worked out by hand, from the file to the workbook and back.

All needs have flat returns, so that a million earns its priority times its effectiveness until the need is met.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cases import write
from export.books import recalculated_files
from fundalloc.cli import cli
from fundalloc.compare.comparison import compare_files
from fundalloc.errors import ScenarioError
from fundalloc.plan.plan import Plan
from fundalloc.rules.kind import Kind
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from workbooks import KEYS, opened, row_of, type_in

FLAT: dict[str, Any] = {
    "fundalloc": "1",
    "scenario": "flat",
    "title": "One instrument, two partnerships, two areas, one year",
    "as_of": "2026-01-01",
    "years": "2026",
    "round_to": "0.1",
    "steps": [{"share": "100 %", "value": "1"}],
    "areas": {"smuggling": {"name": "Smuggling"}, "returns": {"name": "Returns"}},
    "instruments": {"fund": {"name": "Fund", "source": "assumption", "ceiling": "10"}},
    "partnerships": [{"id": "north", "name": "North", "level": "bilateral"}, {"id": "south", "name": "South", "level": "bilateral"}],
    "eligibility": [{"instrument": "fund", "area": "smuggling"}, {"instrument": "fund", "area": "returns"}],
    "needs": [
        {"partnership": "north", "area": "smuggling", "need": "8"},
        {"partnership": "north", "area": "returns", "need": "4", "priority": "2"},
    ],
}
ACTIONS: dict[str, Any] = {
    **FLAT,
    "scenario": "actions",
    "areas": {
        "smuggling": {"name": "Smuggling"},
        "border": {"name": "Border management", "within": "smuggling"},
        "returns": {"name": "Returns"},
        "law": {"name": "Law enforcement", "within": "smuggling"},
    },
}
DECIDED = {"instrument": "fund", "partnership": "north", "area": "smuggling", "year": "2026", "amount": "2", "state": "committed"}


def rule(kind: str, **fields: Any) -> dict[str, Any]:
    return {"r": {"kind": kind, "says": "{action}" if "action" in str(fields.get("for_each")) else "x", "source": "assumption", **fields}}


@pytest.fixture
def solved(tmp_path: Path) -> Callable[..., Plan]:
    def run(case: dict[str, Any] = ACTIONS, **changes: Any) -> Plan:
        return solve(load(write(tmp_path, {**case, **changes})))

    return run


def held(plan: Plan, *by: str) -> dict[Any, float]:
    """What holds money, by these words."""
    return {key: amount for key, amount in plan.total(*by).round(6).items() if amount}


def called(*words: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(cli, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_the_need_of_an_area_is_met_by_all_its_actions(solved: Callable[..., Plan]) -> None:
    plan = solved(rules=rule("amount", money={"action": "border"}, exactly="2.5"))
    assert held(plan, "area") == {"smuggling": 6, "returns": 4}  # 4 at 2, then 6 of 8 at 1: 14 points
    assert held(plan, "action") == {"border": 2.5, "law": 3.5, "returns": 4}
    assert plan.score == 14
    assert plan.coverage_by("area")["met"].to_dict() == {"smuggling": 6, "returns": 4}
    assert plan.coverage_by("action")["need"].to_dict() == {"smuggling": 8, "border": 0, "law": 0, "returns": 4}


def test_the_need_of_an_action_is_its_own(solved: Callable[..., Plan]) -> None:
    needs = [{"partnership": "south", "area": "border", "need": "3"}, {"partnership": "south", "area": "law", "need": "5"}]
    plan = solved(needs=needs, rules=rule("amount", money={"action": "border"}, exactly="6"))
    assert held(plan, "action") == {"border": 6, "law": 4}
    assert plan.score == 7  # 3 of the 6, and 4
    assert plan.coverage_by("area").loc["smuggling"].to_dict() == {"need": 8, "met": 7, "coverage": 7 / 8}


def test_eligibility_and_markers_of_an_area_hold_for_its_actions_but_their_own_rows_go_before(solved: Callable[..., Plan]) -> None:
    eligibility = [{"instrument": "fund", "area": "law", "effectiveness": "0.5"}, {"instrument": "fund", "area": "smuggling"}]
    markers = [
        {"marker": "m", "area": "law", "coefficient": "1"},
        {"marker": "m", "area": "smuggling", "instrument": "fund", "coefficient": "0.5"},
    ]
    of_the_area = rule("share", money={"marker": "m"}, at_least="80 %", of={})
    plan = solved(eligibility=eligibility, markers=markers, rules=of_the_area)
    # x + y = 10 spent on law and border: x + y/2 >= 8 asks 6 of law; these meet 3, and 4 of border 4
    assert held(plan, "action") == {"border": 4, "law": 6}
    assert plan.score == 7


def test_for_each_runs_over_areas_or_over_actions(solved: Callable[..., Plan]) -> None:
    floors = {"law": "1", "action:smuggling": "2"}
    plan = solved(decided=[DECIDED], rules=rule("amount", for_each="action", at_most=floors))
    assert [("|".join(f.member), float(f.amount)) for f in plan.findings if f.rule.id == "r"] == [("smuggling", 2), ("law", 1)]
    plan = solved(rules=rule("amount", for_each="area", at_most={"smuggling": "3"}))
    assert [("|".join(f.member), float(f.amount)) for f in plan.findings if f.rule.id == "r"] == [("smuggling", 3)]
    halves = rule("share", for_each=["area", "action"], money={}, at_most="50 %", of={"without": "action"}, unless={"area": "returns"})
    assert held(solved(rules=halves), "action") == {"border": 3, "law": 3, "returns": 4}
    most = rule("count", for_each="partnership", counting="action", at_most="1", active="0.1")
    assert held(solved(rules=most), "area") == {"smuggling": 8}  # 8 of one action, rather than 8 points of returns with 4


def test_an_area_with_actions_takes_decided_money_alone(solved: Callable[..., Plan]) -> None:
    allow = {"open": {"area": "smuggling", "reason": "made up"}}
    plan = solved(decided=[DECIDED], allow=allow)
    lines = plan.scenario.lines
    assert [key for key, open_ in zip(lines.keys, ~lines.fixed, strict=True) if "|smuggling|" in key and open_] == []
    assert held(plan, "action")["smuggling"] == 2  # committed is at least 2, but no new money comes on top
    assert held(plan, "area") == {"smuggling": 6, "returns": 4}
    assert plan.score == 14


def test_tags_and_returns_of_an_area_are_those_of_its_actions_that_have_none(solved: Callable[..., Plan]) -> None:
    areas = {k: dict(v) for k, v in ACTIONS["areas"].items()}
    areas["smuggling"] |= {"tags": ["theme:crime", "who:us"], "steps": [{"share": "100 %", "value": "0.5"}]}
    areas["law"] |= {"tags": ["theme:courts"]}
    needs = [{"partnership": "north", "area": "law", "need": "8"}]
    plan = solved(areas=areas, needs=needs)
    assert plan.score == 4
    picked = {tag: plan.scenario.facts.dimensions.area.masks[tag].tolist() for tag in ("theme:crime", "theme:courts", "who:us")}
    assert plan.scenario.facts.dimensions.area.ids == ("smuggling", "border", "law", "returns")
    assert picked == {"theme:crime": [1, 1, 0, 0], "theme:courts": [0, 0, 1, 0], "who:us": [1, 1, 1, 0]}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"areas": {**ACTIONS["areas"], "deep": {"name": "D", "within": "law"}}}, "'law' is an action itself, of 'smuggling'"),
        ({"areas": {**ACTIONS["areas"], "lost": {"name": "L", "within": "lwa"}}}, "unknown area 'lwa'"),
        ({"areas": {**FLAT["areas"], "own": {"name": "O", "within": "own"}}}, "unknown area 'own'"),
        (
            {"needs": [*FLAT["needs"], {"partnership": "north", "area": "law", "need": "1"}]},
            "a need of 'law' of north beside one of 'smuggling' (case.yaml:",
        ),
        (
            {"needs": [{"partnership": "north", "area": "law", "need": "1"}, *FLAT["needs"]]},
            "a need of 'smuggling' of north beside one of 'law' (case.yaml:",
        ),
        ({"rules": rule("balance", for_each="action", at_least="50 %")}, "the need of 'smuggling' is that of all its actions"),
        ({"rules": rule("amount", money={"action": "lwa"}, at_least="1")}, "unknown action 'lwa' (did you mean 'law'?)"),
    ],
)
def test_what_is_wrong_with_actions_is_told(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as refused:
        load(write(tmp_path, {**ACTIONS, **changes}))
    assert any(says in f"{p.message} ({p.hint})".replace(f"{tmp_path}/", "") for p in refused.value.problems), str(refused.value)


# --- Plans of scenarios that break areas down, and of scenarios that do not --------------------------------------------

EVEN = [{"partnership": "north", "area": area, "need": "10"} for area in ("smuggling", "returns")]
SEVEN = {("fund", "north", "smuggling", "2026"): Fraction(7), ("fund", "north", "returns", "2026"): Fraction(3)}


@pytest.mark.parametrize("stages", [["impact"], ["impact", "change"]])
def test_a_plan_that_does_not_break_areas_down_is_compared_by_area(stages: list[str], tmp_path: Path) -> None:
    """Every split of the 10 is as good: kept by area, 7 stay with smuggling. Line by line its 7 would be lost, and returns get 10."""
    write(tmp_path, {**FLAT, "needs": EVEN, "rules": rule("amount", money={"area": "smuggling"}, exactly="7")}, "flat.yaml")
    plan = solve(load(write(tmp_path, {**ACTIONS, "needs": EVEN, "objective": stages, "baseline": "flat.yaml"})))
    assert held(plan, "area") == {"smuggling": 7, "returns": 3}
    assert plan.scenario.lines.moved(plan.amounts) == 0
    called("run", tmp_path / "case.yaml", "-o", tmp_path / "plan.xlsx")
    assert "byte for byte" in called("verify", tmp_path / "plan.xlsx")


def test_a_deviation_from_a_plan_that_does_not_break_areas_down_asks_for_areas(tmp_path: Path) -> None:
    scenario = load(write(tmp_path, {**ACTIONS, "baseline": "plan.csv", "rules": rule("deviation", for_each="action", within="0 %")}
        | _plan(tmp_path)))  # fmt: skip
    plan = solve(scenario)
    assert held(plan, "area") == {"smuggling": 7, "returns": 3}
    asked: Kind = plan.scenario.rules[0]
    assert {f.member: f.said(plan.scenario.names()) for f in plan.findings if f.rule is asked} == {
        ("area:smuggling",): "Smuggling",
        ("returns",): "Returns",
    }
    one = rule("deviation", money={"action": "law"}, within="0 %")
    plan = solve(load(write(tmp_path, {**ACTIONS, "baseline": "plan.csv", "rules": one})))
    assert held(plan, "area")["smuggling"] == 7


def _plan(folder: Path, area: str = "smuggling") -> dict[str, Any]:
    rows = f"fund,north,{area},2026,7\nfund,north,returns,2026,3\n"
    (folder / "plan.csv").write_text(f"instrument,partnership,area,year,amount\n{rows}", "utf-8")
    return {}


@pytest.mark.parametrize("written", ["plan.xlsx", "plan.json", "plan", "plan/allocation.csv", "actions.yaml"])
def test_a_plan_with_actions_is_a_plan_of_areas_where_nobody_knows_them(written: str, tmp_path: Path) -> None:
    fixed = rule("amount", money={"action": "law"}, exactly="4.5")
    actions = write(tmp_path, {**ACTIONS, "decided": [DECIDED], "rules": fixed}, "actions.yaml")
    wanted = {"plan.xlsx": ("-o", tmp_path / "plan.xlsx"), "plan.json": ("--json",)}.get(written, ("--csv", tmp_path / "plan"))
    printed = called("run", actions, *wanted)
    if written == "plan.json":
        (tmp_path / written).write_text(printed, "utf-8")
    scenario = load(write(tmp_path, {**FLAT, "baseline": written}))
    start = solve(scenario).scenario.starting_amounts()
    assert start == {("fund", "north", "smuggling", "2026"): Fraction("6.5"), ("fund", "north", "returns", "2026"): Fraction("3.5")}
    again = solve(load(write(tmp_path, {**ACTIONS, "decided": [DECIDED], "baseline": written})))
    assert again.scenario.starting_amounts()["fund", "north", "law", "2026"] == Fraction("4.5")


def test_a_comparison_speaks_of_areas_where_one_side_does_not_break_them_down(tmp_path: Path) -> None:
    flat, actions = write(tmp_path, FLAT, "flat.yaml"), write(tmp_path, ACTIONS, "actions.yaml")
    for sides in ((flat, actions), (actions, flat)):
        found = compare_files(*map(str, sides))
        assert found.pairs[0].moved == 0
        assert [(row.member, *row.amounts) for row in found.rows("area")] == [("smuggling", 6, 6), ("returns", 4, 4)]
    other = write(tmp_path, {**ACTIONS, "rules": rule("amount", money={"action": "law"}, exactly="6")}, "other.yaml")
    pair = compare_files(str(actions), str(other)).pairs[0]
    assert (pair.moved, pair.needed) == (3, 3)  # settled evenly, 3 and 3: all 6 on one action is 3 elsewhere
    assert compare_files(str(flat), str(write(tmp_path, {**ACTIONS, "needs": EVEN}, "even.yaml"))).pairs[0].closest == "whole"


# --- Tables and workbooks ----------------------------------------------------------------------------------------------


def test_tables_have_a_column_for_actions_where_areas_hold_some(tmp_path: Path) -> None:
    case = write(tmp_path, {**ACTIONS, "decided": [DECIDED]})
    called("run", case, "--csv", tmp_path / "out")
    head, first, *_ = (tmp_path / "out" / "allocation.csv").read_text("utf-8").splitlines()
    assert head.startswith("instrument,partnership,area,action,year,")
    assert first.startswith("fund,north,smuggling,smuggling,2026,budget,2,2,fund|north|smuggling|2026,Fund,North,Smuggling,")
    assert (tmp_path / "out" / "areas.csv").read_text("utf-8").splitlines()[2] == "border,Border management,smuggling"
    tables = {t["name"]: t["schema"] for t in json.loads((tmp_path / "out" / "datapackage.json").read_text("utf-8"))["resources"]}
    assert tables["allocation"]["primaryKey"] == ["instrument", "partnership", "area", "year", "action"]
    assert called("run", case, "--plan", tmp_path / "out" / "allocation.csv")
    called("run", write(tmp_path, FLAT), "--csv", tmp_path / "flat")
    assert "action" not in (tmp_path / "flat" / "allocation.csv").read_text("utf-8")


def test_a_workbook_with_actions_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KEYS, "Needs", ("Partnership ID", "Area ID", "Action ID"))
    needs = [*FLAT["needs"], {"partnership": "south", "area": "law", "need": "1", "priority": "3"}]
    halves = rule("share", for_each="action", at_most="50 %", of={"action": "all"})
    called("run", write(tmp_path, {**ACTIONS, "needs": needs, "rules": halves}), "-o", tmp_path / "plan.xlsx")
    with opened(tmp_path / "plan.xlsx", tmp_path / "typed.xlsx") as book:
        rows = [[cell.value for cell in row] for row in book["By action"].iter_rows(min_row=6)]
        assert [row[:2] for row in rows[1:4]] == [
            ["Smuggling", "Border management"],
            ["Smuggling", "Law enforcement"],
            ["Returns", "Returns"],
        ]
        assert [row[0].value for row in book["By area"].iter_rows(min_row=7, max_row=8)] == ["Smuggling", "Returns"]
        type_in(book, "Allocation", ("fund|north|border|2026",), adjustment=-1)
        row, columns = row_of(book["Needs"], "north", "smuggling", "smuggling")
        book["Needs"].cell(row, columns["Need"]).value = 9
        row, columns = row_of(book["Needs"], "south", "smuggling", "law")
        book["Needs"].cell(row, columns["Need"]).value = 2
    called("import", tmp_path / "typed.xlsx", "-o", tmp_path / "back.yaml")
    text = (tmp_path / "back.yaml").read_text("utf-8")
    assert "money: {instrument: fund, partnership: north, action: border, year: 2026}" in text
    assert "{partnership: north, area: smuggling, need: 9}" in text
    assert "{partnership: south, area: law, need: 2}" in text
    recalculated = recalculated_files([tmp_path / "plan.xlsx"], tmp_path)
    assert "every formula, amount and limit is as it was written" in called("verify", recalculated[0])


def test_adjusting_an_area_adjusts_the_needs_of_its_actions(solved: Callable[..., Plan]) -> None:
    needs = [{"partnership": p, "area": "law", "need": "2"} for p in ("north", "south")] + [
        {"partnership": "north", "area": "border", "need": "1"}
    ]
    adjust = {"more": [{"area": "smuggling", "need": "inherited + 1"}], "law": [{"action": "law", "need": "inherited + 50 %"}]}
    assert solved(needs=needs, adjust=adjust).coverage.need.tolist() == [4.5, 4.5, 2]
