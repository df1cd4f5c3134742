"""Files of tables, CSV and worksheets: first the cells as they stand, then, once the headings are known, a table; nothing is dropped."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

from fundalloc.doors.reading import admit, is_file
from fundalloc.doors.text import END_OF_LINE, MOST_CHARACTERS, controls, display_name, named_alike, read_text, too_long
from fundalloc.errors import Place, Problem, Problems, ScenarioError, counted, did_you_mean, some
from fundalloc.scenario.document import Scalar, Tree
from fundalloc.scenario.tables.signs import settle
from fundalloc.scenario.tables.table import HEADING, Table
from fundalloc.scenario.workbooks.cells import BookFile
from fundalloc.scenario.workbooks.sheet import NO_SHEET, SheetCells

MAX_TABLE_BYTES = 200_000_000
TITLE_ROWS = 30
"""Rows above the headings among which they are sought, to say where they stand."""
_SEP = re.compile(r'"?sep=([,;])"?[,;]*\s*', re.IGNORECASE)
FIGURE = re.compile(r"[+-]?[\d.,]*\d[\d.,]*\s*%?")


@dataclass(frozen=True)
class Files:
    """Where the files of tables lie, and which may be opened."""

    folder: Path
    allowed: Callable[[Path], bool] = lambda _: True
    recorded: bool = False
    """Whether they are read beside a result that exists, so that they mean what they meant then."""

    def seen_from(self, node: Tree) -> Files:
        """Return them as seen from the file that wrote a node."""
        return self if node.folder is None else replace(self, folder=node.folder)


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
    sheet: SheetCells = NO_SHEET
    """The worksheet that it was read from, with what is merged and hidden there; without rows for a CSV."""

    @cached_property
    def wrong(self) -> dict[tuple[int, int], tuple[str, str]]:
        """Cells that say nothing readable, with message and hint: formulas without a value, errors, control characters."""
        cells = ((row, k, cell) for row, cells in enumerate(self.sheet.rows) for k, cell in enumerate(cells))
        return {(row, k): cell.unreadable for row, k, cell in cells if cell.unreadable is not None}

    @property
    def formulas(self) -> int:
        """How many cells are formulas, of which the stored values are read."""
        return sum(cell.formula is not None for cells in self.sheet.rows for cell in cells)

    def hidden(self, heading: int, rows: Iterable[int], columns: Iterable[int]) -> list[Place]:
        """Return where those of these rows and columns begin that are read although nobody sees them."""
        unseen = [self.where(row, 0) for row in rows if row in self.sheet.hidden_rows]
        return unseen + [self.where(heading, column) for column in columns if column in self.sheet.hidden_columns]

    def headings(self, rows: Sequence[int]) -> list[str]:
        """Join what these rows say in each column, each word once.

        A word above others holds to its right too, up to the next one or a column with nothing below; merged cells in its row show how far.
        """
        columns = [*zip_longest(*(self.rows[row] for row in rows if row < len(self.rows)), fillvalue="")]
        words = [[*column] for column in columns]
        for level in (k for k, row in enumerate(rows[:-1]) if not self._spans(row)):
            group = ""
            for column, said in zip(columns, words, strict=True):
                below = {*filter(None, column[level + 1 :])}
                if any(column[: level + 1]) or not below:
                    group = column[level] if below - {column[level]} else ""
                said[level] = column[level] or group
        return [" ".join(" ".join(dict.fromkeys(said)).split()) for said in words]

    def _spans(self, row: int) -> bool:
        return any(top <= row <= bottom and left < right for top, left, bottom, right in self.sheet.merged)

    def stored(self, row: int, column: int) -> bool:
        """Return whether a cell is a number by itself, not a text that says one."""
        cells = self.sheet.rows[row] if self.sheet.rows else ()
        return column < len(cells) and cells[column].number is not None


def read_raw(file: Scalar, files: Files, encoding: str = "utf-8", separator: str = "") -> RawTable:
    """Read the file that a table names: a CSV, or a worksheet as `book.xlsx#Sheet`. Raises ScenarioError."""
    written, _, sheet = file.text.partition("#")
    path = files.folder / written
    admit(path, written, file.place, files.allowed)
    if path.is_dir():
        raise ScenarioError.of(file.place, f"'{written}' is a folder, not a file", "name the file inside it")
    if not is_file(path):
        raise ScenarioError.of(file.place, f"no such file: {written}", named_alike(path))
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return _worksheet(path, sheet, file.place)
    if sheet:
        raise ScenarioError.of(file.place, f"'{written}' has no sheets", f"write {written}")
    return _csv(path, encoding, separator)


def read_csv(path: Path, numbers: Collection[str] = (), decimal: Scalar | None = None) -> Table:
    """Read a CSV file; the first row names the columns, `numbers` are those of figures. Raises ScenarioError."""
    return table_of(_csv(path), (), numbers, decimal)


def _csv(path: Path, encoding: str = "utf-8", separator: str = "") -> RawTable:
    return raw_csv(read_text(path, display_name(path), MAX_TABLE_BYTES, encoding), display_name(path), separator)


def raw_csv(text: str, name: str, separator: str = "") -> RawTable:
    """Take CSV text apart. A first line `sep=;` names the separator, as spreadsheet programs understand it. Raises ScenarioError."""
    controls(text, name).tell()
    raw = END_OF_LINE.split(text)
    said = _SEP.fullmatch(raw[0])
    separator = "\t" if separator == "tab" else separator or (said[1] if said else _separator(raw, name))
    numbers, rows = _rows(text, name, separator)
    if said:
        rows[0] = []

    def where(row: int, column: int) -> Place:
        line = numbers[row]
        excerpt = raw[line - 1] if line <= len(raw) else ""
        return Place(name, line, _offset(excerpt, column, separator), excerpt=excerpt)

    wide = [number for number, row in enumerate(rows) if row and len(max(row, key=len)) > MOST_CHARACTERS // 2]
    long = ((where(row, n), too_long(cell)) for row in wide for n, cell in enumerate(rows[row]))
    Problems(Problem(place, *what) for place, what in long if what).tell()
    return RawTable(name, rows, where, separator)


def _rows(text: str, name: str, separator: str) -> tuple[list[int], list[list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    numbers, rows = [1], list[list[str]]()
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            numbers.append(reader.line_num + 1)
    except csv.Error as error:
        raise ScenarioError.of(Place(name, numbers[-1], 1), f"not CSV: {error}", "check the quotes") from None
    return numbers, rows


def _separator(raw: list[str], name: str) -> str:
    """Return what separates the columns, by the first line that has any of it. Raises ScenarioError for tabs."""
    heading = next((line for line in raw if "," in line or ";" in line), "")
    found = ";" if heading.count(";") > heading.count(",") else ","
    first = next((line for line in raw if line.strip()), "")
    if "\t" in first and found not in first:
        message, hint = "tabs between the columns", "say it beside `file`: separator: tab, or save it as CSV, with commas or semicolons"
        raise ScenarioError.of(Place(name, raw.index(first) + 1, 1), message, hint)
    return found


def _offset(line: str, column: int, delimiter: str) -> int:
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
    rows = [[cell.formula or "" if cell.value is None else cell.text for cell in row] for row in sheet.rows]
    return RawTable(book.name, rows, lambda row, column: book.place(title, row, column), sheet=sheet)


def table_of(
    raw: RawTable, keys: Sequence[str] = (), numbers: Collection[str] = (), decimal: Scalar | None = None, recorded: bool = False
) -> Table:
    """Return the table under the first row that is not empty: `keys` must be among its headings. Raises ScenarioError."""
    heading, *body = filled = _filled(raw, keys)
    columns = list(raw.rows[heading])
    while not raw.separator and not columns[-1]:
        del columns[-1]
    width, problems = len(columns), Problems()
    whole_rows(raw, body, columns, problems)
    _check_cells(raw, heading, columns, problems)
    problems.tell()

    def where(row: int, column: int) -> Place:
        return raw.where(heading if row == HEADING else body[row], column)

    body = [row for row in body if any(raw.rows[row][:width])]
    cells = [(raw.rows[row] + [""] * width)[:width] for row in body]
    table = Table(raw.name, columns, cells, where, raw.hidden(heading, filled, range(width)), raw.formulas)
    if raw.separator == ";" or decimal is not None:
        settle(table, numbers, decimal, lambda row, column: raw.stored(body[row], column), recorded)
    return table


def _filled(raw: RawTable, keys: Sequence[str]) -> list[int]:
    """Return the rows that are not empty, the headings first. Raises ScenarioError when there are none, or titles above them."""
    if not (filled := [row for row, cells in enumerate(raw.rows) if any(cells)]):
        place = Place(raw.name) if raw.separator else raw.where(0, 0)
        raise ScenarioError.of(place, "the table is empty", "the first row names the columns")
    below = next((row for row in filled[:TITLE_ROWS] if all(key in raw.rows[row] for key in keys)), filled[0])
    if below > filled[0]:
        message = f"a title where the headings are expected; they stand in row {below + 1}"
        hint = f"delete what stands above row {below + 1}: the first row names the columns"
        raise ScenarioError.of(raw.where(filled[0], 0), message, hint)
    return filled


def whole_rows(raw: RawTable, body: list[int], columns: list[str], problems: Problems) -> None:
    """Note rows of a CSV that are too long or too short, and figures that no heading names."""
    loose, width = [], len(columns)
    for row in body:
        cells = raw.rows[row]
        if raw.separator and len(cells) != width:
            message = f"{counted(len(cells), 'cells')}, but the heading has {width}"
            problems.add(raw.where(row, 0), message, "put texts that contain the separator in double quotes")
        elif len(cells) > width or "" in columns:
            nameless = (k for k, cell in enumerate(cells) if cell and not any(columns[k : k + 1]))
            loose += [(row, k) for k in nameless if FIGURE.fullmatch(cells[k]) or (row, k) in raw.wrong]
    if loose:
        message = f"{counted(len(loose), 'figures')} without a heading"
        problems.add(raw.where(*loose[0]), message, "give the column a heading, or move it to another sheet")


def _check_cells(raw: RawTable, heading: int, columns: list[str], problems: Problems) -> None:
    """Note headings that stand twice, cells that say nothing readable, and those that are merged: all but the first of them are empty."""
    width = len(columns)
    for column, name in enumerate(columns):
        if name and name in columns[:column]:
            problems.add(raw.where(heading, column), f"the column '{name}' stands twice", "rename one of them")
    for (row, column), said in raw.wrong.items():
        if column < width:
            problems.add(raw.where(row, column), *said)
    if merged := sorted(span for span in raw.sheet.merged if span[2] >= heading and span[1] < width):
        names = [":".join(raw.where(*end).cell.rpartition("!")[2] for end in (span[:2], span[2:])) for span in merged]
        message = f"merged cells, of which only the first is filled: {some(names, 3)}"
        problems.add(raw.where(*merged[0][:2]), message, "unmerge them and fill in every cell")
