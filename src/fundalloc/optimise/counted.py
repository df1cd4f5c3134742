"""The program counted in rounding steps: hard rules in whole numbers, so that an amount keeps them exactly or breaks them by one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LARGEST, LinearProgram, Matrix
from fundalloc.money import Floats

DUST = Fraction(1, 1000)
"""Steps by which a rule may seem kept in floating point and is not."""
SURE = 2**52 // LARGEST
"""Steps of one line up to which sums of whole numbers are exact in floating point."""


def in_steps(program: LinearProgram, lines: Lines) -> LinearProgram:
    """Count all money in rounding steps and the rows of hard rules in whole numbers; switches stay 0 or 1.

    The dearest column costs 1, so that the same plan in another unit of money is the same program.
    """
    step = float(lines.facts.step)
    unit = np.full(program.shape[1], step) if program.integer is None else np.where(program.integer, 1.0, step)
    factor, exact = np.ones(program.shape[0]), np.zeros(program.shape[0], dtype=bool)
    counts = (np.arange(program.shape[1]) < program.lines) & (program.lower < program.upper)
    lower, upper = program.row_lower / step, program.row_upper / step
    for block in program.blocks:
        rows = block.rows
        if block.whole is not None:
            exact[rows] = block.whole.factor > 0
            factor[rows] = np.where(exact[rows], block.whole.factor, block.scale if len(block.scale) else 1.0)
            lower[rows] = np.where(np.isfinite(lower[rows]), block.whole.lower, -np.inf)
            upper[rows] = np.where(np.isfinite(upper[rows]), block.whole.upper, np.inf)
        elif block.rule is not None and not block.rule.in_money:
            factor[rows], lower[rows], upper[rows] = step, program.row_lower[rows], program.row_upper[rows]
    for rows, columns in program.totals:
        unit[columns] /= factor[rows]
        counts[columns] = True
    matrix = program.matrix
    row = matrix.row
    value = matrix.value * unit[matrix.column] / step * factor[row]
    value = np.where(exact[row] & counts[matrix.column], np.rint(value), value)
    matrix = replace(matrix, value=value)
    lower, upper = _held(program, matrix, program.lower / unit, lower, upper)
    return replace(
        program,
        cost=program.cost * unit / max(np.abs(program.cost * unit).max(initial=0.0), 1e-300),
        lower=program.lower / unit,
        upper=program.upper / unit,
        row_lower=lower,
        row_upper=upper,
        matrix=matrix,
    )


def _held(program: LinearProgram, matrix: Matrix, decided: Floats, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Move the limits that decided money breaks for good to what it comes to; returns all limits."""
    held = np.zeros(program.shape[0], dtype=bool)
    for block in program.blocks:
        held[block.rows] = block.held > 0 if len(block.held) else False
    if not held.any():
        return lower, upper
    sums = _with_totals(program, matrix, decided)[1]
    return np.where(held, np.minimum(lower, sums), lower), np.where(held, np.maximum(upper, sums), upper)


def _with_totals(program: LinearProgram, matrix: Matrix, values: Floats) -> tuple[Floats, Floats]:
    """Return the columns with the totals that they come to, and the sums of all rows."""
    values, totals = values.copy(), program.totals
    for _, columns in totals:
        values[columns] = 0.0
    sums = matrix.times(values)
    for rows, columns in totals:
        values[columns] = sums[rows]
    return values, matrix.times(values) if totals else sums


def keeps(counted: LinearProgram, values: Floats, lines: Lines) -> bool:
    """Return whether these columns, amounts and switches made whole, keep every hard rule."""
    values = values.copy()
    values[: counted.lines] = np.rint(values[: counted.lines])
    if counted.integer is not None:
        values[counted.integer] = np.rint(values[counted.integer])
    values, sums = _with_totals(counted, counted.matrix, values)
    exact = np.zeros(len(sums), dtype=bool)
    for block in counted.blocks:
        if block.whole is not None:
            exact[block.rows] = block.whole.factor > 0
    broken = exact & ((sums < counted.row_lower - 0.5) | (sums > counted.row_upper + 0.5))
    sure = values[: counted.lines].max(initial=0.0) <= SURE
    return not (sure and broken.any()) and not len(_seeming(counted, values, lines))


def tightened(counted: LinearProgram, values: Floats, lines: Lines, margin: float) -> LinearProgram:
    """Return the program with the rows tightened by so many steps that only seem to be kept."""
    lower, upper, rows = counted.row_lower.copy(), counted.row_upper.copy(), _seeming(counted, values, lines)
    lower[rows] += margin
    upper[rows] -= margin
    return replace(counted, row_lower=lower, row_upper=upper)


def _seeming(counted: LinearProgram, values: Floats, lines: Lines) -> NDArray[np.intp]:
    """Return the rows that hold in floating point and not in exact numbers: only those can that are not whole, or sums beyond SURE."""
    steps, found = np.rint(values[: counted.lines]).astype(np.int64), [np.zeros(0, dtype=np.intp)]
    sure = steps.max(initial=0) <= SURE
    dust = DUST if sure else 1
    for block in counted.blocks:
        rule, demands = block.rule, block.demands
        whole = sure and block.whole is not None and block.whole.factor.all()
        if rule is None or demands is None or not rule.hard or whole:
            continue
        measures = rule.check(lines, demands, steps)
        room = [Fraction(room, measures.scale) for room in measures.headroom(demands.sense)]
        found.append(block.rows.start + np.flatnonzero([-dust < r < 0 and not held for r, held in zip(room, block.held, strict=True)]))
    return np.concatenate(found)
