"""Partnership × area at a glance: EU budget over the whole period."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book, distinct
from fundalloc.export.workbook.content import Sheet

TABLE = "HeatMap"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    money, areas, here = book.budget.sum(axis=2)[book.leaves], range(len(book.facts.areas)), book.own(TABLE, "partnership")
    headings = distinct([book.label("area", a) for a in areas], [book.title(c) for c in ("partnership", "total", "partnership_id")])
    texts = [book.planned(here, book.is_("area", a), book.kind_is("budget")) for a in areas]
    columns = (
        book.names_of("partnership", book.leaves, 40, total="all"),
        *(book.amounts("", texts[a], money[:, a], heading=headings[a], width=17, mark="heat") for a in areas),
        book.amounts("total", f"SUM(BESIDE({len(areas)}))", money.sum(axis=1), "total", width=15),
        book.ids_of("partnership", book.leaves),
    )
    return book.sheet("heat_map", TABLE, columns, portrait=len(book.leaves) > 24, one_page=len(book.leaves) <= 60)
