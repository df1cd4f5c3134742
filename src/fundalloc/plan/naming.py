"""Demands that are broken by decision, by name: the same words in every command and on every sheet."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from fundalloc.labels import Words
from fundalloc.money import enough
from fundalloc.plan.verify import Finding
from fundalloc.scenario.scenario import Scenario

NAMED = 6
"""How many demands are named before the others are counted."""


def named_by_decision(findings: Sequence[Finding], scenario: Scenario, words: Words, glue: str = "; ") -> str:
    """Name demands that are broken by decision, with amount and limit; the worst first, those beyond NAMED counted."""
    names, shown = scenario.names(words.language), []
    for finding in sorted(findings, key=lambda f: f.headroom)[:NAMED]:
        amount, limit = (_places(finding, value, scenario) for value in (finding.amount, finding.limit))
        amounts = {"amount": words.number(finding.amount, amount), "limit": finding.asks(limit, words.language)}
        said = finding.said(names, words.language)
        shown.append(words("report.says.named", says=said, rule=finding.rule.id, **amounts))
    listed, rest = glue.join(shown), len(findings) - len(shown)
    return words("report.says.names_more", names=listed, count=rest) if rest else listed


def _places(finding: Finding, value: Fraction, scenario: Scenario) -> int:
    """Return the decimals of an amount or limit in the unit that it is counted in: to the euro where the rounding step does not show it."""
    return enough(scenario.decimals, value) if finding.rule.in_money else 0
