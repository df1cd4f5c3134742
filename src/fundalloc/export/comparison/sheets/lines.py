"""Every allocation line that holds money in any of the scenarios: what all other sheets add up."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from fundalloc.export.comparison.pages import LINES, Pages
from fundalloc.export.workbook.content import ColumnSum, Sheet


def build(pages: Pages) -> Sheet:
    """Return the sheet."""
    found, keys, none = pages.found, pages.keys, Fraction(0)
    rows = [tuple(side.outcome.amounts.get(key, none) for side in found.sides) for key in keys]
    instruments, partnerships, areas, years = ([key[k] for key in keys] for k in range(4))

    def needed(k: int) -> tuple[list[float], list[Fraction]]:
        closest = found.pairs[k - 1].closest
        assert not isinstance(closest, str)
        moved = [closest.amounts.get(key, none) - row[0] for key, row in zip(keys, rows, strict=True)]
        return [float(amount) for amount in moved], moved

    columns = (
        pages.names_of("instrument", instruments, 25, (pages.word("total.all"),)),
        pages.names_of("partnership", partnerships, 34),
        pages.names_of("area", areas, 22),
        pages.column("year", "integer", [int(year) if year.isdigit() else year for year in years], width=8),
        *pages.side_by_side(
            LINES, rows, lambda k: [float(row[k]) for row in rows], needed, lambda _, found: (sum_below(found),), given=True
        ),
        pages.column("kind_of_money", "note", [pages.kind_of(instrument) for instrument in instruments], width=14),
        pages.ids_of("instrument", instruments),
        pages.ids_of("partnership", partnerships),
        pages.ids_of("area", areas),
        pages.column("line_key", "code", ["|".join(key) for key in keys], printed=False),
    )
    return pages.sheet("lines", LINES, columns, filtered=True)


def sum_below(amounts: Sequence[Fraction]) -> ColumnSum:
    """Return the sum below a column."""
    return ColumnSum(float(sum(amounts, Fraction(0))))
