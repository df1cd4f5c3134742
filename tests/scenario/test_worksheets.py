"""Worksheets as people and programs leave them: nothing that stands in one is passed over without a word."""

import re
import zipfile

import openpyxl
import pytest
from click.testing import CliRunner
from openpyxl.chart import BarChart
from openpyxl.styles import numbers

from conftest import FIXED_TEXT
from fundalloc.cli import cli
from fundalloc.errors import Problems, ScenarioError
from fundalloc.insight.doctor.examine import examine
from fundalloc.scenario.loading import load
from fundalloc.scenario.merging import load_tree
from fundalloc.scenario.workbooks import sheet as sheets
from fundalloc.scenario.workbooks.cells import BookFile
from workbooks import replace_part

pytestmark = pytest.mark.lowest

NEEDS = FIXED_TEXT[FIXED_TEXT.index("\nneeds:") + 1 :].split("\n\n")[0]
ROWS = [
    ["partnership", "area", "need", "priority"],
    ["tunisia", "returns", 10, 1],
    ["egypt", "returns", 8, 0.9],
    ["sahel", "returns", 9, 1],
]
PART = "xl/worksheets/sheet1.xml"


@pytest.fixture
def scenario(variant):
    return variant((NEEDS, "needs: {file: needs.xlsx}"))


@pytest.fixture
def needs(tmp_path):
    """needs(change): the sheet of needs after a change by hand; `raw` changes its XML."""

    def needs(change=lambda sheet: None, raw=None):
        book = openpyxl.Workbook()
        book.active.title = "Needs"
        for row in ROWS:
            book.active.append(row)
        change(book.active)
        book.save(tmp_path / "first.xlsx")
        replace_part(tmp_path / "first.xlsx", tmp_path / "needs.xlsx", PART, raw or (lambda xml: xml))

    return needs


def read(scenario):
    found = load(scenario).facts.needs
    return found.need.values.tolist(), found.priority.values.tolist()


SOUND = [10.0, 8.0, 9.0], [1.0, 0.9, 1.0]


def put(**cells):
    def change(sheet):
        for name, value in cells.items():
            sheet[name] = value

    return change


def below_titles(sheet):
    sheet.insert_rows(1, 3)
    sheet["A1"] = "Needs by partnership, EUR million"


def merged(sheet):
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("F1:G9")


def dated(sheet):
    sheet["C3"].number_format = numbers.FORMAT_DATE_YYYYMMDD2


TITLES = "a title where the headings are expected; they stand in row 4"
DATE = "this is a date; in a spreadsheet give the cell the format of a number"
REFUSED = {
    "heading twice": (put(E1="need", E2=5, E3=5, E4=5), "E1: the column 'need' stands twice (rename one of them)"),
    "figures beside": (
        put(E2=5, E3="6", F4=7),
        "E2: 3 figures without a heading (give the column a heading, or move it to another sheet)",
    ),
    "formula unsaved": (put(D3="=1/2"), "D3: a formula without a stored value: =1/2 (open it in a spreadsheet program and save it)"),
    "formula unsaved beside": (
        put(F3="=1/2"),
        "F3: 1 figure without a heading (give the column a heading, or move it to another sheet)",
    ),
    "an error": (put(B3="#REF!"), "B3: an error: #REF! (mend the formula, or type the value)"),
    "next line": (put(A2="tunisia\x85"), "A2: an invisible control character (#x0085) (delete it)"),
    "delete": (put(D1="prio\x7frity"), "D1: an invisible control character (#x007f) (delete it)"),
    "merged": (merged, "A3: merged cells, of which only the first is filled: A3:A4 (unmerge them and fill in every cell)"),
    "titles": (
        below_titles,
        f"A1: {TITLES} (delete what stands above row 4: the first row names the columns)",
    ),
    "a date for a number": (dated, f"C3: '1900-01-08 00:00:00' is not a number ({DATE})"),
    "digits of another script": (put(C3="٣"), "C3: '٣' is not a number (write the digits 0 to 9)"),
}


@pytest.mark.parametrize(("change", "message"), REFUSED.values(), ids=REFUSED)
def test_what_would_be_read_wrong_is_refused_at_its_cell(scenario, needs, complaints, change, message):
    needs(change)
    assert complaints(scenario) == [f"needs.xlsx:Needs!{message}"]


def xml(old, new):
    def change(raw):
        assert len(re.findall(old, raw)) == 1
        return re.sub(old, new, raw)

    return change


NO_TEXT = b'<c r="A3".*?</c>', b'<c r="A3" t="s"><v>96</v></c>'


ANEW = "(open it in Excel and save it anew)"
TYPE = "(type it again, or ask for the file again)"
DAMAGED = {
    "no such shared text": (
        *NO_TEXT,
        f"A3: '96' is the number of a text that the workbook does not have {TYPE}",
    ),
    "a text before the first": (
        NO_TEXT[0],
        NO_TEXT[1].replace(b"96", b"-1"),
        f"A3: '-1' is the number of a text that the workbook does not have {TYPE}",
    ),
    "no number": (b"<v>0.9</v>", b"<v>many</v>", f"D3: 'many' is stored as a number, but is none {TYPE}"),
    "infinite": (b"<v>0.9</v>", b"<v>1e999</v>", f"D3: '1e999' is stored as a number, but is none {TYPE}"),
    "rows out of order": (b'<row r="4"', b'<row r="2"', f"A3: row 2 stands out of order {ANEW}"),
    "rows beyond the last": (b'<row r="4"', b'<row r="1048577"', f"A3: row 1048577 stands out of order {ANEW}"),
    "a cell twice": (b'<c r="D3"', b'<c r="C3"', f"A3: the cells of this row stand out of order {ANEW}"),
}


@pytest.mark.parametrize(("old", "new", "message"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_sheets_name_the_cell(scenario, needs, complaints, old, new, message):
    needs(raw=xml(old, new))
    assert complaints(scenario) == [f"needs.xlsx:Needs!{message}"]


def test_a_wrong_statement_of_the_size_cuts_nothing_off(scenario, needs):
    for stated in (b"A1:B2", b"A1:XFD1048576", b"A1"):
        needs(raw=xml(b'<dimension ref="A1:D4"', b'<dimension ref="' + stated + b'"'))
        assert read(scenario) == SOUND


def test_a_cell_far_out_costs_nothing_and_too_many_are_refused(scenario, needs, complaints, monkeypatch):
    needs(put(A1048576=" "))
    assert read(scenario) == SOUND
    monkeypatch.setattr(sheets, "MOST_CELLS", 10)
    hint = "(delete the empty cells that are formatted far out)"
    assert complaints(scenario) == [f"needs.xlsx:Needs!A3: more than 0 million cells {hint}"]


def test_notes_beside_and_titles_elsewhere_are_no_table(scenario, needs):
    needs(put(F1="", F2="a note", G4="see 2025-2027", F9="below it"))
    assert read(scenario) == SOUND


def test_hidden_rows_and_columns_are_read_and_said(scenario, needs):
    def hide(sheet):
        sheet.row_dimensions[3].hidden = True
        sheet.row_dimensions[9].hidden = True
        sheet.column_dimensions["D"].hidden = True

    needs(hide)
    assert read(scenario) == SOUND
    found = [remark for remark in examine(load(scenario)) if "hidden" in remark.says]
    assert [(r.severity, r.place.rpartition(":")[2], r.says) for r in found] == [
        ("warning", "Needs!A3", "hidden in the sheet, but read: rows or columns at A3, D1")
    ]


def test_run_says_what_is_hidden_once(scenario, needs):
    needs(lambda sheet: setattr(sheet.row_dimensions[3], "hidden", True))
    done = CliRunner().invoke(cli, ["run", str(scenario)])
    assert done.exit_code == 0, done.output
    assert done.stderr.count("hidden in the sheet, but read: rows or columns at A3") == 1


def test_hidden_rows_of_figures_of_rules_are_said_too(variant, tmp_path):
    book = openpyxl.Workbook()
    for row in (["partnership", "floor"], ["tunisia", 12], ["egypt", 6.5]):
        book.active.append(row)
    book.active.row_dimensions[2].hidden = True
    book.save(tmp_path / "floors.xlsx")
    scenario = load(variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.xlsx, column: floor}")))
    assert ["A2" in r.says for r in examine(scenario) if "hidden" in r.says] == [True]


def test_a_floor_that_is_an_unsaved_formula_does_not_vanish(variant, worksheet, complaints):
    path = variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.xlsx, column: floor}"))
    worksheet("floors.xlsx", "F", [["partnership", "floor"], ["tunisia", 12], ["egypt", "=14*2"]])
    assert complaints(path) == ["floors.xlsx:F!B3: a formula without a stored value: =14*2 (open it in a spreadsheet program and save it)"]


def test_a_formula_that_gives_no_text_is_an_empty_cell(scenario, needs):
    needs(raw=xml(b'<c r="D4" t="n"><v>1</v></c>', b'<c r="D4" t="str"><f>IF(1,"","")</f><v></v></c>'))
    assert read(scenario) == SOUND


def test_a_date_for_a_year(variant, worksheet, complaints):
    decided = FIXED_TEXT[FIXED_TEXT.index("\ndecided:") + 1 :].split("\n\n")[0]
    path = variant((decided, "decided: {file: d.xlsx}"))
    heading = ["instrument", "partnership", "area", "year", "amount", "state"]
    years = ["2025-01-01", "1/1/2025", "twenty", "٢٠٢٥", "2031"]
    worksheet("d.xlsx", "D", [heading, *(["amif", "global", "returns", year, 2, "locked"] for year in years)])
    assert complaints(path) == [
        "d.xlsx:D!D2: '2025-01-01' is a date, not a year (write it as 2025)",
        "d.xlsx:D!D3: '1/1/2025' is a date, not a year (write it as 2025)",
        "d.xlsx:D!D4: 'twenty' is not a year (write it as 2025)",
        "d.xlsx:D!D5: '٢٠٢٥' is not a year (write it as 2025)",
        "d.xlsx:D!D6: the year '2031' is outside the period (the years are 2025 to 2026)",
    ]


def test_the_only_sheet_needs_no_name_and_charts_are_no_sheets(variant, tmp_path, complaints):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "needs.xlsx") as book:
        sheet, chart = book.add_worksheet("Needs"), book.add_chart({"type": "column"})
        for k, row in enumerate(ROWS):
            sheet.write_row(k, 0, row)
        chart.add_series({"values": "=Needs!$C$2:$C$4"})
        book.add_chartsheet("Chart").set_chart(chart)
    path = variant((NEEDS, "needs: {file: needs.xlsx}"))
    assert read(path) == SOUND
    variant((NEEDS, "needs: {file: 'needs.xlsx#Chart'}"))
    assert complaints(path) == ["scenario.yaml:62:15: no sheet 'Chart' in needs.xlsx (expected one of: Needs)"]
    variant((NEEDS, "needs: {file: 'needs.csv#Needs'}"))
    (tmp_path / "needs.csv").write_text("partnership,area,need\n")
    assert complaints(path) == ["scenario.yaml:62:15: 'needs.csv' has no sheets (write needs.csv)"]


def test_books_that_circulate_have_the_same_guards(needs, tmp_path):
    needs(raw=xml(*NO_TEXT))
    with pytest.raises(ScenarioError, match="Needs!A3: '96' is the number of a text"):
        BookFile(tmp_path / "needs.xlsx").rows("Needs")
    with zipfile.ZipFile(tmp_path / "needs.xlsx") as package:
        assert PART in package.namelist()


def test_figures_below_a_heading_that_is_empty_are_refused_in_every_table(variant, write, worksheet, complaints):
    path = variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.csv, column: floor}"))
    write("floors.csv", "partnership;;floor\ntunisia;5;12\n")
    assert complaints(path) == ["floors.csv:2:9: 1 figure without a heading (give the column a heading, or move it to another sheet)"]
    worksheet("floors.xlsx", "F", [["partnership", None, "floor"], ["tunisia", 5, 12]])
    variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.xlsx, column: floor}"))
    assert complaints(path) == ["floors.xlsx:F!B2: 1 figure without a heading (give the column a heading, or move it to another sheet)"]


def test_a_workbook_of_charts_alone(variant, tmp_path, complaints):
    book = openpyxl.Workbook()
    book.create_chartsheet("Chart").add_chart(BarChart())
    del book["Sheet"]
    book.save(tmp_path / "needs.xlsx")
    (said,) = complaints(variant((NEEDS, "needs: {file: needs.xlsx}")))
    assert said.startswith("scenario.yaml:62:15: 'needs.xlsx': the workbook has no worksheet")


def test_hidden_instruments_are_said_too(write, tmp_path):
    book = openpyxl.Workbook()
    for row in (["id", "name", "source", "ceiling"], ["amif", "AMIF", "law", 12]):
        book.active.append(row)
    book.active.row_dimensions[2].hidden = True
    book.save(tmp_path / "instruments.xlsx")
    problems = Problems()
    load_tree(write("s.yaml", "scenario: s\ninstruments: {file: instruments.xlsx}\n"), lambda _: True, problems)
    assert ["A2" in one.message for one in problems.remarks] == [True]
