"""The instruments with their ceilings, as written in the scenario; nothing in years in which they may not commit."""

from __future__ import annotations

from fractions import Fraction

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Sheet
from fundalloc.facts.facts import Facts

TABLE = "Instruments"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts, none = book.facts, book.say("none")
    everyone, positions = facts.instruments, range(len(book.facts.instruments))
    totals = [None if i.ceiling is None else i.ceiling.total for i in everyone]
    columns = (
        book.column("instrument", "strong", [book.label("instrument", k) for k in positions], width=23),
        book.column("name", "text", [book.full_name("instrument", k) for k in positions], width=30),
        book.kinds_of(positions, width=12),
        *(
            book.column("", "money", [_or(none, written_in_year(facts, k, t)) for k in positions], width=9.5, heading=str(year))
            for t, year in enumerate(facts.years)
        ),
        book.column("total_ceiling", "money", [_or(none, total) for total in totals], width=10),
        book.column("reserve", "share", [float(i.reserve) for i in everyone], width=10),
        book.column("budget_line", "note", [i.budget_line for i in everyone], width=15),
        *book.founded(everyone, 30, confidence=12),
        book.column("note", "note", [book.within(i.note) for i in everyone], width=46),
        book.column("tags", "code", [" ".join(i.tags) for i in everyone], printed=False),
        book.ids_of("instrument", positions),
    )
    return book.sheet("instruments", TABLE, columns, colour="input")


def _or(none: str, amount: Fraction | None) -> Cell:
    return none if amount is None else float(amount)


def written_in_year(facts: Facts, instrument: int, year: int) -> Fraction | None:
    """Return the ceiling of a year as written, by positions: zero when the instrument may not commit then, None when there is none."""
    ceiling = facts.instruments[instrument].ceiling
    written = None if ceiling is None else ceiling.in_year(facts.years[year])
    return written if written is None or facts.commits[instrument, year] else Fraction(0)
