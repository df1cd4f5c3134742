"""The linear program as plain arrays, with the identity of every row and column. No solver is known here.

Maximise cost · x subject to row_lower <= A x <= row_upper and lower <= x <= upper; A is stored by rows. Columns come in
blocks: the lines, the met needs (pair by pair, step by step), shared totals of rules, and what soft rules miss. All
money is EUR million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.rules._kind import Kind
from fundalloc.rules._rows import Codes, Demands, Rows, Sense

Floats = NDArray[np.float64]

COVERAGE, TOTAL, SWITCHED_OFF, SWITCHED_ON = "coverage", "total", "switched off", "switched on"


@dataclass(frozen=True)
class Matrix:
    """A sparse matrix stored by rows: entries of row r are column[start[r]:start[r+1]]."""

    start: NDArray[np.int64]
    column: NDArray[np.int64]
    value: Floats

    @property
    def row(self) -> NDArray[np.int64]:
        """The row of every entry."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def times(self, x: Floats) -> Floats:
        """Return A x."""
        product: Floats = np.bincount(self.row, weights=self.value * x[self.column], minlength=len(self.start) - 1).astype(float)
        return product


@dataclass(frozen=True)
class RowBlock:
    """The rows of one owner: a rule, the coverage of needs, or the shared totals."""

    owner: str
    rows: slice
    rule: Kind | None = None
    demands: Demands | None = None
    relaxed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """Rows that no undecided money can influence: stated without limits, measured later."""
    misses: slice = field(default_factory=lambda: slice(0, 0))
    """The columns by which a soft rule may miss, one per row and side."""
    missing_row: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    """For each of these columns, the row inside the block."""
    missing_sign: Floats = field(default_factory=lambda: np.zeros(0))
    """+1 where the column makes up for too little, -1 for too much."""
    scale: Floats = field(default_factory=lambda: np.zeros(0))
    """For rows that switch on: what each was divided by."""


@dataclass(frozen=True)
class LinearProgram:
    """The whole program. Row and column positions are stable: lines first, in the order of `lines`."""

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    matrix: Matrix
    blocks: tuple[RowBlock, ...] = ()
    lines: int = 0
    """Number of ledger columns: allocation lines, then carry-overs and transfers."""
    pairs: int = 0
    """Number of needs; their met amounts follow the lines, `pairs` columns per step."""
    integer: NDArray[np.bool_] | None = None
    """Which columns must be whole; None: none."""
    keys: NDArray[np.int64] | None = None
    """Numbers of the first columns that depend on ids alone, for an order that no file decides (`canonical.py`)."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.row_lower), len(self.cost)

    @property
    def terms(self) -> int:
        """Entries of the matrix."""
        return len(self.matrix.value)

    def block(self, owner: str) -> RowBlock | None:
        """Return the rows of one owner."""
        return next((b for b in self.blocks if b.owner == owner), None)

    def row_owner(self, row: int) -> RowBlock:
        """Return the block that a row belongs to."""
        return next(b for b in self.blocks if b.rows.start <= row < b.rows.stop)


class Terms(NamedTuple):
    """Entries of some rows in any order."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: Floats


def stack(parts: Sequence[tuple[int, Terms]]) -> Matrix:
    """Put blocks of rows under each other: (number of rows, terms with rows counted inside the block).

    Entries are sorted by row and column, and those that name the same cell are added up.
    """
    size = sum(len(terms.row) for _, terms in parts)
    column, value, end = np.empty(size, dtype=np.int64), np.empty(size), 0
    counts = [np.zeros(1, dtype=np.int64)]
    for rows, terms in parts:
        first, entry = end, _order(terms)
        if entry is None:
            end += len(terms.row)
            column[first:end], value[first:end] = terms.column, terms.value
            counts.append(np.bincount(terms.row, minlength=rows))
            continue
        order, starts = entry
        end += len(starts)
        if len(starts) == len(order):
            np.take(terms.column, order, out=column[first:end], mode="clip")
            np.take(terms.value, order, out=value[first:end], mode="clip")
            counts.append(np.bincount(terms.row, minlength=rows))
        else:
            column[first:end] = terms.column[order[starts]]
            value[first:end] = np.add.reduceat(terms.value[order], starts)
            counts.append(np.bincount(terms.row[order[starts]], minlength=rows))
    return Matrix(np.cumsum(np.concatenate(counts)), column[:end], value[:end])


def _order(terms: Terms) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Return entries in order of row and column, and where each cell begins among them; None when they are in order, each cell once."""
    if len(terms.row) == 0:
        return None
    key = terms.row * np.int64(int(terms.column.max()) + 1)
    key += terms.column
    if np.all(key[1:] > key[:-1]):
        return None
    order = np.argsort(key, kind="stable")
    key = key[order]
    return order, np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))


class Builder:
    """Collects columns and blocks of rows."""

    def __init__(self, cost: Floats, lower: Floats, upper: Floats) -> None:
        self._cost, self._lower, self._upper = [cost], [lower], [upper]
        self.columns = len(cost)
        self._rows = 0
        self._parts: list[tuple[int, Terms]] = []
        self._row_lower: list[Floats] = []
        self._row_upper: list[Floats] = []
        self._blocks: list[RowBlock] = []
        self._integer: list[NDArray[np.intp]] = []

    def add_columns(self, cost: Floats, lower: float = 0.0, upper: Floats | float = np.inf) -> int:
        """Add columns and return the position of the first."""
        first = self.columns
        self._cost.append(cost)
        self._lower.append(np.full(len(cost), lower))
        self._upper.append(np.broadcast_to(np.asarray(upper, dtype=float), (len(cost),)).copy())
        self.columns += len(cost)
        return first

    def add_rows(self, owner: str, lower: Floats, upper: Floats, terms: Terms) -> slice:
        """Add rows with their terms and return where they stand."""
        rows = slice(self._rows, self._rows + len(lower))
        self._rows = rows.stop
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        self._parts.append((len(lower), terms))
        self._blocks.append(RowBlock(owner, rows))
        return rows

    def add_rule(self, rule: Kind, lines: Lines) -> None:
        """Add the rows of a rule, its totals, and what it may miss when it is soft. A watched rule adds nothing."""
        if rule.watch:
            return
        demands = rule.demands(lines)
        stated = rule.rows(lines, demands)
        first_extra = self._add_totals(stated)
        self._add_switches(stated, lines)
        column = np.where(stated.column >= 0, stated.column, first_extra - 1 - stated.column)
        relaxed = ~influenced(stated, lines, len(demands))
        lower, upper = np.where(relaxed, -np.inf, stated.lower), np.where(relaxed, np.inf, stated.upper)
        terms, misses, missing_row = Terms(stated.row, column, stated.value), slice(0, 0), np.zeros(0, dtype=np.intp)
        sign = np.zeros(0)
        if rule.soft is not None:
            short = np.flatnonzero([s is not Sense.AT_MOST for s in demands.sense])
            over = np.flatnonzero([s is not Sense.AT_LEAST for s in demands.sense])
            missing_row = np.concatenate([short, over]).astype(np.intp)
            sign = np.concatenate([np.ones(len(short)), -np.ones(len(over))])
            first = self.add_columns(np.full(len(missing_row), -float(rule.soft)))
            misses = slice(first, self.columns)
            terms = Terms(
                np.concatenate([terms.row, missing_row]),
                np.concatenate([terms.column, np.arange(first, self.columns)]),
                np.concatenate([terms.value, sign]),
            )
        rows = self.add_rows(rule.id, lower, upper, terms)
        self._blocks[-1] = RowBlock(rule.id, rows, rule, demands, relaxed, misses, missing_row, sign)

    def _add_totals(self, stated: Rows) -> int:
        totals = stated.totals
        if totals.count == 0:
            return self.columns
        first = self.add_columns(np.zeros(totals.count))
        own = Terms(np.arange(totals.count), np.arange(first, self.columns), -np.ones(totals.count))
        terms = Terms(*(np.concatenate(pair) for pair in zip((totals.total, totals.line, totals.value), own, strict=True)))
        self.add_rows(TOTAL, np.zeros(totals.count), np.zeros(totals.count), terms)
        return first

    def _add_switches(self, stated: Rows, lines: Lines) -> None:
        """Add on-off columns with the two rows that tie each to its money. Fixed money is never asked to reach a minimum.

        Rows that switch on are divided by a small least amount: money of one euro (1e-6) would otherwise lie within the
        solver's tolerance, and a switch could be on without any.
        """
        switches = stated.switches
        if switches.count == 0:
            return
        first = self.add_columns(np.zeros(switches.count), upper=1.0)
        self._integer.append(np.arange(first, self.columns))
        moving = np.bincount(switches.switch, weights=~lines.ledger.fixed[switches.line], minlength=switches.count) > 0
        least = np.where(moving, switches.least, 0.0)
        scale = np.where(least > 0, np.minimum(least, 1.0), 1.0)
        every = np.arange(switches.count)
        for rows, bound, value, lower, upper in (
            (SWITCHED_OFF, -switches.capacity, switches.value, -np.inf, 0.0),
            (SWITCHED_ON, -least / scale, switches.value / scale[switches.switch], 0.0, np.inf),
        ):
            terms = Terms(
                np.concatenate([switches.switch, every]),
                np.concatenate([switches.line, first + every]),
                np.concatenate([value, bound]),
            )
            self.add_rows(rows, np.full(switches.count, lower), np.full(switches.count, upper), terms)
        self._blocks[-1] = replace(self._blocks[-1], scale=scale)

    def finish(self, lines: int, pairs: int) -> LinearProgram:
        """Put everything together."""
        integer = None
        if self._integer:
            integer = np.zeros(self.columns, dtype=bool)
            integer[np.concatenate(self._integer)] = True
        return LinearProgram(
            np.concatenate(self._cost),
            np.concatenate(self._lower),
            np.concatenate(self._upper),
            np.concatenate(self._row_lower) if self._row_lower else np.zeros(0),
            np.concatenate(self._row_upper) if self._row_upper else np.zeros(0),
            stack(self._parts),
            tuple(self._blocks),
            lines,
            pairs,
            integer,
        )


def influenced(stated: Rows, lines: Lines, count: int) -> NDArray[np.bool_]:
    """Return which rows contain undecided money, directly or through a total. Shape: (count,)."""
    free, totals, switches = ~lines.ledger.fixed, stated.totals, stated.switches
    if not (totals.count or switches.count):
        return np.bincount(stated.row, weights=free[stated.column] & (stated.value != 0), minlength=count) > 0
    extra = np.concatenate(
        [
            np.bincount(totals.total, weights=free[totals.line], minlength=totals.count),
            np.bincount(switches.switch, weights=free[switches.line], minlength=switches.count),
        ]
    )
    direct = stated.column >= 0
    movable = np.zeros(len(stated.column), dtype=bool)
    movable[direct] = free[stated.column[direct]]
    movable[~direct] = extra[-1 - stated.column[~direct]] > 0
    movable &= stated.value != 0
    return np.bincount(stated.row, weights=movable, minlength=count) > 0
