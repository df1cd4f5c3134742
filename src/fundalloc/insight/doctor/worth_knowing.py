"""Remarks that have no place and ask for nothing, but are worth knowing: members that rules skip, ceilings cut to whole steps."""

from __future__ import annotations

from fractions import Fraction

from fundalloc.errors import counted, some
from fundalloc.model.compile import compile_program
from fundalloc.model.health import numerical_remarks
from fundalloc.money import plain
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario

SHOWN = 3
"""How many names a remark lists before it says "and n more"."""
CROSSED = 20
"""A rule that skips more members crosses two dimensions that hardly meet, such as all instruments with all partnerships: no news."""


def worth_knowing(scenario: Scenario) -> list[str]:
    """Return what is worth knowing about a scenario, as sentences."""
    scenario = with_baseline(scenario)
    program = compile_program(scenario)
    return [*numerical_remarks(program), *_skipped_members(scenario), *_stray_baseline(scenario), *_crooked_ceilings(scenario)]


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
    crooked = [
        i.id
        for i in facts.instruments
        if i.ceiling
        and any((amount / facts.step).denominator != 1 for amount in (*(i.ceiling.each or {}).values(), i.ceiling.total or facts.step))
    ]
    return [f"ceilings cut down to whole steps of {plain(facts.step)}: {some(crooked, SHOWN)}"] if crooked else []
