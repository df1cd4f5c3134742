"""The scenarios side by side, and every one's difference from the first: line by line, and by every dimension."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from fundalloc.compare.comparison import MemberRow
from fundalloc.compare.outcome import BUDGET, PARTNER
from fundalloc.export.comparison.pages import LINES, Live, Pages, Total
from fundalloc.export.workbook.book import DIMENSIONS, quoted
from fundalloc.export.workbook.content import Cell, Chart, ColumnSum, Formula, Series, Sheet

TABLES = {"partnership": "ByPartnership", "area": "ByArea", "instrument": "ByInstrument", "year": "ByYear", "marker": "ByMarker"}
STORED = "marker"
"""Sums by marker are stored as the program weighted them: no formula over the lines gives them."""
HEIGHT = 330
"""Pixels of a chart."""
WIDTHS = {"partnership": 36, "area": 30, "instrument": 30, "year": 14, "marker": 24}


def build(pages: Pages, dimension: str) -> Sheet | None:
    """Return the sheet of a dimension, of instruments with two sums; of markers None where a side does not know them."""
    if dimension == STORED:
        unknown = any(side.outcome.markers is None for side in pages.found.sides)
        return None if unknown else _sheet(pages, dimension, (), lambda _: "", lambda *_: ())
    table, key = TABLES[dimension], "year" if dimension == "year" else f"{dimension}_id"
    here = (key, pages.here(table, pages.title(key)))
    if dimension != "instrument":
        below = (pages.word("total.budget"),)
        return _sheet(pages, dimension, below, lambda side: pages.sum_of_lines(side, here, kind=BUDGET), lambda _, sums: (sum_below(sums),))
    its = [pages.found.kind(row.member) for row in rows_of(pages, dimension)]
    kinds = [kind for kind in (BUDGET, PARTNER) if kind in its]

    def total(heading: str, amounts: Sequence[Fraction]) -> tuple[Cell, ...]:
        column = f"{pages.all(table, heading)},{pages.all(table, pages.title('kind_of_money'))}"
        sums = [sum((amount for kind, amount in zip(its, amounts, strict=True) if kind == k), Fraction(0)) for k in kinds]
        return tuple(Formula(f"=SUMIFS({column},{quoted(pages.kind(k))})", float(s)) for k, s in zip(kinds, sums, strict=True))

    words = tuple(pages.kind(kind) for kind in kinds)
    return _sheet(pages, dimension, words, lambda side: pages.sum_of_lines(side, here, kind=None), total)


def _sheet(pages: Pages, dimension: str, words: tuple[str, ...], live: Live, total: Total) -> Sheet:
    """Return the sheet of a dimension with these words below its names, formulas of its amounts and sums below them."""
    rows, table, width = rows_of(pages, dimension), TABLES[dimension], WIDTHS[dimension]
    members = [row.member for row in rows]
    if dimension == "year":
        names = pages.column("year", "label", [int(year) if year.isdigit() else year for year in members], words, width)
    else:
        names = pages.names_of(dimension, members, width, words)
    needed = {k: [row.needed[k - 1] or Fraction(0) for row in rows] for k in pages.needed}
    columns = [names, *pages.side_by_side(table, [row.amounts for row in rows], needed, live, total)]
    if dimension == "instrument":
        columns.append(pages.column("kind_of_money", "note", [pages.kind_of(member) for member in members], width=18))
    columns += [pages.ids_of(dimension, members)] if dimension in DIMENSIONS else []
    charts = (areas_chart(pages, len(rows)),) if dimension == "area" else ()
    return pages.sheet(f"by_{dimension}", table, columns, filtered=len(rows) > 20, charts=charts)


def rows_of(pages: Pages, dimension: str) -> list[MemberRow]:
    """Return the rows in the order of the table: partnerships that must change most first."""
    rows = pages.found.rows(dimension)
    return sorted(rows, key=lambda row: row.weight, reverse=True) if dimension == "partnership" else rows


def areas_chart(pages: Pages, count: int, width: float = 1.0) -> Chart:
    """Return the areas of every scenario beside each other."""
    rows, sides = (0, count - 1), len(pages.found.sides)
    series = tuple(Series(TABLES["area"], rows, (1 + k, 1 + k), (-1, 1 + k)) for k in range(sides))
    return pages.chart("column", "areas", Series(TABLES["area"], rows, (0, 0)), series, width=width, height=HEIGHT, beside=True)


def changes_chart(pages: Pages, rows: Sequence[MemberRow], width: float, most: int) -> Chart:
    """Return the partnerships that must change most, or that change most where that is not known, one bar per scenario."""
    count = max(1, min(most, sum(1 for row in rows if any(row.weight))))
    sides = len(pages.found.sides)
    body, columns = (0, count - 1), [sides + k + (sides - 1 if pages.all_needed else 0) for k in range(1, sides)]
    series = tuple(Series(TABLES["partnership"], body, (column, column), (-1, column)) for column in columns)
    words = {"count": count, "first": pages.sides[0]}
    what, names = "needed" if pages.all_needed else "changes", Series(TABLES["partnership"], body, (0, 0))
    return pages.chart("bar", what, names, series, words=words, width=width, height=HEIGHT, beside=True, skipped=1)


def lines(pages: Pages) -> Sheet:
    """Return every allocation line that holds money in any of the scenarios: what all other sheets add up."""
    found, keys, none = pages.found, pages.keys, Fraction(0)
    rows = [tuple(side.outcome.amounts.get(key, none) for side in found.sides) for key in keys]
    members = pages.members(keys)
    needed = {}
    for k in pages.needed:
        closest = found.pairs[k - 1].closest
        assert not isinstance(closest, str)
        needed[k] = [closest.amounts.get(key, none) - row[0] for key, row in zip(keys, rows, strict=True)]
    columns = (
        pages.names_of("instrument", members["instrument"], 25, (pages.word("total.all"),)),
        pages.names_of("partnership", members["partnership"], 34),
        *(pages.names_of(name, found, 22) for name, found in list(members.items())[2:]),
        pages.column("year", "integer", [int(year) if year.isdigit() else year for *_, year in keys], width=8),
        *pages.side_by_side(LINES, rows, needed, lambda _: "", lambda _, amounts: (sum_below(amounts),)),
        pages.column("kind_of_money", "note", [pages.kind_of(instrument) for instrument in members["instrument"]], width=18),
        *(pages.ids_of(name, found) for name, found in members.items()),
        pages.column("line_key", "code", ["|".join(key) for key in keys], printed=False),
    )
    return pages.sheet("lines", LINES, columns, filtered=True)


def sum_below(amounts: Sequence[Fraction]) -> ColumnSum:
    """Return the sum below a column."""
    return ColumnSum(float(sum(amounts, Fraction(0))))
