"""Whether two scores measure the same, and what the first plan scores by the figures of the second scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fundalloc.compare.closest import SAME_SCORE, measured_in
from fundalloc.compare.partial_changes import by_pair
from fundalloc.compare.sides import Side
from fundalloc.facts.fields import told_fields
from fundalloc.plan.handmade import broken_rules
from fundalloc.scenario.scenario import Scenario

UNKNOWN = "unknown"
Figures = Mapping[object, object]


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
