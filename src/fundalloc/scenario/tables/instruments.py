"""Instruments as a table: every row becomes the entry under its id, `ceiling.2024` what lies below its key; each value keeps its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from fundalloc.errors import Place, Problems
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree
from fundalloc.scenario.tables.raw import Files
from fundalloc.scenario.tables.reading import TABLE_KEYS, read_table
from fundalloc.scenario.tables.specs import SPECS, TARGETS, read_rows
from fundalloc.scenario.tables.table import Table

SECTION = "instruments"
LISTS = ("tags", "partners", "payment_profile", "contracting_profile")
"""Columns whose cells hold several values, separated by spaces."""

_ALONE = {"ceiling": "total", "carry_over": "share"}
"""What a column means that has nothing behind it."""


@dataclass(frozen=True, slots=True)
class Afresh(Tree):
    """Names with entries that take the place of all that is below them, as a new table does."""


def layers_of(tree: Tree, files: Files, noted: Problems) -> Iterator[Tree]:
    """Yield a scenario file as layers in which instruments have names: its table, each change of it, the rest. Raises ScenarioError."""
    node = tree.get(SECTION)
    if isinstance(node, ListNode):
        node = Tree({"rows": node}, {"rows": node.place}, node.place)
    items = dict(node.items) if isinstance(node, Tree) else {}
    told = Tree if isinstance(items.get("file"), Scalar) else ListNode  # beside a file mappings tell its layout, else they are entries
    parts = {key: items.pop(key) for key in TABLE_KEYS if isinstance(items.get(key), Scalar | ListNode | told)}
    if not isinstance(node, Tree) or not parts:
        yield tree
        return
    problems = Problems()
    problems.remarks = noted.remarks
    years = {key: value for key, value in tree.items.items() if key in ("years", "closed")}  # they tell which amounts may change
    changes = parts.pop("change", None)
    table = read_table(replace(node, items=parts), files, TARGETS[SECTION], problems) if parts else None
    layers = [*([_from_table(table, node.place, problems)] if table else []), *_changes(changes, problems)]
    problems.tell()
    yield from (replace(tree, items={**years, SECTION: layer}) for layer in layers)
    rest = dict(tree.items)
    rest.pop(SECTION)
    yield replace(tree, items={**rest, SECTION: replace(node, items=items)} if items else rest)


def _changes(changes: Node | None, problems: Problems) -> Iterator[Tree]:
    for entry in changes.items if isinstance(changes, ListNode) else []:
        name = entry.text("id") if isinstance(entry, Tree) else None
        if not isinstance(entry, Tree) or name is None:
            problems.add(entry.place, "a change without 'id'", "instruments are found by their id")
        else:
            said = [(key, entry.keys[key], value) for key, value in entry.items.items() if key != "id"]
            yield Tree({name: _entry(said, entry.place, problems)}, {name: entry.place}, entry.place)


def _from_table(table: Table, place: Place, problems: Problems) -> Tree:
    out = Afresh({}, {}, place)
    for row, name in enumerate(read_rows(SECTION, table, problems)["id"]):
        out.keys[name] = table.place(row, "id")
        cells = [(c, table.place(row, k), table.cells[row][k]) for k, c in enumerate(table.columns) if c != "id" and table.cells[row][k]]
        entry = _entry([(c, at, Scalar(text, at)) for c, at, text in cells], out.keys[name], problems)
        for key, value in entry.items.items():
            if isinstance(value, Tree) and list(value.items) in (["total"], ["en"]):  # one value, as a mapping says it
                (entry.items[key],) = value.items.values()
        out.items[name] = entry
    return out


def _entry(cells: Iterable[tuple[str, Place, Node]], place: Place, problems: Problems) -> Tree:
    out = Tree({}, {}, place)
    for column, where, value in cells:
        below, (*path, last) = out, _path(column)
        for key in path:
            below.keys.setdefault(key, where)
            inner = below.items.setdefault(key, Tree({}, {}, where))
            below = inner if isinstance(inner, Tree) else below
        if last in below.items:
            problems.add(where, f"'{column}' says again what another column says", "fill in one of them")
        below.items[last], below.keys[last] = _several(column, value), where
    return out


def _path(column: str) -> list[str]:
    """Return where a column stands in an entry: a text without a language is English, a ceiling without a year the total."""
    key, _, rest = column.partition(".")
    if key == "ceiling" and rest[:1].isdigit():
        return [key, "each", rest]
    if key in SPECS[SECTION] and SPECS[SECTION][key].per == "language":
        return [key, rest or "en"]
    return [key, rest or _ALONE[key]] if key in _ALONE else column.split(".")


def _several(column: str, value: Node) -> Node:
    if column not in LISTS or not isinstance(value, Scalar):
        return value
    return ListNode([replace(value, text=part) for part in re.split(r"\s+(?!%)", value.text.strip())], value.place)
