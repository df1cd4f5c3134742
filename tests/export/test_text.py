"""Texts that are dangerous, long, foreign or equal: they stay texts, and the sums stay right."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from books import differences, plan_of, table

from cases import TINY
from fundalloc.export.workbook import plan_sums as book_module
from fundalloc.export.workbook import workbook_bytes, write_workbook
from fundalloc.export.workbook.book import distinct, quoted, sheet_name, shorten
from fundalloc.export.workbook.content import Column, Formula, Sheet, SheetTable
from fundalloc.export.workbook.spelling import escaped
from fundalloc.export.workbook.writer import Paper, render
from fundalloc.run import solve
from fundalloc.scenario.loading import load

HOSTILE = ("=1+1", "+x", "@SUM(A1)", "http://example.org/a?b=c&d", "'quoted'", "-2+3|cmd", "007", "*", "a[b]#c'd", "<b>&", "{=1}")
NAMES = (
    "NDICI-Global Europe", "AMIF thematic facility", "Tunisia", "Egypt", "Legal", "Returns", "Cooperation starts in 2026",
    "Made-up decision 1", "Smuggling", "Sahel regional programme", "Global programme",
)  # fmt: skip
"""What the hostile texts stand for, in the same order."""

pytestmark = [
    pytest.mark.filterwarnings("ignore:Unknown extension"),
    pytest.mark.filterwarnings("ignore:Conditional Formatting extension"),
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook in which names, reasons and sentences look like formulas, links and numbers, and ids like numbers."""
    folder = tmp_path_factory.mktemp("hostile")
    text = TINY.read_text("utf-8")
    for old, new in zip(NAMES, HOSTILE, strict=True):
        written = "'" + new.replace("'", "''") + "'"
        text = re.sub(rf"(name|short|reason|decision): {re.escape(old)}(?=[,}}\n])", lambda m, w=written: f"{m[1]}: {w}", text)  # type: ignore[misc]
    text = text.replace('says: "{partnership}: signed package"', "says: '=HYPERLINK(\"http://x\")'")
    text = re.sub(r"\btunisia\b", "'007'", text)
    file = folder / "hostile.yaml"
    file.write_text(text, "utf-8")
    return write_workbook(solve(load(file)), folder / "hostile.xlsx")


class TestText:
    def test_hostile_text_stays_text(self, hostile: Path) -> None:
        book = openpyxl.load_workbook(hostile)
        cells = [c for sheet in book for row in sheet.iter_rows() for c in row if isinstance(c.value, str)]
        for text in (*HOSTILE, '=HYPERLINK("http://x")'):
            found = [c for c in cells if c.value == text]
            assert found, text
            assert {c.data_type for c in found} == {"s"}, text
            assert not [c for c in found if c.hyperlink], text

    def test_hostile_names_do_not_disturb_the_sums(self, hostile: Path, tmp_path: Path) -> None:
        assert differences(hostile, tmp_path) == []

    def test_ids_that_look_like_numbers_get_a_number_in_front(self, hostile: Path) -> None:
        ids = table(hostile, "Partnerships")["Partnership ID"].tolist()
        assert "no2_007" in ids
        assert "007" not in ids

    def test_repeated_headings_get_a_number(self) -> None:
        assert distinct(["Fund", "fund", " Fund\n"], ["Total"]) == ["Fund", "fund (2)", "Fund (3)"]
        assert distinct(["total"], ["Total"]) == ["total (2)"]

    def test_text_is_spelt_for_formulas(self) -> None:
        assert quoted('say "x"') == '"say ""x"""'
        assert escaped("Part de l'instrument [#]") == "Part de l''instrument '['#']"
        assert shorten("Southern Neighbourhood programme", 24) == "Southern Neighbourhood…"

    def test_sheet_names_are_cut_and_stay_different(self) -> None:
        long = "A sheet name that is longer than thirty-one characters"
        first = sheet_name(long)
        second = sheet_name(long.upper(), [first])
        assert len(first) <= 31
        assert len(second) <= 31
        assert first.casefold() != second.casefold()
        assert sheet_name("a/b:c*[d]?\\") == "a b c d"
        assert sheet_name("'x'") == "x"
        assert sheet_name("") == "-"


def with_names(tmp_path: Path, **names: str) -> Path:
    """The tiny case with other names of its partnerships, as a workbook."""
    text = TINY.read_text("utf-8")
    for old, new in names.items():
        assert f"name: {old}," in text
        text = text.replace(f"name: {old},", f"name: {new!r},")
    (tmp_path / "named.yaml").write_text(text, "utf-8")
    scenario = load(tmp_path / "named.yaml")
    return write_workbook(plan_of(scenario, scenario.lines.decided + ~scenario.lines.fixed * 3), tmp_path / "named.xlsx")


class TestNames:
    def test_long_foreign_and_equal_names_stay_what_and_where_they_are(self, tmp_path: Path) -> None:
        long, hebrew = "Very long name " * 20, "שותפות ניסיון"
        path = with_names(
            tmp_path, Tunisia="Същото име", Egypt="същото име", **{"Sahel regional programme": long.strip(), "Global programme": hebrew}
        )
        assert len(long) == 300
        wanted = {"Същото име", "същото име", long.strip(), hebrew}
        assert set(table(path, "Partnerships")["Partnership"]) >= wanted
        heat, lines = table(path, "Heat map").set_index("Partnership ID"), table(path, "Allocation")
        assert set(heat["Partnership"]) >= wanted
        for partnership in ("tunisia", "egypt", "sahel"):
            ours = lines[(lines["Partnership ID"] == partnership) & (lines["Kind of money"] == "EU budget")]
            assert heat.loc[partnership, "EU budget"] == pytest.approx(ours["Planned"].sum())
        assert differences(path, tmp_path) == []


PAPER = Paper("t", "s", "a", "k", "2026-01-01", "m", "f", "", False, "en", 1)


def one_cell(content: object, style: str = "text") -> bytes:
    sheet = Sheet("cover", "Title", "Says.", SheetTable("Only", (Column("Heading", style, (content,)),)), cover=True)  # type: ignore[arg-type]
    return render([sheet], {"cover": "Cover"}, PAPER)


class TestCells:
    @pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
    def test_what_is_no_number_is_never_written(self, number: float) -> None:
        with pytest.raises((TypeError, ValueError)):
            one_cell(number, "money")

    def test_control_characters_and_turned_directions_become_spaces(self, tmp_path: Path) -> None:
        (tmp_path / "x.xlsx").write_bytes(one_cell("a\x00b\x0bc\u202ed\ne"))
        assert openpyxl.load_workbook(tmp_path / "x.xlsx")["Cover"]["A7"].value == "a b c d\ne"

    def test_text_beyond_the_limit_is_cut_with_an_ellipsis(self, tmp_path: Path) -> None:
        (tmp_path / "x.xlsx").write_bytes(one_cell("word " * 8_000))
        shown = openpyxl.load_workbook(tmp_path / "x.xlsx")["Cover"]["A7"].value
        assert 32_000 < len(shown) <= 32_767
        assert shown.endswith("…")

    def test_formulas_without_life_become_values(self, tmp_path: Path) -> None:
        sheet = Sheet("cover", "T", "S", SheetTable("Only", (Column("H", "money", (Formula("=1+1", 2.0),)),)), cover=True)
        (tmp_path / "x.xlsx").write_bytes(render([sheet], {"cover": "C"}, Paper(**{**PAPER.__dict__, "live": False})))
        assert openpyxl.load_workbook(tmp_path / "x.xlsx")["C"]["A7"].value == 2


class TestTooManyLines:
    def test_the_allocation_goes_into_a_file_and_the_cover_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        plan = solve(load(TINY))
        monkeypatch.setattr(book_module, "MOST_LINES", 10)
        path = write_workbook(plan, tmp_path / "big.xlsx")
        rows = (tmp_path / "tiny-allocation.csv").read_text("utf-8").splitlines()
        assert len(rows) == 1 + len(plan.steps)
        assert rows[0].startswith("instrument,partnership,area,year,")
        book = openpyxl.load_workbook(path)
        assert "Allocation" not in book.sheetnames
        assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
        assert any("tiny-allocation.csv" in str(cell.value) for cell in book["Cover"]["B"])
        assert book["By area"]["E7"].value is not None
        with zipfile.ZipFile(path) as package:
            assert b"Allocation[" not in b"".join(package.read(n) for n in package.namelist())

    def test_a_plan_that_fits_needs_no_file(self, tmp_path: Path) -> None:
        write_workbook(solve(load(TINY)), tmp_path / "small.xlsx")
        assert [p.name for p in tmp_path.iterdir()] == ["small.xlsx"]
        assert b"<f>" in zipfile.ZipFile(tmp_path / "small.xlsx").read("xl/worksheets/sheet2.xml")
        assert workbook_bytes(solve(load(TINY))) == (tmp_path / "small.xlsx").read_bytes()
