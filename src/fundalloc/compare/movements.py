"""How far every movement reaches: inside the flexibility clause, to a new decision, or beyond what may be transferred.

A movement is the change of the money of one instrument for one partnership and area, EU budget and other planned money.
What of it must move is what the equally good plan closest to the first one changes there (`closest`); only that is classed.
Where it is not known, the whole change is.

    within the clause    the change is at most min(share x first plan, amount), counted over the clause's years and money,
                         and nothing else of it changes
    beyond transfers     a rise of an instrument that plans more than its usable ceiling in the first scenario and the
                         transfers which that scenario allows to reach it, over the whole period
    new decision         everything else

Share and amount are those of the scenarios' own two-sided `deviation` rule, the second scenario's first; without one, 20 %
and EUR 10 million, as in the flexibility clause of many financing decisions (an assumption).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from fundalloc.compare.outcome import BUDGET, Outcome
from fundalloc.compare.sides import Side
from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.selection import Pick
from fundalloc.labels import Words
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.scenario import Scenario

WITHIN, DECISION, BEYOND, CHOICE = "within", "decision", "beyond", "choice"
"""The last: nothing of it must move, it lies among equally good plans."""
CLASSES = (WITHIN, DECISION, BEYOND)
SHARE, AMOUNT = Fraction(1, 5), Fraction(10)
"""What counts as flexible when no scenario says so."""


@dataclass(frozen=True)
class Clause:
    """How much may change without a new decision."""

    share: Fraction | None
    amount: Fraction | None
    rule: str = ""
    """The rule it was taken from; empty for the assumption."""
    side: str = ""
    """The name of the side whose rule it is."""
    scenario: Scenario | None = None
    pick: Pick | None = None
    """The money that the rule speaks of; None for all."""

    def said(self, words: Words, glue: str) -> str:
        """Return the limits in words."""
        limits = [words.share(self.share)] if self.share is not None else []
        limits += [words.money(self.amount, 1 if self.amount % 1 else 0)] if self.amount is not None else []
        return glue.join(limits)

    def covers(self, key: LineKey) -> bool:
        """Return whether the clause lets this money change at all."""
        if self.pick is None or self.scenario is None:
            return True
        dimensions = self.scenario.facts.dimensions
        masks = zip(self.pick.masks(dimensions), dimensions, key, strict=True)
        return all(member in d.ids and bool(mask[d.index(member)]) for mask, d, member in masks)

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

    clause: Clause
    listed: tuple[Movement, ...]

    def sums(self, reach: str) -> tuple[int, Fraction, Fraction]:
        """Return how many movements reach so far, the money that rises and the money that falls."""
        chosen = [m.classed for m in self.listed if m.reach == reach]
        return len(chosen), sum((max(c, Fraction(0)) for c in chosen), Fraction(0)), sum((min(c, Fraction(0)) for c in chosen), Fraction(0))


def class_movements(a: Side, b: Side, closest: Outcome | str = "") -> Movements:
    """Class every movement from a to b by what of it must move; `closest` is b's equally good plan closest to a's."""
    clause = _clause(a, b)
    known = not isinstance(closest, str)
    goal = b.outcome if isinstance(closest, str) else closest
    over = _over_transfers(a, goal)
    cells: dict[tuple[str, str, str], list[Fraction]] = {}
    for key in dict.fromkeys([*a.outcome.amounts, *b.outcome.amounts, *goal.amounts]):
        before, after, near = (plan.amounts.get(key, Fraction(0)) for plan in (a.outcome, b.outcome, goal))
        sums = cells.setdefault(key[:3], [Fraction(0)] * 6)
        inside = clause.covers(key)
        for k, value in enumerate((before, after, near, before * inside, near * inside, abs(near - before) * (not inside))):
            sums[k] += value
    listed = []
    for cell, (before, after, near, flexible, changed, elsewhere) in cells.items():
        if before == after and before == near:
            continue
        if known and before == near:
            reach = CHOICE
        elif cell[0] in over and near > before:
            reach = BEYOND
        elif elsewhere == 0 and abs(changed - flexible) <= clause.room(flexible):
            reach = WITHIN
        else:
            reach = DECISION
        listed.append(Movement(*cell, before, after, reach, near - before if known else None))
    order = sorted(listed, key=lambda m: (-abs(m.classed), -abs(m.change), m.instrument, m.partnership, m.area))
    return Movements(clause, tuple(order))


def _clause(a: Side, b: Side) -> Clause:
    for side in (b, a):
        scenario = side.inputs.scenario if side.inputs else None
        for rule in scenario.written_rules if scenario else ():
            if rule.corridor is not None and 0 not in rule.corridor:
                pick = Pick.model_construct(**{name: getattr(rule.money, name) for name in NAMES})
                return Clause(*rule.corridor, rule.id, side.name, scenario, pick)
    return Clause(SHARE, AMOUNT)


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
