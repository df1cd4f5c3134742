"""`change` of a table: rows found by their key columns are changed, added or switched off."""

from __future__ import annotations

from fundalloc.errors import Problems
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree
from fundalloc.scenario.inherited import builds_on_inherited, change_amount, read_change
from fundalloc.scenario.tables.table import Table


def apply_changes(table: Table, change: Node, keys: tuple[str, ...], defaults: dict[str, str]) -> None:
    """Change, add or drop rows that are found by their key columns."""
    problems = Problems()
    dropped: set[int] = set()
    for entry in change.items if isinstance(change, ListNode) else [change]:
        if not isinstance(entry, Tree):
            problems.add(entry.place, "a change must be keys with values", f"name {', '.join(keys)} and what changes")
        elif missing := [key for key in keys if key not in entry.items]:
            problems.add(entry.place, f"a change without '{missing[0]}'", f"rows are found by {', '.join(keys)}")
        else:
            rows = [row for row in _found(table, entry, keys) if row not in dropped]
            if entry.text("off") == "true":
                dropped.update(rows)
                _switch_off(entry, rows, problems)
            else:
                _change_rows(table, entry, rows, keys, defaults, problems)
    problems.tell()
    if dropped:
        table.drop(dropped)


def _found(table: Table, entry: Tree, keys: tuple[str, ...]) -> list[int]:
    """Return the rows that have the keys of a change."""
    wanted, columns = [entry.text(key) for key in keys], [table.column(key) for key in keys]
    return [row for row in range(len(table.cells)) if [column[row] for column in columns] == wanted]


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
                _change_cell(table, row, key, value, defaults.get(key, ""), problems)
            else:
                problems.add(value.place, f"'{key}' must be a single value", "write a text or a number")


def _change_cell(table: Table, row: int, key: str, value: Scalar, default: str, problems: Problems) -> None:
    text = value.text
    if builds_on_inherited(value):
        change = read_change(value, problems)
        old = table.column(key)[row] or default
        if change is None:
            return
        if not old:
            problems.add(value.place, "nothing is inherited here", "write the amount itself")
            return
        text = change_amount(Scalar(old, value.place), change, value, problems).text
    table.put(row, key, text, value.place)
