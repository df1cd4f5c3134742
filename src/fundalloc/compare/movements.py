"""What must move between two plans, and how far every movement reaches: inside the flexibility clause, to a new decision, or beyond.

Linear programs rarely have one best plan only. Two scenarios settle, each by itself, on one of theirs, so part of what lies
between two plans follows from what differs in the inputs, and part is a choice among equally good plans. What the closest
plan moves is needed; the rest is that choice. Equally good are the plans among which settling chooses: every objective stage
keeps its value to within what it may give up, and the chosen switches stay as they are. The closest plan is found before
rounding, then rounded lawfully like any plan, and never farther away than the scenario's own.

A movement is the change of the money of one instrument for one partnership and area, EU budget and other planned money. Only what
of it must move is classed; where that is not known, the whole change is.

    within the clause    the change is at most min(share x first plan, amount), counted over the clause's years and money,
                         and nothing else of it changes
    beyond transfers     a rise of an instrument that plans more than its usable ceiling in the first scenario and the
                         transfers which that scenario allows to reach it, over the whole period
    new decision         everything else

Share and amount are those of the scenarios' own two-sided `deviation` rule, the second scenario's first; without one, 20 %
and EUR 10 million, as in the flexibility clause of many financing decisions (an assumption).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

from fundalloc.compare.outcome import BUDGET, Outcome, measured_rules, outcome_of
from fundalloc.compare.sides import Side
from fundalloc.errors import FundallocError
from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.lines import Lines
from fundalloc.facts.moves import carry_by_itself
from fundalloc.facts.selection import Pick
from fundalloc.labels import Words
from fundalloc.money import Floats, IntArray
from fundalloc.optimise.stages import closest
from fundalloc.plan.handmade import broken_entries, broken_rules, measure_steps
from fundalloc.plan.plan import Plan
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options
from fundalloc.studies.warm_plans import finish

SAME_SCORE = 1e-9
"""Relative score that is floating-point dust."""
READ, STOPPED, UNROUNDED, WHOLE = UNKNOWN = ("read", "stopped", "unrounded", "whole")
"""Why the closest plan is not known: read, not solved; a limit stopped the search; no lawful rounding; one side alone has actions."""
Amounts = Mapping[LineKey, Fraction]
Key = TypeVar("Key")
WITHIN, DECISION, BEYOND, CHOICE = "within", "decision", "beyond", "choice"
"""The last: nothing of it must move, it lies among equally good plans."""
CLASSES = (WITHIN, DECISION, BEYOND)
SHARE, AMOUNT = Fraction(1, 5), Fraction(10)
"""What counts as flexible when no scenario says so."""


@dataclass(frozen=True)
class Reference:
    """A plan to stay close to, EUR million: what its lines hold, and what is carried over and transferred by key."""

    amounts: Amounts
    moves: Mapping[str, Fraction]

    @classmethod
    def of(cls, outcome: Outcome) -> Reference:
        """Take up a plan; one that was read without its scenario says nothing about moves."""
        return cls(outcome.amounts, _known_moves(outcome) or {})

    def ledger(self, lines: Lines) -> Floats:
        """Return it as the ledger of another scenario; what has no line there is left out."""
        return np.array([float(self.amounts.get(k, 0)) for k in lines.ids] + [float(self.moves.get(k, 0)) for k in lines.moves.keys])


def moved_between(a: Amounts, b: Amounts) -> Fraction:
    """Return the EUR million that sit elsewhere: half the sum of all differences by line."""
    none = Fraction(0)
    return sum((abs(b.get(key, none) - a.get(key, none)) for key in {*a, *b}), none) / 2


def measured_in(scenario: Scenario, outcome: Outcome) -> tuple[Plan, Fraction]:
    """Measure another scenario's plan with the figures of this one, to its nearest steps.

    What it carries over and transfers is as in that plan, or else what follows from its commitments. Also returns the EUR
    million that cannot be taken up so: money without an allocation line here, and parts of a step.
    """
    lines, step = scenario.lines, scenario.facts.step
    steps = _steps(outcome.amounts, lines.ids, step)
    taken = {key: int(n) * step for key, n in zip(lines.ids, steps, strict=True) if n}
    known = _known_moves(outcome)
    moves = carry_by_itself(lines.moves, lines.by_year(steps)) if known is None else _steps(known, lines.moves.keys, step)
    return measure_steps(scenario, np.concatenate([steps, moves])), 2 * moved_between(taken, outcome.amounts)


def _steps(amounts: Mapping[Key, Fraction], keys: Sequence[Key], step: Fraction) -> IntArray:
    return np.array([round(amounts.get(key, Fraction(0)) / step) for key in keys], dtype=np.int64)


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
    if own.whole:
        return WHOLE
    if b.optimum is None or b.inputs is None or own.plan is None:
        return READ
    if b.optimum.equals is None:
        return STOPPED
    scenario = b.inputs.scenario
    lines = scenario.lines
    there, stray = measured_in(scenario, a.outcome)
    if not stray and _as_good(there, own.plan):
        return replace(own, amounts=a.outcome.amounts, plan=there, score=there.score, rules=measured_rules(there, language))
    try:
        values = closest(b.optimum.equals, lines, Reference.of(a.outcome).ledger(lines), options)
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


# -- how far movements reach -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Leeway:
    """How much may change without a new decision."""

    share: Fraction | None
    amount: Fraction | None
    rule: str = ""
    """The rule it was taken from; empty for the assumption."""
    side: str = ""
    """The name of the side whose rule it is."""
    money: tuple[frozenset[str], ...] | None = None
    """What the rule speaks of: ids by dimension; None for all."""

    def said(self, words: Words, glue: str) -> str:
        """Return the limits in words."""
        limits = [words.share(self.share)] if self.share is not None else []
        limits += [words.money(self.amount, 1 if self.amount % 1 else 0)] if self.amount is not None else []
        return glue.join(limits)

    def covers(self, key: LineKey) -> bool:
        """Return whether the clause lets this money change at all."""
        return self.money is None or all(member in ids for member, ids in zip(key, self.money, strict=True))

    def room(self, before: Fraction) -> Fraction:
        """Return how much an amount may change."""
        limits = [self.share * before] if self.share is not None else []
        return min([*limits, self.amount] if self.amount is not None else limits)


@dataclass(frozen=True, slots=True)
class Movement:
    """The change of one instrument's money for one partnership and area, EUR million."""

    instrument: str
    partnership: str
    area: str
    before: Fraction
    after: Fraction
    reach: str
    needed: Fraction | None = None
    """What must move of it; None where that is not known. It may exceed the change, or go the other way."""

    @property
    def change(self) -> Fraction:
        """More or less than before."""
        return self.after - self.before

    @property
    def classed(self) -> Fraction:
        """What the class speaks of: what must move, or all of it where that is not known."""
        return self.change if self.needed is None else self.needed


@dataclass(frozen=True)
class Movements:
    """All movements from one side to another, the largest first."""

    clause: Leeway
    listed: tuple[Movement, ...]

    def sums(self, reach: str) -> tuple[int, Fraction, Fraction]:
        """Return how many movements reach so far, the money that rises and the money that falls."""
        chosen = [m.classed for m in self.listed if m.reach == reach]
        return len(chosen), sum((max(c, Fraction(0)) for c in chosen), Fraction(0)), sum((min(c, Fraction(0)) for c in chosen), Fraction(0))


def class_movements(a: Side, b: Side, near: Outcome | None = None) -> Movements:
    """Class every movement from a to b by what of it must move; `near` is b's equally good plan closest to a's, where it is known."""
    clause, goal = _clause(a, b), near or b.outcome
    over = _over_transfers(a, goal)
    cells: dict[tuple[str, str, str], list[Fraction]] = {}
    for key in dict.fromkeys([*a.outcome.amounts, *b.outcome.amounts, *goal.amounts]):
        before, after, must = (plan.amounts.get(key, Fraction(0)) for plan in (a.outcome, b.outcome, goal))
        sums = cells.setdefault(key[:3], [Fraction(0)] * 6)
        inside = clause.covers(key)
        for k, value in enumerate((before, after, must, before * inside, must * inside, abs(must - before) * (not inside))):
            sums[k] += value
    listed = []
    for cell, (before, after, must, flexible, changed, elsewhere) in cells.items():
        if before == after and before == must:
            continue
        if near and before == must:
            reach = CHOICE
        elif cell[0] in over and must > before:
            reach = BEYOND
        elif elsewhere == 0 and abs(changed - flexible) <= clause.room(flexible):
            reach = WITHIN
        else:
            reach = DECISION
        listed.append(Movement(*cell, before, after, reach, must - before if near else None))
    order = sorted(listed, key=lambda m: (-abs(m.classed), -abs(m.change), m.instrument, m.partnership, m.area))
    return Movements(clause, tuple(order))


def _clause(a: Side, b: Side) -> Leeway:
    for side in (b, a):
        for rule in side.inputs.scenario.written_rules if side.inputs else ():
            if side.inputs and rule.corridor is not None and 0 not in rule.corridor:
                dimensions = side.inputs.scenario.facts.dimensions
                pick = Pick.model_construct(**{name: getattr(rule.money, name) for name in NAMES})
                masks = zip(dimensions, pick.masks(dimensions), strict=True)
                money = tuple(frozenset(member for member in d.ids if mask[d.index(member)]) for d, mask in masks)
                return Leeway(*rule.corridor, rule.id, side.name, money)
    return Leeway(SHARE, AMOUNT)


def _over_transfers(a: Side, b: Outcome) -> set[str]:
    """Return the instruments that plan more than a's ceilings and transfers give."""
    if a.inputs is None:
        return set()
    facts = a.inputs.scenario.facts
    planned = b.totals("instrument", {BUDGET, *b.kinds.values()})
    ids = [i.id for i in facts.instruments]
    most = [int(usable) for usable in facts.ceilings.usable_over()]
    limited = [i.planned and usable != NO_LIMIT for i, usable in zip(facts.instruments, most, strict=True)]
    for k, transfer in enumerate(facts.transfers):
        most[ids.index(transfer.taking)] += facts.transfer_limit(k)
    over = {name for k, name in enumerate(ids) if limited[k] and planned.get(name, 0) > most[k] * facts.step}
    return over | {name for name, amount in planned.items() if name not in ids and b.kinds.get(name) == BUDGET and amount}
