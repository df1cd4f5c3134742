"""The whole corridor in one short function: scenario → program → solution → whole steps → verified plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import Infeasible, SolverFailed
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram
from fundalloc.model.settling import proportional_plan, settling_program
from fundalloc.plan.certificate import certify
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.rounding import round_plan
from fundalloc.plan.verify import Finding, verify
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution, Status, solve_program

INTERIOR_POINT_FROM = 10_000
"""Lines from which settling goes to the interior point method: below, the dual simplex starts next to the answer."""

Progress = Callable[[str], AbstractContextManager[object]]


def solve(scenario: Scenario, options: Options | None = None, progress: Progress | None = None) -> Plan:
    """Compute the plan of a scenario.

    Raises Infeasible (conflicts empty: `insight.diagnose` finds them), SolverFailed, NotRoundable or NotVerified; a plan
    that is returned keeps every hard rule exactly.
    """
    options, progress = options or Options(), progress or (lambda _: nullcontext())
    with progress("Compiling"):
        program = compile_program(scenario)
    with progress("Solving"):
        solution = solve_program(program, options)
    if solution.status is Status.INFEASIBLE:
        raise Infeasible([])
    if not solution.usable:
        raise SolverFailed(solution.status, f"The solver stopped: {solution.status} ({solution.message or solution.solver}).")
    with progress("Settling"):
        settled = settle(scenario, program, solution, options)
    with progress("Rounding"):
        rounded = round_plan(program, settled, scenario.lines, options)
    with progress("Verifying"):
        findings = verify(scenario, rounded.steps)
    log = RunLog(
        solver=solution.solver,
        method=solution.method,
        status=str(solution.status),
        program_score=solution.objective,
        iterations=solution.iterations,
        rows=program.shape[0],
        columns=program.shape[1],
        terms=program.terms,
        rounded_lines=rounded.moved,
        largest_move=rounded.largest_move,
        version=version("fundalloc"),
        digest=scenario.digest,
        bound=solution.bound,
    )
    plan = Plan(scenario, rounded.steps, tuple(findings), price_findings(program, solution, findings), log)
    with progress("Certifying"):
        return replace(plan, certificate=certify(program, solution.prices, scenario.lines, plan.score))


def settle(scenario: Scenario, program: LinearProgram, solution: Solution, options: Options) -> Solution:
    """Return the solution with the values of the equally good plan closest to the reference.

    A search that was stopped at a limit is left as it is. Shadow prices stay those of the first solution.
    """
    if solution.status is not Status.OPTIMAL or program.lines == 0:
        return solution
    lines = scenario.lines
    settling = settling_program(program, lines, solution.objective, proportional_plan(lines))
    method = "simplex" if program.lines < INTERIOR_POINT_FROM else "ipm"
    closest = solve_program(settling.program, replace(options, method=method))
    if closest.status is not Status.OPTIMAL:
        return solution
    return replace(solution, values=settling.values(closest.values))


def price_findings(program: LinearProgram, solution: Solution, findings: list[Finding]) -> NDArray[np.float64]:
    """Return the shadow price of every finding; NaN for watched rules and for rows that nothing can influence."""
    blocks = {block.owner: block for block in program.blocks if block.rule is not None}
    prices, position = np.full(len(findings), np.nan), 0
    while position < len(findings):
        rule = findings[position].rule
        block = blocks.get(rule.id)
        count = len(block.demands or ()) if block else sum(1 for f in findings if f.rule is rule)
        if block is not None:
            prices[position : position + count] = np.where(block.relaxed, np.nan, solution.prices[block.rows])
        position += count
    return prices
