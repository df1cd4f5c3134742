"""Solve as a program asks for it: a file or a scenario, and where there is no plan, which rules clash."""

from __future__ import annotations

from pathlib import Path

from fundalloc import run
from fundalloc.errors import Infeasible, UsageError
from fundalloc.insight.conflict.diagnose import diagnose
from fundalloc.optimise.stages import Progress
from fundalloc.plan.plan import Plan
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options


def solve(
    scenario: Scenario | str | Path,
    options: Options | None = None,
    progress: Progress | None = None,
    *,
    evidence: run.Wanted = "",
) -> Plan:
    """Compute the plan of a scenario, or of a scenario file; `evidence` as in `run.solve`.

    Raises Infeasible, which names one set of rules that clash (`diagnose` finds all), ScenarioError, SolverFailed, NotRoundable or
    NotVerified; a plan that is returned keeps every hard rule exactly.

        >>> solve("examples/tiny/tiny.yaml")
        <Plan of tiny: optimal, 64.6 points, EUR 72.2 million of the EU budget planned>
    """
    if isinstance(scenario, str | Path):
        scenario = load(scenario)
    if not isinstance(scenario, Scenario):
        raise UsageError(f"solve takes a Scenario or the name of a scenario file, not {type(scenario).__name__}: fundalloc.load makes one")
    options = (options or Options()).begun()
    try:
        return run.solve(scenario, options, progress, evidence=evidence)
    except Infeasible as error:
        if error.conflicts or not (found := diagnose(scenario, most=1, options=options).clashes):
            raise
        raise Infeasible(found[0].members) from None
