"""The same figure in the same cell is read the same, or refused at the same cell, whatever form its table has."""

import json
from fractions import Fraction

import openpyxl
import pytest
from openpyxl.utils import column_index_from_string
from pydantic_core import PydanticCustomError

from fundalloc.errors import Problems, ScenarioError
from fundalloc.facts.fields import read_limit
from fundalloc.scenario.document import parse_document
from fundalloc.scenario.sections import TABLES
from fundalloc.scenario.tables.raw import Files
from fundalloc.scenario.tables.specs import KEYS, SPECS, fill_figures, read_rows, read_tables
from fundalloc.scenario.tables.table import read_variants
from fundalloc.scenario.validation import refused

pytestmark = pytest.mark.lowest

NUMBERS = [(name, column) for name in TABLES for column, of in SPECS[name].items() if of.number]
NUMBERS += [("partnerships", "absorption.2025"), ("floors", "floor")]
READ = {"1": "1", "0.5": "1/2", "1e-1": "1/10", " 0.75 ": "3/4", "0.200": "1/5", ".25": "1/4", "12.5": "25/2", "1.200": "6/5"}
REFUSED = ["1,200", "12,5", "0,125", "1.200,5", "1 200", "1.2.3", "1..2..3..4", "ten", "-4", "٣", "１２", "1_0", "nan", "inf"]
REFUSED += ["#REF!", "2025-01-31", "31.1.2025", "0x10", "1e99", "0.0000000001", "5\x85", "5\x7f", "5\x9b", "\x85"]
WITHIN = {"coefficient": Fraction(1)}
"""Above this a column refuses figures, in every form."""
SIGNED = {"adjustment"}
"""Columns that read figures on either side of zero, in every form."""
BELOW = {"-4": "-4"}
FAULT = 1
"""The row that has the figure; the one below it says that points are decimal."""


def rows_of(name, column, figure):
    spec, keys = SPECS.get(name, {}), KEYS.get(name, ("partnership",))
    others = [c for c, of in spec.items() if of.required and c not in (*keys, column)]
    fill = {"name": "N", "state": "given", "coefficient": "1", "need": "1"}
    body = [[*("2025" if key == "year" else f"{key[0]}{row}" for key in keys), *map(fill.get, others)] for row in range(3)]
    return [[*keys, *others, column, "source"], *([*row, said, "a text"] for row, said in zip(body, ("0.5", figure, "0.25"), strict=True))]


def forms(name, rows, folder):
    """Every form of a table: its YAML, and the line in which its heading stands, or would stand."""
    for form, separator in (("comma", ","), ("semicolon", ";")):
        text = "".join(separator.join(f'"{cell}"' for cell in row) + "\n" for row in rows)
        (folder / f"{form}.csv").write_text(text, encoding="utf-8", newline="")
        yield form, f"{{file: {form}.csv", 1
    book = openpyxl.Workbook()
    for row, cells in enumerate(rows, start=1):
        for k, cell in enumerate(cells, start=1):
            book.active.cell(row, k, "x")._value = cell
    book.save(folder / "t.xlsx")
    yield "worksheet", "{file: t.xlsx", 1
    if name == "floors":
        yield "rows", "{" + "\n, ".join(f"{row[0]}: {json.dumps(row[-2], ensure_ascii=False)}" for row in rows[1:]), 3
    else:
        listed = (dict(zip(rows[0], row, strict=True)) for row in rows[1:])
        yield "rows", "{rows: [\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in listed) + "]", 1


def verdict(name, column, written, folder):
    """What is read, by row; raises ScenarioError."""
    problems = Problems()
    if name != "floors":
        tables = read_tables(parse_document(f"{name}: {written}}}\n", "s.yaml", folder), Files(folder), problems)
        values = read_rows(name, tables[name], problems)
        base, _, year = column.partition(".")
        found = [each[year] for each in read_variants(tables[name], base, SPECS[name][base], problems) if each] if year else values[column]
        problems.tell()
        return found
    column = ", column: floor" if "file" in written else ""
    text = f"rules:\n f:\n  for_each: partnership\n  at_least: {written}{column}}}\n"
    tree, _ = fill_figures(parse_document(text, "s.yaml", folder), Files(folder), problems)
    found = []
    for node in (tree.mapping("rules") or tree).items.get("f", tree).items.get("at_least", tree).items.values() if not problems else ():
        try:
            found.append(read_limit(node.text).value)
        except PydanticCustomError as error:
            problems.append(refused(error, node.place))
    problems.tell()
    return found


def cell_of(place, rows, folder):
    """Row and column of a place, the heading being row -1; inline rows tell their row only."""
    if place.cell:
        letters = place.cell.rpartition("!")[2].rstrip("0123456789")
        return int(place.cell.rpartition("!")[2][len(letters) :]) - 2, column_index_from_string(letters) - 1
    if place.file.endswith(".csv"):
        before = (folder / place.file).read_text("utf-8").split("\n")[place.line - 1][: place.column - 1]
        return place.line - 2, before.count('",') + before.count('";')
    return place.line - 2, len(rows[0]) - 2


@pytest.mark.parametrize(("name", "column"), NUMBERS, ids=map(".".join, NUMBERS))
def test_a_figure_has_one_verdict_in_every_form(name, column, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read = READ | BELOW if column in SIGNED else READ
    for figure in (*READ, *REFUSED):
        rows = rows_of(name, column, figure)
        at = FAULT, len(rows[0]) - 2
        within = figure in read and Fraction(read[figure]) <= WITHIN.get(column, 1000)
        for form, written, heading in forms(name, rows, tmp_path):
            case = f"{figure!r} as {form}"
            if within:
                assert verdict(name, column, written, tmp_path) == [Fraction(1, 2), Fraction(read[figure]), Fraction(1, 4)], case
                continue
            with pytest.raises(ScenarioError) as caught:
                print(case, verdict(name, column, written, tmp_path))
            assert {
                cell_of(p.place, rows, tmp_path) if heading == 1 else (p.place.line - heading - 1, at[1]) for p in caught.value.problems
            } == {at}, case
