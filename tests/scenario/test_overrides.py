"""What a file that extends another loses, says so, or takes away; control totals and passports of tables."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from cases import TINY, TWO_BY_TWO, write
from fundalloc.cli import cli
from fundalloc.errors import ScenarioError
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario

NORTH = "partnership: north, area: returns"
RULES = {
    "pledge": {
        "kind": "amount",
        "says": "A pledge",
        "for_each": "partnership",
        "at_least": {"north": "1", "south": "2"},
        "source": "assumption",
        "soft": "3",
    }
}
BASE = {**TWO_BY_TWO, "rules": RULES}


@pytest.fixture
def child(tmp_path: Path):
    """child(text, **changes of the base): a scenario that extends the base."""

    def load_child(text: str, **changes: object) -> Scenario:
        write(tmp_path, {**BASE, **changes}, "base.yaml")
        (tmp_path / "child.yaml").write_text(f"fundalloc: 1\nscenario: child\nextends: base.yaml\n{text}\n")
        return load(tmp_path / "child.yaml")

    return load_child


def said(scenario: Scenario) -> list[str]:
    return [remark.message for remark in scenario.remarks]


def refused(child, text: str, **changes: object) -> list[str]:
    with pytest.raises(ScenarioError) as raised:
        child(text, **changes)
    return [f"{problem.place.line}: {problem.message}" for problem in raised.value.problems]


def ceiling_by_year() -> dict[str, object]:
    instruments = json.loads(json.dumps(TWO_BY_TWO["instruments"]))
    instruments["a"]["ceiling"] = {"each": {"2026": "10"}, "total": "9"}
    return {"instruments": instruments}


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("adjust: {x: [{area: returns, partnership: north, absorption: inherited + 1}]}", None),
        ("adjust: {x: [{partnership: north, absorption: inherited + 1}]}", "no row that matches has a figure under 'absorption'"),
        (f"needs: [{{{NORTH}, need: 9}}]", "replaces the whole inherited table needs of"),
        (f"needs: {{rows: [{{{NORTH}, need: 9}}]}}", "(2 rows)"),
        ("rules: {plegde: {off: true, reason: x}}", "'plegde' is switched off, but there is none"),
        ("rules: {pledge: {soft: 0}}", "rule 'pledge' costs nothing to break: soft is 0"),
    ],
)
def test_what_is_lost_or_hits_nothing_is_said(child, text, remark):
    if remark is None:
        assert "'area' does not pick a absorption" in " ".join(refused(child, text))
    else:
        assert any(remark in one for one in said(child(text)))


def test_an_instrument_that_is_off_is_adjusted_by_nobody(child):
    off = "instruments: {b: {off: true, reason: x}}\n"
    assert said(child(off + "adjust: {x: [{instrument: b, reserve: 5 %}]}")) == ["adjusts nothing: no instrument matches"]


@pytest.mark.parametrize("text", ["instruments: {a: {ceiling: 8}}", "adjust: {x: [{instrument: a, ceiling: 8}]}"])
def test_one_figure_over_a_ceiling_by_year_says_what_is_lost(child, text):
    (remark,) = child(text, **ceiling_by_year()).remarks
    assert "are lost (2026: 10)" in remark.message
    assert remark.hint == "write {total: 8} to keep them, {total: 8, each: none} to drop them"


@pytest.mark.parametrize(
    "text",
    [
        f"needs: {{replaces: true, rows: [{{{NORTH}, need: 9}}]}}",
        f"needs: {{change: [{{{NORTH}, need: 9}}]}}",
        f"needs: {{change: [{{{NORTH}, need: inherited + 1}}, {{{NORTH}, need: inherited + 1}}]}}",
        "adjust: {x: [{area: returns, need: inherited + 10 %}], y: [{partnership: north, need: inherited + 10 %}]}",
        "instruments: {a: {ceiling: {total: 8, each: none}}}",
    ],
)
def test_what_is_meant_is_no_remark(child, text):
    assert said(child(text, **ceiling_by_year())) == []


def test_two_entries_of_one_file_cannot_contradict_each_other(child):
    twice = f"needs: {{change: [{{{NORTH}, need: 9}}, {{{NORTH}, need: 7}}]}}"
    (problem,) = refused(child, twice)
    assert problem.startswith("4: need '9' is changed twice in one file; first at ")
    assert "changed twice" in str(refused(child, f"needs: {{change: [{{{NORTH}, need: 9}}, {{{NORTH}, off: true, reason: x}}]}}"))
    assert "changed twice" in str(refused(child, f"needs: {{change: [{{{NORTH}, off: true, reason: x}}, {{{NORTH}, need: 9}}]}}"))
    assert "reserve '5 %' of a is changed" in str(refused(child, "adjust: {x: [{instrument: a, reserve: 5 %}], y: [{reserve: 6 %}]}"))
    assert "need '9' is changed" in str(refused(child, f"needs: {{change: [{{{NORTH}, need: 9}}]}}\nadjust: {{x: [{{need: 7}}]}}"))
    assert child(f"needs: {{change: [{{{NORTH}, need: 9}}, {{{NORTH}, need: 9}}]}}").remarks == ()


def test_along_a_chain_the_later_change_wins_and_says_so(child):
    parent = {"needs": {"rows": TWO_BY_TWO["needs"], "change": [{"partnership": "north", "area": "returns", "need": "9"}]}}
    scenario = child(f"needs: {{change: [{{{NORTH}, need: 7}}]}}", **parent)
    assert scenario.tables["needs"].column("need") == ["7", "12"]
    assert "need '9' of" in said(scenario)[0]


def test_none_takes_an_inherited_key_away(child):
    scenario = child("rules: {pledge: {soft: none, at_least: {south: none}}}")
    assert scenario.written_rules[0].soft is None
    assert list(scenario.written_rules[0].at_least) == ["north"]
    cells = child(f"needs: {{change: [{{{NORTH}, priority: none}}]}}").facts.needs.priority
    assert [Fraction(int(n), cells.denominator) for n in cells.numerator] == [1, 2]
    assert child("rules: {pledge: {at_most: none, at_least: none, exactly: 3}}", rules={"pledge": {**RULES["pledge"], "at_most": "9"}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: {pledge: {watch: none}}", "4: nothing is inherited here"),
        ("rules: {pledge: {says: none}}", "4: 'says' cannot be taken away"),
        ("rules: {pledge: none}", "4: 'pledge' cannot be taken away"),
        ("instruments: {a: {source: none}}", "4: 'source' cannot be taken away"),
        ("areas: none", "4: 'areas' is missing"),
        ("rules: {pledge: {soft: none + 2}}", "4: 'none + 2' is not a number"),
    ],
)
def test_none_is_refused_where_it_takes_nothing_or_what_must_be(child, text, message):
    assert message in refused(child, text)


def test_a_quoted_none_is_a_text(child):
    assert child('rules: {pledge: {source: "none"}}').written_rules[0].source == "none"


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ("{rows: 2, sum: 20}", None),
        ("{sum: {need: 20, priority: 3}}", None),
        ("{rows: 3}", "control total of rows: found 2, expected 3, 1 less"),
        ("{sum: 19.9}", "control total of the sum of 'need': found 20, expected 19.9, 0.1 more"),
        ("{sum: {priority: 3.000001}}", "found 3, expected 3.000001, 0.000001 less"),
        ("{sum: {area: 1}}", "'area' cannot be added up"),
        ("{sum: {ned: 1}}", "no column 'ned' to add up"),
        ("{row: 2}", "a control total has other keys"),
    ],
)
def test_a_control_total_must_equal_the_table(child, control, message):
    if message is None:
        assert child(f"needs: {{expect: {control}}}").remarks == ()
    else:
        assert [message in one for one in refused(child, f"needs: {{expect: {control}}}")] == [True]


def test_a_control_total_counts_the_changes_of_its_file_and_those_below(child):
    """North 8 → 9 and South 12: 21. The parent's own total, 20, still holds for the parent's rows."""
    below = {"needs": {"rows": TWO_BY_TWO["needs"], "expect": {"rows": "2", "sum": "20"}}}
    assert child(f"needs: {{change: [{{{NORTH}, need: 9}}], expect: {{sum: 21}}}}", **below)
    wrong = {"needs": {**below["needs"], "expect": {"sum": "21"}}}
    assert "found 20, expected 21, 1 less" in str(refused(child, f"needs: {{change: [{{{NORTH}, need: 9}}]}}", **wrong))
    assert child(f"needs: {{change: [{{{NORTH}, off: true, reason: x}}], expect: {{rows: 1, sum: 12}}}}", **below)


def test_figures_of_a_rule_may_have_a_control_total(child, tmp_path):
    (tmp_path / "floors.csv").write_text("partnership,floor\nnorth,1.5\nsouth,2\n")
    limit = "rules: {pledge: {at_least: {file: floors.csv, column: floor, expect: {rows: 2, sum: %s}}}}"
    assert child(limit % "3.5", rules={"pledge": {k: v for k, v in RULES["pledge"].items() if k != "at_least"} | {"at_most": "9"}})
    assert "found 3.5, expected 3, 0.5 more" in str(refused(child, limit % "3"))


def test_a_passport_says_what_was_read(child):
    gone = f"{{{NORTH}, off: true, reason: x}}, {{partnership: south, area: returns, need: 13.25}}"
    passport = child(f"needs: {{change: [{gone}]}}").passports["needs"]
    assert (passport["rows"], passport["sums"]["need"], passport["switched_off"], passport["changed"]) == (1, "13.25", 1, 1)
    assert child(f"needs: [{{{NORTH}, need: 9}}]").passports["needs"]["replaced"]


def test_figures_of_a_rule_have_a_passport_with_what_a_variant_says_beside_the_file(child, tmp_path):
    """1.5 of the file becomes 4 for North, South keeps 2: 6 in two rows."""
    (tmp_path / "floors.csv").write_text("partnership,floor\nnorth,1.5\nsouth,2\n")
    below = {"pledge": {k: v for k, v in RULES["pledge"].items() if k != "at_least"} | {"at_most": "9"}}
    limit = "rules: {pledge: {at_least: {file: floors.csv, column: floor%s}}}"
    as_it_stands = child(limit % "", rules=below).passports["rules.pledge.at_least"]
    assert (as_it_stands["file"], as_it_stands["range"], as_it_stands["sums"]) == ("floors.csv", "1:3", {"floor": "3.5"})
    passport = child(limit % ", north: 4", rules=below).passports["rules.pledge.at_least"]
    assert (passport["rows"], passport["sums"]["floor"], passport["changed"], passport["added"]) == (2, "6", 1, 0)


def test_the_run_log_says_what_was_read_of_every_table(tmp_path):
    """In four languages, the same figures; outside it stays away, because it names sums of priorities."""
    for language, said in (("en", "rows: 9"), ("de", "Zeilen: 9"), ("fr", "lignes\u00a0: 9"), ("bg", "редове: 9")):
        for audience in ((), ("--for", "outside")) if language == "en" else ((),):
            made = tmp_path / f"{language}{len(audience)}.xlsx"
            ran = CliRunner().invoke(cli, ["run", str(TINY), "-o", str(made), "--lang", language, *audience])
            assert ran.exit_code == 0, ran.output
            sheet = next(s for s in openpyxl.load_workbook(made) if "RunLog" in s.tables)
            found = [str(row[1].value) for row in sheet.iter_rows() if "needs" in str(row[0].value)]
            assert [said in text and "need 100.5" in text for text in found] == ([] if audience else [True])


def test_remarks_and_passports_reach_every_reader(tmp_path):
    (tmp_path / "v.yaml").write_text(f"fundalloc: 1\nscenario: v\nextends: {TINY}\nrules: {{legal-floor: {{soft: 0}}}}\n")
    call = CliRunner().invoke
    ran = call(cli, ["run", str(tmp_path / "v.yaml"), "-n", "--json", "--allow-outside"])
    assert "warning: " in ran.stderr
    result = json.loads(ran.stdout)["result"]
    assert "costs nothing to break" in result["remarks"][0]["says"]
    assert result["log"]["tables"]["needs"]["sums"]["need"] == "100.5"
    checked = call(cli, ["check", str(tmp_path / "v.yaml"), "--tables", "--allow-outside"])
    assert checked.stdout.count("costs nothing to break") == 1
    assert "9 rows, need 100.5, priority 3.9" in checked.stdout


def test_runs_of_several_files_say_the_remarks_of_each(tmp_path, monkeypatch):
    monkeypatch.setenv("FUNDALLOC_LEDGER", str(tmp_path / "ledger"))
    for name in ("a", "b"):
        write(tmp_path, {**BASE, "rules": {"pledge": {**RULES["pledge"], "soft": "0"}}}, f"{name}.yaml")
    ran = CliRunner().invoke(cli, ["run", *(str(tmp_path / f"{name}.yaml") for name in "ab"), "-n", "-j", "1"])
    assert ran.stderr.count("costs nothing to break") == 2
