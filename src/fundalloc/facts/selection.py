"""Selections: "these lines, weighted so", and the members over which a rule is repeated.

A selection picks members in each dimension and may weight lines by a marker. Grouping it by `for_each` yields, for
every member, the lines that count with their exact weights. Both sides of every rule start from here; from here on
they share nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, repeat
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainValidator, ValidationInfo, WithJsonSchema, field_validator, model_validator

from fundalloc.errors import did_you_mean
from fundalloc.facts.citation import Origin
from fundalloc.facts.dimensions import ACTION, AXIS, NAMES, WORDS, Choice, Dimensions
from fundalloc.facts.entities import Record
from fundalloc.facts.fields import Id, Multilingual, Note, Text, read_amount, refuse
from fundalloc.money import Exact, IntArray, Mask


class Pick(Record):
    """Some of the allocation lines: keys mean "and", lists "or"; nothing named means everything."""

    instrument: Choice | None = None
    """Instruments, such as [amif, family:external]."""
    partnership: Choice | None = None
    """Partnerships, such as tunisia."""
    area: Choice | None = None
    """Areas, with the actions that they hold, such as returns."""
    action: Choice | None = None
    """Actions by themselves; the id of an area means what is not broken down, such as returns.charter-flights."""
    year: Choice | None = None
    """Years, such as 2025-2026."""

    @property
    def named(self) -> frozenset[str]:
        """The words that are named: dimensions, and actions."""
        return frozenset(name for name in WORDS if getattr(self, name) is not None)

    def masks(self, dimensions: Dimensions) -> tuple[Mask, ...]:
        """Return one mask per dimension, in order; a line is picked when all four hold."""
        picked = {d.name: np.ones(len(d.ids), dtype=bool) for d in dimensions}
        for word in WORDS:
            choice = getattr(self, word)
            if choice is not None:
                picked[AXIS[word]] &= dimensions[word].mask(choice)
        return tuple(picked.values())

    def by_word(self, dimensions: Dimensions) -> dict[str, Mask]:
        """Return the masks by the words that name them; that of actions is that of areas."""
        masks = dict(zip(NAMES, self.masks(dimensions), strict=True))
        return {**masks, ACTION: masks["area"]}


class Clause(Pick):
    """An entry of `exclude` or `allow`: lines barred, or opened against all else, with the reason."""

    id: Id
    reason: Multilingual
    """Why, such as {en: Not eligible under the regulation}."""
    source: Origin = ""
    """Where it comes from, such as {celex: 32021R0947, article: 5}."""
    confidence: Note = ""
    """How sure it is: F found, D derived, M well known, or assumption, such as F."""

    @model_validator(mode="after")
    def _names_something(self) -> Clause:
        if not self.named:
            raise refuse("names no instrument, partnership, area or year", "an entry for everything would empty or open the whole table")
        return self


class Selection(Pick):
    """Some of the money: lines, and how much of each euro counts."""

    marker: str | None = None
    """Weights every line by this marker's coefficient, such as oda."""

    @field_validator("marker")
    @classmethod
    def _known_marker(cls, marker: str | None, info: ValidationInfo) -> str | None:
        dimensions: Dimensions | None = (info.context or {}).get("dimensions")
        if marker is not None and dimensions is not None and marker not in dimensions.markers:
            raise refuse(f"unknown marker '{marker}'", did_you_mean(marker, dimensions.markers))
        return marker


def _left_open(raw: Any) -> tuple[str, ...]:
    words = tuple(raw) if isinstance(raw, list | tuple) else (raw,)
    for word in words:
        if word not in (*WORDS, "marker"):
            raise refuse(f"cannot leave '{word}' open", did_you_mean(str(word), (*WORDS, "marker")))
    if not words:
        raise refuse("nothing is left open", "name one of them, such as area, or write a selection")
    return words


_OPEN: dict[str, Any] = {"type": ["string", "array"], "items": {"enum": [*WORDS, "marker"]}}
LeftOpen = Annotated[
    tuple[str, ...], PlainValidator(_left_open), WithJsonSchema({**_OPEN, "description": "dimensions, or marker, of `money`, such as area"})
]


_ALONE = {
    "ceiling": "put the selection inside: {ceiling: {instrument: ...}}",
    "without": "everything else is that of 'money': write {without: area}",
    "amount": "take a share of an amount or of a selection, not of both",
}
"""Keys of `of` that take no others beside them, and what to write instead."""


@dataclass(frozen=True)
class MandateRow:
    """A row of the political mandate: what serves a statement of it, or is to be known about it; rows of one id are one statement."""

    id: str
    text: Text
    money: Selection | None
    written: str
    rules: tuple[str, ...]
    note: Text
    source: str
    confidence: str


class Base(Selection):
    """What a share is taken of: a selection of money, the ceilings of a selection, an amount, or `money` left open somewhere."""

    ceiling: Selection | None = None
    """The ceilings of planned instruments themselves, before their reserve, not what is spent, such as {instrument: amif}."""
    without: LeftOpen | None = None
    """`money` and `unless` of the rule with these dimensions left open: of all the money that could have been `money`, such as area."""
    amount: Annotated[Fraction | None, WithJsonSchema({"type": ["number", "string"]})] = None
    """EUR million, such as 40."""

    @model_validator(mode="before")
    @classmethod
    def _number_is_an_amount(cls, raw: Any) -> Any:
        if isinstance(raw, str):
            return {"amount": read_amount(raw)}
        if isinstance(raw, Mapping) and len(raw) > 1:
            for word in (word for word in _ALONE if word in raw):
                raise refuse(f"'{word}' stands alone under 'of'", _ALONE[word])
        return raw


@dataclass(frozen=True)
class Taken:
    """Money of the plan that a share is taken of."""

    money: Selection
    unless: Pick | None
    restricted: frozenset[str]
    """The dimensions in which members restrict it."""
    lag: int | None = None
    """None: in its own year; else all years up to so many before the member's."""


@dataclass(frozen=True)
class Grouped:
    """Which lines count for which member, with exact weights. Arrays run in parallel, one entry per (member, line)."""

    member: NDArray[np.intp]
    line: NDArray[np.intp]
    weight: Exact

    def __len__(self) -> int:
        return len(self.member)


@dataclass(frozen=True)
class Members:
    """The combinations over which a rule is repeated, as codes in mixed radix over the labels of each `for_each` entry."""

    words: tuple[str, ...]
    """The `for_each` entries as written: dimensions or tag groups."""
    owners: tuple[str, ...]
    """The dimension that each entry belongs to."""
    labels: tuple[tuple[str, ...], ...]
    """Per entry, the labels in order: ids, or tag values."""
    masks: tuple[tuple[Mask, ...], ...]
    """Per entry and label, the members of the dimension that it covers."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of labels per entry."""
        return tuple(len(entry) for entry in self.labels)

    @property
    def codes(self) -> NDArray[np.intp]:
        """The codes of all combinations; a rule without entries has one."""
        return np.arange(int(np.prod(self.sizes, dtype=np.int64)))

    def covering(self, table: Any, rows: NDArray[np.intp], over: frozenset[str] | None = None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Pair rows of lines, or of needs, with the members that cover them; returns the rows, repeated, and the members' codes.

        `over` names the dimensions that count (default: all); entries of others get label 0.
        """
        code = np.zeros(len(rows), dtype=np.intp)
        for owner, masks in zip(self.owners, self.masks, strict=True):
            code *= len(masks)
            if over is None or owner in over:
                position, label = expand(masks, getattr(table, owner), rows)
                rows, code = rows[position], code[position] + label
        return rows, code

    def readings(self, key: str, dimensions: Dimensions) -> list[str]:
        """Return what a key can mean: labels of entries in their order, written out; labels switched off only where nothing else is."""
        parts = key.split("|")
        ways = list(combinations(range(len(self.words)), len(parts)))

        def named(k: int, part: str, off: bool) -> bool:
            label = part.removeprefix(f"{self.words[k]}:")
            word = label if self.words[k] in WORDS else f"{self.words[k]}:{label}"
            return label in self.labels[k] or (off and dimensions[self.owners[k]].picks_nothing(word))

        on, also = ([way for way in ways if all(map(named, way, parts, repeat(off)))] for off in (False, True))
        return ["|".join(f"{self.words[k]}:{part}" for k, part in zip(way, parts, strict=True)) for way in on or also]

    def names(self, codes: NDArray[np.intp]) -> list[tuple[str, ...]]:
        """Return the labels of every combination."""
        if not self.sizes:
            return [() for _ in codes]
        columns = [np.array(entry, dtype=object)[k] for entry, k in zip(self.labels, np.unravel_index(codes, self.sizes), strict=True)]
        return list(zip(*columns, strict=True))

    def keep(self, wanted: frozenset[str]) -> NDArray[np.intp]:
        """Map every code to the code of the combination with only the entries of the `wanted` dimensions (others 0)."""
        codes = self.codes
        if not self.sizes:
            return codes
        indices = list(np.unravel_index(codes, self.sizes))
        kept = [index if owner in wanted else np.zeros_like(index) for index, owner in zip(indices, self.owners, strict=True)]
        return np.ravel_multi_index(kept, self.sizes)


def build_members(for_each: Sequence[str], dimensions: Dimensions, *, nodes_all: bool = False) -> Members:
    """Resolve `for_each` entries: a dimension runs over its members (with `nodes_all` also over groupings), a tag group over its values."""
    owners, labels, masks = [], [], []
    for word in for_each:
        dimension = dimensions.of(word)
        every = dimension.ids if nodes_all and dimension.groupings else dimension.members
        names = every if word in WORDS else dimension.groups[word]
        owners.append(dimension.name)
        labels.append(names)
        masks.append(tuple(dimension.masks[name if word in WORDS else f"{word}:{name}"] for name in names))
    return Members(tuple(for_each), tuple(owners), tuple(labels), tuple(masks))


def runs(counts: IntArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Repeat every position so often; returns the positions, and which repetition each is: 0 0 2 and 0 1 0 for counts 2 0 1."""
    position = np.repeat(np.arange(len(counts)), counts)
    return position, np.arange(len(position)) - np.repeat(np.cumsum(counts) - counts, counts)


def expand(
    member_masks: tuple[Mask, ...], element: NDArray[np.intp], rows: NDArray[np.intp]
) -> tuple[NDArray[np.intp] | slice, NDArray[np.intp]]:
    """Pair every row with each label that covers its element.

    Returns (positions into `rows`, label indices); a row appears as often as labels cover it, so overlapping tag
    groups count a line once per member.
    """
    table = np.array(member_masks, dtype=bool).reshape(len(member_masks), -1)
    covering, label = np.nonzero(table.T)
    counts = np.bincount(covering, minlength=table.shape[1])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.intp)
    repeats = counts[element[rows]]
    if counts.max(initial=0) <= 1:  # the usual case: no member counts twice
        if np.all(repeats):
            return slice(None), label[starts[element[rows]]]
        position = np.flatnonzero(repeats)
        return position, label[starts[element[rows[position]]]]
    position, offset = runs(repeats)
    return position, label[np.repeat(starts[element[rows]], repeats) + offset]


def money_weights(selection: Selection, markers: Mapping[str, Exact], instrument: IntArray, area: IntArray) -> Exact:
    """Return the weight of every line: 1, or the marker's coefficient for its instrument and area."""
    if selection.marker is None:
        return Exact.whole(len(instrument))
    return markers[selection.marker][instrument, area]
