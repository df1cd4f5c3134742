"""The linear program as plain arrays, with the identity of every row and column. No solver is known here.

Maximise cost · x subject to row_lower <= A x <= row_upper and lower <= x <= upper; A is stored by rows. Columns come in
blocks: the lines, the met needs (pair by pair, step by step), shared totals of rules, and what soft rules miss. All
money is EUR million.

Figures that differ by a factor of a billion or more make any solver unsure: `numerical_remarks` says whose they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import UsageError
from fundalloc.facts.selection import Grouped
from fundalloc.money import Exact, Floats
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Codes, Demands, take

COVERAGE, TOTAL, AUXILIARY = "coverage", "total", "auxiliary"
SWITCHED_NEED, SWITCHED_OFF, SWITCHED_ON = "switched need", "switched off", "switched on"


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


LARGEST = 10**7
"""Rows in whole numbers have no larger coefficient."""
RANGE = 1e9
"""Ratio of the largest to the smallest figure from which results can no longer be trusted blindly."""


@dataclass(frozen=True)
class Whole:
    """Rows multiplied so that undecided money, in rounding steps, counts in whole numbers: no tolerance hides a breach."""

    factor: Floats
    """By what each row is multiplied; 0 where it stays in floating point, in steps."""
    lower: Floats
    upper: Floats


@dataclass(frozen=True)
class RowBlock:
    """The rows of one owner: a rule, the coverage of needs, or the shared totals."""

    owner: str
    rows: slice
    rule: Kind | None = None
    demands: Demands | None = None
    idle: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """Rows that no undecided money can influence."""
    relaxed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """Those of them that belong to a hard rule: stated without limits, measured later."""
    held: Floats = field(default_factory=lambda: np.zeros(0))
    """By how much decided money alone breaks a row that no undecided money could mend: the limit is moved by that; elsewhere 0."""
    misses: slice = field(default_factory=lambda: slice(0, 0))
    """The columns by which a soft rule may miss, one per row and side."""
    missing_row: Codes = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    """For each of these columns, the row inside the block."""
    missing_sign: Floats = field(default_factory=lambda: np.zeros(0))
    """+1 where the column makes up for too little, -1 for too much."""
    scale: Floats = field(default_factory=lambda: np.zeros(0))
    """For rows that switch on: what each was divided by."""
    whole: Whole | None = None
    """For hard rules and shared totals, where they are stated in exact numbers."""


@dataclass(frozen=True, repr=False)
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
    grid: tuple[int, int] = (1, 1)
    """Areas and years: key = (table x areas + area) x years + year, a table for every instrument and partnership."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.row_lower), len(self.cost)

    @property
    def column_keys(self) -> NDArray[np.int64]:
        """The key of every column, -1 where it has none."""
        keys = np.zeros(0, dtype=np.int64) if self.keys is None else self.keys
        return np.pad(keys, (0, self.shape[1] - len(keys)), constant_values=-1)

    @property
    def terms(self) -> int:
        """Entries of the matrix."""
        return len(self.matrix.value)

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"<LinearProgram: {rows} rows, {columns} columns, {self.terms} terms>"

    def to_scipy(self) -> dict[str, Any]:
        """Return the program as `scipy.optimize.milp` takes it, which minimises: `milp(**program.to_scipy())`.

        `c`, `bounds` and `integrality` have one entry for each column, `constraints` one row for each row; EUR million. Raises UsageError
        without SciPy (extra `scipy`).

            >>> import fundalloc, scipy.optimize
            >>> program = fundalloc.compile_program(fundalloc.load("examples/tiny/tiny.yaml"))
            >>> found = scipy.optimize.milp(**program.to_scipy())
            >>> round(-found.fun, 4)
            64.6578
        """
        try:
            from scipy.optimize import Bounds, LinearConstraint
            from scipy.sparse import csr_array
        except ImportError as error:
            raise UsageError("SciPy is not installed: python -m pip install 'fundalloc[scipy]'") from error
        matrix = csr_array((self.matrix.value, self.matrix.column, self.matrix.start), shape=self.shape)
        integrality = np.zeros(self.shape[1]) if self.integer is None else self.integer.astype(float)
        constraints = LinearConstraint(matrix, self.row_lower, self.row_upper)
        return {"c": -self.cost, "constraints": constraints, "bounds": Bounds(self.lower, self.upper), "integrality": integrality}

    def score(self, values: Floats) -> float:
        """Return the score of its columns, which stand first in `values`."""
        return summed(self.cost, values[: len(self.cost)])

    @property
    def sizes(self) -> dict[str, int]:
        """How large it is, as the log of a run has it."""
        switches = 0 if self.integer is None else int(self.integer.sum())
        return {"rows": self.shape[0], "columns": self.shape[1], "terms": self.terms, "switches": switches}

    def block(self, owner: str) -> RowBlock | None:
        """Return the rows of one owner."""
        return next((b for b in self.blocks if b.owner == owner), None)

    @property
    def budget(self) -> RowBlock | None:
        """The rows whose limits are the EU budget."""
        return next((b for b in self.blocks if b.rule is not None and b.rule.is_budget), None)

    def row_owner(self, row: int) -> RowBlock:
        """Return the block that a row belongs to."""
        return next(b for b in self.blocks if b.rows.start <= row < b.rows.stop)

    @property
    def totals(self) -> list[tuple[slice, NDArray[np.int64]]]:
        """The rows that define shared totals, block by block, with the column that each defines: the last of its row."""
        ends = self.matrix.start[1:] - 1
        return [(block.rows, self.matrix.column[ends[block.rows]]) for block in self.blocks if block.owner == TOTAL]

    @property
    def defined(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs of rows that share a column of a rule's own: one that says what the column is, and one of the rule."""
        matrix, row, found = self.matrix, self.matrix.row, [np.zeros(0, dtype=np.int64)]
        for own, rule in pairwise(self.blocks):
            if own.owner == AUXILIARY:
                says, asks = (np.arange(matrix.start[block.rows.start], matrix.start[block.rows.stop]) for block in (own, rule))
                says = says[matrix.column[says] >= self.lines]
                at, entry = take(matrix.column[says], Grouped(matrix.column[asks], asks, Exact.whole(len(asks))))
                found.append(np.unique(row[says[at]] * self.shape[0] + row[asks[entry]]))
        return np.divmod(np.concatenate(found), max(self.shape[0], 1))


def summed(prices: Floats, amounts: Floats) -> float:
    """Return the sum of products. BLAS (`@`) splits long ones over threads: dearer than a warm solve, and other digits per machine."""
    return float((prices * amounts).sum())


class Terms(NamedTuple):
    """Entries of some rows in any order."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: Floats


def joined(*terms: Terms) -> Terms:
    """Put entries of the same rows one after the other."""
    return Terms(*(np.concatenate(part) for part in zip(*terms, strict=True)))


def stack(parts: Sequence[tuple[int, Terms]]) -> Matrix:
    """Put blocks (number of rows, terms with rows counted inside) under each other, sorted; entries of one cell are added up."""
    rows, terms = [count for count, _ in parts], [_in_order(terms) for _, terms in parts]
    counts = [np.bincount(part.row, minlength=count) for count, part in zip(rows, terms, strict=True)]
    _, column, value = joined(*terms)
    return Matrix(np.cumsum(np.concatenate([np.zeros(1, dtype=np.int64), *counts])), column, value)


def _in_order(terms: Terms) -> Terms:
    """Return entries by row and column, each cell once."""
    key = terms.row * np.int64(int(terms.column.max(initial=0)) + 1)
    key += terms.column
    if np.all(key[1:] > key[:-1]):
        return terms
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    first = order[starts]
    return Terms(terms.row[first], terms.column[first], np.add.reduceat(terms.value[order], starts))


class Builder:
    """Collects columns and blocks of rows."""

    columns: int
    met: int
    """The first column of met needs, pair by pair, step by step."""

    def __init__(self, cost: Floats, lower: Floats, upper: Floats) -> None:
        self._cost, self._lower, self._upper = [cost], [lower], [upper]
        self.columns = self.met = len(cost)
        self._rows = 0
        self._parts: list[tuple[int, Terms]] = []
        self._row_lower, self._row_upper = [np.zeros(0)], [np.zeros(0)]
        self._blocks: list[RowBlock] = []
        self._integer: list[NDArray[np.intp]] = []

    def add_columns(self, cost: Floats, lower: Floats | float = 0.0, upper: Floats | float = np.inf) -> int:
        """Add columns and return the position of the first."""
        first = self.columns
        self._cost.append(cost)
        for kept, bound in ((self._lower, lower), (self._upper, upper)):
            kept.append(np.broadcast_to(np.asarray(bound, dtype=float), (len(cost),)).copy())
        self.columns += len(cost)
        return first

    def add_switches(self, on: NDArray[np.bool_]) -> int:
        """Add columns that are 0 or 1, those that are on in any plan only 1, and return the position of the first."""
        first = self.add_columns(np.zeros(len(on)), on.astype(float), 1.0)
        self._integer.append(np.arange(first, self.columns))
        return first

    def add_rows(self, owner: str, lower: Floats, upper: Floats, terms: Terms, **about: Any) -> None:
        """Add rows with their terms; `about` fills the other fields of their block."""
        rows = slice(self._rows, self._rows + len(lower))
        self._rows = rows.stop
        self._row_lower.append(lower)
        self._row_upper.append(upper)
        self._parts.append((len(lower), terms))
        self._blocks.append(RowBlock(owner, rows, **about))

    def finish(self, lines: int, pairs: int) -> LinearProgram:
        """Put everything together."""
        integer = np.isin(np.arange(self.columns), np.concatenate(self._integer)) if self._integer else None
        figures = self._cost, self._lower, self._upper, self._row_lower, self._row_upper
        cost, lower, upper, row_lower, row_upper = (np.concatenate(part) for part in figures)
        return LinearProgram(cost, lower, upper, row_lower, row_upper, stack(self._parts), tuple(self._blocks), lines, pairs, integer)


def ranges(program: LinearProgram) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest absolute value, zero and infinity left out, of coefficients, limits and objective."""
    limits = np.concatenate([program.row_lower, program.row_upper, program.lower, program.upper])
    parts = {"coefficients": program.matrix.value, "limits": limits, "objective": program.cost}
    return {name: span for name, values in parts.items() if (span := _span(values)) is not None}


def numerical_remarks(program: LinearProgram) -> Iterator[str]:
    """Yield a sentence for every part of the program whose figures span too much, with the owners of both ends."""
    for name, (low, high) in ranges(program).items():
        if high / low >= RANGE:
            where = _owners(program, name, low, high)
            span = f"{name} reach from {low:.3g} to {high:.3g}, a range of {high / low:.0e}{where}"
            yield f"{span}; check the units (EUR million) of these figures"


def _span(values: Floats) -> tuple[float, float] | None:
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return (float(sizes.min()), float(sizes.max())) if len(sizes) else None


def _owners(program: LinearProgram, name: str, low: float, high: float) -> str:
    if name == "objective":
        return " (priorities, steps and soft penalties)"
    if name == "coefficients":
        rows, values = program.matrix.row, np.abs(program.matrix.value)
    else:
        rows, values = np.tile(np.arange(program.shape[0]), 2), np.abs(np.concatenate([program.row_lower, program.row_upper]))
    found = []
    for size in (low, high):
        hit = np.flatnonzero(values == size)
        if len(hit):
            found.append(program.row_owner(int(rows[hit[0]])).owner)
    return f" (in {' and '.join(dict.fromkeys(found))})" if found else " (among needs and ceilings)"
