"""Partnership × area at a glance: EU budget over the whole period."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book, distinct
from fundalloc.export.workbook.content import Column, ColumnSum, Formula, Sheet, Table

TABLE = "HeatMap"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.plan.scenario.facts
    money = book.budget.sum(axis=2)
    headings = distinct(
        [book.labels["area"][a.id] for a in facts.areas], [book.title(c) for c in ("partnership", "total", "partnership_id")]
    )
    here = ("partnership_id", book.here(TABLE, "partnership_id"))
    columns = [
        Column(
            heading,
            "money",
            tuple(
                book.sum_if("Allocation", "planned", here, book.is_("area", a), book.kind_is("budget"), value=book.eur(money[p, a]))
                for p in book.leaves
            ),
            (ColumnSum(book.eur(money[:, a].sum())),),
            width=17,
            mark="heat",
        )
        for a, heading in enumerate(headings)
    ]
    across = f"=SUM(BESIDE({len(columns)}))"
    table = Table(
        TABLE,
        (
            book.column(
                "partnership",
                "text",
                [book.labels["partnership"][facts.partnerships[p].id] for p in book.leaves],
                (book.say("total.all"),),
                width=40,
            ),
            *columns,
            book.column(
                "total",
                "total",
                [Formula(across, book.eur(money[p].sum())) for p in book.leaves],
                (ColumnSum(book.eur(money.sum())),),
                width=15,
            ),
            book.column("partnership_id", "code", [book.code("partnership", p) for p in book.leaves], printed=False),
        ),
    )
    says = book.sheet_text("heat_map", "says", period=book.period)
    return Sheet(
        "heat_map",
        book.sheet_text("heat_map", "title"),
        says,
        table,
        unit=book.say("unit"),
        portrait=table.height > 24,
        one_page=table.height <= 60,
    )
