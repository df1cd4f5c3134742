"""Where every value of a scenario was written, after `extends`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from fundalloc.errors import UsageError, did_you_mean
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.tables.table import Table

Tables = Mapping[str, Table]


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
    return list(_values(node, key or "", scenario.tables))


def _values(node: Node, path: str, tables: Tables) -> Iterator[Origin]:
    if isinstance(node, Scalar):
        yield Origin(path, node.text, str(node.place))
    elif isinstance(node, ListNode):
        for k, item in enumerate(node.items):
            yield from _values(item, f"{path}.{k}", tables)
    elif isinstance(node, Tree):
        for key, value in node.items.items():
            if not path and key in tables:
                yield Origin(key, f"{len(tables[key].cells)} rows", f"{tables[key].name} (fundalloc show FILE {key})")
            else:
                yield from _values(value, f"{path}.{key}" if path else key, tables)


def _cells(table: Table, wanted: set[str]) -> Iterator[Origin]:
    for row, cells in enumerate(table.cells):
        if wanted <= set(cells):
            for column, text in enumerate(cells):
                if text:
                    yield Origin(f"{row + 1}.{table.columns[column]}", text, str(table.place(row, column)))
