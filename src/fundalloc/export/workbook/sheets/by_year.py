"""What is planned in each year: ceilings, decided and planned money, and whether it goes to single countries, regions or the world."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Chart, Column, ColumnSum, Formula, Series, Sheet, Table
from fundalloc.export.workbook.line_sums import Boxes
from fundalloc.export.workbook.sheets.free_money import TABLE as FREE
from fundalloc.export.workbook.sheets.free_money import after_use
from fundalloc.facts.facts import NO_LIMIT

TABLE = "ByYear"
LEVELS = ("bilateral", "regional", "global")


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.plan.scenario.facts
    years = range(len(facts.years))
    here = ("year", book.here(TABLE, "year"))
    budget = book.of_kind("budget")
    planned = book.budget.sum(axis=(0, 1))
    decided = book.decided_by_year(budget)
    new = planned - decided
    partner = book.partner.sum(axis=(0, 1))
    columns = [
        book.column("year", "label", list(facts.years), (book.say("total.all"),), width=14),
        book.column(
            "decided",
            "money",
            [book.sum_if("Allocation", "decided", here, book.kind_is("budget"), value=book.eur(decided[t])) for t in years],
            (ColumnSum(book.eur(decided.sum())),),
        ),
        book.column(
            "newly_planned",
            "money",
            [Formula(f"={book.here(TABLE, 'total')}-{book.here(TABLE, 'decided')}", book.eur(new[t])) for t in years],
            (ColumnSum(book.eur(new.sum())),),
            width=13,
        ),
        book.column(
            "total",
            "total",
            [book.sum_if("Allocation", "planned", here, book.kind_is("budget"), value=book.eur(planned[t])) for t in years],
            (ColumnSum(book.eur(planned.sum())),),
        ),
        *_limits(book),
        *_levels(book),
    ]
    if book.of_kind("partner"):
        cells = [book.sum_if("Allocation", "planned", here, book.kind_is("partner"), value=book.eur(partner[t])) for t in years]
        columns.append(book.column("partner_money", "money", cells, (ColumnSum(book.eur(partner.sum())),)))
    words = {"period": book.period}
    chart = Chart(
        "column",
        book.say("chart.year_title", **words),
        book.say("chart.year_alt", **words),
        Series(TABLE, (0, len(facts.years) - 1), (0, 0)),
        tuple(Series(TABLE, (0, len(facts.years) - 1), (k, k), (-1, k)) for k in (1, 2)),
    )
    says = book.sheet_text("by_year", "says", period=book.period)
    return Sheet(
        "by_year",
        book.sheet_text("by_year", "title"),
        says,
        Table(TABLE, tuple(columns)),
        unit=book.say("unit"),
        charts=(chart,),
        one_page=True,
    )


def _limits(book: Book) -> Iterator[Column]:
    """Usable ceilings of the year, what has lapsed and what is free; nothing when a budget instrument has no ceiling per year."""
    facts, budget = book.plan.scenario.facts, book.of_kind("budget")
    usable = facts.ceilings.usable[budget]
    if not budget or np.any((usable == NO_LIMIT) & facts.commits[budget]):
        return
    here = ("year", book.here(TABLE, "year")), book.kind_is("budget")
    yield book.column(
        "usable", "money", [book.sum_if(FREE, "usable", *here, value=book.eur(value)) for value in np.maximum(usable, 0).sum(axis=0)]
    )
    for key, cells in after_use(book, [here] * len(facts.years), lambda table: table[budget, :-1].sum(axis=0)):
        yield book.column(key, "money", cells)


def _levels(book: Book) -> Iterator[Column]:
    """EU budget by level of partnership."""
    facts, boxes = book.plan.scenario.facts, Boxes(book)
    sizes = [len(d.ids) for d in facts.dimensions]
    money = np.isin(np.arange(sizes[0]), book.of_kind("budget"))
    for level in LEVELS:
        mask = facts.dimensions.partnership.masks.get(f"level:{level}")
        if mask is None:
            continue
        sums = book.budget[mask].sum(axis=(0, 1))
        texts = [boxes.total((money, mask, np.ones(sizes[2], dtype=bool), np.arange(sizes[3]) == t)) for t in range(sizes[3])]
        cells = [Formula(f"={text}", book.eur(value)) for text, value in zip(texts, sums, strict=True)]
        yield Column(book.word("level", level), "money", tuple(cells), (ColumnSum(book.eur(sums.sum())),), width=13)
