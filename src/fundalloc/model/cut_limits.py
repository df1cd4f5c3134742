"""What whole rounding steps can reach: the rows of hard rules in whole numbers, exactly, when the program is put together.

A row is multiplied until all its undecided money counts in whole numbers. Its limits are then cut inward to whole numbers,
beside the constant that decided money is. Where no undecided money moves the limit (an amount, a share of ceilings), the
linear program takes the cut limit too: a floor of 61.05 is 61.1 in steps of 0.1, and exactly 61.05 leaves nothing, a lower
limit above the upper one. A limit that moves with the plan stays as written there, and is whole in the rounding.

A row that would need larger coefficients than a solver takes stays in floating point, factor 0: rounding looks at it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, lcm

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LARGEST, Whole
from fundalloc.money import Floats, Mask, exact_product, exact_sums
from fundalloc.rules.statement import SWITCHES, Demands, ExactRows, Rows, Sense

SIMPLE = 10**6
"""Shares with a larger denominator stay in floating point."""
BESIDE = 10**10
"""A switch in a row of whole numbers has no larger coefficient."""


@dataclass(frozen=True)
class _Grid:
    """What the undecided money of every row comes to, exactly, in rounding steps."""

    size: list[Fraction]
    """All that it can come to is a multiple of this; 0 where no money is undecided."""
    given: list[Fraction]
    """The constant beside it: decided money, less the share of what decided money adds to the base."""
    fits: list[bool]
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
    factor, whole, limits = np.zeros(count), np.zeros((2, count)), np.array([stated.lower, stated.upper])
    for k, sense in enumerate(demands.sense):
        size, given = grid.size[k], grid.given[k]
        limit, band = exact.limit[k] / step, exact.band / step if sense is Sense.EXACTLY else Fraction(0)
        low, high = limit - band, limit + band
        if size and not grid.switched[k] and (grid.fits[k] or not grid.moving[k]):
            low, high = ceil((low - given) / size) * size + given, floor((high - given) / size) * size + given
        if not (grid.moving[k] or grid.switched[k]):
            limits[:, k] = _sides(sense, low * step, high * step)
        unit = size or Fraction(1)
        factor[k] = 1 / unit if grid.fits[k] else 0.0
        whole[:, k] = _sides(sense, low / unit, high / unit) if grid.fits[k] else _sides(sense, low, high)
    return Whole(factor, *whole), limits[0], limits[1]


def _grid(stated: Rows, exact: ExactRows, lines: Lines, count: int) -> _Grid:
    parts = lcm(exact.weight.denominator, stated.totals.weight.denominator)
    line, switch = stated.which(), stated.which(SWITCHES)
    weight = np.where(
        line | switch, exact.weight.numerator * (parts // exact.weight.denominator), parts // stated.totals.weight.denominator
    )
    free = ~switch & (weight != 0)
    free[line] &= ~lines.ledger.fixed[stated.column[line]]
    switched, moving = (np.bincount(stated.row[mask], minlength=count) > 0 for mask in (switch, free & exact.base))
    share = [s if moves else Fraction(0) for s, moves in zip(exact.share, moving, strict=True)]
    times = np.array([(s.denominator, s.numerator) if s.denominator <= SIMPLE else (0, 0) for s in share], dtype=np.int64)
    value = exact_product(weight, times.reshape(count, 2)[stated.row, exact.base.astype(np.intp)])
    unit, largest = np.zeros(count, dtype=value.dtype), np.zeros(count, dtype=value.dtype)
    np.gcd.at(unit, stated.row[free], value[free])
    np.maximum.at(largest, stated.row[free], np.abs(value[free]))
    size = [Fraction(int(u), s.denominator * parts) for u, s in zip(unit, share, strict=True)]
    beside = [s / lines.facts.step if on else 0 for s, on in zip(exact.share, switched, strict=True)]  # the coefficients of switches
    small = largest <= LARGEST * unit
    fits = [bool(small[k]) and share[k].denominator <= SIMPLE and beside[k] <= BESIDE * size[k] for k in range(count)]
    settled = line & ~free
    own, base = (_decided(stated, weight, settled & mask, lines, count) for mask in (~exact.base, exact.base))
    given = [(o - s * b) / parts for o, s, b in zip(own, exact.share, base, strict=True)]
    return _Grid(size, given, fits, moving, switched)


def _decided(stated: Rows, weight: NDArray[np.int64], mask: Mask, lines: Lines, count: int) -> list[int]:
    """Return each row's decided money among these terms, in steps / the weights' denominator."""
    amounts = exact_product(weight[mask], lines.ledger.decided[stated.column[mask]])
    return [int(total) for total in exact_sums(stated.row[mask], amounts, count)]


def _sides(sense: Sense, low: Fraction, high: Fraction) -> tuple[float, float]:
    """Return the limits that a sense has, infinite on its open side."""
    return -np.inf if sense is Sense.AT_MOST else float(low), np.inf if sense is Sense.AT_LEAST else float(high)
