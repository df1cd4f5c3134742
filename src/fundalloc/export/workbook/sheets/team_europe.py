"""Team Europe: EU budget and Member States side by side, and memo money apart, never added to either."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fundalloc.export.workbook.book import Book, distinct
from fundalloc.export.workbook.content import Column, Formula, Sheet
from fundalloc.export.workbook.sheets.decided_money import TABLE as DECIDED
from fundalloc.money import IntArray

TABLE = "TeamEurope"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when there is neither partner nor memo money."""
    partner, given = book.of_kind("partner"), _memo_money(book)
    memo = [k for k in book.of_kind("memo") if given[k].sum()]
    money = book.cube.sum(axis=(2, 3))
    shown = [p for p in book.leaves if money[partner, p].sum() or given[memo, p].sum()]
    if not shown:
        return None
    here = book.own(TABLE, "partnership")
    ours = book.budget.sum(axis=(1, 2))[shown]
    taken = [book.title(c) for c in ("partnership", "eu_budget", "together", "eu_share", "partnership_id")]
    headings = iter(distinct([book.label("instrument", k) for k in (*partner, *memo)], taken))

    def columns(instruments: Sequence[int], steps: IntArray, text: Callable[..., str]) -> list[Column]:
        """What each instrument gives to each partnership."""
        return [
            book.amounts("", text(here, book.is_("instrument", k)), steps[k, shown], heading=next(headings), width=14) for k in instruments
        ]

    return book.sheet(
        "team_europe",
        TABLE,
        (
            book.names_of("partnership", shown, 46, total="shown", full=True),
            book.amounts("eu_budget", book.planned(here, book.kind_is("budget")), ours, width=14),
            *columns(partner, money, book.planned),
            *_together(book, ours, ours + money[partner][:, shown].sum(axis=0), len(partner) + 1),
            *columns(memo, given, lambda *criteria: book.sum_if_text(DECIDED, "amount", *criteria)),
            book.ids_of("partnership", shown),
        ),
        one_page=len(shown) <= 40,
    )


def _memo_money(book: Book) -> IntArray:
    """Decided memo money in steps. Shape: (instruments, partnerships)."""
    memo = book.facts.memo
    given: IntArray = np.zeros((len(book.facts.instruments), len(book.facts.partnerships)), dtype=np.int64)
    np.add.at(given, (memo.instrument, memo.partnership), memo.amount)
    return given


def _together(book: Book, ours: IntArray, joint: IntArray, count: int) -> tuple[Column, Column]:
    """Return the sum of the EU budget and partners, and the part of the EU budget in it."""
    share = f"=IFERROR({book.here(TABLE, 'eu_budget')}/{book.here(TABLE, 'together')},0)"
    whole = f"=IFERROR(SUM({book.all(TABLE, 'eu_budget')})/SUM({book.all(TABLE, 'together')}),0)"
    parts = [int(own) / int(all_) if all_ else 0 for own, all_ in zip((*ours, ours.sum()), (*joint, joint.sum()), strict=True)]
    return (
        book.amounts("together", f"SUM(BESIDE({count}))", joint, "total", width=14),
        book.column("eu_share", "share", [Formula(share, part) for part in parts[:-1]], (Formula(whole, parts[-1]),), 12, mark="bar"),
    )
