"""A second opinion: the textbook's own formulation, solved by the simplex method in exact fractions.

Two phases and Bland's rule (R. G. Bland, New finite pivoting rules for the simplex method, 1977), dense, for programs
that fit on a page. It shares nothing with fundalloc: no scenario, no solver, no floating point.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

Number = int | str | Fraction
Row = tuple[Sequence[Number], str, Number]
"""Coefficients, `<=`, `>=` or `=`, and the right-hand side."""


class Optimum(NamedTuple):
    """The exact answer. A dual is what one more unit on the right-hand side adds to the value."""

    value: Fraction
    x: list[Fraction]
    duals: list[Fraction]


def maximise(objective: Sequence[Number], rows: Sequence[Row]) -> Optimum:
    """Maximise objective · x subject to the rows and x >= 0."""
    n, m = len(objective), len(rows)
    flip = [-1 if Fraction(rhs) < 0 else 1 for _, _, rhs in rows]
    slack = [{"<=": 1, ">=": -1, "=": 0}[sense] for _, sense, _ in rows]
    # Columns: the n variables, one slack per row, one artificial per row, the right-hand side.
    table = [
        [Fraction(c) * flip[r] for c in coefficients]
        + [Fraction(slack[r] * flip[r] * (r == k)) for k in range(m)]
        + [Fraction(r == k) for k in range(m)]
        + [Fraction(rhs) * flip[r]]
        for r, (coefficients, _, rhs) in enumerate(rows)
    ]
    basis = [n + m + r for r in range(m)]
    _pivot_to_the_end(table, basis, [Fraction(0)] * (n + m) + [Fraction(-1)] * m, n + 2 * m)
    assert sum(table[r][-1] for r in range(m) if basis[r] >= n + m) == 0, "infeasible"
    for r in range(m):  # artificial columns that are left at zero make room where they can
        entering = next((j for j in range(n + m) if table[r][j] != 0), None) if basis[r] >= n + m else None
        if entering is not None:
            _pivot(table, basis, r, entering)
    cost = [Fraction(c) for c in objective] + [Fraction(0)] * (2 * m)
    _pivot_to_the_end(table, basis, cost, n + m)
    x = [Fraction(0)] * (n + 2 * m)
    for r, j in enumerate(basis):
        x[j] = table[r][-1]
    duals = [flip[k] * sum((cost[basis[r]] * table[r][n + m + k] for r in range(m)), Fraction(0)) for k in range(m)]
    value = sum((c * v for c, v in zip(cost, x, strict=True)), Fraction(0))
    assert value == sum((y * Fraction(rhs) for y, (_, _, rhs) in zip(duals, rows, strict=True)), Fraction(0)), "duality"
    return Optimum(value, x[:n], duals)


def minimise(objective: Sequence[Number], rows: Sequence[Row]) -> Optimum:
    """Minimise objective · x subject to the rows and x >= 0."""
    value, x, duals = maximise([-Fraction(c) for c in objective], rows)
    return Optimum(-value, x, [-y for y in duals])


def _pivot_to_the_end(table: list[list[Fraction]], basis: list[int], cost: list[Fraction], columns: int) -> None:
    while True:
        prices = [cost[j] for j in basis]
        entering = next(
            (j for j in range(columns) if cost[j] > sum((p * row[j] for p, row in zip(prices, table, strict=True)), Fraction(0))), None
        )
        if entering is None:
            return
        ratios = [(row[-1] / row[entering], basis[r], r) for r, row in enumerate(table) if row[entering] > 0]
        assert ratios, "unbounded"
        _pivot(table, basis, min(ratios)[2], entering)


def _pivot(table: list[list[Fraction]], basis: list[int], row: int, column: int) -> None:
    table[row] = [v / table[row][column] for v in table[row]]
    for r, other in enumerate(table):
        if r != row and other[column] != 0:
            factor = other[column]
            table[r] = [v - factor * w for v, w in zip(other, table[row], strict=True)]
    basis[row] = column
