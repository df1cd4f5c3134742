"""Where every value of a scenario was written, after `extends`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fundalloc.errors import UsageError, did_you_mean
from fundalloc.scenario.document import Node, Tree, scalars
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.tables.table import Table


class Origin(NamedTuple):
    """One value: its dotted key, its text, and where it was written."""

    key: str
    value: str
    origin: str


def origins(scenario: Scenario, key: str | None = None, file: str = "") -> list[Origin]:
    """Return the values under a dotted key, or all; of a table its rows, those that hold every word behind its name.

    Raises UsageError for a key that is not there.
    """
    parts = key.split(".") if key else []
    if parts and parts[0] in scenario.tables:
        return list(_cells(scenario.tables[parts[0]], set(parts[1:])))
    node: Node = scenario.tree
    for k, part in enumerate(parts):
        if not isinstance(node, Tree) or part not in node.items:
            known = node.items if isinstance(node, Tree) else []
            raise UsageError(f"No '{'.'.join(parts[: k + 1])}' in {file or scenario.file}. {did_you_mean(part, known)}".rstrip())
        node = node.items[part]
    found = []
    for name, value in {key: node}.items() if key else scenario.tree.items.items():
        if not key and name in scenario.tables:
            table = scenario.tables[name]
            found.append(Origin(name, f"{len(table.cells)} rows", f"{table.name} (fundalloc show FILE {name})"))
        else:
            found += [Origin(".".join(path), leaf.text, str(leaf.place)) for path, leaf in scalars(value, (name,))]
    return found


def _cells(table: Table, wanted: set[str]) -> Iterator[Origin]:
    for row, cells in enumerate(table.cells):
        if wanted <= set(cells):
            for column, text in enumerate(cells):
                if text:
                    yield Origin(f"{row + 1}.{table.columns[column]}", text, str(table.place(row, column)))
