"""fundalloc: allocate EU financing instruments across migration partnerships, and prove the plan.

The rooms, in the order in which data walks through them:

    errors, money, labels   the words and numbers that everyone uses
    doors                   every file that is read or written, every text that reaches a terminal
    pool                    many independent tasks on all cores, or on a cluster
    facts                   what is so: instruments, partnerships, needs, decided money; the allocation lines
    rules                   what must be so: one file per kind of rule
    scenario                what the planner writes: files → facts, rules, objective
    model                   scenario → linear program, as plain arrays
    solvers                 linear program → solution; the only room that knows a solver
    optimise                stages, switches, settling, whole rounding steps: program → the one plan that is meant
    plan                    whole rounding steps → a plan, verified in exact integers
    run                     the whole corridor in one short function
    selftest                a second statement of the mathematics that shares nothing with the above, and a judge between both
    insight                 why
    studies                 many solves: one figure varied, two objectives, near-optimal plans, several futures, batches
    compare                 scenarios side by side, and which change moved what
    export                  workbook, CSV, JSON
    back                    what comes back from a workbook that was sent round
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
    from fundalloc.insight.conflict.diagnose import diagnose, find_conflict
    from fundalloc.insight.explain.bench import Bench
    from fundalloc.insight.explain.place import explain_place
    from fundalloc.insight.explain.prices import price_list
    from fundalloc.insight.explain.ranges import amount_ranges
    from fundalloc.insight.explain.rule import explain_rule
    from fundalloc.insight.explain.target import find_target
    from fundalloc.insight.explain.value import budget_ladder, value_of_money
    from fundalloc.model.compile import compile_program
    from fundalloc.plan.plan import Plan
    from fundalloc.plan.verify import verify
    from fundalloc.run import solve
    from fundalloc.scenario.loading import load
    from fundalloc.scenario.scenario import Scenario
    from fundalloc.solvers import Options, solve_program
    from fundalloc.studies.alternatives import find_alternatives
    from fundalloc.studies.frontier import find_frontier
    from fundalloc.studies.robust import solve_robust
    from fundalloc.studies.sampling import sample
    from fundalloc.studies.sweep import sweep
    from fundalloc.studies.variants import Source, parse_vary

_HOMES = {
    "Bench": "insight.explain.bench",
    "FundallocError": "errors",
    "Infeasible": "errors",
    "NotVerified": "errors",
    "Options": "solvers",
    "Plan": "plan.plan",
    "Scenario": "scenario.scenario",
    "ScenarioError": "errors",
    "Source": "studies.variants",
    "amount_ranges": "insight.explain.ranges",
    "budget_ladder": "insight.explain.value",
    "compare_files": "compare",
    "compile_program": "model.compile",
    "diagnose": "insight.conflict.diagnose",
    "explain_place": "insight.explain.place",
    "explain_rule": "insight.explain.rule",
    "find_alternatives": "studies.alternatives",
    "find_conflict": "insight.conflict.diagnose",
    "find_frontier": "studies.frontier",
    "find_target": "insight.explain.target",
    "load": "scenario.loading",
    "parse_vary": "studies.variants",
    "price_list": "insight.explain.prices",
    "sample": "studies.sampling",
    "solve": "run",
    "solve_program": "solvers",
    "solve_robust": "studies.robust",
    "sweep": "studies.sweep",
    "to_json": "export.tables",
    "value_of_money": "insight.explain.value",
    "verify": "plan.verify",
    "write_comparison": "export.comparison",
    "write_csv": "export.tables",
    "write_workbook": "export.workbook",
}

__all__ = [
    "Bench",
    "FundallocError",
    "Infeasible",
    "NotVerified",
    "Options",
    "Plan",
    "Scenario",
    "ScenarioError",
    "Source",
    "amount_ranges",
    "budget_ladder",
    "compare_files",
    "compile_program",
    "diagnose",
    "explain_place",
    "explain_rule",
    "find_alternatives",
    "find_conflict",
    "find_frontier",
    "find_target",
    "load",
    "parse_vary",
    "price_list",
    "sample",
    "solve",
    "solve_program",
    "solve_robust",
    "sweep",
    "to_json",
    "value_of_money",
    "verify",
    "write_comparison",
    "write_csv",
    "write_workbook",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"fundalloc.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'fundalloc' has no attribute '{name}'")
