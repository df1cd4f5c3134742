"""The sheets that are written only when asked for: ranges of amounts, the price list of rules, the value of money, the ladder.

Their figures come from solving again; nothing in a workbook could recompute them, so they are values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Sheet
from fundalloc.insight.explain.value import LOSS

if TYPE_CHECKING:
    import pandas as pd

NAMED = 20
"""Pairs or partnerships that a cell names."""


def ranges(book: Book) -> Sheet:
    """Return the sheet of ranges."""
    rows = _rows(book.asked.ranges)
    firm, open_ = book.say("firm.yes"), book.say("firm.no")
    columns = (
        book.column("partnership", "text", [book.labels["partnership"][row["partnership"]] for row in rows], width=40),
        book.column("area", "text", [book.labels["area"][row["area"]] for row in rows]),
        book.column("planned", "total", [_tidy(row["amount"]) for row in rows], width=14, given=True),
        *(book.column(name, "money", [_tidy(row[name]) for row in rows], width=14, given=True) for name in ("least", "most")),
        book.column("firm", "text", [firm if row["firm"] else open_ for row in rows], width=14),
        *(book.column(name, "money", [_tidy(row[name]) for row in rows], width=16, given=True) for name in ("least_within", "most_within")),
    )
    return book.sheet("amount_ranges", "AmountRanges", columns, filtered=True, words={"loss": book.words.share(LOSS, 1)})


def rule_prices(book: Book) -> Sheet | None:
    """Return the price list of rules; None when nobody asked."""
    prices = book.asked.prices
    if prices is None:
        return None
    rows = _rows(prices.rules)
    together: dict[str, list[str]] = {row["rule"]: [] for row in rows}
    for pair in prices.pairs:
        for one, other in ((pair.first, pair.second), (pair.second, pair.first)):
            together[one].append(book.say("costs_together", other=other, points=f"{pair.together:.2f}"))
    columns = (
        book.column("rule", "text", [row["rule"] for row in rows], width=26),
        book.column("says", "text", [row["says"] for row in rows], width=60),
        book.column("force", "text", [book.word("force", row["enforced"]) for row in rows], width=12),
        book.column("negotiable", "text", [book.word("negotiable", row["negotiable"]) for row in rows], width=14),
        book.column("costs_points", "points", [_tidy(row["points"]) for row in rows], width=14),
        book.column("worth_money", "money", [_or_none(row["euro"]) for row in rows], width=16, given=True),
        *([book.column("with_another", "note", ["; ".join(together[row["rule"]]) for row in rows], width=50)] if prices.pairs else []),
    )
    return book.sheet("rule_prices", "RulePrices", columns, filtered=True, money=False, words={"points": f"{prices.money:.2f}"})


def value_of_money(book: Book) -> Sheet:
    """Return what one million more and less of every instrument is worth."""
    rows = _rows(book.asked.value)
    columns = (
        book.column("instrument", "text", [book.labels["instrument"][row["instrument"]] for row in rows], width=36),
        book.column("usable", "money", [_tidy(row["ceiling"]) for row in rows], width=15, given=True),
        book.column("planned", "money", [_tidy(row["planned"]) for row in rows], width=15, given=True),
        book.column("one_more", "points", [_or_none(row["more"]) for row in rows], width=18),
        book.column("one_less", "points", [_or_none(row["less"]) for row in rows], width=18),
    )
    return book.sheet("value_of_money", "ValueOfMoney", columns)


def budget_ladder(book: Book) -> Sheet:
    """Return the budget ladder."""
    ladder, names, areas = book.asked.ladder, book.labels["partnership"], book.labels["area"]

    def pairs(found: Sequence[tuple[str, str]]) -> str:
        return _some([f"{names[p]}, {areas[a]}" for p, a in found])

    columns = (
        book.column("size", "share", [float(rung.factor) for rung in ladder], width=12),
        book.column("usable", "money", [_tidy(rung.money) for rung in ladder], width=15, given=True),
        book.column("score_points", "points", [_or_none(rung.score) for rung in ladder], width=15),
        book.column("enters", "text", [pairs(rung.enters) for rung in ladder], width=44),
        book.column("leaves", "text", [pairs(rung.leaves) for rung in ladder], width=44),
        book.column("gets_less", "text", [_some([f"{names[p]} {amount:.1f}" for p, amount in r.losers]) for r in ladder], width=44),
    )
    return book.sheet("budget_ladder", "BudgetLadder", columns)


def _rows(table: pd.DataFrame | None) -> list[Any]:
    return [] if table is None else table.to_dict("records")


def _some(names: list[str]) -> str:
    return "; ".join(names[:NAMED]) + (f"; … +{len(names) - NAMED}" if len(names) > NAMED else "")


def _tidy(value: float) -> float:
    """Return a figure without the last digits of the solver."""
    return round(float(value), 6)


def _or_none(value: float) -> Cell:
    return None if math.isnan(value) else _tidy(value)
