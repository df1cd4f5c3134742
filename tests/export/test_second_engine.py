"""A second engine beside LibreOffice: IronCalc computes every formula anew, and finds what is stored.

What it lacks is listed, with the number of cells; these keep their stored value, and everything that builds on them is computed.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pandas as pd
import pytest
from books import recalculated

from cases import ROOT, TINY
from fundalloc.compare import compare_files
from fundalloc.export.comparison import write_comparison
from fundalloc.export.workbook import write_workbook
from fundalloc.export.workbook.content import Column, Formula, Sheet, SheetTable
from fundalloc.export.workbook.spelling import here, whole_column
from fundalloc.export.workbook.writer import Paper, render
from fundalloc.run import solve
from fundalloc.scenario.loading import load

ironcalc = pytest.importorskip("ironcalc", reason="IronCalc is not installed: python -m pip install -e '.[engines]'")

LACKS = {"an array constant as criterion": re.compile(r"\{"), "ABS over a range": re.compile(r"SUMPRODUCT\(ABS\(")}
"""What IronCalc 0.9.1 cannot compute, by how it is spelt."""
CLOSE = 1e-9
NUMBER = re.compile(r"\d+(?:\.\d+)?")
TEXT = re.compile(r'"[^"]*"')
HEADINGS = ("a@b", "p#q", "it's", "x[y]", "c: d", "m, n", "(z) %", 'q"r', "u-v.w", "plain one")
pytestmark = [pytest.mark.filterwarnings("ignore:.*extension"), pytest.mark.lowest]


class FormulaCell(NamedTuple):
    sheet: int
    title: str
    row: int
    column: int
    formula: str
    stored: Any

    @property
    def lacks(self) -> str:
        return next((what for what, spelt in LACKS.items() if spelt.search(self.formula)), "")


def formula_cells(path: Path) -> Iterator[FormulaCell]:
    stored = openpyxl.load_workbook(path, data_only=True)
    for number, sheet in enumerate(openpyxl.load_workbook(path).worksheets):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    value = stored[sheet.title].cell(cell.row, cell.column).value
                    yield FormulaCell(number, sheet.title, cell.row, cell.column, str(cell.value), value)


def agree(cell: FormulaCell, found: Any) -> bool:
    """A figure to 1e-9, of itself or of what the formula takes it from; a text letter by letter."""
    if isinstance(cell.stored, int | float) and isinstance(found, int | float):
        scale = max(1.0, abs(cell.stored), *(float(n) for n in NUMBER.findall(TEXT.sub("", cell.formula))))
        return abs(found - cell.stored) <= CLOSE * scale
    return str(found or "") == str(cell.stored or "")


def computed(path: Path) -> tuple[Counter[str], list[str]]:
    """Return how many cells IronCalc lacks something for, and where it finds something else than what is stored."""
    model, cells = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en"), list(formula_cells(path))
    for cell in cells:
        if cell.lacks:
            put = model.update_cell_with_text if isinstance(cell.stored, str) else model.update_cell_with_number
            put(cell.sheet, cell.row, cell.column, cell.stored)
    model.evaluate()
    found = [(cell, model.get_cell_value(cell.sheet, cell.row, cell.column)) for cell in cells if not cell.lacks]
    wrong = [f"{c.title}!R{c.row}C{c.column} {c.formula}: {c.stored!r}, IronCalc {value!r}" for c, value in found if not agree(c, value)]
    return Counter(cell.lacks for cell in cells if cell.lacks), wrong


def written(scenario: Path, folder: Path) -> Path:
    return write_workbook(solve(load(scenario)), folder / "plan.xlsx")


@pytest.mark.parametrize(
    ("scenario", "lacks"),
    [
        (TINY, {"an array constant as criterion": 26, "ABS over a range": 1}),
        (ROOT / "examples" / "cohesion" / "catching-up.yaml", {"an array constant as criterion": 8, "ABS over a range": 1}),
        pytest.param(
            ROOT / "scenarios" / "mff-2021-2027" / "baseline.yaml",
            {"an array constant as criterion": 460, "ABS over a range": 1},
            marks=pytest.mark.thorough,
        ),
    ],
    ids=["tiny", "cohesion", "mff"],
)
def test_every_formula_of_a_plan_gives_what_is_stored(scenario, lacks, tmp_path):
    assert computed(written(scenario, tmp_path)) == (lacks, [])


def test_own_rules_count_all_members_of_a_grouping_or_a_tag_there_too(tmp_path):
    path = written(TINY, tmp_path)
    lines = pd.read_excel(path, sheet_name="Allocation", header=5)
    book = openpyxl.load_workbook(path)
    sheet, number = book["Own rules"], book.sheetnames.index("Own rules")
    at = {cell.value: cell.column for cell in sheet[6]}
    model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
    words = [("north-africa", ("tunisia", "egypt")), ("route:central-med", ("tunisia", "egypt", "sahel")), ("tunesia", ())]
    for row, (word, _) in enumerate(words, start=7):
        model.update_cell_with_text(number, row, at["Partnership ID (input)"], word)
        model.update_cell_with_number(number, row, at["Limit (input)"], 1)
    model.evaluate()
    for row, (word, members) in enumerate(words, start=7):
        amount, status = (model.get_cell_value(number, row, at[heading]) for heading in ("Amount", "Status"))
        assert amount == pytest.approx(lines.loc[lines["Partnership ID"].isin(members), "Planned"].sum()), word
        assert status == ("OK" if members else "unknown name")


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    found = compare_files(str(TINY), str(TINY.with_name("tiny-returns.yaml")), attributed=False)
    return write_comparison(found, tmp_path_factory.mktemp("compared") / "comparison.xlsx")


def test_every_formula_of_a_comparison_gives_what_is_stored(compared):
    assert computed(compared) == ({"ABS over a range": 2}, [])


def test_what_is_listed_as_lacking_is_lacking(tmp_path):
    """Where IronCalc has learnt it, the list is to be shortened."""
    path = written(TINY, tmp_path)
    model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
    model.evaluate()
    unlike = {c.lacks for c in formula_cells(path) if c.lacks and not agree(c, model.get_cell_value(c.sheet, c.row, c.column))}
    assert unlike == {"an array constant as criterion"}


def test_headings_with_signs_of_the_reference_grammar_are_escaped_for_both_engines(tmp_path):
    """[ ] # ' and @ stand behind an apostrophe, and what has signs stands in two pairs of brackets; each column holds 3 and 4."""
    columns = [Column(heading, "money", (3.0, 4.0)) for heading in HEADINGS]
    doubled = [
        Column(f"{k}", "money", (Formula(f"=2*{here('T', h)}", 6.0), Formula(f"=2*{here('T', h)}", 8.0))) for k, h in enumerate(HEADINGS)
    ]
    sums = [Column(f"sum {k}", "money", (Formula(f"=SUM({whole_column('T', h)})", 7.0),) * 2) for k, h in enumerate(HEADINGS)]
    sheet = Sheet("cover", "Title", "Says.", SheetTable("T", (*columns, *doubled, *sums), extended=True), cover=True)
    path = tmp_path / "book.xlsx"
    path.write_bytes(render([sheet], {"cover": "Cover"}, Paper("t", "s", "", "k", "2026-01-01", "m", "f", "", False, "en", 1)))
    assert computed(path) == ({}, [])
    again = recalculated(path, tmp_path)
    cells = list(formula_cells(path))
    assert [cell for cell in cells if not agree(cell, again[cell.title].cell(cell.row, cell.column).value)] == []
    assert len(cells) == 4 * len(HEADINGS)
    with zipfile.ZipFile(path) as archive:
        assert "<dc:creator>fundalloc</dc:creator>" in archive.read("docProps/core.xml").decode()
        filled_down = re.findall("<calculatedColumnFormula>(.*?)</", archive.read("xl/tables/table1.xml").decode())
    assert "2*T[[#This Row],[a'@b]]" in filled_down
    assert "SUM(T[[x'[y']]])" in filled_down


def test_a_comparison_spells_columns_of_names_with_signs_in_two_pairs_of_brackets(compared):
    """Ids may hold - and ., which are signs of formulas."""
    spelt = [c.formula for c in formula_cells(compared) if "Lines[" in c.formula and "needed" in c.formula]
    assert spelt
    assert all("[[tiny-returns: needed]]" in formula for formula in spelt)
