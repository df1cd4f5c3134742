"""A workbook of many lines leaves out those without money: what it says of them, and how money for one comes back.

The tiny case, with a threshold of three lines.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import yaml

from cases import TINY
from fundalloc.export.workbook import plan_sums, write_workbook
from fundalloc.labels import label, languages
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from workbooks import add_row, headings, opened, row_of

pytest_plugins = ("calls",)
HELD = "every formula, amount and limit is as it was written"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solve(load(TINY))


@pytest.fixture(scope="module")
def without(plan: Plan) -> list[str]:
    """Keys of the lines without planned or decided money."""
    lines = plan.scenario.lines
    return [key for key, planned, decided in zip(lines.keys, plan.steps, lines.decided, strict=True) if not planned and not decided]


@pytest.fixture
def sent(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(plan_sums, "FEW_LINES", 3)
    monkeypatch.setattr(plan_sums, "MANY_LINES", 3)
    return write_workbook(plan, tmp_path / "plan.xlsx")


def test_lines_with_money_are_listed_and_the_book_verifies(fundalloc, sent, plan, without):
    with opened(sent, sent.with_name("same.xlsx")) as book:
        sheet = book["Allocation"]
        first, columns = headings(sheet, "Line key")
        listed = [sheet.cell(row, columns["Line key"]).value for row in range(first + 1, sheet.max_row + 1)]
        said = [str(cell.value) for name in ("Cover", "Allocation") for row in book[name].iter_rows(max_row=20) for cell in row]
    assert without
    assert sorted([*listed, *without]) == sorted(plan.scenario.lines.keys)
    assert sum(text.startswith(f"Not listed: {len(without)} lines without") for text in said) == 2
    for path, verified in ((sent, "byte for byte"), (sent.with_name("same.xlsx"), HELD)):
        assert verified in fundalloc("verify", path).stdout
    assert fundalloc("verify", sent, TINY).exit_code == 0  # held against the scenario: left out is zero


def test_a_row_for_a_line_that_is_left_out_is_taken_over(fundalloc, sent, without, tmp_path):
    key, back = without[0], tmp_path / "back.xlsx"
    with opened(sent, back) as book:
        row = add_row(book, "Allocation", key=key, optimised=0, adjustment=0.3, author="J. Doe")
        book["Allocation"].cell(row, headings(book["Allocation"], "Planned")[1]["Planned"]).value = 0.3
    checked = fundalloc("verify", back).output
    assert HELD in checked
    assert f"a row was added: {key}" in checked
    assert "2 cells of the columns for adjustments and comments are filled in" in checked
    taken = fundalloc("import", back, "-o", tmp_path / "next.yaml", "--json")
    result = json.loads(taken.stdout)["result"]
    assert [(one["line"], one["from"], one["to"]) for one in result["adjustments"]] == [(key, 0.0, 0.3)]
    assert result["left"] == result["harmless"] == []
    assert "0.3" in str(yaml.safe_load((tmp_path / "next.yaml").read_text("utf-8")))


def test_rows_that_are_lost_or_wrong_are_named_with_their_cells(fundalloc, sent, without, tmp_path):
    with opened(sent, tmp_path / "lost.xlsx") as book:
        sheet = book["Allocation"]
        first, columns = headings(sheet, "Line key")
        lost = sheet.cell(first + 1, columns["Line key"]).value
        sheet.delete_rows(row_of(sheet, lost)[0])
        added = add_row(book, "Allocation", key="amif|nowhere|returns|2026", adjustment=1)
    result = fundalloc("import", tmp_path / "lost.xlsx")
    assert f"1 allocation line was deleted: {lost}" in result.stderr
    assert f"{added}: 'amif|nowhere|returns|2026' is no allocation line of this plan" in result.stderr
    assert not any(key in result.stderr for key in without)


def test_every_language_names_the_columns_to_fill_in(plan, monkeypatch, tmp_path):
    monkeypatch.setattr(plan_sums, "FEW_LINES", 3)
    monkeypatch.setattr(plan_sums, "MANY_LINES", 3)
    for language in languages():
        text = zipfile.ZipFile(write_workbook(plan, tmp_path / f"{language}.xlsx", language)).read("xl/sharedStrings.xml").decode()
        said = next(part for part in text.split("<si>") if label("workbook.left_out", language).split("{")[0] in part)
        for key in ("pair", "line_key", "optimised", "adjustment"):
            assert label(f"workbook.column.{key}", language) in said


def test_programs_open_a_book_with_its_stored_values(sent):
    said = zipfile.ZipFile(sent).read("xl/workbook.xml").decode()
    assert '<calcPr calcId="191029"/>' in said
