"""`--for outside`: what must not leave the house is nowhere in the file, and everything else is as inside."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from cases import TINY
from fundalloc.export.workbook import workbook_bytes
from fundalloc.labels import languages
from fundalloc.run import solve
from fundalloc.scenario.loading import load

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension")
SECRET = {
    "Priority",
    "Priority as sent",
    "Penalty",
    "One million more, points",
    "One million less, points",
    "What the price is",
    "Range at the same score",
    "Comment (input)",
    "Author (input)",
    "Written in",
    "Scenario files",
    "Score",
    "Content",
}
SCENARIO = (
    TINY.read_text("utf-8")
    .replace("made-up", "secretly made-up")
    .replace("soft: 2", "soft: 2.345")
    .replace("priority: 1.2", "priority: 1.2345")
)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.yaml").write_text(SCENARIO, "utf-8")
    plan = solve(load(folder / "secret.yaml"), evidence="all")
    for name, audience in (("in", "inside"), ("out", "outside")):
        (folder / f"{name}.xlsx").write_bytes(workbook_bytes(plan, None, audience))
    return folder / "in.xlsx", folder / "out.xlsx"


def text_of(path: Path) -> str:
    with zipfile.ZipFile(path) as package:
        return "\n".join(package.read(name).decode("utf-8") for name in package.namelist() if name.endswith(".xml"))


def test_no_trace_of_priorities_penalties_prices_and_scenario(books):
    inside, outside = map(text_of, books)
    for trace in (
        "1.2345",
        "2.345",
        "yaml-language-server",
        "fundalloc-record.json",
        "ScenarioFiles",
        "One million more, points",
        "Comment (input)",
    ):
        assert trace in inside, f"{trace} would not be found inside either"
        assert trace not in outside
    assert not re.search(r"\[(Priority|Penalty|Written in)\]", outside), "a formula refers to a column that was taken out"


def test_the_cover_says_so(books):
    first = openpyxl.load_workbook(books[1], read_only=True).worksheets[0]
    said = [cell.value for row in first.iter_rows() for cell in row]
    assert "For outside: without priorities, penalties, worth of more money, comments and the scenario itself" in said
    assert "Scenario files" not in said


def test_the_figures_are_the_same(books):
    """Every column that is left has the same heading, the same formulas and the same stored values."""
    for values in (False, True):
        inside, outside = (openpyxl.load_workbook(path, data_only=values) for path in books)
        assert outside.sheetnames == [name for name in inside.sheetnames if name != "Scenario files"]
        for name in ("Allocation", "Needs", "Rules", "By instrument", "By partnership", "Free money"):
            (top_in, in_), (top_out, out) = (_table(book[name]) for book in (inside, outside))
            assert set(in_) - set(out) == set(in_) & SECRET
            assert top_in == top_out
            for title, column in out.items():
                for row in range(top_in, inside[name].max_row + 1):
                    assert outside[name].cell(row, column).value == inside[name].cell(row, in_[title]).value, f"{name} {title} {row}"


def _table(sheet) -> tuple[int, dict[str, int]]:
    """Return the row of the headings of the sheet's table, and {heading: column}."""
    (table,) = sheet.tables.values()
    row = int(re.search(r"\d+", table.ref).group())
    return row, {cell.value: cell.column for cell in sheet[row] if cell.value is not None}


@pytest.mark.parametrize("language", languages())
def test_in_every_language(books, language):
    plan = solve(load(books[0].parent / "secret.yaml"))
    assert len(workbook_bytes(plan, language, "outside")) < len(workbook_bytes(plan, language))
