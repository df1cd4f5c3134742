"""Needs and how far they are met: the input of a pair of partnership and area, and its live coverage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Column, Formula, Sheet

TABLE = "Needs"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when the scenario has no needs."""
    plan, facts = book.plan, book.facts
    needs, coverage = facts.needs, plan.coverage
    if not len(needs):
        return None
    pairs = range(len(needs))
    ids = [("partnership_id", book.here(TABLE, "partnership_id")), ("area_id", book.here(TABLE, "area_id"))]
    towards = _towards_need(book)
    met = f"=MIN({book.here(TABLE, 'need')},{book.here(TABLE, 'towards_need')})"
    part = f"=IFERROR({book.here(TABLE, 'met')}/{book.here(TABLE, 'need')},{_none(book)})"
    parts = [float(m / n) if n else book.say("not_applicable") for m, n in zip(coverage.met, coverage.need, strict=True)]
    names = book.labels
    columns = (
        book.column("partnership", "text", [names["partnership"][facts.partnerships[p].id] for p in needs.partnership], width=36),
        book.column("area", "text", [names["area"][facts.areas[a].id] for a in needs.area]),
        book.column("need", "money", coverage.need.tolist()),
        book.column("priority", "factor", needs.priority.values.tolist(), width=10),
        book.column("towards_need", "money", [book.sum_if("Allocation", "towards_need", *ids, value=towards[k]) for k in pairs]),
        book.column("met", "money", [Formula(met, float(coverage.met[k])) for k in pairs]),
        book.column("coverage", "share", [Formula(part, value) for value in parts], width=11, mark="bar"),
        book.column("source", "note", needs.source, width=82),
        book.column("confidence", "note", needs.confidence),
        book.column("partnership_id", "code", [book.code("partnership", p) for p in needs.partnership], printed=False),
        book.column("area_id", "code", [book.code("area", a) for a in needs.area], printed=False),
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
    here = (f"{dimension}_id", book.here(table, f"{dimension}_id"))
    part = f"=IFERROR({book.sum_if_text(TABLE, 'met', here)}/{book.here(table, 'need')},{_none(book)})"
    whole = f"=IFERROR(SUM({book.all(TABLE, 'met')})/SUM({book.all(TABLE, 'need')}),{_none(book)})"

    def covered(some: float, of: float) -> float | str:
        return some / of if of else book.say("not_applicable")

    total = covered(float(met.sum()), float(need.sum()))
    return (
        book.column(
            "need",
            "money",
            [book.sum_if(TABLE, "need", here, value=float(need[k])) for k in order],
            (Formula(f"=SUM({book.all(table, 'need')})", float(need.sum())),),
        ),
        book.column(
            "coverage",
            "share",
            [Formula(part, covered(float(met[k]), float(need[k]))) for k in order],
            (Formula(whole, total),),
            width=10,
            mark="bar",
        ),
    )


def _towards_need(book: Book) -> list[float]:
    """Return the money that counts towards each need, effectiveness applied."""
    facts, lines = book.facts, book.lines
    effectiveness = facts.effectiveness
    grid = np.zeros((len(facts.partnerships), len(facts.areas)), dtype=np.int64)
    np.add.at(grid, (lines.partnership, lines.area), book.plan.steps * effectiveness.numerator[lines.instrument, lines.area])
    return [book.eur(grid[p, a]) / effectiveness.denominator for p, a in zip(facts.needs.partnership, facts.needs.area, strict=True)]


def _none(book: Book) -> str:
    return '"' + book.say("not_applicable") + '"'
