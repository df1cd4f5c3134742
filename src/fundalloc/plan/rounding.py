"""Amounts in whole rounding steps that keep every hard rule.

The plan of the linear program is mostly whole already. The rest is settled by an integer program around it: the same
program counted in rounding steps, in which every line may move to a neighbouring step and the score is still maximised.
Hard rules hold exactly, and soft rules that the plan meets must still be met. If no such plan exists the neighbourhood
grows; then the soft rules may be missed at their price; then other actions may be switched on or off; then the plan is
refused with the rules that stand in the way. Of several roundings with the same score the one nearest to the plan is taken,
where so few lines are open that the search goes to its end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import NotRoundable, SolverFailed
from fundalloc.facts.lines import Lines
from fundalloc.model.elastic import elastic_program, hard_rows
from fundalloc.model.linear_program import SWITCHED_ON, Floats, LinearProgram, Matrix
from fundalloc.model.nearness import near_program
from fundalloc.model.settling import line_noise
from fundalloc.rules._rows import Sense
from fundalloc.solvers import Options, Solution, Status, solve_program
from fundalloc.solvers.mixed import fix_switches

WHOLE = 1e-6
"""How near to a whole step counts as whole, in steps."""
MARGIN = 1e-6
"""How far limits of hard rules with crooked coefficients are tightened, in steps."""
GAP = 2e-5
"""Relative score that rounding may give away to stop early."""
FEW = 200
"""Lines that are not whole up to which the best rounding is searched to the end."""
NEARNESS, TIE_BREAK, SHARP = 1e-5, 0.1, 1e3
"""Of a step's distance to the plan, in units of the dearest column's score; of the hash in it; factor that lifts both above tolerances."""
_POWERS = 10.0 ** np.arange(7)


@dataclass(frozen=True)
class Rounded:
    """Whole steps per line, and what rounding did."""

    steps: NDArray[np.int64]
    moved: int
    """Lines that were not whole."""
    largest_move: float
    """The largest change of any line, in EUR million."""


@dataclass(frozen=True)
class Attempt:
    """How far a rounding may reach."""

    who: str
    """Which lines may move: the fractional ones, all with money (positive), or all that are not fixed (open)."""
    reach: int
    """Steps that a line may move beyond its neighbours."""
    soft: bool
    """Whether soft rules that the plan meets must still be met."""
    switches: bool = False
    """Whether actions may be switched on and off: amounts may then go to nothing, so all are open."""


ATTEMPTS = (
    Attempt("fractional", 0, True),
    Attempt("fractional", 2, True),
    Attempt("positive", 1, True),
    Attempt("fractional", 2, False),
    Attempt("open", 5, False),
)
MANY = 1_000
"""Lines that are not whole from which soft rules may be missed by a step at once: the search would take minutes."""
SWITCHING = Attempt("open", 10**9, False, switches=True)


def round_plan(program: LinearProgram, solution: Solution, lines: Lines, options: Options) -> Rounded:
    """Turn the solution's line amounts into whole steps; its switches stay as they are while that is possible.

    Raises NotRoundable naming the rules that cannot be met.
    """
    step = float(lines.facts.step)
    exact = np.clip(solution.values[: program.lines] / step, lines.ledger.decided, lines.ledger.upper.astype(float))
    fractional = _fractional(exact)
    if not fractional.any():
        return _rounded(exact, exact, step)
    free = in_steps(program, lines)
    counted = fix_switches(free, solution.values)
    few = fractional.sum() <= FEW
    for attempt in _attempts(int(fractional.sum()), program.integer is not None):
        around = _around(free if attempt.switches else counted, solution, lines, exact, attempt)
        found = _best(around, exact, lines, Options(time_limit=options.time_limit or 60, gap=0.0 if few else GAP))
        if found.usable:
            return _rounded(found.values[: program.lines], exact, step)
        if found.status is not Status.INFEASIBLE:
            raise SolverFailed(found.status, f"Rounding stopped: {found.message}")
    raise NotRoundable(_refusal(_around(counted, solution, lines, exact, ATTEMPTS[-1]), lines))


def _fractional(exact: Floats) -> NDArray[np.bool_]:
    """Return which amounts, in steps, are not whole."""
    return np.abs(exact - np.rint(exact)) >= WHOLE


def _attempts(fractional: int, switches: bool) -> list[Attempt]:
    attempts = [*ATTEMPTS, SWITCHING] if switches else [*ATTEMPTS]
    return attempts if fractional < MANY else [Attempt("fractional", 0, False), *(a for a in attempts if not a.soft)]


def _rounded(values: Floats, exact: Floats, step: float) -> Rounded:
    whole = np.rint(values)
    fractional = _fractional(exact)
    return Rounded(whole.astype(np.int64), int(fractional.sum()), float(np.abs(whole - exact).max(initial=0.0)) * step)


def in_steps(program: LinearProgram, lines: Lines) -> LinearProgram:
    """Count all money in rounding steps, and state hard rules so that the solver can keep them exactly; switches stay 0 or 1.

    The dearest column costs 1, so that the same plan in another unit of money is the same program.
    Exact shares are widened by one step of their base. Rows of hard rules are multiplied by the power of ten that makes
    their coefficients whole; where none does, their limits are tightened by a hair.
    """
    step = float(lines.facts.step)
    unit = np.full(program.shape[1], step) if program.integer is None else np.where(program.integer, 1.0, step)
    lower, upper = program.row_lower / step, program.row_upper / step
    hard = np.zeros(program.shape[0], dtype=bool)
    for block in program.blocks:
        if block.rule is None or block.demands is None:
            continue
        hard[block.rows] = block.rule.hard
        if block.rule.relative:
            exactly = np.array([s is Sense.EXACTLY for s in block.demands.sense], dtype=float)
            lower[block.rows] -= exactly
            upper[block.rows] += exactly
    matrix, factor = _whole_rows(_counted_matrix(program, unit / step), hard)
    return replace(
        program,
        cost=program.cost * unit / max(np.abs(program.cost * unit).max(initial=0.0), 1e-300),
        lower=program.lower / unit,
        upper=program.upper / unit,
        row_lower=_limit(lower, factor, MARGIN),
        row_upper=_limit(upper, factor, -MARGIN),
        matrix=matrix,
    )


def _counted_matrix(program: LinearProgram, unit: Floats) -> Matrix:
    """Return the matrix with columns in their units (in steps), and rows that switch on as they were before they were divided."""
    matrix, factor = program.matrix, np.ones(program.shape[0])
    for block in program.blocks:
        if block.owner == SWITCHED_ON:
            factor[block.rows] = block.scale
    return replace(matrix, value=matrix.value * factor[matrix.row] * unit[matrix.column])


def _around(counted: LinearProgram, solution: Solution, lines: Lines, exact: Floats, attempt: Attempt) -> LinearProgram:
    """Restrict the program to a neighbourhood of the plan; the lines that may move must be whole."""
    fractional = _fractional(exact)
    movable = {"fractional": fractional, "positive": ~lines.ledger.fixed & (exact > WHOLE), "open": ~lines.ledger.fixed}[attempt.who]
    near = np.rint(exact)
    low = np.where(movable, np.maximum(np.floor(exact + WHOLE) - attempt.reach, lines.ledger.decided), near)
    high = np.where(movable, np.minimum(np.ceil(exact - WHOLE) + attempt.reach, lines.ledger.upper.astype(float)), near)
    lower, upper = counted.lower.copy(), counted.upper.copy()
    lower[: counted.lines], upper[: counted.lines] = low, np.maximum(low, high)
    for block in counted.blocks if attempt.soft else ():
        kept = solution.values[block.misses] < WHOLE * float(lines.facts.step)
        upper[block.misses] = np.where(kept, 0.0, upper[block.misses])
    integer = np.zeros(counted.shape[1], dtype=bool) if counted.integer is None else counted.integer.copy()
    integer[: counted.lines] = movable
    return replace(counted, lower=lower, upper=upper, integer=integer)


def _best(around: LinearProgram, exact: Floats, lines: Lines, options: Options) -> Solution:
    """Solve; where the search goes to the end, distance to the plan decides among equal scores, and a hash among equal distances.

    A step beyond the nearest whole amount counts by what it adds to the square of the distance. Where the solver stumbles over
    these small costs, the score alone decides.
    """
    assert around.integer is not None
    if options.gap:
        return solve_program(around, options)
    movable = np.flatnonzero(around.integer[: around.lines])
    whole = np.rint(exact)[movable]
    weight = NEARNESS * (1.0 + TIE_BREAK * line_noise(lines)[movable])
    cost = around.cost.copy()
    cost[movable] += 2.0 * weight * (exact[movable] - whole)
    near = near_program(replace(around, cost=cost), movable, whole, weight)
    integer = np.concatenate([around.integer, np.ones(len(movable), dtype=bool)])
    found = solve_program(replace(near.program, cost=SHARP * near.program.cost, integer=integer), options)
    return replace(found, values=near.values(found.values)) if found.usable else solve_program(around, options)


def _whole_rows(matrix: Matrix, hard: NDArray[np.bool_]) -> tuple[Matrix, Floats]:
    """Multiply hard rows by the smallest power of ten that makes their coefficients whole; returns the factors.

    A factor of 0 marks a hard row that no power up to a million makes whole; soft rows keep factor 1.
    """
    row, rows = matrix.row, len(hard)
    factor = np.where(hard, 0.0, 1.0)
    for power in _POWERS[::-1]:
        product = matrix.value * power
        off = np.abs(product - np.rint(product)) > 1e-9 * power
        factor[hard & (np.bincount(row, weights=off, minlength=rows) == 0)] = power
    scaled = matrix.value * np.where(factor > 0, factor, 1.0)[row]
    whole = hard[row] & (factor[row] > 0)
    return Matrix(matrix.start, matrix.column, np.where(whole, np.rint(scaled), scaled)), factor


def _limit(limit: Floats, factor: Floats, inward: float) -> Floats:
    """Scale limits with their rows; free whole ones from floating-point dust, tighten those of crooked hard rows."""
    finite = np.isfinite(limit)
    scaled = np.where(finite, limit, 0.0) * np.where(factor > 0, factor, 1.0)
    near = np.rint(scaled)
    clean = np.where(np.abs(scaled - near) < 1e-6, near, scaled)
    return np.where(finite, np.where(factor == 0, scaled + inward, clean), limit)


def _refusal(around: LinearProgram, lines: Lines) -> str:
    """Name the rules that cannot be met at this step: those that an elastic rounding has to break."""
    elastic = elastic_program(around, hard_rows(around))
    found = solve_program(elastic.program, Options(time_limit=30, gap=1e-3))
    step = f"EUR {float(lines.facts.step):g} million"
    if not found.usable:
        return f"No plan in steps of {step} keeps all rules. Try a smaller round_to."
    missed = elastic.row[elastic.missed(found.values) > WHOLE]
    broken = sorted({around.row_owner(int(row)).owner for row in missed})
    return f"No plan in steps of {step} keeps: {', '.join(broken)}. Try a smaller round_to, or let the rule give way."
