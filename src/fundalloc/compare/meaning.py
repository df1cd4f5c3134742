"""What a part of a scenario file means, apart from how it is written: the ground on which two files are compared."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

from fundalloc.errors import Place
from fundalloc.facts.entities import Area, Instrument, Partnership, Record, TransferRight
from fundalloc.facts.fields import told_fields
from fundalloc.facts.selection import Clause
from fundalloc.money import NotANumber, parse_figure
from fundalloc.rules import kinds
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree
from fundalloc.scenario.sections import Head
from fundalloc.scenario.tables.specs import SPECS

IDENTITY = frozenset({"as_of", "expect", "fundalloc", "scenario"})
"""Keys of the head that tell scenarios apart; they always differ."""

HEAD_TOLD = told_fields(Head)
"""Keys of the head that no plan depends on."""


@cache
def told() -> frozenset[str]:
    """Return the keys of entries and the columns of tables that no plan depends on."""
    models: tuple[type[Record], ...] = (Area, Instrument, Partnership, TransferRight, Clause, *kinds().values())
    columns = (name for spec in SPECS.values() for name, column in spec.items() if column.told)
    return frozenset(columns).union(*map(told_fields, models))


def number(text: str) -> Fraction | None:
    """Return the number that a text is, a percentage as its share; None for words."""
    try:
        return parse_figure(text).value
    except NotANumber:
        return None


def same_text(a: str, b: str, tolerance: Fraction = Fraction(0)) -> bool:
    """Return whether two values mean the same: equal words, or numbers within a relative tolerance."""
    if a == b:
        return True
    first, second = number(a), number(b)
    return first is not None and second is not None and abs(first - second) <= tolerance * max(abs(first), abs(second))


def meaning(node: Node | None) -> Any:
    """Return what a node means: numbers as numbers, texts without effect left out, an entry that is off like a missing one."""
    if node is None or (isinstance(node, Tree) and node.text("off") == "true"):
        return None
    if isinstance(node, Scalar):
        value = None if node.quoted else number(node.text)
        return node.text if value is None else value
    if isinstance(node, ListNode):
        return [meaning(item) for item in node.items]
    return {key: meaning(value) for key, value in node.items.items() if key.split(".")[0] not in told()}


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Return every value under a node by dotted key; a list of single values counts as one value."""
    if isinstance(node, Tree):
        for key, value in node.items.items():
            yield from leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(node, ListNode) and not all(isinstance(item, Scalar) for item in node.items):
        for k, item in enumerate(node.items, start=1):
            yield from leaves(item, f"{path}.{k}")
    else:
        yield path, node


def text_of(node: Node) -> str:
    """Return a value as printed; a list with commas."""
    if isinstance(node, ListNode):
        return ", ".join(text_of(item) for item in node.items)
    return node.text if isinstance(node, Scalar) else "…"


def places(node: Node) -> Iterator[Place]:
    """Return where the values under a node are written."""
    yield node.place
    children = node.items.values() if isinstance(node, Tree) else node.items if isinstance(node, ListNode) else ()
    for child in children:
        yield from places(child)
