"""Amounts in whole rounding steps that keep every hard rule.

The plan of the linear program is mostly whole already. The rest is settled by an integer program around it: the same
program counted in rounding steps, in which every line may move to a neighbouring step and the score is still maximised.
Hard rules hold exactly, and soft rules that the plan meets must still be met. If no such plan exists the neighbourhood
grows; then the soft rules may be missed at their price; then other actions may be switched on or off; then the plan is
refused with the rules that stand in the way. Of several roundings with the same score the one nearest to the plan is taken,
where so few lines are open that the search goes to its end. In large programs the search looks next to a corner of its relaxation
first, where most lines are whole already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import NotRoundable, SolverFailed, and_more
from fundalloc.facts.lines import Lines
from fundalloc.model.elastic import elastic_program, hard_rows
from fundalloc.model.linear_program import LinearProgram, RowBlock, Terms
from fundalloc.money import Floats, decimals
from fundalloc.optimise.counted import in_steps, keeps, tightened
from fundalloc.optimise.nearness import near_program
from fundalloc.optimise.settling import line_noise
from fundalloc.optimise.stage_programs import append, without_fixed
from fundalloc.optimise.switches import fix_switches
from fundalloc.solvers import Options, Solution, Status, solve_program

WHOLE = 1e-6
"""How near to a whole step counts as whole, in steps."""
SETTLED = 6
"""Decimals of a step to which a settled plan is the same for every solver and every order of rows."""
GAP = 2e-5
"""Relative score that rounding may give away to stop early."""
NODES = 1_000
"""Nodes of the search tree after which the search for a rounding ends."""
FIRST_NODES = 1
"""Nodes that are enough where the search would stop at a gap and the first of them shows a rounding. On shipped scenarios the next 20 take
as long again for a millionth of the score."""
CORNER_FROM = 10_000
"""Lines from which a corner comes first: cuts on all open lines would take minutes."""
FEW = 200
"""Lines that may move up to which the best rounding is searched to the end."""
NEARNESS, TIE_BREAK, HALVES, SHARP = 1e-5, 0.1, 1e-2, 1e3
"""Of a step's distance to the plan, in units of the dearest column's score; of the hash in it; steps by which a hash moves the plan
from which distance counts, so that halves are no tie; factor that lifts all three above tolerances."""


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
    Attempt("fractional", 0, False),
    Attempt("fractional", 2, False),
    Attempt("open", 5, False),
)
MANY = 1_000
"""Lines that an attempt opens from which soft rules may be missed by a step rather: the search would take minutes."""
TOLD = 8
"""Demands that a refusal names."""
MARGINS = (1e-5, 1e-4, 1e-3, 1e-2)
"""Steps by which rows are tightened, one after the other, that floating point cannot tell from their limits."""
SWITCHING = Attempt("open", 10**9, False, switches=True)


def round_plan(program: LinearProgram, solution: Solution, lines: Lines, options: Options) -> Rounded:
    """Turn line amounts into whole steps, switches kept while possible. Raises NotRoundable naming rules that cannot be met."""
    step = float(lines.facts.step)
    units = step if program.integer is None else np.where(program.integer, 1.0, step)
    plan = np.round(solution.values[: program.shape[1]] / units, SETTLED)
    exact = np.clip(plan[: program.lines], lines.ledger.decided, lines.ledger.upper.astype(float))
    fractional, free = _fractional(exact), in_steps(program, lines)
    if not fractional.any() and keeps(free, plan, lines):
        return _rounded(exact, exact, step)
    stopped = None
    for attempt, opened in _attempts(lines, exact, program.integer is not None):
        for margin in MARGINS:
            around = _around(free if attempt.switches else fix_switches(free, solution.values), solution, lines, exact, attempt)
            found = _best(around, plan, lines, options.own(gap=0.0 if opened <= FEW else GAP, nodes=NODES))
            if found.usable and keeps(around, found.values, lines):
                return _rounded(found.values[: program.lines], exact, step)
            if not found.usable:
                break
            free = tightened(free, found.values, lines, margin)
        if found.status is Status.ERROR:  # a wider neighbourhood may show a plan where the search of this one ended without
            stopped = found
            if options.over:
                break
    if stopped is not None:
        raise SolverFailed(stopped.status, f"Rounding stopped: {stopped.message}")
    raise NotRoundable(_refusal(_around(fix_switches(free, solution.values), solution, lines, exact, ATTEMPTS[-1]), lines, options))


def _fractional(exact: Floats) -> NDArray[np.bool_]:
    """Return which amounts, in steps, are not whole."""
    return np.abs(exact - np.rint(exact)) >= WHOLE


def _attempts(lines: Lines, exact: Floats, switches: bool) -> Iterator[tuple[Attempt, int]]:
    """Yield the attempts with how many lines each opens, without those that hold soft rules over many lines."""
    for attempt in (*ATTEMPTS, SWITCHING) if switches else ATTEMPTS:
        opened = int(_movable(attempt, lines, exact).sum())
        if not attempt.soft or opened < MANY:
            yield attempt, opened


def _movable(attempt: Attempt, lines: Lines, exact: Floats) -> NDArray[np.bool_]:
    """Return which lines an attempt opens."""
    return _fractional(exact) if attempt.who == "fractional" else ~lines.ledger.fixed & ((exact > WHOLE) | (attempt.who == "open"))


def _rounded(values: Floats, exact: Floats, step: float) -> Rounded:
    whole = np.rint(values)
    fractional = _fractional(exact)
    return Rounded(whole.astype(np.int64), int(fractional.sum()), float(np.abs(whole - exact).max(initial=0.0)) * step)


def _around(counted: LinearProgram, solution: Solution, lines: Lines, exact: Floats, attempt: Attempt) -> LinearProgram:
    """Restrict the program to a neighbourhood of the plan; the lines that may move must be whole."""
    movable = _movable(attempt, lines, exact)
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


def _best(around: LinearProgram, plan: Floats, lines: Lines, options: Options) -> Solution:
    """Solve; `plan` has every column in the units of the program. What shows nothing is asked once more, counted from the plan."""
    assert around.integer is not None
    origin = np.where(around.integer, np.rint(plan), plan)
    found = _to_a_gap(around, options) if options.gap else _nearest(around, plan, origin, lines, options)
    return found if found.usable or options.over else _counted_from(origin, around, options)


def _counted_from(origin: Floats, around: LinearProgram, options: Options) -> Solution:
    """Solve with every column counted from here: in sums of billions of steps a step is lost, and HiGHS calls infeasible what is not.

    The score at the origin stands in a column that is always 1, so that a gap is one of the whole score.
    """
    none, one = np.zeros(0), np.ones(1)
    nothing = none.astype(np.intp)
    near = near_program(around, nothing, none, none, origin=origin)
    counted = replace(near.program, integer=around.integer)
    found = solve_program(append(counted, around.cost @ near.origin * one, one, one, none, none, Terms(nothing, nothing, none)), options)
    return replace(found, values=near.values(found.values[: around.shape[1]])) if found.usable else found


def _to_a_gap(around: LinearProgram, options: Options) -> Solution:
    """Search until the score is as near to its bound as the gap says: in large programs next to a corner first, else at the first node."""
    beside = _beside_corner(around, options) if around.lines >= CORNER_FROM else None
    if beside is not None:
        return beside
    found = solve_program(around, replace(options, nodes=FIRST_NODES))
    return solve_program(around, options) if found.status is Status.ERROR and not options.over else found


def _nearest(around: LinearProgram, plan: Floats, origin: Floats, lines: Lines, options: Options) -> Solution:
    """Search to the end: distance to the plan decides among equal scores, and a hash among equal distances.

    A step beyond the nearest whole amount counts by what it adds to the square of the distance. Small costs may make the solver stumble.
    """
    assert around.integer is not None
    movable = np.flatnonzero(around.integer[: around.lines])
    exact, noise = plan[movable], line_noise(lines)[movable]
    whole = np.rint(exact)
    weight = NEARNESS * (1.0 + TIE_BREAK * noise)
    cost = around.cost.copy()
    cost[movable] += 2.0 * weight * (exact + HALVES * (noise - 0.5) - whole)
    near = near_program(replace(around, cost=cost), movable, whole, weight, origin=origin)
    integer = np.concatenate([around.integer, np.ones(len(movable), dtype=bool)])
    found = solve_program(replace(near.program, cost=SHARP * near.program.cost, integer=integer), options)
    return replace(found, values=near.values(found.values)) if found.usable else found


def _beside_corner(around: LinearProgram, options: Options) -> Solution | None:
    """Search next to a corner of the relaxation; None where nothing shows there that is as near to the bound as a search may stop.

    What is whole at the corner stays, all else may move one step beyond its neighbours (T. Berthold, RENS, 2014).
    """
    assert options.gap is not None
    part, left = without_fixed(around)
    assert part.integer is not None
    corner = solve_program(replace(part, integer=None), options.own(method="simplex"))
    if not corner.usable:
        return corner
    values, whole = corner.values, np.rint(corner.values)
    open_ = part.integer & (np.abs(values - whole) >= WHOLE)
    lower = np.where(open_, np.maximum(np.floor(values) - 1.0, part.lower), np.where(part.integer, whole, part.lower))
    upper = np.where(open_, np.minimum(np.ceil(values) + 1.0, part.upper), np.where(part.integer, whole, part.upper))
    beside = replace(part, lower=lower, upper=upper, integer=open_)
    found = solve_program(beside, replace(options, nodes=FIRST_NODES, shifting=True))
    if not found.usable or found.objective < corner.objective - options.gap * abs(corner.objective):
        return None
    every = around.lower.copy()
    every[left] = found.values
    return replace(found, values=every)


def _refusal(around: LinearProgram, lines: Lines, options: Options) -> str:
    """Name the rules that cannot be met at this step: those that an elastic rounding has to break."""
    elastic = elastic_program(around, hard_rows(around))
    found = solve_program(elastic.program, options.own(gap=1e-3, nodes=NODES))
    step = f"EUR {float(lines.facts.step):g} million"
    if not found.usable:
        return f"No plan in steps of {step} keeps all rules. Try a smaller round_to."
    missed = np.unique(elastic.row[found.values[elastic.first :] > WHOLE])
    told = [_demand(around.row_owner(int(row)), int(row), lines) for row in missed]
    more = "".join(f"\n  {more}" for more in and_more(told, TOLD))
    return f"No plan in steps of {step} keeps:{''.join(told[:TOLD])}{more}\nTry a smaller round_to, or let a rule give way."


def _demand(block: RowBlock, row: int, lines: Lines) -> str:
    """Return rule, member and figure of a row, with the digits that the figure has."""
    rule, demands, k = block.rule, block.demands, row - block.rows.start
    assert rule is not None
    assert demands is not None
    facts, figure = lines.facts, demands.figure[k]
    limit = rule.written(figure, max(decimals(facts.step), decimals(figure)))
    names = {
        "instrument": {i.id: str(i.name) for i in facts.instruments},
        "partnership": {p.id: str(p.name) for p in facts.partnerships},
        "area": {a.id: str(a.name) for a in facts.areas},
    }
    return f"\n  {rule.id}: {rule.sentence(demands.member[k], names)}: {demands.sense[k]} {limit}"
