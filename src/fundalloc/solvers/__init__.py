"""Linear program → solution. The only room that knows a solver."""

from __future__ import annotations

from fundalloc.model.linear_program import LinearProgram
from fundalloc.solvers.solution import Options, Solution, Status

__all__ = ["Options", "Solution", "Status", "solve_program"]


def solve_program(program: LinearProgram, options: Options | None = None) -> Solution:
    """Solve with HiGHS (default) or the PuLP solver that the options name."""
    options = options or Options()
    if options.solver.lower() == "highs":
        from fundalloc.solvers import highs

        return highs.solve(program, options)
    from fundalloc.solvers import pulp

    return pulp.solve(program, options)
