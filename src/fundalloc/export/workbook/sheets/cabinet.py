"""One page for the cabinet: six sentences, what differs from the baseline or from decided money, two charts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import ColumnSum, Fact, Formula, Sheet, Table
from fundalloc.export.workbook.sheets.chart_data import charts
from fundalloc.export.workbook.sheets.summary import as_text, rows_of, whole_number

TABLE = "Cabinet"
HEIGHT, BARS = 330, 8


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.plan.scenario.facts
    areas = range(len(facts.areas))
    after = [book.eur(steps) for steps in book.budget.sum(axis=(0, 2))]
    key = "baseline" if book.has_baseline else "decided"
    before = _before(book)
    here = ("area_id", book.here(TABLE, "area_id")), book.kind_is("budget")
    whole = sum(after)
    change = f"={book.here(TABLE, 'this_plan')}-{book.here(TABLE, key)}"
    share = f"=IFERROR({book.here(TABLE, 'this_plan')}/SUM({book.all(TABLE, 'this_plan')}),0)"
    table = Table(
        TABLE,
        (
            book.column("area", "text", [book.names["area"][a.id] for a in facts.areas], (book.say("total.all"),), width=78),
            book.column(
                key, "money", [book.sum_if("Allocation", key, *here, value=v) for v in before], (ColumnSum(sum(before)),), width=18
            ),
            book.column(
                "this_plan", "total", [book.sum_if("Allocation", "planned", *here, value=v) for v in after], (ColumnSum(whole),), width=18
            ),
            book.column(
                "change" if book.has_baseline else "newly_planned",
                "change",
                [Formula(change, round(b - a, 9)) for a, b in zip(before, after, strict=True)],
                (ColumnSum(round(whole - sum(before), 9)),),
                width=26,
                mark="change",
            ),
            book.column(
                "share_of_total",
                "share",
                [Formula(share, after[a] / whole if whole else 0) for a in areas],
                (ColumnSum(1 if whole else 0),),
                width=13,
                mark="bar",
            ),
            book.column("area_id", "code", [book.code("area", a) for a in areas], printed=False),
        ),
    )
    says = book.sheet_text("cabinet", "says", title=book.within(book.plan.scenario.head.title))
    return Sheet(
        "cabinet",
        book.sheet_text("cabinet", "title"),
        says,
        table,
        unit=book.say("unit"),
        facts=(*(Fact("", sentence) for sentence in _sentences(book)), *(Fact("", said) for said in _by_decision(book))),
        charts=charts(book, HEIGHT, BARS),
        frozen=False,
        one_page=True,
    )


def _before(book: Book) -> list[float]:
    """Return per area what the baseline gives, or without one what is decided: EU budget."""
    lines = book.plan.scenario.lines
    budget = np.isin(lines.instrument, book.of_kind("budget"))
    steps = np.zeros(len(lines.facts.areas), dtype=np.int64)
    if book.has_baseline:
        np.add.at(steps, lines.area[budget], lines.baseline.numerator[budget])
        return [round(int(s) / lines.baseline.denominator, 9) for s in steps]
    np.add.at(steps, lines.area[budget], lines.decided[budget])
    return [book.eur(s) for s in steps]


def _sentences(book: Book) -> Iterator[Formula]:
    """Six sentences with live figures from the sheet Summary."""
    texts = {key: as_text(book, cell, unit) for key, cell, unit in rows_of(book)}
    words = {"period": book.period, "partnerships": len(book.leaves), "demands": whole_number(book.plan.tally.demands)}
    proof = ("proof", ("reached",)) if "reached" in texts or book.outside else ("proof_points", ("below_bound",))
    for name, figures in (
        ("money", ("planned", "decided", "used", "free")),
        ("largest", ("largest", "largest_share", "largest_area", "largest_area_share")),
        ("needs", ("need", "coverage")),
        ("rules", ("breach", "at_limit", "missed")),
        ("team", ("partner", "memo")),
        proof,
    ):
        if all(figure in texts for figure in figures):
            yield book.joined(f"cabinet.{name}", words, **{figure: (_found(book, figure), texts[figure].value) for figure in figures})


def _by_decision(book: Book) -> Iterator[str]:
    """More lines where decisions break demands: how many, and one for each that is named."""
    if book.plan.tally.by_decision:
        yield book.say("cabinet.by_decision", by_decision=book.plan.tally.by_decision)
        yield from book.by_decision("\n").split("\n")


def _found(book: Book, key: str) -> str:
    return f"INDEX({book.all('Summary', 'as_text')},MATCH({quoted(key)},{book.all('Summary', 'summary_key')},0))"
