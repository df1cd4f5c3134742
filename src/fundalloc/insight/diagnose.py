"""Why no plan satisfies all rules: one smallest set of demands that cannot hold together, in the planner's words.

The elastic program (J. W. Chinneck, Feasibility and Infeasibility in Optimization, 2008, chapter 6) gives a proof of
infeasibility in its shadow prices; the demands in that proof are thinned out until every one of them is needed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import Conflict
from fundalloc.model.compile import compile_program
from fundalloc.model.elastic import elastic_program, hard_rows, only_rows
from fundalloc.model.linear_program import LinearProgram
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Status, solve_program

MISSED = 1e-6
"""EUR million above which an elastic row counts as missed."""
DECIDED = "decided money"


def is_feasible(scenario: Scenario) -> bool:
    """Return whether any plan keeps all hard rules, before rounding."""
    program = compile_program(with_baseline(scenario))
    return _feasible(program, hard_rows(program))


def find_conflict(scenario: Scenario) -> list[Conflict]:
    """Return one smallest set of demands that cannot hold together; empty when a plan exists.

    There may be several such sets. When decided money is needed for the clash it is the last entry.
    """
    scenario = with_baseline(scenario)
    program = compile_program(scenario)
    elastic = elastic_program(program, hard_rows(program))
    solution = solve_program(elastic.program, Options())
    if not solution.usable or solution.objective > -MISSED:
        return []
    suspects = np.intersect1d(hard_rows(program), np.flatnonzero(np.abs(solution.prices) > 1e-9))
    if _feasible(program, suspects):
        suspects = hard_rows(program)
    rows = _thin_out(program, _least_negotiable_last(program, suspects))
    conflicts = [_describe(scenario, program, int(row)) for row in sorted(rows)]
    if _feasible(_without_decided(program, scenario), np.array(rows)):
        conflicts.append(Conflict(DECIDED, "money that is already decided", f"{scenario.file}: decided"))
    return conflicts


def _feasible(program: LinearProgram, rows: NDArray[np.intp]) -> bool:
    return solve_program(only_rows(program, rows), Options()).status is not Status.INFEASIBLE


def _without_decided(program: LinearProgram, scenario: Scenario) -> LinearProgram:
    lower, upper = program.lower.copy(), program.upper.copy()
    count = len(scenario.lines)
    lower[:count] = 0.0
    upper[:count] = np.where(scenario.lines.eligible, np.inf, upper[:count])
    return replace(program, lower=lower, upper=upper)


def _least_negotiable_last(program: LinearProgram, rows: NDArray[np.intp]) -> list[int]:
    """Order rows so that practice is dropped before politics and law last: the set then names what can be talked about."""
    rank = {"law": 0, "political": 1, "practice": 2}

    def negotiable(row: int) -> tuple[int, int]:
        rule = program.row_owner(row).rule
        return (rank[rule.negotiable] if rule else 0, row)

    return sorted((int(r) for r in rows), key=negotiable)


def _thin_out(program: LinearProgram, rows: list[int]) -> list[int]:
    """Drop rows, in chunks that halve, as long as the rest stays infeasible; every row that is left is needed."""
    chunk = max(len(rows) // 2, 1)
    while True:
        position = 0
        while position < len(rows):
            rest = rows[:position] + rows[position + chunk :]
            if rest and not _feasible(program, np.array(rest)):
                rows = rest
            else:
                position += chunk
        if chunk == 1:
            return rows
        chunk = max(chunk // 2, 1)


def _describe(scenario: Scenario, program: LinearProgram, row: int) -> Conflict:
    block = program.row_owner(row)
    rule, demands = block.rule, block.demands
    assert rule is not None
    assert demands is not None
    k = row - block.rows.start
    limit = rule.written(demands.figure[k], scenario.decimals)
    said = rule.sentence(demands.member[k], scenario.names())
    return Conflict(rule.id, f"{said}: {demands.sense[k]} {limit}", scenario.where(rule))
