"""What each partnership receives, and from which instrument, against its need."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book, distinct
from fundalloc.export.workbook.content import Sheet
from fundalloc.export.workbook.sheets.needs import coverage_columns

TABLE = "ByPartnership"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    money, here = book.budget.sum(axis=(1, 2))[book.leaves], book.own(TABLE, "partnership")
    taken = [book.title(c) for c in ("partnership", "total", "share_of_total", "need", "coverage", "partnership_id")]
    budget, partner = book.of_kind("budget"), book.of_kind("partner")
    headings = distinct([book.label("instrument", k) for k in (*budget, *partner)], taken)
    given = [
        book.amounts("", book.planned(here, book.is_("instrument", k)), book.cube[k].sum(axis=(1, 2))[book.leaves], heading=heading)
        for k, heading in zip((*budget, *partner), headings, strict=True)
    ]
    columns = (
        book.names_of("partnership", book.leaves, 31, total="all"),
        *given[: len(budget)],
        book.amounts("total", f"SUM(BESIDE({len(budget)}))" if budget else "0", money, "total"),
        book.shares_of(TABLE, money, 10),
        *given[len(budget) :],
        *coverage_columns(book, TABLE, "partnership", book.leaves),
        book.ids_of("partnership", book.leaves),
    )
    return book.sheet("by_partnership", TABLE, columns, rows="tall")
