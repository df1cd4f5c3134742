"""The allocation: one row per allocation line. Every other sheet adds up this one.

`Planned` is the optimised amount and what a reader types as an adjustment. The columns at the right end say how much of
a line counts towards needs and towards the markers that rules use: an index into the sheet Weights, so that the
coefficient of each euro stands in one place.
"""

from __future__ import annotations

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Column, Formula, Sheet
from fundalloc.export.workbook.weights import Weight, weights

TABLE = "Allocation"
LONGEST_COMMENT, LONGEST_AUTHOR = 2_000, 120


def build(book: Book) -> Sheet:
    """Return the sheet."""
    lines, plan = book.lines, book.plan
    facts = lines.facts
    shown = {name: [book.labels[name][member] for member in facts.dimensions[name].ids] for name in ("instrument", "partnership", "area")}
    counts = [book.word("counts", i.counts) for i in facts.instruments]
    planned = f"={book.here(TABLE, 'optimised')}+{book.here(TABLE, 'adjustment')}"
    amounts = [book.eur(s) for s in plan.steps]
    none = [None] * len(amounts)
    pairs = book.pairs
    columns = (
        book.column("year", "integer", [facts.years[t] for t in lines.year], width=8),
        *(
            book.column(n, "text", [shown[n][k] for k in getattr(lines, n)], width=width)
            for n, width in (("instrument", 27), ("partnership", 38), ("area", 22))
        ),
        book.column("decided", "money", [book.eur(s) for s in lines.decided], width=12),
        book.column("optimised", "money", amounts, width=12),
        book.column(
            "adjustment", "input_change", [0] * len(amounts), width=13, entry=book.entry("adjustment", least=book.title("optimised"))
        ),
        book.column("planned", "total", [Formula(planned, value) for value in amounts], width=12),
        *(
            [book.column("baseline", "money", np.round(lines.baseline.values, 9).tolist(), width=12, printed=False)]
            if book.has_baseline
            else []
        ),
        book.column("comment_input", "input_text", none, width=30, entry=book.entry("comment", longest=LONGEST_COMMENT)),
        book.column("author_input", "input_text", none, width=14, entry=book.entry("author", longest=LONGEST_AUTHOR)),
        book.column("kind_of_money", "note", [counts[i] for i in lines.instrument], printed=False),
        book.column("line_key", "code", lines.keys, width=58, printed=False),
        book.column(
            "pair", "integer", [pairs.position[i, a] + 1 for i, a in zip(lines.instrument, lines.area, strict=True)], printed=False
        ),
        *(_weighted(book, weight) for weight in weights(book)),
        *(
            book.column(f"{n}_id", "code", [book.code(n, int(k)) for k in getattr(lines, n)], printed=False)
            for n in ("instrument", "partnership", "area")
        ),
    )
    return book.sheet("allocation", TABLE, columns, filtered=True, changed=("adjustment", ""), colour="input")


def _weighted(book: Book, weight: Weight) -> Column:
    """Return what counts of every line: the planned amount times the coefficient of its instrument and area."""
    lines = book.lines
    product = f"={book.here(TABLE, 'planned')}*INDEX({weight.reference(book)},{book.here(TABLE, 'pair')})"
    parts = book.plan.steps * weight.coefficients.numerator[lines.instrument, lines.area]
    cells = [Formula(product, book.eur(s) / weight.coefficients.denominator) for s in parts]
    return book.column(weight.key, "money", cells, width=14, printed=False)
