"""A run in every language: the terminal, the workbook and the scenario's own texts say nothing in English that could be said otherwise."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
import yaml
from catalogues import OTHERS, TEXTS
from click.testing import CliRunner
from openpyxl.workbook import Workbook

from cases import ROOT
from fundalloc.cli import cli
from fundalloc.export.workbook import workbook_bytes
from fundalloc.labels import LANGUAGES, label
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load

TINY = ROOT / "examples" / "tiny" / "tiny.yaml"
SHIPPED = sorted((ROOT / "scenarios").glob("*/*.yaml"))

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solve(load(TINY))


@pytest.fixture(scope="module")
def books(plan: Plan) -> dict[str, Workbook]:
    return {language: openpyxl.load_workbook(BytesIO(workbook_bytes(plan, language))) for language in LANGUAGES}


def cells(book: Workbook) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of every cell that holds text, formulas included."""
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    yield f"{sheet.title}!{cell.coordinate}", cell.value


def english_only() -> list[str]:
    """Return the English texts of some length that no other language shares, without their placeholders."""
    plain = {text for key, text in TEXTS["en"].items() if "{" not in text and len(text) > 12 and " " in text}
    named = {"Member States"}  # an instrument of the case has this name
    return sorted(plain - named - {text for language in OTHERS for text in TEXTS[language].values()})


class TestWorkbook:
    def test_has_the_same_sheets_in_every_language(self, books: dict[str, Workbook]) -> None:
        keys = {label(f"sheet.{key}.name"): key for key in (k.split(".")[1] for k in TEXTS["en"] if re.fullmatch(r"sheet\.\w+\.name", k))}
        english = [keys[name] for name in books["en"].sheetnames]
        for language, book in books.items():
            assert book.sheetnames == [label(f"sheet.{key}.name", language) for key in english]

    def test_has_the_same_tables_columns_and_formulas_in_every_language(self, books: dict[str, Workbook]) -> None:
        for language in OTHERS:
            for ours, english in zip(books[language], books["en"], strict=True):
                assert ours.tables.items() == english.tables.items()
                both = zip((c for row in ours.iter_rows() for c in row), (c for row in english.iter_rows() for c in row), strict=True)
                assert all((a.data_type == "f") == (b.data_type == "f") for a, b in both), ours.title

    def test_no_two_columns_of_a_table_share_a_heading(self, books: dict[str, Workbook]) -> None:
        for language, book in books.items():
            for sheet in book:
                for table in sheet.tables.values():
                    headings = [column.name.casefold() for column in table.tableColumns]
                    assert len(set(headings)) == len(headings), f"{language}: {sheet.title}"

    @pytest.mark.parametrize("language", OTHERS)
    def test_says_nothing_in_english(self, books: dict[str, Workbook], language: str) -> None:
        found = [(place, text) for place, text in cells(books[language]) for english in english_only() if english in text]
        assert not found

    @pytest.mark.parametrize("language", OTHERS)
    def test_a_text_in_a_formula_is_short_enough_for_excel(self, books: dict[str, Workbook], language: str) -> None:
        """Excel takes 255 characters between two quotes, and 8 192 for a whole formula."""
        for place, text in cells(books[language]):
            if text.startswith("="):
                assert len(text) <= 8192, place
                assert all(len(quoted) <= 255 for quoted in re.findall(r'"((?:[^"]|"")*)"', text)), place

    def test_the_scenario_chooses_the_language_and_the_caller_may_choose_another(self, tmp_path: Path) -> None:
        variant = tmp_path / "variant.yaml"
        variant.write_text(TINY.read_text("utf-8") + "\noutput: {language: bg}\n", "utf-8")
        plan = solve(load(variant))
        assert openpyxl.load_workbook(BytesIO(workbook_bytes(plan))).sheetnames[0] == "Корица"
        assert openpyxl.load_workbook(BytesIO(workbook_bytes(plan, "de"))).sheetnames[0] == "Deckblatt"


class TestTerminal:
    @pytest.mark.parametrize("language", OTHERS)
    def test_says_nothing_in_english(self, language: str) -> None:
        shown = CliRunner().invoke(cli, ["run", str(TINY), "-n", "--lang", language])
        assert shown.exit_code == 0, shown.output
        report = [text for key, text in TEXTS["en"].items() if key.startswith("report.") and "{" not in text]
        ours = set(TEXTS[language].values())
        assert not [text for text in report if text not in ours and re.search(rf"\b{re.escape(text)}\b", shown.output)]
        assert label("report.line.proof", language) in shown.output
        assert "52,2" in shown.output
        assert "52.2" not in shown.output

    def test_an_unknown_language_is_refused_with_the_known_ones(self) -> None:
        shown = CliRunner().invoke(cli, ["run", str(TINY), "-n", "--lang", "xx"])
        assert shown.exit_code == 2
        assert "'bg', 'de', 'en', 'fr'" in shown.output

    def test_names_of_built_in_rules_come_in_the_language(self, plan: Plan) -> None:
        scenario = plan.scenario
        ceiling = next(rule for rule in scenario.rules if rule.id == "ceiling")
        member = (scenario.facts.instruments[0].id, "total")
        name = scenario.facts.instruments[0].name.within("de")
        assert ceiling.sentence(member, scenario.names("de"), "de") == f"{name}: Obergrenze gesamt"
        assert ceiling.sentence(member, scenario.names("bg"), "bg").endswith(": таван общо")


def texts_of(node: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every text that a scenario shows, with its place in the file."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("title", "name", "short", "says", "migration_money") or (key == "reason" and path[:1] in (("exclude",), ("allow",))):
                yield (*path, str(key)), value
            else:
                yield from texts_of(value, (*path, str(key)))


def translated(node: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Yield the place and the languages of every text that is given in English and further languages."""
    if isinstance(node, list):
        node = {str(k): child for k, child in enumerate(node)}
    if isinstance(node, dict):
        if "en" in node:
            yield path, set(node)
        for key, child in node.items():
            yield from translated(child, (*path, str(key)))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.stem}")
class TestShippedScenarios:
    def test_every_shown_text_is_given_in_every_language(self, file: Path) -> None:
        """Those that a sheet or a report always shows; whatever else is given in two languages is given in all."""
        raw = yaml.safe_load(file.read_text("utf-8"))
        assert not {"/".join(path) for path, languages in translated(raw) if languages != set(LANGUAGES)}
        shown = {"/".join(path): text for path, text in texts_of(raw)}
        assert shown
        lacking = {path for path, text in shown.items() if not isinstance(text, dict) or set(text) != set(LANGUAGES)}
        assert not lacking

    def test_sentences_have_the_same_placeholders_in_every_language(self, file: Path) -> None:
        raw = yaml.safe_load(file.read_text("utf-8"))
        for path, text in texts_of(raw):
            assert isinstance(text, dict)
            found = {frozenset(re.findall(r"\{\w+\}", said)) for said in text.values()}
            assert len(found) == 1, path
            figures = {tuple(sorted(re.findall(r"\d+", said))) for said in text.values()}
            assert len(figures) == 1, path


@pytest.mark.parametrize("folder", sorted({file.parent for file in SHIPPED}), ids=lambda folder: folder.name)
def test_every_partnership_has_a_name_in_every_language(folder: Path) -> None:
    scenario = load(folder / "baseline.yaml")
    lacking = [p.id for p in scenario.facts.partnerships if set(p.name) != set(LANGUAGES)]
    assert not lacking


@pytest.mark.parametrize("table", sorted((ROOT / "scenarios").glob("*/*.csv")), ids=lambda table: f"{table.parent.name}/{table.stem}")
def test_every_column_that_is_translated_is_given_in_every_language(table: Path) -> None:
    """A cell that is filled in English is filled in all of them."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    of = {name.partition(".")[0] for name in rows[0] if name.partition(".")[2].isalpha()}
    lacking = [
        (k, name, code) for k, row in enumerate(rows, 2) for name in of for code in OTHERS if row[name] and not row.get(f"{name}.{code}")
    ]
    assert not lacking


def test_a_sentence_written_anew_in_english_drops_its_translations(tmp_path: Path) -> None:
    """A stale translation would state the old figure."""
    (tmp_path / "base.yaml").write_text(TINY.read_text("utf-8"), "utf-8")
    head = "fundalloc: 1\nscenario: v\nextends: base.yaml\n"
    rules = 'rules: {packages: {says: {en: "{partnership}: package", bg: "{partnership}: пакет"}}}\n'
    (tmp_path / "parent.yaml").write_text(head + rules, "utf-8")
    (tmp_path / "anew.yaml").write_text(head.replace("base", "parent") + 'rules: {packages: {says: {en: "{partnership}: new"}}}\n', "utf-8")
    (tmp_path / "more.yaml").write_text(
        head.replace("base", "parent") + 'rules: {packages: {says: {fr: "{partnership} : paquet"}}}\n', "utf-8"
    )

    def says(name: str) -> dict[str, str]:
        return dict(next(rule.says for rule in load(tmp_path / name).rules if rule.id == "packages"))

    assert says("anew.yaml") == {"en": "{partnership}: new"}
    assert says("more.yaml") == {"en": "{partnership}: package", "bg": "{partnership}: пакет", "fr": "{partnership} : paquet"}
