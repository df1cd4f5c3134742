"""The EU budget by groups of partnerships: routes, regions and every other tag group, and by cooperation area."""

from __future__ import annotations

import numpy as np

from fundalloc.export.workbook.book import Book, distinct
from fundalloc.export.workbook.content import Column, Formula, Sheet, Table
from fundalloc.export.workbook.line_sums import Boxes

TABLE = "ByRoute"
FIRST = ("route", "region")


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when no partnership carries a tag."""
    facts = book.plan.scenario.facts
    dimension = facts.dimensions.partnership
    names = sorted(dimension.groups, key=lambda group: (FIRST.index(group) if group in FIRST else len(FIRST), group))
    groups = [(group, value, dimension.masks[f"{group}:{value}"]) for group in names for value in dimension.groups[group]]
    if not groups:
        return None
    headings = distinct(
        [book.labels["area"][a.id] for a in facts.areas],
        [book.title(c) for c in ("group", "group_value", "partnerships", "total", "share_of_total")],
    )
    whole = int(book.budget.sum())
    boxes, money = Boxes(book), np.isin(np.arange(len(facts.instruments)), book.of_kind("budget"))
    columns = []
    for a, heading in enumerate(headings):
        only, years = np.arange(len(facts.areas)) == a, np.ones(len(facts.years), dtype=bool)
        cells = [Formula(f"={boxes.total((money, mask, only, years))}", book.eur(book.budget[mask][:, a].sum())) for _, _, mask in groups]
        columns.append(Column(heading, "money", tuple(cells), width=15))
    total = f"=SUM(BESIDE({len(columns)}))"
    share = f"=IFERROR({book.here(TABLE, 'total')}/{book.sum_if_text('Allocation', 'planned', book.kind_is('budget'))},0)"
    sums = [int(book.budget[mask].sum()) for _, _, mask in groups]
    table = Table(
        TABLE,
        (
            book.column("group", "strong", [book.word("group", group) for group, _, _ in groups], width=16),
            book.column(
                "group_value", "text", [book.names.get(group, {}).get(value) or readable(value) for group, value, _ in groups], width=34
            ),
            book.column("partnerships", "number", [int(np.count_nonzero(mask[book.leaves])) for _, _, mask in groups], width=13),
            *columns,
            book.column("total", "total", [Formula(total, book.eur(s)) for s in sums], width=14),
            book.column("share_of_total", "share", [Formula(share, s / whole if whole else 0) for s in sums], width=11, mark="bar"),
        ),
        filtered=True,
    )
    says = book.sheet_text("by_route", "says", period=book.period)
    return Sheet("by_route", book.sheet_text("by_route", "title"), says, table, unit=book.say("unit"), one_page=len(groups) <= 40)


def readable(tag: str) -> str:
    """Return a tag's value as words: `central-med` becomes `Central med`."""
    words = tag.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
