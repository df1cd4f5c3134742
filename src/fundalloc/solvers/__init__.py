"""Linear program → solution. The only room that knows a solver."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

from fundalloc.model.canonical import canonical_order, places
from fundalloc.model.linear_program import LinearProgram
from fundalloc.solvers.solution import OWN, TIME_LIMIT, USUAL, Options, Solution, Status

__all__ = ["USUAL", "Options", "Solution", "Status", "solve_program"]


def solve_program(program: LinearProgram, options: Options | None = None) -> Solution:
    """Solve with HiGHS (default) or what PuLP reaches: in the canonical order of a program with keys, answered in its own."""
    options = options or Options()
    if options.over:
        return Solution(Status.ERROR, solver=options.solver, message=TIME_LIMIT)
    if program.keys is None:
        return _hand_over(program, options)
    order = canonical_order(program)
    start = None if options.start is None else options.start[order.columns]
    corner = None if options.corner is None else options.corner.reordered(order.columns, order.rows)
    found = _hand_over(order.apply(program), replace(options, start=start, corner=corner))
    if not found.usable:
        return found
    columns, rows = places(order.columns), places(order.rows)
    corner = None if found.corner is None else found.corner.reordered(columns, rows)
    return replace(found, values=found.values[columns], prices=found.prices[rows], corner=corner)


def _hand_over(program: LinearProgram, options: Options) -> Solution:
    name = options.solver.lower()
    found: Solution = import_module(f"fundalloc.solvers.{name if name in OWN else 'pulp'}").solve(program, options)
    return found
