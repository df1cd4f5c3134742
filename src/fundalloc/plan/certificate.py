"""A bound on the score that any lawful plan could reach, proved by multiplication.

Weak duality (G. B. Dantzig, Linear Programming and Extensions, 1963, chapter 6): for any prices y of the rows, with
y >= 0 on upper and y <= 0 on lower limits,

    score of any plan  <=  sum_r y_r b_r  +  sum_j max over lower_j <= x_j <= upper_j of (c_j - sum_r y_r a_rj) x_j

It holds whatever the solver did: better prices only make it tighter. Every column is bounded: lines by their ceilings
and absorption, met needs by the needs, totals by their lines, misses of soft rules by what the lines allow. The sum is
computed in exact rational arithmetic on the coefficients as the program holds them; their rounding to binary when the
program was stated (a relative 1e-15 at most) is added as a margin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.canonical import row_keys
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats

REPRESENTATION = 1e-15
"""Relative error of a coefficient that was computed in a few floating-point steps from exact figures."""
_PRICE_BITS, _VALUE_BITS = 40, 80
Integers = NDArray[np.object_]


@dataclass(frozen=True)
class Certificate:
    """An upper limit on the score of every lawful plan, and how far a plan stays below it."""

    bound: Fraction
    score: float
    duals: Mapping[str, float] = field(default_factory=dict)
    """The row prices that prove it, by row key; rows without a price are left out."""
    decided: float = 0.0
    """Points that soft rules cost whatever new money does: decided money alone misses them. Part of bound and score."""

    @property
    def gap(self) -> float:
        """Points that the plan leaves below the bound."""
        return max(float(self.bound - Fraction(self.score)), 0.0)


def certify(program: LinearProgram, prices: Floats, lines: Lines, score: float) -> Certificate:
    """Prove a bound from row prices (any will do), and compare a plan's score with it."""
    bound = weak_duality(program, prices, *column_bounds(program, lines))
    priced = np.flatnonzero(np.isfinite(prices) & (prices != 0))
    keys = row_keys(program, lines.facts)
    return Certificate(bound, score, {keys[row]: float(prices[row]) for row in priced}, unavoidable(program))


def certify_again(program: LinearProgram, duals: Mapping[str, float], lines: Lines, score: float) -> Certificate:
    """Prove a bound from prices by row key; keys of rows that the program does not have prove nothing and are passed over."""
    prices = np.array([duals.get(key, 0.0) for key in row_keys(program, lines.facts)], dtype=float)
    return certify(program, prices, lines, score)


def weak_duality(program: LinearProgram, prices: Floats, lower: Floats, upper: Floats) -> Fraction:
    """Return the exact bound for given prices and finite column bounds."""
    priced = np.where(np.isfinite(prices), prices, 0.0)
    limits = np.where(priced > 0, program.row_upper, program.row_lower)
    allowed = (priced != 0) & np.isfinite(limits)
    y = _integers(np.where(allowed, priced, 0.0), _PRICE_BITS)
    limits = np.where(allowed, limits, 0.0)
    matrix = program.matrix
    taken = np.zeros(program.shape[1], dtype=object)
    used = np.flatnonzero(allowed[matrix.row])
    np.add.at(taken, matrix.column[used], y[matrix.row[used]] * _integers(matrix.value[used], _VALUE_BITS))
    reduced = _integers(program.cost, _VALUE_BITS) * (1 << _PRICE_BITS) - taken
    edge = np.where(reduced > 0, _integers(upper, _VALUE_BITS), _integers(lower, _VALUE_BITS))
    scale = 1 << (_PRICE_BITS + _VALUE_BITS)
    total = Fraction(int((y * _integers(limits, _VALUE_BITS)).sum()), scale) + Fraction(int((reduced * edge).sum()), scale << _VALUE_BITS)
    return total + _margin(program, np.where(allowed, priced, 0.0), limits, np.maximum(np.abs(lower), np.abs(upper)))


def _margin(program: LinearProgram, y: Floats, limits: Floats, upper: Floats) -> Fraction:
    """Return what the binary rounding of coefficients, limits and costs could hide."""
    matrix = program.matrix
    products = float(np.sum(np.abs(y[matrix.row] * matrix.value) * upper[matrix.column]))
    products += float(np.sum(np.abs(program.cost) * upper)) + float(np.sum(np.abs(y * limits)))
    return Fraction(products * REPRESENTATION)


def _integers(values: Floats, bits: int) -> Integers:
    """Return floor(values x 2^bits) as Python integers; exact for every float that is no smaller than 2^(52-bits)."""
    out: Integers = np.array([int(v) for v in np.ldexp(values, bits)], dtype=object)
    return out


def column_bounds(program: LinearProgram, lines: Lines) -> tuple[Floats, Floats]:
    """Return finite bounds of every column that no lawful plan exceeds."""
    lower, upper = program.lower.copy(), program.upper.copy()
    upper[: program.lines] = np.asarray(lines.facts.euro(lines.ledger.upper), dtype=float)
    matrix = program.matrix
    row = matrix.row
    for rows, total in program.totals:  # first: the rows of soft rules may contain them
        term = (row >= rows.start) & (row < rows.stop) & (matrix.column < program.lines)
        weights = np.maximum(matrix.value[term], 0.0) * upper[matrix.column[term]]
        upper[total] = np.bincount(row[term], weights=weights, minlength=program.shape[0])[rows]
    for block in program.blocks:
        if len(block.missing_row):
            rows = block.rows.start + block.missing_row
            upper[block.misses] = _largest_misses(program, rows, block.missing_sign, lower, np.where(np.isfinite(upper), upper, 0.0))
    return lower, upper


def _largest_misses(program: LinearProgram, rows: NDArray[np.intp], sign: Floats, lower: Floats, upper: Floats) -> Floats:
    """Return how far each soft row can be missed at the most, by interval arithmetic over its other columns."""
    least, most = _reach(program, lower, upper)
    room = np.where(sign > 0, program.row_lower[rows] - least[rows], most[rows] - program.row_upper[rows])
    return np.where(np.isfinite(room), np.maximum(room, 0.0) * (1 + 1e-9) + 1e-9, 0.0)


def _reach(program: LinearProgram, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Return the least and the most that every row can come to with columns between these bounds."""
    matrix = program.matrix
    used = matrix.value != 0
    row, column, value = matrix.row[used], matrix.column[used], matrix.value[used]
    ends = np.stack([value * lower[column], value * upper[column]])
    least, most = (np.bincount(row, weights=end, minlength=program.shape[0]) for end in (ends.min(axis=0), ends.max(axis=0)))
    return least.astype(float), most.astype(float)


def unavoidable(program: LinearProgram) -> float:
    """Return the points that soft rules cost in any plan, row by row: undecided money and what is met may be as much as you like."""
    lower, upper = program.lower.copy(), program.upper.copy()
    for block in program.blocks:
        lower[block.misses] = upper[block.misses] = 0.0
    for rows, total in program.totals:  # sum of its lines - total = 0
        lower[total] = upper[total] = 0.0
        least, most = _reach(program, lower, upper)
        lower[total], upper[total] = least[rows], most[rows]
    least, most = _reach(program, lower, upper)
    cost = 0.0
    for block in program.blocks:
        rows = block.rows.start + block.missing_row
        missed = np.where(block.missing_sign > 0, program.row_lower[rows] - most[rows], least[rows] - program.row_upper[rows])
        cost -= float(program.cost[block.misses] @ np.maximum(missed, 0.0))
    return cost
