"""`change` of a table: rows found by their key columns are changed, added or switched off."""

from __future__ import annotations

from fundalloc.errors import Problems
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree
from fundalloc.scenario.inherited import builds_on_inherited, change_amount, read_change
from fundalloc.scenario.tables.table import Table


def apply_changes(table: Table, change: Node, keys: tuple[str, ...], defaults: dict[str, str]) -> None:
    """Change, add or drop rows that are found by their key columns."""
    problems = Problems()
    entries = change.items if isinstance(change, ListNode) else [change]
    dropped: set[int] = set()
    for entry in entries:
        if not isinstance(entry, Tree):
            problems.add(entry.place, "a change must be keys with values", f"name {', '.join(keys)} and what changes")
            continue
        missing = [key for key in keys if key not in entry.items]
        if missing:
            problems.add(entry.place, f"a change without '{missing[0]}'", f"rows are found by {', '.join(keys)}")
            continue
        wanted = [entry.text(key) for key in keys]
        columns = [table.column(key) for key in keys]
        found = [r for r in range(len(table.cells)) if [c[r] for c in columns] == wanted and r not in dropped]
        if entry.text("off") == "true":
            if not found:
                problems.add(entry.place, "nothing to switch off", "no row has these keys")
            if not entry.text("reason"):
                problems.add(entry.place, "switched off without a reason", "add reason: …")
            dropped.update(found)
            continue
        for row in found or [table.append(entry.place)]:
            for key, value in entry.items.items():
                if key in keys and found:
                    continue
                if isinstance(value, Scalar):
                    _change_cell(table, row, key, value, defaults.get(key, ""), problems)
                else:
                    problems.add(value.place, f"'{key}' must be a single value", "write a text or a number")
    problems.tell()
    if dropped:
        table.drop(dropped)


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
