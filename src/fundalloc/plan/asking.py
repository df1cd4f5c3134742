"""A linear program asked many times from its best plan: what its limits are worth, and how far sums of its lines may go.

Added to it is what changes nothing until it is asked: the sum of every group of lines, what may be carried or transferred as a row in
place of a bound, so that it can be moved, and the score as a row, so that it can be held. Answers do not depend on the number of cores.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import numpy as np

from fundalloc.model.linear_program import LinearProgram, Terms, joined
from fundalloc.money import Floats, IntArray
from fundalloc.optimise.stage_programs import HOLD, append
from fundalloc.plan.evidence import Worth
from fundalloc.pool import cores
from fundalloc.solvers import Options
from fundalloc.solvers.probe import Move, Probe

ALONE = 200_000
"""Questions x columns up to which one thread is faster than two."""
T = TypeVar("T")
R = TypeVar("R")


class Question:
    """A program whose switches are fixed, solved and ready; `group` has the number of the sum that each line counts in, -1 for none.

    Raises SolverFailed, as all answers do, also when the time is up.
    """

    def __init__(self, program: LinearProgram, group: IntArray, options: Options) -> None:
        (rows, columns), count, line = program.shape, int(group.max(initial=-1)) + 1, np.flatnonzero(group >= 0)
        self._limited = len(group) + np.flatnonzero(np.isfinite(program.upper[len(group) : program.lines]))
        upper, scored = program.upper.copy(), np.flatnonzero(program.cost)
        upper[self._limited] = np.inf
        sums, limits, every = np.arange(count), count + np.arange(len(self._limited)), np.ones(len(self._limited))
        terms = joined(
            Terms(group[line], line, np.ones(len(line))),
            Terms(sums, columns + sums, -np.ones(count)),
            Terms(limits, self._limited, every),
            Terms(np.full(len(scored), count + len(every)), scored, program.cost[scored]),
        )
        none = np.zeros(count)
        highest = np.concatenate([none, program.upper[self._limited], [np.inf]])
        lowest = np.concatenate([none, np.full(len(every) + 1, -np.inf)])
        wide = append(replace(program, upper=upper), none, none - np.inf, none + np.inf, lowest, highest, terms)
        self._first, self._score = rows + count, rows + count + len(every)
        self._probe = Probe(wide, options)
        self._sums = [self._probe.column(columns + k) for k in range(count)]
        self.score = self._probe.score
        """The best score of the program, without what money that cannot move earns."""

    def carry(self, column: int) -> int | None:
        """Return the row that limits what a column may carry or transfer; None where nothing does."""
        found = np.flatnonzero(self._limited == column)
        return self._first + int(found[0]) if len(found) else None

    def worths(self, moves: Sequence[Move]) -> list[Worth]:
        """Return what EUR 1 million more and less of limits that move together is worth. Ask before `ranges`."""
        program, values = self._probe.program, self._probe.values
        activity = program.matrix.times(values)
        room = np.minimum(program.row_upper - activity, activity - program.row_lower)  # the best plan stays the best within it
        tight = list(dict.fromkeys(move for move in moves if any(room[row] < abs(by) for row, by in move)))
        still = self._probe.still(tight).tolist()
        bent = [(k, sign) for k, sides in enumerate(still) for sign, change in zip((1.0, -1.0), sides, strict=True) if math.isnan(change)]
        solved = dict(zip(bent, self._shared(bent, lambda probe, one: probe.moved(tight[one[0]], one[1])), strict=True))
        found = {}
        for k, (move, (more, less)) in enumerate(zip(tight, still, strict=True)):
            (more, up), (less, down) = solved.get((k, 1.0), (more, 1.0)), solved.get((k, -1.0), (less, 1.0))
            found[move] = Worth(*(round(x, 6) + 0.0 for x in (more, less, up, down)))
        return [found.get(move, Worth(0.0, 0.0)) for move in moves]

    def ranges(self, loss: float) -> Floats:
        """Return the least and the most of every sum in plans whose score is at most so many points below the best. Shape (sums, 2)."""
        least = self.score - loss - HOLD * (1 + abs(self.score))
        ends = self._shared(
            self._sums, lambda probe, sum_: (probe.end(sum_, -1.0), probe.end(sum_, 1.0)), lambda probe: probe.hold(self._score, least)
        )
        return np.array(ends).reshape(-1, 2)

    def _shared(self, questions: Sequence[T], ask: Callable[[Probe, T], R], start: Callable[[Probe], None] = lambda _: None) -> list[R]:
        """Ask on all cores where that pays; the solver lets other threads run."""
        parts = min(cores(), 1 + len(questions) * self._probe.program.shape[1] // ALONE)

        def some(first: int) -> list[R]:
            probe = self._probe.twin() if first else self._probe
            start(probe)
            return [ask(probe, question) for question in questions[first::parts]]

        if parts == 1:
            return some(0)
        with ThreadPoolExecutor(parts) as threads:
            answers = list(threads.map(some, range(parts)))
        return [answers[k % parts][k // parts] for k in range(len(questions))]
