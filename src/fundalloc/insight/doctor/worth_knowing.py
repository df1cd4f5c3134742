"""What asks for nothing, but is worth knowing before any plan: what decisions leave free, members that rules skip, and the like."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import counted, some
from fundalloc.model.compile import compile_program
from fundalloc.model.health import numerical_remarks
from fundalloc.money import plain
from fundalloc.plan.free_money import free_of_decisions
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario

SHOWN = 3
"""How many names a remark lists before it says "and n more"."""
CROSSED = 20
"""A rule that skips more members crosses two dimensions that hardly meet, such as all instruments with all partnerships: no news."""


def worth_knowing(scenario: Scenario) -> list[str]:
    """Return what is worth knowing about a scenario, as sentences."""
    scenario = with_baseline(scenario)
    remarks = numerical_remarks(compile_program(scenario))
    return [*remarks, *_skipped_members(scenario), *_stray_baseline(scenario), *_crooked_ceilings(scenario)]


def _skipped_members(scenario: Scenario) -> list[str]:
    out = []
    for rule in scenario.written_rules:
        skipped = ["|".join(member) for member in rule.skipped(scenario.lines)]
        if 0 < len(skipped) <= CROSSED:
            out.append(f"rule {rule.id} skips {counted(len(skipped), 'members')} without money that counts: {some(skipped, SHOWN)}")
    return out


def _stray_baseline(scenario: Scenario) -> list[str]:
    """Money of the baseline plan on lines that are none here (rules of kind deviation count it), or under ids that nobody knows."""
    plan, lines = scenario.facts.baseline, scenario.lines
    if plan is None:
        return []
    here, stray = set(lines.keys), lines.planned
    gone = {key: amount for key, amount in zip(stray.keys, plan.amount.numerator, strict=True) if amount and key not in here}
    amount = plain(Fraction(int(sum(gone.values())), plan.amount.denominator))
    lost = f"EUR {amount} million of the baseline plan lie where this scenario has no line"
    unknown = f"EUR {plain(plan.elsewhere)} million of the baseline plan have ids that this scenario does not know: left out"
    said = f"{lost}; rules of kind deviation count them: {some(list(gone), SHOWN)}"
    return [said] * bool(gone) + [unknown] * bool(plan.elsewhere)


def _crooked_ceilings(scenario: Scenario) -> list[str]:
    facts = scenario.facts
    ceilings = {i.id: (*(i.ceiling.each or {}).values(), i.ceiling.total or Fraction(0)) for i in facts.instruments if i.ceiling}
    crooked = [name for name, amounts in ceilings.items() if any(amount % facts.step for amount in amounts)]
    return [f"ceilings cut down to whole steps of {plain(facts.step)}: {some(crooked, SHOWN)}"] if crooked else []


def uncommitted_money(scenario: Scenario) -> list[dict[str, Any]]:
    """Return what decisions leave free of ceilings less reserves, one row per planned instrument.

    Its name, the money by year and in all, and what closed years left that nobody can plan: EUR million, None without a ceiling.
    What may be carried over from a closed year is free in the year after.
    """
    facts = scenario.facts
    money = free_of_decisions(scenario.lines, facts.decided_by_year)

    def euro(table: NDArray[np.int64], k: int, n: int) -> float | None:
        return float(facts.euro(int(table[k, n]))) if money.known[k, n] else None

    out, whole = [], len(facts.years)
    for k, instrument in enumerate(facts.instruments):
        if instrument.planned:
            years = {str(t): euro(money.free, k, n) for n, t in enumerate(facts.years)}
            left = {"total": euro(money.free, k, whole), "lapsed": euro(money.lapsed, k, whole)}
            out.append({"instrument": instrument.id, "name": str(instrument.label), "years": years, **left})
    return out
