"""Headings on two rows without merged cells: a word above several columns holds for each of them, in every form of a table."""

import openpyxl
import pytest
from click.testing import CliRunner

from conftest import FIXED_TEXT
from fundalloc.cli import cli
from fundalloc.errors import Problems
from fundalloc.scenario.document import to_plain
from fundalloc.scenario.loading import load
from fundalloc.scenario.merging import load_tree

DECIDED = FIXED_TEXT[FIXED_TEXT.index("\ndecided:") + 1 :].split("\n\n")[0]
ROWS = [
    ["Plan for two years"],
    [None, None, None, "2025", None, "2026", None],
    ["Fund", "Partner", "Area", "Commitments (EUR million)", "Remark", "Commitments (EUR million)", "Remark"],
    ["ndici", "Egypt", "smuggling", 1.5, "one", 2.5, "two"],
    ["amif", "Tunisia", "returns", 0.5, None, 1, None],
]
MAPPING = """\
  columns: {instrument: Fund, partnership: Partner, area: Area, amount: "{year} Commitments (EUR million)"}
  years: columns
  always: {state: committed}
  ignore: ["* Remark"]
"""
FORMS = ("comma.csv", "semicolon.csv", "sheet.xlsx")
READ = [
    ("ndici", "egypt", "smuggling", "2025", "1.5"),
    ("ndici", "egypt", "smuggling", "2026", "2.5"),
    ("amif", "tunisia", "returns", "2025", "0.5"),
    ("amif", "tunisia", "returns", "2026", "1"),
]


@pytest.fixture
def as_file(write, worksheet):
    """as_file(form, rows): the rows as CSV with either separator, or as a worksheet."""

    def as_file(form, rows):
        if form.endswith("xlsx"):
            return worksheet(form, "Plan", rows)
        sign, width = ";" if form.startswith("semi") else ",", max(map(len, rows))
        cells = ([*("" if cell is None else str(cell) for cell in row), *[""] * (width - len(row))] for row in rows)
        return write(form, "".join(sign.join(row) + "\n" for row in cells))

    return as_file


def rows_of(path):
    table = load(path).tables["decided"]
    return [*zip(*map(table.column, ("instrument", "partnership", "area", "year", "amount")), strict=True)]


@pytest.mark.parametrize("form", FORMS)
def test_a_word_above_several_columns_holds_for_each_of_them(form, as_file, variant):
    as_file(form, ROWS)
    assert rows_of(variant((DECIDED, f"decided:\n  file: {form}\n  header: [2, 3]\n{MAPPING}"))) == READ


@pytest.mark.parametrize("form", FORMS)
def test_a_first_mapping_reads_what_one_by_hand_reads(form, as_file, variant, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    as_file(form, ROWS)
    write("fixed.yaml", FIXED_TEXT)
    done = CliRunner().invoke(cli, ["intake", form, "--as", "decided", "--in", "fixed.yaml"])
    assert "  header: [2, 3]\n" in done.stdout
    assert rows_of(variant((DECIDED, done.stdout.replace("state: …", "state: committed")))) == READ


@pytest.mark.parametrize(
    ("form", "cell"), [("comma.csv", "comma.csv:3:85"), ("semicolon.csv", ":3:"), ("sheet.xlsx", "sheet.xlsx:Plan!H3")]
)
def test_a_column_that_may_belong_to_the_word_before_is_said_once(form, cell, as_file, variant, complaints):
    as_file(form, [*ROWS[:2], [*ROWS[2], "Commitments (EUR million)"], *([*row, 4] for row in ROWS[3:])])
    (found,) = complaints(variant((DECIDED, f"decided:\n  file: {form}\n  header: [2, 3]\n{MAPPING}")))
    assert "the heading '2026 Commitments (EUR million)' stands 2 times" in found
    assert "what it belongs to" in found
    assert cell in found.partition("write above ")[2]


@pytest.mark.parametrize(
    ("above", "below", "merged", "headings"),
    [
        ("2025,,2026,", "a,b,a,b", [], "2025 a,2025 b,2026 a,2026 b"),
        (",2025,,,", "x,a,b,,c", [], "x,2025 a,2025 b,,c"),  # a column without a heading ends what a word holds for
        ("Fund,,2025,", ",Partner,a,b", [], "Fund,Partner,2025 a,2025 b"),  # a word with nothing below names its own column
        ("2025,,Sum,", "a,b,c,d", ["A1:B1"], "2025 a,2025 b,Sum c,d"),  # merged cells show how far words reach
        ("Fund,,2025,", ",Partner,a,b", ["A1:A2"], "Fund,Partner,2025 a,2025 b"),
    ],
)
def test_how_far_a_word_reaches(above, below, merged, headings, worksheet, variant, complaints, tmp_path):
    path = worksheet("t.xlsx", "Plan", [[cell or None for cell in row.split(",")] for row in (above, below, "1,2,,4,5")])
    book = openpyxl.load_workbook(path)
    for span in merged:
        book.active.merge_cells(span)
    book.save(path)
    found = complaints(variant((DECIDED, "decided: {file: t.xlsx, header: [1, 2], columns: {amount: unlike any}}")))
    assert f"(expected one of: {', '.join(sorted(filter(None, headings.split(','))))})" in found[0]


def test_titles_above_headings_are_no_words_of_them(as_file, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    as_file("comma.csv", [["Needs", None, "(EUR million)"], ["Country", "Area", "Need"], ["Tunisia", "Returns", 1.5]])
    assert "  header: 2\n" in CliRunner().invoke(cli, ["intake", "comma.csv", "--as", "needs"]).stdout


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("rows", "columns", "ceiling"),
    [
        (
            [[None, None, "2025", None, "2026", None], ["Fund", "Source", "Ceiling", "Outstanding", "Ceiling", "Outstanding"]],
            "ceiling: '{year} Ceiling', outstanding: '{year} Outstanding'",
            {"ceiling": {"each": {"2025": "1.5", "2026": "3"}}, "outstanding": {"2025": "2", "2026": "1"}},
        ),
        (
            [["Fund", "Source", "2025", "Share", "2026", "Rank"]],
            "ceiling: '{year}'",
            {"ceiling": {"each": {"2025": "1.5", "2026": "3"}}},
        ),
    ],
)
def test_instruments_with_a_column_a_year(form, rows, columns, ceiling, as_file, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    as_file(form, [["In EUR million"], *rows, ["Asylum Fund", "Reg. 1", 1.5, 2, 3, 1]])
    proposed = CliRunner().invoke(cli, ["intake", form, "--as", "instruments"]).stdout
    assert f"columns: {{id: Fund, name: Fund, source: Source, {columns}}}\n  years: columns\n" in proposed
    assert "unit: EUR million" in proposed
    found = load_tree(write("funds.yaml", "fundalloc: 1\n" + proposed), lambda _: True, Problems()).mapping("instruments")
    assert to_plain(found.items["asylum-fund"]) == {"name": "Asylum Fund", "source": "Reg. 1", **ceiling}
