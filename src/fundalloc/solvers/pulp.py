"""Every solver that PuLP reaches, and LP/MPS files for other tools.

PuLP gets the same arrays as HiGHS, under neutral names (`c17`, `r42`): it rewrites anything else, and two names could
become one. It always gets a minimisation, because shadow prices of a maximisation come back with different signs from
different solvers.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pulp

from fundalloc.doors.writing import new_file, together
from fundalloc.errors import OutputError, UsageError, did_you_mean
from fundalloc.model.linear_program import LinearProgram
from fundalloc.solvers.highs import quiet, run
from fundalloc.solvers.solution import OWN, Options, Solution, Status

_NAMES = {
    "cbc": "PULP_CBC_CMD",
    "highs-pulp": "HiGHS",
    "glpk": "GLPK_CMD",
    "gurobi": "GUROBI",
    "cplex": "CPLEX_PY",
    "xpress": "XPRESS_PY",
    "scip": "SCIP_PY",
    "mosek": "MOSEK",
}
_STATUS = {pulp.LpStatusOptimal: Status.OPTIMAL, pulp.LpStatusInfeasible: Status.INFEASIBLE, pulp.LpStatusUnbounded: Status.UNBOUNDED}


class _Highs(pulp.HiGHS):  # type: ignore[misc]
    """PuLP's HiGHS without its banner on standard output, and with threads of its own."""

    def createAndConfigureSolver(self, lp: pulp.LpProblem) -> None:
        """Give the problem a quiet HiGHS."""
        lp.solverModel = quiet()
        for option, value in (("mip_rel_gap", self.gapRel), ("time_limit", self.timeLimit)):
            if value is not None:
                lp.solverModel.setOptionValue(option, float(value))

    def callSolver(self, lp: pulp.LpProblem) -> None:
        """Solve."""
        run(lp.solverModel)


def available() -> list[str]:
    """Return the names under which `--solver` reaches a PuLP solver on this machine."""
    with warnings.catch_warnings(action="ignore"):
        found = set(pulp.listSolvers(onlyAvailable=True))
    ours = [name for name, theirs in _NAMES.items() if theirs in found]
    return ours + sorted(found - set(_NAMES.values()))


def solve(program: LinearProgram, options: Options) -> Solution:
    """Solve with the PuLP solver that `options.solver` names. Raises UsageError when it is not there."""
    solver = _solver(options)
    problem, columns, rows = build(program)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        try:
            problem.solve(solver)
        except pulp.PulpSolverError as error:
            return Solution(Status.ERROR, solver=options.solver, message=str(error))
    status = _STATUS.get(problem.status, Status.ERROR)
    if status is Status.OPTIMAL and problem.sol_status == pulp.LpSolutionIntegerFeasible:
        status = Status.FEASIBLE
    name = f"{options.solver} through PuLP {pulp.__version__}"
    if status not in (Status.OPTIMAL, Status.FEASIBLE):
        return Solution(status, solver=name, method=options.solver, message=pulp.LpStatus[problem.status])
    values = np.array([c.value() or 0.0 for c in columns])
    prices = np.zeros(program.shape[0])
    if program.integer is None:
        for row, constraint in rows:
            prices[row] -= constraint.pi or 0.0
    objective = program.score(values)
    bound = objective if status is Status.OPTIMAL else None
    if bound is not None and program.integer is not None and options.gap:
        bound += options.gap / (1 - min(options.gap, 0.5)) * abs(objective)  # PuLP tells no bound: the search may have stopped at its gap
    return Solution(status, objective, values, prices, name, options.solver, 0, bound)


def _solver(options: Options) -> Any:
    name = _NAMES.get(options.solver, options.solver)
    found = {word.lower(): word for word in available()}
    if options.solver.lower() not in found:
        raise UsageError(f"no solver '{options.solver}' here; {did_you_mean(options.solver, [*OWN, *found.values()])}")
    settings: dict[str, Any] = {"msg": False}
    if options.seconds is not None:
        settings["timeLimit"] = options.seconds
    if options.gap is not None:
        settings["gapRel"] = options.gap
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        return _Highs(**settings) if name == "HiGHS" else pulp.getSolver(name, **settings)


def build(program: LinearProgram) -> tuple[pulp.LpProblem, list[pulp.LpVariable], list[tuple[int, pulp.LpConstraint]]]:
    """Hand the arrays to PuLP; returns the problem, its variables, and its constraints with the row each belongs to."""
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        problem = pulp.LpProblem("fundalloc", pulp.LpMinimize)
        whole = program.integer if program.integer is not None else np.zeros(program.shape[1], dtype=bool)
        columns = [
            problem.add_variable(f"c{k}", _finite(low), _finite(high), pulp.LpInteger if integer else pulp.LpContinuous)
            for k, (low, high, integer) in enumerate(zip(program.lower, program.upper, whole, strict=True))
        ]
        problem.setObjective(pulp.LpAffineExpression([(columns[k], -float(program.cost[k])) for k in np.flatnonzero(program.cost)]))
        rows: list[tuple[int, pulp.LpConstraint]] = []
        start, index, value = program.matrix.start, program.matrix.column, program.matrix.value
        for row in range(program.shape[0]):
            own = slice(start[row], start[row + 1])
            terms = pulp.LpAffineExpression([(columns[k], float(v)) for k, v in zip(index[own], value[own], strict=True)])
            for sense, limit in _sides(program.row_lower[row], program.row_upper[row]):
                constraint = pulp.LpConstraint(terms, sense, f"r{row}{'u' if sense == pulp.LpConstraintLE else ''}", float(limit))
                problem.addConstraint(constraint)
                rows.append((row, constraint))
    return problem, columns, rows


def _sides(lower: float, upper: float) -> list[tuple[int, float]]:
    if lower == upper:
        return [(pulp.LpConstraintEQ, lower)]
    sides = [(pulp.LpConstraintGE, lower)] if np.isfinite(lower) else []
    return [*sides, (pulp.LpConstraintLE, upper)] if np.isfinite(upper) else sides


def _finite(bound: float) -> float | None:
    return float(bound) if np.isfinite(bound) else None


def write_program(program: LinearProgram, path: Path, column_names: list[str], row_names: list[str]) -> list[Path]:
    """Write the program as LP or MPS, to be minimised, and a table of its names; returns the files. Raises OutputError."""
    if path.suffix.lower() not in (".lp", ".mps"):
        raise OutputError(f"{path}: the ending says neither .lp nor .mps")
    problem, _, _ = build(program)
    names = path.with_suffix(path.suffix + ".names.csv")
    with together(), new_file(path) as fresh, new_file(names) as table, table.open("w", encoding="utf-8", newline="") as file:
        (problem.writeMPS if path.suffix.lower() == ".mps" else problem.writeLP)(str(fresh))
        writer = csv.writer(file)
        writer.writerow(["name", "meaning"])
        writer.writerows([[f"c{k}", name] for k, name in enumerate(column_names)])
        writer.writerows([[f"r{k}", name] for k, name in enumerate(row_names)])
    return [path, names]
