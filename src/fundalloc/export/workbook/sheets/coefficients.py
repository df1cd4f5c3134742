"""How much of every euro counts, by instrument and area: effectiveness for needs, and every marker."""

from __future__ import annotations

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Column, Sheet, Table
from fundalloc.export.workbook.weights import TABLE, all_weights


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts, pairs = book.plan.scenario.facts, book.pairs
    here = ("instrument_id", book.here(TABLE, "instrument_id")), ("area_id", book.here(TABLE, "area_id"))
    money = book.cube.sum(axis=(1, 3))[pairs.instrument, pairs.area]
    table = Table(
        TABLE,
        (
            book.column("instrument", "text", [book.labels["instrument"][facts.instruments[i].id] for i in pairs.instrument], width=27),
            book.column("area", "text", [book.labels["area"][facts.areas[a].id] for a in pairs.area], width=22),
            book.column("planned", "money", [book.sum_if("Allocation", "planned", *here, value=book.eur(steps)) for steps in money]),
            *(
                Column(
                    weight.coefficient_heading(book),
                    "factor",
                    tuple(np.round(weight.coefficients.values[pairs.instrument, pairs.area], 12).tolist()),
                    width=13 if len(weight.coefficient_heading(book)) > 8 else 10.5,
                )
                for weight in all_weights(book)
            ),
            book.column(
                "kind_of_money", "note", [book.word("counts", facts.instruments[i].counts) for i in pairs.instrument], printed=False
            ),
            book.column("pair", "integer", list(range(1, len(pairs.instrument) + 1)), printed=False),
            book.column("instrument_id", "code", [book.code("instrument", int(i)) for i in pairs.instrument], printed=False),
            book.column("area_id", "code", [book.code("area", int(a)) for a in pairs.area], printed=False),
        ),
    )
    says = book.sheet_text("weights", "says")
    return Sheet("weights", book.sheet_text("weights", "title"), says, table, unit=book.say("unit"), colour="rest")
