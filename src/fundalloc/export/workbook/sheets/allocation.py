"""The allocation: one row per allocation line. Every other sheet adds up this one.

`Planned` is the optimised amount and what a reader types as an adjustment. The columns at the right end say how much of
a line counts towards needs and towards the markers that rules use: an index into the sheet Weights, so that the
coefficient of each euro stands in one place.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fundalloc.export.workbook.book import DIMENSIONS, Book
from fundalloc.export.workbook.content import Column, Formula, Sheet
from fundalloc.export.workbook.plan_sums import PLACES
from fundalloc.export.workbook.weights import Weight, weights

TABLE = "Allocation"
LONGEST_COMMENT, LONGEST_AUTHOR = 2_000, 120


def build(book: Book) -> Sheet:
    """Return the sheet."""
    lines = book.lines
    amounts, none = [book.eur(s) for s in book.plan.steps], [None] * len(lines)
    planned = f"={book.here(TABLE, 'optimised')}+{book.here(TABLE, 'adjustment')}"
    less = book.entry("adjustment", least=book.title("optimised"))
    columns = (
        book.column("year", "integer", [lines.facts.years[t] for t in lines.year], width=8),
        book.names_of("instrument", lines.instrument, 27),
        book.names_of("partnership", lines.partnership, 38),
        book.names_of("area", lines.area, 22),
        book.column("decided", "money", [book.eur(s) for s in lines.decided], width=12),
        book.column("optimised", "money", amounts, width=12),
        book.column("adjustment", "input_change", [0] * len(amounts), width=13, entry=less),
        book.column("planned", "total", [Formula(planned, value) for value in amounts], width=12),
        *_baseline(book),
        book.column("comment_input", "input_text", none, width=30, entry=book.entry("comment", longest=LONGEST_COMMENT)),
        book.column("author_input", "input_text", none, width=14, entry=book.entry("author", longest=LONGEST_AUTHOR)),
        book.kinds_of(lines.instrument, printed=False),
        book.column("line_key", "code", lines.keys, width=58, printed=False),
        book.column("pair", "integer", (book.pairs.position[lines.instrument, lines.area] + 1).tolist(), printed=False),
        *(_weighted(book, weight) for weight in weights(book)),
        *(book.ids_of(name, getattr(lines, name)) for name in DIMENSIONS),
    )
    return book.sheet("allocation", TABLE, columns, filtered=True, changed=("adjustment", ""), colour="input")


def _baseline(book: Book) -> Iterator[Column]:
    if book.has_baseline:
        yield book.column("baseline", "money", np.round(book.lines.baseline.values, PLACES).tolist(), width=12, printed=False)


def _weighted(book: Book, weight: Weight) -> Column:
    """Return what counts of every line: the planned amount times the coefficient of its instrument and area."""
    lines = book.lines
    product = f"={book.here(TABLE, 'planned')}*INDEX({weight.reference(book)},{book.here(TABLE, 'pair')})"
    parts = book.plan.steps * weight.coefficients.numerator[lines.instrument, lines.area]
    cells = [Formula(product, book.eur(s) / weight.coefficients.denominator) for s in parts]
    return book.column(weight.key, "money", cells, width=14, printed=False)
