"""How far every movement reaches: inside the flexibility clause, to a new decision, or beyond what may be transferred.

A movement is the change of the money of one instrument for one partnership and area, EU budget and other planned money.

    within the clause    the change is at most min(share x first plan, amount), counted over the clause's years and money,
                         and nothing else of it changes
    beyond transfers     a rise of an instrument that plans more than its usable ceiling in the first scenario and the
                         transfers which that scenario allows to reach it, over the whole period
    new decision         everything else

Share and amount are those of the scenarios' own two-sided `deviation` rule, the second scenario's first; without one, 20 %
and EUR 10 million, as in the flexibility clause of many financing decisions (an assumption).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from fundalloc.compare.sides import Side
from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.selection import Pick
from fundalloc.rules.deviation import Deviation
from fundalloc.scenario.plans import LineKey
from fundalloc.scenario.scenario import Scenario

WITHIN, DECISION, BEYOND = "within", "decision", "beyond"
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

    def covers(self, key: LineKey) -> bool:
        """Return whether the clause lets this money change at all."""
        if self.pick is None or self.scenario is None:
            return True
        dimensions = self.scenario.facts.dimensions
        masks = self.pick.masks(dimensions)
        known = all(member in d.ids for member, d in zip(key, dimensions, strict=True))
        return known and all(bool(mask[d.index(member)]) for mask, d, member in zip(masks, dimensions, key, strict=True))

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

    @property
    def change(self) -> Fraction:
        """More or less than before."""
        return self.after - self.before


@dataclass(frozen=True)
class Movements:
    """All movements from one side to another, the largest first."""

    a: str
    b: str
    clause: Clause
    listed: tuple[Movement, ...]
    transfers_known: bool
    """Whether the first side's ceilings and transfers are known."""

    def sums(self, reach: str) -> tuple[int, Fraction, Fraction]:
        """Return how many movements reach so far, the money that rises and the money that falls."""
        chosen = [m for m in self.listed if m.reach == reach]
        up = sum((m.change for m in chosen if m.change > 0), Fraction(0))
        return len(chosen), up, sum((m.change for m in chosen if m.change < 0), Fraction(0))


def class_movements(a: Side, b: Side) -> Movements:
    """Class every movement from a to b."""
    clause = _clause(a, b)
    over = _over_transfers(a, b)
    cells: dict[tuple[str, str, str], list[Fraction]] = {}
    for key in dict.fromkeys([*a.outcome.amounts, *b.outcome.amounts]):
        before, after = (side.outcome.amounts.get(key, Fraction(0)) for side in (a, b))
        sums = cells.setdefault(key[:3], [Fraction(0)] * 5)
        inside = clause.covers(key)
        for k, value in enumerate((before, after, before * inside, after * inside, abs(after - before) * (not inside))):
            sums[k] += value
    listed = []
    for cell, (before, after, flexible, changed, elsewhere) in cells.items():
        if before == after and changed == flexible:
            continue
        if cell[0] in over and after > before:
            reach = BEYOND
        elif elsewhere == 0 and abs(changed - flexible) <= clause.room(flexible):
            reach = WITHIN
        else:
            reach = DECISION
        listed.append(Movement(*cell, before, after, reach))
    order = sorted((m for m in listed if m.change), key=lambda m: (-abs(m.change), m.instrument, m.partnership, m.area))
    return Movements(a.name, b.name, clause, tuple(order), a.inputs is not None)


def _clause(a: Side, b: Side) -> Clause:
    for side in (b, a):
        scenario = side.inputs.scenario if side.inputs else None
        for rule in scenario.written_rules if scenario else ():
            if isinstance(rule, Deviation) and rule.two_sided and rule.amount != 0 and rule.within != 0:
                pick = Pick.model_construct(**{name: getattr(rule.money, name) for name in NAMES})
                return Clause(rule.within, rule.amount, rule.id, side.name, scenario, pick)
    return Clause(SHARE, AMOUNT)


def _over_transfers(a: Side, b: Side) -> Mapping[str, Fraction]:
    """Return the instruments that plan more than a's ceilings and transfers give, and by how much."""
    if a.inputs is None:
        return {}
    facts = a.inputs.scenario.facts
    planned = b.outcome.totals("instrument", set(b.outcome.kinds.values()) | {"budget"})
    arriving = [Fraction(0)] * len(facts.instruments)
    ids = [i.id for i in facts.instruments]
    for k, transfer in enumerate(facts.transfers):
        arriving[ids.index(transfer.taking)] += facts.transfer_limit(k) * facts.step
    over = {}
    for k, instrument in enumerate(facts.instruments):
        if not instrument.planned:
            continue
        usable, most = facts.ceilings.usable_over()[k], int(facts.ceilings.usable_over()[k]) * facts.step + arriving[k]
        if usable != NO_LIMIT and planned.get(instrument.id, Fraction(0)) > most:
            over[instrument.id] = planned[instrument.id] - most
    unknown = {name: amount for name, amount in planned.items() if name not in ids and b.outcome.kinds.get(name) == "budget" and amount}
    return {**over, **unknown}
