"""HiGHS, driven with arrays: the default solver.

Small programs go to the simplex method, large ones to the interior point method with crossover, which gives a basis
and so shadow prices as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from fundalloc.model.linear_program import LinearProgram
from fundalloc.solvers.margins import margins
from fundalloc.solvers.solution import SEARCH, Options, Solution, Status

Positions = NDArray[np.intp]

INTERIOR_POINT_FROM = 3_000
"""Columns from which the interior point method wins on allocation programs."""
SWITCH_TOLERANCE = 1e-9
"""How far from 0 or 1 a switch may be: one that is off by HiGHS' own 1e-6 lets euros through that no plan may spend."""

LEFT_OUT = 1 << 10
"""Presolve rules left out, a bit each. The search for dependent equations takes most of the time of settling large programs, finds
nothing there, and gives up by the clock, so that the same program could be presolved in two ways."""

SOLVER = {"simplex": "simplex", "ipm": "ipx"}
"""HiGHS' names of the methods: its `ipm` means another algorithm where an add-on of HiGHS is installed."""

_END = highspy.HighsModelStatus
_STATUS = {_END.kOptimal: Status.OPTIMAL, _END.kInfeasible: Status.INFEASIBLE, _END.kUnbounded: Status.UNBOUNDED}
_STOPPED = {_END.kTimeLimit, _END.kIterationLimit, _END.kInterrupt, _END.kSolutionLimit}


@dataclass(frozen=True)
class Corner:
    """Where the simplex method stands: which columns and rows are basic, and at which of their limits the others are."""

    basis: highspy.HighsBasis
    """As HiGHS keeps it: made into lists of Python it costs as much as a warm solve."""

    @classmethod
    def at(cls, columns: Sequence[highspy.HighsBasisStatus], rows: Sequence[highspy.HighsBasisStatus]) -> Corner:
        """Return the corner where columns and rows stand so."""
        basis = highspy.HighsBasis()
        basis.col_status, basis.row_status, basis.valid = list(columns), list(rows), True
        return cls(basis)

    @classmethod
    def of(cls, highs: highspy.Highs) -> Corner | None:
        """Return where HiGHS stands; None when it stands nowhere."""
        basis = highs.getBasis()
        return cls(basis) if basis.valid else None

    def __reduce__(self) -> tuple[Any, ...]:
        return Corner.at, (self.columns, self.rows)

    @property
    def columns(self) -> list[highspy.HighsBasisStatus]:
        """How the columns stand."""
        return list(self.basis.col_status)

    @property
    def rows(self) -> list[highspy.HighsBasisStatus]:
        """How the rows stand."""
        return list(self.basis.row_status)

    def start(self, highs: highspy.Highs) -> None:
        """Let HiGHS start here."""
        highs.setBasis(self.basis)

    def reordered(self, columns: Positions, rows: Positions) -> Corner:
        """Return it with columns and rows taken in another order."""
        standing, standing_rows = self.columns, self.rows
        return Corner.at([standing[k] for k in columns], [standing_rows[k] for k in rows])


class _Quiet(highspy.Highs):
    """HiGHS without callbacks: enabling them prints a banner to standard output in some versions."""

    def enableCallbacks(self) -> None:
        """Leave them off; nothing here listens."""


def solve(program: LinearProgram, options: Options) -> Solution:
    """Solve a linear or mixed-integer program with HiGHS."""
    method = method_for(program, options)
    linear, warm = program.integer is None, options.corner is not None
    smaller = margins(program) if linear and not warm and program.shape[1] >= INTERIOR_POINT_FROM else None
    if smaller is not None:
        found = solve(smaller.program, replace(options, method=method))  # it has no keys, so this is the end
        return smaller.answer(program, found) if found.usable else found
    highs = load(program)
    highs.setOptionValue("solver", "choose" if program.integer is not None else SOLVER[method])
    _set_out(highs, options, linear=linear)
    run(highs)
    status = highs.getModelStatus()
    lost = bool(np.isnan(highs.getSolution().col_value).any())  # HiGHS 1.16 may lose values while it undoes its presolve
    if lost or status == _END.kUnboundedOrInfeasible or (status not in _STATUS and status not in _STOPPED):
        highs.setOptionValue("presolve", "off")
        highs.setOptionValue("solver", "simplex")
        run(highs)
        status = highs.getModelStatus()
    return read(highs, program, status, method)


def _set_out(highs: highspy.Highs, options: Options, *, linear: bool) -> None:
    """Say from where HiGHS starts, and where it stops."""
    if linear and options.corner is not None:
        options.corner.start(highs)
    if options.start is not None:
        given = np.flatnonzero(~np.isnan(options.start))
        highs.setSolution(len(given), given.astype(np.int32), options.start[given])
    presolve = None if options.presolve and options.corner is None else "off"
    seconds, gap = (None if limit is None else float(limit) for limit in (options.seconds, options.gap))
    limits = {"presolve": presolve, "time_limit": seconds, "mip_rel_gap": gap, "mip_max_nodes": options.nodes}
    for name, value in (*limits.items(), ("mip_heuristic_run_shifting", options.shifting or None)):
        if value is not None:
            highs.setOptionValue(name, value)


def method_for(program: LinearProgram, options: Options) -> str:
    """Return the method that the options name, or the one that suits the size."""
    if options.method:
        return options.method
    return "ipm" if options.corner is None and program.shape[1] >= INTERIOR_POINT_FROM else "simplex"


def run(highs: highspy.Highs) -> None:
    """Solve in a thread of its own: HiGHS keeps the number of threads of the first solve for the thread that called it.

    So neither does another's number stop us, nor ours another. Ends when the solve has ended, also on an interrupt.
    Raises MemoryError where HiGHS has none left: it has lost the program then, and a further run would crash.
    """
    try:
        with ThreadPoolExecutor(1) as own:
            own.submit(highs.run).result()
    except RuntimeError as error:
        if "new thread" not in str(error):  # no room for its stack
            raise
        raise MemoryError(str(error)) from None
    if highs.getModelStatus() == _END.kMemoryLimit:
        raise MemoryError("std::bad_alloc")


def quiet() -> highspy.Highs:
    """Return an empty HiGHS that prints nothing and whose answer depends on no number of threads."""
    highs = _Quiet()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("random_seed", 0)
    highs.setOptionValue("threads", 1)
    return highs


def load(program: LinearProgram) -> highspy.Highs:
    """Return a quiet HiGHS that holds the program. ValueError when it refuses it."""
    highs = quiet()
    highs.setOptionValue("presolve_rule_off", LEFT_OUT)
    if program.integer is not None and program.upper[program.integer].max(initial=0.0) <= 1.0:
        highs.setOptionValue("mip_feasibility_tolerance", SWITCH_TOLERANCE)
    pass_program(highs, program)
    return highs


def pass_program(highs: highspy.Highs, program: LinearProgram) -> None:
    """Hand the arrays over in one call, in place of whatever HiGHS held. ValueError when it refuses them."""
    rows, columns = program.shape
    matrix, form = program.matrix, (int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMaximize))
    figures = program.cost, program.lower, program.upper, program.row_lower, program.row_upper
    start, column = matrix.start.astype(np.int32), matrix.column.astype(np.int32)
    whole = np.zeros(columns, dtype=np.int32) if program.integer is None else program.integer.astype(np.int32)  # continuous 0, integer 1
    passed = highs.passModel(columns, rows, program.terms, *form, 0.0, *figures, start, column, matrix.value, whole)
    if passed == highspy.HighsStatus.kError:
        raise ValueError("HiGHS refused the program: not a number among its coefficients?")


def read(highs: highspy.Highs, program: LinearProgram, status: highspy.HighsModelStatus, method: str) -> Solution:
    """Return what HiGHS found, in our words."""
    info, solution = highs.getInfo(), highs.getSolution()
    ours = _STATUS.get(status, Status.ERROR)
    if status in _STOPPED and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        ours = Status.FEASIBLE
    solver = f"HiGHS {highs.version()}"
    if ours not in (Status.OPTIMAL, Status.FEASIBLE):
        return Solution(ours, solver=solver, method=method, message=highs.modelStatusToString(status))
    values = np.array(solution.col_value)
    whole = program.integer is not None
    prices = np.zeros(program.shape[0]) if whole else np.array(solution.row_dual)
    iterations = max(info.simplex_iteration_count, 0) + max(info.ipm_iteration_count, 0)
    # Not what the solver reports: HiGHS 1.16, given a start, has told another one than that of its values.
    objective = program.score(values)
    bound = info.mip_dual_bound if whole else (objective if ours is Status.OPTIMAL else None)
    return Solution(
        ours, objective, values, prices, solver, SEARCH if whole else method, iterations, bound, corner=None if whole else Corner.of(highs)
    )
