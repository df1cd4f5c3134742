"""fundalloc: allocate EU financing instruments across migration partnerships, and prove the plan.

The rooms, in the order in which data walks through them:

    errors, money, labels   the words and numbers that everyone uses
    facts                   what is so: instruments, partnerships, needs, decided money; the allocation lines
    rules                   what must be so: one file per kind of rule
    scenario                what the planner writes: files → facts, rules, objective
    model                   scenario → linear program, as plain arrays
    solvers                 linear program → solution; the only room that knows a solver
    plan                    solution → whole rounding steps, verified in exact integers
    run                     the whole corridor in one short function
    insight                 why
    compare                 scenarios side by side, and which change moved what
    export                  workbook, CSV, JSON
    cli                     the commands

Every name below is loaded when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fundalloc.compare import compare_files
    from fundalloc.errors import FundallocError, Infeasible, NotVerified, ScenarioError
    from fundalloc.export.comparison import write_comparison
    from fundalloc.export.tables import to_json, write_csv
    from fundalloc.export.workbook import write_workbook
    from fundalloc.insight.diagnose import diagnose, find_conflict
    from fundalloc.model.compile import compile_program
    from fundalloc.plan.plan import Plan
    from fundalloc.plan.verify import verify
    from fundalloc.run import solve
    from fundalloc.scenario.loading import load
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.solvers import Options, solve_program

_HOMES = {
    "FundallocError": "errors",
    "Infeasible": "errors",
    "NotVerified": "errors",
    "Options": "solvers",
    "Plan": "plan.plan",
    "Scenario": "scenario.scenario",
    "ScenarioError": "errors",
    "compare_files": "compare",
    "compile_program": "model.compile",
    "diagnose": "insight.diagnose",
    "find_conflict": "insight.diagnose",
    "load": "scenario.loading",
    "solve": "run",
    "solve_program": "solvers",
    "to_json": "export.tables",
    "verify": "plan.verify",
    "write_comparison": "export.comparison",
    "write_csv": "export.tables",
    "write_workbook": "export.workbook",
}

__all__ = [
    "FundallocError",
    "Infeasible",
    "NotVerified",
    "Options",
    "Plan",
    "Scenario",
    "ScenarioError",
    "compare_files",
    "compile_program",
    "diagnose",
    "find_conflict",
    "load",
    "solve",
    "solve_program",
    "to_json",
    "verify",
    "write_comparison",
    "write_csv",
    "write_workbook",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"fundalloc.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'fundalloc' has no attribute '{name}'")
