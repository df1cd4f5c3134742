"""Needs and how far they are met: the input of a pair of partnership and area, and its live coverage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Column, Formula, Sheet

TABLE = "Needs"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when the scenario has no needs."""
    needs, coverage = book.facts.needs, book.plan.coverage
    if not len(needs):
        return None
    here, towards = (book.own(TABLE, "partnership"), book.own(TABLE, "area")), _towards_need(book)
    met = f"=MIN({book.here(TABLE, 'need')},{book.here(TABLE, 'towards_need')})"
    part = f"=IFERROR({book.here(TABLE, 'met')}/{book.here(TABLE, 'need')},{_none(book)})"
    parts = [float(m / n) if n else book.say("not_applicable") for m, n in zip(coverage.met, coverage.need, strict=True)]
    columns = (
        book.names_of("partnership", needs.partnership, 36),
        book.names_of("area", needs.area),
        book.column("need", "money", coverage.need.tolist()),
        book.column("priority", "factor", needs.priority.values.tolist(), width=10),
        book.column("towards_need", "money", [book.sum_if("Allocation", "towards_need", *here, value=value) for value in towards]),
        book.column("met", "money", [Formula(met, float(value)) for value in coverage.met]),
        book.column("coverage", "share", [Formula(part, value) for value in parts], width=11, mark="bar"),
        book.column("source", "note", needs.source, width=82),
        book.column("confidence", "note", needs.confidence),
        book.ids_of("partnership", needs.partnership),
        book.ids_of("area", needs.area),
    )
    return book.sheet("needs", TABLE, columns, filtered=True, colour="input")


def coverage_columns(book: Book, table: str, dimension: str, order: Sequence[int]) -> tuple[Column, ...]:
    """Return need and coverage by partnership or area, with totals; nothing when the scenario has no needs."""
    facts, coverage = book.facts, book.plan.coverage
    if not len(facts.needs):
        return ()
    need, met = np.zeros((2, len(facts.dimensions[dimension].ids)))
    np.add.at(need, getattr(facts.needs, dimension), coverage.need)
    np.add.at(met, getattr(facts.needs, dimension), coverage.met)
    here, none = book.own(table, dimension), book.say("not_applicable")
    part = f"=IFERROR({book.sum_if_text(TABLE, 'met', here)}/{book.here(table, 'need')},{_none(book)})"
    whole = f"=IFERROR(SUM({book.all(TABLE, 'met')})/SUM({book.all(TABLE, 'need')}),{_none(book)})"
    needs = [book.sum_if(TABLE, "need", here, value=float(need[k])) for k in order]
    parts = [Formula(part, float(met[k]) / float(need[k]) if need[k] else none) for k in order]
    all_met, all_need = float(met.sum()), float(need.sum())
    total = Formula(whole, all_met / all_need if all_need else none)
    return (
        book.column("need", "money", needs, (Formula(f"=SUM({book.all(table, 'need')})", all_need),)),
        book.column("coverage", "share", parts, (total,), width=10, mark="bar"),
    )


def _towards_need(book: Book) -> list[float]:
    """Return the money that counts towards each need, effectiveness applied."""
    facts, lines = book.facts, book.lines
    effectiveness = facts.effectiveness
    grid = np.zeros((len(facts.partnerships), len(facts.areas)), dtype=np.int64)
    np.add.at(grid, (lines.partnership, lines.area), book.plan.steps * effectiveness.numerator[lines.instrument, lines.area])
    return [book.eur(grid[p, a]) / effectiveness.denominator for p, a in zip(facts.needs.partnership, facts.needs.area, strict=True)]


def _none(book: Book) -> str:
    return quoted(book.say("not_applicable"))
