"""Tables as planners write them, CSV files, worksheets and inline rows with their changes, all read into one form (`table`).

Cells stay text until their columns are read; numbers have a decimal point from here on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from fundalloc.errors import Place, Problems, ScenarioError, did_you_mean
from fundalloc.money import plain
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree, listed, locate
from fundalloc.scenario.inherited import overwritten
from fundalloc.scenario.tables.control import check_control
from fundalloc.scenario.tables.foreign import Target
from fundalloc.scenario.tables.layout import LAYOUT_KEYS, Layout, Names, folded
from fundalloc.scenario.tables.mapping import mapped
from fundalloc.scenario.tables.raw import read_raw, table_of
from fundalloc.scenario.tables.table import HEADING, ColumnSpec, Table
from fundalloc.scenario.validation import validate

TABLE_KEYS = ("file", "decimal", "rows", "change", "expect", "replaces", *LAYOUT_KEYS)


def read_table(
    node: Node,
    keys: tuple[str, ...],
    folder: Path,
    allowed: Callable[[Path], bool],
    spec: Mapping[str, ColumnSpec] | None = None,
    names: Names | None = None,
    problems: Problems | None = None,
) -> Table:
    """Read a table node: `{file: …}`, `{rows: […]}` or a list of rows, then apply its `change`. Raises ScenarioError.

    `keys` are the columns that it must have, and by which a change finds its row; `spec` describes the columns, and `names` are those
    of members by which a table that others laid out may call them. A control total is of the first column of figures.
    """
    spec = spec or {}
    if isinstance(node, ListNode):
        return replace(_inline(node), replaced=node.over is not None)
    if not isinstance(node, Tree):
        raise ScenarioError.of(node.place, "expected a table", "write {file: table.csv} or a list of rows")
    unknown = [key for key in node.items if key not in TABLE_KEYS]
    if unknown:
        hint = did_you_mean(unknown[0], TABLE_KEYS)
        raise ScenarioError.of(node.keys[unknown[0]], f"unknown key '{unknown[0]}' of a table", hint)
    table, figure = (
        _of_file(node, folder, allowed, Target(spec, keys, names or {})),
        next((name for name, c in spec.items() if c.number), ""),
    )
    table.replaced = node.over is not None
    noted = Problems() if problems is None else problems
    wrong = Problems()
    wrong.remarks = noted.remarks
    _apply_changes(table, node.get("change"), keys, defaults_of(spec), figure, wrong)
    wrong.tell()
    if (control := node.get("expect")) is not None:
        check_control(table, control, figure, (), noted)
    if problems is None:
        noted.tell()
    return table


def _of_file(node: Tree, folder: Path, allowed: Callable[[Path], bool], target: Target) -> Table:
    rows, file, decimal = node.get("rows"), node.get("file"), node.get("decimal")
    said = [key for key in node.items if key in LAYOUT_KEYS]
    if decimal is not None and not (isinstance(decimal, Scalar) and isinstance(file, Scalar)):
        raise ScenarioError.of(decimal.place, "a decimal sign is said of a file", "such as {file: table.csv, decimal: ','}")
    if said and not isinstance(file, Scalar):
        raise ScenarioError.of(node.keys[said[0]], f"'{said[0]}' is said of a file", "write {file: table.csv, …}")
    if isinstance(file, Scalar) and said:
        return _foreign(file, node, folder, allowed, target)
    if isinstance(file, Scalar):
        numbers = [name for name, column in target.columns.items() if column.number]
        return table_of(read_raw(file, node.folder or folder, allowed), target.keys, numbers, decimal)
    if isinstance(rows, ListNode):
        return _inline(rows)
    raise ScenarioError.of(node.place, "a table without rows", "write {file: table.csv} or {rows: […]}")


def defaults_of(spec: Mapping[str, ColumnSpec]) -> dict[str, str]:
    """Return what an empty cell means, where `inherited` can build on it."""
    return {name: plain(column.empty) for name, column in spec.items() if isinstance(column.empty, Fraction) and not column.required}


def _foreign(file: Scalar, node: Tree, folder: Path, allowed: Callable[[Path], bool], target: Target) -> Table:
    """Read a table that others laid out, by what the scenario says of it."""
    problems, folder = Problems(), node.folder or folder
    layout = validate(Layout, replace(node, items={k: v for k, v in node.items.items() if k in LAYOUT_KEYS}), problems, None)
    problems.tell()
    assert layout is not None
    if layout.sheet:
        file = replace(file, text=f"{file.text}#{layout.sheet}")
    written = node.get("codes")
    codes = _codes(written, folder, allowed) if isinstance(written, Scalar) else layout.codes
    assert isinstance(codes, dict)
    return mapped(read_raw(file, folder, allowed, layout.encoding, layout.separator), node, layout, codes, target)


def _codes(file: Scalar, folder: Path, allowed: Callable[[Path], bool]) -> dict[str, str]:
    """Read the ids by foreign words from a file. Raises ScenarioError."""
    table = table_of(read_raw(file, folder, allowed), ("word", "id"))
    if missing := [key for key in ("word", "id") if key not in table.columns]:
        raise ScenarioError.of(table.place(HEADING, 0), f"no column '{missing[0]}'", "a table of codes has the columns word and id")
    first: dict[str, int] = {}
    for row, word in enumerate(table.column("word")):
        if first.setdefault(folded(word), row) != row:
            raise ScenarioError.of(table.place(row, "word"), f"'{word}' stands twice", "keep one of the two")
    return dict(zip(table.column("word"), table.column("id"), strict=True))


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


def _apply_changes(
    table: Table, change: Node | None, keys: tuple[str, ...], defaults: dict[str, str], figure: str, problems: Problems
) -> None:
    """Change, add or drop rows that are found by their key columns."""
    dropped: dict[int, Place] = {}
    for entry in listed(change):
        if not isinstance(entry, Tree):
            problems.add(entry.place, "a change must be keys with values", f"name {', '.join(keys)} and what changes")
        elif set(entry.items) == {"expect"}:
            check_control(table, entry.items["expect"], figure, dropped, problems)
        elif missing := [key for key in keys if key not in entry.items]:
            problems.add(entry.place, f"a change without '{missing[0]}'", f"rows are found by {', '.join(keys)}")
        else:
            wanted = tuple(entry.text(key) for key in keys)
            found = [row for row, ids in enumerate(zip(*map(table.column, keys), strict=True)) if ids == wanted]
            rows, name = [row for row in found if row not in dropped], " | ".join(filter(None, wanted))
            if entry.text("off") == "true":
                _switch_off(table, entry, rows, name, problems)
                dropped |= dict.fromkeys(rows, entry.place)
            else:
                for row in dropped.keys() & found:
                    overwritten(f"that '{name}' is off", dropped[row], entry.place, problems)
                _change_rows(table, entry, rows, keys, defaults, problems)
    if dropped:
        table.drop(set(dropped))


def _switch_off(table: Table, entry: Tree, rows: list[int], name: str, problems: Problems) -> None:
    for earlier in dict.fromkeys(place for (row, _), place in table.moved.items() if row in rows):
        overwritten(f"the row '{name}'", earlier, entry.place, problems)
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
                table.write(row, key, value, defaults.get(key, ""), problems)
            else:
                problems.add(value.place, f"'{key}' must be a single value", "write a text or a number")
