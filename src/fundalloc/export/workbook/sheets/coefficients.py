"""How much of every euro counts, by instrument and area: effectiveness for needs, and every marker."""

from __future__ import annotations

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Column, Sheet
from fundalloc.export.workbook.weights import TABLE, Weight, all_weights


def build(book: Book) -> Sheet:
    """Return the sheet."""
    pairs, here = book.pairs, (book.own(TABLE, "instrument"), book.own(TABLE, "area"))
    columns = (
        book.names_of("instrument", pairs.instrument, 27),
        book.names_of("area", pairs.area, 22),
        book.amounts("planned", book.planned(*here), book.cube.sum(axis=(1, 3))[pairs.instrument, pairs.area], total=False),
        *(_weight(book, weight) for weight in all_weights(book)),
        book.kinds_of(pairs.instrument, printed=False),
        book.column("pair", "integer", list(range(1, len(pairs.instrument) + 1)), printed=False),
        book.ids_of("instrument", pairs.instrument),
        book.ids_of("area", pairs.area),
    )
    return book.sheet("weights", TABLE, columns, colour="rest")


def _weight(book: Book, weight: Weight) -> Column:
    heading, values = weight.coefficient_heading(book), weight.coefficients.values[book.pairs.instrument, book.pairs.area]
    return book.column("", "factor", np.round(values, 12).tolist(), width=13 if len(heading) > 8 else 10.5, heading=heading)
