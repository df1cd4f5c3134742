"""Workbooks in a scenario's own words come back: import, verify, baseline and compare, in every language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from cases import TINY
from fundalloc.back.circulated import open_circulated
from fundalloc.cli import cli
from fundalloc.export.workbook import write_workbook
from fundalloc.labels import LANGUAGES, label
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.scenario.workbooks.cells import BookFile
from own_words import WORDS, spoken
from workbooks import headings, opened


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.yaml"
    path.write_text(f"{TINY.read_text('utf-8')}\nwords: {json.dumps(WORDS, ensure_ascii=False)}\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def plan(own: Path) -> Plan:
    return solve(load(own))


@pytest.fixture(scope="module")
def books(plan: Plan, own: Path) -> dict[str, Path]:
    return {language: write_workbook(plan, own.with_name(f"{language}.xlsx"), language) for language in LANGUAGES}


def type_below(sheet: Any, language: str, **cells: object) -> None:
    """Type into the first row below the headings, which stand there in the words of the scenario."""
    named = {label(f"workbook.column.{key}", spoken(language)): value for key, value in cells.items()}
    row, columns = headings(sheet, *named)
    for heading, value in named.items():
        sheet.cell(row + 1, columns[heading]).value = value


@pytest.mark.parametrize("language", LANGUAGES)
def test_adjustments_and_rules_in_own_words_come_back(books: dict[str, Path], tmp_path: Path, language: str) -> None:
    said = {key: label(f"workbook.column.{key}", spoken(language)) for key in ("planned", "partnership_id", "kind_of_money")}
    budget = label("workbook.counts.budget", spoken(language))
    where = f'Allocation[{said["partnership_id"]}],"egypt",Allocation[{said["kind_of_money"]}],"{budget}"'
    with opened(books[language], tmp_path / "back.xlsx") as book:
        sheet = book[label("sheet.own_rules.name", language)]
        row = {"own_says": "Less", "own_partnership": "egypt", "own_area": "returns", "own_instrument": "amif", "own_limit": 0.2}
        share = label("workbook.own_of.partnership", spoken(language))
        type_below(sheet, language, **row, own_side=label("workbook.side.at_most", language), own_of=share)
        rules = book[label("sheet.rules.name", language)]
        first, columns = headings(rules, label("workbook.column.limit_input", language))
        added = {"rule": "mine", "side": label("workbook.side.at_most", language), "limit_input": 12}
        added["amount"] = f"=SUMIFS(Allocation[{said['planned']}],{where})"
        last = max(n for n in range(first + 1, rules.max_row + 1) if rules.cell(n, columns[label("workbook.column.rule", language)]).value)
        for key, value in added.items():
            rules.cell(last + 1, columns[label(f"workbook.column.{key}", language)]).value = value
    back = run("import", tmp_path / "back.xlsx", "-o", tmp_path / "variant.yaml")
    assert back.exit_code in (0, 1), back.output
    found = yaml.safe_load((tmp_path / "variant.yaml").read_text("utf-8"))["rules"]
    assert found["own-mine"]["money"] == {"partnership": "egypt", "instrument": ["ndici", "amif"]}
    assert found["own-less"]["money"] == {"instrument": "amif", "partnership": "egypt", "area": "returns"}
    assert found["own-less"]["of"] == {"partnership": "egypt"}
    assert load(tmp_path / "variant.yaml").speaks(language).own == spoken(language).own


@pytest.mark.parametrize("language", LANGUAGES)
def test_they_are_verified_inside_and_outside(books: dict[str, Path], plan: Plan, own: Path, language: str) -> None:
    assert open_circulated(books[language]).language.own == spoken(language).own
    assert run("verify", books[language]).exit_code == 0
    if language == "bg":
        outside = write_workbook(plan, own.with_name("outside.xlsx"), language, "outside")
        assert run("verify", outside, own).exit_code == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plan_is_read_by_its_ids_under_headings_in_own_words(
    books: dict[str, Path], plan: Plan, own: Path, tmp_path: Path, language: str
) -> None:
    """Without line keys, as somebody may have deleted them, and for a scenario that has no words of its own."""
    with opened(books[language], tmp_path / "start.xlsx") as book:
        sheet = book[label("sheet.allocation.name", language)]
        row, columns = headings(sheet, label("workbook.column.line_key", language))
        sheet.cell(row, columns[label("workbook.column.line_key", language)]).value = "x"
        planned, optimised = (columns[label(f"workbook.column.{key}", language)] for key in ("planned", "optimised"))
        for number in range(row + 1, row + 1 + len(plan.steps)):
            sheet.cell(number, planned).value = sheet.cell(number, optimised).value
        assert label("workbook.column.area_id", language) not in columns
    (tmp_path / "next.yaml").write_text(f"{TINY.read_text('utf-8')}\nbaseline: start.xlsx\n", "utf-8")
    amounts = {tuple(ids): int(n) * plan.scenario.facts.step for ids, n in zip(plan.scenario.lines.ids, plan.steps, strict=True) if n}
    assert load(tmp_path / "next.yaml").starting_amounts() == amounts


def test_they_are_compared_with_what_they_were_made_from(own: Path, plan: Plan) -> None:
    outside = write_workbook(plan, own.with_name("compared.xlsx"), "de", "outside")
    said = run("compare", outside, own).output
    assert "No Member State receives more or less." in said
    assert "EU funding" in said


def typed_over(book: Path, typed: str, target: Path) -> Path:
    with opened(book, target) as copy:
        where = next(cell for row in copy["Run log"].iter_rows() for cell in row if str(cell.value).startswith('{"instrument"'))
        where.value = typed
    return target


@pytest.mark.parametrize("typed", ["[]", "{", '{"partnership": "{x}"}', '{"partnership": ""}', '{"other": "x", "total": 5}', "17"])
def test_a_run_log_that_was_typed_over_says_no_words(books: dict[str, Path], tmp_path: Path, typed: str) -> None:
    book = BookFile(typed_over(books["en"], typed, tmp_path / "typed.xlsx"))
    assert [language.own for language in book.spoken] == [{}] * 2 * len(LANGUAGES)  # as spoken now, and formerly


def test_the_scenario_inside_says_its_words_whatever_became_of_the_run_log(books: dict[str, Path], tmp_path: Path) -> None:
    book = typed_over(books["en"], "{", tmp_path / "typed.xlsx")
    shown = run("verify", book)
    assert (shown.exit_code, shown.output.count("Run log!")) == (7, 1), shown.output
    assert run("import", book, "-o", tmp_path / "variant.yaml").exit_code == 7  # what cannot be taken over is named


def test_a_workbook_in_our_words_has_no_line_about_words(tmp_path: Path) -> None:
    book = BookFile(write_workbook(solve(load(TINY)), tmp_path / "plan.xlsx"))
    assert label("workbook.log.words") not in {cell.text for row in book.rows("Run log") for cell in row}
    assert book.spoken == list(map(str, book.spoken))
