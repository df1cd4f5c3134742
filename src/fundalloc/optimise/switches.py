"""Programs with switches: a good plan first, and a search only when its gap is too wide.

The relaxation (switches between 0 and 1) bounds the score. Its money says which switches are worth having on; with them
fixed the program is linear again and gives a lawful plan. When that plan is within the gap of the bound it is proved;
otherwise the solver searches, starting from it.

Of equally good relaxed plans the caller names the one to read the switches from: the solver's own would be chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from fundalloc.model.canonical import canonical_order, places
from fundalloc.model.linear_program import SWITCHED_OFF, SWITCHED_ON, LinearProgram
from fundalloc.money import Floats
from fundalloc.solvers import solve_program
from fundalloc.solvers.solution import Options, Solution, Status

Solve = Callable[[LinearProgram, Options], Solution]

GAP = 1e-4
"""Relative gap at which a search over many switches stops; the gap that was reached is always stated."""
FEW, TIGHT = 200, 1e-8
"""So few switches are searched to the end."""
DIGITS = 6
"""Decimals of EUR million to which the money of two switches is compared."""
_SHARES = (0.5, 0.0)
"""A switch is tried on when its money reaches this share of what it must be at the least."""
TIE = 1e-9
"""Relative difference of score below which the earlier attempt stays."""
Near = Callable[[LinearProgram, Solution], Floats]
"""Which of the plans as good as a relaxed solution to read the switches from."""


def solve_mixed(
    program: LinearProgram, options: Options, near: Near = lambda _, solution: solution.values, solve: Solve = solve_program
) -> Solution:
    """Solve a program, with or without switches. `solve` solves the linear programs on the way: a warm solver saves time."""
    if program.integer is None:
        return solve(program, options)
    relaxation = replace(program, integer=None)
    relaxed = solve(relaxation, options)
    if relaxed.status is not Status.OPTIMAL:
        return relaxed
    best, gap = None, allowed_gap(program, options)
    started = options if options.method else replace(options, corner=relaxed.corner)
    for attempt in _attempts(program, near(relaxation, relaxed), started, solve):
        if attempt.usable and (best is None or attempt.objective > best.objective + TIE * abs(best.objective)):
            best = attempt
        if best is not None and relaxed.objective - best.objective <= gap * max(abs(relaxed.objective), 1.0):
            return replace(best, method="relaxation, switches fixed", bound=relaxed.objective)
    return _searched(program, best, relaxed.objective, replace(options, gap=gap, method=""))


def _searched(program: LinearProgram, best: Solution | None, bound: float, options: Options) -> Solution:
    """Search for better switches than those of the best attempt, which stays where the search may not begin or finds nothing."""
    if best is None:
        found = solve_program(program, options)
    else:
        stopped = replace(best, status=Status.FEASIBLE, bound=bound)
        if options.nodes == 0 or options.over:
            return stopped
        found = solve_program(program, replace(options, start=np.where(program.integer, best.values, np.nan)))  # type: ignore[arg-type]
        if not found.usable and found.status is not Status.INFEASIBLE:
            return stopped
    return replace(found, bound=bound if found.bound is None else min(found.bound, bound))


def allowed_gap(program: LinearProgram, options: Options) -> float:
    """Return the relative gap at which the search may stop: the one asked for, else none to speak of unless switches are many."""
    many = program.integer is not None and program.integer.sum() > FEW
    return float(options.gap) if options.gap is not None else GAP if many else TIGHT


def fix_switches(program: LinearProgram, values: Floats) -> LinearProgram:
    """Return the linear program in which every switch stays as it is in `values`."""
    if program.integer is None:
        return program
    on = np.where(program.integer, np.rint(values[: program.shape[1]]), 0.0)
    lower, upper = (np.where(program.integer, on, bound) for bound in (program.lower, program.upper))
    return replace(program, lower=lower, upper=upper, integer=None)


def _attempts(program: LinearProgram, relaxed: Floats, options: Options, solve: Solve) -> Iterator[Solution]:
    """Solve with the switches fixed as the relaxation's money suggests: soft limits on their number kept, then not."""
    money, least = np.round(_money(program, relaxed), DIGITS), _least(program)
    forced = _money(program, np.where(np.isfinite(program.lower), program.lower, 0.0)) > 0
    money = np.where(forced, np.inf, money)  # decided money keeps its switch on
    tried: set[bytes] = set()
    for share, soft in product(_SHARES, (True, False)):
        on = (money > 0) & (money >= share * least)
        _drop_smallest(program, on, money, soft)
        on = _agree(program, on) | forced
        if on.tobytes() not in tried:
            tried.add(on.tobytes())
            yield solve(fix_switches(program, on.astype(float)), options)


def _money(program: LinearProgram, values: Floats) -> Floats:
    """Return what flows through every switch, by column; the rows that switch off have one switch each."""
    matrix, integer = program.matrix, program.integer
    assert integer is not None
    row, switch = matrix.row, integer[matrix.column]
    off = np.zeros(program.shape[0], dtype=bool)
    off[_off_rows(program)] = True
    flow = np.bincount(row, weights=np.where(switch, 0.0, matrix.value * values[matrix.column]), minlength=program.shape[0])
    money = np.zeros(program.shape[1])
    own = switch & off[row]
    money[matrix.column[own]] = flow[row[own]]
    return money


def _agree(program: LinearProgram, on: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Switch off what has no line left: switches of several rules may cover the same lines."""
    assert program.integer is not None
    matrix, switches = program.matrix, np.flatnonzero(program.integer)
    inside = np.isin(matrix.row, _off_rows(program))
    own = inside & np.isin(matrix.column, switches)
    switch_of_row = np.full(program.shape[0], -1)
    switch_of_row[matrix.row[own]] = matrix.column[own]
    pair = inside & ~own
    switch, line = switch_of_row[matrix.row[pair]], matrix.column[pair]
    while True:
        closed = np.zeros(program.shape[1], dtype=bool)
        closed[line[~on[switch]]] = True
        lines_left = np.bincount(switch, weights=~closed[line], minlength=program.shape[1]) > 0
        if not np.any(on & ~lines_left):
            return on
        on = on & lines_left


def _off_rows(program: LinearProgram) -> NDArray[np.intp]:
    """Return the rows that tie every switch to its money; each has one switch."""
    blocks = [np.arange(b.rows.start, b.rows.stop) for b in program.blocks if b.owner == SWITCHED_OFF]
    return np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.intp)


def _least(program: LinearProgram) -> Floats:
    """Return what must flow at the least through every switch that is on, by column."""
    matrix, integer = program.matrix, program.integer
    assert integer is not None
    asks = integer[matrix.column] & (matrix.value < 0) & np.isfinite(program.row_lower[matrix.row])
    scale = np.ones(program.shape[0])
    for block in program.blocks:
        if block.owner == SWITCHED_ON:
            scale[block.rows] = block.scale
    least = np.zeros(program.shape[1])
    np.maximum.at(least, matrix.column[asks], -matrix.value[asks] * scale[matrix.row[asks]])
    return least


def _drop_smallest(program: LinearProgram, on: NDArray[np.bool_], money: Floats, soft: bool) -> None:
    """Switch off the smallest where an upper limit on switches alone would be exceeded; `soft`: also soft limits."""
    matrix, integer = program.matrix, program.integer
    assert integer is not None
    rank = None
    for block in program.blocks:
        if block.rule is None or not (block.rule.hard or soft):
            continue
        missed = np.arange(block.misses.start, block.misses.stop)
        for row in range(block.rows.start, block.rows.stop):
            columns = np.setdiff1d(matrix.column[matrix.start[row] : matrix.start[row + 1]], missed)
            limit = program.row_upper[row]
            if len(columns) and np.isfinite(limit) and integer[columns].all() and on[columns].sum() > limit:
                rank = places(canonical_order(program).columns) if rank is None else rank
                order = columns[np.lexsort((rank[columns], money[columns]))]
                on[order[: len(order) - int(limit)]] = False
