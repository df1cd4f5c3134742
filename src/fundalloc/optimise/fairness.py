"""The stage `fair`: the smallest coverage as large as it can be, then the next smallest, and so on (leximin).

One linear program a round. Its column z is the smallest coverage of the members that are still free; the members whose row has a
price hold z where it is in every best plan, so they keep it and the others go on. Each round starts where the last one ended.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats, Mask
from fundalloc.optimise.stage_programs import append, met_by_member, snapped, stage_program
from fundalloc.solvers.solution import Options, Solution, Status
from fundalloc.solvers.warm import WarmSolver

PRICED = 1e-7
"""A price of a member's row, in shares of its need, that says that it holds the others back."""


def fairest(
    program: LinearProgram, for_each: tuple[str, ...], lines: Lines, options: Options, give: float
) -> tuple[LinearProgram, Solution] | None:
    """Return the linear program with the fairest coverages held, less the relative `give`, and a plan that has them.

    None where the deadline ended the rounds.
    """
    met, need = met_by_member(program, for_each, lines)
    staged = stage_program(program, "lowest_coverage", for_each, lines, None)
    rows, z = slice(program.shape[0], staged.shape[0]), staged.matrix.column == program.shape[1]
    free, level, warm = np.ones(len(need), dtype=bool), np.zeros(len(need)), WarmSolver(options.own())
    last = None
    while free.any():
        solution = warm.solve(_round(staged, rows, z, np.where(free, need, 0.0), np.where(free, 0.0, need * level)))
        if solution.status is not Status.OPTIMAL:
            return None
        holding = free & (np.abs(solution.prices[rows]) * need > PRICED)
        if not holding.any():  # z is at 1: nobody is held back
            holding = free
        free, last = free & ~holding, solution
        level[holding] = max(snapped(solution.objective), 0.0)
    assert last is not None
    floors = need * level * (1.0 - give)
    none = np.zeros(0)
    held = append(program, none, none, none, floors, np.full(len(need), np.inf), met)
    return held, replace(last, values=last.values[: program.shape[1]])


def _round(staged: LinearProgram, rows: slice, z: Mask, free_need: Floats, floors: Floats) -> LinearProgram:
    """Count the free members alone in z; the others keep their floors."""
    value, lower = staged.matrix.value.copy(), staged.row_lower.copy()
    value[z], lower[rows] = -free_need, floors
    return replace(staged, matrix=replace(staged.matrix, value=value), row_lower=lower)
