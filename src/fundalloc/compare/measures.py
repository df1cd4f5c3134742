"""What two plans are measured by: rules that hold in one and not in the other, and whether their scores measure the same.

A rule that only one scenario has is measured on both plans; the first plan is scored by the figures of the second scenario too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from fundalloc.compare.movements import SAME_SCORE, measured_in
from fundalloc.compare.outcome import NOT_ASKED, Demand, Measured, Outcome, measured_rules
from fundalloc.compare.sides import Side
from fundalloc.facts.facts import Facts
from fundalloc.facts.fields import told_fields
from fundalloc.money import Exact
from fundalloc.plan.handmade import broken_rules
from fundalloc.scenario.scenario import Scenario

UNKNOWN = "unknown"
Figures = Mapping[object, object]


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One demand whose status differs."""

    demand: Demand
    says: str
    before: Measured | None
    """As measured on the first plan; None where it cannot be."""
    after: Measured | None
    asked_before: bool
    """Whether the first scenario has the rule."""
    asked_after: bool
    needed: bool | None = None
    """Whether it crosses in the closest equally good plan too; None where that is not known."""

    @property
    def crossed(self) -> bool:
        """Whether the demand holds in one plan and not in the other, as far as both are known."""
        known = [m.kept for m in (self.before, self.after) if m]
        return known == [False] or len(set(known)) == 2

    @property
    def better(self) -> bool:
        """Whether the demand holds in the second plan."""
        return self.after is not None and self.after.kept

    @property
    def statuses(self) -> tuple[str, str]:
        """The two status words; `not asked` where the scenario does not have the rule."""
        before = self.before.status if self.before and self.asked_before else NOT_ASKED
        return before, self.after.status if self.after and self.asked_after else NOT_ASKED

    @property
    def weight(self) -> float:
        """EUR million by which the demand is missed, in the plan that misses it more."""
        return max((-(m.headroom or 0.0) for m in (self.before, self.after) if m), default=0.0)


def changed_rules(a: Side, b: Side, near: Outcome | None = None, language: str = "en") -> Sequence[RuleChange] | None:
    """Return the demands whose status differs, the weightiest first; None when a side says nothing about rules.

    `near` is b's equally good plan closest to a's: what crosses in b's own plan only is a choice among equally good ones.
    """
    if a.outcome.rules is None or b.outcome.rules is None:
        return None
    if near:
        there = changed_rules(a, replace(b, outcome=near), language=language) or ()
        must = {change.demand: change.better for change in there if change.crossed}
        own = changed_rules(a, b, language=language) or []
        return sorted((replace(c, needed=must.get(c.demand) == c.better) if c.crossed else c for c in own), key=lambda c: c.needed is False)
    first, second = a.outcome.by_demand, b.outcome.by_demand
    on_a = _measured_on(b, a, language) if second.keys() - first.keys() else {}
    on_b = _measured_on(a, b, language) if first.keys() - second.keys() else {}
    found = []
    for demand, told in {**first, **second}.items():
        before, after = first.get(demand, on_a.get(demand)), second.get(demand, on_b.get(demand))
        found.append(RuleChange(demand, told.says, before, after, demand in first, demand in second))
    return sorted((c for c in found if c.statuses[0] != c.statuses[1]), key=lambda c: (not c.crossed, -c.weight, c.demand))


def _measured_on(rules_of: Side, plan_of: Side, language: str) -> dict[Demand, Measured]:
    if rules_of.inputs is None:
        return {}
    plan, _ = measured_in(rules_of.inputs.scenario, plan_of.outcome)
    return {rule.demand: rule for rule in measured_rules(plan, language)}


@dataclass(frozen=True)
class Scores:
    """Two scores, and whether they may stand side by side."""

    before: float | None
    after: float | None
    differ: tuple[str, ...]
    """Why they may not: yardsticks, each a text of the catalogue, or UNKNOWN; empty when they measure the same."""
    measured: float | None = None
    """What the first plan scores by the figures of the second scenario; None where that is not known."""
    stray: Fraction = Fraction(0)
    """EUR million of the first plan that could not be counted: no allocation line there, or no whole step."""
    broken: int = 0
    """Demands of hard rules of the second scenario that the first plan breaks."""

    @property
    def comparable(self) -> bool:
        """Whether both are known and measure the same."""
        return not self.differ and self.before is not None and self.after is not None


def compare_scores(a: Side, b: Side) -> Scores:
    """Compare what two scores measure with, and measure the first plan by the figures of the second scenario."""
    before, after = a.outcome.score, b.outcome.score
    if b.inputs is None:
        same = a.outcome.digest != "" and a.outcome.digest == b.outcome.digest and None not in (before, after)
        return Scores(before, after, () if same else (UNKNOWN,))
    plan, stray = measured_in(b.inputs.scenario, a.outcome)
    if a.inputs is None:
        differ: tuple[str, ...] = (UNKNOWN,)
    else:
        first, second = a.inputs.scenario, b.inputs.scenario
        differ = _differing(first, second)
        if not (differ or stray or a.outcome.plan is None) and not _same(plan.score, a.outcome.plan.score):
            differ = ("penalties",)  # nothing else is left: a soft rule that counts from other money, or another baseline
    return Scores(before, after, differ, plan.score, stray, len(broken_rules(plan)))


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= SAME_SCORE * max(1.0, abs(a), abs(b))


def by_pair(facts: Facts, column: str) -> dict[tuple[str, str], Fraction]:
    """Return `need` or `priority` by partnership and area."""
    exact: Exact = getattr(facts.needs, column)
    partnerships, areas = facts.dimensions.partnership.ids, facts.dimensions.area.ids
    cells = zip(facts.needs.partnership, facts.needs.area, exact.numerator, strict=True)
    return {(partnerships[p], areas[a]): Fraction(int(n), exact.denominator) for p, a, n in cells}


def _needed(scenario: Scenario, column: str) -> Figures:
    """Return the figures of the pairs that need anything."""
    needs = by_pair(scenario.facts, "need")
    return {key: value for key, value in by_pair(scenario.facts, column).items() if needs[key]}


def _effectiveness(scenario: Scenario) -> Figures:
    """Return what a euro of an instrument meets in an area, where it may be spent there."""
    facts = scenario.facts
    instruments, areas, grid = facts.dimensions.instrument.ids, facts.dimensions.area.ids, facts.effectiveness
    return {(instruments[i], areas[a]): Fraction(int(grid.numerator[i, a]), grid.denominator) for i, a in np.argwhere(facts.eligible)}


def _penalties(scenario: Scenario) -> Figures:
    soft = (rule for rule in scenario.written_rules if rule.soft is not None and not rule.watch)
    return {r.id: (r.kind, [getattr(r, name) for name in type(r).model_fields if name not in told_fields(type(r))]) for r in soft}


def _yardsticks(scenario: Scenario) -> dict[str, Figures]:
    facts = scenario.facts
    return {
        "needs": _needed(scenario, "need"),
        "priorities": _needed(scenario, "priority"),
        "effectiveness": _effectiveness(scenario),
        "steps": {area.id: bands for area, bands in zip(facts.areas, facts.returns, strict=True)},
        "penalties": _penalties(scenario),
        "last_resort": {i.id: i.last_resort for i in facts.instruments},
    }


def _differing(first: Scenario, second: Scenario) -> tuple[str, ...]:
    """Return the yardsticks that differ: needs and penalties as a whole, the others where both scenarios have them."""
    found, others = [], _yardsticks(second)
    for word, a in _yardsticks(first).items():
        b = others[word]
        keys = a.keys() | b.keys() if word in ("needs", "penalties") else a.keys() & b.keys()
        if any(a.get(key) != b.get(key) for key in keys):
            found.append(word)
    return tuple(found)
