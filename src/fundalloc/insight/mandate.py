"""What of a plan backs the statements of a political mandate: money (counted in each, never added), rules and whether they are met."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from fundalloc.facts.selection import MandateRow, Selection, build_members
from fundalloc.money import exact_product
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import AT_LIMIT, BREACH, DECIDED, MISSED, OK

if TYPE_CHECKING:
    import pandas as pd

MONEY, NO_MONEY, RULE, CONTEXT = "money", "no money", "rule", "context"
WORST_FIRST = (BREACH, MISSED, DECIDED, AT_LIMIT, OK)


class Backing(NamedTuple):
    """One thing that backs a statement, or the lack of money behind it; a rule that is switched off has no status."""

    statement: str
    text: str
    answer: str
    what: str  # the selection as written, the id of the rule, or the note
    source: str
    confidence: str
    amount: float = nan  # EUR million
    status: str = ""  # the worst of the rule's demands
    kept: int = 0  # how many of them hold
    demands: int = 0
    money: Selection | None = None
    first: int = 0  # position of the rule's first finding


def backing(plan: Plan, language: str = "en") -> Iterator[Backing]:
    """Yield what backs every statement: its money, then its rules, then its context."""
    mandate = plan.scenario.mandate
    for name, text in {row.id: row.text.within(language) for row in mandate}.items():
        rows = [row for row in mandate if row.id == name]
        for row in [row for row in rows if row.money] or rows[:1]:
            amount = _planned(plan, row.money) if row.money else nan
            yield Backing(name, text, MONEY if amount > 0 else NO_MONEY, row.written, row.source, row.confidence, amount, money=row.money)
        yield from (_judged(plan, name, text, rule, row) for row in rows for rule in row.rules)
        yield from (Backing(name, text, CONTEXT, row.note.within(language), row.source, row.confidence) for row in rows if row.note)


def _planned(plan: Plan, money: Selection) -> float:
    """Return the planned money that a selection picks, weighted by its marker, in EUR million."""
    own = plan.scenario.lines.group(money, build_members((), plan.scenario.facts.dimensions))
    return float(int(exact_product(plan.steps[own.line], own.weight.numerator).sum()) * plan.scenario.facts.step / own.weight.denominator)


def _judged(plan: Plan, name: str, text: str, rule: str, row: MandateRow) -> Backing:
    found = [k for k, finding in enumerate(plan.findings) if finding.rule.id == rule]
    statuses, origin = [plan.findings[k].status for k in found], plan.findings[found[0]].rule if found else row
    worst, kept = min(statuses, key=WORST_FIRST.index, default=""), statuses.count(OK) + statuses.count(AT_LIMIT)
    return Backing(name, text, RULE, rule, origin.source, origin.confidence, nan, worst, kept, len(found), None, min(found, default=0))


def mandate_table(plan: Plan, language: str = "en") -> pd.DataFrame:
    """Return the same as a table, one row per answer."""
    import pandas as pd

    return pd.DataFrame(backing(plan, language), columns=Backing._fields).drop(columns=["money", "first"])
