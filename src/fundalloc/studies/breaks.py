"""Where the slope of the score changes while one figure moves.

Between two values the linear program is drawn as a straight mixture of the two (limits, costs and coefficients), and its
optimum followed along the way:

    exact       when only limits, or only costs, move, the score is bent upwards or downwards throughout and straight in
                between. Two tangents then meet at a break or below the curve, and a few meetings find every break.
    bisection   when coefficients move as well (shares), the curve is smooth between its breaks; halving an interval in
                which the slope jumps closes in on the jump.

A tangent's slope is what the optimum's prices say about a small change of the whole program.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np

from fundalloc.model.linear_program import LinearProgram, Matrix
from fundalloc.money import Floats
from fundalloc.optimise.stage_programs import reduced_costs
from fundalloc.solvers import Solution

Solve = Callable[[LinearProgram], Solution]

SAME = 1e-7
"""Relative difference below which two scores, or two slopes, are the same."""
HALVINGS = 8
"""An interval in which the slope jumps is halved so often."""
LIMITS = ("lower", "upper", "row_lower", "row_upper")
COARSE = 1 / 16
"""Wider intervals are always halved."""
EVEN = 0.1
"""Where the slope in the middle is so near to the average of the ends (as a share of their difference), there is no jump."""
BUDGET = 400
"""Solves spent on one search; the largest changes of slope come first."""


@dataclass(frozen=True)
class Tangent:
    """The score at one value and how it changes there."""

    at: float
    """Position between the two programs, from 0 to 1."""
    score: float
    slope: float
    """Score per whole way from the first program to the second."""
    prices: Floats


@dataclass(frozen=True)
class Bend:
    """A value at which the slope changes, between 0 and 1."""

    at: float
    left: Tangent
    right: Tangent
    within: float = 0.0
    """0: exact; otherwise half the width of the interval that holds the break."""


class StraightWay:
    """The straight way between two programs of the same structure. ValueError when they differ in it."""

    def __init__(self, first: LinearProgram, second: LinearProgram) -> None:
        a, b = first.matrix, second.matrix
        if first.shape != second.shape or not (np.array_equal(a.start, b.start) and np.array_equal(a.column, b.column)):
            raise ValueError("the two programs differ in structure")
        self._row = a.row
        self.first, self.second = self._folded(first, second), self._folded(second, first)
        self._changed = np.flatnonzero(self.first.matrix.value != self.second.matrix.value)

    def _folded(self, program: LinearProgram, other: LinearProgram) -> LinearProgram:
        """Take what moves in columns that are fixed in both programs (switches) into the limits of the rows."""
        fixed = (program.lower == program.upper) & (other.lower == other.upper)
        matrix = program.matrix
        k = np.flatnonzero((matrix.value != other.matrix.value) & fixed[matrix.column])
        if not len(k):
            return program
        taken = np.bincount(self._row[k], weights=matrix.value[k] * program.lower[matrix.column[k]], minlength=program.shape[0])
        values = matrix.value.copy()
        values[k] = 0.0
        folded = Matrix(matrix.start, matrix.column, values)
        return replace(program, row_lower=program.row_lower - taken, row_upper=program.row_upper - taken, matrix=folded)

    @property
    def exact(self) -> bool:
        """Whether breaks can be found exactly: coefficients stay, and limits or costs stay."""
        return len(self._changed) == 0 and (self._same("cost") or all(map(self._same, LIMITS)))

    def _same(self, field: str) -> bool:
        return bool(np.array_equal(getattr(self.first, field), getattr(self.second, field)))

    def at(self, t: float) -> LinearProgram:
        """Return the program at a position between 0 and 1."""
        if t <= 0.0 or t >= 1.0:
            return self.first if t <= 0.0 else self.second
        ends = {name: (getattr(self.first, name), getattr(self.second, name)) for name in ("cost", *LIMITS)}
        mixed: dict[str, Any] = {name: a + t * _moved(a, b) for name, (a, b) in ends.items()}
        matrix = self.first.matrix
        if len(self._changed):
            matrix = Matrix(matrix.start, matrix.column, matrix.value + t * _moved(matrix.value, self.second.matrix.value))
        return replace(self.first, **mixed, matrix=matrix)

    def slope(self, t: float, values: Floats, prices: Floats) -> float:
        """Return the change of the optimum per whole way, from the prices at a position."""
        here, first, second = self.at(t), self.first, self.second
        k = self._changed
        matrix = first.matrix
        change = (second.matrix.value[k] - matrix.value[k]) * values[matrix.column[k]]
        moved = np.bincount(self._row[k], weights=change, minlength=first.shape[0])
        reduced = reduced_costs(here, prices)
        total = float((second.cost - first.cost) @ values - prices @ moved)
        total += _limits(prices, first.row_lower, second.row_lower, first.row_upper, second.row_upper)
        return total + _limits(reduced, first.lower, second.lower, first.upper, second.upper)


def _moved(a: Floats, b: Floats) -> Floats:
    """Return how far figures move; those without limit do not."""
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(a) & np.isfinite(b), b - a, 0.0)


def _limits(price: Floats, low_a: Floats, low_b: Floats, high_a: Floats, high_b: Floats) -> float:
    """Return what the moving limits earn: a positive price stands for the upper limit, a negative one for the lower."""
    return float(np.maximum(price, 0.0) @ _moved(high_a, high_b) + np.minimum(price, 0.0) @ _moved(low_a, low_b))


def find_bends(way: StraightWay, solve: Solve, budget: int = BUDGET) -> tuple[list[Bend], int]:
    """Return the breaks between two programs in order, and how many intervals were left unsearched when the budget ended."""
    left, right = _tangent(way, solve, 0.0), _tangent(way, solve, 1.0)
    if left is None or right is None:
        return [], 0
    tolerance = SAME * max(abs(left.score), abs(right.score), 1.0)
    bends: list[Bend] = []
    waiting: list[tuple[float, int, Tangent, Tangent]] = []
    order, used = count(), 2

    def queue(a: Tangent, b: Tangent) -> None:
        heapq.heappush(waiting, (-abs(a.slope - b.slope) * (b.at - a.at), next(order), a, b))

    queue(left, right)
    while waiting and used < budget:
        _, _, a, b = heapq.heappop(waiting)
        middle, bend = _meet(a, b, tolerance) if way.exact else _halve(a, b, tolerance)
        if bend is not None:
            bends.append(bend)
        if middle is None:
            continue
        used += 1
        tangent = _tangent(way, solve, middle)
        if tangent is None:
            continue
        if way.exact and abs(tangent.score - (a.score + a.slope * (middle - a.at))) <= tolerance:
            bends.append(Bend(middle, a, b))
            continue
        if not way.exact and b.at - a.at <= COARSE and abs(tangent.slope - (a.slope + b.slope) / 2) <= EVEN * abs(a.slope - b.slope):
            continue  # the slope changes evenly: a curve, no jump
        queue(a, tangent)
        queue(tangent, b)
    return _joined(bends), len(waiting)


def _tangent(way: StraightWay, solve: Solve, t: float) -> Tangent | None:
    found = solve(way.at(t))
    return Tangent(t, found.objective, way.slope(t, found.values, found.prices), found.prices) if found.usable else None


def _meet(a: Tangent, b: Tangent, tolerance: float) -> tuple[float | None, Bend | None]:
    """Return where the tangents of an interval meet, or that it holds no break."""
    width = b.at - a.at
    on_a, on_b = (abs(b.score - a.score - slope * width) <= tolerance for slope in (a.slope, b.slope))
    if on_a or on_b or width < 1e-9 or abs(a.slope - b.slope) <= SAME * max(abs(a.slope), abs(b.slope), 1e-9):
        differ = (on_a or on_b) and abs(a.slope - b.slope) * width > tolerance
        return None, Bend(b.at if on_a else a.at, a, b) if differ else None
    meeting = a.at + (b.score - a.score - b.slope * width) / (a.slope - b.slope)
    return meeting if a.at + 1e-9 < meeting < b.at - 1e-9 else (a.at + b.at) / 2, None


def _halve(a: Tangent, b: Tangent, tolerance: float) -> tuple[float | None, Bend | None]:
    """Return the middle of an interval whose slope changes, or the jump when the interval is narrow enough."""
    width = b.at - a.at
    if abs(a.slope - b.slope) <= max(1e-4 * max(abs(a.slope), abs(b.slope)), tolerance) and width <= COARSE:
        return None, None
    if width <= 0.5**HALVINGS:
        return None, Bend((a.at + b.at) / 2, a, b, width / 2)
    return (a.at + b.at) / 2, None


def _joined(bends: list[Bend]) -> list[Bend]:
    """Sort breaks, and take those at the same place for one."""
    out: list[Bend] = []
    for bend in sorted(bends, key=lambda b: b.at):
        if out and bend.at - out[-1].at <= max(1e-7, 2 * (bend.within + out[-1].within)):
            before = out[-1]
            out[-1] = Bend(before.at, before.left, bend.right, max(before.within, bend.within))
        else:
            out.append(bend)
    return [b for b in out if abs(b.left.slope - b.right.slope) > SAME * max(abs(b.left.slope), abs(b.right.slope), 1e-9)]
