"""The figures behind the charts of the summary: the largest instruments one by one, the others together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fundalloc.export.workbook.book import Book, array, distinct, shorten
from fundalloc.export.workbook.content import Chart, Series, Sheet

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
    years, picked = book.facts.years, pick(book)
    bars = picked.partnerships
    labels = [str(y) for y in years] + [shorten(book.label("partnership", p), LONGEST_LABEL) for p in bars]
    shown_in = [book.say("chart.years")] * len(years) + [book.say("chart.partnerships")] * len(bars)
    groups = [(k,) for k in picked.instruments] + [picked.others] * bool(picked.others)
    names = [book.label("instrument", k) for k in picked.instruments] + [book.say("chart.others")] * bool(picked.others)
    columns = [book.column("label", "text", labels, width=36), book.column("shown_in", "note", shown_in, width=30)]
    for heading, group in zip(distinct(names, (book.title("shown_in"), book.title("label"))), groups, strict=True):
        money = book.cube[list(group)].sum(axis=0)
        texts = [_formula(book, group, book.is_("year", t)) for t in range(len(years))]
        texts += [_formula(book, group, book.is_("partnership", p)) for p in bars]
        steps = (*money.sum(axis=(0, 1)), *money.sum(axis=(1, 2))[list(bars)])
        columns.append(book.amounts("", texts, steps, total=False, heading=heading, width=16))
    return book.sheet("chart_data", TABLE, columns, colour="rest")


def charts(book: Book, height: int | None = None, most: int = MOST_BARS) -> tuple[Chart, Chart]:
    """Return the two charts of the summary; lower and with fewer bars for the page for the cabinet."""
    picked, count = pick(book), len(book.facts.years)
    bars = min(len(picked.partnerships), most)
    words = {"count": bars, "all": len(book.leaves)}
    height = height or max(320, 100 + 18 * bars)
    largest = "largest" if bars < int(np.count_nonzero(book.budget.sum(axis=(1, 2)))) else "every"

    def stack(kind: Literal["column", "bar"], key: str, rows: tuple[int, int], width: float) -> Chart:
        columns = range(2, 2 + len(picked.instruments) + bool(picked.others))
        series = tuple(Series(TABLE, rows, (k, k), (-1, k), rest=k == 2 + len(picked.instruments)) for k in columns)
        return book.chart(kind, key, Series(TABLE, rows, (0, 0)), series, words=words, width=width, height=height)

    return stack("column", "years", (0, count - 1), 0.44), stack("bar", largest, (count, count + bars - 1), 0.56)


def _formula(book: Book, group: tuple[int, ...], here: tuple[str, str]) -> str:
    """Return the planned money of one instrument, or of several together."""
    if len(group) == 1:
        return book.planned(book.is_("instrument", group[0]), here)
    some = array(book.is_("instrument", k)[1] for k in group)
    return f"SUMPRODUCT({book.planned(('instrument_id', some), here)})"
