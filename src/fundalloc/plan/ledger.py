"""Arithmetic on a finished ledger, from whole rounding steps: coverage and impact, and what the ceilings still allow (free money).

    usable ceiling  +  moved in  -  moved out  -  planned   =   free  +  lapsed        per instrument and year, and over the period

What a closed year leaves is not free: nobody can plan it any more, and only a carry-over takes it along. It has *lapsed*.
Over the whole period free is what the open years leave, and never more than the total leaves. So a year can have room that
the whole period has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT, Facts
from fundalloc.facts.lines import Lines
from fundalloc.facts.moves import carry_by_itself
from fundalloc.money import Floats, IntArray, Mask, exact_product, exact_sums


@dataclass(frozen=True)
class Coverage:
    """Met need per pair of partnership and area. Arrays of shape (pairs,), EUR million."""

    need: Floats
    met: Floats
    """Met need, never above the need."""
    impact: Floats
    """Points earned."""


def measure_coverage(lines: Lines, steps: NDArray[np.int64]) -> Coverage:
    """Fill the bands of diminishing returns in order with the money of each pair, effectiveness counted."""
    facts = lines.facts
    needs = facts.needs
    counted = exact_product(steps, facts.effectiveness.numerator[lines.instrument, lines.area])
    grid = exact_sums((lines.partnership, lines.area), counted, (len(facts.partnerships), len(facts.areas)))
    grid = grid @ facts.dimensions.area.covers.T
    money = np.asarray(facts.euro(grid[needs.partnership, needs.area]), dtype=float) / facts.effectiveness.denominator
    need = needs.need.values
    left, impact = np.minimum(money, need), np.zeros(len(needs))
    met = left.copy()
    shares, values = _bands_by_pair(facts)
    for share, value in zip(shares.T, values.T, strict=True):
        filled = np.minimum(left, share * need)
        impact += filled * value
        left = left - filled
    return Coverage(need, met, impact * needs.priority.values)


def _bands_by_pair(facts: Facts) -> tuple[Floats, Floats]:
    most = max(len(bands) for bands in facts.returns)
    table = np.zeros((2, len(facts.areas), most))
    for a, bands in enumerate(facts.returns):
        for j, band in enumerate(bands):
            table[:, a, j] = float(band.share), float(band.value)
    return table[0][facts.needs.area], table[1][facts.needs.area]


@dataclass(frozen=True)
class FreeMoney:
    """In whole steps, of shape (instruments, years + 1): the last column is the whole period. NO_LIMIT where there is no ceiling."""

    full: IntArray
    """Ceilings before the reserve."""
    usable: IntArray
    moved: IntArray
    """What moves in less what moves out."""
    free: IntArray
    """Zero where there is no ceiling: ask `known`."""
    lapsed: IntArray

    @property
    def known(self) -> Mask:
        """Where there is a ceiling."""
        known: Mask = self.usable != NO_LIMIT
        return known


def free_money(facts: Facts, planned: IntArray, moved: Mapping[str, IntArray]) -> FreeMoney:
    """Split what ceilings leave into free and lapsed money: of `planned` steps (instruments, years), totals `moved` of moves."""
    full = np.column_stack([facts.ceilings.full, facts.ceilings.full_over()])
    usable = np.column_stack([facts.ceilings.usable, facts.ceilings.usable_over()])
    net = moved["carried_in"] + moved["transferred_in"] - moved["carried_out"] - moved["transferred_out"]
    moving, spent = (np.column_stack([table, table.sum(axis=1)]) for table in (net, planned))
    left = np.where(usable == NO_LIMIT, 0, usable + moving - spent)
    closed = np.isin(facts.years, list(facts.closed))
    free = left.copy()
    free[:, :-1] = np.where(closed, np.minimum(left[:, :-1], 0), left[:, :-1])
    by_year = ~np.any((facts.ceilings.usable == NO_LIMIT) & facts.commits & ~closed, axis=1)
    free[:, -1] = np.where(by_year, np.minimum(left[:, -1], free[:, :-1].sum(axis=1)), left[:, -1])
    return FreeMoney(full, usable, moving, free, left - free)


def free_of_decisions(lines: Lines, planned: IntArray) -> FreeMoney:
    """Return what an allocation leaves when all that closed years may still hand on is carried over, and nothing is transferred."""
    facts, moves = lines.facts, lines.moves
    closed = np.isin(facts.years, list(facts.closed))
    return free_money(facts, planned, moves.totals(np.where(closed[moves.year], carry_by_itself(moves, planned), 0)))
