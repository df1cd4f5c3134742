"""The inputs that differ between two scenarios as they are solved: by key, old and new, and where each is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import PurePath
from typing import Any

from fundalloc.compare.meaning import HEAD_TOLD, IDENTITY, leaves, number, same_text, text_of, told
from fundalloc.compare.overrides import Override
from fundalloc.compare.sides import Side
from fundalloc.errors import Place
from fundalloc.facts.dimensions import NAMES
from fundalloc.scenario.document import Node, Scalar, Tree
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sections import TABLES, TOLD_TABLES
from fundalloc.scenario.tables.specs import KEYS, UNIQUE

ROW_KEYS = {**KEYS, **UNIQUE, "decided": (*NAMES, "decision")}
"""The columns by which rows of two tables are paired."""


@dataclass(frozen=True, slots=True)
class InputValue:
    """One value of a resolved scenario."""

    text: str | None
    """None for a key that the scenario does not have."""
    place: Place | str
    words: bool
    """Whether it is a text without effect on the plan."""


_NOWHERE = InputValue(None, "", words=False)


@dataclass(frozen=True, slots=True)
class Difference:
    """One input that differs. None stands for a key that one of the two does not have."""

    key: str
    old: str | None
    new: str | None
    old_place: str
    new_place: str
    words: bool
    override: str = ""
    """Key of the override that wrote the value, where it can be told."""

    @property
    def change(self) -> Fraction | None:
        """The difference of two numbers."""
        first, second = (None if text is None else number(text) for text in (self.old, self.new))
        return None if first is None or second is None else second - first

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        places = {"old_origin": self.old_place, "new_origin": self.new_place}
        return {"key": self.key, "old": self.old, "new": self.new, **places, "text": self.words, "override": self.override}


def differing_inputs(a: Side, b: Side, overrides: Iterable[Override], tolerance: Fraction) -> list[Difference]:
    """Return every input that differs, missing keys allowed, in the order of the files; none where a side has no inputs."""
    first, second = (resolved(side.inputs.scenario) if side.inputs else {} for side in (a, b))
    origin: dict[Place | str, str] = {place: override.key for override in overrides for place in override.written}
    known = [override.key for override in overrides]
    out = []
    for key in dict.fromkeys([*first, *second]):
        old, new = first.get(key, _NOWHERE), second.get(key, _NOWHERE)
        if old.text is None or new.text is None or not same_text(old.text, new.text, tolerance):
            told = origin.get(new.place) or origin.get(old.place) or _owner(key, known)
            words = old.words if new is _NOWHERE else new.words
            out.append(Difference(key, old.text, new.text, a.where(old.place), b.where(new.place), words, told))
    return out


def _owner(key: str, overrides: list[str]) -> str:
    return next((o for o in overrides if key == o or key.startswith((f"{o}.", f"{o}|"))), "")


def resolved(scenario: Scenario) -> dict[str, InputValue]:
    """Return every value of a scenario after `extends` and `adjust`, by dotted key; rows of tables by their key columns."""
    return dict([*_tree(scenario), *_tables(scenario)])


def _tree(scenario: Scenario) -> Iterator[tuple[str, InputValue]]:
    for section, node in scenario.tree.items.items():
        if section in (*TABLES, "adjust", "extends") or section in IDENTITY:
            continue
        for key, leaf in leaves(_plainly(section, node, scenario), section):
            words = section in HEAD_TOLD or not told().isdisjoint(key.split(".")[1:])
            yield key, InputValue(text_of(leaf), leaf.place, words)


def _plainly(section: str, node: Node, scenario: Scenario) -> Node:
    """Write ceilings in one way: a plain number is a total, one amount for each year is written year by year."""
    if section != "instruments" or not isinstance(node, Tree):
        return node
    items = dict(node.items)
    for name, entry in node.items.items():
        if isinstance(entry, Tree) and (ceiling := entry.get("ceiling")) is not None:
            items[name] = replace(entry, items={**entry.items, "ceiling": _ceiling(ceiling, scenario)})
    return replace(node, items=items)


def _ceiling(node: Node, scenario: Scenario) -> Node:
    if isinstance(node, Scalar):
        return Tree({"total": node}, {"total": node.place}, node.place)
    each = node.get("each") if isinstance(node, Tree) else None
    if not isinstance(node, Tree) or not isinstance(each, Scalar):
        return node
    years = [str(year) for year in scenario.facts.years]
    spread = Tree(dict.fromkeys(years, each), dict.fromkeys(years, each.place), each.place)
    return Tree({**node.items, "each": spread}, node.keys, node.place)


def _tables(scenario: Scenario) -> Iterator[tuple[str, InputValue]]:
    for name, passport in scenario.passports.items():
        for what, read in passport.items():  # rows and sums are told row by row
            if read and (what in ("formulas", "hidden") or (what == "file" and PurePath(read).suffix not in (".yaml", ".yml"))):
                yield f"{name} as read.{what}", InputValue(str(read), scenario.every_table[name].name, words=True)
    for name, table in scenario.tables.items():
        keys = ROW_KEYS[name]
        columns = {key: table.column(key) for key in keys}
        seen: dict[str, int] = {}
        for row in range(len(table.cells)):
            label = "|".join(filter(None, (columns[key][row] for key in keys)))
            seen[label] = seen.get(label, 0) + 1
            label += f" #{seen[label]}" if seen[label] > 1 else ""
            for position, (column, text) in enumerate(zip(table.columns, table.cells[row], strict=True)):
                if text and column not in keys:
                    words = name in TOLD_TABLES or column.split(".")[0] in told()
                    yield f"{name}.{label}.{column}", InputValue(text, table.place(row, position), words)
