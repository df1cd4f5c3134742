import json
from fractions import Fraction

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import FIXED_TEXT
from fundalloc.errors import Problems
from fundalloc.money import plain
from fundalloc.scenario.document import ListNode, Scalar, Tree, parse_document
from fundalloc.scenario.loading import load
from fundalloc.scenario.sections import TABLES as SECTIONS
from fundalloc.scenario.sections import TOLD_TABLES
from fundalloc.scenario.tables.raw import Files, raw_csv, table_of
from fundalloc.scenario.tables.reading import read_table
from fundalloc.scenario.tables.table import ColumnSpec, read_columns

pytestmark = pytest.mark.lowest

TABLES = {name: FIXED_TEXT[FIXED_TEXT.index(f"\n{name}:") + 1 :].split("\n\n")[0] for name in SECTIONS if name not in TOLD_TABLES}


def rows_of(name, fixed):
    table = fixed.tables[name]
    return [table.columns, *table.cells]


def facts_of(scenario):
    """Everything that tables say, as plain values."""
    facts, lines = scenario.facts, scenario.lines
    needs, decided = facts.needs, facts.decided
    return (
        lines.keys,
        lines.upper.tolist(),
        lines.decided.tolist(),
        lines.fixed.tolist(),
        [needs.partnership.tolist(), needs.area.tolist(), needs.need.values.tolist(), needs.priority.values.tolist()],
        facts.effectiveness.values.tolist(),
        {name: weights.values.tolist() for name, weights in facts.markers.items()},
        [decided.state, decided.decision, facts.memo.amount.tolist()],
        facts.partnerships,
        [rule.demands(lines).member for rule in scenario.rules],
    )


def as_csv(rows, delimiter=",", decimal="."):
    def cell(text):
        text = text.replace(".", decimal) if text.replace(".", "", 1).isdigit() else text
        return f'"{text}"' if delimiter in text else text

    return "".join(delimiter.join(map(cell, row)) + "\n" for row in rows)


@pytest.mark.parametrize("name", TABLES)
def test_inline_rows_csv_and_worksheet_mean_the_same(name, fixed, write, worksheet, variant):
    rows, there = rows_of(name, fixed), facts_of(fixed)
    write("t.csv", as_csv(rows))
    assert facts_of(load(variant((TABLES[name], f"{name}: {{file: t.csv}}")))) == there
    write("bom.csv", b"\xef\xbb\xbf" + as_csv(rows).replace("\n", "\r\n").encode())
    assert facts_of(load(variant((TABLES[name], f"{name}: {{file: bom.csv}}")))) == there
    write("semi.csv", as_csv(rows, ";", ","))
    assert facts_of(load(variant((TABLES[name], f"{name}: {{file: semi.csv}}")))) == there
    numbers = [[float(cell) if cell.replace(".", "", 1).isdigit() else cell or None for cell in row] for row in rows]
    worksheet("t.xlsx", "Any name", numbers)
    assert facts_of(load(variant((TABLES[name], f"{name}: {{file: 't.xlsx#Any name'}}")))) == there
    inline = [{c: v for c, v in zip(rows[0], row, strict=True) if v} for row in rows[1:]]
    assert facts_of(load(variant((TABLES[name], f"{name}: {{rows: {json.dumps(inline)}}}")))) == there


def test_a_table_may_be_missing_when_nothing_needs_it(variant):
    scenario = load(variant((TABLES["decided"] + "\n", "")))
    assert len(scenario.facts.decided) == 0
    assert not scenario.lines.decided.any()


def test_places_of_csv_cells(write):
    text = 'id,"a, b",c\n\nx,"1,2",3\n"multi\nline",y,z\nlast,,\n'
    table = table_of(raw_csv(text, "t.csv"))
    assert table.columns == ["id", "a, b", "c"]
    assert table.cells == [["x", "1,2", "3"], ["multi\nline", "y", "z"], ["last", "", ""]]
    places = {(r, c): str(table.place(r, c)) for r in range(-1, 3) for c in range(3)}
    assert places[-1, 2] == "t.csv:1:11"
    assert places[0, 0] == "t.csv:3:1"
    assert places[0, 2] == "t.csv:3:9"
    assert places[1, 0] == "t.csv:4:1"
    assert places[2, 1] == "t.csv:6:6"
    assert str(table.place(0, "c")) == "t.csv:3:9"


def test_cells_are_stripped_and_empty_rows_left_out():
    assert table_of(raw_csv(" a , b \n , \n 1 ,  2\n", "t.csv")).cells == [["1", "2"]]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_line_ends(ends):
    assert table_of(raw_csv(ends.join(["a,b", "1,2", "3,4", ""]), "t.csv")).cells == [["1", "2"], ["3", "4"]]


def test_a_blank_first_line_changes_nothing():
    """The separator is that of the headings, wherever they stand."""
    table = table_of(raw_csv("\n  \na;b\n1,5;2\n", "t.csv"), numbers=["a"])
    assert (table.columns, table.cells) == (["a", "b"], [["1.5", "2"]])
    assert str(table.where(0, 1)) == "t.csv:4:5"


def test_semicolons_with_points_only_are_fine(variant, write):
    write("needs.csv", "partnership;area;need\negypt;returns;2.5\n")
    scenario = load(variant((TABLES["needs"], "needs: {file: needs.csv}")))
    assert scenario.facts.needs.need.values.tolist() == [2.5]


def test_decimal_commas_in_columns_per_year_and_beside_texts_with_commas(variant, write):
    write(
        "partnerships.csv",
        "id;name;level;absorption;absorption.2026\ntunisia;Tunisia, Republic of;bilateral;14,5;13,5\negypt;Egypt;bilateral;20;\n"
        "sahel;Sahel. All;regional;;\nglobal;World;global;;\nnorth-africa;N. A.;regional;;\n",
    )
    text = FIXED_TEXT.replace(TABLES["partnerships"], "partnerships: {file: partnerships.csv}")
    scenario = load(write("scenario.yaml", text.replace("partners: [north-africa, sahel]", "partners: all")))
    assert scenario.facts.partnerships[0].absorption == {0: Fraction(29, 2), 2026: Fraction(27, 2)}
    assert str(scenario.facts.partnerships[0].name) == "Tunisia, Republic of"


def test_names_in_languages(variant):
    scenario = load(variant(("name: Tunisia, level", 'name: Tunisia, name.bg: Тунис, name.fr: "Tunisie", level')))
    tunisia = scenario.facts.partnerships[1]
    assert (tunisia.name.within("bg"), tunisia.name.within("fr"), tunisia.name.within("de")) == ("Тунис", "Tunisie", "Tunisia")


def test_values_of_worksheet_cells(worksheet):
    path = worksheet(
        "t.xlsx", "S", [["text", "number"], ["x", 3], [True, 2.5], ["1e-3", 1e-7], [None, 1 / 3], ["", 1e9], [" pad ", 2025.0]]
    )
    file = Scalar("t.xlsx#S", parse_document("a: b", "s.yaml", path.parent).place)
    table = read_table(Tree({"file": file}, {}, file.place, path.parent), Files(path.parent))
    assert table.cells == [
        ["x", "3"],
        ["TRUE", "2.5"],
        ["1e-3", "1e-07"],
        ["", "0.333333333333333"],
        ["", "1000000000"],
        ["pad", "2025"],
    ]
    assert table.place(2, 1).cell == "S!B4"


def test_saved_values_of_formulas_are_read_and_notes_beside_the_table_ignored(tmp_path, variant):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "needs.xlsx") as book:
        sheet = book.add_worksheet("Needs")
        sheet.write_row(0, 0, ["partnership", "area", "need"])
        sheet.write_row(1, 0, ["egypt", "returns"])
        sheet.write_formula(1, 2, "=2+3", None, 5)
        sheet.write(1, 5, "a note")
    scenario = load(variant((TABLES["needs"], "needs: {file: needs.xlsx#Needs}")))
    assert scenario.facts.needs.need.values.tolist() == [5.0]


def test_files_are_sought_beside_the_file_that_names_them(write):
    write("base/needs.csv", "partnership,area,need\negypt,returns,7\n")
    write("base/base.yaml", FIXED_TEXT.replace(TABLES["needs"], "needs: {file: needs.csv}"))
    scenario = load(write("child.yaml", "extends: base/base.yaml\n"))
    assert scenario.facts.needs.need.values.tolist() == [7.0]


def test_files_outside_need_permission(write, tmp_path):
    write("needs.csv", "partnership,area,need\negypt,returns,7\n")
    path = write("inner/scenario.yaml", FIXED_TEXT.replace(TABLES["needs"], "needs: {file: ../needs.csv}"))
    assert len(load(path, allow_outside=True).facts.needs) == 1


cells = st.text(st.characters(codec="utf-8", exclude_categories=("C",), exclude_characters="\u2028\u2029"), max_size=8).map(str.strip)
amounts = st.decimals(min_value=0, max_value=10**6, places=3, allow_nan=False).map(lambda d: plain(Fraction(d)))
random_rows = st.lists(st.tuples(cells, amounts, cells), min_size=1, max_size=6)
COLUMNS = ["name", "need", "note"]
SPEC = {"name": ColumnSpec(str), "need": ColumnSpec(Fraction, number=True, empty=Fraction(0)), "note": ColumnSpec(str)}


@given(rows=random_rows)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_tables_read_the_same_from_every_form(tmp_path, rows):
    expected = {"name": [r[0] for r in rows], "need": [Fraction(r[1]) for r in rows], "note": [r[2] for r in rows]}

    def quoted(delimiter, decimal):
        lines = [(name, need.replace(".", decimal), note) for name, need, note in rows]
        return "\n".join(delimiter.join('"' + str(c).replace('"', '""') + '"' for c in line) for line in [COLUMNS, *lines])

    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    for r, row in enumerate(rows, start=2):
        for c, value in enumerate(row, start=1):
            cell = book.active.cell(r, c, value if c != 2 else float(value))
            if c != 2:
                cell.data_type = "s"  # a text that begins with = is no formula here
    book.save(tmp_path / "t.xlsx")
    text = json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows], ensure_ascii=False)
    inline = parse_document(f"t: {text}", "s.yaml", tmp_path).get("t")
    assert isinstance(inline, ListNode)
    place = inline.place
    worksheet = Tree({"file": Scalar("t.xlsx#Sheet", place)}, {}, place, tmp_path)
    problems = Problems()
    for table in (
        table_of(raw_csv(quoted(",", "."), "t.csv")),
        table_of(raw_csv(quoted(";", ","), "t.csv"), [], ["need"], Scalar(",", place)),
        read_table(inline, Files(tmp_path)),
        read_table(worksheet, Files(tmp_path)),
    ):
        assert read_columns(table, SPEC, problems) == expected
    assert problems == []
