"""Files of tables, CSV and worksheets alike: first the cells as they stand, then, once the headings are known, a table.

Between the two a foreign layout can be turned into ours. Nothing is dropped in silence: what is not read is a note beside the
table, or a problem at its place.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fundalloc.doors.reading import admit
from fundalloc.doors.terminal import CONTROLS
from fundalloc.errors import Place, Problem, Problems, ScenarioError, and_more, counted, did_you_mean
from fundalloc.scenario.document import Scalar, controls, display_name, read_text
from fundalloc.scenario.tables.signs import settle
from fundalloc.scenario.tables.table import HEADING, Table
from fundalloc.scenario.workbooks.cell import Cell
from fundalloc.scenario.workbooks.cells import BookFile

MAX_TABLE_BYTES = 200_000_000
TITLE_ROWS = 30
"""Rows above the headings among which they are sought, to say where they stand."""
FIGURE = re.compile(r"[+-]?[\d.,]*\d[\d.,]*\s*%?")
UNSAVED = "open it in a spreadsheet program and save it"


@dataclass(frozen=True)
class RawTable:
    """The cells of a file as text, all of its rows as they stand, empty ones too; which of them is the heading is not yet chosen."""

    name: str
    rows: list[list[str]]
    """They may differ in length. Row k is row k + 1 of a worksheet, and of a CSV without line ends inside its cells."""
    where: Callable[[int, int], Place]
    """Place of a cell by row and column, both from 0."""
    separator: str = ""
    """Of a CSV; empty for a worksheet."""
    stored: Callable[[int, int], bool] = lambda row, column: False
    """Whether the cell of a worksheet is a number, not a text that says one."""
    wrong: Mapping[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    """Cells that say nothing readable, with message and hint: formulas without a value, errors, control characters."""
    merged: Sequence[tuple[int, int, int, int]] = ()
    """First row and column, last row and column."""
    hidden: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
    """Rows and columns that a reader of the worksheet does not see."""
    formulas: int = 0


def read_raw(file: Scalar, folder: Path, allowed: Callable[[Path], bool], encoding: str = "utf-8", separator: str = "") -> RawTable:
    """Read the file that a table names: a CSV, or a worksheet as `book.xlsx#Sheet`. Raises ScenarioError."""
    written, _, sheet = file.text.partition("#")
    path = folder / written
    admit(path, written, file.place, allowed)
    if path.is_dir():
        raise ScenarioError.of(file.place, f"'{written}' is a folder, not a file", "name the file inside it")
    if not path.is_file():
        near = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise ScenarioError.of(file.place, f"no such file: {written}", did_you_mean(path.name, near))
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return _worksheet(path, sheet, file.place)
    if sheet:
        raise ScenarioError.of(file.place, f"'{written}' has no sheets", f"write {written}")
    return raw_csv(read_text(path, display_name(path), MAX_TABLE_BYTES, encoding), display_name(path), separator)


def parse_csv(text: str, name: str, numbers: Collection[str] = ()) -> Table:
    """Read CSV text; the first row names the columns, `numbers` are those of figures. Raises ScenarioError on rows of the wrong length."""
    return table_of(raw_csv(text, name), numbers=numbers)


def raw_csv(text: str, name: str, separator: str = "") -> RawTable:
    """Take CSV text apart. A first line `sep=;` names the separator, as spreadsheet programs understand it. Raises ScenarioError."""
    controls(text, name).tell()
    raw = re.split(r"\r\n|\r|\n", text)
    given = "\t" if separator == "tab" else separator
    said = re.fullmatch(r'"?sep=([,;])"?[,;]*\s*', raw[0], re.IGNORECASE)
    heading = raw[1] if said and len(raw) > 1 else raw[0]
    separator = given or (said[1] if said else "") or (";" if heading.count(";") > heading.count(",") else ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    rows: list[list[str]] = []
    numbers: list[int] = []
    start = 1
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row] if rows or not said else [])
            numbers.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise ScenarioError.of(Place(name, start, 1), f"not CSV: {error}", "check the quotes") from None

    def where(row: int, column: int) -> Place:
        line = numbers[row]
        excerpt = raw[line - 1] if line <= len(raw) else ""
        return Place(name, line, _offset(excerpt, column, separator), excerpt=excerpt)

    return RawTable(name, rows, where, separator)


def _offset(line: str, column: int, delimiter: str) -> int:
    """Return the 1-based position at which the cell of this column begins."""
    quoted = False
    for position, character in enumerate(line):
        if column == 0:
            return position + 1
        if character == '"':
            quoted = not quoted
        elif character == delimiter and not quoted:
            column -= 1
    return len(line) + 1


def _worksheet(path: Path, title: str, place: Place) -> RawTable:
    try:
        book = BookFile(path)
    except ScenarioError as error:
        raise ScenarioError([Problem(place, f"'{path.name}': {p.message}", p.hint) for p in error.problems]) from None
    if not title and len(book.titles) == 1:
        title = book.titles[0]
    if title not in book.titles:
        hint = did_you_mean(title, book.titles) if title else f"name the sheet: {path.name}#{book.titles[0]}"
        raise ScenarioError.of(place, f"no sheet '{title}' in {path.name}" if title else "no sheet named", hint)
    sheet = book.sheet(title)
    rows = [[cell.text for cell in row] for row in sheet.rows]
    wrong = {(r, c): said for r, row in enumerate(sheet.rows) for c, cell in enumerate(row) if (said := _unreadable(cell))}
    formulas = sum(cell.formula is not None for row in sheet.rows for cell in row)
    return RawTable(
        book.name,
        rows,
        lambda row, column: book.place(title, row, column),
        stored=lambda row, column: column < len(sheet.rows[row]) and sheet.rows[row][column].number is not None,
        wrong=wrong,
        merged=sheet.merged,
        hidden=(sheet.hidden_rows, sheet.hidden_columns),
        formulas=formulas,
    )


def _unreadable(cell: Cell) -> tuple[str, str] | None:
    if cell.error:
        return f"an error: {cell.text}", "mend the formula, or type the value"
    if cell.formula is not None and cell.value is None:
        return f"a formula without a stored value: {cell.formula}", UNSAVED
    found = CONTROLS.search(cell.value) if isinstance(cell.value, str) else None
    return (f"an invisible control character (#x{ord(found[0]):04x})", "delete it") if found else None


def table_of(raw: RawTable, keys: Sequence[str] = (), numbers: Collection[str] = (), decimal: Scalar | None = None) -> Table:
    """Return the table whose headings stand in the first row that is not empty. Raises ScenarioError with what would not be read.

    `keys` are columns that it must have: where they stand further below, the rows above them are said to be titles. `numbers` are
    columns of figures, and `decimal` is the sign that is decimal in them, where the scenario says so.
    """
    filled = [row for row, cells in enumerate(raw.rows) if any(cells) or any((row, column) in raw.wrong for column in range(len(cells)))]
    if not filled:
        place = Place(raw.name) if raw.separator else raw.where(0, 0)
        raise ScenarioError.of(place, "the table is empty", "the first row names the columns")
    heading, body = filled[0], filled[1:]
    _without_titles(raw, filled, keys)
    width = max((column + 1 for column, cell in enumerate(raw.rows[heading]) if cell), default=0)
    width = len(raw.rows[heading]) if raw.separator else width
    columns = raw.rows[heading][:width]
    problems = Problems()
    whole_rows(raw, body, width, problems)
    for column, name in enumerate(columns):
        if name and name in columns[:column]:
            problems.add(raw.where(heading, column), f"the column '{name}' stands twice", "rename one of them")
    for (row, column), (message, hint) in raw.wrong.items():
        if row >= heading and column < width:
            problems.add(raw.where(row, column), message, hint)
    _unmerged(raw, heading, width, problems)
    problems.tell()

    def where(row: int, column: int) -> Place:
        return raw.where(heading if row == HEADING else body[row], column)

    cells = [(raw.rows[row] + [""] * width)[:width] for row in body]
    table = Table(raw.name, columns, cells, where, hidden_places(raw, filled, width), raw.formulas)
    if raw.separator == ";" or decimal is not None:
        settle(table, numbers, decimal, lambda row, column: raw.stored(body[row], column))
    return table


def _without_titles(raw: RawTable, filled: list[int], keys: Sequence[str]) -> None:
    if all(key in raw.rows[filled[0]] for key in keys):
        return
    below = next((row for row in filled[:TITLE_ROWS] if keys and all(key in raw.rows[row] for key in keys)), None)
    if below is not None:
        place = raw.where(below, 0)
        number = place.cell.rpartition("!")[2].lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") or place.line
        hint = f"delete what stands above row {number}: the first row names the columns"
        raise ScenarioError.of(raw.where(filled[0], 0), f"a title where the headings are expected; they stand in row {number}", hint)


def whole_rows(raw: RawTable, body: list[int], width: int, problems: Problems) -> None:
    """Note rows of a CSV that are too long or too short, and figures of a worksheet that no heading names."""
    loose = []
    for row in body:
        cells = raw.rows[row]
        if raw.separator and len(cells) != width:
            message = f"{counted(len(cells), 'cells')}, but the heading has {width}"
            problems.add(raw.where(row, 0), message, "put texts that contain the separator in double quotes")
        elif len(cells) > width:
            loose += [(row, k) for k in range(width, len(cells)) if FIGURE.fullmatch(cells[k]) or (row, k) in raw.wrong]
    if loose:
        message = f"{counted(len(loose), 'figures')} right of the last heading"
        problems.add(raw.where(*loose[0]), message, "give the column a heading, or move it to another sheet")


def _unmerged(raw: RawTable, heading: int, width: int, problems: Problems) -> None:
    """Note cells that are merged: all but the first of them are empty."""
    found = sorted(span for span in raw.merged if span[2] >= heading and span[1] < width)
    if found:
        names = [f"{_cell(raw, *span[:2])}:{_cell(raw, *span[2:])}" for span in found]
        says = " ".join([", ".join(names[:3]), *and_more(names, 3)])
        problems.add(
            raw.where(*found[0][:2]), f"merged cells, of which only the first is filled: {says}", "unmerge them and fill in every cell"
        )


def hidden_places(raw: RawTable, filled: list[int], width: int) -> list[Place]:
    """Return where the rows and columns begin that are read although nobody sees them."""
    rows, columns = raw.hidden
    return [raw.where(row, 0) for row in filled if row in rows] + [
        raw.where(filled[0], column) for column in range(width) if column in columns
    ]


def _cell(raw: RawTable, row: int, column: int) -> str:
    return raw.where(row, column).cell.rpartition("!")[2]
