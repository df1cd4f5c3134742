"""How the money is split over the cooperation areas, per year, against need."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Chart, Series, Sheet
from fundalloc.export.workbook.sheets.needs import coverage_columns

TABLE = "ByArea"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    years, everyone, here = book.facts.years, range(len(book.facts.areas)), book.own(TABLE, "area")
    budget, partner = book.budget.sum(axis=0), book.partner.sum(axis=(0, 2))
    across, total = f"SUM({TABLE}[[#This Row],[{years[0]}]:[{years[-1]}]])", budget.sum(axis=1)
    columns = [
        book.names_of("area", everyone, 44, total="all", full=True),
        *(
            book.amounts("", book.planned(here, book.is_("year", t), book.kind_is("budget")), budget[:, t], heading=str(year))
            for t, year in enumerate(years)
        ),
        book.amounts("total", across, total, "total"),
        book.shares_of(TABLE, total, 10),
        *([book.amounts("partner_money", book.planned(here, book.kind_is("partner")), partner)] if book.of_kind("partner") else []),
        *coverage_columns(book, TABLE, "area", everyone),
        book.column("label", "note", [book.label("area", a) for a in everyone], printed=False),
        book.ids_of("area", everyone),
    ]
    label = next(k for k, column in enumerate(columns) if column.key == "label")
    return book.sheet("by_area", TABLE, columns, rows="tall", charts=(_chart(book, label),), one_page=True)


def _chart(book: Book, label: int) -> Chart:
    """Stacked columns: one per year, one colour per area."""
    count = len(book.facts.years)
    series = tuple(Series(TABLE, (a, a), (1, count), (a, label)) for a in range(len(book.facts.areas)))
    return book.chart("column", "areas", Series(TABLE, (-1, -1), (1, count)), series)
