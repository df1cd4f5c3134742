"""The instruments with their ceilings, as written in the scenario."""

from __future__ import annotations

from fractions import Fraction

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Column, Sheet, Table
from fundalloc.facts.entities import Instrument

TABLE = "Instruments"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.plan.scenario.facts
    everyone = facts.instruments
    none = book.say("none")

    def ceiling(year: int | None) -> list[Cell]:
        return [none if (amount := _written(i, year)) is None else float(amount) for i in everyone]

    table = Table(
        TABLE,
        (
            book.column("instrument", "strong", [book.labels["instrument"][i.id] for i in everyone], width=23),
            book.column("name", "text", [book.names["instrument"][i.id] for i in everyone], width=30),
            book.column("kind_of_money", "note", [book.word("counts", i.counts) for i in everyone], width=12),
            *(Column(str(year), "money", tuple(ceiling(year)), width=9.5) for year in facts.years),
            book.column("total_ceiling", "money", ceiling(None), width=10),
            book.column("reserve", "share", [float(i.reserve) for i in everyone], width=10),
            book.column("budget_line", "note", [i.budget_line for i in everyone], width=15),
            book.column("source", "note", [i.source for i in everyone], width=30),
            book.column("confidence", "note", [i.confidence for i in everyone], width=12),
            book.column("note", "note", [book.within(i.note) for i in everyone], width=46),
            book.column("tags", "code", [" ".join(i.tags) for i in everyone], printed=False),
            book.column("instrument_id", "code", [book.code("instrument", k) for k in range(len(everyone))], printed=False),
        ),
    )
    says = book.sheet_text("instruments", "says")
    return Sheet("instruments", book.sheet_text("instruments", "title"), says, table, unit=book.say("unit"), colour="input")


def _written(instrument: Instrument, year: int | None) -> Fraction | None:
    """Return the ceiling of a year, or the total (year None), as written."""
    if instrument.ceiling is None:
        return None
    return instrument.ceiling.total if year is None else instrument.ceiling.in_year(year)
