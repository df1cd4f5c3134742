"""`fundalloc new --from PLAN --year Y`: the years before Y are closed to the plan, the rest is open again."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from cases import SHIPPED, TWO_BY_TWO, write
from fundalloc.scenario.loading import load

pytest_plugins = ("calls",)


def amounts(fundalloc, scenario: Path, *before: str) -> dict[str, float]:
    rows = json.loads(fundalloc("run", scenario, "-n", "--json", "--quick").stdout)["result"]["allocation"]
    return {row["key"]: row["amount"] for row in rows if row["key"].endswith(before)}


def decided(folder: Path) -> list[list[str]]:
    with (folder / "decided.csv").open(encoding="utf-8") as file:
        return [list(row.values())[:8] for row in csv.DictReader(file)]


def test_the_past_is_closed_to_the_plan(fundalloc, variant, result_of, tmp_path):
    scenario = variant(("rules:", "expect: {score: 1}\nrules:"))
    result = fundalloc("new", tmp_path / "next", "--from", result_of(scenario), "--year", "2026")
    assert result.exit_code == 0, result.stderr
    rolled = tmp_path / "next" / "scenario-2026.yaml"
    assert result.stdout.splitlines()[0] == f"Wrote {rolled}"
    assert result.stdout.splitlines()[-1] == f"Next: fundalloc check {rolled}"
    checked = fundalloc("check", rolled)
    assert checked.exit_code == 0
    assert "A plan that satisfies all hard rules exists" in checked.stdout
    assert amounts(fundalloc, rolled, "2025") == amounts(fundalloc, scenario, "2025")
    loaded = load(rolled)
    prepared = yaml.safe_load(rolled.read_text("utf-8"))["rules"]
    assert {name: rule["off"] for name, rule in prepared.items()} == {"flexibility-clause": True, "moves-between-areas": True}
    on = rolled.with_name("on.yaml")  # switched on, both limbs can be kept
    rules = {name: {key: value for key, value in rule.items() if key not in ("off", "reason")} for name, rule in prepared.items()}
    on.write_text(json.dumps(yaml.safe_load(rolled.read_text("utf-8")) | {"rules": rules}), "utf-8")
    assert set(prepared) <= {rule.id for rule in load(on).written_rules}
    assert "A plan that satisfies all hard rules exists" in fundalloc("check", on).stdout
    assert (loaded.id, loaded.head.state, loaded.facts.closed, loaded.head.expect) == ("tiny-2026", "draft", frozenset({2025}), None)


def test_decisions_keep_their_words_and_the_rest_is_locked(fundalloc, variant, result_of, tmp_path):
    def round_figures(content):
        for row in content["allocation"]:
            row["amount"] = {"ndici|tunisia|smuggling|2025": 5.5, "ndici|egypt|smuggling|2026": 4}.get(row["key"], row["decided"])

    fundalloc("new", tmp_path / "next", "--from", result_of(variant(), round_figures), "--year", "2026")
    assert decided(tmp_path / "next") == [
        ["ndici", "tunisia", "smuggling", "2025", "3.5", "committed", "Made-up decision 1", ""],
        ["ndici", "tunisia", "smuggling", "2025", "2", "locked", "plan of 2024-11-25", "plan.json"],
        ["amif", "global", "returns", "2025", "2", "locked", "Made-up decision 2", ""],
        ["member-states", "egypt", "legal-pathways", "2025", "1.5", "given", "Made-up contribution", ""],
        ["guarantee", "egypt", "legal-pathways", "2026", "40", "given", "Made-up guarantee", ""],
    ]


def test_less_than_decided_is_locked_at_the_plan(fundalloc, variant, plan_csv, tmp_path):
    plan = plan_csv({"ndici|tunisia|smuggling|2025": 3})
    result = fundalloc("new", tmp_path / "next", "--from", plan, "--year", "2026", "--scenario", variant())
    assert decided(tmp_path / "next")[0] == ["ndici", "tunisia", "smuggling", "2025", "3", "locked", "plan of 2024-11-25", "plan.csv"]
    assert "Note: the plan breaks 6 demands that must hold" in result.stderr


def test_what_the_scenario_names_comes_along(fundalloc, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    mine = home / "mine.yaml"
    mine.write_text("extends: tables/two.yaml\nscenario: mine\nneeds: {file: 'tables/my needs.csv'}\n", "utf-8")
    (home / "tables").mkdir()
    (home / "tables" / "my needs.csv").write_text("partnership,area,need\nnorth,returns,8\nsouth,returns,12\n", "utf-8")
    (home / "tables" / "floors.csv").write_text("partnership,floor\nsouth,2\n", "utf-8")
    floor = {"kind": "amount", "says": "Floor", "source": "assumption", "for_each": "partnership"}
    limit = {"at_least": {"file": "floors.csv", "column": "floor"}}
    ceiling = {"each": {"2026": "10", "2027": "5"}}
    case = {**TWO_BY_TWO, "years": "2026-2027", "rules": {"floor": {**floor, **limit}}}
    case["instruments"] = {**case["instruments"], "a": {**case["instruments"]["a"], "ceiling": ceiling}}
    write(home / "tables", case, "two.yaml")
    plan = tmp_path / "plan.json"
    plan.write_text(fundalloc("run", mine, "-n", "--json").stdout, "utf-8")
    result = fundalloc("new", tmp_path / "next", "--from", plan, "--year", "2027")
    assert result.exit_code == 0, result.stderr
    found = sorted(str(p.relative_to(tmp_path / "next")) for p in (tmp_path / "next").rglob("*") if p.is_file())
    originals = ["original/mine.yaml", "original/tables/floors.csv", "original/tables/my needs.csv", "original/tables/two.yaml"]
    assert found == ["decided.csv", "mine-2027.yaml", *originals, "plan.json", "schema.json"]
    assert fundalloc("check", tmp_path / "next" / "mine-2027.yaml").exit_code == 0
    assert amounts(fundalloc, tmp_path / "next" / "mine-2027.yaml", "2026") == amounts(fundalloc, mine, "2026")


def test_a_rolled_scenario_rolls_on(fundalloc, variant, result_of, tmp_path):
    scenario = variant(("years: 2025-2026", "years: 2025-2027"), ("2026: 30}", "2026: 30, 2027: 10}"))
    first = tmp_path / "first" / "scenario-2026.yaml"
    assert fundalloc("new", first.parent, "--from", result_of(scenario), "--year", "2026").exit_code == 0
    again = fundalloc("new", tmp_path / "second", "--from", result_of(first, name="again.json"), "--year", "2027")
    assert again.exit_code == 0, again.stderr
    second = tmp_path / "second" / "scenario-2027.yaml"
    assert fundalloc("check", second).exit_code == 0
    assert amounts(fundalloc, second, "2025", "2026") == amounts(fundalloc, first, "2025", "2026")
    assert load(second).id == "tiny-2027"
    backwards = fundalloc("new", tmp_path / "third", "--from", result_of(second, name="third.json"), "--year", "2026")
    assert (backwards.exit_code, backwards.stderr) == (2, "--year 2026: 2026 is already closed.\n")


CLAUSE = {"for_each": ["instrument", "partnership", "year"], "source": "assumption", "says": "{member}: within {limit} of the plan"}


def test_what_is_open_stands_first_the_clause_moves_on_and_what_is_over_is_off(fundalloc, tmp_path, plan_csv):
    """10 a year for A: the plan gave North 6 in 2026 and 5 in 2027, South the rest. In 2027 the clause leaves North between 4 and 6."""
    rules = {
        "pledge": {"kind": "amount", "says": "Pledge", "source": "x", "money": {"partnership": "north", "year": "2026"}, "at_least": "7"},
        "yearly": {"kind": "amount", "says": "{year}", "source": "x", "for_each": "year", "money": {"year": "2026-2028"}, "at_least": "1"},
        "whole": {"kind": "amount", "says": "Whole", "source": "x", "money": {"partnership": "north"}, "at_least": "9"},
        "clause": {**CLAUSE, "kind": "deviation", "within": "20 %", "money": {"year": "2026"}},
        "moves": {**CLAUSE, "kind": "reassignment", "between": "area", "at_most": "20 %", "money": {"year": "2026"}},
    }
    a = {"name": "A", "source": "assumption", "ceiling": {"each": "10"}}
    first = plan_csv({"a|north|returns|2026": 6, "a|south|returns|2026": 4}, "first.csv")
    case = {**TWO_BY_TWO, "years": "2026-2028", "instruments": {"a": a}, "rules": rules, "baseline": first.name}
    case["eligibility"] = [row for row in TWO_BY_TWO["eligibility"] if row["instrument"] == "a"]
    lines = {
        f"a|{who}|returns|{year}": n for who, year, n in (("north", 2026, 6), ("south", 2026, 4), ("north", 2027, 5), ("south", 2027, 5))
    }
    result = fundalloc("new", tmp_path / "next", "--from", plan_csv(lines), "--year", "2027", "--scenario", write(tmp_path, case))
    assert result.exit_code == 0, result.stderr
    rolled = tmp_path / "next" / "case-2027.yaml"
    assert result.stderr.splitlines()[0] == "Open: EUR 20.0 million from 2027 on (A 20.0)."
    assert "# Open: EUR 20.0 million from 2027 on (A 20.0).\n" in rolled.read_text("utf-8")
    written = yaml.safe_load(rolled.read_text("utf-8"))
    assert written["baseline"] == "plan.csv"
    assert written["rules"] == {
        "pledge": {"off": True, "reason": "its years are over"},
        "yearly": {"money": {"year": "2027-2028"}},
        "clause": {"money": {"year": 2027}},
        "moves": {"money": {"year": 2027}},
    }
    checked = fundalloc("check", rolled)
    assert checked.exit_code == 0, checked.output
    assert "decision" not in checked.output
    assert 4 <= amounts(fundalloc, rolled, "2027")["a|north|returns|2027"] <= 6


def test_carried_money_stays_where_it_was_used(fundalloc, tmp_path, plan_csv):
    """10 a year: 4 are left of the first year and used in the second, which then holds 14."""
    a = {"name": "A", "source": "assumption", "ceiling": {"each": "10"}, "carry_over": {"share": "50 %"}}
    case = {**TWO_BY_TWO, "years": "2026-2028", "instruments": {**TWO_BY_TWO["instruments"], "a": a}}
    plan = plan_csv({"a|north|returns|2026": 6, "a|south|returns|2027": 14})
    result = fundalloc("new", tmp_path / "next", "--from", plan, "--year", "2028", "--scenario", write(tmp_path, case))
    assert result.exit_code == 0, result.stderr
    past = amounts(fundalloc, tmp_path / "next" / "case-2028.yaml", "2026", "2027")
    assert past == {"a|north|returns|2026": 6.0, "a|south|returns|2027": 14.0}


def test_adjusted_ceilings_stay_as_they_were(fundalloc, variant, result_of, tmp_path):
    """AMIF: 1 of 2 × 10 goes, so 9.5 a year; 10 % less in 2025 is 8.55, of which 8.5 are whole steps. Adjusting spares closed years."""
    cut = "cut: [{instrument: amif, year: 2025, ceiling: inherited - 10 %}, {area: returns, need: inherited + 10 %}]"
    scenario = variant(("rules:", f"adjust:\n  less: {{instrument: amif, ceiling: inherited - 1}}\n  {cut}\nrules:"))
    result = fundalloc("new", tmp_path / "next", "--from", result_of(scenario), "--year", "2026")
    assert result.exit_code == 0, result.stderr
    before, after = load(scenario).facts, load(tmp_path / "next" / "scenario-2026.yaml").facts
    assert before.ceilings.full[1].tolist() == [85, 95]
    assert after.ceilings.full[1].tolist() == before.ceilings.full[1].tolist()
    assert after.ceilings.full_total.tolist() == before.ceilings.full_total.tolist()
    assert after.needs.need.values.tolist() == before.needs.need.values.tolist()


def test_a_shipped_scenario_rolls_forward(fundalloc, result_of, tmp_path):
    scenario = next(path for path in SHIPPED if path.match("mff-2021-2027/baseline.yaml"))
    assert fundalloc("new", tmp_path / "next", "--from", result_of(scenario), "--year", "2026").exit_code == 0
    past, rolled = tuple(str(year) for year in range(2021, 2026)), tmp_path / "next" / "baseline-2026.yaml"
    assert amounts(fundalloc, rolled, *past) == amounts(fundalloc, scenario, *past)
    off = {name for name, rule in yaml.safe_load(rolled.read_text("utf-8"))["rules"].items() if rule.get("off")}
    by_hand = yaml.safe_load(scenario.with_name("outlook-2026.yaml").read_text("utf-8"))["rules"]
    assert off - {"flexibility-clause", "moves-between-areas"} == {
        name for name, rule in by_hand.items() if False in rule
    }  # `off` without quotes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--year is missing"),
        (("--year", "2025"), "--year 2025: the first open year must lie from 2026 to 2026."),
        (("--year", "2027"), "--year 2027: the first open year must lie from 2026 to 2026."),
    ],
)
def test_years_that_make_no_sense_exit_2(fundalloc, variant, result_of, tmp_path, options, message):
    result = fundalloc("new", tmp_path / "next", "--from", result_of(variant()), *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not (tmp_path / "next").exists()


def test_year_and_scenario_belong_to_a_plan(fundalloc, tmp_path):
    assert fundalloc("new", tmp_path / "next", "--year", "2026").exit_code == 2
    assert fundalloc("new", tmp_path / "next", "--from", "mff-2021-2027", "--scenario", "x.yaml").exit_code == 2


def test_a_folder_with_files_is_left_alone(fundalloc, variant, result_of, tmp_path):
    (tmp_path / "next").mkdir()
    (tmp_path / "next" / "note.txt").write_text("keep me")
    assert fundalloc("new", tmp_path / "next", "--from", result_of(variant()), "--year", "2026").exit_code == 6
    assert [p.name for p in (tmp_path / "next").iterdir()] == ["note.txt"]


def test_another_state_of_the_scenario_is_said(fundalloc, variant, result_of, tmp_path):
    plan = result_of(variant())
    variant(("need: 12.5", "need: 12.4"))
    result = fundalloc("new", tmp_path / "next", "--from", plan, "--year", "2026")
    assert result.exit_code == 0
    assert "was made from another state of" in result.stderr


def test_a_workbook_brings_its_own_scenario(fundalloc, variant, tmp_path):
    scenario = variant()
    fundalloc("run", scenario, "-o", tmp_path / "plan.xlsx", "-q")
    before = amounts(fundalloc, scenario, "2025")
    scenario.unlink()
    result = fundalloc("new", tmp_path / "next", "--from", tmp_path / "plan.xlsx", "--year", "2026")
    assert result.exit_code == 0, result.stderr
    assert amounts(fundalloc, tmp_path / "next" / "scenario-2026.yaml", "2025") == before


def test_a_workbook_run_with_settings_needs_its_scenario_named(fundalloc, variant, tmp_path):
    fundalloc("run", variant(), "--set", "instruments.amif.ceiling.each=9", "-o", tmp_path / "plan.xlsx", "-q")
    result = fundalloc("new", tmp_path / "next", "--from", tmp_path / "plan.xlsx", "--year", "2026")
    assert result.exit_code == 2
    assert "was run with --set or --baseline: extract its scenario" in result.stderr
