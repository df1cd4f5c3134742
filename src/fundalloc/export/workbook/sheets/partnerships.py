"""The partnerships: level, grouping, absorption, tags."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Column, Sheet

TABLE = "Partnerships"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    everyone, positions = book.facts.partnerships, range(len(book.facts.partnerships))
    levels = [p.level if p.id in book.facts.leaf_ids else "grouping" for p in everyone]
    columns = (
        book.names_of("partnership", positions, 40, full=True),
        book.column("level", "text", [book.word("level", level) for level in levels], width=13),
        book.column("within", "text", [book.names["partnership"].get(p.within, "") for p in everyone], width=30),
        book.column("iso3", "text", [p.iso3 for p in everyone], width=8),
        *_absorption(book),
        book.column("tags", "note", [" ".join(p.tags) for p in everyone], width=50),
        *book.founded(everyone, 60),
        book.ids_of("partnership", positions),
    )
    return book.sheet("partnerships", TABLE, columns, filtered=True, colour="input")


def _absorption(book: Book) -> list[Column]:
    """One column where absorption is the same in all years, otherwise one per year."""
    years, none = book.facts.years, book.say("none")
    by_year = [tuple(none if (a := p.absorption_in(year)) is None else float(a) for p in book.facts.partnerships) for year in years]
    if len(set(by_year)) == 1:
        return [book.column("absorption", "money", by_year[0], width=13)]
    return [book.column("", "money", cells, width=11, heading=str(year)) for year, cells in zip(years, by_year, strict=True)]
