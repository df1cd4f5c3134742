"""The whole corridor in one short function: scenario → program → solution → whole steps → verified plan."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from fundalloc.errors import counted, sized
from fundalloc.optimise.rounding import round_plan
from fundalloc.optimise.stages import Optimum, Progress, find_optimum
from fundalloc.plan.certificate import certify
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.prices import find_evidence, price_findings
from fundalloc.plan.verify import verify
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options
from fundalloc.versions import VERSION

Wanted = Literal["", "dearest", "all"]
"""How much evidence: none, the ten demands with the largest duals, or every demand and the firmness of partnerships."""


def solve(scenario: Scenario, options: Options | None = None, progress: Progress | None = None, *, evidence: Wanted = "") -> Plan:
    """Compute the plan of a scenario, and find `evidence` beside it by solving again: of the dearest demands, or of all (`find_evidence`).

    Raises Infeasible (conflicts empty: `insight.diagnose` finds them), SolverFailed, NotRoundable or NotVerified; a plan
    that is returned keeps every hard rule exactly.
    """
    options = (options or Options()).begun()
    plan, optimum = solve_open(scenario, options, progress)
    if not evidence:
        return plan
    with (progress or (lambda _: nullcontext()))("Prices"):
        given = plan.prices, plan.findings, plan.scenario.lines, plan.amounts, options
        return replace(plan, evidence=find_evidence(optimum, *given, everything=evidence == "all"))


def solve_open(scenario: Scenario, options: Options | None = None, progress: Progress | None = None) -> tuple[Plan, Optimum]:
    """Compute the plan of a scenario like `solve`; also return what the program came to, to ask for other plans as good."""
    options, progress = (options or Options()).begun(), progress or (lambda _: nullcontext())
    scenario = with_baseline(scenario, options, progress)
    lines = scenario.lines
    optimum = find_optimum(scenario, options, progress=progress)
    program, first = optimum.program, optimum.first
    with progress("Rounding"), sized(lambda: f"rounding {counted(len(lines), 'lines')}"):
        rounded = round_plan(program, replace(first, values=optimum.values), lines, options)
    with progress("Verifying"):
        findings = verify(scenario, rounded.steps)
    log = RunLog(
        solver=first.solver,
        method=first.method,
        status=str(first.status),
        program_score=first.objective,
        iterations=first.iterations,
        **program.sizes,
        rounded_lines=rounded.moved,
        largest_move=rounded.largest_move,
        version=VERSION,
        digest=scenario.digest,
        bound=first.bound,
        settled=optimum.settled,
        settled_score=program.score(optimum.values),
        stages_left=optimum.stages_left,
        tables=scenario.passports,
    )
    plan = Plan(
        scenario,
        rounded.steps[: len(lines)],
        tuple(findings),
        price_findings(program, optimum.prices, findings),
        log,
        rounded.steps[len(lines) :],
        solution=optimum.values[: program.shape[1]],
    )
    with progress("Certifying"):
        return replace(plan, certificate=certify(program, optimum.proof, lines, plan.score)), optimum


def with_baseline(scenario: Scenario, options: Options | None = None, progress: Progress | None = None) -> Scenario:
    """Return the scenario with its baseline plan; a baseline that is a scenario is solved first."""
    if scenario.baseline is None:
        return scenario
    within, amounts = scenario.baseline.facts.dimensions.area.within, plan_amounts(solve(scenario.baseline, options, progress))
    return replace(scenario.starting_from(scenario.facts.dimensions.known(amounts, within)), baseline=None)


def plan_amounts(plan: Plan) -> dict[tuple[str, str, str, str], Fraction]:
    """Return the amounts of a plan in EUR million by the four ids, lines without money left out."""
    step = plan.scenario.facts.step
    return {ids: int(steps) * step for ids, steps in zip(plan.scenario.lines.ids, plan.steps, strict=True) if steps}
