"""Tables of numbers: CSV files, worksheets and inline rows, all read into one form in which every cell knows its place.

A CSV may use `,` or `;`; with `;` amounts may have decimal commas, but then all of them. Cells stay text until a
:class:`Column` reads them; all problems of a table are collected.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic_core import PydanticCustomError

from fundalloc.errors import Place, Problem, ScenarioError, did_you_mean, nearest
from fundalloc.scenario.document import Mapping, Node, Scalar, Sequence, locate, read_text
from fundalloc.scenario.merging import Period, builds_on_inherited, change_amounts, display_name, read_change

MAX_TABLE_BYTES = 200_000_000


@dataclass(frozen=True)
class Column:
    """One column of a table: how its cells are read, whether every row needs one, and what an empty cell means."""

    read: Callable[[str], Any]
    required: bool = False
    empty: Any = ""
    number: bool = False
    per: str = ""
    """"year" or "language": the column may be repeated as `name.2024` or `name.bg`."""


HEADING, WHOLE_ROW = -1, -1


@dataclass
class Table:
    """Rows of text with places. `cells[r][c]` is the text of row r in column c."""

    name: str
    columns: list[str]
    cells: list[list[str]]
    where: Callable[[int, int], Place]
    """Place of a cell by row and column; row -1 is the heading."""
    semicolons: bool = False
    moved: dict[tuple[int, int], Place] = field(default_factory=dict)
    """Cells (and rows, as column WHOLE_ROW) that were written elsewhere, by `change` or `adjust`."""
    dropped: list[dict[str, str]] = field(default_factory=list)
    """The rows that were switched off."""

    def place(self, row: int, column: int | str) -> Place:
        """Return where a cell was written."""
        index = self.columns.index(column) if isinstance(column, str) and column in self.columns else column
        if isinstance(index, str):
            index = 0
        return self.moved.get((row, index)) or self.moved.get((row, WHOLE_ROW)) or self.where(row, index)

    def column(self, name: str) -> list[str]:
        """Return the texts of a column, empty ones where it is missing."""
        if name not in self.columns:
            return [""] * len(self.cells)
        index = self.columns.index(name)
        return [row[index] for row in self.cells]

    def put(self, row: int, name: str, text: str, place: Place) -> None:
        """Write a cell, adding the column when it is new."""
        if name not in self.columns:
            self.columns.append(name)
            self.moved[HEADING, len(self.columns) - 1] = place
            for cells in self.cells:
                cells.append("")
        index = self.columns.index(name)
        self.cells[row][index] = text
        self.moved[row, index] = place

    def append(self, place: Place) -> int:
        """Add an empty row and return its number."""
        self.cells.append([""] * len(self.columns))
        row = len(self.cells) - 1
        self.moved[row, WHOLE_ROW] = place
        return row

    def drop(self, rows: set[int]) -> None:
        """Take rows out, and remember what they said."""
        self.dropped += [dict(zip(self.columns, self.cells[r], strict=True)) for r in sorted(rows)]
        kept = [r for r in range(len(self.cells)) if r not in rows]
        position = {r: k for k, r in enumerate(kept)} | {HEADING: HEADING}
        self.moved = {(position[r], c): place for (r, c), place in self.moved.items() if r in position}
        before, self.cells = self.where, [self.cells[r] for r in kept]
        self.where = lambda row, column: before(kept[row] if row >= 0 else row, column)


def read_table(
    node: Node, keys: tuple[str, ...], folder: Path, allowed: Callable[[Path], bool], defaults: dict[str, str] | None = None
) -> Table:
    """Read a table node: `{file: …}`, `{rows: […]}` or a list of rows, then apply its `change`. Raises ScenarioError.

    `keys` are the columns by which a change finds its row; `defaults` say what an empty cell means.
    """
    if isinstance(node, Sequence):
        return _inline(node)
    if not isinstance(node, Mapping):
        raise ScenarioError([Problem(node.place, "expected a table", "write {file: table.csv} or a list of rows")])
    unknown = [key for key in node.items if key not in ("file", "rows", "change")]
    if unknown:
        hint = did_you_mean(unknown[0], ("file", "rows", "change"))
        raise ScenarioError([Problem(node.keys[unknown[0]], f"unknown key '{unknown[0]}' of a table", hint)])
    rows, file = node.get("rows"), node.get("file")
    if isinstance(file, Scalar):
        table = _file(file, node.folder or folder, allowed)
    elif isinstance(rows, Sequence):
        table = _inline(rows)
    else:
        raise ScenarioError([Problem(node.place, "a table without rows", "write {file: table.csv} or {rows: […]}")])
    change = node.get("change")
    if change is not None:
        _apply_changes(table, change, keys, defaults or {})
    return table


def _inline(node: Sequence) -> Table:
    columns: list[str] = []
    problems = []
    for item in node.items:
        if not isinstance(item, Mapping):
            problems.append(Problem(item.place, "a row must be keys with values", "such as {partnership: egypt, area: returns, need: 10}"))
            continue
        columns += [key for key in item.items if key not in columns]
        problems += [
            Problem(value.place, f"'{key}' must be a single value", "write a text or a number")
            for key, value in item.items.items()
            if not isinstance(value, Scalar)
        ]
    if problems:
        raise ScenarioError(problems)
    rows = [item for item in node.items if isinstance(item, Mapping)]

    def where(row: int, column: int) -> Place:
        if row == HEADING:
            return next((item.keys[columns[column]] for item in rows if columns[column] in item.keys), node.place)
        return locate(rows[row], (columns[column],))

    return Table(node.place.file, columns, [[row.text(c) or "" for c in columns] for row in rows], where)


def _file(file: Scalar, folder: Path, allowed: Callable[[Path], bool]) -> Table:
    written, _, sheet = file.text.partition("#")
    path = folder / written
    if not allowed(path):
        raise ScenarioError(
            [Problem(file.place, f"'{written}' lies outside the scenario's folder", "move it there, or use --allow-outside")]
        )
    if path.is_dir():
        raise ScenarioError([Problem(file.place, f"'{written}' is a folder, not a file", "name the file inside it")])
    if not path.is_file():
        near = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise ScenarioError([Problem(file.place, f"no such file: {written}", did_you_mean(path.name, near))])
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return _worksheet(path, sheet, file)
    return parse_csv(read_text(path, display_name(path), MAX_TABLE_BYTES), display_name(path))


def parse_csv(text: str, name: str) -> Table:
    """Read CSV text; the first row names the columns. Raises ScenarioError on rows of the wrong length."""
    heading = text.split("\n", 1)[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, numbers, start = [], [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
                numbers.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise ScenarioError([Problem(Place(name, start, 1), f"not CSV: {error}", "check the quotes")]) from None
    if not rows:
        raise ScenarioError([Problem(Place(name), "the table is empty", "the first row names the columns")])
    raw = re.split(r"\r\n|\r|\n", text)

    def where(row: int, column: int) -> Place:
        line = numbers[row + 1]
        excerpt = raw[line - 1] if line <= len(raw) else ""
        return Place(name, line, _offset(excerpt, column, delimiter), excerpt=excerpt)

    columns, cells = rows[0], rows[1:]
    problems = [
        Problem(
            where(k, 0),
            f"{len(row)} {'cell' if len(row) == 1 else 'cells'}, but the heading has {len(columns)}",
            "put texts that contain the separator in double quotes",
        )
        for k, row in enumerate(cells)
        if len(row) != len(columns)
    ]
    problems += [
        Problem(where(-1, k), f"the column '{c}' stands twice", "rename one of them")
        for k, c in enumerate(columns)
        if c and c in columns[:k]
    ]
    if problems:
        raise ScenarioError(problems)
    return Table(name, columns, cells, where, semicolons=delimiter == ";")


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


def _worksheet(path: Path, sheet: str, file: Scalar) -> Table:
    import openpyxl
    from openpyxl.utils import get_column_letter

    name = display_name(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises many kinds for damaged files
        raise ScenarioError([Problem(file.place, f"'{path.name}' is not a readable workbook", str(error))]) from None
    try:
        if sheet not in book.sheetnames:
            hint = did_you_mean(sheet, book.sheetnames) if sheet else f"name the sheet: {path.name}#{book.sheetnames[0]}"
            raise ScenarioError([Problem(file.place, f"no sheet '{sheet}' in {path.name}" if sheet else "no sheet named", hint)])
        found = [(number, [_cell_text(v) for v in row]) for number, row in enumerate(book[sheet].iter_rows(values_only=True), start=1)]
    finally:
        book.close()
    rows = [(number, row) for number, row in found if any(row)]
    if not rows:
        raise ScenarioError([Problem(file.place, f"the sheet '{sheet}' is empty", "the first row names the columns")])
    width = max(k + 1 for k, cell in enumerate(rows[0][1]) if cell)

    def where(row: int, column: int) -> Place:
        return Place(name, cell=f"{sheet}!{get_column_letter(column + 1)}{rows[row + 1][0]}")

    return Table(name, rows[0][1][:width], [(row + [""] * width)[:width] for _, row in rows[1:]], where)


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    return str(value).strip()


def _apply_changes(table: Table, change: Node, keys: tuple[str, ...], defaults: dict[str, str]) -> None:
    """Change, add or drop rows that are found by their key columns."""
    problems: list[Problem] = []
    entries = change.items if isinstance(change, Sequence) else [change]
    dropped: set[int] = set()
    for entry in entries:
        if not isinstance(entry, Mapping):
            problems.append(Problem(entry.place, "a change must be keys with values", f"name {', '.join(keys)} and what changes"))
            continue
        missing = [key for key in keys if key not in entry.items]
        if missing:
            problems.append(Problem(entry.place, f"a change without '{missing[0]}'", f"rows are found by {', '.join(keys)}"))
            continue
        wanted = [entry.text(key) for key in keys]
        columns = [table.column(key) for key in keys]
        found = [r for r in range(len(table.cells)) if [c[r] for c in columns] == wanted and r not in dropped]
        if entry.text("off") == "true":
            if not found:
                problems.append(Problem(entry.place, "nothing to switch off", "no row has these keys"))
            if not entry.text("reason"):
                problems.append(Problem(entry.place, "switched off without a reason", "add reason: …"))
            dropped.update(found)
            continue
        for row in found or [table.append(entry.place)]:
            for key, value in entry.items.items():
                if key in keys and found:
                    continue
                if isinstance(value, Scalar):
                    _change_cell(table, row, key, value, defaults.get(key, ""), problems)
                else:
                    problems.append(Problem(value.place, f"'{key}' must be a single value", "write a text or a number"))
    if problems:
        raise ScenarioError(problems)
    if dropped:
        table.drop(dropped)


def _change_cell(table: Table, row: int, key: str, value: Scalar, default: str, problems: list[Problem]) -> None:
    text = value.text
    if builds_on_inherited(value):
        change = read_change(value, problems)
        old = table.column(key)[row] or default
        if change is None:
            return
        if not old:
            problems.append(Problem(value.place, "nothing is inherited here", "write the amount itself"))
            return
        new = change_amounts(Scalar(old, value.place), change, value, Period(()), problems)
        text = new.text if isinstance(new, Scalar) else text
    table.put(row, key, text, value.place)


def read_columns(table: Table, spec: dict[str, Column], problems: list[Problem]) -> dict[str, list[Any]]:
    """Read every column of a table by its specification; problems are added to the list. Missing optional columns are filled."""
    unknown = []
    for k, name in enumerate(table.columns):
        base, _, variant = name.partition(".")
        if not name:
            problems.append(Problem(table.place(HEADING, k), "a column without a name", "name it, or delete it"))
        elif base not in spec or (variant and not spec[base].per):
            unknown.append(name)
            problems.append(Problem(table.place(HEADING, k), f"unknown column '{name}'", did_you_mean(base, spec)))
    for name, column in spec.items():
        if column.required and name not in table.columns and table.columns and not nearest(name, unknown):
            problems.append(Problem(table.place(HEADING, 0), f"the column '{name}' is missing", f"expected columns: {', '.join(spec)}"))
    bases = {name: name.partition(".")[0] for name in table.columns}
    _mixed_decimals(table, [name for name, base in bases.items() if base in spec and spec[base].number], problems)
    return {name: _read(table, name, column, problems) for name, column in spec.items()}


def read_variants(table: Table, name: str, column: Column, problems: list[Problem]) -> list[dict[str, Any]]:
    """Read the columns `name.variant` (a language, a year) as one mapping per row, empty cells left out."""
    out: list[dict[str, Any]] = [{} for _ in table.cells]
    for full in table.columns:
        base, dot, variant = full.partition(".")
        if base == name and dot:
            for row, value in enumerate(_read(table, full, Column(column.read, number=column.number, empty=None), problems)):
                if value is not None:
                    out[row][variant] = value
    return out


def _read(table: Table, name: str, column: Column, problems: list[Problem]) -> list[Any]:
    cache: dict[str, Any] = {}
    out: list[Any] = []
    present = name in table.columns
    for row, text in enumerate(table.column(name)):
        if not text:
            if column.required and present:
                problems.append(
                    Problem(table.place(row, name), f"'{name}' is missing", "fill it in (a formula must have been saved with its value)")
                )
            out.append(column.empty)
            continue
        if text not in cache:
            try:
                cache[text] = column.read(decimal_point(text) if table.semicolons and column.number else text)
            except PydanticCustomError as error:
                context = error.context or {}
                problems.append(Problem(table.place(row, name), str(context.get("message", error)), str(context.get("hint", ""))))
                out.append(column.empty)
                continue
        out.append(cache[text])
    return out


def decimal_point(text: str) -> str:
    """Turn a decimal comma into a point; anything else stays as it is."""
    return text.replace(",", ".") if re.fullmatch(r"[^,.]*,[^,.]*", text) else text


def _mixed_decimals(table: Table, names: Iterable[str], problems: list[Problem]) -> None:
    if not table.semicolons:
        return
    commas, points = [], []
    for name in names:
        for row, text in enumerate(table.column(name)):
            if "," in text:
                commas.append((row, name))
            elif "." in text:
                points.append((row, name))
    if commas and points:
        minority = min(commas, points, key=len)[0]
        problems.append(Problem(table.place(*minority), "decimal commas and decimal points in one file", "use one of them throughout"))
