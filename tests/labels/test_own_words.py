"""A scenario's own words: in all that is shown, in every language, and read back; none of ours is left."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
import yaml
from catalogues import AROUND_OTHER_WORDS, TEXTS
from click.testing import CliRunner, Result

from cases import ROOT, TINY
from fundalloc.cli import cli
from fundalloc.compare.comparison import compare_files
from fundalloc.export.comparison import write_comparison
from fundalloc.export.workbook import write_workbook
from fundalloc.labels import LANGUAGES, Language, label
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from own_words import WORDS, spoken

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension")

OURS = {
    "en": r"partnership|instrument|\bareas?\b|EU budget|migration p",
    "bg": r"партньорств|инструмент|област|бюджет[аъ]?т?( |\.|,|$)",
    "de": r"partnerschaft|instrument|\bbereich|EU-?Haushalt",
    "fr": r"partenariat|instrument|domaine|budget de l’UE",
}
"""Our words, whatever their ending."""
BENDING = {
    "en": r"\ba ",
    "bg": r"\b(ед[ни]\w*|всяк\w*|всеки|ко[йяе]|никой|ник[оя]\w+|даден\w*|най-голям\w*|Неразпределен|Планиран) ",
    "de": r"\b(ein\w*|jede\w*|kein\w*|das|de[rms]|am|vom|zum|größte\w*|welche[rsm]|Geplanter|zugewiesener) ",
    "fr": r"\b(une?|du|au|le|tous les|quels?|aucun|plus grands|de l’|d’|l’) ?",
}
"""What has to agree with the word behind it; before a plural, that is so in French alone."""


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny case with words of its own."""
    path = tmp_path_factory.mktemp("own") / "own.yaml"
    text = TINY.read_text("utf-8").replace("description: ", "description: Made up # ")
    path.write_text(f"{text}\nwords: {json.dumps(WORDS, ensure_ascii=False)}\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def books(own: Path) -> dict[str, Path]:
    plan = solve(load(own))
    return {language: write_workbook(plan, own.with_name(f"{language}.xlsx"), language) for language in LANGUAGES}


@pytest.mark.parametrize("language", LANGUAGES)
class TestTexts:
    def test_none_of_our_words_is_left(self, language: str) -> None:
        with_group_names = {key: label(key, spoken(language)) for key in TEXTS[language] if not key.startswith("words.")}
        shown = {key: re.sub(r"\{\w+\}|-", "", text) for key, text in with_group_names.items() if not key.startswith("workbook.group.")}
        assert sum(bool(re.search(OURS[language], text, re.IGNORECASE)) for text in TEXTS[language].values()) > 200
        left = {key: text for key, text in shown.items() if re.search(OURS[language], text, re.IGNORECASE)}
        assert not {key for key in left if key not in ("sheet.budget_ladder.name", "workbook.column.budget_line")}

    def test_a_text_in_which_our_word_is_inflected_has_a_second_wording(self, language: str) -> None:
        ours = "|".join(TEXTS[language][f"words.{key}"] for key in WORDS if language == "fr" or not key.endswith("s"))
        bent = re.compile(rf"(?:{BENDING[language]})(?:{ours})(?![\w-])", re.IGNORECASE)
        first = {key: text for key, text in TEXTS[language].items() if not key.startswith(("words.", "workbook.group."))}
        found = {key for key, text in first.items() if bent.search(text)}
        assert found or language == "en"
        assert not found - AROUND_OTHER_WORDS[language].keys()
        assert not [text for text in AROUND_OTHER_WORDS[language].values() if bent.search(text)]

    def test_a_second_wording_has_no_other_placeholders(self, language: str) -> None:
        for key, text in AROUND_OTHER_WORDS[language].items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", TEXTS[language][key])), key

    def test_a_plain_code_speaks_our_words(self, language: str) -> None:
        assert all(label(key, Language(language, {})) == text == label(key, language) for key, text in TEXTS[language].items())


def test_words_stand_as_they_are_written_but_begin_headings_and_sentences_with_a_capital() -> None:
    assert label("workbook.column.instrument_id", spoken("en")) == "Fund ID"
    assert label("sheet.by_partnership.title", spoken("en")) == "By Member State and fund"
    assert label("workbook.summary.planned.comment", spoken("en")) == "All funds of the EU funding, {period}"
    assert label("compare.subtitle", Language("en", {"total": "funding"}), period="2026").startswith("Funding 2026, ")
    assert label("workbook.column.area", spoken("fr")) == "Catégorie de régions"
    assert label("sheet.by_area.title", spoken("de")) == "Nach Regionenkategorie und Jahr"
    assert label("sheet.by_area.title", Language("de", {"area": "EU-Region", "areas": "EU-Regionen"})) == "Nach EU-Region und Jahr"
    assert label("rule.absorption", spoken("en"), partnership="Area 1", year="2026") == "Area 1: absorption 2026", "names are not words"


def test_the_cohesion_example_has_these_words_in_every_language() -> None:
    cohesion = load(ROOT / "examples" / "cohesion" / "catching-up.yaml")
    assert [cohesion.speaks(language).own for language in LANGUAGES] == [spoken(language).own for language in LANGUAGES]


def test_a_group_of_tags_keeps_its_name() -> None:
    assert label("workbook.group.talent", spoken("en")) == "Talent Partnership"


def test_a_language_keeps_its_words_on_the_way_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(spoken("de"))).own == spoken("de").own


@pytest.mark.parametrize(
    ("given", "english", "german"),
    [
        ("[Land, Länder]", "Land", "Land"),
        ("[{de: Land}, {de: Länder}]", "Land", "Land"),
        ("[{en: country, de: Land}, {en: countries, de: Länder}]", "country", "Land"),
        ("[{en: country, fr: pays}, {en: countries, fr: pays}]", "country", "country"),
    ],
)
def test_a_language_without_a_word_takes_it_as_names_do(tmp_path: Path, given: str, english: str, german: str) -> None:
    one, many = yaml.safe_load(given)
    path = tmp_path / "own.yaml"
    path.write_text(TINY.read_text("utf-8") + f"\nwords: {json.dumps({'partnership': one, 'partnerships': many})}\n", "utf-8")
    scenario = load(path)
    assert label("sheet.by_partnership.name", scenario.speaks()) == f"By {english}"
    assert label("sheet.by_partnership.name", scenario.speaks("de")) == f"Nach {german}"
    assert label("workbook.column.instrument", scenario.speaks("de")) == "Instrument", "a word that is not given is ours"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("{partnership: Land}", "'partnership' and 'partnerships' come together"),
        ("{areas: fields}", "'area' and 'areas' come together"),
        ("{partner: Land}", "'partner' is not allowed here"),
        ("{total: {xx: Money}}", "unknown language 'xx'"),
        ("{total: '{amount}'}", "'{amount}' cannot be shown everywhere"),
        (f"{{total: {'m' * 31}}}", "cannot be shown everywhere"),
        ("{area: fund, areas: funds, instrument: Fund, instruments: funds}", "two headings would be 'fund ID (input)'"),
        ("{area: need, areas: needs}", "two headings would be 'Need'"),
        ("{total: {de: Bedarf}}", "two headings would be 'Bedarf'"),
        ("{total: Partner}", "two headings would be 'Partner'"),
    ],
)
def test_a_word_that_cannot_be_shown_is_refused_where_it_stands(tmp_path: Path, words: str, says: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"{TINY.read_text('utf-8')}\nwords: {words}\n", "utf-8")
    line = path.read_text("utf-8").count("\n")
    shown = run("check", path)
    assert shown.exit_code == 3
    assert f"own.yaml:{line}:" in shown.output
    assert says.casefold() in shown.output.casefold()


# --- What is written -------------------------------------------------------------------------------------------------


def texts_of(path: Path, language: str) -> Iterator[tuple[str, str]]:
    """Yield the place and text of cells and headings, but of the files that travel inside; of formulas no names of tables."""
    files = label("sheet.scenario_files.name", language)
    for sheet in openpyxl.load_workbook(path):
        yield "sheet", sheet.title
        for row in sheet.iter_rows() if sheet.title != files else ():
            for cell in row:
                if isinstance(cell.value, str):
                    tables = r"\b(Compare|By|Own)?(Instruments?|Partnerships?|Areas?)(?=\[)"
                    yield f"{sheet.title}!{cell.coordinate}", re.sub(rf"{tables}|-", "", cell.value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workbook_has_none_of_our_words(books: dict[str, Path], language: str) -> None:
    left = [(place, text) for place, text in texts_of(books[language], language) if re.search(OURS[language], text, re.IGNORECASE)]
    sections = ("instruments", "partnerships")  # the source of ceilings and absorption is a section of the file
    as_written = ('{"instrument": ', "own.yaml ")  # the log's record of rows and tables, with the names of tables and columns in the file
    tables = "Table|Таблица|Tabelle"  # as read: partnerships
    left = [(place, text) for place, text in left if not text.startswith(as_written) and not re.match(rf"({tables}).*: ?\w+$", text)]
    assert not [(place, text) for place, text in left if text not in sections]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_comparison_has_none_of_our_words(own: Path, tmp_path: Path, language: str) -> None:
    (tmp_path / "more.yaml").write_text(f"extends: {json.dumps(str(own))}\nscenario: more\nround_to: 0.5\n", "utf-8")
    found = compare_files(str(own), str(tmp_path / "more.yaml"), attributed=False, allow_outside=True, language=language)
    path = write_comparison(found, tmp_path / "c.xlsx")
    assert label("comparison.sheet.by_partnership.name", spoken(language)) in openpyxl.load_workbook(path).sheetnames
    assert not [(place, text) for place, text in texts_of(path, language) if re.search(OURS[language], text, re.IGNORECASE)]
    assert write_comparison(found, tmp_path / "again.xlsx", language).read_bytes() == path.read_bytes()


def test_a_sheet_name_is_cut_to_what_excel_takes(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    many = "{partnership: a country with an agreement, partnerships: countries with an agreement}"
    path.write_text(f"{TINY.read_text('utf-8')}\nwords: {many}\n", "utf-8")
    found = compare_files(str(path), str(TINY), attributed=False, allow_outside=True)
    for book in (write_workbook(solve(load(path)), tmp_path / "a.xlsx"), write_comparison(found, tmp_path / "b.xlsx")):
        assert all(len(name) <= 31 for name in openpyxl.load_workbook(book).sheetnames)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["check"], ["4 funds, 4 Member States, 3 categories of region, 2 years"]),
        (["run", "-n"], ["Fund ", "Member State ", "Category of region ", "EU funding "]),
        (["run", "-n", "--lang", "de"], ["Fonds ", "Mitgliedstaat ", "Regionenkategorie ", "EU-Mittel "]),
        (["explain", "--value"], ["Fund ", "EU funding "]),
        (["explain", "tunisia"], ["met by all funds together"]),
        (["explain", "nothing-such"], ["name a line, Member State, fund, category of region, year or rule"]),
        (["explain"], ["A million spread over the EU funding like its ceilings"]),
        (["frontier", "--between", "impact,unallocated"], ["between score and planned EU funding"]),
        (["alternatives", "-n", "2"], ["Widest ranges (fund × Member State)"]),
    ],
)
def test_commands_speak_them(own: Path, words: list[str], shown: list[str]) -> None:
    command, *options = words
    said = run(command, own, *options).output
    assert [text for text in shown if text not in said] == []
    assert not re.search(OURS["en"], said), said
