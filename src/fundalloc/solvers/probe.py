"""One linear program kept at its best plan: what the score is with limits moved, and how far a column may go.

Every question starts from the same corner and is taken back, so no answer depends on what was asked before. Limits are moved by
one column of the probe's own, `z`: with -d in a row, the row's limit is moved by z x d. So z at 1 is the whole question, and the furthest
z for which there is a plan is the largest part of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import highspy
import numpy as np

from fundalloc.errors import SolverFailed
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.solvers import highs as cold
from fundalloc.solvers.margins import margins
from fundalloc.solvers.solution import TIME_LIMIT, Options, Status

Move = tuple[tuple[int, float], ...]
"""Rows, and EUR million by which their limits go up together."""
TOLERANCE = 1e-7
"""By how much HiGHS may break a limit."""
SHY = 1e-6
"""By how much of a move the largest part stays behind what the solver calls possible, which is beyond by its tolerance."""
_DEVEX, _DUAL, _PRIMAL = 1, 1, 4
_END = highspy.HighsModelStatus


class Probe:
    """Asks one program, with margins in place of lines where these fit. One for each thread: see `twin`.

    Raises SolverFailed where there is no best plan, as every answer does when the time is up.
    """

    def __init__(self, program: LinearProgram, options: Options) -> None:
        small, self._options, self._columns = margins(program), options.own(), program.shape[1]
        stated = program if small is None else small.program
        self._rest = np.arange(program.shape[1]) if small is None else small.rest
        cost, lower, upper = (np.append(part, 0.0) for part in (stated.cost, stated.lower, stated.upper))
        self.program = replace(stated, cost=cost, lower=lower, upper=upper, blocks=(), keys=None)
        """Rows as given, z last."""
        self._scored = np.flatnonzero(cost).astype(np.int32)
        self._highs: Any = cold.load(self.program)
        self._highs.setOptionValue("solver", cold.SOLVER[cold.method_for(self.program, self._options)])
        if math.isnan(self._run(_DUAL)):
            raise SolverFailed(Status.INFEASIBLE, "The solver finds no plan where there is one.")
        self.values: Floats = np.array(self._highs.getSolution().col_value)
        """The best plan."""
        self.score = float(cost @ self.values)
        """Its score, without what money that cannot move earns."""
        self._basis = self._highs.getBasis()
        self._ready()

    def twin(self) -> Probe:
        """Return a probe with a solver of its own, at the same corner."""
        other = copy(self)
        other._highs = cold.load(self.program)
        other._ready()
        return other

    def column(self, column: int) -> int:
        """Return where a column stands that is no line."""
        return int(np.searchsorted(self._rest, column)) + self.program.shape[1] - 1 - len(self._rest)

    def still(self, moves: Sequence[Move]) -> Floats:
        """Return the change of the score by each move up and down where the best corner stays the best, else not a number: (moves, 2).

        Its basis then keeps all limits with these moved, and its prices, which no limit changes, prove that nothing is better.
        """
        program, x, highs = self.program, self.values, self._highs
        self._solve(_DUAL)
        basic, activity = np.array(highs.getBasicVariables()[1]), program.matrix.times(x)
        tight = np.minimum(activity - program.row_lower, program.row_upper - activity) < TOLERANCE
        low, high = (np.concatenate(ends) for ends in ((program.lower, program.row_lower), (program.upper, program.row_upper)))
        found = np.full((len(moves), 2), np.nan)
        for k, move in enumerate(moves):
            limits, step = np.zeros(program.shape[0]), np.zeros(program.shape[1])
            for row, by in move:
                limits[row] += by
            there = np.array(highs.getBasisSolve(np.where(tight, limits, 0.0))[1])
            step[basic[basic >= 0]] = there[basic >= 0]
            along = np.concatenate([step, program.matrix.times(step) - limits])
            for side, sign in enumerate((1.0, -1.0)):
                moved = np.concatenate([x, activity]) + sign * along
                if np.all((moved >= low - TOLERANCE) & (moved <= high + TOLERANCE)):
                    found[k, side] = sign * float(program.cost @ step)
        return found

    def moved(self, move: Move, by: float) -> tuple[float, float]:
        """Return the change of the score, per EUR million, with limits moved so far, or as far as there is a plan; and how far that is.

        Where they cannot move at all these are not a number, and 0.
        """
        try:
            self._weigh(move, -1.0)
            score, part = self._at(by), 1.0
            if math.isnan(score):
                part = self._furthest(by)
                score = self._at(by * part) if part else score
        finally:
            self._weigh(move, 0.0)
            self._highs.changeColBounds(self.program.shape[1] - 1, 0.0, 0.0)
        return (math.nan, 0.0) if math.isnan(score) else ((score - self.score) / (part * abs(by)), part * abs(by))

    def hold(self, row: int, least: float) -> None:
        """From now on ask only for ends, of plans whose row, which counts the score, is at least so much."""
        self._highs.changeRowBounds(row, least, math.inf)
        self._highs.changeColsCost(len(self._scored), self._scored, np.zeros(len(self._scored)))

    def end(self, column: int, sign: float) -> float:
        """Return the largest (sign +1) or smallest (-1) value of a column, where nothing else counts."""
        self._highs.changeColCost(column, sign)
        score = self._solve(_PRIMAL)
        self._highs.changeColCost(column, 0.0)
        return sign * score

    def _at(self, z: float) -> float:
        self._highs.changeColBounds(self.program.shape[1] - 1, z, z)
        return self._solve(_DUAL)

    def _furthest(self, by: float) -> float:
        """Return the largest part of a move for which there is a plan."""
        highs, z = self._highs, self.program.shape[1] - 1
        highs.changeColsCost(len(self._scored), self._scored, np.zeros(len(self._scored)))
        highs.changeColBounds(z, min(by, 0.0), max(by, 0.0))
        part = self.end(z, math.copysign(1.0, by)) / by
        highs.changeColsCost(len(self._scored), self._scored, self.program.cost[self._scored])
        return part - SHY if part > 2 * SHY else 0.0

    def _weigh(self, move: Move, weight: float) -> None:
        for row, by in move:
            self._highs.changeCoeff(row, self.program.shape[1] - 1, weight * by)

    def _ready(self) -> None:
        for name, value in (("presolve", "off"), ("solver", "simplex"), ("simplex_dual_edge_weight_strategy", _DEVEX)):
            self._highs.setOptionValue(name, value)

    def _solve(self, strategy: int) -> float:
        """Return the objective, found from the best corner; not a number where there is no plan."""
        self._highs.setBasis(self._basis)
        return self._run(strategy)

    def _run(self, strategy: int) -> float:
        if self._options.over:
            raise SolverFailed(Status.ERROR, TIME_LIMIT)
        self._highs.setOptionValue("simplex_strategy", strategy)
        if self._options.seconds is not None:
            self._highs.setOptionValue("time_limit", self._highs.getRunTime() + self._options.seconds)
        cold.run(self._highs)
        status = self._highs.getModelStatus()
        if status in (_END.kInfeasible, _END.kUnboundedOrInfeasible):
            return math.nan
        if status != _END.kOptimal:
            raise SolverFailed(Status.ERROR, f"The solver stopped: {self._highs.modelStatusToString(status)}.")
        return float(self._highs.getInfo().objective_function_value)
