"""The plan on one page: a table of headline figures and two charts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Formula, Sheet, Styled, Table
from fundalloc.export.workbook.sheets.chart_data import charts
from fundalloc.export.workbook.sheets.decided_money import TABLE as DECIDED
from fundalloc.export.workbook.sheets.free_money import whole_period
from fundalloc.plan.verify import AT_LIMIT, BREACH, MISSED
from fundalloc.plan.verify import DECIDED as BY_DECISION

Row = tuple[str, Cell, str]
"""Key in the catalogue, value with its style, key of the unit."""


def build(book: Book) -> Sheet:
    """Return the sheet."""
    rows = [*_money(book), *_shape(book), *_rules(book), *_quality(book)]
    words = {"period": book.period, "count": len(book.plan.findings), "partnerships": len(book.leaves)}
    table = Table(
        "Summary",
        (
            book.column("indicator", "text", [book.say(f"summary.{key}.says") for key, _, _ in rows], width=48),
            book.column("value", "money", [cell for _, cell, _ in rows], width=28),
            book.column("unit", "note", [book.say(f"unit_of.{unit}") for _, _, unit in rows], width=15),
            book.column("comment", "note", [book.say(f"summary.{key}.comment", **words) for key, _, _ in rows], width=122),
        ),
    )
    says = book.sheet_text("summary", "says", title=book.within(book.plan.scenario.head.title))
    return Sheet("summary", book.sheet_text("summary", "title"), says, table, charts=charts(book), frozen=False, one_page=True)


def _money(book: Book) -> Iterator[Row]:
    """What is planned: EU budget, partner and memo money apart."""
    plan, facts = book.plan, book.plan.scenario.facts
    budget = book.kind_is("budget")
    limits = whole_period(book)
    usable = sum(limits.get(k, 0) for k in book.of_kind("budget"))
    spent = int(book.budget.sum())
    lines = plan.scenario.lines
    decided = int(lines.decided[np.isin(lines.instrument, book.of_kind("budget"))].sum())
    most = book.sum_if_text("ByInstrument", "usable", budget)
    left = book.sum_if_text("ByInstrument", "headroom", budget)
    yield "planned", Styled(book.sum_if("Allocation", "planned", budget, value=book.eur(spent)), "total"), "money"
    yield "usable", Formula(f"={most}", book.eur(usable)), "money"
    yield "free", Formula(f"={left}", book.eur(usable - spent)), "money"
    yield "used", Styled(Formula(f"=IFERROR(1-{left}/{most},0)", spent / usable if usable else 0), "share"), "share"
    yield "decided", book.sum_if("Allocation", "decided", budget, value=book.eur(decided)), "money"
    if book.of_kind("partner"):
        yield "partner", book.sum_if("Allocation", "planned", book.kind_is("partner"), value=book.eur(book.partner.sum())), "money"
    if len(facts.memo):
        yield "memo", book.sum_if(DECIDED, "amount", book.kind_is("memo"), value=book.eur(facts.memo.amount.sum())), "money"


def _shape(book: Book) -> Iterator[Row]:
    """Need, coverage, concentration."""
    coverage, totals = book.plan.coverage, book.budget.sum(axis=(1, 2))
    need, met = float(coverage.need.sum()), float(coverage.met.sum())
    if need:
        yield "need", Formula(f"=SUM({book.all('Needs', 'need')})", need), "money"
        yield (
            "coverage",
            Styled(Formula(f"=IFERROR(SUM({book.all('Needs', 'met')})/SUM({book.all('Needs', 'need')}),0)", met / need), "share"),
            "share",
        )
    column = book.all("ByPartnership", "total")
    largest = max(book.leaves, key=lambda p: int(totals[p]))
    name = book.labels["partnership"][book.plan.scenario.facts.partnerships[largest].id]
    found = f"=INDEX({book.all('ByPartnership', 'partnership')},MATCH(MAX({column}),{column},0))"
    yield "largest", Styled(Formula(found, name), "right_text"), "name"
    whole = int(totals.sum())
    yield (
        "largest_share",
        Styled(Formula(f"=IFERROR(MAX({column})/SUM({column}),0)", int(totals[largest]) / whole if whole else 0), "share"),
        "share",
    )


def _rules(book: Book) -> Iterator[Row]:
    """How many rules have each status that matters."""
    found = [f.status for f in book.plan.findings]
    for key, status in (("at_limit", AT_LIMIT), ("missed", MISSED), ("by_decision", BY_DECISION), ("breach", BREACH)):
        formula = f"=COUNTIF({book.all('Rules', 'status')},{quoted(book.status(status))})"
        yield key, Styled(Formula(formula, found.count(status)), "number"), "rules"


def _quality(book: Book) -> Iterator[Row]:
    yield "score", Styled(book.plan.score, "points"), "points"
    yield "program_score", Styled(book.plan.log.program_score, "points"), "points"
