"""Rules that hold in one plan and not in the other; a rule that only one scenario has is measured on both plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fundalloc.compare.closest import measured_in
from fundalloc.compare.outcome import NOT_ASKED, Demand, Measured, Outcome, measured_rules
from fundalloc.compare.sides import Side


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
        return (
            self.before.status if self.before and self.asked_before else NOT_ASKED,
            self.after.status if self.after and self.asked_after else NOT_ASKED,
        )

    @property
    def weight(self) -> float:
        """EUR million by which the demand is missed, in the plan that misses it more."""
        return max((-(m.headroom or 0.0) for m in (self.before, self.after) if m), default=0.0)


def changed_rules(a: Side, b: Side, closest: Outcome | str = "", language: str = "en") -> Sequence[RuleChange] | None:
    """Return the demands whose status differs, the weightiest first; None when a side says nothing about rules.

    `closest` is b's equally good plan closest to a's: what crosses in b's own plan only is a choice among equally good ones.
    """
    if a.outcome.rules is None or b.outcome.rules is None:
        return None
    if not isinstance(closest, str):
        near = changed_rules(a, replace(b, outcome=closest), language=language) or ()
        must = {change.demand: change.better for change in near if change.crossed}
        own = changed_rules(a, b, language=language) or []
        return sorted((replace(c, needed=must.get(c.demand) == c.better) if c.crossed else c for c in own), key=lambda c: c.needed is False)
    first, second = a.outcome.by_demand, b.outcome.by_demand
    there = _measured_on(b, a, language) if second.keys() - first.keys() else {}
    here = _measured_on(a, b, language) if first.keys() - second.keys() else {}
    found = []
    for demand, told in {**first, **second}.items():
        before, after = first.get(demand, there.get(demand)), second.get(demand, here.get(demand))
        found.append(RuleChange(demand, told.says, before, after, demand in first, demand in second))
    return sorted((c for c in found if c.statuses[0] != c.statuses[1]), key=lambda c: (not c.crossed, -c.weight, c.demand))


def _measured_on(rules_of: Side, plan_of: Side, language: str) -> dict[Demand, Measured]:
    """Measure the rules of one side on the plan of the other; empty when its scenario is not known."""
    if rules_of.inputs is None:
        return {}
    plan, _ = measured_in(rules_of.inputs.scenario, plan_of.outcome)
    return {rule.demand: rule for rule in measured_rules(plan, language)}
