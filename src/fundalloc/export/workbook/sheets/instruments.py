"""The instruments with their ceilings, as written in the scenario; nothing in years in which they may not commit."""

from __future__ import annotations

from fractions import Fraction

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Column, Sheet
from fundalloc.facts.facts import Facts

TABLE = "Instruments"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.facts
    everyone = facts.instruments
    none = book.say("none")

    def ceiling(t: int) -> list[Cell]:
        return [none if (amount := written_in_year(facts, k, t)) is None else float(amount) for k in range(len(everyone))]

    totals: list[Cell] = [none if i.ceiling is None or i.ceiling.total is None else float(i.ceiling.total) for i in everyone]

    columns = (
        book.column("instrument", "strong", [book.labels["instrument"][i.id] for i in everyone], width=23),
        book.column("name", "text", [book.names["instrument"][i.id] for i in everyone], width=30),
        book.column("kind_of_money", "note", [book.word("counts", i.counts) for i in everyone], width=12),
        *(Column(str(year), "money", tuple(ceiling(t)), width=9.5) for t, year in enumerate(facts.years)),
        book.column("total_ceiling", "money", totals, width=10),
        book.column("reserve", "share", [float(i.reserve) for i in everyone], width=10),
        book.column("budget_line", "note", [i.budget_line for i in everyone], width=15),
        book.column("source", "note", [i.source for i in everyone], width=30),
        book.column("confidence", "note", [i.confidence for i in everyone], width=12),
        book.column("note", "note", [book.within(i.note) for i in everyone], width=46),
        book.column("tags", "code", [" ".join(i.tags) for i in everyone], printed=False),
        book.column("instrument_id", "code", [book.code("instrument", k) for k in range(len(everyone))], printed=False),
    )
    return book.sheet("instruments", TABLE, columns, colour="input")


def written_in_year(facts: Facts, instrument: int, year: int) -> Fraction | None:
    """Return the ceiling of a year as written, by positions: zero when the instrument may not commit then, None when there is none."""
    ceiling = facts.instruments[instrument].ceiling
    written = None if ceiling is None else ceiling.in_year(facts.years[year])
    return written if written is None or facts.commits[instrument, year] else Fraction(0)
