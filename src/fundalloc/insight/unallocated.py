"""Why money stays unallocated, per instrument, in a sentence.

A euro stays when nothing lawful is worth it: every need that the instrument may fund is met, or what is not met is
closed off by absorption or by a rule at its limit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.labels import Words
from fundalloc.model.objective import pair_of_line
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import AT_LIMIT, OK, Finding


@dataclass(frozen=True)
class Unallocated:
    """Money of one instrument that the plan leaves."""

    instrument: str
    amount: float
    """EUR million over the period, after the reserve."""
    reason: str


def explain_unallocated(plan: Plan, words: Words) -> list[Unallocated]:
    """Return the instruments with money left, largest first, and why, in the language of `words`."""
    free = plan.free_money
    whole = free[(free["year"] == 0) & (free["free"] > 0)].sort_values("free", ascending=False)
    amounts = dict(zip(whole["instrument"].astype(str), whole["free"].astype(float), strict=True))
    return [Unallocated(name, amount, _reason(plan, name, words)) for name, amount in amounts.items()]


def _reason(plan: Plan, instrument: str, words: Words) -> str:
    """Follow the instrument's open lines in years with money left: met need, full absorption, rules at their limit."""
    lines, facts = plan.scenario.lines, plan.scenario.facts
    i = facts.dimensions.instrument.index(instrument)
    open_lines = np.flatnonzero((lines.instrument == i) & ~lines.fixed & _year_has_room(plan, i)[lines.year])
    if len(open_lines) == 0:
        return words("unallocated.no_open_line")
    unmet = open_lines[_unmet(plan)[open_lines]]
    if len(unmet) == 0:
        return words("unallocated.needs_met")
    full = _absorption_full(plan)[lines.partnership[unmet], lines.year[unmet]]
    if full.all():
        return words("unallocated.absorption_full")
    rules = _rules_at_limit(plan, unmet[~full])
    if rules:
        return words("unallocated.rules", rules=", ".join(rules[:4]))
    if plan.status != "optimal":
        return words("unallocated.stopped")
    left = float(plan.free_money.query("instrument == @instrument and year == 0")["free"].iloc[0])
    return words("unallocated.step", amount=words.money(left, plan.scenario.decimals))


def _year_has_room(plan: Plan, instrument: int) -> NDArray[np.bool_]:
    facts, lines = plan.scenario.facts, plan.scenario.lines
    planned = np.zeros(len(facts.years), dtype=np.int64)
    mine = lines.instrument == instrument
    np.add.at(planned, lines.year[mine], plan.steps[mine])
    usable = facts.ceilings.usable[instrument]
    room: NDArray[np.bool_] = (usable == NO_LIMIT) | (planned < usable)
    return room


def _unmet(plan: Plan) -> NDArray[np.bool_]:
    pair = pair_of_line(plan.scenario.lines)
    step = float(plan.scenario.facts.step)
    open_need = np.append(plan.coverage.need - plan.coverage.met >= step, False)
    unmet: NDArray[np.bool_] = open_need[pair]
    return unmet


def _absorption_full(plan: Plan) -> NDArray[np.bool_]:
    """Shape (partnerships, years); a full grouping fills everything within it."""
    dimensions = plan.scenario.facts.dimensions
    full = np.zeros((len(dimensions.partnership.ids), len(dimensions.year.ids)), dtype=bool)
    for finding in plan.findings:
        if finding.rule.kind == "absorption" and finding.status != OK:
            partnership, year = finding.member
            full[dimensions.partnership.masks[partnership], dimensions.year.index(year)] = True
    return full


def _rules_at_limit(plan: Plan, unmet: NDArray[np.intp]) -> list[str]:
    """Name the rules at their limit that most of these lines would push against, most frequent first."""
    lines = plan.scenario.lines
    tight: dict[str, Finding] = {}
    for finding, price in zip(plan.findings, plan.prices, strict=True):
        if (
            not finding.rule.built_in
            and finding.status != OK
            and (finding.status != AT_LIMIT or abs(price) > 1e-9)
            and not finding.rule.watch
        ):
            tight.setdefault(finding.rule.id, finding)
    hits: Counter[str] = Counter()
    for rule_id, finding in tight.items():
        base = getattr(finding.rule, "of", None)
        touched = lines.select(finding.rule.money)
        if base is not None:
            touched = touched | lines.select(base)
        hits[rule_id] = int(touched[unmet].sum())
    return [rule for rule, count in hits.most_common() if count]
