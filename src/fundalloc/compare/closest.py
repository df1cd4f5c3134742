"""What must move: of a scenario's equally good plans, the one closest to the first plan.

Linear programs rarely have one best plan only. Two scenarios settle, each by itself, on one of theirs, so part of what lies
between two plans follows from what differs in the inputs, and part is a choice among equally good plans. What the closest
plan moves is needed; the rest is that choice. Equally good are the plans among which settling chooses: every objective stage
keeps its value to within what it may give up, and the chosen switches stay as they are. The closest plan is found before
rounding, then rounded lawfully like any plan, and never farther away than the scenario's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from fundalloc.compare.outcome import Outcome, outcome_of
from fundalloc.compare.sides import Side
from fundalloc.errors import FundallocError
from fundalloc.facts.lines import Lines
from fundalloc.facts.moves import carry_by_itself
from fundalloc.optimise.stages import closest
from fundalloc.plan.handmade import broken_entries, broken_rules, measure_steps
from fundalloc.plan.plan import Plan
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options
from fundalloc.studies.warm_plans import finish

SAME_SCORE = 1e-9
"""Relative score that is floating-point dust."""
READ, STOPPED, UNROUNDED = UNKNOWN = ("read", "stopped", "unrounded")
"""Why the closest plan is not known: the plan was read and not solved, a limit stopped the search, it has no lawful rounding."""
Amounts = Mapping[LineKey, Fraction]


@dataclass(frozen=True)
class Reference:
    """A plan to stay close to, EUR million: what its lines hold, and what is carried over and transferred by key."""

    amounts: Amounts
    moves: Mapping[str, Fraction]

    @classmethod
    def of(cls, outcome: Outcome) -> Reference:
        """Take up a plan; one that was read without its scenario says nothing about moves."""
        return cls(outcome.amounts, _known_moves(outcome) or {})

    def ledger(self, lines: Lines) -> NDArray[np.float64]:
        """Return it as the ledger of another scenario; what has no line there is left out."""
        amounts = [*(self.amounts.get(key, 0) for key in lines.ids), *(self.moves.get(key, 0) for key in lines.moves.keys)]
        return np.array([float(amount) for amount in amounts])


def moved_between(a: Amounts, b: Amounts) -> Fraction:
    """Return the EUR million that sit elsewhere: half the sum of all differences by line."""
    none = Fraction(0)
    return sum((abs(b.get(key, none) - a.get(key, none)) for key in {*a, *b}), none) / 2


def measured_in(scenario: Scenario, outcome: Outcome) -> tuple[Plan, Fraction]:
    """Measure another scenario's plan with the figures of this one, to its nearest steps.

    Also returns the EUR million that cannot be taken up so: money without an allocation line here, and parts of a step.
    """
    lines, step = scenario.lines, scenario.facts.step
    steps = np.array([round(outcome.amounts.get(key, Fraction(0)) / step) for key in lines.ids], dtype=np.int64)
    taken = {key: int(n) * step for key, n in zip(lines.ids, steps, strict=True) if n}
    return measure_steps(scenario, np.concatenate([steps, _moves(scenario, outcome, steps)])), 2 * moved_between(taken, outcome.amounts)


def _moves(scenario: Scenario, outcome: Outcome, steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what is carried over and transferred: as that plan does it, or else what follows from its commitments."""
    lines, facts = scenario.lines, scenario.facts
    known = _known_moves(outcome)
    if known is not None:
        return np.array([round(known.get(key, Fraction(0)) / facts.step) for key in lines.moves.keys], dtype=np.int64)
    return carry_by_itself(lines.moves, lines.by_year(steps))


def _known_moves(outcome: Outcome) -> dict[str, Fraction] | None:
    plan = outcome.plan
    if plan is None or len(plan.moves) != len(plan.scenario.lines.moves):
        return None
    return {key: int(n) * plan.scenario.facts.step for key, n in zip(plan.scenario.lines.moves.keys, plan.moves, strict=True)}


def closest_to(a: Side, b: Side, options: Options, language: str) -> Outcome | str:
    """Return the plan of b closest to a's among b's equally good ones; one of UNKNOWN when it cannot be known."""
    own = b.outcome
    if not moved_between(a.outcome.amounts, own.amounts):
        return own
    if b.optimum is None or b.inputs is None or own.plan is None:
        return READ
    if b.optimum.equals is None:
        return STOPPED
    scenario = b.inputs.scenario
    there, stray = measured_in(scenario, a.outcome)
    if not stray and _as_good(there, own.plan):
        return replace(own, amounts=a.outcome.amounts, plan=there, score=there.score, rules=outcome_of(there, language).rules)
    try:
        values = closest(b.optimum.equals, scenario.lines, Reference.of(a.outcome).ledger(scenario.lines), options)
        if values is None:
            return STOPPED
        near = outcome_of(finish(scenario, b.optimum.chosen, values, options), language, status=own.status)
    except FundallocError:
        return UNROUNDED
    return min((near, own), key=lambda plan: moved_between(a.outcome.amounts, plan.amounts))


def _as_good(plan: Plan, best: Plan) -> bool:
    """Return whether a plan keeps every hard rule and all decided money, and scores no less than the best; later stages are not asked."""
    if len(plan.scenario.head.objective) > 1 or broken_rules(plan) or broken_entries(plan):
        return False
    return plan.score >= best.score - SAME_SCORE * abs(best.score)
