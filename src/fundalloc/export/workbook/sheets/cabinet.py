"""One page for the cabinet: six sentences, what differs from the baseline or from decided money, two charts."""

from __future__ import annotations

from collections.abc import Iterator

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Fact, Formula, Sheet
from fundalloc.export.workbook.sheets.chart_data import charts
from fundalloc.export.workbook.sheets.compare import changes
from fundalloc.export.workbook.sheets.summary import as_text, rows_of, whole_number

TABLE = "Cabinet"
HEIGHT, BARS = 330, 8


def build(book: Book) -> Sheet:
    """Return the sheet."""
    areas, after = range(len(book.facts.areas)), [book.eur(steps) for steps in book.budget.sum(axis=(0, 2))]
    if book.has_baseline:
        key, change, before = "baseline", "change", book.baseline_by("area")
    else:
        key, change, before = "decided", "newly_planned", [book.eur(steps) for steps in book.budget_by("area", book.lines.decided)]
    columns = (
        book.names_of("area", areas, 78, total="all", full=True),
        *changes(book, TABLE, "area", before, after, key=key, change=change, style="total", width=26),
        book.shares_of(TABLE, after, 13, of="this_plan"),
        book.ids_of("area", areas),
    )
    facts = [*(Fact("", sentence) for sentence in _sentences(book)), *(Fact("", said) for said in _by_decision(book))]
    return book.sheet("cabinet", TABLE, columns, facts=tuple(facts), charts=charts(book, HEIGHT, BARS), frozen=False, one_page=True)


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
