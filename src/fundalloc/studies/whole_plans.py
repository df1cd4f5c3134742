"""From a plan of the linear program to whole, verified steps, as at the end of `fundalloc run`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.optimise.rounding import round_plan
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.verify import verify
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution, Status
from fundalloc.versions import VERSION

MADE_BY = "alternative"
"""Status of a plan that was found beside the best one."""


def finish(scenario: Scenario, program: LinearProgram, values: Floats, options: Options | None = None) -> Plan:
    """Round and verify the columns of a program whose switches are fixed. Raises NotRoundable, SolverFailed or NotVerified."""
    options, lines = options or Options(), scenario.lines
    score = float(program.cost @ values[: program.shape[1]])
    solution = Solution(Status.OPTIMAL, score, values[: program.shape[1]], np.zeros(program.shape[0]))
    rounded = round_plan(_without_score_rows(program), solution, lines, options)
    findings = verify(scenario, rounded.steps)
    log = RunLog(
        solver="HiGHS",
        method="alternative",
        status=MADE_BY,
        program_score=score,
        iterations=0,
        rows=program.shape[0],
        columns=program.shape[1],
        terms=program.terms,
        rounded_lines=rounded.moved,
        largest_move=rounded.largest_move,
        version=VERSION,
        digest=scenario.digest,
    )
    count = len(lines)
    return Plan(scenario, rounded.steps[:count], tuple(findings), np.full(len(findings), np.nan), log, rounded.steps[count:])


def _without_score_rows(program: LinearProgram) -> LinearProgram:
    """Drop what holds the score: rounding may lose a little of it, as it does in every run."""
    known = max((block.rows.stop for block in program.blocks), default=0)
    lower = program.row_lower.copy()
    lower[known:] = -np.inf
    return replace(program, row_lower=lower)
