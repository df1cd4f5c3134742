"""Tables as planners write them, CSV files, worksheets and inline rows, with their changes: all read into one form, cells as text."""

from __future__ import annotations

from dataclasses import replace

from fundalloc.errors import Place, Problems, ScenarioError, did_you_mean, some
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree, listed, locate
from fundalloc.scenario.inherited import overwritten
from fundalloc.scenario.tables.control import check_control
from fundalloc.scenario.tables.foreign import Aim
from fundalloc.scenario.tables.layout import LAYOUT_KEYS, Layout, folded
from fundalloc.scenario.tables.mapping import mapped
from fundalloc.scenario.tables.raw import Files, read_raw, table_of
from fundalloc.scenario.tables.table import HEADING, Table
from fundalloc.scenario.validation import validate

NOTHING_SAID, SHOWN = Aim(), 3
TABLE_KEYS = ("file", "decimal", "rows", "change", "expect", "replaces", *LAYOUT_KEYS)


def read_table(node: Node, files: Files, target: Aim = NOTHING_SAID, problems: Problems | None = None) -> Table:
    """Read a table node: `{file: …}`, `{rows: […]}` or a list of rows, then apply its `change`. Raises ScenarioError."""
    figures = target.numbers
    if isinstance(node, ListNode):
        return replace(_inline(node), replaced=node.over is not None, figures=figures)
    if not isinstance(node, Tree):
        raise ScenarioError.of(node.place, "expected a table", "write {file: table.csv} or a list of rows")
    if unknown := [key for key in node.items if key not in TABLE_KEYS]:
        hint = did_you_mean(unknown[0], TABLE_KEYS)
        raise ScenarioError.of(node.keys[unknown[0]], f"unknown key '{unknown[0]}' of a table", hint)
    table = replace(_of_file(node, files.seen_from(node), target), replaced=node.over is not None, figures=figures)
    noted, wrong = Problems() if problems is None else problems, Problems()
    wrong.remarks = noted.remarks
    if table.hidden:
        cells = some([place.cell.rpartition("!")[2] for place in table.hidden], SHOWN)
        message = f"hidden in the sheet, but read: rows or columns at {cells}"
        noted.remark(table.hidden[0], message, "show them, or delete what shall not count")
    _apply_changes(table, node.get("change"), target, wrong)
    wrong.tell()
    if (control := node.get("expect")) is not None:
        check_control(table, control, figures, (), noted)
    if problems is None:
        noted.tell()
    return table


def _of_file(node: Tree, files: Files, target: Aim) -> Table:
    rows, file, decimal = node.get("rows"), node.get("file"), node.get("decimal")
    said = [key for key in node.items if key in LAYOUT_KEYS]
    if decimal is not None and not (isinstance(decimal, Scalar) and isinstance(file, Scalar)):
        raise ScenarioError.of(decimal.place, "a decimal sign is said of a file", "such as {file: table.csv, decimal: ','}")
    if isinstance(file, Scalar):
        if said:
            return _foreign(file, node, files, target)
        return table_of(read_raw(file, files), target.keys, target.numbers, decimal, files.recorded)
    if said:
        raise ScenarioError.of(node.keys[said[0]], f"'{said[0]}' is said of a file", "write {file: table.csv, …}")
    if isinstance(rows, ListNode):
        return _inline(rows)
    raise ScenarioError.of(node.place, "a table without rows", "write {file: table.csv} or {rows: […]}")


def _foreign(file: Scalar, node: Tree, files: Files, target: Aim) -> Table:
    problems = Problems()
    layout = validate(Layout, replace(node, items={k: v for k, v in node.items.items() if k in LAYOUT_KEYS}), problems, None)
    problems.tell()
    assert layout is not None
    if layout.sheet:
        file = replace(file, text=f"{file.text}#{layout.sheet}")
    written = node.get("codes")
    codes = _codes(written, files) if isinstance(written, Scalar) else layout.codes
    assert isinstance(codes, dict)
    return mapped(read_raw(file, files, layout.encoding, layout.separator), node, layout, codes, target)


def _codes(file: Scalar, files: Files) -> dict[str, str]:
    table = table_of(read_raw(file, files), ("word", "id"))
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


def _apply_changes(table: Table, change: Node | None, target: Aim, problems: Problems) -> None:
    """Change, add or drop rows that are found by their key columns."""
    dropped, keys = dict[int, Place](), target.keys
    for entry in listed(change):
        if not isinstance(entry, Tree):
            problems.add(entry.place, "a change must be keys with values", f"name {', '.join(keys)} and what changes")
        elif set(entry.items) == {"expect"}:
            check_control(table, entry.items["expect"], target.numbers, dropped, problems)
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
                _change_rows(table, entry, rows, target, problems)
    if dropped:
        table.drop(set(dropped))


def _switch_off(table: Table, entry: Tree, rows: list[int], name: str, problems: Problems) -> None:
    for earlier in dict.fromkeys(place for (row, _), place in table.moved.items() if row in rows):
        overwritten(f"the row '{name}'", earlier, entry.place, problems)
    if not rows:
        problems.add(entry.place, "nothing to switch off", "no row has these keys")
    if not entry.text("reason"):
        problems.add(entry.place, "switched off without a reason", "add reason: …")


def _change_rows(table: Table, entry: Tree, rows: list[int], target: Aim, problems: Problems) -> None:
    """Write the cells of a change; without a row that has its keys, into a new one."""
    for row in rows or [table.append(entry.place)]:
        for key, value in entry.items.items():
            if key in target.keys and rows:
                continue
            if isinstance(value, Scalar):
                table.write(row, key, value, target.defaults.get(key, ""), problems)
            else:
                problems.add(value.place, f"'{key}' must be a single value", "write a text or a number")
