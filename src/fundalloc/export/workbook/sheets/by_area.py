"""How the money is split over the cooperation areas, per year, against need."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Chart, Column, ColumnSum, Formula, Series, Sheet, Table
from fundalloc.export.workbook.sheets.needs import coverage_columns

TABLE = "ByArea"


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts = book.plan.scenario.facts
    everyone = range(len(facts.areas))
    budget, partner = book.budget.sum(axis=0), book.partner.sum(axis=(0, 2))
    whole = int(budget.sum())
    across = f"=SUM({TABLE}[[#This Row],[{facts.years[0]}]:[{facts.years[-1]}]])"
    share = f"=IFERROR({book.here(TABLE, 'total')}/SUM({book.all(TABLE, 'total')}),0)"
    criteria = ("area_id", book.here(TABLE, "area_id"))
    years = [
        Column(
            str(year),
            "money",
            tuple(
                book.sum_if("Allocation", "planned", criteria, book.is_("year", t), book.kind_is("budget"), value=book.eur(budget[a, t]))
                for a in everyone
            ),
            (ColumnSum(book.eur(budget[:, t].sum())),),
        )
        for t, year in enumerate(facts.years)
    ]
    partner_cells = [book.sum_if("Allocation", "planned", criteria, book.kind_is("partner"), value=book.eur(partner[a])) for a in everyone]
    table = Table(
        TABLE,
        (
            book.column("area", "text", [book.names["area"][area.id] for area in facts.areas], (book.say("total.all"),), width=44),
            *years,
            book.column("total", "total", [Formula(across, book.eur(budget[a].sum())) for a in everyone], (ColumnSum(book.eur(whole)),)),
            book.column(
                "share_of_total",
                "share",
                [Formula(share, int(budget[a].sum()) / whole if whole else 0) for a in everyone],
                (ColumnSum(1 if whole else 0),),
                width=10,
                mark="bar",
            ),
            *(
                [book.column("partner_money", "money", partner_cells, (ColumnSum(book.eur(partner.sum())),))]
                if book.of_kind("partner")
                else []
            ),
            *coverage_columns(book, TABLE, "area", everyone),
            book.column("label", "note", [book.labels["area"][area.id] for area in facts.areas], printed=False),
            book.column("area_id", "code", [book.code("area", a) for a in everyone], printed=False),
        ),
        rows="tall",
    )
    says = book.sheet_text("by_area", "says", period=book.period)
    return Sheet(
        "by_area",
        book.sheet_text("by_area", "title"),
        says,
        table,
        unit=book.say("unit"),
        charts=(_chart(book, table.position("label")),),
        one_page=True,
    )


def _chart(book: Book, label: int) -> Chart:
    """Stacked columns: one per year, one colour per area."""
    count = len(book.plan.scenario.facts.years)
    words = {"period": book.period}
    series = tuple(Series(TABLE, (a, a), (1, count), (a, label)) for a in range(len(book.plan.scenario.facts.areas)))
    return Chart(
        "column", book.say("chart.areas_title", **words), book.say("chart.areas_alt", **words), Series(TABLE, (-1, -1), (1, count)), series
    )
