"""Objective stages: each is maximised with the earlier ones held to within what they may give.

impact            the score: met need, weighted, less penalties
lowest_coverage   the smallest coverage among the members of for_each
fair              the same, then the next smallest, and so on: in `fairness`, as it takes many programs
unallocated       the planned money, so that as little as possible stays
change            minus the distance to the baseline plan, line by line (`Lines.together`)
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import build_members
from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.money import Floats
from fundalloc.optimise.nearness import DIGITS

HOLD = 1e-9
"""Relative value that a held stage may lose to the solver's own tolerance."""
PRICED = 1e-9
"""Prices and reduced costs beyond this, per EUR million, are not floating-point dust."""
GRID = 30
"""Binary digits of a held value: what differs behind them differs from solver to solver."""


def stage_program(program: LinearProgram, goal: str, for_each: tuple[str, ...], lines: Lines, baseline: Floats | None) -> LinearProgram:
    """Return the program with another objective, and the columns and rows that it needs. ValueError without a baseline for `change`."""
    if goal == "impact":
        return program
    if goal == "lowest_coverage":
        return _lowest_coverage(program, for_each, lines)
    if goal == "unallocated":
        budget = np.array([i.counts == "budget" for i in lines.facts.instruments])
        cost = np.zeros(program.shape[1])
        cost[: len(lines)] = budget[lines.instrument]
        return replace(program, cost=cost)
    if baseline is None:
        raise ValueError("the stage 'change' needs a baseline")
    return _distance(program, baseline, lines.together)


def hold(program: LinearProgram, cost: Floats, value: float, give: float) -> LinearProgram:
    """Add the row cost x >= value, less what may be given up; `cost` may be shorter than the program's columns."""
    used = np.flatnonzero(cost)
    terms = Terms(np.zeros(len(used), dtype=np.int64), used, cost[used])
    floor = snapped(value) - (give + HOLD) * abs(snapped(value)) - HOLD
    return append(program, np.zeros(0), np.zeros(0), np.zeros(0), np.array([floor]), np.array([np.inf]), terms)


def optimal_face(program: LinearProgram, prices: Floats) -> LinearProgram:
    """Restrict a linear program to its best plans, given the row prices of one of them.

    By complementary slackness every best plan has each column with a reduced cost at its bound, and each row with a price
    at its limit; and any plan that has is a best one. Unlike a row that holds the score this is exact, and it removes most
    of the program.
    """
    lower, upper = _pressed(program.lower, program.upper, reduced_costs(program, prices))
    row_lower, row_upper = _pressed(program.row_lower, program.row_upper, prices)
    return replace(program, lower=lower, upper=upper, row_lower=row_lower, row_upper=row_upper)


def reduced_costs(program: LinearProgram, prices: Floats) -> Floats:
    """Return what one more unit of every column earns, less what it takes from the rows at their prices. Shape (columns,)."""
    matrix = program.matrix
    reduced: Floats = program.cost - np.bincount(matrix.column, weights=matrix.value * prices[matrix.row], minlength=program.shape[1])
    return reduced


def _pressed(lower: Floats, upper: Floats, worth: Floats) -> tuple[Floats, Floats]:
    """Fix what is worth having more of at its upper limit, what is worth less at its lower one."""
    more, less = (worth > PRICED) & np.isfinite(upper), (worth < -PRICED) & np.isfinite(lower)
    return np.where(more, upper, lower), np.where(less, lower, upper)


def snapped(value: float) -> float:
    """Return the value on a grid of about 1e-9 of itself, one notch down, so that every solver holds the same value."""
    _, exponent = math.frexp(value * 4 / 3)  # round figures stand far from where the grid changes its width
    notch = math.ldexp(1.0, exponent - GRID)
    return (round(value / notch) - 1) * notch


def append(
    program: LinearProgram, cost: Floats, lower: Floats, upper: Floats, row_lower: Floats, row_upper: Floats, terms: Terms
) -> LinearProgram:
    """Add columns at the end and rows below; the terms of the rows may use both."""
    matrix = program.matrix
    old = Terms(matrix.row, matrix.column, matrix.value)
    integer = program.integer
    return replace(
        program,
        cost=np.concatenate([program.cost, cost]),
        lower=np.concatenate([program.lower, lower]),
        upper=np.concatenate([program.upper, upper]),
        row_lower=np.concatenate([program.row_lower, row_lower]),
        row_upper=np.concatenate([program.row_upper, row_upper]),
        matrix=stack([(program.shape[0], old), (len(row_lower), terms)]),
        integer=None if integer is None else np.concatenate([integer, np.zeros(len(cost), dtype=bool)]),
    )


def without_fixed(program: LinearProgram) -> tuple[LinearProgram, NDArray[np.intp]]:
    """Return the program of the columns that are not fixed, which the rows count from what the fixed ones come to, and their places."""
    fixed = program.lower == program.upper
    left, matrix = np.flatnonzero(~fixed), program.matrix
    entry = np.flatnonzero(~fixed[matrix.column])
    terms = Terms(matrix.row[entry], (np.cumsum(~fixed) - 1)[matrix.column[entry]], matrix.value[entry])
    given = matrix.times(np.where(fixed, program.lower, 0.0))
    return replace(
        program,
        cost=program.cost[left],
        lower=program.lower[left],
        upper=program.upper[left],
        row_lower=np.round(program.row_lower - given, DIGITS),
        row_upper=np.round(program.row_upper - given, DIGITS),
        matrix=stack([(program.shape[0], terms)]),
        blocks=(),
        lines=int(np.searchsorted(left, program.lines)),
        integer=None if program.integer is None else program.integer[left],
        keys=program.column_keys[left],
    ), left


def met_by_member(program: LinearProgram, for_each: tuple[str, ...], lines: Lines) -> tuple[Terms, Floats]:
    """Return a row per member with need that adds up what is met of it (the rows start at 0), and the needs in EUR million."""
    facts = lines.facts
    needs = facts.needs
    rows, code = build_members(for_each, facts.dimensions).covering(needs, np.arange(len(needs)))
    wanted = needs.need.values[rows] > 0
    rows, code = rows[wanted], code[wanted]
    distinct, member = np.unique(code, return_inverse=True)
    bands = max(len(of_area) for of_area in facts.returns)
    met = (program.lines + np.arange(bands)[:, None] * len(needs) + rows[None, :]).ravel()
    need = np.bincount(member, weights=needs.need.values[rows], minlength=len(distinct)).astype(float)
    return Terms(np.tile(member, bands), met, np.ones(len(met))), need


def _lowest_coverage(program: LinearProgram, for_each: tuple[str, ...], lines: Lines) -> LinearProgram:
    """Add one column z <= 1 and, per member with need, the row: met need of the member - need x z >= 0."""
    met, need = met_by_member(program, for_each, lines)
    count = len(need)
    terms = Terms(
        np.concatenate([met.row, np.arange(count)]),
        np.concatenate([met.column, np.full(count, program.shape[1])]),
        np.concatenate([met.value, -need]),
    )
    zero = replace(program, cost=np.zeros(program.shape[1]))
    return append(zero, np.ones(1), np.zeros(1), np.ones(1), np.zeros(count), np.full(count, np.inf), terms)


def _distance(program: LinearProgram, baseline: Floats, together: NDArray[np.int64]) -> LinearProgram:
    """Add columns up and down per group of lines with x - up + down = baseline, and maximise minus their sum."""
    planned = np.bincount(together, weights=baseline).astype(float)
    line, group, first = np.arange(len(baseline)), np.arange(len(planned)), program.shape[1]
    terms = Terms(
        np.concatenate([together, group, group]),
        np.concatenate([line, first + group, first + len(group) + group]),
        np.concatenate([np.ones(len(line)), -np.ones(len(group)), np.ones(len(group))]),
    )
    zero = replace(program, cost=np.zeros(first))
    both = np.zeros(2 * len(group))
    return append(zero, both - 1.0, both, both + np.inf, planned, planned, terms)
