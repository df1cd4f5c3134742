"""How far sums of lines may go in a program whose score is held: two solves each, shared out over the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.model.linear_program import LinearProgram
from fundalloc.pool import cores, each
from fundalloc.solvers import Options
from fundalloc.solvers.warm import WarmSolver
from fundalloc.studies.variants import Tick

T = TypeVar("T")
R = TypeVar("R")
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


Ends = tuple[float | None, float | None]


def find_ends(program: LinearProgram, wanted: Sequence[Wanted], options: Options, jobs: int | None, tick: Tick | None) -> list[Ends]:
    """Return the smallest and the largest value of every sum, in order; None where it was not wanted or not found."""
    workers = 1 if len(wanted) <= ALONE else jobs or cores()
    size = len(wanted) if workers == 1 else min(CHUNK, -(-len(wanted) // workers))
    return in_pieces(partial(_solve, replace(program, blocks=()), options), wanted, size, workers, None, tick)


def _solve(program: LinearProgram, options: Options, wanted: Sequence[Wanted]) -> list[Ends]:
    solver = WarmSolver(options)

    def end(lines: NDArray[np.intp], sign: float) -> float | None:
        cost = np.zeros(program.shape[1])
        cost[lines] = sign
        solution = solver.solve(replace(program, cost=cost))
        return float(solution.values[lines].sum()) if solution.usable else None

    return [(end(w.lines, -1.0) if w.low else None, end(w.lines, 1.0) if w.high else None) for w in wanted]


def in_pieces(
    answer: Callable[[Sequence[T]], list[R]], wanted: Sequence[T], size: int, jobs: int | None, cluster: str | None, tick: Tick | None
) -> list[R]:
    """Share out what is wanted over the cores or a cluster, in pieces of a size; return the answers in order, or raise what one raised."""
    found: dict[int, list[R]] = {}
    for k, result in each(answer, [wanted[start : start + size] for start in range(0, len(wanted), max(size, 1))], jobs, cluster):
        if isinstance(result, BaseException):
            raise result
        found[k] = result
        if tick:
            tick(sum(map(len, found.values())), len(wanted))
    return [one for k in sorted(found) for one in found[k]]


def members_of(codes: Sequence[NDArray[np.int64]], sizes: Sequence[int]) -> Iterator[NDArray[np.intp]]:
    """Yield the lines of every combination of codes that occurs, in the order of the codes."""
    flat = np.ravel_multi_index(list(codes), list(sizes))
    order = np.argsort(flat, kind="stable")
    _, first = np.unique(flat[order], return_index=True)
    yield from np.split(order, first[1:])
