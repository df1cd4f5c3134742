"""A plan that was made by hand, or read back from a file: measured as it stands, without a linear program or a solver."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fundalloc.errors import Problem, Problems
from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.lines import Lines, refusal
from fundalloc.facts.moves import carry_by_itself
from fundalloc.money import IntArray, plain
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.verify import BREACH, Finding, measure_rules
from fundalloc.scenario.plans.amounts import LineKey, PlanAmounts
from fundalloc.scenario.scenario import Scenario
from fundalloc.versions import VERSION

HAND_MADE = "hand-made"
"""The status of a plan that nobody optimised."""


@dataclass(frozen=True)
class BrokenEntry:
    """A line whose amount is not what was decided, or a move that is not allowed. Amounts are exact, in EUR million."""

    key: str
    amount: Fraction
    must: str
    """What it must be: at least (committed), exactly (fixed), or at most (a move)."""
    limit: Fraction

    def __str__(self) -> str:
        because = "may be moved" if self.must == "at most" else "is decided"
        return f"{self.key}: {plain(self.amount)}, but {self.must} {plain(self.limit)} {because}"


def measure_plan(scenario: Scenario, amounts: PlanAmounts) -> Plan:
    """Measure every rule on a plan read from a file; broken rules are findings, not errors.

    Raises ScenarioError for amounts that no plan can have: negative ones, parts of a rounding step, money without a line.
    """
    steps, problems = ledger_of(scenario, amounts)
    problems.tell()
    return measure_steps(scenario, steps)


def measure_steps(scenario: Scenario, steps: IntArray) -> Plan:
    """Measure every rule on a ledger of whole steps: the lines, then the moves."""
    findings = tuple(measure_rules(scenario, steps))
    log = RunLog(
        solver="",
        method="",
        status=HAND_MADE,
        program_score=float("nan"),
        iterations=0,
        rows=0,
        columns=0,
        terms=0,
        rounded_lines=0,
        largest_move=0.0,
        version=VERSION,
        digest=scenario.digest,
    )
    count = len(scenario.lines)
    return Plan(scenario, steps[:count], findings, np.full(len(findings), np.nan), log, steps[count:])


def ledger_of(scenario: Scenario, amounts: PlanAmounts) -> tuple[IntArray, Problems]:
    """Turn amounts into whole steps per line and move, and say what cannot be one (it is left out or cut down)."""
    lines, step = scenario.lines, scenario.facts.step
    euros, stray = amounts.by_line(lines)
    problems = Problems(Problem(amounts.place(key, "instrument"), *_no_line(scenario, key, amount)) for key, amount in stray.items())
    for key, euro in zip(lines.ids, euros, strict=True):
        if euro < 0:
            message = f"'{'|'.join(key)}' has {plain(euro)}, a negative amount"
            problems.add(amounts.place(key), message, "write zero or more")
        elif euro % step:
            message = f"'{'|'.join(key)}' has {plain(euro)}, which is not a whole multiple of round_to {plain(step)}"
            problems.add(amounts.place(key), message, f"write {plain(euro // step * step)} or {plain((euro // step + 1) * step)}")
    steps = np.array([int(euro // step) for euro in euros], dtype=np.int64)
    return np.concatenate([steps, _moves(lines, steps, amounts, problems)]), problems


def _moves(lines: Lines, steps: IntArray, amounts: PlanAmounts, problems: Problems) -> IntArray:
    """Return the moves as stated, or, when nothing is said about them, the carry-overs that follow from the commitments."""
    facts, moves = lines.facts, lines.moves
    if amounts.moves is None:
        return carry_by_itself(moves, lines.by_year(steps))
    place = amounts.table.place(-1, 0)
    for key, euro in amounts.moves.items():
        if euro and key not in moves.keys:
            problems.add(place, f"'{key}' has {plain(euro)}, but nothing may be moved there")
        elif euro % facts.step:
            problems.add(place, f"'{key}' has {plain(euro)}, which is not a whole multiple of round_to {plain(facts.step)}")
    return np.array([int(amounts.moves.get(key, Fraction(0)) // facts.step) for key in moves.keys], dtype=np.int64)


def _no_line(scenario: Scenario, key: LineKey, amount: Fraction) -> tuple[str, str]:
    """Say that money stands where the scenario has no line, and why it has none."""
    dimensions = scenario.facts.dimensions
    message = f"'{'|'.join(key)}' has {plain(amount)}, but is no allocation line"
    if any(member not in dimensions[name].ids for name, member in zip(NAMES, key, strict=True)):
        return message, "the scenario does not know all of these ids"
    position = [dimensions[name].index(member) for name, member in zip(NAMES, key, strict=True)]
    return message, refusal(scenario.facts, (position[0], position[1], position[2], position[3])) or ""


def broken_entries(plan: Plan) -> list[BrokenEntry]:
    """Return the lines whose amounts are not what was decided, and the moves beyond what may be moved."""
    lines, step = plan.scenario.lines, plan.scenario.facts.step
    keys, allowed = lines.moves.keys, lines.moves.upper
    wrong = np.flatnonzero((plan.steps < lines.decided) | (lines.fixed & (plan.steps != lines.decided)))
    moved = np.flatnonzero((plan.moves < 0) | (plan.moves > allowed))
    return [
        *(
            BrokenEntry(lines.keys[k], int(plan.steps[k]) * step, "exactly" if lines.fixed[k] else "at least", int(lines.decided[k]) * step)
            for k in wrong
        ),
        *(BrokenEntry(keys[k], int(plan.moves[k]) * step, "at most", int(allowed[k]) * step) for k in moved),
    ]


def broken_rules(plan: Plan) -> list[Finding]:
    """Return the demands of hard rules that the plan breaks."""
    return [finding for finding in plan.findings if finding.status == BREACH]
