"""What is planned in each year: ceilings, decided and planned money, and whether it goes to single countries, regions or the world."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Column, Series, Sheet
from fundalloc.export.workbook.line_sums import Boxes
from fundalloc.export.workbook.sheets.free_money import TABLE as FREE
from fundalloc.export.workbook.sheets.free_money import after_use
from fundalloc.facts.facts import NO_LIMIT

TABLE = "ByYear"
LEVELS = ("bilateral", "regional", "global")


def build(book: Book) -> Sheet:
    """Return the sheet."""
    years, budget, here = book.facts.years, book.kind_is("budget"), book.own(TABLE, "year")
    planned, decided = book.budget.sum(axis=(0, 1)), book.budget_by("year", book.lines.decided)
    new, partner = f"{book.here(TABLE, 'total')}-{book.here(TABLE, 'decided')}", book.partner.sum(axis=(0, 1))
    columns = (
        book.column("year", "label", list(years), (book.say("total.all"),), width=14),
        book.amounts("decided", book.sum_if_text("Allocation", "decided", here, budget), decided),
        book.amounts("newly_planned", new, planned - decided, width=13),
        book.amounts("total", book.planned(here, budget), planned, "total"),
        *_limits(book),
        *_levels(book),
        *([book.amounts("partner_money", book.planned(here, book.kind_is("partner")), partner)] if book.of_kind("partner") else []),
    )
    rows = (0, len(years) - 1)
    chart = book.chart("column", "year", Series(TABLE, rows, (0, 0)), tuple(Series(TABLE, rows, (k, k), (-1, k)) for k in (1, 2)))
    return book.sheet("by_year", TABLE, columns, charts=(chart,), one_page=True)


def _limits(book: Book) -> Iterator[Column]:
    """Usable ceilings of the year, what has lapsed and what is free; nothing when a budget instrument has no ceiling per year."""
    facts, budget = book.facts, book.of_kind("budget")
    usable = facts.ceilings.usable[budget]
    if not budget or np.any((usable == NO_LIMIT) & facts.commits[budget]):
        return
    here = book.own(TABLE, "year"), book.kind_is("budget")
    yield book.amounts("usable", book.sum_if_text(FREE, "usable", *here), np.maximum(usable, 0).sum(axis=0), total=False)
    for key, cells in after_use(book, [here] * len(facts.years), lambda table: table[budget, :-1].sum(axis=0)):
        yield book.column(key, "money", cells)


def _levels(book: Book) -> Iterator[Column]:
    """EU budget by level of partnership."""
    boxes, years = Boxes(book), range(len(book.facts.years))
    for level in LEVELS:
        mask = book.facts.dimensions.partnership.masks.get(f"level:{level}")
        if mask is not None:
            texts = [boxes.total(book.box(instrument=book.of_kind("budget"), partnership=mask, year=[t])) for t in years]
            yield book.amounts("", texts, book.budget[mask].sum(axis=(0, 1)), heading=book.word("level", level), width=13)
