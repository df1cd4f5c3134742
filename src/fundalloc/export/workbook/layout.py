"""Where things stand on a sheet, and how wide and high they must be, so that nothing is cut off: estimates from the shapes of letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import NamedTuple

from xlsxwriter.utility import xl_range

from fundalloc.export.workbook.content import Cell, Chart, Column, Sheet, SheetTable, plain
from fundalloc.export.workbook.theme import DENSE_ROW, FRAME_HEIGHTS, HEADER_HEIGHT, LINE_HEIGHT, NUMBERS, RECORD_ROW, ROW_HEIGHT, TALL_ROW

NARROW, WIDE = "iljI'’|.,:;!/()[]ftr- \u00a0", "mwMW@%—…жшщюфмЖШЩЮФМ"
BOLD, TITLE_SIZE, LONG_TITLE_SIZE, SENTENCE_SIZE = 1.09, 1.96, 1.42, 1.1
"""How much wider bold text, titles (small ones where a title is long) and the sentence below are than plain text."""
PADDING = 2.6
"""Indent and margins of a cell, in characters."""
WIDEST = {"text": 44.0, "strong": 44.0, "note": 52.0, "code": 70.0, "link": 34.0}
"""Text columns wrap beyond these widths."""
BROKEN_AT_SPACES = ("text", "strong", "status", "result", "label")
LONGEST_WORD = 24.0
"""Longer words are broken: they are ids or addresses."""
SAMPLE = 400
"""Long tables are measured on this many rows, evenly spread."""
LONG, RECORD = 30, 500
"""Tables with more rows are set closer, and closer still."""
HEADING_PADDING = 1.9
BACK_ROW, FACTS_ROW = 3, 4
ROW_PIXELS = ROW_HEIGHT * 4 / 3
LEAST_SCALE = 0.6
"""Nothing is printed smaller than this: 10 points on the screen as 6."""
PAPER = {False: (1065, 494.0), True: (736, 741.0)}
"""What A4 holds within its margins, upright or not: pixels across at 100 %, and points down."""
GAP = 8
"""Pixels between charts."""
SHOWN_PLACES = {
    0: ("number", "integer"),
    1: ("share", "change_share"),
    2: ("points",),
    3: ("figure", "price"),
    4: ("exact_share", "exact_points", "factor", "input"),
}
"""Decimals of styles that have not those of the rounding step, roughly."""
SHARES = ("share", "exact_share", "change_share")


@lru_cache(maxsize=65_536)
def text_width(text: str) -> float:
    """Return the width of a text in characters, where a digit is one character wide."""
    return sum(0.55 if c in NARROW else 1.5 if c in WIDE else 1.22 if c.isupper() else 0.98 for c in text)


@lru_cache(maxsize=65_536)
def wrapped_lines(text: str, width: float) -> int:
    """Return how many lines a text takes in a column of this width."""
    room, count = max(width - PADDING + 0.1, 1.0), 0
    for paragraph in text.splitlines() or [""]:
        used, lines = 0.0, 1
        for word in paragraph.split(" "):
            size = text_width(word)
            if used and used + 0.55 + size > room:
                lines, used = lines + 1, 0.0
            lines += int(size // room) if size > room else 0
            used = (used + 0.55 if used else 0.0) + (size % room if size > room else size)
        count += lines
    return count


def column_width(column: Column, decimals: int) -> float:
    """Return the width of a column: as given, but no word is broken, or what its cells and the longest word of its heading need."""
    if column.width is not None:
        return max(column.width, _longest_word(column))
    cells = [*_sample(column.cells), *column.totals]
    longest = max((text_width(_shown(plain(cell), column.style, decimals)) for cell in cells), default=0.0)
    if (column.style in ("total", "money") and column.totals) or column.style == "total":
        longest *= BOLD
    heading = max((text_width(word) * BOLD for word in column.title.split()), default=0.0)
    needed = max(longest + PADDING, heading + HEADING_PADDING)
    return round(min(needed, max(WIDEST.get(column.style, 60.0), heading + HEADING_PADDING)), 1)


def _longest_word(column: Column) -> float:
    """Return the width that the longest word of a column needs; a width that fits one language may not fit another."""
    heading = max((text_width(word) * BOLD for word in re.split(r"[ -]", column.title)), default=0.0)
    texts = {text for cell in _sample(column.cells) if isinstance(text := plain(cell), str)} if column.style in BROKEN_AT_SPACES else set()
    longest = max((text_width(word) for text in texts for word in re.split(r"[ -]", text)), default=0.0)
    return round(min(LONGEST_WORD, max(heading + HEADING_PADDING, longest + PADDING)), 1)


def _sample(cells: Sequence[Cell]) -> Sequence[Cell]:
    return cells[:: max(1, len(cells) // SAMPLE)]


def _shown(value: object, style: str, decimals: int) -> str:
    """Return roughly what a cell prints."""
    if value is None or isinstance(value, str):
        return str(value or "")
    places = next((places for places, styles in SHOWN_PLACES.items() if style in styles), decimals)
    number = float(value) * (100 if style in SHARES else 1)  # type: ignore[arg-type]
    grouped = f"{number:.{places}f}" if style == "integer" else f"{number:,.{places}f}"
    return grouped + ("%" if style in SHARES else "")


def row_heights(table: SheetTable, widths: Sequence[float], rows: int | None = None) -> list[float]:
    """Return the height of every row of the table's body, or of the first ones, in points."""
    least = RECORD_ROW if table.height > RECORD else DENSE_ROW if table.height > LONG else ROW_HEIGHT
    least = TALL_ROW if table.rows == "tall" else least
    margin = min(least - LINE_HEIGHT, ROW_HEIGHT - LINE_HEIGHT)
    wrapped = [(c, w) for c, w in zip(table.columns, widths, strict=True) if c.printed and c.style not in NUMBERS and c.style != "code"]
    lines = [
        max((_lines(plain(column.cells[row]), width) for column, width in wrapped), default=1)
        for row in range(table.height if rows is None else rows)
    ]
    return [max(least, count * LINE_HEIGHT + margin) for count in lines]


def total_height(table: SheetTable, widths: Sequence[float], row: int) -> float:
    """Return the height of a total row, in points."""
    shown = [(plain(c.totals[row]), width / BOLD) for c, width in zip(table.columns, widths, strict=True) if row < len(c.totals)]
    lines = max((_lines(value, width) for value, width in shown), default=1)
    return max(ROW_HEIGHT, lines * LINE_HEIGHT + ROW_HEIGHT - LINE_HEIGHT)


def _lines(value: object, width: float) -> int:
    return wrapped_lines(value, width) if isinstance(value, str) else 1


def header_height(table: SheetTable, widths: Sequence[float]) -> float:
    """Return the height of the heading row, in points."""
    lines = max(wrapped_lines(c.title, (w - HEADING_PADDING) / BOLD + PADDING + 0.1) for c, w in zip(table.columns, widths, strict=True))
    return max(HEADER_HEIGHT, lines * LINE_HEIGHT + 9)


def sheet_widths(sheet: Sheet, decimals: int) -> list[float]:
    """Return the width of every column of a sheet; the first one grows until the sheet's own sentence fits."""
    widths = [column_width(column, decimals) for column in sheet.table.columns]
    printed = sum(width for column, width in zip(sheet.table.columns, widths, strict=True) if column.printed)
    title = min(text_width(sheet.title) * TITLE_SIZE, max(text_width(sheet.title) * LONG_TITLE_SIZE, printed - PADDING))
    needed = max(title, text_width(sheet.says) * SENTENCE_SIZE) + PADDING
    widths[0] = round(widths[0] + max(0.0, needed - printed), 1)
    return widths


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
    chart_rows: tuple[int, ...]
    """First row of each line of charts."""
    below_row: int
    """First row of the facts below the table."""
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
        below = after + 1
        after = below + len(sheet.below) if sheet.below else after
        samples = after + 1
        last = samples + len(sheet.samples) if sheet.samples else after - 1
        widths = tuple(sheet_widths(sheet, decimals))
        return cls(name, widths, len(list(sheet.printed)), header, table.height, tuple(chart_rows), below, samples, last)

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
        """Width of the printed columns at 100 %."""
        return sum(int(width * 7 + 5) for width in self.widths[: self.printed])

    def cells(self, column: int) -> str:
        """Return the range of a column's body."""
        return str(xl_range(self.first_row, column, self.totals_row - 1, column))


class Fit(NamedTuple):
    """How a sheet is printed: how many pages wide and tall (0: as many as it takes), and about how many pages that makes."""

    wide: int
    tall: int
    pages: int


def fit(sheet: Sheet, place: Geometry) -> Fit:
    """Return how a sheet is printed so that nothing is smaller than LEAST_SCALE."""
    across, down = PAPER[sheet.portrait]
    scale, rows = min(1.0, across / place.pixels), place.rows if sheet.printed_rows is None else sheet.printed_rows
    wide = 1 if scale >= LEAST_SCALE else ceil(place.pixels * LEAST_SCALE / across)
    around = (
        sum(FRAME_HEIGHTS)
        + ROW_HEIGHT * (len(sheet.facts) + len(sheet.below) + len(sheet.samples))
        + header_height(sheet.table, place.widths)
    )
    charts = sum(max(chart.height for chart in line) * 0.75 + ROW_HEIGHT for line in chart_lines(sheet.charts))
    height = around + charts + sum(row_heights(sheet.table, place.widths, rows)) + ROW_HEIGHT * sheet.table.total_rows
    if sheet.one_page and wide == 1 and height * LEAST_SCALE <= down:
        return Fit(1, 1, 1)
    return Fit(wide, 0, wide * ceil(height * max(scale, LEAST_SCALE) / down))


def chart_lines(charts: Sequence[Chart]) -> list[list[Chart]]:
    """Put charts side by side while they fit into the sheet's width."""
    lines: list[list[Chart]] = []
    for chart in charts:
        if lines and sum(c.width for c in lines[-1]) + chart.width <= 1.001:
            lines[-1].append(chart)
        else:
            lines.append([chart])
    return lines
