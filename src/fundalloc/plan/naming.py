"""Demands by name, with their limits and the place where these are written: the same words in every command and on every sheet."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from fundalloc.labels import Words
from fundalloc.money import enough, euro, finer
from fundalloc.plan.verify import Finding, measure_rule
from fundalloc.rules._sentence import asked
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Demands, Sense
from fundalloc.scenario.document import locate
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


def limit_text(scenario: Scenario, rule: Kind, figure: Fraction) -> str:
    """Write a limit with as many decimals as it needs."""
    return rule.written(figure, enough(scenario.decimals, figure))


def limit_texts(scenario: Scenario, rule: Kind, demands: Demands, at: Sequence[int]) -> list[str]:
    """Write the limits of some demands; a share of what is given, such as the baseline plan, in EUR million."""
    if not (rule.relative and rule.fixed_base):
        return [limit_text(scenario, rule, demands.figure[k]) for k in at]
    found = measure_rule(rule, scenario.lines, np.zeros(len(scenario.lines.ledger.decided), dtype=np.int64))
    return [asked(rule, found[k].figure, found[k].limit, found[k].base, enough(scenario.decimals, found[k].limit)) for k in at]


def money(scenario: Scenario, amount: Fraction) -> str:
    """Write an amount in EUR million with the decimals that it needs."""
    return euro(amount, enough(scenario.decimals, amount))


def place_of(scenario: Scenario, rule: Kind, member: tuple[str, ...], sense: Sense) -> str:
    """Return where the figure is written: the cell or line of this member if it has its own, else the rule."""
    section, owner, *inner = rule.path(member, sense)
    if section in scenario.tables:
        table = scenario.tables[section]
        row = table.column("id").index(owner)
        return str(table.place(row, inner[0] if table.column(inner[0])[row] else inner[0].split(".")[0]))
    entries = scenario.tree.mapping(section)
    written = entries.mapping(owner) if entries else None
    if section == "rules" and (written is None or inner[0] not in written.items):
        return scenario.where(rule)
    return str(locate(scenario.tree, (section, owner, *inner)))


def how_broken(finding: Finding, places: int, words: Words | None = None) -> str:
    """Say what the amount is, what it must be, and by how much it misses that, in the unit that it is counted in."""
    words, money = words or Words(), finding.rule.in_money
    amount, limit, by = (finer(places, value) if money else 0 for value in (finding.amount, finding.limit, finding.headroom))
    missed = words.money(-finding.headroom, by) if money else finding.rule.written(-finding.headroom, 0, words.language)
    said = {"amount": words.number(finding.amount, amount), "limit": finding.asks(limit, words.language), "by": missed}
    return words(f"report.says.{finding.sense.field}", **said)
