"""Where things stand on a sheet: rows of the frame, of the table, of the charts. All positions from 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from xlsxwriter.utility import xl_range

from fundalloc.export.workbook.content import Chart, Sheet
from fundalloc.export.workbook.layout import pixels, sheet_widths
from fundalloc.export.workbook.theme import ROW_HEIGHT

BACK_ROW, FACTS_ROW = 3, 4
ROW_PIXELS = ROW_HEIGHT * 4 / 3
GAP = 8
"""Pixels between charts."""


@dataclass(frozen=True)
class Geometry:
    """Positions of one sheet."""

    name: str
    """Name of the sheet."""
    widths: tuple[float, ...]
    printed: int
    """Number of columns that are printed."""
    header_row: int
    rows: int
    totals: int
    chart_rows: tuple[int, ...]
    """First row of each line of charts."""
    samples_row: int
    last_row: int

    @classmethod
    def of(cls, sheet: Sheet, name: str, decimals: int) -> Geometry:
        """Lay out a sheet."""
        table = sheet.table
        header = FACTS_ROW + len(sheet.facts) + 1
        after = header + 1 + table.height + table.total_rows
        chart_rows = []
        for line in chart_lines(sheet.charts):
            chart_rows.append(after + 1)
            after += 1 + ceil((max(chart.height for chart in line) + GAP) / ROW_PIXELS)
        samples = after + 1
        last = samples + len(sheet.samples) if sheet.samples else after - 1
        widths = tuple(sheet_widths(sheet, decimals))
        return cls(name, widths, len(list(sheet.printed)), header, table.height, table.total_rows, tuple(chart_rows), samples, last)

    @property
    def first_row(self) -> int:
        """First row of the table's body."""
        return self.header_row + 1

    @property
    def totals_row(self) -> int:
        """First total row."""
        return self.first_row + self.rows

    @property
    def pixels(self) -> int:
        """Width of the printed columns."""
        return sum(pixels(width) for width in self.widths[: self.printed])

    def cells(self, column: int) -> str:
        """Return the range of a column's body."""
        return str(xl_range(self.first_row, column, self.totals_row - 1, column))


def chart_lines(charts: Sequence[Chart]) -> list[list[Chart]]:
    """Put charts side by side while they fit into the sheet's width."""
    lines: list[list[Chart]] = []
    for chart in charts:
        if lines and sum(c.width for c in lines[-1]) + chart.width <= 1.001:
            lines[-1].append(chart)
        else:
            lines.append([chart])
    return lines
