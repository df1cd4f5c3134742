"""Every allocation line that holds money in any of the scenarios: what all other sheets add up."""

from __future__ import annotations

from fractions import Fraction

from fundalloc.export.comparison.pages import LINES, Pages
from fundalloc.export.workbook.content import ColumnSum, Sheet


def build(pages: Pages) -> Sheet:
    """Return the sheet."""
    found, keys, none = pages.found, pages.keys, Fraction(0)
    rows = [tuple(side.outcome.amounts.get(key, none) for side in found.sides) for key in keys]
    totals = [(ColumnSum(float(sum((row[k] for row in rows), none))),) for k in range(len(found.sides))]
    changes = [(ColumnSum(float(sum((row[k] - row[0] for row in rows), none))),) for k in range(1, len(found.sides))]
    first = found.first.outcome.amounts
    closest = {k: pair.closest for k, pair in enumerate(found.pairs, start=1) if not isinstance(pair.closest, str)}
    near = {k: [plan.amounts.get(key, none) - first.get(key, none) for key in keys] for k, plan in closest.items()}
    columns = (
        pages.column("instrument", "text", [found.name("instrument", key[0]) for key in keys], (pages.word("total.all"),), width=25),
        pages.column("partnership", "text", [found.name("partnership", key[1]) for key in keys], width=34),
        pages.column("area", "text", [found.name("area", key[2]) for key in keys], width=22),
        pages.column("year", "integer", [int(key[3]) if key[3].isdigit() else key[3] for key in keys], width=8),
        *pages.amounts([[float(row[k]) for row in rows] for k in range(len(found.sides))], totals),
        *pages.differences(LINES, rows, changes),
        *pages.needs(lambda k: map(float, near[k]), lambda k: (ColumnSum(float(sum(near[k], none))),)),
        pages.column("kind_of_money", "note", [pages.kind_of(key[0]) for key in keys], width=14),
        pages.column("instrument_id", "code", [pages.code("instrument", key[0]) for key in keys], printed=False),
        pages.column("partnership_id", "code", [pages.code("partnership", key[1]) for key in keys], printed=False),
        pages.column("area_id", "code", [pages.code("area", key[2]) for key in keys], printed=False),
        pages.column("line_key", "code", ["|".join(key) for key in keys], printed=False),
    )
    return pages.sheet("lines", LINES, columns, filtered=True)
