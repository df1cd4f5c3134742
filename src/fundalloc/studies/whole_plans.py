"""From a plan of the linear program to whole, verified steps, as at the end of `fundalloc run`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.optimise.rounding import round_plan
from fundalloc.plan.handmade import measure_steps
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import verify
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution, Status

MADE_BY = "alternative"
"""Status of a plan that was found beside the best one."""


def finish(scenario: Scenario, program: LinearProgram, values: Floats, options: Options | None = None) -> Plan:
    """Round and verify the columns of a program whose switches are fixed. Raises NotRoundable, SolverFailed or NotVerified."""
    options, lines = options or Options(), scenario.lines
    score = float(program.cost @ values[: program.shape[1]])
    solution = Solution(Status.OPTIMAL, score, values[: program.shape[1]], np.zeros(program.shape[0]))
    rounded = round_plan(_without_score_rows(program), solution, lines, options)
    verify(scenario, rounded.steps)
    made, (rows, columns) = measure_steps(scenario, rounded.steps), program.shape
    log = replace(made.log, solver="HiGHS", method="alternative", status=MADE_BY, program_score=score)
    log = replace(log, rows=rows, columns=columns, terms=program.terms, rounded_lines=rounded.moved, largest_move=rounded.largest_move)
    return replace(made, log=log)


def _without_score_rows(program: LinearProgram) -> LinearProgram:
    """Drop what holds the score: rounding may lose a little of it, as it does in every run."""
    known = max((block.rows.stop for block in program.blocks), default=0)
    lower = program.row_lower.copy()
    lower[known:] = -np.inf
    return replace(program, row_lower=lower)
