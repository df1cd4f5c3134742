"""Team Europe: EU budget and Member States side by side, and memo money apart, never added to either."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fundalloc.export.workbook.book import Book, Steps, distinct
from fundalloc.export.workbook.content import Column, ColumnSum, Formula, Sheet, Table
from fundalloc.export.workbook.sheets.decided_money import TABLE as DECIDED

TABLE = "TeamEurope"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when there is neither partner nor memo money."""
    facts = book.plan.scenario.facts
    partner, memo = book.of_kind("partner"), book.of_kind("memo")
    if not partner and not len(facts.memo):
        return None
    given = np.zeros((len(facts.instruments), len(facts.partnerships)), dtype=np.int64)
    np.add.at(given, (facts.memo.instrument, facts.memo.partnership), facts.memo.amount)
    memo = [k for k in memo if given[k].sum()]
    money = book.cube.sum(axis=(2, 3))
    shown = [p for p in book.leaves if money[partner, p].sum() or given[memo, p].sum()]
    if not shown:
        return None
    here = ("partnership_id", book.here(TABLE, "partnership_id"))
    eu = book.budget.sum(axis=(1, 2))
    ours = [book.sum_if("Allocation", "planned", here, book.kind_is("budget"), value=book.eur(eu[p])) for p in shown]
    own = [book.title(c) for c in ("partnership", "eu_budget", "together", "eu_share", "partnership_id")]
    headings = distinct([book.labels["instrument"][facts.instruments[k].id] for k in (*partner, *memo)], own)
    joint = [int(eu[p] + money[partner, p].sum()) for p in shown]
    together = f"=SUM(BESIDE({len(partner) + 1}))"
    share = f"=IFERROR({book.here(TABLE, 'eu_budget')}/{book.here(TABLE, 'together')},0)"
    whole, all_ours = sum(joint), int(eu[shown].sum())
    total_share = f"=IFERROR(SUM({book.all(TABLE, 'eu_budget')})/SUM({book.all(TABLE, 'together')}),0)"
    table = Table(
        TABLE,
        (
            book.column(
                "partnership",
                "text",
                [book.names["partnership"][facts.partnerships[p].id] for p in shown],
                (book.say("total.shown"),),
                width=46,
            ),
            book.column("eu_budget", "money", ours, (ColumnSum(book.eur(all_ours)),), width=14),
            *(_given(book, heading, k, money[k], shown, "Allocation") for heading, k in zip(headings, partner, strict=False)),
            book.column(
                "together", "total", [Formula(together, book.eur(steps)) for steps in joint], (ColumnSum(book.eur(whole)),), width=14
            ),
            book.column(
                "eu_share",
                "share",
                [Formula(share, int(eu[p]) / all_ if all_ else 0) for p, all_ in zip(shown, joint, strict=True)],
                (Formula(total_share, all_ours / whole if whole else 0),),
                width=12,
                mark="bar",
            ),
            *(_given(book, heading, k, given[k], shown, DECIDED) for heading, k in zip(headings[len(partner) :], memo, strict=True)),
            book.column("partnership_id", "code", [book.code("partnership", p) for p in shown], printed=False),
        ),
    )
    says = book.sheet_text("team_europe", "says", period=book.period)
    return Sheet("team_europe", book.sheet_text("team_europe", "title"), says, table, unit=book.say("unit"), one_page=len(shown) <= 40)


def _given(book: Book, heading: str, instrument: int, money: Steps, shown: Sequence[int], table: str) -> Column:
    """Return what one instrument gives to each partnership: planned lines, or decided memo money."""
    criteria = ("partnership_id", book.here(TABLE, "partnership_id")), book.is_("instrument", instrument)
    column = "planned" if table == "Allocation" else "amount"
    cells = tuple(book.sum_if(table, column, *criteria, value=book.eur(money[p])) for p in shown)
    return Column(heading, "money", cells, (ColumnSum(book.eur(money[list(shown)].sum())),), width=14)
