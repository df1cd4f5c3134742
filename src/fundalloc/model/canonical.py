"""One order for the rows and columns of a program, and one name for each row, whatever the order of the rows in the files.

Among equally good answers a solver returns the one that its pivots meet first, and these follow the order of columns and
rows. So every program is handed over in an order that depends on ids and figures alone: lines by the ranks of their ids,
everything else by what it is tied to. Two files that say the same in another order then give the solver the same bits.
That is done before each solve (3 % of its time), not once in `compile_program`: stages, studies and repairs add rows and columns, and rows
are found by the blocks of their rules, in the order of demands, which this order tears apart (28 of the 47 of the shipped baseline).

The figures enter as hashes that do not depend on the order of summation (colour refinement: a row is what its columns
are, a column what its rows are). Rows or columns with equal hashes are alike in every way that the solver can see.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import Facts
from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import COVERAGE, LinearProgram, Matrix, RowBlock
from fundalloc.money import Floats

Hashes = NDArray[np.uint64]

ROUNDS = 3
"""Refinements: no column of ours is further than three ties from an allocation line."""
DROPPED = 17
"""Binary digits at the end of a figure, of 53, that do not count: they depend on the order of additions."""
PIECE = 1 << 15
"""Hashes that are mixed at a time."""


@dataclass(frozen=True)
class Order:
    """Which row and column of the program stands at each place of the canonical one."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]

    def apply(self, program: LinearProgram) -> LinearProgram:
        """Return the program in this order, without its blocks: they name the old rows."""
        matrix, column = program.matrix, places(self.columns)
        counts = np.diff(matrix.start)
        key = np.repeat(places(self.rows) * len(column), counts)
        key += column[matrix.column]
        entry = np.argsort(key, kind="stable")  # rows are sorted already, which this method finds
        start = np.concatenate([[0], np.cumsum(counts[self.rows])])
        return replace(
            program,
            cost=program.cost[self.columns],
            lower=program.lower[self.columns],
            upper=program.upper[self.columns],
            row_lower=program.row_lower[self.rows],
            row_upper=program.row_upper[self.rows],
            matrix=Matrix(start, column[matrix.column[entry]], matrix.value[entry]),
            integer=None if program.integer is None else program.integer[self.columns],
            blocks=(),
            keys=program.column_keys[self.columns],
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
    keys = program.column_keys
    named, others = np.flatnonzero(keys >= 0), np.flatnonzero(keys < 0)
    named = named[np.argsort(keys[named], kind="stable")]
    matrix = program.matrix
    entry = np.flatnonzero((keys < 0)[matrix.column])
    ties = np.stack([np.searchsorted(matrix.start, entry, side="right") - 1, matrix.column[entry]])  # columns without keys
    column_hash, row_hash = _hashes(program, keys, entry, ties)
    place = np.full(columns, columns)
    place[named] = np.arange(len(named))
    row_order = np.lexsort((row_hash, _nearest(program, place)))
    above = np.full(columns, rows)
    np.minimum.at(above, ties[1], places(row_order)[ties[0]])
    return Order(row_order, np.concatenate([named, others[np.lexsort((column_hash[others], above[others]))]]))


def _nearest(program: LinearProgram, place: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first place among the columns of every row; the number of columns where it has none."""
    start, filled = program.matrix.start, np.diff(program.matrix.start) > 0
    nearest = np.full(len(filled), len(place))
    if filled.any():
        nearest[filled] = np.minimum.reduceat(place[program.matrix.column], start[:-1][filled])
    return nearest


def _hashes(program: LinearProgram, keys: NDArray[np.int64], entry: NDArray[np.intp], ties: NDArray[np.int64]) -> tuple[Hashes, Hashes]:
    """Return a hash per column and per row that depend on keys, figures and ties alone.

    A key says all about its column; the others are refined by the rows in which they stand: `ties` of row and column, at `entry`.
    """
    matrix, value = program.matrix, _bits(program.matrix.value)
    row, column = ties
    integer = np.zeros(program.shape[1]) if program.integer is None else program.integer
    own = _mixed(keys.astype(np.uint64), _bits(program.cost), _bits(program.lower), _bits(program.upper), integer.astype(np.uint64))
    limits = _mixed(_bits(program.row_lower), _bits(program.row_upper))
    terms = _stir(_mixed(own)[matrix.column], value)
    terms[entry] = 0
    keyed, value = _sums(terms, matrix.start), value[entry]
    column_hash = own
    for _ in range(ROUNDS):
        inside, around = keyed.copy(), np.zeros(program.shape[1], dtype=np.uint64)
        np.add.at(inside, row, _stir(_mixed(column_hash)[column], value))  # modulo 2^64, so the order does not matter
        row_hash = _mixed(limits, inside)
        np.add.at(around, column, _stir(_mixed(row_hash)[row], value))
        column_hash = _mixed(own, around)
    return column_hash, row_hash


def _bits(values: Floats) -> Hashes:
    """Return the leading binary digits of figures, as the processor holds them."""
    exact: Hashes = (np.asarray(values, dtype=float) + 0.0).view(np.uint64)  # +0.0: minus zero is zero
    rounded: Hashes = (exact + np.uint64(1 << (DROPPED - 1))) & np.uint64(~((1 << DROPPED) - 1) & (2**64 - 1))
    return rounded


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


def row_keys(program: LinearProgram, facts: Facts) -> list[str]:
    """Return one key per row: `rule|member|side` for a demand, `coverage|partnership|area` for a need.

    Shared totals and switches belong to the rule that follows them: `rule|total|3`. No two rows have the same key.
    """
    keys: list[str] = [""] * program.shape[0]
    for block, owner in zip(program.blocks, _owners(program.blocks), strict=True):
        keys[block.rows] = _of_block(block, owner, facts)
    seen = Counter(keys)
    counted: Counter[str] = Counter()
    for k, key in enumerate(keys):
        if seen[key] > 1:
            counted[key] += 1
            keys[k] = f"{key}|{counted[key]}"
    return keys


def _owners(blocks: tuple[RowBlock, ...]) -> list[str]:
    """Return the rule that each block serves: blocks without a rule stand before the one that they belong to."""
    owners: list[str] = []
    following = ""
    for block in reversed(blocks):
        following = block.owner if block.rule is not None else following
        owners.append(following)
    return owners[::-1]


def _of_block(block: RowBlock, owner: str, facts: Facts) -> list[str]:
    if block.demands is not None:
        sides = zip(block.demands.member, block.demands.sense, strict=True)
        return [f"{owner}|{'|'.join((*member, str(side)))}" for member, side in sides]
    if block.owner == COVERAGE:
        partnerships, areas = facts.dimensions.partnership.ids, facts.dimensions.area.ids
        pairs = zip(facts.needs.partnership, facts.needs.area, strict=True)
        return [f"{COVERAGE}|{partnerships[p]}|{areas[a]}" for p, a in pairs]
    return [f"{owner}|{block.owner}|{k + 1}" for k in range(block.rows.stop - block.rows.start)]
