"""The figures behind the charts of the summary: the largest instruments one by one, the others together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fundalloc.export.workbook.book import Book, distinct, quoted, shorten
from fundalloc.export.workbook.content import Cell, Chart, Column, Formula, Series, Sheet, Table

TABLE = "ChartData"
MOST_SERIES = 6
"""More colours cannot be told apart."""
MOST_BARS = 15
LONGEST_LABEL = 34
"""Characters; longer labels would leave no room for the bars."""


@dataclass(frozen=True)
class Picked:
    """What the charts show, by position: instruments and partnerships in falling order, and the instruments added up."""

    instruments: tuple[int, ...]
    others: tuple[int, ...]
    partnerships: tuple[int, ...]


def pick(book: Book) -> Picked:
    """Choose the largest instruments and partnerships of the EU budget."""
    budget = book.of_kind("budget")
    by_instrument = {k: int(book.cube[k].sum()) for k in budget}
    ordered = sorted((k for k in budget if by_instrument[k] > 0), key=lambda k: -by_instrument[k]) or budget[:1]
    shown = ordered if len(ordered) <= MOST_SERIES + 1 else ordered[:MOST_SERIES]
    totals = book.budget.sum(axis=(1, 2))
    largest = sorted((p for p in book.leaves if totals[p] > 0), key=lambda p: -int(totals[p])) or book.leaves[:1]
    return Picked(tuple(shown), tuple(k for k in ordered if k not in shown), tuple(largest[:MOST_BARS]))


def build(book: Book) -> Sheet:
    """Return the sheet."""
    facts, picked = book.plan.scenario.facts, pick(book)
    years, bars = range(len(facts.years)), picked.partnerships
    labels = [str(y) for y in facts.years] + [shorten(book.labels["partnership"][facts.partnerships[p].id], LONGEST_LABEL) for p in bars]
    shown_in = [book.say("chart.years")] * len(facts.years) + [book.say("chart.partnerships")] * len(bars)
    groups = [(k,) for k in picked.instruments] + ([picked.others] if picked.others else [])
    names = [book.labels["instrument"][facts.instruments[k].id] for k in picked.instruments] + [book.say("chart.others")] * bool(
        picked.others
    )
    headings = distinct(names, (book.title("shown_in"), book.title("label")))
    columns = []
    for heading, group in zip(headings, groups, strict=True):
        money = book.cube[list(group)].sum(axis=0)
        cells = [_cell(book, group, "year", t, int(money[:, :, t].sum())) for t in years]
        cells += [_cell(book, group, "partnership", p, int(money[p].sum())) for p in bars]
        columns.append(Column(heading, "money", tuple(cells), width=16))
    table = Table(TABLE, (book.column("label", "text", labels, width=36), book.column("shown_in", "note", shown_in, width=30), *columns))
    return Sheet(
        "chart_data",
        book.sheet_text("chart_data", "title"),
        book.sheet_text("chart_data", "says"),
        table,
        unit=book.say("unit"),
        colour="rest",
    )


def charts(book: Book, height: int | None = None, most: int = MOST_BARS) -> tuple[Chart, Chart]:
    """Return the two charts of the summary; lower and with fewer bars for the page for the cabinet."""
    facts, picked = book.plan.scenario.facts, pick(book)
    count, bars = len(facts.years), min(len(picked.partnerships), most)
    series = len(picked.instruments) + bool(picked.others)
    first, second = (0, count - 1), (count, count + bars - 1)

    def stack(rows: tuple[int, int]) -> tuple[Series, ...]:
        return tuple(Series(TABLE, rows, (2 + k, 2 + k), (-1, 2 + k), rest=k == len(picked.instruments)) for k in range(series))

    words = {"period": book.period, "count": bars, "all": len(book.leaves)}
    height = height or max(320, 100 + 18 * bars)
    largest = "largest" if bars < int(np.count_nonzero(book.budget.sum(axis=(1, 2)))) else "every"
    return (
        Chart(
            "column",
            book.say("chart.years_title", **words),
            book.say("chart.years_alt", **words),
            Series(TABLE, first, (0, 0)),
            stack(first),
            0.44,
            height,
        ),
        Chart(
            "bar",
            book.say(f"chart.{largest}_title", **words),
            book.say(f"chart.{largest}_alt", **words),
            Series(TABLE, second, (0, 0)),
            stack(second),
            0.56,
            height,
        ),
    )


def _cell(book: Book, group: tuple[int, ...], dimension: str, position: int, steps: int) -> Cell:
    here = book.is_(dimension, position)
    if len(group) == 1:
        return book.sum_if("Allocation", "planned", book.is_("instrument", group[0]), here, value=book.eur(steps))
    some = "{" + ",".join(quoted(book.code("instrument", k)) for k in group) + "}"
    text = book.sum_if_text("Allocation", "planned", ("instrument_id", some), here)
    return Formula(f"=SUMPRODUCT({text})", book.eur(steps))
