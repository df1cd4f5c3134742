"""The four dimensions of an allocation line, and what may be said about them: ids, tags, subtrees, years.

A *choice* is what a planner writes to pick members of one dimension: an id, a tag `group:value`, a mapping of tag
groups (all must match), or a list of these (any may match). A dimension turns a choice into a mask over its members.
The partnerships form a tree: only leaves receive money; one with children stands for its whole subtree.
An area may hold actions: it then stands for itself, money not broken down, and for them; `action` means each by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any

import numpy as np
from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from fundalloc.errors import did_you_mean
from fundalloc.facts.fields import inside, read_years, refuse
from fundalloc.money import IntArray, Mask

EVERYTHING = "all"
Words = Mapping[str, Sequence[str]]
Line = tuple[str, str, str, str]
"""The ids of an instrument, a partnership, an area or action, and a year."""

Alternative = str | tuple[tuple[str, tuple[str, ...]], ...]
"""One alternative of a choice: an id or tag, or tag groups that must all match."""


@dataclass(frozen=True)
class Dimension:
    """One dimension with its members in order. `masks` maps every word that picks members (id, grouping, tag) to a mask."""

    name: str
    ids: tuple[str, ...]
    masks: Mapping[str, Mask]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Tag group → its values, in order of first appearance."""
    groupings: frozenset[str] = frozenset()
    """The ids that stand for a subtree and hold nothing themselves."""
    within: Mapping[str, str] = field(default_factory=dict)
    """Action → the area that holds it."""

    @classmethod
    def build(cls, name: str, ids: Iterable[str], tags: Words, subtrees: Words | None = None, empty: Iterable[str] = ()) -> Dimension:
        """Collect masks for ids, for tags (id → tags) and for groupings (grouping → leaves); tags of groupings pick nothing.

        What is among its own leaves holds money itself: an area with its actions. `empty` are words that are known but pick nothing:
        what a scenario has switched off.
        """
        order = tuple(ids)
        subtrees = subtrees or {}
        within = {leaf: held for held, leaves in subtrees.items() for leaf in leaves if leaf != held in leaves}
        groupings = frozenset(subtrees) - frozenset(within.values())
        position = {member: k for k, member in enumerate(order)}

        def mask(members: Iterable[str]) -> Mask:
            out = np.zeros(len(order), dtype=bool)
            out[[position[m] for m in members]] = True
            return out

        masks = {member: mask([member]) for member in order}
        masks.update({grouping: mask(leaves) for grouping, leaves in subtrees.items()})
        masks.update({word: mask([]) for word in empty})
        tagged: dict[str, list[str]] = {}
        for member in order:
            for tag in () if member in groupings else tags.get(member, ()):
                tagged.setdefault(tag, []).append(member)
        groups: dict[str, list[str]] = {}
        for tag, members in tagged.items():
            masks[tag] = mask(members)
            groups.setdefault(tag.split(":", 1)[0], []).append(tag.split(":", 1)[1])
        return cls(name, order, masks, {g: tuple(v) for g, v in groups.items()}, groupings, within)

    @property
    def members(self) -> tuple[str, ...]:
        """The ids that stand for themselves: everything but groupings, and what lies within another."""
        return tuple(member for member in self.ids if member not in self.groupings and member not in self.within)

    @cached_property
    def holder(self) -> IntArray:
        """Position of every id → that of the area that holds it; its own where none does."""
        return np.array([self.ids.index(self.within.get(member, member)) for member in self.ids], dtype=np.int64)

    @cached_property
    def covers(self) -> Mask:
        """Which ids (columns) the money of each id (rows) is: its own, and that of its actions."""
        return np.array([self.masks[member] for member in self.ids], dtype=bool).reshape(len(self.ids), -1)

    @cached_property
    def split(self) -> Mask:
        """Which ids hold actions."""
        return np.isin(self.ids, list(self.within.values()))

    def here(self, member: str, within: Mapping[str, str]) -> str:
        """Return an id, or where nobody knows it here the one that it lies `within`."""
        return member if member in self.masks else within.get(member, member)

    @cached_property
    def lowest(self) -> Dimension:
        """The same ids, each by itself: what the word `action` speaks of."""
        alone = zip(self.ids, np.eye(len(self.ids), dtype=bool), strict=True)
        return replace(self, name=ACTION, masks={**self.masks, **dict(alone)}, within={})

    def index(self, member: str) -> int:
        """Return the position of a member."""
        return self.ids.index(member)

    def refuse_unknown(self, alternative: Alternative) -> Alternative:
        """Return one alternative of a choice when all its words name something here; raise what is wrong otherwise."""
        words = [alternative] if isinstance(alternative, str) else [f"{g}:{v}" for g, values in alternative for v in values]
        for word in words:
            if word == EVERYTHING or word in self.masks:
                continue
            if self.name == "year":
                raise refuse(f"the year {word} is outside the period", f"the years are {self.ids[0]} to {self.ids[-1]}")
            raise refuse(f"unknown {self.name} {'tag ' if ':' in word else ''}'{word}'", did_you_mean(word, self.masks))
        return alternative

    def picks_nothing(self, word: str) -> bool:
        """Return whether a word is known but stands for what is switched off."""
        return word in self.masks and not self.masks[word].any()

    def mask(self, choice: Choice) -> Mask:
        """Return which members a choice picks. Shape: (members,)."""
        out = np.zeros(len(self.ids), dtype=bool)
        for alternative in choice:
            if alternative == EVERYTHING:
                return np.ones(len(self.ids), dtype=bool)
            if isinstance(alternative, str):
                out |= self.masks[alternative]
                continue
            every = np.ones(len(self.ids), dtype=bool)
            for group, values in alternative:
                every &= np.logical_or.reduce([self.masks[f"{group}:{value}"] for value in values])
            out |= every
        return out


@dataclass(frozen=True)
class Dimensions:
    """The four dimensions, in the order in which lines are sorted."""

    instrument: Dimension
    partnership: Dimension
    area: Dimension
    year: Dimension
    markers: tuple[str, ...] = ()

    def __iter__(self) -> Any:
        return iter((self.instrument, self.partnership, self.area, self.year))

    def __getitem__(self, name: str) -> Dimension:
        dimension: Dimension = self.area.lowest if name == ACTION else getattr(self, name)
        return dimension

    @property
    def lowest(self) -> str:
        """The word for areas where none holds actions, else for these: what lines are told apart by."""
        return ACTION if self.area.within else "area"

    def of(self, word: str) -> Dimension:
        """Return the dimension of a word of `for_each`: of a tag group, that which has it."""
        return self[word if word in WORDS else self.owner(word)[0]]

    def known(self, amounts: Mapping[Line, Fraction], within: Mapping[str, str]) -> dict[Line, Fraction]:
        """Add up amounts by line, actions that nobody knows here under the area that they lie `within`."""
        out = dict[Line, Fraction]()
        for (i, p, a, t), amount in amounts.items():
            key = i, p, self.area.here(a, within), t
            out[key] = out.get(key, Fraction(0)) + amount
        return out

    def owner(self, group: str) -> list[str]:
        """Return the dimensions that have a tag group of this name."""
        return [d.name for d in self if group in d.groups]

    @property
    def for_each_words(self) -> list[str]:
        """Everything that may stand under `for_each`."""
        return [*WORDS, *(g for d in self for g in d.groups)]


NAMES = ("instrument", "partnership", "area", "year")
ACTION = "action"
WORDS = ("instrument", "partnership", "area", ACTION, "year")
"""What selections name: the dimensions, and `action` beside `area`."""
AXIS = {**{name: name for name in NAMES}, ACTION: "area"}  # word → the dimension of lines that it speaks of


def opened(words: Iterable[str]) -> frozenset[str]:
    """Return the words that these leave open: who names areas names actions."""
    return frozenset(words) | ({ACTION} if "area" in words else set())


def _alternative(raw: Any) -> Alternative:
    if isinstance(raw, str) and raw.strip():
        return raw.strip()
    if isinstance(raw, int) and not isinstance(raw, bool):
        return str(raw)
    if isinstance(raw, Mapping) and raw:
        pairs = []
        for group, values in raw.items():
            listed = values if isinstance(values, list | tuple) else [values]
            if not listed or not all(isinstance(v, str) for v in listed):
                raise refuse(f"expected a value of the tag group '{group}'", "such as {route: central-med}")
            pairs.append((str(group), tuple(listed)))
        return tuple(pairs)
    raise refuse("expected an id, a tag group:value, or a list of these", "")


def _choice(raw: Any, info: ValidationInfo) -> tuple[Alternative, ...]:
    if isinstance(raw, tuple):
        return raw
    if raw == []:
        raise refuse("the list is empty: it would select nothing", "leave the key out to select everything")
    dimensions: Dimensions | None = (info.context or {}).get("dimensions")
    name = "partnership" if info.field_name == "partners" else info.field_name

    def read(item: Any) -> tuple[Alternative, ...]:
        word = _alternative(item)
        yearly = name == "year" and isinstance(word, str) and word != EVERYTHING
        words = tuple(str(year) for year in read_years(word)) if yearly else (word,)
        if dimensions is None or name not in WORDS:
            return words
        return tuple(dimensions[name].refuse_unknown(word) for word in words)

    if isinstance(raw, list):
        return tuple(word for k, item in enumerate(raw) for word in inside(k, read, item))
    return read(raw)


_WRITTEN = "an id, a tag group:value, a mapping of tag groups, or a list of these, such as [tunisia, route:central-med]"
_SCHEMA = WithJsonSchema({"type": ["string", "integer", "array", "object"], "description": _WRITTEN})
Choice = Annotated[tuple[Alternative, ...], PlainValidator(_choice), _SCHEMA]


@dataclass(frozen=True)
class Hierarchy:
    """Who lies within whom: every partnership, in the order given, with the one that contains it or an empty text."""

    within: Mapping[str, str]

    def leaves(self) -> list[str]:
        """Return the partnerships that contain no other, in the order given."""
        containing = set(self.within.values())
        return [node for node in self.within if node not in containing]

    def groupings(self) -> dict[str, list[str]]:
        """Return {partnership with children: its leaves}, in the order given."""
        containing = set(self.within.values())
        below: dict[str, list[str]] = {node: [] for node in self.within if node in containing}
        for leaf in self.leaves():
            for node in self.above(leaf):
                below[node].append(leaf)
        return below

    def above(self, node: str) -> list[str]:
        """Return the chain of partnerships that contain `node`, nearest first."""
        chain: list[str] = []
        while node := self.within[node]:
            chain.append(node)
        return chain


def find_circle(edges: Iterable[tuple[str, str]]) -> list[str] | None:
    """Return one circle of directed edges as a closed list of names that begins with the first one named, or None."""
    sorter, named = TopologicalSorter[str](), dict[str, int]()
    for start, end in edges:
        sorter.add(end, start)
        for node in (start, end):
            named.setdefault(node, len(named))
    try:
        sorter.prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][1:]
        first = circle.index(min(circle, key=named.__getitem__))
        return [*circle[first:], *circle[: first + 1]]
    return None


def build_hierarchy(nodes: Iterable[str], within: Mapping[str, str]) -> Hierarchy:
    """Build the tree from `within` (child → parent, empty for a root). The parents must exist and form no cycle."""
    return Hierarchy({node: within.get(node, "") for node in nodes})
