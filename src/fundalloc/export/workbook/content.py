"""What a sheet says, free of any Excel library: cells, columns, tables, facts, charts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Formula:
    """A live cell: the formula, and the value that the program has already computed for it.

    `ABOVE(7)` in the text stands for the 7 cells above in the same column, `BESIDE(5)` for the 5 cells before it in the
    same row: cells whose headings are names of the scenario are not referred to by heading.
    """

    text: str
    value: float | int | str


@dataclass(frozen=True, slots=True)
class ColumnSum:
    """The sum of the column's own cells, for a total row; `value` is what it comes to."""

    value: float | int


@dataclass(frozen=True, slots=True)
class Link:
    """A link to the top of another sheet, shown as that sheet's name."""

    sheet: str
    """Key of the sheet."""


@dataclass(frozen=True, slots=True)
class FileLink:
    """A link to a file beside the workbook, shown as its name."""

    file: str


Content = str | int | float | Formula | ColumnSum | Link | FileLink | None


@dataclass(frozen=True, slots=True)
class Styled:
    """A cell whose style differs from its column's."""

    content: Content
    style: str


Cell = Content | Styled


@dataclass(frozen=True, slots=True)
class Validation:
    """What readers may type into a cell: a number from `least` on, one of `choices`, or a text of at most `longest` characters."""

    prompt: str
    """Shown beside the cell."""
    error: str
    """Shown when something else is typed."""
    least: float | str | None = None
    """A number, or the heading of a column whose negative is the least (the optimised amount that an adjustment may take away)."""
    choices: tuple[str, ...] = ()
    longest: int = 0
    listed: tuple[str, str] | None = None
    """Table and key of a column whose cells are offered; other texts are taken after a warning."""
    most: str = ""
    """A formula of the greatest number, in which {key} stands for a column of the same row; None where there is no bound."""

    def in_excel(self, least: str, most: str, listed: str) -> dict[str, Any]:
        """Return it in the words of XlsxWriter, cut to the lengths that Excel takes."""
        shown = {"input_message": self.prompt[:255], "error_message": self.error[:255], "ignore_blank": True}
        if self.choices:
            return {"validate": "list", "source": list(self.choices), **shown}
        if listed:
            return {"validate": "list", "source": listed, "error_type": "warning", **shown}
        if self.longest:
            return {"validate": "length", "criteria": "<=", "value": self.longest, **shown}
        lowest = least if least.startswith("=") else float(least)
        if most:
            return {"validate": "decimal", "criteria": "between", "minimum": lowest, "maximum": most, **shown}
        return {"validate": "decimal", "criteria": ">=", "value": lowest, **shown}


@dataclass(frozen=True)
class Column:
    """One column of a table: one purpose, one style, and the cells themselves."""

    title: str
    style: str
    """A style of the theme: text, note, code, money, share, points, number, integer, factor, status, result, link."""
    cells: Sequence[Cell]
    totals: tuple[Cell, ...] = ()
    """Cells of the total rows under the table; missing ones stay empty."""
    width: float | None = None
    """In characters; by default what the widest cell needs, within limits."""
    printed: bool = True
    """Columns that only formulas and modellers need stand at the right end and are not printed."""
    mark: Literal["", "bar", "heat", "change", "line"] = ""
    """bar: data bar from 0 to 100 %. heat: colour by amount, together with all other heat columns. change: bar with a sign.
    line: the years of the row, drawn small."""
    flags: tuple[tuple[str, str], ...] = ()
    """Pairs of word and style: a cell that shows the word takes the style, live."""
    key: str = ""
    """Its name in the catalogue, the same in every language; empty for headings that are names or years of the scenario."""
    entry: Validation | None = None
    """What may be typed into its cells; None for cells that nobody should change."""
    given: bool = False
    """Its amounts are no formulas, because nothing in the workbook could give them: inputs, and what was found by solving."""


@dataclass(frozen=True)
class SheetTable:
    """The table of a sheet. `name` is the Excel table that formulas refer to; it is the same in every language."""

    name: str
    columns: tuple[Column, ...]
    filtered: bool = False
    strong: frozenset[int] = frozenset()
    """Rows that are subtotals, and look like it."""
    rows: Literal["auto", "tall"] = "auto"
    """Height of rows: closer for longer tables unless said otherwise."""
    extended: bool = False
    """Readers may add rows below: columns with one formula fill themselves down."""
    changed: tuple[str, str] | None = None
    """Keys of two columns, or of one and "": a row in which they differ (or the one is not zero) stands out, live."""

    @property
    def height(self) -> int:
        """Number of rows without headings and totals."""
        return len(self.columns[0].cells)

    @property
    def total_rows(self) -> int:
        """Number of total rows."""
        return max(len(column.totals) for column in self.columns)

    def position(self, key: str) -> int:
        """Return the position of the column with this key."""
        return next(k for k, column in enumerate(self.columns) if column.key == key)

    def __post_init__(self) -> None:
        lengths = {len(column.cells) for column in self.columns}
        if len(lengths) != 1:
            raise ValueError(f"columns of {self.name} differ in length: {sorted(lengths)}")


@dataclass(frozen=True, slots=True)
class Fact:
    """A line above the table: what it is, and the value; `name` makes it a defined name for formulas."""

    says: str
    cell: Cell
    name: str = ""
    good: str = ""
    """When given, the cell is green as long as it shows this text, and takes the look of `bad` otherwise."""
    bad: Literal["breach", "warning"] = "breach"
    entry: Validation | None = None
    """What may be chosen in its cell, where nothing hangs on it but what the sheet shows: the seal leaves it out."""


@dataclass(frozen=True, slots=True)
class Swatch:
    """A line of the key to the cells: a sample in its style, and what the style means."""

    content: str | float
    style: str
    says: str


@dataclass(frozen=True)
class Series:
    """One series of a chart: a stretch of cells of a table, down a column or along a row."""

    table: str
    rows: tuple[int, int]
    """First and last row of the table's body, from 0; -1 is the heading."""
    columns: tuple[int, int]
    name: tuple[int, int] = (-1, 0)
    """Row and column of the cell that names the series."""
    rest: bool = False
    """Stands for everything that has no series of its own."""
    hidden: bool = False
    """Holds up the others without being seen: the base of a waterfall."""


@dataclass(frozen=True)
class Chart:
    """A chart. Its figures stand in a table; `alt` says what it shows to those who cannot see it."""

    kind: Literal["column", "bar", "scatter"]
    """column, bar: stacked. scatter: points joined by straight lines, over numbers."""
    title: str
    alt: str
    categories: Series
    series: tuple[Series, ...]
    width: float = 1.0
    """Part of the sheet's width."""
    height: int = 300
    """In pixels."""
    least: float | None = None
    """Where the axis of values starts, if not at zero; the title must say so."""
    axes: tuple[str, str] = ("", "")
    """Titles of the axes, for scatter charts: along, and up."""
    formats: tuple[str, str] = ("#,##0", "#,##0")
    """Number formats of the axes, for scatter charts: along, and up."""
    beside: bool = False
    """Columns or bars stand beside each other instead of on top."""
    skipped: int = 0
    """Colours left out at the start, so that a series looks the same in two charts."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: title, one sentence, facts, one table, charts."""

    key: str
    """Its texts stand under `sheet.<key>` in the catalogue."""
    title: str
    says: str
    table: SheetTable
    unit: str = ""
    colour: Literal["result", "input", "check", "rest"] = "result"
    facts: tuple[Fact, ...] = ()
    below: tuple[Fact, ...] = ()
    """Lines of the same kind below the table."""
    charts: tuple[Chart, ...] = ()
    samples: tuple[Swatch, ...] = ()
    samples_title: str = ""
    portrait: bool = False
    frozen: bool = True
    """Keeps the headings in sight."""
    one_page: bool = False
    printed_rows: int | None = None
    """How many rows of the table are printed, where those below say little; None for all, and what stands below the table."""
    cover: bool = False
    protected: bool = False
    """Only cells to be typed into are open; without a password. Sorting and adding rows need a sheet that is not."""

    @property
    def printed(self) -> Iterator[Column]:
        """The columns that are printed."""
        return (column for column in self.table.columns if column.printed)


def plain(cell: Cell) -> str | int | float | None:
    """Return what a cell shows."""
    content = cell.content if isinstance(cell, Styled) else cell
    if isinstance(content, Formula | ColumnSum):
        return content.value
    if isinstance(content, FileLink):
        return content.file
    return content.sheet if isinstance(content, Link) else content
