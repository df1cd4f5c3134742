"""The stage `fair`: the smallest coverage as large as it can be, then the next smallest, and so on (leximin).

One linear program a round: z, the smallest coverage of the members that are still free, is maximised. The members whose row has a price
hold z where it is in every best plan, so they keep it and the others go on. The plan of a round is lawful in the next: it starts there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram, Terms, joined
from fundalloc.money import Floats
from fundalloc.optimise.stage_programs import append, met_by_member, snapped
from fundalloc.solvers.solution import Options, Solution, Status
from fundalloc.solvers.warm import Mark, WarmSolver

PRICED = 1e-7
"""A price of a member's row that says that it holds the others back."""
TIGHT = 1e-9
"""By how much a limit may be broken, EUR million: what a round lets through lifts the levels of the next ones beyond what all can keep."""


def fairest(
    program: LinearProgram, for_each: tuple[str, ...], lines: Lines, options: Options, give: float, start: Mark | None = None
) -> tuple[LinearProgram, Solution] | None:
    """Return the linear program with the fairest coverages held, less the relative `give`, and a plan that has them.

    None where the deadline ended the rounds. `start` is a corner of the program, or of one that it grew from.
    """
    met, need = met_by_member(program, for_each, lines)
    staged = _coverages(program, met, need)
    columns, rows = slice(-len(need), None), slice(-len(need), None)
    free, level, warm = np.ones(len(need), dtype=bool), np.zeros(len(need)), WarmSolver(options.own(), tolerance=TIGHT)
    last = None
    while free.any():
        lower, row_lower = staged.lower.copy(), staged.row_lower.copy()
        lower[columns], row_lower[rows] = level, np.where(free, 0.0, -np.inf)
        solution = warm.solve(replace(staged, lower=lower, row_lower=row_lower), start, lawful=True)
        if solution.status is not Status.OPTIMAL:
            return None
        holding = free & (np.abs(solution.prices[rows]) > PRICED)
        if not holding.any():  # z is at 1: nobody is held back
            holding = free
        free, last, start = free & ~holding, solution, None
        level[holding] = max(snapped(solution.objective), 0.0)
    assert last is not None
    floors = need * level * (1.0 - give)
    none = np.zeros(0)
    held = append(program, none, none, none, floors, np.full(len(need), np.inf), met)
    return held, replace(last, values=last.values[: program.shape[1]])


def _coverages(program: LinearProgram, met: Terms, need: Floats) -> LinearProgram:
    """Add z and the coverage of every member, at the most 1: met need of the member >= need x coverage; coverage >= z, these rows last."""
    count, z = len(need), program.shape[1]
    every = np.arange(count)
    covered = Terms(np.tile(every, 2) + np.repeat([0, count], count), np.tile(z + 1 + every, 2), np.concatenate([-need, np.ones(count)]))
    least = Terms(count + every, np.full(count, z), -np.ones(count))
    goal, none = np.append(1.0, np.zeros(count)), np.zeros(2 * count)
    zero = replace(program, cost=np.zeros(z))
    return append(zero, goal, 0.0 * goal, 0.0 * goal + 1.0, none, none + np.inf, joined(met, covered, least))
