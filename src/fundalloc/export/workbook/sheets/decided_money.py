"""Money decided before the run, memo money included: shown, but memo money is never added."""

from __future__ import annotations

from fundalloc.export.workbook.book import DIMENSIONS, Book
from fundalloc.export.workbook.content import Sheet

TABLE = "DecidedMoney"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when nothing is decided."""
    facts = book.facts
    entries = [(table, k) for table in (facts.decided, facts.memo) for k in range(len(table))]
    if not entries:
        return None
    instruments, partnerships, areas = ([int(getattr(t, name)[k]) for t, k in entries] for name in DIMENSIONS)
    columns = (
        book.names_of("instrument", instruments),
        book.names_of("partnership", partnerships, 30),
        book.names_of("area", areas),
        book.column("year", "integer", [facts.years[t.year[k]] for t, k in entries], width=9),
        book.column("amount", "total", [book.eur(t.amount[k]) for t, k in entries], width=13),
        book.column("state", "text", [book.word("state", t.state[k]) for t, k in entries], width=13),
        book.kinds_of(instruments, width=12),
        book.column("decision", "text", [book.within(t.decision[k]) for t, k in entries], width=32),
        book.column("source", "note", [t.source[k] for t, k in entries], width=72),
        book.column("confidence", "note", [t.confidence[k] for t, k in entries]),
        book.ids_of("instrument", instruments),
        book.ids_of("partnership", partnerships),
        book.ids_of("area", areas),
    )
    return book.sheet("decided_money", TABLE, columns, filtered=True, colour="input")
