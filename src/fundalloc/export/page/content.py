"""What a page in the browser says, free of any markup: sections of sentences, tables and pictures; and workbook sheets turned into them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from fundalloc.export.workbook import theme
from fundalloc.export.workbook.content import Cell, Column, Sheet, Styled, plain
from fundalloc.labels import Words

FIFTHS = (0.8, 0.6, 0.4, 0.2)
"""Above which part a cell of a heat map has which shade, the darkest first; what is above zero has the palest."""


class Bar(NamedTuple):
    """A stretch of a bar: where it begins and how long it is, in per cent of the column, and the class that colours it."""

    start: float
    length: float
    look: str


class Shown(NamedTuple):
    """A cell of a table: its text, the number by which it is sorted, classes, and a bar in place of the text."""

    text: str
    number: float | None = None
    look: str = ""
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True)
class PageTable:
    """A table; the first column names the rows."""

    key: str
    """Unique on the page; its anchor."""
    caption: str
    headings: Sequence[tuple[str, bool]]
    """With whether numbers stand below."""
    rows: Sequence[Sequence[Shown]]
    totals: Sequence[Sequence[Shown]] = ()
    strong: frozenset[int] = frozenset()
    closed: bool = False
    """Whether only its caption is seen until it is opened."""


class Shape(NamedTuple):
    """An element of a drawing with its attributes, its text, what is inside it, and its tooltip."""

    tag: str
    attributes: Mapping[str, Any]
    text: str = ""
    inside: tuple[Shape, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Picture:
    """A drawing; the same figures stand in a table of its section."""

    key: str
    title: str
    alt: str
    size: tuple[float, float]
    shapes: Sequence[Shape]
    legend: Sequence[tuple[str, str]] = ()
    """Class and text."""
    followed: bool = False
    """Whether its parts can be chosen, by mouse and by keyboard."""


@dataclass(frozen=True)
class Section:
    """One heading and what stands below it."""

    key: str
    title: str
    says: Sequence[str] = ()
    unit: str = ""
    pictures: Sequence[Picture] = ()
    tables: Sequence[PageTable] = ()
    parts: Sequence[Section] = ()
    """Closed until they are opened."""
    legend: Sequence[tuple[str, str]] = ()
    printed: bool = True


@dataclass(frozen=True)
class Formats:
    """How the styles of a workbook write numbers in a language."""

    words: Words
    decimals: int
    formats: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "formats", theme.number_formats(self.decimals))

    def shown(self, cell: Cell, column: Column) -> Shown:
        """Return a cell as its style shows it."""
        value, style = plain(cell), cell.style if isinstance(cell, Styled) else column.style
        if value is None or isinstance(value, str):
            return Shown(value or "", None, next((look for word, look in column.flags if word == value), ""))
        return Shown(self.text(value, style), float(value), "change-up" if style == "change" and value > 0 else "")

    def text(self, value: float, style: str) -> str:
        """Write a number as the number format of a style does; one without a format as it is."""
        if style == "date":
            return str(date(1899, 12, 30) + timedelta(days=int(value)))
        positive, *others = self.formats.get(style, "0").replace(theme.MARGIN, "").split(";")
        if len(others) > 1 and others[1] == theme.DASH and not value:
            return "–"
        scaled = Decimal(repr(round(float(value) * (100 if "%" in positive else 1), 9)))
        digits = positive.rstrip("%").partition(".")[2]
        rounded = scaled.quantize(Decimal(1).scaleb(-len(digits)), ROUND_HALF_UP)
        written = f"{abs(rounded):f}"
        least = len(digits.rstrip("#"))
        places = max(least, len(written.partition(".")[2].rstrip("0")))
        if "," not in positive and "%" not in positive and not digits:
            return f"{rounded:f}"  # years
        text = self.words.number(float(abs(rounded)), places)
        text = self.words("number.percent", amount=text) if "%" in positive else text
        sign = "-" if rounded < 0 else "+" if positive.startswith("+") and rounded > 0 else ""
        return sign + text


def table_of(sheet: Sheet, formats: Formats, *, closed: bool = False, rows: Iterable[int] | None = None) -> PageTable:
    """Return the printed columns of a sheet, of some `rows` or of all."""
    columns, chosen = list(sheet.printed), list(range(sheet.table.height)) if rows is None else list(rows)
    heat = sorted(value for value in _numbers(columns, "heat") if value > 0)
    change = max(map(abs, _numbers(columns, "change")), default=0.0)

    def shown(column: Column, row: int) -> Shown:
        cell = formats.shown(column.cells[row], column)
        if column.mark == "heat" and cell.number is not None:
            return cell._replace(look=shade(bisect_right(heat, cell.number) / len(heat)) if cell.number > 0 else "")
        if column.mark == "change" and cell.number is not None and change:
            return cell._replace(bars=(signed_bar(cell.number / change),))
        return cell

    totals = [[formats.shown(c.totals[k] if k < len(c.totals) else None, c) for c in columns] for k in range(sheet.table.total_rows)]
    return PageTable(
        sheet.key,
        sheet.title,
        [(column.title, column.style in theme.NUMBERS) for column in columns],
        [[shown(column, row) for column in columns] for row in chosen],
        totals if rows is None else (),
        frozenset(k for k, row in enumerate(chosen) if row in sheet.table.strong),
        closed,
    )


def _numbers(columns: Iterable[Column], mark: str) -> list[float]:
    found = (plain(cell) for column in columns if column.mark == mark for cell in column.cells)
    return [float(value) for value in found if isinstance(value, int | float)]


def shade(part: float) -> str:
    """Return the class of a cell of a heat map: `part` is that of the cells with no more, or of the need that is met."""
    return f"h{sum(part <= edge for edge in FIFTHS)}" if part > 0 else ""


def signed_bar(part: float) -> Bar:
    """Return a bar that grows from the middle, to the right where something rises."""
    return Bar(50.0 if part >= 0 else round(50 + 50 * part, 2), round(50 * abs(part), 2), "up" if part >= 0 else "down")


def section_of(sheet: Sheet, formats: Formats, pictures: Sequence[Picture] = (), **look: Any) -> Section:
    """Return a sheet as a section of a page: what it says, its facts, its charts and its table."""
    told = [(fact.says, formats.shown(fact.cell, Column("", "figure", ())).text) for fact in sheet.facts]
    colon = formats.words("page.colon")
    facts = [colon.join(filter(None, pair)) for pair in told]
    return Section(sheet.key, sheet.title, (sheet.says, *facts), sheet.unit, pictures, [table_of(sheet, formats)], **look)
