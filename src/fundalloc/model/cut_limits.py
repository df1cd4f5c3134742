"""What whole rounding steps can reach: the rows of hard rules in whole numbers, exactly, when the program is put together.

A row is multiplied until all its undecided money counts in whole numbers. Its limits are then cut inward to whole numbers,
beside the constant that decided money is. Where no undecided money moves the limit (an amount, a share of ceilings), the
linear program takes the cut limit too: a floor of 61.05 is 61.1 in steps of 0.1, and exactly 61.05 leaves nothing, a lower
limit above the upper one. A limit that moves with the plan stays as written there, and is whole in the rounding.

A row that would need larger coefficients than a solver takes stays in floating point, factor 0: rounding looks at it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LARGEST, Whole
from fundalloc.money import Floats, IntArray, Mask, exact_product, exact_sums
from fundalloc.rules.statement import SWITCHES, Demands, ExactRows, Fractions, Rows, Sense

Integers = NDArray[Any]
"""Whole numbers of any size: Python's own."""

SIMPLE = 10**6
"""Shares with a larger denominator stay in floating point."""
BESIDE = 10**10
"""A switch in a row of whole numbers has no larger coefficient."""
_SENSES = (Sense.EXACTLY, Sense.AT_MOST, Sense.AT_LEAST)


@dataclass(frozen=True)
class _Grid:
    """What the undecided money of every row comes to, exactly: Python's own whole numbers, row by row, of which `parts` are a step."""

    size: Integers
    """All that it can come to is a multiple of this; 0 where no money is undecided."""
    given: Integers
    """The constant beside it: decided money, less the share of what decided money adds to the base."""
    parts: Integers
    fits: Mask
    """Whether a solver takes the coefficients in units of that size."""
    moving: Mask
    """Whether undecided money moves the limit."""
    switched: Mask
    """Whether a switch stands in the row: what stands beside a switch was cut by its kind."""


def whole_rows(stated: Rows, demands: Demands, lines: Lines) -> tuple[Whole, Floats, Floats]:
    """Return the rows of a hard rule that are stated in exact numbers as whole numbers, and their limits for the program."""
    exact, step, count = stated.exact, lines.facts.step, len(demands)
    assert exact is not None
    grid = _grid(stated, exact, lines, count)
    limit, per = _ratios(exact.limit)
    exactly, at_most, at_least = (np.array([sense is one for sense in demands.sense], dtype=bool) for one in _SENSES)
    cut = (grid.size > 0) & ~grid.switched & (grid.fits | ~grid.moving)
    fixed, fits = ~(grid.moving | grid.switched), grid.fits & (grid.size > 0)
    unit = np.where(fits, grid.size, grid.parts)
    whole, limits = np.zeros((2, count)), np.array([stated.lower, stated.upper])
    under = per * (step.numerator * exact.band.denominator)
    for side, sign, open_ in ((0, 1, at_most), (1, -1, at_least)):
        band = np.where(exactly, exact.band.numerator, 0) * per
        over = (limit * exact.band.denominator - sign * band) * step.denominator * grid.parts  # over / under: the limit in parts
        steps = -((sign * (grid.given * under - over)) // (np.where(cut, grid.size, 1) * under)) * sign  # inward, to a whole size
        over, below = np.where(cut, steps * grid.size + grid.given, over), np.where(cut, 1, under)
        endless = -sign * np.inf
        limits[side] = np.where(fixed, _floats(over * step.numerator, below * grid.parts * step.denominator), limits[side])
        whole[side] = _floats(over, below * unit)
        whole[side, open_] = endless
        limits[side, fixed & open_] = endless
    return Whole(np.where(grid.fits, _floats(np.where(fits, grid.parts, 1), np.where(fits, unit, 1)), 0.0), *whole), limits[0], limits[1]


def _grid(stated: Rows, exact: ExactRows, lines: Lines, count: int) -> _Grid:
    parts = lcm(exact.weight.denominator, stated.totals.weight.denominator)
    line, switch = stated.which(), stated.which(SWITCHES)
    weight = np.where(
        line | switch, exact.weight.numerator * (parts // exact.weight.denominator), parts // stated.totals.weight.denominator
    )
    free = ~switch & (weight != 0)
    free[line] &= ~lines.ledger.fixed[stated.column[line]]
    switched, moving = (np.bincount(stated.row[mask], minlength=count) > 0 for mask in (switch, free & exact.base))
    share, per = _ratios(exact.share)
    simple = ~moving | (per <= SIMPLE)
    times = np.array([np.where(simple, np.where(moving, per, 1), 0), np.where(simple & moving, share, 0)]).astype(np.int64)
    value = exact_product(weight, times[exact.base.astype(np.intp), stated.row])
    unit, largest = np.zeros(count, dtype=value.dtype), np.zeros(count, dtype=value.dtype)
    np.gcd.at(unit, stated.row[free], value[free])
    np.maximum.at(largest, stated.row[free], np.abs(value[free]))
    size = unit.astype(object) * np.where(moving, 1, per)
    step = lines.facts.step
    beside = np.where(switched, share, 0) * (step.denominator * parts) <= BESIDE * step.numerator * size  # the coefficients of switches
    settled = line & ~free
    own, base = (_decided(stated, weight, settled & mask, lines, count) for mask in (~exact.base, exact.base))
    fits = (largest <= LARGEST * unit) & simple & beside
    return _Grid(size, own * per - share * base, per * parts, fits.astype(bool), moving, switched)


def _decided(stated: Rows, weight: IntArray, mask: Mask, lines: Lines, count: int) -> Integers:
    """Return each row's decided money among these terms, in steps / the weights' denominator."""
    amounts = exact_product(weight[mask], lines.ledger.decided[stated.column[mask]])
    return exact_sums(stated.row[mask], amounts, count).astype(object)


def _ratios(values: Fractions) -> tuple[Integers, Integers]:
    """Return numerators and denominators."""
    return tuple(np.array([(v.numerator, v.denominator) for v in values], dtype=object).reshape(-1, 2).T)  # type: ignore[return-value]


def _floats(over: Integers, under: Integers) -> Floats:
    """Divide; the quotient of Python's own whole numbers is the nearest in floating point, however many digits they have."""
    return (over / under).astype(float)
