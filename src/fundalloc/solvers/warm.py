"""Many solves of nearly the same program: each starts where the last one ended.

Asking why means solving again with one limit, one price or one rule changed. HiGHS keeps the program and its basis
between the solves; only what differs is passed, and the simplex method needs a few steps where a fresh solve needs
thousands. The answers are the same: a test compares them with fresh solves.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.solvers import highs as cold
from fundalloc.solvers import solve_program
from fundalloc.solvers.solution import Options, Solution, Status

FEW = 0.05
"""Part of the coefficients up to which changing them one by one beats passing the program anew."""
TOLERANCE = 1e-7
"""By how much HiGHS may break a limit, unless told otherwise."""
_PRIMAL, _DUAL = 4, 1
"""HiGHS' names for the two simplex methods."""


@dataclass(frozen=True)
class Mark:
    """A corner to which a solver can return: the solves from there do not depend on what was asked in between."""

    program: LinearProgram
    corner: cold.Corner


class WarmSolver:
    """Solves programs each from where the last ended; those with switches, and for solvers other than HiGHS, afresh."""

    def __init__(self, options: Options | None = None, *, tolerance: float = TOLERANCE) -> None:
        self.options = options or Options()
        self.tolerance = tolerance
        """By how much a limit may be broken."""
        self._highs: highspy.Highs | None = None
        self.program: LinearProgram | None = None
        """The last one."""

    def mark(self) -> Mark | None:
        """Return the corner where the last solve ended; None where there is none."""
        corner = None if self._highs is None else cold.Corner.of(self._highs)
        return None if corner is None or self.program is None else Mark(self.program, corner)

    def solve(self, program: LinearProgram, start: Mark | None = None, *, lawful: bool = False) -> Solution:
        """Solve a program; fast when it differs little from the one before (see the module).

        `start` is a corner of a program of the same shape, or of one that this grew from; without it the solve starts where
        the last one ended. `lawful`: the last plan keeps all limits of this program too, so that the primal simplex method goes on from it.
        """
        if program.integer is not None or self.options.solver.lower() != "highs" or self.options.over:
            return solve_program(program, self.options)
        method = self._pass(program)
        highs = self._highs
        assert highs is not None
        if start is not None and (start.program.shape == program.shape or _grown(start.program, program)):
            (start.corner if start.program.shape == program.shape else _extended(start.corner, program)).start(highs)
            highs.setOptionValue("solver", "simplex")
            highs.setOptionValue("simplex_strategy", _strategy(start.program, program))
        if lawful:
            highs.setOptionValue("simplex_strategy", _PRIMAL)
        if self.options.seconds is not None:
            highs.setOptionValue("time_limit", highs.getRunTime() + self.options.seconds)
        cold.run(highs)
        status = highs.getModelStatus()
        self.program = program
        solution = cold.read(highs, program, status, method)
        if (solution.status is Status.ERROR and not self.options.over) or status == highspy.HighsModelStatus.kUnboundedOrInfeasible:
            self._highs = self.program = None
            solution = cold.solve(program, self.options)
        return solution

    def _pass(self, program: LinearProgram) -> str:
        """Hand the program to HiGHS, whole or in differences, and choose the method; returns its name."""
        before, highs = self.program, self._highs
        if before is None or highs is None:
            self._highs = cold.load(program)
            self._highs.setOptionValue("primal_feasibility_tolerance", self.tolerance)
            method = cold.method_for(program, self.options)
            self._highs.setOptionValue("solver", cold.SOLVER[method])
            if method == "simplex":  # on these programs HiGHS' presolve takes longer than the simplex method saves by it
                self._highs.setOptionValue("presolve", "off")
            return method
        if _same_structure(before, program) and self._pass_differences(highs, before, program):
            return "warm simplex"
        corner = cold.Corner.of(highs) if _grown(before, program) else None
        cold.pass_program(highs, program)
        method = "simplex" if corner else cold.method_for(program, self.options)
        highs.setOptionValue("solver", cold.SOLVER[method])
        highs.setOptionValue("simplex_strategy", _DUAL)
        if corner is None:
            return method
        _extended(corner, program).start(highs)
        return "warm simplex"

    def _pass_differences(self, highs: highspy.Highs, before: LinearProgram, program: LinearProgram) -> bool:
        """Change what differs; False when that would take longer than passing everything."""
        coefficients = np.flatnonzero(before.matrix.value != program.matrix.value)
        if len(coefficients) > FEW * program.terms:
            return False
        rows = program.matrix.row[coefficients]
        for owner, k in zip(rows, coefficients, strict=True):
            highs.changeCoeff(int(owner), int(program.matrix.column[k]), float(program.matrix.value[k]))
        cost = _changed((before.cost, program.cost))
        column = _changed((before.lower, program.lower), (before.upper, program.upper))
        row = _changed((before.row_lower, program.row_lower), (before.row_upper, program.row_upper))
        if len(cost):
            highs.changeColsCost(len(cost), cost, program.cost[cost])
        if len(column):
            highs.changeColsBounds(len(column), column, program.lower[column], program.upper[column])
        for k in row:
            highs.changeRowBounds(int(k), float(program.row_lower[k]), float(program.row_upper[k]))
        highs.setOptionValue("solver", "simplex")
        highs.setOptionValue("simplex_strategy", _strategy(before, program))
        return True


class WarmSolvers:
    """Several warm solvers behind one function: every program goes to the one that holds its like.

    For procedures that solve programs of different shapes in turn, such as `optimise(…, solve=WarmSolvers())`.
    """

    def __init__(self) -> None:
        self._solvers: list[WarmSolver] = []

    def __call__(self, program: LinearProgram, options: Options) -> Solution:
        """Solve a program where it fits best; afresh where the options name a method, which has its own start."""
        if program.integer is not None:
            return solve_program(program, options)
        if options.method:
            return WarmSolver(options).solve(program)
        return self.of(program, options).solve(program)

    def of(self, program: LinearProgram, options: Options | None = None) -> WarmSolver:
        """Return the solver that last held this program or one that it grew from; a new one when there is none."""
        for alike in (_same_structure, _grown):
            for solver in self._solvers:
                if solver.program is not None and alike(solver.program, program):
                    return solver
        self._solvers.append(WarmSolver(options))
        return self._solvers[-1]


def _same_structure(a: LinearProgram, b: LinearProgram) -> bool:
    if a.shape != b.shape:
        return False
    if a.matrix is b.matrix:
        return True
    return np.array_equal(a.matrix.start, b.matrix.start) and np.array_equal(a.matrix.column, b.matrix.column)


def _grown(before: LinearProgram, program: LinearProgram) -> bool:
    """Return whether the program is the last one with rows and columns appended, also in old rows: its basis is a good start."""
    (rows, columns), (more_rows, more_columns) = before.shape, program.shape
    if rows > more_rows or columns > more_columns:
        return False
    end = int(program.matrix.start[rows])
    old = program.matrix.column[:end] < columns
    if int(old.sum()) != before.terms or not np.array_equal(before.matrix.column, program.matrix.column[:end][old]):
        return False
    return np.array_equal(before.matrix.row, program.matrix.row[:end][old])


def _extended(corner: cold.Corner, program: LinearProgram) -> cold.Corner:
    """Return the corner with the new rows basic and the new columns at a bound."""
    columns, rows = corner.columns, corner.rows
    words, old = highspy.HighsBasisStatus, len(columns)
    at_lower, at_upper = np.isfinite(program.lower[old:]), np.isfinite(program.upper[old:])
    added = [words.kLower if low else words.kUpper if high else words.kZero for low, high in zip(at_lower, at_upper, strict=True)]
    return cold.Corner.at([*columns, *added], [*rows, *[words.kBasic] * (program.shape[0] - len(rows))])


def _changed(*pairs: tuple[Floats, Floats]) -> NDArray[np.int32]:
    """Return the positions at which any of the pairs differ."""
    differs = np.zeros(len(pairs[0][0]), dtype=bool)
    for old, new in pairs:
        differs |= old != new
    return np.flatnonzero(differs).astype(np.int32)


def _moved(old: Floats, new: Floats) -> bool:
    """Return whether a limit moved or appeared: the prices stay good, and the dual simplex method starts from them."""
    return bool(np.any((old != new) & np.isfinite(new)))


def _strategy(before: LinearProgram, program: LinearProgram) -> int:
    """Return the simplex method for a program of the same shape, from the corner of the one before, or of one that grew from it."""
    if before.shape != program.shape:
        return _DUAL
    if np.any(before.cost != program.cost) or _freed(before, program):
        return _PRIMAL
    pairs = [(getattr(before, name), getattr(program, name)) for name in ("lower", "upper", "row_lower", "row_upper")]
    values = before.matrix.value, program.matrix.value
    return _DUAL if any(_moved(*pair) for pair in pairs) or (values[0] is not values[1] and np.any(values[0] != values[1])) else _PRIMAL


def _freed(before: LinearProgram, program: LinearProgram) -> bool:
    """Return whether a column that was fixed, or bounded on a side, no longer is: the primal simplex method then starts from the plan."""
    fixed, lost = before.lower == before.upper, np.isfinite(before.lower) & ~np.isfinite(program.lower)
    lost |= np.isfinite(before.upper) & ~np.isfinite(program.upper)
    return bool(np.any(lost | (fixed & (program.lower < program.upper))))
