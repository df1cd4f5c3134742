"""What stands over the cells of a sheet: looks that follow their values, bars, heat, and what may be typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from fundalloc.export.workbook import theme
from fundalloc.export.workbook.book import quoted
from fundalloc.export.workbook.content import Sheet, Validation
from fundalloc.export.workbook.layout import Geometry

KEYS = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Marks:
    """The marks of one sheet."""

    to: Any
    sheet: Sheet
    place: Geometry
    sheets: Sequence[Sheet]
    places: Mapping[str, Geometry]
    """By the name of a table."""
    flag: Callable[[str], Any]
    """Gives the look of a flag."""

    def colour(self, cells: tuple[int, int, int, int], criteria: str, word: str, flag: str) -> None:
        """Give cells the look of a flag as long as they show, or do not show, a word."""
        self.to.conditional_format(*cells, {"type": "cell", "criteria": criteria, "value": quoted(word), "format": self.flag(flag)})

    def columns(self) -> None:
        """Mark the columns of the sheet's table."""
        columns, changed = self.sheet.table.columns, self.sheet.table.changed
        bars = {"bar": theme.DATA_BAR, "change": theme.CHANGE_BAR}
        for n, column in enumerate(columns):
            for word, flag in column.flags:
                self.colour(self._range(n, n), "==", word, flag)
            if column.mark in bars:
                self.to.conditional_format(*self._range(n, n), bars[column.mark])
            if column.mark == "line":
                self._lines(n)
            if column.entry:
                self.entry(self._range(n, n), column.entry)
        heat = [n for n, column in enumerate(columns) if column.mark == "heat"]
        if heat:
            self.to.conditional_format(*self._range(heat[0], heat[-1]), theme.HEAT_SCALE)
        if changed is not None:  # rows in which a reader has typed a change stand out
            typed, other = self.sheet.table.position(changed[0]), self._first(self.sheet.table.position(changed[1])) if changed[1] else "0"
            rule = {"type": "formula", "criteria": f"={self._first(typed)}<>{other}", "format": self.flag("changed")}
            self.to.conditional_format(*self._range(0, typed), rule)

    def entry(self, cells: tuple[int, int, int, int], entry: Validation) -> None:
        """Say what may be typed into cells."""
        columns = self.sheet.table.columns
        least = entry.least  # a formula where it is another column's amount
        text = f"=-{self._first([column.title for column in columns].index(least))}" if isinstance(least, str) else str(least)
        most = KEYS.sub(lambda m: self._first(self.sheet.table.position(m[1])), entry.most)
        self.to.data_validation(*cells, entry.in_excel(text, most, self._listed(*entry.listed) if entry.listed else ""))

    def _listed(self, table: str, key: str) -> str:
        place, sheet = self.places[table], next(sheet for sheet in self.sheets if sheet.table.name == table)
        column = sheet.table.position(key)
        offered = sum(cell is not None for cell in sheet.table.columns[column].cells)
        cells = xl_range_abs(place.first_row, column, place.first_row + offered - 1, column)
        return f"={top_of(place.name).removeprefix('internal:').removesuffix('A1')}{cells}"

    def _lines(self, column: int) -> None:
        """Draw small columns of the years of every row."""
        years = [k for k, other in enumerate(self.sheet.table.columns) if other.title.isdigit()]
        sheet = top_of(self.place.name).removeprefix("internal:").removesuffix("A1")
        for row in range(self.place.first_row, self.place.totals_row):
            cells = f"{sheet}{xl_range_abs(row, years[0], row, years[-1])}"
            self.to.add_sparkline(row, column, {"range": cells, "type": "column", "series_color": theme.SERIES[0], "min": 0})

    def _first(self, column: int) -> str:
        return str(xl_rowcol_to_cell(self.place.first_row, column, col_abs=True))

    def _range(self, first: int, last: int) -> tuple[int, int, int, int]:
        return self.place.first_row, first, self.place.first_row + self.sheet.table.height - 1, last


def top_of(sheet_name: str) -> str:
    """Return the link to the first cell of a sheet."""
    escaped = sheet_name.replace("'", "''")
    return f"internal:'{escaped}'!A1"
