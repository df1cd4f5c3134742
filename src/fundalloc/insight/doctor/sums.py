"""Rows of the program as sums of money: what they come to at the least and at the most, without a solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.capacity import most_money
from fundalloc.facts.selection import runs
from fundalloc.model.linear_program import LinearProgram, RowBlock
from fundalloc.money import Floats, euro
from fundalloc.plan.naming import place_of
from fundalloc.scenario.scenario import Scenario

TINY = 1e-7
"""EUR million below which a difference is floating-point dust."""


@dataclass(frozen=True)
class Sums:
    """Rows over the ledger with their limits, and how much their money can be."""

    scenario: Scenario
    program: LinearProgram

    @cached_property
    def ledger(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Rows, ledger columns and coefficients; what a soft rule misses is no money."""
        matrix = self.program.matrix
        inside = matrix.column < self.program.lines
        return matrix.row[inside], matrix.column[inside], matrix.value[inside]

    @cached_property
    def plain_sums(self) -> NDArray[np.bool_]:
        """Rows of rules without totals and switches: a sum of money, not all of it decided, against a figure."""
        program = self.program
        other = program.matrix.column >= program.lines
        for block in program.blocks:
            other &= ~((program.matrix.column >= block.misses.start) & (program.matrix.column < block.misses.stop))
        mixed = np.bincount(program.matrix.row, weights=other, minlength=program.shape[0]) > 0
        named = np.zeros(program.shape[0], dtype=bool)
        for block in program.blocks:
            if block.rule is not None:
                named[block.rows] = ~block.idle
        return named & ~mixed

    @cached_property
    def decided(self) -> Floats:
        """EUR million that every ledger entry holds at the least."""
        return np.asarray(self.scenario.facts.euro(self.scenario.lines.ledger.decided), dtype=float)

    @cached_property
    def most(self) -> Floats:
        """The most that the positive terms of every row can come to: lines, ceilings and absorption taken into account."""
        lines = self.scenario.lines
        row, column, value = self.ledger
        in_lines, moves = (value > 0) & (column < len(lines)), (value > 0) & (column >= len(lines))
        most = most_money(row[in_lines], column[in_lines], value[in_lines], lines, self.program.shape[0])
        return most + self._rows(row[moves], value[moves] * self._upper[column[moves]])

    @cached_property
    def _upper(self) -> Floats:
        """EUR million that every ledger entry holds at the most; a large figure where nothing limits it."""
        return np.asarray(self.scenario.facts.euro(np.minimum(self.scenario.lines.ledger.upper, 10**12)), dtype=float)

    def _rows(self, row: NDArray[np.int64], amount: Floats) -> Floats:
        return np.bincount(row, weights=amount, minlength=self.program.shape[0]).astype(float)

    @cached_property
    def least(self) -> Floats:
        """The least that the positive terms of every row come to: decided money."""
        row, column, value = self.ledger
        return self._rows(row, np.maximum(value, 0.0) * self.decided[column])

    @cached_property
    def negative(self) -> tuple[Floats, Floats]:
        """The least and the most that the negative terms take away."""
        row, column, value = self.ledger
        taken = np.maximum(-value, 0.0)
        return self._rows(row, taken * self.decided[column]), self._rows(row, taken * self._upper[column])

    def owner(self, row: int) -> tuple[RowBlock, int]:
        """Return the block of a row and the position of its demand."""
        block = self.program.row_owner(row)
        return block, row - block.rows.start

    def says(self, row: int) -> str:
        """Return the sentence of a row."""
        block, k = self.owner(row)
        assert block.rule is not None
        assert block.demands is not None
        names = self.scenario.labels() if block.rule.built_in else self.scenario.names()
        member = block.demands.member[k]
        whole = block.rule.built_in and member[-1] == "total"
        return block.rule.sentence((*member[:-1], "in total") if whole else member, names, sense=block.demands.sense[k])

    def place(self, row: int) -> str:
        """Return where the figure of a row stands."""
        block, k = self.owner(row)
        assert block.rule is not None
        assert block.demands is not None
        return place_of(self.scenario, block.rule, block.demands.member[k], block.demands.sense[k])

    def eur(self, amount: float) -> str:
        """Write an amount, to the euro where the rounding step does not show it."""
        shown = round(amount, self.scenario.decimals)
        return euro(amount, self.scenario.decimals if abs(shown - amount) < TINY else 6)

    def rows_with(self, limits: Floats, *, soft: bool) -> NDArray[np.intp]:
        """Return the rows of rules that are plain sums with such a limit; ceilings may take money that moves in, floors only add up."""
        allowed = np.zeros(self.program.shape[0], dtype=bool)
        for block in self.program.blocks:
            allowed[block.rows] = block.rule is not None and (block.rule.hard or (soft and not block.rule.watch))
        row, column, value = self.ledger
        taking = (value < 0) & ((column < len(self.scenario.lines)) | soft)
        adds = np.bincount(row, weights=taking, minlength=self.program.shape[0]) == 0
        return np.flatnonzero(self.plain_sums & allowed & adds & np.isfinite(limits) & (limits > 0))

    @cached_property
    def _counted(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Rows, lines and coefficients of the lines that add to a row, in order of rows."""
        row, column, value = self.ledger
        counts = (value > 0) & (column < len(self.scenario.lines))
        return row[counts], column[counts], value[counts]

    @cached_property
    def lines_of(self) -> list[NDArray[np.int64]]:
        """The lines that add to every row."""
        row, column, _ = self._counted
        return np.split(column, np.searchsorted(row, np.arange(1, self.program.shape[0])))

    def contained(self, inner: NDArray[np.intp], outer: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Yield every outer row with the inner rows all of whose lines lie inside it."""
        row, column, _ = self._counted
        rows = self.program.shape[0]
        sizes = np.bincount(row, minlength=rows)
        one, other = np.isin(row, inner), np.isin(row, outer)
        inner_row, inner_line = row[one], column[one]
        order = np.argsort(column[other], kind="stable")
        outer_row, outer_line = row[other][order], column[other][order]
        first = np.searchsorted(outer_line, inner_line, side="left")
        counts = np.searchsorted(outer_line, inner_line, side="right") - first
        entry, offset = runs(counts)
        pairs, shared = np.unique(outer_row[first[entry] + offset] * rows + inner_row[entry], return_counts=True)
        whole = shared == sizes[pairs % rows]
        owner, member = pairs[whole] // rows, pairs[whole] % rows
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        for mine in np.split(np.arange(len(owner)), starts[1:]) if len(owner) else ():
            yield int(owner[mine[0]]), member[mine].astype(np.intp)

    def coefficient(self, pick: np.ufunc) -> Floats:
        """Return the largest or smallest coefficient of a line in every row; 1 without any."""
        row, _, value = self._counted
        out = np.full(self.program.shape[0], 0.0 if pick is np.maximum else np.inf)
        pick.at(out, row, value)
        return np.where((out == 0) | ~np.isfinite(out), 1.0, out)
