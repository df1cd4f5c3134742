"""Margins instead of lines: a smaller program with the same answer, found in the matrix alone.

The lines of one instrument and partnership form a table of areas and years. Where every row, and the cost, counts the lines of a table as

    u(area) + v(year)

only its sums over the years (one per area) and over the areas (one per year) matter: its margins. They take the place of the lines, with
one row that says that both add up to the same. Any margins that do are those of some table (the north-west corner rule writes one down),
so nothing is lost and nothing is gained. Row prices stay what they are: what a line is worth beyond them is what its two margins are.

Money of lines is counted from its lower limit; a line with an upper limit of its own stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from fundalloc.model.linear_program import COVERAGE, LinearProgram, Terms, joined, stack
from fundalloc.money import Floats, Mask
from fundalloc.solvers.solution import Solution, Status

Positions = NDArray[np.intp]

PIECE = 1 << 22
"""Cells that are looked at in one go."""
DUST = 1e-12
"""Relative difference of coefficients that comes from their arithmetic."""


@dataclass(frozen=True)
class Tables:
    """Tables of columns; no column is in two of them."""

    column: Positions
    table: Positions
    area: Positions
    year: Positions
    """The columns, and where each of them stands."""
    cells: Mask
    """Which places are filled: those where some areas and some years of a table cross. Shape (tables, areas, years)."""

    def __len__(self) -> int:
        return len(self.cells)

    def kept(self, chosen: Mask) -> Tables:
        """Return the chosen tables."""
        own, place = chosen[self.table], np.cumsum(chosen) - 1
        return Tables(self.column[own], place[self.table[own]], self.area[own], self.year[own], self.cells[chosen])

    def split(self, table: Positions, row: Positions, of: Positions, value: Floats) -> tuple[Floats, Floats, Mask]:
        """Split figures of cells into one per area and one per year.

        Row k is about the k-th of the given tables; its figures are `value` at the columns `of` (counted here), zero elsewhere. Returns
        shapes (rows, areas) and (rows, years), and which rows are that sum.
        """
        cells, each = self.cells[table], np.arange(len(table))
        figures = np.zeros(cells.shape)
        figures[row, self.area[of], self.year[of]] = value
        wide, long = cells.any(axis=2), cells.any(axis=1)
        first = wide.argmax(axis=1), long.argmax(axis=1)
        by_area, by_year, corner = figures[each, :, first[1]], figures[each, first[0]], figures[each, *first][:, None]
        dust = DUST * np.abs(figures).max(axis=(1, 2), initial=0.0)[:, None]
        alike = ~((np.abs(by_area - corner) > dust) & wide).any(axis=1, keepdims=True)
        by_area, by_year = np.where(alike, 0.0, by_area), np.where(alike, by_year, by_year - corner)
        by_year = np.where(np.abs(by_year) > dust, by_year, 0.0)
        misfits = np.abs(by_area[:, :, None] + by_year[:, None, :] - figures) > 2 * dust[:, :, None]
        return by_area * wide, by_year * long, ~(misfits & cells).any(axis=(1, 2))


@dataclass(frozen=True)
class Margins:
    """A program with margins in place of lines: sums by area, sums by year, then all other columns; the rows that tie them come last."""

    program: LinearProgram
    tables: Tables
    by_area: Positions
    by_year: Positions
    """The column of each sum, -1 where a table does not have that area or year. Shapes (tables, areas) and (tables, years)."""
    rest: Positions
    """The other columns in the whole program."""
    origin: Floats
    """What the columns of the whole program are counted from."""

    def answer(self, program: LinearProgram, found: Solution) -> Solution:
        """Return the answer to the whole program."""
        values, rows = self.origin.copy(), program.shape[0]
        values[self.rest] = found.values[len(found.values) - len(self.rest) :]
        values[self.tables.column] += self._filled(self._sums(np.maximum(found.values, 0.0)))
        objective = program.score(values)
        bound = objective if found.status is Status.OPTIMAL else None
        corner = None if found.corner is None else self._corner(found, rows)
        return replace(found, objective=objective, values=values, prices=found.prices[:rows], bound=bound, corner=corner)

    def _sums(self, figures: NDArray[Any]) -> list[NDArray[Any]]:
        """Return the figures of the sums by area and by year, 0 where a table has none."""
        padded = np.append(figures, figures.dtype.type(0))
        return [padded[self.by_area], padded[self.by_year]]

    def _filled(self, sums: Sequence[NDArray[Any]]) -> Floats:
        """Return what the columns of the tables hold when every table is filled from its first area and year on."""
        at = (self.tables.table, self.tables.area), (self.tables.table, self.tables.year)
        ends = [np.cumsum(part, axis=1) for part in sums]
        end = np.minimum(*(part[place] for part, place in zip(ends, at, strict=True)))
        begin = np.maximum(*((part - own)[place] for part, own, place in zip(ends, sums, at, strict=True)))
        filled: Floats = np.maximum(end - begin, 0.0)
        return filled

    def _corner(self, found: Solution, rows: int) -> Any:
        """Return where the simplex method stands in the whole program; None where the corner of the margins is none of lines.

        Of a table those cells are basic through which the filling walks along its basic areas and years, a tree: where several sums end
        together an area ends first, and no sum is nothing. So the ranks of the ends are filled in, in place of the amounts.
        """
        words, standing = highspy.HighsBasisStatus, found.corner.columns
        basic = self._sums(np.array([status == words.kBasic for status in standing]))
        ends = [np.cumsum(part * own, axis=1) for part, own in zip(self._sums(np.maximum(found.values, 0.0)), basic, strict=True)]
        rank = 1 + np.argsort(np.argsort(np.concatenate(ends, axis=1), axis=1, kind="stable"), axis=1)
        both = np.concatenate(basic, axis=1)
        last = np.concatenate([own & (np.cumsum(own, axis=1) == own.sum(axis=1, keepdims=True)) for own in basic], axis=1)
        rank = np.where(last, rank.shape[1] + 1, rank) * both
        walk = np.split(rank, [basic[0].shape[1]], axis=1)
        walked = self._filled([np.diff(np.maximum.accumulate(part, axis=1), axis=1, prepend=0) for part in walk]) > 0
        columns = np.full(len(self.origin), words.kLower, dtype=object)
        columns[self.rest] = standing[len(standing) - len(self.rest) :]
        columns[self.tables.column[walked]] = words.kBasic
        corner = found.corner.at(columns.tolist(), found.corner.rows[:rows])
        return corner if sum(status == words.kBasic for status in [*corner.columns, *corner.rows]) == rows else None


def margins(program: LinearProgram) -> Margins | None:
    """Return the program with margins in place of the lines of every table that allows it; None where none does."""
    tables = _tables(program)
    tables = tables.kept(_costs(program, tables)[2])
    if not len(tables):
        return None
    *sums, fits = _counted(program, tables)
    return _stated(program, tables, fits, *sums) if fits.any() else None


def lines_kept(program: LinearProgram) -> dict[str, int]:
    """Return, for every rule whose rows alone keep tables from margins, how many lines these tables have."""
    tables, matrix, kept, first = _tables(program), program.matrix, {}, 0
    for block in program.blocks:
        if block.rule is not None:  # what a rule states beside its rows (totals, switches) stands before them
            start = np.clip(matrix.start, matrix.start[first], matrix.start[block.rows.stop])
            fits = _counted(replace(program, matrix=replace(matrix, start=start)), tables)[2]
            kept[block.owner] = int((~fits[tables.table]).sum())
        if block.rule is not None or block.owner == COVERAGE:
            first = block.rows.stop
    return {rule: lines for rule, lines in kept.items() if lines}


def _tables(program: LinearProgram) -> Tables:
    """Return the tables that are filled and larger than their margins, without columns that have an upper limit."""
    areas, years = program.grid
    keys = program.column_keys
    column = np.flatnonzero((keys >= 0) & np.isinf(program.upper) & np.isfinite(program.lower))
    table, place = np.divmod(keys[column], areas * years)
    number, table = np.unique(table, return_inverse=True)
    area, year = np.divmod(place, years)
    cells = np.zeros((len(number), areas, years), dtype=bool)
    cells[table, area, year] = True
    wide, long = cells.any(axis=2, keepdims=True), cells.any(axis=1, keepdims=True)
    lacks = (wide & long & ~cells).any(axis=(1, 2))
    larger = cells.sum(axis=(1, 2)) > wide.sum(axis=(1, 2)) + long.sum(axis=(1, 2))
    return Tables(column, table, area, year, cells).kept(larger & ~lacks)


def _costs(program: LinearProgram, tables: Tables) -> tuple[Floats, Floats, Mask]:
    return tables.split(np.arange(len(tables)), tables.table, np.arange(len(tables.column)), program.cost[tables.column])


def _counted(program: LinearProgram, tables: Tables) -> tuple[Terms, Terms, Mask]:
    """Return what the rows count of areas and of years, the sums numbered table by table, and which tables allow it in every row."""
    matrix, (_, areas, years) = program.matrix, tables.cells.shape
    of_column = np.full(program.shape[1], -1, dtype=np.intp)
    of_column[tables.column] = np.arange(len(tables.column))
    fits, nothing = np.ones(len(tables), dtype=bool), np.zeros(0, dtype=np.int64)
    found: tuple[list[Terms], list[Terms]] = ([Terms(nothing, nothing, np.zeros(0))], [Terms(nothing, nothing, np.zeros(0))])
    piece = max(PIECE // (areas * years), 1)
    cuts = np.unique(np.searchsorted(matrix.start, np.arange(0, program.terms + piece, piece)).clip(max=program.shape[0]))
    for first, last in pairwise(cuts):  # whole rows
        entries = slice(matrix.start[first], matrix.start[last])
        of = of_column[matrix.column[entries]]
        inside = (of >= 0) & fits[tables.table[of]]
        row = np.repeat(np.arange(first, last), np.diff(matrix.start[first : last + 1]))[inside]
        of, value = of[inside], matrix.value[entries][inside]
        table = tables.table[of]
        new = np.concatenate([[True], (row[1:] != row[:-1]) | (table[1:] != table[:-1])])[: len(row)]
        table, owner = table[new], row[new]
        *parts, whole = tables.split(table, np.cumsum(new) - 1, of, value)
        fits[table[~whole]] = False
        for kept, part, width in zip(found, parts, (areas, years), strict=True):
            k, place = np.nonzero(part)
            kept.append(Terms(owner[k], table[k] * width + place, part[k, place]))
    return joined(*found[0]), joined(*found[1]), fits


def _stated(program: LinearProgram, tables: Tables, fits: Mask, *sums: Terms) -> Margins:
    """Put the smaller program together."""
    kept, rows, matrix = tables.kept(fits), program.shape[0], program.matrix
    rest = np.ones(program.shape[1], dtype=bool)
    rest[kept.column] = False
    entry, others = np.flatnonzero(rest[matrix.column]), np.flatnonzero(rest)
    there = [kept.cells.any(axis=2), kept.cells.any(axis=1)]
    counts, link = [int(part.sum()) for part in there], rows + np.arange(len(kept))
    place = np.cumsum(rest) - 1 + sum(counts)
    parts = [Terms(np.searchsorted(matrix.start, entry, side="right") - 1, place[matrix.column[entry]], matrix.value[entry])]
    placed: list[Positions] = []
    for terms, filled, first, sign in zip(sums, there, (0, counts[0]), (1.0, -1.0), strict=True):
        own = np.where(filled, first + np.cumsum(filled).reshape(filled.shape) - 1, -1)
        every = np.full((len(tables), filled.shape[1]), -1)
        every[fits] = own
        column = every.ravel()[terms.column]
        used = column >= 0
        parts.append(Terms(terms.row[used], column[used], terms.value[used]))
        parts.append(Terms(np.repeat(link, filled.sum(axis=1)), own[filled], np.full(int(filled.sum()), sign)))
        placed.append(own)
    origin = np.where(rest, 0.0, program.lower)
    shift = matrix.times(origin) if origin.any() else np.zeros(rows)
    cost, none, zero = _costs(program, kept), np.zeros(sum(counts)), np.zeros(len(kept))
    stated = replace(
        program,
        cost=np.concatenate([cost[0][there[0]], cost[1][there[1]], program.cost[others]]),
        lower=np.concatenate([none, program.lower[others]]),
        upper=np.concatenate([none + np.inf, program.upper[others]]),
        row_lower=np.concatenate([program.row_lower - shift, zero]),
        row_upper=np.concatenate([program.row_upper - shift, zero]),
        matrix=stack([(rows + len(kept), joined(*parts))]),
        blocks=(),
        keys=None,
    )
    return Margins(stated, kept, placed[0], placed[1], others, origin)
