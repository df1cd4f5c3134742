"""The whole corridor in one short function: scenario → program → solution → whole steps → verified plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from fractions import Fraction

from fundalloc.errors import Infeasible, SolverFailed
from fundalloc.model.compile import compile_program
from fundalloc.model.health import numerical_troubles
from fundalloc.optimise.rounding import round_plan
from fundalloc.optimise.settling import proportional_plan
from fundalloc.optimise.stages import Optimum, Wishes, optimise
from fundalloc.plan.certificate import certify
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.prices import dearest_demands, price_findings
from fundalloc.plan.verify import verify
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Status
from fundalloc.versions import VERSION

Progress = Callable[[str], AbstractContextManager[object]]


def solve(scenario: Scenario, options: Options | None = None, progress: Progress | None = None, *, dearest: bool = False) -> Plan:
    """Compute the plan of a scenario; with `dearest` also which demands are dearest, by a few more solves.

    Raises Infeasible (conflicts empty: `insight.diagnose` finds them), SolverFailed, NotRoundable or NotVerified; a plan
    that is returned keeps every hard rule exactly.
    """
    options = options or Options()
    plan, optimum = solve_open(scenario, options, progress)
    if not dearest:
        return plan
    return replace(plan, dearest=dearest_demands(optimum.chosen, plan.prices, plan.findings, plan.scenario.lines, options))


def solve_open(scenario: Scenario, options: Options | None = None, progress: Progress | None = None) -> tuple[Plan, Optimum]:
    """Compute the plan of a scenario like `solve`; also return what the program came to, to ask for other plans as good."""
    options, progress = options or Options(), progress or (lambda _: nullcontext())
    scenario = with_baseline(scenario, options, progress)
    lines = scenario.lines
    with progress("Compiling"):
        program = compile_program(scenario)
    with progress("Solving"):
        optimum = optimise(program, lines, wishes(scenario), options)
    first = optimum.first
    if first.status is Status.INFEASIBLE:
        raise Infeasible([])
    if not first.usable:
        troubles = "".join(f"\n  {trouble}" for trouble in numerical_troubles(program))
        raise SolverFailed(first.status, f"The solver stopped: {first.status} ({first.message or first.solver}).{troubles}")
    with progress("Rounding"):
        rounded = round_plan(program, replace(first, values=optimum.values), lines, options)
    with progress("Verifying"):
        findings = verify(scenario, rounded.steps)
    log = RunLog(
        solver=first.solver,
        method=first.method,
        status=str(first.status),
        program_score=first.objective,
        iterations=first.iterations,
        rows=program.shape[0],
        columns=program.shape[1],
        terms=program.terms,
        rounded_lines=rounded.moved,
        largest_move=rounded.largest_move,
        version=VERSION,
        digest=scenario.digest,
        bound=first.bound,
        switches=0 if program.integer is None else int(program.integer.sum()),
        settled=optimum.settled,
        settled_score=float(program.cost @ optimum.values[: program.shape[1]]),
        stages_left=optimum.stages_left,
    )
    plan = Plan(
        scenario,
        rounded.steps[: len(lines)],
        tuple(findings),
        price_findings(program, optimum.prices, findings, lines),
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
    amounts = plan_amounts(solve(scenario.baseline, options, progress))
    return replace(scenario.starting_from(amounts), baseline=None)


def plan_amounts(plan: Plan) -> dict[tuple[str, str, str, str], Fraction]:
    """Return the amounts of a plan in EUR million by the four ids, lines without money left out."""
    step = plan.scenario.facts.step
    return {ids: int(steps) * step for ids, steps in zip(plan.scenario.lines.ids, plan.steps, strict=True) if steps}


def wishes(scenario: Scenario) -> Wishes:
    """Return what the scenario wants: its stages, and the plan to settle close to."""
    lines = scenario.lines
    baseline = None if scenario.facts.baseline is None else lines.baseline.values
    settle = scenario.head.settle
    reference = proportional_plan(lines) if baseline is None else baseline
    return Wishes(scenario.head.objective, float(settle.stay_close), reference, baseline)
