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

from fundalloc.export.workbook.book import Book, array, distinct, quoted
from fundalloc.export.workbook.plan_sums import Box
from fundalloc.export.workbook.spelling import whole_column
from fundalloc.facts.dimensions import NAMES
from fundalloc.money import Exact, Mask, exact_product

PLANNED, BASELINE, NEED = "planned", "baseline", "towards_need"
WEIGHTS = "Weights"
OWN = ("instrument", "area", "pair", "planned", "effectiveness", "kind_of_money", "instrument_id", "area_id", "action", "action_id")
"""Columns of the sheet Weights besides the markers."""
Criteria = list[tuple[str, str]]
DROPPED_FIRST = ("year", "area", "instrument", "partnership")
"""Criteria are left out in this order where the others pick the same lines."""


@dataclass(frozen=True, eq=False)
class Weight:
    """How much of a euro counts, by instrument and area: towards a marker, or with its effectiveness where `marker` is empty."""

    marker: str
    coefficients: Exact
    """Shape (instruments, areas)."""

    @property
    def key(self) -> str:
        """The key of the column in Allocation that holds the weighted amounts."""
        return columns_for(self.marker)[-1]

    def coefficient_heading(self, book: Book) -> str:
        """Return the heading of the column in Weights."""
        if not self.marker:
            return book.title("effectiveness")
        markers = list(book.facts.markers)
        return distinct([book.word("marker", m) for m in markers], [book.title(key) for key in OWN])[markers.index(self.marker)]

    def reference(self, book: Book) -> str:
        """Return the reference to the coefficients, in the order of the pairs."""
        return whole_column(WEIGHTS, self.coefficient_heading(book))


def columns_for(marker: str | None) -> tuple[str, ...]:
    """Return the columns of Allocation that a selection's money may be the sum of."""
    return (f"marker:{marker}",) if marker else (PLANNED, NEED)


def weights(book: Book) -> Sequence[Weight]:
    """Return effectiveness and the markers that rules and the mandate use: those that every line must be weighted by."""
    used = {selection.marker for rule in book.plan.scenario.rules for selection in rule.selections}
    used |= {statement.money.marker for statement in book.plan.scenario.mandate if statement.money}
    return [every for every in all_weights(book) if not every.marker or every.marker in used]


def all_weights(book: Book) -> Sequence[Weight]:
    """Return effectiveness and every marker of the scenario."""
    return [Weight("", book.facts.effectiveness), *(Weight(marker, exact) for marker, exact in book.facts.markers.items())]


@dataclass(frozen=True)
class Cubes:
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
            parts = exact_product(self.steps, weight.coefficients.numerator[lines.instrument, lines.area])
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
        cube = np.zeros([len(d.ids) for d in self.book.facts.dimensions], dtype=bool)
        cube[self.book.lines.codes] = True
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
            shortest = min(lists, key=lambda name: int(getattr(box, name).sum()))
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
        free, needed = self._trimmed(box), [name for name in NAMES if name not in keep]
        for name in (name for name in DROPPED_FIRST if name in needed):
            wider = free._replace(**{name: np.ones_like(getattr(free, name))})
            if self._count(wider) == count:
                free = wider
                needed.remove(name)
        criteria: Criteria = []
        kind = self._kind(free, count) if "instrument" in needed else None
        if kind:
            criteria.append(self.book.kind_is(kind))
            needed.remove("instrument")
        lists: list[str] = []
        for name in needed:
            found, is_list = self._criterion(name, getattr(free, name), ";" if lists else ",")
            criteria += found
            lists += [name] * is_list
        return criteria, lists

    def has_lines(self, box: Box) -> bool:
        """Return whether any allocation line lies in a box."""
        return bool(self.exists[np.ix_(*box)].any())

    def _count(self, box: Box) -> int:
        return int(np.count_nonzero(self.exists[np.ix_(*box)]))

    def _trimmed(self, box: Box) -> Box:
        """Take out members without a line in the box."""
        out, inside = Box(*(mask.copy() for mask in box)), self.exists[np.ix_(*box)]
        for axis, mask in enumerate(box):
            out[axis][mask] = inside.any(axis=tuple(k for k in range(4) if k != axis))
        return out

    def _kind(self, box: Box, count: int) -> str | None:
        """Return the kind of money that picks the same lines as several instruments do, if there is one."""
        counts = np.array([i.counts for i in self.book.facts.instruments])
        kinds = np.unique(counts[box.instrument])
        alone = np.count_nonzero(box.instrument) == 1 or len(kinds) > 1
        return None if alone or self._count(box._replace(instrument=counts == kinds[0])) != count else str(kinds[0])

    def _criterion(self, name: str, mask: Mask, separator: str) -> tuple[Criteria, bool]:
        """Return the criteria that pick the masked members of a dimension, and whether they are a list."""
        book, members = self.book, np.flatnonzero(mask)
        if len(members) == 1:
            return [book.is_(book.lookup(name), int(members[0]))], False
        if name == "year":
            years = [book.facts.years[int(k)] for k in members]
            if years[-1] - years[0] + 1 == len(years):
                return [("year", quoted(f">={years[0]}")), ("year", quoted(f"<={years[-1]}"))], False
        return [(name if name == "year" else f"{book.lookup(name)}_id", listed(book, name, mask, separator))], True


def listed(book: Book, name: str, mask: Mask, separator: str = ",") -> str:
    """Return the masked members of a dimension as a list in a formula."""
    return array((book.is_(book.lookup(name), int(k))[1] for k in np.flatnonzero(mask)), separator)


def common(box: Box, other: Box) -> Box:
    """Return what two boxes have in common."""
    return Box(*(one & another for one, another in zip(box, other, strict=True)))


def up_to(box: Box, year: int) -> Box:
    """Return a box with only the years up to a position."""
    return box._replace(year=box.year & (np.arange(len(box.year)) <= year))


def in_year(box: Box, year: int) -> Box:
    """Return a box in one year, by position; before the period it has no lines."""
    return box._replace(year=np.arange(len(box.year)) == year)


def one_by_one(box: Box, name: str) -> list[Box]:
    """Return a box split into one per member of a dimension."""
    mask = getattr(box, name)
    return [box._replace(**{name: np.arange(len(mask)) == k}) for k in np.flatnonzero(mask)]
