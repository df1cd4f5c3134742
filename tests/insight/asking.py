"""Every figure of an answer found again: fresh programs, solved afresh, without the bench and its warm solvers."""

from dataclasses import replace

import numpy as np

from fundalloc.insight.explain.bench import Bench
from fundalloc.model.linear_program import LinearProgram, Terms
from fundalloc.optimise.stage_programs import append
from fundalloc.solvers import Options, solve_program


def best(program: LinearProgram) -> float:
    """The best score of a program; NaN without a plan."""
    solution = solve_program(replace(program, keys=None), Options(method="simplex"))
    return solution.objective if solution.usable else float("nan")


def moved(program: LinearProgram, row: int, by: float) -> LinearProgram:
    lower, upper = program.row_lower.copy(), program.row_upper.copy()
    lower[row], upper[row] = lower[row] + by, upper[row] + by
    return replace(program, row_lower=lower, row_upper=upper)


def row_of(bench: Bench, rule: str, demand: int) -> int:
    return bench.fixed.block(rule).rows.start + demand


def with_sum(program: LinearProgram, mask, at_least: float) -> LinearProgram:
    lines = np.flatnonzero(mask)
    terms = Terms(np.zeros(len(lines), dtype=np.int64), lines, np.ones(len(lines)))
    none = np.zeros(0)
    return append(program, none, none, none, np.array([at_least]), np.array([np.inf]), terms)


def with_money(bench: Bench, program: LinearProgram, instrument: str, amount: float, year: str | None = None) -> float:
    """The best score with more money of an instrument in one year, the best of all years unless one is named."""
    block = bench.fixed.block("ceiling")
    members = list(enumerate(block.demands.member))
    yearly = [k for k, (name, word) in members if name == instrument and word != "total" and year in (None, word)]
    total = [k for k, (name, word) in members if name == instrument and word == "total"]
    scores = []
    for choice in [[k] for k in yearly] or [[]]:
        changed = program
        for k in (*choice, *total):
            changed = moved(changed, block.rows.start + k, amount)
        scores.append(best(changed))
    return float(np.nanmax(scores)) if not np.isnan(scores).all() else float("nan")


def extremes(program: LinearProgram, mask, floor: float) -> tuple[float, float]:
    """The least and the most of a sum of lines at a score of at least `floor`."""
    used = np.flatnonzero(program.cost)
    none = np.zeros(0)
    terms = Terms(np.zeros(len(used), dtype=np.int64), used, program.cost[used])
    held = append(program, none, none, none, np.array([floor]), np.array([np.inf]), terms)
    cost = np.zeros(program.shape[1])
    cost[np.flatnonzero(mask)] = 1.0
    return -best(replace(held, cost=-cost)), best(replace(held, cost=cost))
