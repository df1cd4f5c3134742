"""The objective stages in order, then settling: from a program to the one plan that the scenario means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import Floats, LinearProgram
from fundalloc.model.settling import settling_program
from fundalloc.model.stages import hold, stage_program
from fundalloc.scenario.stages import Stage
from fundalloc.solvers import solve_program
from fundalloc.solvers.mixed import Solve, fix_switches, solve_mixed
from fundalloc.solvers.solution import Options, Solution, Status

INTERIOR_POINT_FROM = 10_000
"""Lines from which settling goes to the interior point method: below, the dual simplex starts next to the answer."""


@dataclass(frozen=True)
class Wishes:
    """What a scenario wants, beside its rules."""

    stages: Sequence[Stage]
    stay_close: float
    """Relative score that settling may give up to come closer to the reference."""
    reference: Floats
    """The plan to settle close to, EUR million per line."""
    baseline: Floats | None = None
    """The baseline plan, EUR million per line, for the stage `change`."""


@dataclass(frozen=True)
class Optimum:
    """The answer to all stages."""

    first: Solution
    """Of the first stage, the score; its status is the plan's."""
    values: Floats
    """The settled columns of the program."""
    prices: Floats
    """Shadow prices of the first stage; with switches, those of the program with the chosen ones fixed."""
    proof: Floats
    """Row prices that prove a bound: with switches, those of the relaxation."""
    chosen: LinearProgram
    """The program with its switches fixed; the program itself when it has none."""
    settled: bool = False
    """Whether the plan is the one nearest to the reference; not so when the search was stopped."""


def optimise(
    program: LinearProgram, lines: Lines, wishes: Wishes, options: Options, *, priced: bool = True, solve: Solve = solve_program
) -> Optimum:
    """Solve the stages, each with the earlier ones held, and settle. Look at `first.status` before anything else.

    Without `priced`, prices and proof of a program with switches are left at zero, which saves two solves. `solve` solves
    the linear programs on the way: warm solvers save time.
    """

    def near(relaxed: LinearProgram, solution: Solution) -> Floats:
        """Return the best plan nearest to the reference: it says which of equally good switches are on."""
        settled = _closest(hold(relaxed, relaxed.cost, solution.objective, 0.0), lines, wishes, options, solve)
        return solution.values if settled is None else settled[: relaxed.shape[1]]

    first = solve_mixed(program, options, near, solve)
    if not first.usable:
        return Optimum(first, first.values, first.prices, first.prices, program)
    held, last, score_row = program, first, program.shape[0]
    if first.status is Status.OPTIMAL:
        held = _held(program, first, wishes.stages[0], options)
        for stage in wishes.stages[1:]:
            scored = replace(held, cost=np.pad(program.cost, (0, len(held.cost) - len(program.cost))))  # a later `impact` means it again
            staged = stage_program(scored, stage.goal, stage.for_each, lines, wishes.baseline)
            solution = solve_mixed(staged, options, near, solve)
            if solution.status is not Status.OPTIMAL:
                break
            held, last = _held(staged, solution, stage, options), solution
    prices, proof = _prices(program, first, options) if priced else (first.prices, first.prices)
    settled = None
    if first.status is Status.OPTIMAL and program.lines:
        floors = held.row_lower.copy()
        floors[score_row] -= wishes.stay_close * abs(first.objective)
        settled = _closest(fix_switches(replace(held, row_lower=floors), last.values), lines, wishes, options, solve)
    values = (last.values if settled is None else settled)[: program.shape[1]]
    return Optimum(first, values, prices, proof, fix_switches(program, last.values), settled is not None)


def _held(program: LinearProgram, solution: Solution, stage: Stage, options: Options) -> LinearProgram:
    """Hold what a stage reached. Other solvers report fewer digits, so HiGHS computes the value to hold once more."""
    value = solution.objective
    if options.solver.lower() != "highs":
        again = solve_program(fix_switches(program, solution.values), replace(options, solver="highs", start=None))
        value = again.objective if again.status is Status.OPTIMAL else value
    return hold(program, program.cost, value, float(stage.give))


def _prices(program: LinearProgram, first: Solution, options: Options) -> tuple[Floats, Floats]:
    if program.integer is None:
        return first.prices, first.prices
    chosen = solve_program(fix_switches(program, first.values), options)
    relaxed = solve_program(replace(program, integer=None), options)
    none = np.zeros(program.shape[0])
    return (chosen.prices if chosen.usable else none), (relaxed.prices if relaxed.usable else none)


def _closest(held: LinearProgram, lines: Lines, wishes: Wishes, options: Options, solve: Solve) -> Floats | None:
    """Return the columns of the plan closest to the reference among those that held stages allow; None if none was found."""
    settling = settling_program(held, lines, wishes.reference)
    method = "simplex" if held.lines < INTERIOR_POINT_FROM else "ipm"
    closest = solve(settling.program, Options(method=method, time_limit=options.time_limit))
    return settling.values(closest.values) if closest.status is Status.OPTIMAL else None
