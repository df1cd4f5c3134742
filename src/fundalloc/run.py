"""The whole corridor in one short function: scenario → program → solution → whole steps → verified plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from fractions import Fraction
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import Infeasible, SolverFailed
from fundalloc.facts.lines import Lines
from fundalloc.model.compile import compile_program
from fundalloc.model.health import numerical_troubles
from fundalloc.model.linear_program import LinearProgram
from fundalloc.model.settling import proportional_plan
from fundalloc.model.stages import reduced_costs
from fundalloc.plan.certificate import certify
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.rounding import round_plan
from fundalloc.plan.verify import Finding, verify
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Status
from fundalloc.solvers.stages import Wishes, optimise

Progress = Callable[[str], AbstractContextManager[object]]


def solve(scenario: Scenario, options: Options | None = None, progress: Progress | None = None) -> Plan:
    """Compute the plan of a scenario.

    Raises Infeasible (conflicts empty: `insight.diagnose` finds them), SolverFailed, NotRoundable or NotVerified; a plan
    that is returned keeps every hard rule exactly.
    """
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
        version=version("fundalloc"),
        digest=scenario.digest,
        bound=first.bound,
        switches=0 if program.integer is None else int(program.integer.sum()),
        settled=optimum.settled,
    )
    plan = Plan(
        scenario,
        rounded.steps[: len(lines)],
        tuple(findings),
        price_findings(program, optimum.prices, findings) + carried_prices(program, optimum.prices, findings, lines),
        log,
        rounded.steps[len(lines) :],
    )
    with progress("Certifying"):
        return replace(plan, certificate=certify(program, optimum.proof, lines, plan.score))


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


def price_findings(program: LinearProgram, row_prices: NDArray[np.float64], findings: list[Finding]) -> NDArray[np.float64]:
    """Return the shadow price of every finding; NaN for watched rules and for rows that nothing can influence."""
    blocks = {block.owner: block for block in program.blocks if block.rule is not None}
    prices, position = np.full(len(findings), np.nan), 0
    while position < len(findings):
        rule = findings[position].rule
        block = blocks.get(rule.id)
        count = len(block.demands or ()) if block else sum(1 for f in findings if f.rule is rule)
        if block is not None:
            prices[position : position + count] = np.where(block.relaxed, np.nan, row_prices[block.rows])
        position += count
    return prices


def carried_prices(program: LinearProgram, row_prices: NDArray[np.float64], findings: list[Finding], lines: Lines) -> NDArray[np.float64]:
    """Return what each finding's ceiling earns besides its row: a larger ceiling also lets more be carried into the next year."""
    extra, moves, facts = np.zeros(len(findings)), lines.moves, lines.facts
    earns = np.maximum(reduced_costs(program, row_prices)[len(lines) : len(lines) + len(moves)], 0.0)
    bounded = np.isfinite(program.upper[len(lines) : len(lines) + len(moves)])
    carried: dict[tuple[str, ...], float] = {}
    for k in moves.carries[bounded[moves.carries]]:
        instrument = facts.instruments[moves.source[k]]
        if instrument.carry_over is not None:
            carried[instrument.id, str(facts.years[moves.year[k]])] = float(instrument.carry_over.share) * earns[k]
    for position, finding in enumerate(findings):
        if carried and finding.rule.kind == "ceiling":
            extra[position] = carried.get(finding.member, 0.0)
    return extra
