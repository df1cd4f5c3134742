"""One order for the rows and columns of a program, whatever the order of the rows in the files.

Among equally good answers a solver returns the one that its pivots meet first, and these follow the order of columns and
rows. So every program is handed over in an order that depends on ids and figures alone: lines by the ranks of their ids,
everything else by what it is tied to. Two files that say the same in another order then give the solver the same bits.

The figures enter as hashes that do not depend on the order of summation (colour refinement: a row is what its columns
are, a column what its rows are). Rows or columns with equal hashes are alike in every way that the solver can see.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import Floats, LinearProgram, Terms, stack

Hashes = NDArray[np.uint64]

ROUNDS = 3
"""Refinements: no column of ours is further than three ties from an allocation line."""
DIGITS = 36
"""Binary digits of a figure that count: the last ones depend on the order of additions."""
PIECE = 1 << 15
"""Hashes that are mixed at a time."""


@dataclass(frozen=True)
class Order:
    """Which row and column of the program stands at each place of the canonical one."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    def apply(self, program: LinearProgram) -> LinearProgram:
        """Return the program in this order, without its blocks: they name the old rows."""
        matrix = program.matrix
        counts = np.diff(matrix.start)[self.rows]
        entry = np.repeat(matrix.start[self.rows] - (np.cumsum(counts) - counts), counts) + np.arange(program.terms)
        terms = Terms(np.repeat(np.arange(len(counts)), counts), places(self.columns)[matrix.column[entry]], matrix.value[entry])
        return replace(
            program,
            cost=program.cost[self.columns],
            lower=program.lower[self.columns],
            upper=program.upper[self.columns],
            row_lower=program.row_lower[self.rows],
            row_upper=program.row_upper[self.rows],
            matrix=stack([(program.shape[0], terms)]),
            integer=None if program.integer is None else program.integer[self.columns],
            blocks=(),
            keys=None,
        )


def places(order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return where each old position went."""
    place = np.empty(len(order), dtype=np.intp)
    place[order] = np.arange(len(order))
    return place


def entry_ranks(lines: Lines) -> NDArray[np.int64]:
    """Return the place of every ledger entry when all are sorted by ids: lines by their four ids, then moves by key."""
    rank = np.zeros(len(lines), dtype=np.int64)
    for dimension, code in zip(lines.facts.dimensions, lines.codes, strict=True):
        ids = np.array([str(member) for member in dimension.ids], dtype=object)
        rank = rank * max(len(ids), 1) + places(np.argsort(ids, kind="stable"))[code]
    size = int(np.prod([max(len(d.ids), 1) for d in lines.facts.dimensions]))
    moves = places(np.argsort(np.array(lines.moves.keys, dtype=object), kind="stable"))
    return np.concatenate([rank, size + moves.astype(np.int64)])


def canonical_order(program: LinearProgram) -> Order:
    """Return the canonical order of a program whose first columns carry keys."""
    rows, columns = program.shape
    keys = np.full(columns, -1, dtype=np.int64)
    if program.keys is not None:
        keys[: len(program.keys)] = program.keys
    column_hash, row_hash = _hashes(program, keys)
    matrix, named, others = program.matrix, np.flatnonzero(keys >= 0), np.flatnonzero(keys < 0)
    named = named[np.argsort(keys[named], kind="stable")]
    place = np.full(columns, columns)
    place[named] = np.arange(len(named))
    nearest = _least(matrix.row, place[matrix.column], rows, columns)
    row_order = np.lexsort((row_hash, nearest))
    above = _least(matrix.column, places(row_order)[matrix.row], columns, rows)
    return Order(row_order, np.concatenate([named, others[np.lexsort((column_hash[others], above[others]))]]))


def _hashes(program: LinearProgram, keys: NDArray[np.int64]) -> tuple[Hashes, Hashes]:
    """Return a hash per column and per row that depend on keys, figures and ties alone."""
    matrix = program.matrix
    row, column, value = matrix.row, matrix.column, _bits(matrix.value)
    integer = np.zeros(program.shape[1]) if program.integer is None else program.integer
    own = _mixed(keys.astype(np.uint64), _bits(program.cost), _bits(program.lower), _bits(program.upper), integer.astype(np.uint64))
    limits = _mixed(_bits(program.row_lower), _bits(program.row_upper))
    column_hash, row_hash = own, limits
    for _ in range(ROUNDS):
        row_hash = _mixed(limits, _sums(_stir(_mixed(column_hash)[column], value), matrix.start))
        ties = np.zeros(program.shape[1], dtype=np.uint64)
        np.add.at(ties, column, _stir(_mixed(row_hash)[row], value))  # modulo 2^64, as in `_sums`
        column_hash = _mixed(own, ties)
    return column_hash, row_hash


def _bits(values: Floats) -> Hashes:
    """Return the leading binary digits of figures."""
    mantissa, exponent = np.frexp(np.asarray(values, dtype=float))
    rounded = np.ldexp(np.rint(np.ldexp(mantissa, DIGITS)), exponent - DIGITS) + 0.0  # +0.0: minus zero is zero
    bits: Hashes = rounded.view(np.uint64)
    return bits


def _mixed(*parts: Hashes) -> Hashes:
    """Mix hashes position by position."""
    mixed = np.zeros(len(parts[0]), dtype=np.uint64)
    for part in parts:
        _stir(mixed, part)
    return mixed


def _stir(mixed: Hashes, part: Hashes) -> Hashes:
    """Mix one more part into hashes, in place (the finaliser of splitmix64); piece by piece, so that the pieces stay in the cache."""
    for first in range(0, len(mixed), PIECE):
        piece = mixed[first : first + PIECE]
        piece ^= part[first : first + PIECE]
        piece += np.uint64(0x9E3779B97F4A7C15)
        piece ^= piece >> np.uint64(30)
        piece *= np.uint64(0xBF58476D1CE4E5B9)
        piece ^= piece >> np.uint64(27)
        piece *= np.uint64(0x94D049BB133111EB)
        piece ^= piece >> np.uint64(31)
    return mixed


def _sums(hashes: Hashes, start: NDArray[np.int64]) -> Hashes:
    """Add up hashes between starts; whole numbers modulo 2^64, so the order does not matter."""
    running = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(hashes, dtype=np.uint64)])
    sums: Hashes = running[start[1:]] - running[start[:-1]]
    return sums


def _least(label: NDArray[np.int64], value: NDArray[np.intp], count: int, otherwise: int) -> NDArray[np.intp]:
    """Return the smallest value of each label; `otherwise` where it has none."""
    least = np.full(count, otherwise, dtype=np.intp)
    np.minimum.at(least, label, value)
    return least
