"""The partnerships: level, grouping, absorption, tags."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Column, Sheet

TABLE = "Partnerships"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.facts
    everyone = facts.partnerships
    names, none = book.names["partnership"], book.say("none")
    by_year = [tuple(none if (a := p.absorption_in(year)) is None else float(a) for p in everyone) for year in facts.years]
    if len(set(by_year)) == 1:
        absorption = [book.column("absorption", "money", by_year[0], width=13)]
    else:
        absorption = [Column(str(year), "money", cells, width=11) for year, cells in zip(facts.years, by_year, strict=True)]
    columns = (
        book.column("partnership", "text", [names[p.id] for p in everyone], width=40),
        book.column("level", "text", [book.word("level", p.level if p.id in facts.leaf_ids else "grouping") for p in everyone], width=13),
        book.column("within", "text", [names.get(p.within, "") for p in everyone], width=30),
        book.column("iso3", "text", [p.iso3 for p in everyone], width=8),
        *absorption,
        book.column("tags", "note", [" ".join(p.tags) for p in everyone], width=50),
        book.column("source", "note", [p.source for p in everyone], width=60),
        book.column("confidence", "note", [p.confidence for p in everyone]),
        book.column("partnership_id", "code", [book.code("partnership", k) for k in range(len(everyone))], printed=False),
    )
    return book.sheet("partnerships", TABLE, columns, filtered=True, colour="input")
