"""What was found by solving again beside a plan: what limits are worth, and how firm amounts are. Plain data; `prices.py` finds it.

All of it is of the program before rounding, with on-off choices as the plan has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from fundalloc.labels import Words
from fundalloc.plan.verify import Finding

if TYPE_CHECKING:
    from fundalloc.plan.plan import Plan

CONFIRMED, DUAL, EXPLAIN = "confirmed", "dual, not confirmed", "see explain"
"""What a price is: found by solving, the solver's word, or none because the rule counts or switches."""


class Worth(NamedTuple):
    """What one limit is worth, in points of score per EUR million; NaN where it cannot move that way at all."""

    more: float
    """The change of the score when the limit is EUR 1 million higher."""
    less: float
    """The change when it is EUR 1 million lower."""
    up: float = 1.0
    """EUR million by which it was raised: less than 1 where no plan is left beyond, and `more` is per million of that."""
    down: float = 1.0
    """EUR million by which it was lowered."""


class Firmness(NamedTuple):
    """What the money of the EU budget of a partnership may be at the score of the plan, taken alone: EUR million, before rounding."""

    partnership: str
    amount: float
    """As planned."""
    least: float
    most: float
    firm: bool
    """Whether both ends are at most a rounding step apart."""


@dataclass(frozen=True)
class Evidence:
    """What solving again found; empty where nobody asked."""

    demands: Mapping[int, Worth] = field(default_factory=dict)
    """By position among the findings of the plan."""
    ceilings: Mapping[tuple[str, ...], Worth] = field(default_factory=dict)
    """By (instrument, year or "total"): per EUR million of the ceiling before its reserve."""
    dearest: tuple[int, ...] = ()
    """Positions of the demands of written rules whose limit costs most, the dearest first."""
    firmness: tuple[Firmness, ...] = ()
    """Of every partnership with undecided money."""

    def basis(self, position: int, finding: Finding, dual: float) -> str:
        """Return what the price of a demand is; empty where decided money settles it, or nothing is enforced."""
        if not finding.rule.has_price:
            return "" if finding.rule.watch else EXPLAIN
        return CONFIRMED if position in self.demands else "" if math.isnan(dual) else DUAL

    def packed(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "demands": [[k, *map(_plain, worth)] for k, worth in self.demands.items()],
            "ceilings": [[list(key), *map(_plain, worth)] for key, worth in self.ceilings.items()],
            "dearest": list(self.dearest),
            "firmness": [list(one) for one in self.firmness],
        }

    @classmethod
    def unpacked(cls, packed: Mapping[str, Any], findings: int) -> Evidence:
        """Return it again, for a plan of so many findings (0: not those it was found for). ValueError for what `packed` does not return."""
        try:
            demands = {int(k): Worth(*map(_figure, worth)) for k, *worth in packed.get("demands", [])}
            ceilings: dict[tuple[str, ...], Worth] = {
                (str(a), str(b)): Worth(*map(_figure, worth)) for (a, b), *worth in packed.get("ceilings", [])
            }
            listed = packed.get("firmness", [])
            firmness = tuple(Firmness(str(p), float(amount), float(a), float(b), bool(firm)) for p, amount, a, b, firm in listed)
            dearest = tuple(map(int, packed.get("dearest", [])))
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from None
        if not findings:
            return cls(ceilings=ceilings, firmness=firmness)
        if not set(dearest) <= set(demands) <= set(range(findings)):
            raise ValueError("demands that the plan does not have")
        return cls(demands, ceilings, dearest, firmness)


def worth_said(change: float, moved: float, words: Words) -> str:
    """Write what a limit is worth on one side: a change of the score, per million of what is possible."""
    if math.isnan(change):
        return words("price.impossible")
    said = words.signed(change, 2)
    return words("price.points", change=said) if moved == 1 else words("price.part", change=said, possible=possible_said(moved, words))


def possible_said(moved: float, words: Words) -> str:
    """Write how far a limit can be moved where that is less than a million."""
    return words("price.possible", part=words.money(moved, 2 if moved >= 0.01 else 6)) if moved else words("price.impossible")


def firmness_said(plan: Plan, words: Words) -> str:
    """Return the one sentence on how firm the money of partnerships is; empty where nobody asked."""
    firmness, places = plan.evidence.firmness, plan.scenario.decimals
    if not firmness:
        return ""
    widest = max(firmness, key=lambda f: f.most - f.least)
    named = plan.scenario.names(words.language)["partnership"][widest.partnership]
    ends = {"least": words.number(widest.least, places), "most": words.number(widest.most, places), "partnership": named}
    counts = {"firm": sum(f.firm for f in firmness), "count": len(firmness), "step": words.money(plan.scenario.facts.step, places)}
    return " ".join([words("firmness.said", **counts, **ends), *([words("firmness.kept")] if plan.log.switches else [])])


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else value


def _figure(value: Any) -> float:
    return math.nan if value is None else float(value)
