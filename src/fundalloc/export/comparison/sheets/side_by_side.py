"""The scenarios side by side, and every one's difference from the first: by partnership, area, instrument, year and marker."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from fundalloc.compare.comparison import MemberRow
from fundalloc.compare.outcome import BUDGET, PARTNER
from fundalloc.export.comparison.pages import NAMED, PLACES, Pages
from fundalloc.export.comparison.sheets.lines import sum_below
from fundalloc.export.workbook.book import quoted
from fundalloc.export.workbook.content import Cell, Chart, Column, Formula, Series, Sheet

TABLES = {"partnership": "ByPartnership", "area": "ByArea", "instrument": "ByInstrument", "year": "ByYear", "marker": "ByMarker"}
STORED = "marker"
"""Sums by marker are stored as the program weighted them: no formula over the lines gives them."""
WIDTHS = {"partnership": 36, "area": 30, "instrument": 30, "year": 14, "marker": 24}


def by_partnership(pages: Pages) -> Sheet:
    """Return the sheet with the partnerships, those that change most first."""
    return _sheet(pages, "partnership", rows_of(pages, "partnership"))


def by_area(pages: Pages) -> Sheet:
    """Return the sheet with the areas."""
    return _sheet(pages, "area", rows_of(pages, "area"))


def by_instrument(pages: Pages) -> Sheet:
    """Return the sheet with the instruments; EU budget and partner money are added up apart."""
    rows = rows_of(pages, "instrument")
    extra = (pages.column("kind_of_money", "note", [pages.kind_of(row.member) for row in rows], width=14),)
    kinds = [kind for kind in (BUDGET, PARTNER) if any(pages.found.kind(row.member) == kind for row in rows)]
    return _sheet(pages, "instrument", rows, extra, kinds)


def by_year(pages: Pages) -> Sheet:
    """Return the sheet with the years."""
    return _sheet(pages, "year", rows_of(pages, "year"))


def by_marker(pages: Pages) -> Sheet | None:
    """Return the sheet with the markers, as the program weighted the money; None without coefficients."""
    rows = rows_of(pages, "marker")
    if not rows or any(side.outcome.markers is None for side in pages.found.sides):
        return None
    return _sheet(pages, "marker", rows)


def rows_of(pages: Pages, dimension: str) -> list[MemberRow]:
    """Return the rows in the order of the table: partnerships that must change most first."""
    rows = pages.found.rows(dimension)
    return sorted(rows, key=lambda row: row.weight, reverse=True) if dimension == "partnership" else rows


def _sheet(
    pages: Pages, dimension: str, rows: Sequence[MemberRow], extra: tuple[Column, ...] = (), kinds: Sequence[str] = (BUDGET,)
) -> Sheet:
    table, members = TABLES[dimension], [row.member for row in rows]
    words = tuple(pages.kind(kind) for kind in kinds) if dimension == "instrument" else (pages.word("total.budget"),)
    if dimension == "year":
        years = [int(member) if member.isdigit() else member for member in members]
        names = pages.column("year", "label", years, words, WIDTHS["year"])
    else:
        names = pages.names_of(dimension, members, WIDTHS[dimension], () if dimension == STORED else words)

    def cells(k: int) -> list[Cell]:
        live = _live(pages, dimension, k)
        return [Formula(f"={live}", float(row.amounts[k])) if live else float(row.amounts[k]) for row in rows]

    def needed(k: int) -> tuple[list[Cell], list[Fraction]]:
        amounts, live = [row.needed[k - 1] or Fraction(0) for row in rows], _live(pages, dimension, pages.needed[k])
        return [Formula(f"=ROUND({live},{PLACES})", float(amount)) if live else float(amount) for amount in amounts], amounts

    def total(heading: str, amounts: Sequence[Fraction]) -> tuple[Cell, ...]:
        return () if dimension == STORED else _totals(pages, heading, rows, dimension, kinds, amounts)

    columns = [names, *pages.side_by_side(table, [row.amounts for row in rows], cells, needed, total, dimension == STORED), *extra]
    if dimension in NAMED:
        columns.append(pages.ids_of(dimension, members))
    charts = (areas_chart(pages, len(rows)),) if dimension == "area" else ()
    return pages.sheet(f"by_{dimension}", table, columns, filtered=len(rows) > 20, charts=charts)


def _live(pages: Pages, dimension: str, side: int | str) -> str:
    """Return the sum of a side, or of another column of the lines, for a row's own member; nothing where it is stored."""
    if dimension == STORED:
        return ""
    column = "year" if dimension == "year" else f"{dimension}_id"
    own = (column, pages.here(TABLES[dimension], pages.title(column)))
    return pages.sum_of_lines(side, own, kind=None if dimension == "instrument" else BUDGET)


def _totals(
    pages: Pages, heading: str, rows: Sequence[MemberRow], dimension: str, kinds: Sequence[str], amounts: Sequence[Fraction]
) -> tuple[Cell, ...]:
    """Return the cells below a column: its sum, of instruments by kind of money."""
    if dimension != "instrument":
        return (sum_below(amounts),)
    of = [(pages.found.kind(row.member), amount) for row, amount in zip(rows, amounts, strict=True)]
    sums = {kind: sum((amount for its, amount in of if its == kind), Fraction(0)) for kind in kinds}
    return tuple(_of_kind(pages, TABLES[dimension], heading, kind, float(total)) for kind, total in sums.items())


def _of_kind(pages: Pages, table: str, heading: str, kind: str, value: float) -> Formula:
    kinds = pages.all(table, pages.title("kind_of_money"))
    return Formula(f"=SUMIFS({pages.all(table, heading)},{kinds},{quoted(pages.kind(kind))})", value)


def areas_chart(pages: Pages, count: int, width: float = 1.0, height: int = 330) -> Chart:
    """Return the areas of every scenario beside each other."""
    rows, sides = (0, count - 1), len(pages.found.sides)
    series = tuple(Series(TABLES["area"], rows, (1 + k, 1 + k), (-1, 1 + k)) for k in range(sides))
    return pages.chart("column", "areas", Series(TABLES["area"], rows, (0, 0)), series, width=width, height=height, beside=True)


def changes_chart(pages: Pages, rows: Sequence[MemberRow], width: float, most: int, height: int) -> Chart:
    """Return the partnerships that must change most, or that change most where that is not known, one bar per scenario."""
    count = max(1, min(most, sum(1 for row in rows if any(row.weight))))
    sides = len(pages.found.sides)
    body, columns = (0, count - 1), [sides + k + (sides - 1 if pages.all_needed else 0) for k in range(1, sides)]
    series = tuple(Series(TABLES["partnership"], body, (column, column), (-1, column)) for column in columns)
    words = {"count": count, "first": pages.sides[0]}
    what, names = "needed" if pages.all_needed else "changes", Series(TABLES["partnership"], body, (0, 0))
    return pages.chart("bar", what, names, series, words=words, width=width, height=height, beside=True, skipped=1)
