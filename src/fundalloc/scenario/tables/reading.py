"""Tables as planners write them, CSV files, worksheets and inline rows with their changes, all read into one form (`table`).

A CSV may use `,` or `;`; cells stay text until their columns are read.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fundalloc.doors.reading import admit, read_bytes
from fundalloc.errors import Place, Problem, Problems, ScenarioError, counted, did_you_mean
from fundalloc.scenario.document import (
    END_OF_LINE,
    MOST_CHARACTERS,
    ListNode,
    Node,
    Scalar,
    Tree,
    controls,
    display_name,
    locate,
    read_text,
    too_long,
)
from fundalloc.scenario.inherited import inherit_text
from fundalloc.scenario.tables.table import HEADING, Table
from fundalloc.scenario.workbooks.container import LARGEST_FILE, check_package

MAX_TABLE_BYTES = 200_000_000


def read_table(
    node: Node, keys: tuple[str, ...], folder: Path, allowed: Callable[[Path], bool], defaults: dict[str, str] | None = None
) -> Table:
    """Read a table node: `{file: …}`, `{rows: […]}` or a list of rows, then apply its `change`. Raises ScenarioError.

    `keys` are the columns by which a change finds its row; `defaults` say what an empty cell means.
    """
    if isinstance(node, ListNode):
        return _inline(node)
    if not isinstance(node, Tree):
        raise ScenarioError.of(node.place, "expected a table", "write {file: table.csv} or a list of rows")
    unknown = [key for key in node.items if key not in ("file", "rows", "change")]
    if unknown:
        hint = did_you_mean(unknown[0], ("file", "rows", "change"))
        raise ScenarioError.of(node.keys[unknown[0]], f"unknown key '{unknown[0]}' of a table", hint)
    rows, file = node.get("rows"), node.get("file")
    if isinstance(file, Scalar):
        table = _file(file, node.folder or folder, allowed)
    elif isinstance(rows, ListNode):
        table = _inline(rows)
    else:
        raise ScenarioError.of(node.place, "a table without rows", "write {file: table.csv} or {rows: […]}")
    change = node.get("change")
    if change is not None:
        _apply_changes(table, change, keys, defaults or {})
    return table


def _inline(node: ListNode) -> Table:
    columns: list[str] = []
    problems = Problems()
    for item in node.items:
        if not isinstance(item, Tree):
            problems.add(item.place, "a row must be keys with values", "such as {partnership: egypt, area: returns, need: 10}")
            continue
        columns += [key for key in item.items if key not in columns]
        for key, value in item.items.items():
            if not isinstance(value, Scalar):
                problems.add(value.place, f"'{key}' must be a single value", "write a text or a number")
    problems.tell()
    rows = [item for item in node.items if isinstance(item, Tree)]

    def where(row: int, column: int) -> Place:
        if row == HEADING:
            return next((item.keys[columns[column]] for item in rows if columns[column] in item.keys), node.place)
        return locate(rows[row], (columns[column],))

    return Table(node.place.file, columns, [[row.text(c) or "" for c in columns] for row in rows], where)


def _file(file: Scalar, folder: Path, allowed: Callable[[Path], bool]) -> Table:
    written, _, sheet = file.text.partition("#")
    path = folder / written
    admit(path, written, file.place, allowed)
    if path.is_dir():
        raise ScenarioError.of(file.place, f"'{written}' is a folder, not a file", "name the file inside it")
    if not path.is_file():
        near = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise ScenarioError.of(file.place, f"no such file: {written}", did_you_mean(path.name, near))
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        return _worksheet(path, sheet, file)
    return parse_csv(read_text(path, display_name(path), MAX_TABLE_BYTES), display_name(path))


def parse_csv(text: str, name: str) -> Table:
    """Read CSV text; the first row names the columns. Raises ScenarioError on rows of the wrong length."""
    controls(text, name).tell()
    raw = END_OF_LINE.split(text)
    first, heading = next(((k, line) for k, line in enumerate(raw, start=1) if line.strip()), (1, ""))
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    if re.fullmatch('"?sep=.?"?', heading.strip(), re.IGNORECASE):
        raise ScenarioError.of(Place(name, first, 1), f"the line {heading.strip()} is for Excel alone", "delete it, and save the table")
    if "\t" in heading and delimiter not in heading:
        raise ScenarioError.of(Place(name, first, 1), "tabs between the columns", "save it as CSV, with commas or semicolons between them")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, numbers, start = [], [], 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
                numbers.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise ScenarioError.of(Place(name, start, 1), f"not CSV: {error}", "check the quotes") from None
    if not rows:
        raise ScenarioError.of(Place(name), "the table is empty", "the first row names the columns")

    def where(row: int, column: int) -> Place:
        line = numbers[row + 1]
        excerpt = raw[line - 1] if line <= len(raw) else ""
        return Place(name, line, _offset(excerpt, column, delimiter), excerpt=excerpt)

    columns, cells = rows[0], rows[1:]
    problems = Problems()
    for k, row in enumerate(rows, start=HEADING):
        for n, cell in enumerate(row) if len(max(row, key=len)) > MOST_CHARACTERS // 2 else ():
            if long := too_long(cell):
                problems.add(where(k, n), *long)
    for k, row in enumerate(cells):
        if len(row) != len(columns):
            message = f"{counted(len(row), 'cells')}, but the heading has {len(columns)}"
            problems.add(where(k, 0), message, "put texts that contain the separator in double quotes")
    for k, column in enumerate(columns):
        if column and column in columns[:k]:
            problems.add(where(HEADING, k), f"the column '{column}' stands twice", "rename one of them")
    problems.tell()
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
        check_package(path)
    except ScenarioError as error:
        raise ScenarioError([Problem(file.place, f"'{path.name}': {p.message}", p.hint) for p in error.problems]) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(read_bytes(path, LARGEST_FILE)), read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises many kinds for damaged files
        raise ScenarioError.of(file.place, f"'{path.name}' is not a readable workbook", str(error)) from None
    try:
        if sheet not in book.sheetnames:
            hint = did_you_mean(sheet, book.sheetnames) if sheet else f"name the sheet: {path.name}#{book.sheetnames[0]}"
            raise ScenarioError.of(file.place, f"no sheet '{sheet}' in {path.name}" if sheet else "no sheet named", hint)
        found = [(number, [_cell_text(v) for v in row]) for number, row in enumerate(book[sheet].iter_rows(values_only=True), start=1)]
    finally:
        book.close()
    rows = [(number, row) for number, row in found if any(row)]
    if not rows:
        raise ScenarioError.of(file.place, f"the sheet '{sheet}' is empty", "the first row names the columns")
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
    problems = Problems()
    dropped: set[int] = set()
    for entry in change.items if isinstance(change, ListNode) else [change]:
        if not isinstance(entry, Tree):
            problems.add(entry.place, "a change must be keys with values", f"name {', '.join(keys)} and what changes")
        elif missing := [key for key in keys if key not in entry.items]:
            problems.add(entry.place, f"a change without '{missing[0]}'", f"rows are found by {', '.join(keys)}")
        else:
            wanted, columns = [entry.text(key) for key in keys], [table.column(key) for key in keys]
            found = (row for row in range(len(table.cells)) if [column[row] for column in columns] == wanted)
            rows = [row for row in found if row not in dropped]
            if entry.text("off") == "true":
                dropped.update(rows)
                _switch_off(entry, rows, problems)
            else:
                _change_rows(table, entry, rows, keys, defaults, problems)
    problems.tell()
    if dropped:
        table.drop(dropped)


def _switch_off(entry: Tree, rows: list[int], problems: Problems) -> None:
    if not rows:
        problems.add(entry.place, "nothing to switch off", "no row has these keys")
    if not entry.text("reason"):
        problems.add(entry.place, "switched off without a reason", "add reason: …")


def _change_rows(table: Table, entry: Tree, rows: list[int], keys: tuple[str, ...], defaults: dict[str, str], problems: Problems) -> None:
    """Write the cells of a change; without a row that has its keys, into a new one."""
    for row in rows or [table.append(entry.place)]:
        for key, value in entry.items.items():
            if key in keys and rows:
                continue
            if isinstance(value, Scalar):
                old = table.column(key)[row] or defaults.get(key, "")
                table.put(row, key, inherit_text(old, value, problems), value.place)
            else:
                problems.add(value.place, f"'{key}' must be a single value", "write a text or a number")
