"""Sums of allocation lines as formulas: some instruments × partnerships × areas × years, and what they come to.

A box is one mask per dimension. Its formula is a SUMIFS over the sheet Allocation; its value is computed from a cube of
whole steps, so that a formula can be compared with a rule's own measure before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.plan_sums import Box as Box
from fundalloc.export.workbook.weights import NEED, Weight, weights
from fundalloc.facts.dimensions import NAMES
from fundalloc.money import Mask

PLANNED, BASELINE = "planned", "baseline"
Criteria = list[tuple[str, str]]
DROPPED_FIRST = ("year", "area", "instrument", "partnership")
"""Criteria are left out in this order where the others pick the same lines."""


@dataclass(frozen=True)
class Ledger:
    """Amounts of all lines and moves in whole steps, as cubes that boxes cut out of."""

    book: Book
    steps: NDArray[np.int64]
    moves: NDArray[np.int64]

    @cached_property
    def cubes(self) -> dict[str, tuple[NDArray[np.int64], Fraction]]:
        """{column of Allocation: (cube, EUR million that one of its units is worth)}."""
        lines = self.book.lines
        step = lines.facts.step
        out = {PLANNED: (self.book.cube_of(self.steps), step)}
        for weight in weights(self.book):
            parts = self.steps * weight.coefficients.numerator[lines.instrument, lines.area]
            out[weight.key] = self.book.cube_of(parts), step / weight.coefficients.denominator
        out[BASELINE] = self.book.cube_of(lines.baseline.numerator), Fraction(1, lines.baseline.denominator)
        return out

    def sum(self, box: Box, column: str = PLANNED) -> Fraction:
        """Return what a column comes to over a box, in EUR million."""
        cube, unit = self.cubes[column]
        return int(cube[np.ix_(*box)].sum()) * unit


@dataclass(frozen=True)
class Boxes:
    """How boxes are spelt in one workbook."""

    book: Book
    seen: dict[tuple[str, bytes], str | None] = field(default_factory=dict)

    @cached_property
    def exists(self) -> NDArray[np.bool_]:
        """Which combinations are allocation lines. Shape: (instruments, partnerships, areas, years)."""
        lines = self.book.lines
        cube = np.zeros([len(d.ids) for d in lines.facts.dimensions], dtype=bool)
        cube[lines.codes] = True
        return cube

    def total(self, box: Box, column: str = PLANNED) -> str:
        """Return the formula of a sum over a box, without equals sign; "0" for a box without lines."""
        key = column, b"".join(mask.tobytes() for mask in box)
        if key not in self.seen:
            self.seen[key] = self._total(box, column)
        return self.seen[key] or "0"

    def difference(self, box: Box, but: Box | None, column: str = PLANNED) -> str:
        """Return the formula of a box without those lines that lie in another box too."""
        text = self.total(box, column)
        less = self.total(common(box, but), column) if but is not None else "0"
        return text if less == "0" else f"{text}-{less}"

    def _total(self, box: Box, column: str) -> str | None:
        found = self.criteria(box)
        if found is None:
            return None
        criteria, lists = found
        if len(lists) > 2:
            shortest = min(lists, key=lambda name: int(box[NAMES.index(name)].sum()))
            return "+".join(self.total(single, column) for single in one_by_one(box, shortest))
        text = self.book.sum_if_text("Allocation", column, *criteria)
        return f"SUMPRODUCT({text})" if lists else text

    def criteria(self, box: Box, keep: frozenset[str] = frozenset()) -> tuple[Criteria, list[str]] | None:
        """Return the criteria that pick a box, and the dimensions that need a list; None when no line lies in it.

        Criteria of the dimensions in `keep` are left to the caller.
        """
        count = self._count(box)
        if not count:
            return None
        box = self._trimmed(box)
        free = list(box)
        needed = [name for name in NAMES if name not in keep]
        for name in (name for name in DROPPED_FIRST if name in needed):
            wider = _with(free, name, np.ones_like(box[NAMES.index(name)]))
            if self._count(wider) == count:
                free = list(wider)
                needed.remove(name)
        criteria: Criteria = []
        kind = self._kind(free, count) if "instrument" in needed else None
        if kind:
            criteria.append(self.book.kind_is(kind))
            needed.remove("instrument")
        lists: list[str] = []
        for name in needed:
            found, is_list = self._criterion(name, free[NAMES.index(name)], ";" if lists else ",")
            criteria += found
            lists += [name] * is_list
        return criteria, lists

    def has_lines(self, box: Box) -> bool:
        """Return whether any allocation line lies in a box."""
        return bool(self.exists[np.ix_(*box)].any())

    def _count(self, box: Sequence[Mask]) -> int:
        return int(np.count_nonzero(self.exists[np.ix_(*box)]))

    def _trimmed(self, box: Box) -> Box:
        """Take out members without a line in the box."""
        inside = self.exists[np.ix_(*box)]
        out = []
        for axis, mask in enumerate(box):
            trimmed = mask.copy()
            trimmed[mask] = inside.any(axis=tuple(k for k in range(4) if k != axis))
            out.append(trimmed)
        return out[0], out[1], out[2], out[3]

    def _kind(self, box: Sequence[Mask], count: int) -> str | None:
        """Return the kind of money that picks the same lines as several instruments do, if there is one."""
        if np.count_nonzero(box[0]) == 1:
            return None
        counts = np.array([i.counts for i in self.book.facts.instruments])
        for kind in np.unique(counts[box[0]]):
            wider = _with(box, "instrument", counts == kind)
            if not np.any(box[0] & (counts != kind)) and self._count(wider) == count:
                return str(kind)
        return None

    def _criterion(self, name: str, mask: Mask, separator: str) -> tuple[Criteria, bool]:
        """Return the criteria that pick the masked members of a dimension, and whether they are a list."""
        book, members = self.book, np.flatnonzero(mask)
        if len(members) == 1:
            return [book.is_(name, int(members[0]))], False
        if name == "year":
            years = [book.facts.years[int(k)] for k in members]
            if years[-1] - years[0] + 1 == len(years):
                return [("year", quoted(f">={years[0]}")), ("year", quoted(f"<={years[-1]}"))], False
            return [("year", "{" + separator.join(map(str, years)) + "}")], True
        return [(f"{name}_id", listed(book, name, mask, separator))], True


def listed(book: Book, name: str, mask: Mask, separator: str = ",") -> str:
    """Return the ids of a dimension's masked members as a list in a formula."""
    return "{" + separator.join(quoted(book.code(name, int(k))) for k in np.flatnonzero(mask)) + "}"


def common(box: Box, other: Box) -> Box:
    """Return what two boxes have in common."""
    return box[0] & other[0], box[1] & other[1], box[2] & other[2], box[3] & other[3]


def _with(box: Sequence[Mask], name: str, mask: Mask) -> Box:
    masks = list(box)
    masks[NAMES.index(name)] = mask
    return masks[0], masks[1], masks[2], masks[3]


def up_to(box: Box, year: int) -> Box:
    """Return a box with only the years up to a position."""
    return _with(box, "year", box[3] & (np.arange(len(box[3])) <= year))


def in_year(box: Box, year: int) -> Box:
    """Return a box in one year, by position; before the period it has no lines."""
    return _with(box, "year", np.arange(len(box[3])) == year)


def one_by_one(box: Box, name: str) -> list[Box]:
    """Return a box split into one per member of a dimension."""
    mask = box[NAMES.index(name)]
    return [_with(box, name, np.arange(len(mask)) == k) for k in np.flatnonzero(mask)]


def columns_for(marker: str | None) -> tuple[str, ...]:
    """Return the columns of Allocation that a selection's money may be the sum of."""
    return (Weight.key_of(marker),) if marker else (PLANNED, NEED)
