"""The allocation: one row per allocation line. Every other sheet adds up this one."""

from __future__ import annotations

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Formula, Sheet, Table

TABLE = "Allocation"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    lines, plan = book.plan.scenario.lines, book.plan
    facts = lines.facts
    shown = {name: [book.labels[name][member] for member in facts.dimensions[name].ids] for name in ("instrument", "partnership", "area")}
    counts = [book.word("counts", i.counts) for i in facts.instruments]
    effectiveness = facts.effectiveness.numerator[lines.instrument, lines.area]
    scale = facts.effectiveness.denominator
    towards = [book.eur(s) / scale for s in plan.steps * effectiveness]
    product = f"={book.here(TABLE, 'planned')}*{book.here(TABLE, 'effectiveness')}"
    table = Table(
        TABLE,
        (
            book.column("year", "integer", [facts.years[t] for t in lines.year], width=9),
            *(
                book.column(n, "text", [shown[n][k] for k in getattr(lines, n)], width=56 if n == "partnership" else None)
                for n in ("instrument", "partnership", "area")
            ),
            book.column("decided", "money", [book.eur(s) for s in lines.decided], width=14),
            book.column("planned", "total", [book.eur(s) for s in plan.steps], width=14),
            book.column("kind_of_money", "note", [counts[i] for i in lines.instrument]),
            book.column("line_key", "code", lines.keys, width=58, printed=False),
            book.column("effectiveness", "factor", np.round(effectiveness / scale, 12).tolist(), printed=False),
            book.column("towards_need", "money", [Formula(product, value) for value in towards], width=14, printed=False),
            *(
                book.column(f"{n}_id", "code", [book.code(n, int(k)) for k in getattr(lines, n)], printed=False)
                for n in ("instrument", "partnership", "area")
            ),
        ),
        filtered=True,
    )
    says = book.sheet_text("allocation", "says")
    return Sheet("allocation", book.sheet_text("allocation", "title"), says, table, unit=book.say("unit"), portrait=True)
