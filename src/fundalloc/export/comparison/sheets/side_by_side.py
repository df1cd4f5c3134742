"""The scenarios side by side, and every one's difference from the first: by partnership, area, instrument, year and marker."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from fundalloc.compare.comparison import MemberRow
from fundalloc.compare.outcome import BUDGET, PARTNER
from fundalloc.export.comparison.pages import PLACES, Pages
from fundalloc.export.workbook.book import quoted
from fundalloc.export.workbook.content import Cell, Chart, Column, ColumnSum, Formula, Series, Sheet

TABLES = {"partnership": "ByPartnership", "area": "ByArea", "instrument": "ByInstrument", "year": "ByYear", "marker": "ByMarker"}
WIDTHS = {"partnership": 36, "area": 30, "instrument": 30, "year": 14, "marker": 24}


def by_partnership(pages: Pages) -> Sheet:
    """Return the sheet with the partnerships, those that change most first."""
    return _sheet(pages, "partnership")


def by_area(pages: Pages) -> Sheet:
    """Return the sheet with the areas."""
    return _sheet(pages, "area")


def by_instrument(pages: Pages) -> Sheet:
    """Return the sheet with the instruments; EU budget and partner money are added up apart."""
    rows = rows_of(pages, "instrument")
    extra = (pages.column("kind_of_money", "note", [pages.kind_of(row.member) for row in rows], width=14),)
    kinds = [kind for kind in (BUDGET, PARTNER) if any(pages.found.kind(row.member) == kind for row in rows)]
    return _sheet(pages, "instrument", rows, extra, kinds)


def by_year(pages: Pages) -> Sheet:
    """Return the sheet with the years."""
    return _sheet(pages, "year")


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
    pages: Pages, dimension: str, rows: Sequence[MemberRow] | None = None, extra: tuple[Column, ...] = (), kinds: Sequence[str] = (BUDGET,)
) -> Sheet:
    rows = rows_of(pages, dimension) if rows is None else rows
    table, sides = TABLES[dimension], range(len(pages.found.sides))
    stored = dimension == "marker"
    cells = [[float(row.amounts[k]) if stored else _sum(pages, dimension, row, k) for row in rows] for k in sides]

    def sums(heading: str, amounts: Sequence[Fraction]) -> tuple[Cell, ...]:
        return () if stored else _totals(pages, heading, rows, dimension, kinds, amounts)

    totals = [sums(pages.sides[k], [row.amounts[k] for row in rows]) for k in sides]
    changed = [sums(pages.changes[k - 1], [row.amounts[k] - row.amounts[0] for row in rows]) for k in sides[1:]]
    words = tuple(pages.kind(kind) for kind in kinds) if dimension == "instrument" else (pages.word("total.budget"),)
    style, codes = "label" if dimension == "year" else "text", [pages.code(dimension, row.member) for row in rows]
    with_ids = dimension in ("partnership", "area", "instrument")
    columns = (
        pages.column(dimension, style, [_name(pages, dimension, row) for row in rows], () if stored else words, WIDTHS[dimension]),
        *pages.amounts(cells, totals),
        *pages.differences(table, [row.amounts for row in rows], changed),
        *pages.needs(
            lambda k: (_needed(pages, dimension, row, k, stored=stored) for row in rows),
            lambda k: sums(pages.needed[k], [row.needed[k - 1] or Fraction(0) for row in rows]),
        ),
        *extra,
        *((pages.column(f"{dimension}_id", "code", codes, printed=False),) if with_ids else ()),
    )
    key = f"by_{dimension}"
    charts = (areas_chart(pages, len(rows)),) if dimension == "area" else ()
    return pages.sheet(key, table, columns, filtered=len(rows) > 20, charts=charts)


def _name(pages: Pages, dimension: str, row: MemberRow) -> Cell:
    if dimension == "year":
        return int(row.member) if row.member.isdigit() else row.member
    return pages.found.name(dimension, row.member)


def _sum(pages: Pages, dimension: str, row: MemberRow, side: int) -> Formula:
    column = "year" if dimension == "year" else f"{dimension}_id"
    heading = pages.title("year" if dimension == "year" else column)
    criterion = (column, pages.here(TABLES[dimension], heading))
    text = pages.sum_of_lines(side, criterion, kind=None if dimension == "instrument" else BUDGET)
    return Formula(f"={text}", float(row.amounts[side]))


def _needed(pages: Pages, dimension: str, row: MemberRow, side: int, *, stored: bool) -> Cell:
    """Return what of a change is needed, live over the lines; markers are stored."""
    value = float(row.needed[side - 1] or 0)
    if stored:
        return value
    column = "year" if dimension == "year" else f"{dimension}_id"
    criterion = (column, pages.here(TABLES[dimension], pages.title(column)))
    text = pages.sum_of_lines(pages.needed[side], criterion, kind=None if dimension == "instrument" else BUDGET)
    return Formula(f"=ROUND({text},{PLACES})", value)


def _totals(
    pages: Pages, heading: str, rows: Sequence[MemberRow], dimension: str, kinds: Sequence[str], amounts: Sequence[Fraction]
) -> tuple[Cell, ...]:
    """Return the cells below a column: its sum, of instruments by kind of money."""
    if dimension != "instrument":
        return (ColumnSum(float(sum(amounts, Fraction(0)))),)
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
    words = {"period": pages.period}
    return Chart(
        "column",
        pages.say("chart.areas_title", **words),
        pages.say("chart.areas_alt", **words),
        Series(TABLES["area"], rows, (0, 0)),
        series,
        width,
        height,
        beside=True,
    )


def changes_chart(pages: Pages, rows: Sequence[MemberRow], width: float, most: int, height: int) -> Chart:
    """Return the partnerships that must change most, or that change most where that is not known, one bar per scenario."""
    count = max(1, min(most, sum(1 for row in rows if any(row.weight))))
    sides = len(pages.found.sides)
    body, columns = (0, count - 1), [sides + k + (sides - 1 if pages.all_needed else 0) for k in range(1, sides)]
    series = tuple(Series(TABLES["partnership"], body, (column, column), (-1, column)) for column in columns)
    words = {"period": pages.period, "count": count, "first": pages.sides[0]}
    what = "needed" if pages.all_needed else "changes"
    return Chart(
        "bar",
        pages.say(f"chart.{what}_title", **words),
        pages.say(f"chart.{what}_alt", **words),
        Series(TABLES["partnership"], body, (0, 0)),
        series,
        width,
        height,
        beside=True,
        skipped=1,
    )
