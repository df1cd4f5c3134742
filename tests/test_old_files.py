"""What earlier versions wrote stays readable, verifiable, importable. `fixtures/VERSION/make.sh` says how the files were made.

A change of meaning enters `fundalloc.versions.MEANINGS`; these files are never made again, and no test here may be loosened.
"""

import json
import shutil
import tomllib

import openpyxl
import pytest
from click.testing import CliRunner

from cases import ROOT
from fundalloc.back.circulated import open_circulated
from fundalloc.back.own_rules import OwnRules
from fundalloc.back.verifying import other_book
from fundalloc.cli import cli
from fundalloc.compare.results import state_of_book
from fundalloc.labels import LANGUAGES, Language, label
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import read_plan
from fundalloc.scenario.workbooks.cells import BookFile, find_grid
from fundalloc.versions import MEANINGS, VERSION, later

pytestmark = pytest.mark.lowest
OLD = ROOT / "tests" / "fixtures" / "0.1.0"
CASES = {"tiny": "tiny.yaml", "small": "small/small.yaml"}
KIND = ("line_key", "kind_of_money")
FORMS = ["{}.xlsx", "{}.json", "csv/{}", "csv/{}/allocation.csv"]
RESULTS = [*((case, form) for case in CASES for form in FORMS), ("tiny", "{}_outside.xlsx")]
PAST = ("--set", "past=reconstructed")
"""What a scenario of version 0.1.0 has to say before it is planned again, as its first year is over."""
TOTAL = {"tiny": "73.7", "small": "119.0"}
"""EUR million as version 0.1.0 printed them below its table of partnerships."""


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with copies of the old files, as the current folder."""
    shutil.copytree(OLD, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words, code=0):
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize(("case", "form"), RESULTS)
def test_amounts_are_read_as_they_were(case, form):
    dimensions = load(OLD / CASES[case], recorded=True).facts.dimensions
    json_, other = (read_plan(OLD / name.format(case), dimensions) for name in ("{}.json", form))
    assert {k: v for k, v in other.amounts.items() if v} == {k: v for k, v in json_.amounts.items() if v}
    assert f"{float(sum(other.amounts.values())):.1f}" == TOTAL[case]


@pytest.mark.parametrize("book", ["tiny.xlsx", "small.xlsx", "tiny_bg.xlsx"])
def test_a_workbook_is_verified_from_itself_alone(desk, book):
    result = call("verify", book)
    assert "all hold" in result.stdout
    assert "proved: no plan that keeps every hard rule can exceed" in result.stdout
    assert "every amount and limit is as it was written" in result.stdout
    assert f"written by fundalloc 0.1.0, this is {VERSION}: only amounts and limits are compared." in result.stderr


def test_a_copy_that_was_typed_into_names_the_changed_limit(desk):
    result = call("verify", "tiny_JD.xlsx", code=7)
    assert "not verified: 1 thing wrong" in result.stderr
    assert "Rules!G11: the limit was changed: found 28, expected 6.5" in result.stderr


@pytest.mark.parametrize(("case", "form"), RESULTS)
def test_a_result_is_verified_against_its_scenario(desk, case, form):
    assert "all hold" in call("verify", form.format(case), CASES[case]).stdout


@pytest.mark.parametrize("result", ["tiny.xlsx", "tiny.json", "tiny_outside.xlsx"])
def test_verify_says_what_was_meant_otherwise(desk, result):
    scenario = [] if result == "tiny.xlsx" else ["tiny.yaml"]
    said = call("verify", result, *scenario).stderr
    assert f"{result} was made under older meanings. Since then:" in said
    assert all(meaning.says in said for meaning in MEANINGS)
    assert json.loads(call("verify", result, *scenario, "--json", "-q").stdout)["result"]["older_meanings"] == [m.says for m in MEANINGS]


def test_a_result_of_this_version_has_no_older_meanings(desk):
    call("run", "tiny.yaml", *PAST, "-o", "new.xlsx", "-q")
    result = call("verify", "new.xlsx", "--json")
    assert json.loads(result.stdout)["result"]["older_meanings"] == []
    assert "older meanings" not in result.stderr


def test_only_what_a_meaning_names_may_differ(desk, monkeypatch):
    monkeypatch.setattr("fundalloc.versions.MEANINGS", (MEANINGS[0].__class__("0.2.0", "The score is counted otherwise.", ("score",)),))
    stated = json.loads((desk / "tiny.json").read_text("utf-8"))
    for figure, code in (("score", 0), ("impact", 7)):
        (desk / "other.json").write_text(json.dumps({**stated, figure: 1.0}), "utf-8")
        result = call("verify", "other.json", "tiny.yaml", code=code)
        assert f"{figure}: stated 1.0, recomputed" in result.stderr


def test_versions_are_told_apart():
    assert later("0.1.0") == MEANINGS
    assert later(VERSION) == later("") == later("10.0.0") == ()
    assert all(VERSION.startswith(meaning.since) or later(meaning.since) != MEANINGS for meaning in MEANINGS)


@pytest.mark.parametrize(("book", "changes"), [("tiny.xlsx", 0), ("small.xlsx", 0), ("tiny_bg.xlsx", 0), ("tiny_JD.xlsx", 2)])
def test_a_workbook_is_imported(desk, book, changes):
    result = call("import", book, "-o", "adjusted.yaml")
    assert ("Nothing was changed or said." in result.stderr) == (changes == 0)
    text = (desk / "adjusted.yaml").read_text("utf-8")
    call("run", "adjusted.yaml", "-n")
    if changes:
        assert "1 amount adjusted, 1 limit changed." in text
        assert "exactly: 8.8" in text
        assert "packages: {at_least: {egypt: 28}}" in text


@pytest.mark.parametrize(("book", "case"), [("tiny.xlsx", "tiny"), ("small.xlsx", "small"), ("tiny_bg.xlsx", "tiny")])
def test_the_scenario_is_extracted_as_it_was(desk, book, case):
    call("extract", book, "out")
    for file in (desk / "out").iterdir():
        assert file.read_bytes() == next(f for f in (desk / file.name, desk / case / file.name) if f.exists()).read_bytes()
    assert load(desk / "out" / f"{case}.yaml", recorded=True).digest == load(OLD / CASES[case], recorded=True).digest


@pytest.mark.parametrize("form", [*FORMS, "{}_bg.xlsx", "{}_outside.xlsx"])
def test_a_plan_is_a_baseline_a_plan_to_score_and_a_side_to_compare(desk, form):
    result = form.format("tiny")
    assert "Baseline" in call("run", "tiny.yaml", *PAST, "--baseline", result, "-n").stdout
    assert "Best plan" in call("run", "tiny.yaml", *PAST, "--plan", result, "-n", "--set", "rules.legal-floor.soft=3").stdout
    assert "Score" in call("compare", result, "small.json").stdout or form.startswith("csv") or "outside" in form
    if not form.startswith("csv"):
        assert "ndici|tunisia|smuggling|2026: 3.7" in call("show", result).stdout


def test_words_that_were_changed_since_are_read(desk):
    """Status, headroom and kind of money had other words, in English too."""
    assert "legal-floor | sahel | at least: at limit, 2.5, 2.496" in call("show", "tiny_bg.xlsx").stdout
    rules, allocation = (
        find_grid(BookFile(desk / "tiny_bg.xlsx"), *of) for of in (("rules", ("rule",), ("headroom",)), ("allocation", KIND))
    )
    assert "headroom" in rules.columns
    assert {allocation.cell(row, KIND[1]).text for row in allocation.body} == {"Бюджет на ЕС", "Партньори"}
    stated, _ = state_of_book(BookFile(desk / "tiny_bg.xlsx"), {})
    assert {line["counts"] for line in stated["allocation"]} == {"budget", "partner"}
    assert {(rule["status"], rule["enforced"]) for rule in stated["rules"]} >= {("ok", "hard"), ("at limit", "soft")}


def test_a_rule_of_ones_own_by_a_former_kind_of_money_is_imported(desk):
    """=SUMIFS over money of partners, as version 0.1.0 headed it."""
    circulated = open_circulated(desk / "tiny.xlsx")
    plan = circulated.plan(circulated.scenario())
    reader = OwnRules(plan, circulated.language, {}).reader
    assert reader.selection('=SUMIFS(Allocation[Planned],Allocation[Kind of money],"Partner")') == {"instrument": "member-states"}
    assert reader.selection("=SUM(Allocation[Towards Development aid (ODA)])") == {"marker": "oda"}


@pytest.mark.parametrize(
    ("title", "kind"), [("Sweep: x", "sweep"), ("Plans de rechange: x", "alternatives"), ("Чувствителност: x", "sweep")]
)
def test_a_study_is_known_by_its_former_title(tmp_path, title, kind):
    book = openpyxl.Workbook()
    book.active["A1"] = title
    book.save(tmp_path / "study.xlsx")
    assert other_book(tmp_path / "study.xlsx") == kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_former_words_differ_from_those_of_today(language):
    former = tomllib.loads((ROOT / "src" / "fundalloc" / "labels" / "former" / f"{language}.toml").read_text("utf-8"))
    assert former
    assert not [key for key, text in former.items() if label(key, language) == text]
    assert all(label(key, Language(language, former=True)) == text for key, text in former.items())


@pytest.mark.parametrize("result", ["small.xlsx", "small.json"])
def test_a_plan_is_rolled_forward(desk, result):
    call("new", "next", "--from", result, "--year", "2026")
    call("check", "next/small-2026.yaml")


def test_changes_are_shared_out_from_a_result_of_an_earlier_version(desk):
    """The scenarios in between need not say of years that are over what the two sides need not say."""
    changed = "extends: tiny.yaml\nscenario: other\npast: reconstructed\n"
    (desk / "other.yaml").write_text(
        changed + "instruments: {amif: {ceiling: {each: 12}}}\nrules: {legal-floor: {at_least: 5 %}}\n", "utf-8"
    )
    assert "of the changes (2; 2 programs solved in between)" in call("compare", "tiny.xlsx", "other.yaml").stdout


def test_a_scenario_of_an_earlier_version_has_the_same_fingerprint():
    for case, file in CASES.items():
        assert load(OLD / file, recorded=True).digest == json.loads((OLD / f"{case}.json").read_text("utf-8"))["scenario"]["digest"]


def test_a_scenario_of_an_earlier_version_is_told_what_it_must_say(desk):
    said = call("run", "tiny.yaml", "-n", code=3).stderr
    assert "tiny.yaml:9:8: 2025: before as_of (2026-11-23) and not closed" in said
    assert "write `closed: 2025` (only decided money counts), or `past: reconstructed`" in said


def test_a_ledger_opens_and_lists(desk):
    listed = json.loads(call("runs", "list", "--ledger", "runs.sqlite", "--json").stdout)["result"]["runs"]
    assert [(e["scenario"], e["status"], e["version"]) for e in listed] == [("small", "optimal", "0.1.0"), ("tiny", "optimal", "0.1.0")]
    assert "A made-up case with everything" in call("runs", "show", "small", "--ledger", "runs.sqlite").stdout
    call("run", "tiny.yaml", "small/small.yaml", *PAST, "--ledger", "runs.sqlite", "-n")
    assert len(json.loads(call("runs", "list", "--ledger", "runs.sqlite", "--json").stdout)["result"]["runs"]) == 4


def test_a_comparison_is_shown(desk):
    assert "small | A made-up case with everything" in call("show", "comparison.xlsx").stdout
