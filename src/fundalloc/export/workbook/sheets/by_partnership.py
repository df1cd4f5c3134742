"""What each partnership receives, and from which instrument, against its need."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book, distinct
from fundalloc.export.workbook.content import Column, ColumnSum, Formula, Sheet, Table
from fundalloc.export.workbook.sheets.needs import coverage_columns

TABLE = "ByPartnership"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.plan.scenario.facts
    money = book.budget.sum(axis=(1, 2))
    own = [book.title(c) for c in ("partnership", "total", "share_of_total", "need", "coverage", "partnership_id")]
    budget, partner = book.of_kind("budget"), book.of_kind("partner")
    headings = distinct([book.labels["instrument"][facts.instruments[k].id] for k in (*budget, *partner)], own)
    across = f"=SUM(BESIDE({len(budget)}))"
    whole = int(money.sum())
    share = f"=IFERROR({book.here(TABLE, 'total')}/SUM({book.all(TABLE, 'total')}),0)"
    columns = [_instrument_column(book, k, heading) for k, heading in zip((*budget, *partner), headings, strict=True)]
    totals = [Formula(across, book.eur(money[p])) if budget else 0 for p in book.leaves]
    table = Table(
        TABLE,
        (
            book.column(
                "partnership",
                "text",
                [book.labels["partnership"][facts.partnerships[p].id] for p in book.leaves],
                (book.say("total.all"),),
                width=31,
            ),
            *columns[: len(budget)],
            book.column("total", "total", totals, (ColumnSum(book.eur(whole)),)),
            book.column(
                "share_of_total",
                "share",
                [Formula(share, int(money[p]) / whole if whole else 0) for p in book.leaves],
                (ColumnSum(1 if whole else 0),),
                width=10,
                mark="bar",
            ),
            *columns[len(budget) :],
            *coverage_columns(book, TABLE, "partnership", book.leaves),
            book.column("partnership_id", "code", [book.code("partnership", p) for p in book.leaves], printed=False),
        ),
        rows="tall",
    )
    says = book.sheet_text("by_partnership", "says", period=book.period)
    return Sheet("by_partnership", book.sheet_text("by_partnership", "title"), says, table, unit=book.say("unit"))


def _instrument_column(book: Book, instrument: int, heading: str) -> Column:
    money = book.cube[instrument].sum(axis=(1, 2))
    criteria = ("partnership_id", book.here(TABLE, "partnership_id")), book.is_("instrument", instrument)
    cells = tuple(book.sum_if("Allocation", "planned", *criteria, value=book.eur(money[p])) for p in book.leaves)
    return Column(heading, "money", cells, (ColumnSum(book.eur(money.sum())),))
