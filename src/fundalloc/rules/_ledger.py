"""What a rule's check says of a ledger: exact sums by member, in rounding steps, and what undecided money could still do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.money import exact_product, exact_sums
from fundalloc.rules.statement import Codes, Demands, Fractions, Measures, Open, take


def sums_by_code(codes: Codes, grouped: Grouped, steps: NDArray[np.int64]) -> list[int]:
    """Add up a ledger exactly for each code, in steps / the weights' denominator."""
    size = int(max(grouped.member.max(initial=-1), codes.max(initial=-1))) + 1
    totals = exact_sums(grouped.member, exact_product(steps[grouped.line], grouped.weight.numerator), size)
    return [int(total) for total in totals[codes]]


def amounts_by_code(codes: Codes, grouped: Grouped, steps: NDArray[np.int64]) -> list[Fraction]:
    """Add up a ledger exactly for each code, in steps."""
    return [Fraction(total, grouped.weight.denominator) for total in sums_by_code(codes, grouped, steps)]


def measured(amounts: Fractions, limits: Fractions, moves: Callable[[], Open], base: Fractions = (), *, banded: bool = False) -> Measures:
    """Put amounts, limits and bases, in steps, over one common denominator; `banded`: an exact share may be off by one step."""
    scale = lcm(*(x.denominator for x in (*amounts, *limits, *base)))
    amount, limit, of = ([int(x * scale) for x in values] for values in (amounts, limits, base))
    return Measures(amount, limit, scale, moves, of if base else None, scale if banded else 0)


def within_reach(demands: Demands, grouped: Grouped, lines: Lines) -> list[Fraction]:
    """Return every figure, raised to the next amount that whole steps of undecided money can bring, in EUR million."""
    free, weight = ~lines.ledger.fixed[grouped.line], grouped.weight
    unit = np.zeros(int(max(grouped.member.max(initial=-1), demands.code.max(initial=-1))) + 1, dtype=weight.numerator.dtype)
    np.gcd.at(unit, grouped.member[free], weight.numerator[free])
    settled = Grouped(grouped.member[~free], grouped.line[~free], weight[~free])
    given, part = sums_by_code(demands.code, settled, lines.ledger.decided), lines.facts.step / weight.denominator
    grids = [int(unit[code]) * part for code in demands.code]
    return [f + (g * part - f) % grid if grid else f for f, g, grid in zip(demands.figure, given, grids, strict=True)]


def movable(codes: Codes, grouped: Grouped, lines: Lines, sign: int = 1) -> NDArray[np.bool_]:
    """Return for each code whether any undecided line counts, with a weight of this sign."""
    counts = ~lines.ledger.fixed[grouped.line] & (grouped.weight.numerator * sign > 0)
    return np.isin(codes, grouped.member[counts])


def open_sums(codes: Codes, grouped: Grouped, lines: Lines) -> Open:
    """Return what open lines can do to sums whose limits do not move."""
    return Open(movable(codes, grouped, lines), movable(codes, grouped, lines, -1))


def open_shares(codes: tuple[Codes, Codes], money: Grouped, base: Grouped, share: Fractions, lines: Lines) -> Open:
    """Return what open lines do to money less a share of a base, net where on both sides; `codes` in `money` and `base`."""
    size, free = len(lines.ledger), ~lines.ledger.fixed
    inside = np.flatnonzero(free[base.line] & (base.weight.numerator != 0))
    cells, at = np.unique(base.member[inside] * size + base.line[inside], return_inverse=True)
    weights = exact_sums(at, base.weight.numerator[inside], len(cells) + 1)
    demand, entry = take(codes[0], money)
    counts = free[money.line[entry]]
    demand, entry = demand[counts], entry[counts]
    wanted = codes[1][demand] * size + money.line[entry]
    place = np.searchsorted(cells, wanted)
    both = np.append(cells, -1)[place] == wanted
    over = _integers(s.numerator * money.weight.denominator for s in share)
    under = _integers(s.denominator * base.weight.denominator for s in share)
    left = exact_product(money.weight.numerator[entry], under[demand]) - exact_product(np.where(both, weights[place], 0), over[demand])
    among = np.bincount(demand, weights=both, minlength=len(share))
    whole = np.bincount(cells // max(size, 1), minlength=int(codes[1].max(initial=-1)) + 1)[codes[1]]
    besides = (whole > among) & (over > 0)
    up, down = (np.bincount(demand[sign * left > 0], minlength=len(share)) > 0 for sign in (1, -1))
    return Open(up, down | besides)


def _integers(values: Iterable[int]) -> NDArray[np.int64]:
    """Return whole numbers in 64 bits, or as Python's own where one of them does not fit."""
    listed = list(values)
    return np.array(listed, dtype=np.int64 if max(map(abs, listed), default=0) < 2**62 else object)
