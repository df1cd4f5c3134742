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
from fundalloc.solvers.mixed import fix_switches, solve_mixed
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


def optimise(program: LinearProgram, lines: Lines, wishes: Wishes, options: Options) -> Optimum:
    """Solve the stages, each with the earlier ones held, and settle. Look at `first.status` before anything else."""
    first = solve_mixed(program, options)
    if not first.usable:
        return Optimum(first, first.values, first.prices, first.prices, program)
    held, last, score_row = program, first, program.shape[0]
    if first.status is Status.OPTIMAL:
        held = hold(program, program.cost, first.objective, float(wishes.stages[0].give))
        for stage in wishes.stages[1:]:
            staged = stage_program(held, stage.goal, stage.for_each, lines, wishes.baseline)
            solution = solve_mixed(staged, options)
            if solution.status is not Status.OPTIMAL:
                break
            held, last = hold(staged, staged.cost, solution.objective, float(stage.give)), solution
    chosen = fix_switches(program, last.values)
    prices, proof = _prices(program, first, options)
    values = last.values[: program.shape[1]]
    if first.status is Status.OPTIMAL and program.lines:
        values = _settled(held, score_row, last, lines, wishes, options, first.objective)[: program.shape[1]]
    return Optimum(first, values, prices, proof, chosen)


def _prices(program: LinearProgram, first: Solution, options: Options) -> tuple[Floats, Floats]:
    if program.integer is None:
        return first.prices, first.prices
    chosen = solve_program(fix_switches(program, first.values), options)
    relaxed = solve_program(replace(program, integer=None), options)
    none = np.zeros(program.shape[0])
    return (chosen.prices if chosen.usable else none), (relaxed.prices if relaxed.usable else none)


def _settled(held: LinearProgram, score_row: int, last: Solution, lines: Lines, wishes: Wishes, options: Options, score: float) -> Floats:
    """Return the columns of the plan closest to the reference among those as good as the stages ask."""
    floors = held.row_lower.copy()
    floors[score_row] -= wishes.stay_close * abs(score)
    fixed = fix_switches(replace(held, row_lower=floors), last.values)
    settling = settling_program(fixed, lines, wishes.reference)
    method = "simplex" if held.lines < INTERIOR_POINT_FROM else "ipm"
    closest = solve_program(settling.program, replace(options, method=method))
    return settling.values(closest.values) if closest.status is Status.OPTIMAL else last.values
