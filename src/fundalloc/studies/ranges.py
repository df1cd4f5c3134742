"""How far sums of lines may go in a program whose score is held: two solves each, shared out over the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.pool import cores, each
from fundalloc.solvers import Options
from fundalloc.solvers.warm import WarmSolver

ALONE = 60
"""Sums up to which one process is faster than starting others."""
CHUNK = 40
"""Sums that one task looks at."""


@dataclass(frozen=True)
class Wanted:
    """One sum: its lines, and which ends are not known yet."""

    lines: NDArray[np.intp]
    low: bool
    high: bool


@dataclass(frozen=True)
class _Task:
    program: LinearProgram
    wanted: tuple[Wanted, ...]
    options: Options


Ends = tuple[float | None, float | None]


def find_ends(
    program: LinearProgram, wanted: Sequence[Wanted], options: Options, jobs: int | None, tick: Callable[[int, int], None] | None
) -> list[Ends]:
    """Return the smallest and the largest value of every sum, in order; None where it was not wanted or not found."""
    workers = 1 if len(wanted) <= ALONE else jobs or cores()
    size = len(wanted) if workers == 1 else min(CHUNK, -(-len(wanted) // workers))
    starts = range(0, len(wanted), max(size, 1))
    bare = replace(program, blocks=())
    tasks = [_Task(bare, tuple(wanted[k : k + size]), options) for k in starts]
    found: dict[int, list[Ends]] = {}
    for k, result in each(_solve, tasks, workers):
        if isinstance(result, BaseException):
            raise result
        found[k] = result
        if tick:
            tick(sum(map(len, found.values())), len(wanted))
    return [ends for k in sorted(found) for ends in found[k]]


def _solve(task: _Task) -> list[Ends]:
    solver = WarmSolver(task.options)
    return [(_end(solver, task, w, -1.0) if w.low else None, _end(solver, task, w, 1.0) if w.high else None) for w in task.wanted]


def _end(solver: WarmSolver, task: _Task, wanted: Wanted, sign: float) -> float | None:
    cost: Floats = np.zeros(task.program.shape[1])
    cost[wanted.lines] = sign
    solution = solver.solve(replace(task.program, cost=cost))
    return float(solution.values[wanted.lines].sum()) if solution.usable else None


def members_of(codes: Sequence[NDArray[np.int64]], sizes: Sequence[int]) -> Iterator[NDArray[np.intp]]:
    """Yield the lines of every combination of codes that occurs, in the order of the codes."""
    flat = np.ravel_multi_index(list(codes), list(sizes))
    order = np.argsort(flat, kind="stable")
    _, first = np.unique(flat[order], return_index=True)
    yield from np.split(order, first[1:])
