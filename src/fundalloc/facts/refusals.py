"""Why a combination is or is not an allocation line, in a sentence with its source."""

from __future__ import annotations

from collections.abc import Sequence

from fundalloc.facts.facts import Facts
from fundalloc.facts.selection import Clause

Position = tuple[int, int, int, int]


def refusal(facts: Facts, position: Position) -> str | None:
    """Return why (instrument, partnership, area, year), given as positions, may not receive new money; None if it may."""
    i, p, a, t = position
    instrument, partnership, area, year = facts.instruments[i], facts.partnerships[p], facts.areas[a], facts.years[t]
    if not instrument.planned:
        return f"{instrument.name} is {instrument.counts} money: only what is decided counts"
    if partnership.id not in facts.leaf_ids:
        return f"{partnership.name} is a grouping: money goes to the partnerships within it"
    if _matching(facts, facts.allow, position):
        return None
    barred = _matching(facts, facts.exclude, position)
    if barred:
        return _sentence(barred)
    if not facts.eligible[i, a]:
        return f"{instrument.name} may not fund {area.name}: no entry in the eligibility table"
    if not facts.partners[i, p]:
        return f"{instrument.name} does not serve {partnership.name} ({instrument.source})"
    if not facts.instrument_years[i, t]:
        return f"{instrument.name} may not commit in {year}"
    if not facts.partnership_years[p, t]:
        return f"{partnership.name} takes no money in {year}"
    return None


def exception(facts: Facts, position: Position) -> str | None:
    """Return the reason of the `allow` entry that opens this combination, if there is one."""
    opened = _matching(facts, facts.allow, position)
    return _sentence(opened) if opened else None


def _matching(facts: Facts, clauses: Sequence[Clause], position: Position) -> Clause | None:
    for clause in clauses:
        if all(mask[k] for mask, k in zip(clause.masks(facts.dimensions), position, strict=True)):
            return clause
    return None


def _sentence(clause: Clause) -> str:
    return f"{clause.reason} ({clause.id}{': ' + clause.source if clause.source else ''})"
