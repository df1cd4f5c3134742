"""The tables that are computed on request: in the workbook, as CSV and in JSON, and never without being asked for."""

import csv
import json

import openpyxl
import pytest
from books import stored_amounts
from click.testing import CliRunner

from cases import TINY, TWO_BY_TWO, write
from fundalloc.cli import cli
from fundalloc.export.on_request import Asked, as_dict, ask, tables
from fundalloc.export.workbook import write_workbook
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.sheets import build_sheets
from fundalloc.labels import label, languages
from fundalloc.run import solve
from fundalloc.scenario.loading import load

SHEETS = ("rule_prices", "value_of_money", "budget_ladder", "amount_ranges")


@pytest.fixture(scope="module")
def plan():
    return solve(load(TINY))


@pytest.fixture(scope="module")
def asked(plan):
    return ask(plan, ranges=True, prices=True)


def rows(sheet):
    """The rows under the heading row, as {heading: value}."""
    found = list(sheet.iter_rows(values_only=True))
    start = next(k for k, row in enumerate(found) if sum(isinstance(cell, str) for cell in row) >= 4)
    heads = found[start]
    return [dict(zip(heads, row, strict=True)) for row in found[start + 1 :] if row[0] is not None]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("language", languages())
def test_the_sheets_stand_in_the_workbook_in_every_language(tmp_path, plan, asked, language):
    book = openpyxl.load_workbook(write_workbook(plan, tmp_path / "plan.xlsx", language, asked=asked))
    names = {key: label(f"sheet.{key}.name", language) for key in SHEETS}
    assert set(names.values()) <= set(book.sheetnames)
    money = rows(book[names["value_of_money"]])
    assert [list(row.values())[3] for row in money] == pytest.approx(asked.value["more"].tolist(), abs=1e-5)
    ladder = rows(book[names["budget_ladder"]])
    assert [list(row.values())[2] for row in ladder] == pytest.approx([rung.score for rung in asked.ladder], abs=1e-5)
    prices = rows(book[names["rule_prices"]])
    assert [list(row.values())[4] for row in prices] == pytest.approx(asked.prices.rules["points"].tolist(), abs=1e-5)
    ranges = rows(book[names["amount_ranges"]])
    assert [list(row.values())[3] for row in ranges] == pytest.approx(asked.ranges["least"].tolist(), abs=1e-5)


def test_every_amount_is_a_formula_or_said_to_be_found_by_solving(plan, asked):
    assert stored_amounts(build_sheets(Book(plan, "en", asked=asked))) == {}


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_nobody_asked_or_it_goes_outside(tmp_path, plan, asked):
    for more in ({}, {"asked": asked, "audience": "outside"}):
        book = openpyxl.load_workbook(write_workbook(plan, tmp_path / "plan.xlsx", "en", **more))
        assert not {label(f"sheet.{key}.name", "en") for key in SHEETS} & set(book.sheetnames)
    assert tables(Asked()) == {}
    assert as_dict(ask(plan)) == {}


def test_on_the_command_line(tmp_path):
    two = write(tmp_path, TWO_BY_TWO)
    result = CliRunner().invoke(cli, ["run", str(two), "--csv", str(tmp_path / "out"), "--ranges", "--prices"], catch_exceptions=False)
    assert result.exit_code == 0
    assert "Ranges: 2 of 2 amounts per partnership and area are firm" in result.output
    with (tmp_path / "out" / "value-of-money.csv").open(encoding="utf-8") as file:
        assert [float(row["more"]) for row in csv.DictReader(file)] == pytest.approx([0.84, 0.5])
    result = CliRunner().invoke(cli, ["run", str(two), "-n", "--json", "--prices"], catch_exceptions=False)
    found = json.loads(result.stdout)["result"]
    assert [row["score"] for row in found["budget_ladder"]][2] == pytest.approx(19.72)
    assert "ranges" not in found
    assert CliRunner().invoke(cli, ["run", str(two), str(two), "--ranges"]).exit_code == 2
