"""Sheets → an Excel file. The only module here, with `charts`, that knows XlsxWriter."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from fundalloc.export.workbook import theme
from fundalloc.export.workbook.book import shorten
from fundalloc.export.workbook.charts import add_charts
from fundalloc.export.workbook.content import (
    Cell,
    Column,
    ColumnSum,
    Content,
    Fact,
    FileLink,
    Formula,
    Link,
    Sheet,
    SheetTable,
    Styled,
    plain,
)
from fundalloc.export.workbook.layout import (
    BACK_ROW,
    FACTS_ROW,
    TITLE_SIZE,
    Geometry,
    header_height,
    row_heights,
    text_width,
    total_height,
    wrapped_lines,
)
from fundalloc.export.workbook.marks import Marks, top_of
from fundalloc.export.workbook.paper import Paper as Paper
from fundalloc.export.workbook.paper import set_up_printing
from fundalloc.labels import label
from fundalloc.scenario.workbooks.seal import CHOICE, PREFIX, Seal, sealed

LONGEST_TEXT, LONGEST_FORMULA = 32_767, 8_192
"""Characters that Excel takes; a sentence that no formula can hold is written as it reads."""
CALCULATED_BY = "191029"
"""Build of the engine that all versions of Excel since 2019 name: files of an older one are calculated anew when they are opened."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Characters that XML does not take, and those that turn the direction of what follows."""
UNLOCKED = {"autofilter": True, "format_columns": True, "format_rows": True, "objects": True}
"""What stays possible on a protected sheet."""
NEIGHBOURS = re.compile(r"(ABOVE|BESIDE)\((\d+)\)")


def render(sheets: Sequence[Sheet], names: dict[str, str], paper: Paper) -> bytes:
    """Return the bytes of a workbook; `names` maps sheet keys to sheet names. The same content gives the same bytes."""
    memory = BytesIO()
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_format_properties": {"font_name": theme.FONT, "font_size": theme.SIZE},
    }
    with xlsxwriter.Workbook(memory, options) as workbook, _without_collector():
        _Writer(workbook, sheets, names, paper).write()
    return sealed(memory.getvalue())


@contextmanager
def _without_collector() -> Iterator[None]:
    """Millions of cells and no circles among them: searching for circles would take a third of the time."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


class _Worksheet(Worksheet):  # type: ignore[misc]
    """A worksheet that takes formulas as they are: ours use no function that needs a prefix, so nothing is searched for."""

    def _prepare_formula(self, formula: str, _expand: bool = False) -> str:
        return formula.removeprefix("=")

    @staticmethod
    def _prepare_table_formula(formula: str) -> str:
        return formula  # an @ stands in the heading of a column


@dataclass
class _Writer:
    workbook: Any
    sheets: Sequence[Sheet]
    names: dict[str, str]
    paper: Paper
    formats: dict[tuple[str, str], Any] = field(default_factory=dict)
    geometry: dict[str, Geometry] = field(default_factory=dict)
    seal: Seal = field(default_factory=Seal)

    def write(self) -> None:
        """Write all sheets, then what refers across sheets."""
        paper = self.paper
        said = {key: getattr(paper, key) for key in ("title", "subject", "author", "comments", "keywords")}
        said["author"] = paper.author or "fundalloc"
        self.workbook.set_properties({**said, "created": datetime.fromisoformat(paper.as_of)})
        self.workbook.set_size(28_800, 17_000)
        self.workbook.set_calc_mode("auto", CALCULATED_BY)
        self.workbook.calc_on_load = False  # every formula has its value
        self.geometry = {sheet.table.name: Geometry.of(sheet, self.names[sheet.key], paper.decimals) for sheet in self.sheets}
        worksheets = [self.workbook.add_worksheet(self.names[sheet.key], worksheet_class=_Worksheet) for sheet in self.sheets]
        for sheet, worksheet in zip(self.sheets, worksheets, strict=True):
            place = self.geometry[sheet.table.name]
            _SheetWriter(self, worksheet, sheet, place).write()
            add_charts(self.workbook, worksheet, sheet, place, self.geometry)
        worksheets[0].activate()
        for name, digest in self.seal.digests().items():
            self.workbook.set_custom_property(PREFIX + name, digest)

    def format(self, style: str, where: str = "body") -> Any:
        """Return the cell format of a style: in the body, clipped to one line, in a total row, or alone."""
        if (style, where) not in self.formats:
            decimals = self.paper.decimals
            properties = {
                "body": lambda: theme.body_style(style, decimals),
                "clipped": lambda: {**theme.body_style(style, decimals), "text_wrap": False},
                "total": lambda: theme.total_style(style, decimals),
                "alone": lambda: theme.SINGLE[style],
            }[where]()
            self.formats[style, where] = self.workbook.add_format({"font_name": theme.FONT, "font_size": theme.SIZE, **properties})
        return self.formats[style, where]

    def flag(self, style: str) -> Any:
        """Return the conditional format of a flag."""
        if (style, "flag") not in self.formats:
            self.formats[style, "flag"] = self.workbook.add_format({**theme.FLAGS, "changed": theme.CHANGED}[style])
        return self.formats[style, "flag"]


@dataclass
class _SheetWriter:
    book: _Writer
    to: Any
    sheet: Sheet
    place: Geometry

    def write(self) -> None:
        """Write one sheet from top to bottom."""
        marks = Marks(self.to, self.sheet, self.place, self.book.sheets, self.book.geometry, self.book.flag)
        self._frame()
        for k, fact in enumerate(self.sheet.facts):
            self._fact(FACTS_ROW + k, fact, marks)
        for k, fact in enumerate(self.sheet.below):
            self._fact(self.place.below_row + k, fact, marks)
        self._header()
        self._body()
        self._totals()
        marks.columns()
        self._samples()
        if self.sheet.protected:
            self.to.protect("", UNLOCKED)
        set_up_printing(self.to, self.sheet, self.place, self.book.paper)

    def put(self, row: int, column: int, cell: Cell, style: str, where: str = "body", sealed: bool = True) -> None:
        """Write one cell. Text is never taken for a formula, a link or a number."""
        content, style = (cell.content, cell.style) if isinstance(cell, Styled) else (cell, style)
        look = self.book.format(style, where)
        too_long = isinstance(content, Formula) and max(len(content.text), len(str(content.value))) > LONGEST_FORMULA
        if isinstance(content, Formula | ColumnSum) and (too_long or not self.book.paper.live):
            content = content.value
        formula, value = self._written(content, row, column)
        if sealed:
            self.book.seal.add(self.place.name, row, column, value, formula)
        if formula is not None:
            done = self.to.write_formula(row, column, formula, look, value)
        elif value is None or value == "":
            done = self.to.write_blank(row, column, None, look)
        elif isinstance(content, Link | FileLink):
            done = self.to.write_url(row, column, top_of(value) if isinstance(content, Link) else f"external:{value}", look, value)
        else:
            done = (self.to.write_string if isinstance(value, str) else self.to.write_number)(row, column, value, look)
        if done != 0:
            raise ValueError(f"{self.place.name}!{xl_rowcol_to_cell(row, column)} cannot be written ({done}): {str(content)[:60]!r}")

    def _written(self, content: Content, row: int, column: int) -> tuple[str | None, Any]:
        """Return the formula of a cell, if it has one, and the value that it shows."""
        if isinstance(content, Formula):
            return NEIGHBOURS.sub(lambda m: _neighbours(m[1], int(m[2]), row, column), content.text), content.value
        if isinstance(content, ColumnSum):
            return f"=SUM({self.place.cells(column)})", content.value
        if isinstance(content, Link | FileLink):
            return None, self.book.names[content.sheet] if isinstance(content, Link) else content.file
        return None, shorten(CONTROL.sub(" ", content), LONGEST_TEXT) if isinstance(content, str) else content

    def _frame(self) -> None:
        to, sheet, place = self.to, self.sheet, self.place
        to.hide_gridlines(2)
        to.set_default_row(theme.ROW_HEIGHT)
        to.set_tab_color(theme.TAB[sheet.colour])
        for k, width in enumerate(place.widths):
            to.set_column(k, k, width)
        for row, height in enumerate(theme.FRAME_HEIGHTS):
            to.set_row(row, height)
        fits = text_width(sheet.title) * TITLE_SIZE <= sum(place.widths[: place.printed])
        self.put(0, 0, sheet.title, "title" if fits else "long_title", "alone")
        self.put(1, 0, sheet.says, "says", "alone")
        for column in range(place.printed):
            self.put(2, column, None, "gold", "alone")
        if not sheet.cover:
            back = label("workbook.back", self.book.paper.language)
            self.book.seal.add(place.name, BACK_ROW, 0, back)
            to.write_url(BACK_ROW, 0, top_of(self.book.names["cover"]), self.book.format("back", "alone"), back)
        if sheet.unit:
            self.put(BACK_ROW, place.printed - 1, sheet.unit, "unit", "alone")

    def _fact(self, row: int, fact: Fact, marks: Marks) -> None:
        if not fact.says:
            self.put(row, 0, fact.cell, "sentence", "alone")
            return
        self.put(row, 0, fact.says, "fact", "alone")
        self.put(row, 1, fact.cell, "text", sealed=(row, 1) != CHOICE or not fact.entry)
        if fact.entry:
            marks.entry((row, 1, row, 1), fact.entry)
        self._fit(row, str(plain(fact.cell)), fact.says)
        if fact.name:
            self.book.workbook.define_name(fact.name, f"='{self.place.name}'!{xl_rowcol_to_cell(row, 1, row_abs=True, col_abs=True)}")
        if fact.good:
            marks.colour((row, 1, row, 1), "==", fact.good, "pass")
            marks.colour((row, 1, row, 1), "!=", fact.good, fact.bad)

    def _fit(self, row: int, text: str, before: str = "") -> None:
        """Make a row as high as the texts in its first two columns need."""
        lines = max(wrapped_lines(before, self.place.widths[0]), wrapped_lines(text, self.place.widths[1]))
        self.to.set_row(row, max(theme.ROW_HEIGHT, lines * theme.LINE_HEIGHT + 6))

    def _header(self) -> None:
        place, table = self.place, self.sheet.table
        columns = []
        for k, column in enumerate(table.columns):
            self.book.seal.add(place.name, place.header_row, k, column.title)
            style = "header_number" if column.style in theme.NUMBERS else "header_text"
            columns.append({"header": column.title, "header_format": self.book.format(style, "alone"), **_filled_down(column, table)})
        options = {"name": table.name, "columns": columns, "style": None, "autofilter": table.filtered, "description": self.sheet.says}
        last = place.first_row + table.height - 1
        if self.to.add_table(place.header_row, 0, last, len(columns) - 1, options) not in (0, None):
            raise ValueError(f"table {table.name} cannot be written")
        self.to.set_row(place.header_row, header_height(table, place.widths))

    def _body(self) -> None:
        table, place = self.sheet.table, self.place
        columns = [(n, column.cells, column.style, "body" if column.printed else "clipped") for n, column in enumerate(table.columns)]
        for k, height in enumerate(row_heights(table, place.widths)):
            strong = k in table.strong
            for n, cells, style, where in columns:
                self.put(place.first_row + k, n, cells[k], style, "total" if strong else where)
            self.to.set_row(place.first_row + k, height)

    def _totals(self) -> None:
        table, place = self.sheet.table, self.place
        for k in range(table.total_rows):
            for n, column in enumerate(table.columns):
                cell = column.totals[k] if k < len(column.totals) else None
                self.put(place.totals_row + k, n, cell, column.style, "total")
            self.to.set_row(place.totals_row + k, total_height(table, place.widths, k))

    def _samples(self) -> None:
        row = self.place.samples_row
        if not self.sheet.samples:
            return
        self.put(row, 0, self.sheet.samples_title, "heading", "alone")
        self.to.set_row(row, 24)
        for k, sample in enumerate(self.sheet.samples, start=1):
            self.put(row + k, 0, sample.content, sample.style)
            self.put(row + k, 1, sample.says, "text")
            self._fit(row + k, sample.says)


def _filled_down(column: Column, table: SheetTable) -> dict[str, str]:
    """Return the formula that a new row under a small table takes over, where every row has the same."""
    texts = {c.text if isinstance(c, Formula) else "" for c in column.cells}
    text = texts.pop() if len(texts) == 1 and table.extended else ""
    return {"formula": text} if text else {}


def _neighbours(side: str, count: int, row: int, column: int) -> str:
    """Return the range of cells above a cell, or before it in its row."""
    if side == "ABOVE":
        return str(xl_range(row - count, column, row - 1, column))
    return str(xl_range(row, column - count, row, column - 1))
