"""Money decided before the run, memo money included: shown, but memo money is never added."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet, Table

TABLE = "DecidedMoney"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when nothing is decided."""
    facts, labels = book.plan.scenario.facts, book.labels
    entries = [(table, k) for table in (facts.decided, facts.memo) for k in range(len(table))]
    if not entries:
        return None
    table = Table(
        TABLE,
        (
            book.column("instrument", "text", [labels["instrument"][facts.instruments[t.instrument[k]].id] for t, k in entries]),
            book.column(
                "partnership", "text", [labels["partnership"][facts.partnerships[t.partnership[k]].id] for t, k in entries], width=30
            ),
            book.column("area", "text", [labels["area"][facts.areas[t.area[k]].id] for t, k in entries]),
            book.column("year", "integer", [facts.years[t.year[k]] for t, k in entries], width=9),
            book.column("amount", "total", [book.eur(t.amount[k]) for t, k in entries], width=13),
            book.column("state", "text", [book.word("state", t.state[k]) for t, k in entries], width=13),
            book.column(
                "kind_of_money", "note", [book.word("counts", facts.instruments[t.instrument[k]].counts) for t, k in entries], width=12
            ),
            book.column("decision", "text", [book.within(t.decision[k]) for t, k in entries], width=32),
            book.column("source", "note", [t.source[k] for t, k in entries], width=72),
            book.column("confidence", "note", [t.confidence[k] for t, k in entries]),
            *(
                book.column(f"{name}_id", "code", [book.code(name, int(getattr(t, name)[k])) for t, k in entries], printed=False)
                for name in ("instrument", "partnership", "area")
            ),
        ),
        filtered=True,
    )
    says = book.sheet_text("decided_money", "says")
    return Sheet("decided_money", book.sheet_text("decided_money", "title"), says, table, unit=book.say("unit"), colour="input")
