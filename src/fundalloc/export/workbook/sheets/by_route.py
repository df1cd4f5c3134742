"""The EU budget by groups of partnerships: routes, regions and every other tag group, and by cooperation area."""

from __future__ import annotations

import numpy as np

from fundalloc.export.workbook.book import Book, distinct
from fundalloc.export.workbook.content import Formula, Sheet
from fundalloc.export.workbook.line_sums import Boxes
from fundalloc.money import Mask

TABLE = "ByRoute"
FIRST = ("route", "region")


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when no partnership carries a tag."""
    groups = _groups(book)
    if not groups:
        return None
    areas, masks, boxes = range(len(book.facts.areas)), [mask for _, _, mask in groups], Boxes(book)
    taken = [book.title(c) for c in ("group", "group_value", "partnerships", "total", "share_of_total")]
    headings = distinct([book.label("area", a) for a in areas], taken)
    whole, sums = int(book.budget.sum()), [int(book.budget[mask].sum()) for mask in masks]
    share = f"=IFERROR({book.here(TABLE, 'total')}/{book.planned(book.kind_is('budget'))},0)"
    named = [book.names.get(group, {}).get(value) or readable(value) for group, value, _ in groups]
    columns = (
        book.column("group", "strong", [book.word("group", group) for group, _, _ in groups], width=16),
        book.column("group_value", "text", named, width=34),
        book.column("partnerships", "number", [int(np.count_nonzero(mask[book.leaves])) for mask in masks], width=13),
        *(
            book.amounts(
                "",
                [boxes.total(book.box(instrument=book.of_kind("budget"), partnership=mask, area=[a])) for mask in masks],
                [book.budget[mask][:, a].sum() for mask in masks],
                total=False,
                heading=headings[a],
                width=15,
            )
            for a in areas
        ),
        book.amounts("total", f"SUM(BESIDE({len(areas)}))", sums, "total", total=False, width=14),
        book.column("share_of_total", "share", [Formula(share, s / whole if whole else 0) for s in sums], width=11, mark="bar"),
    )
    return book.sheet("by_route", TABLE, columns, filtered=True, one_page=len(groups) <= 40)


def _groups(book: Book) -> list[tuple[str, str, Mask]]:
    """Return (group, value, the partnerships that carry it) of all tags of partnerships, routes and regions first."""
    dimension = book.facts.dimensions.partnership
    names = sorted(dimension.groups, key=lambda group: (FIRST.index(group) if group in FIRST else len(FIRST), group))
    return [(group, value, dimension.masks[f"{group}:{value}"]) for group in names for value in dimension.groups[group]]


def readable(tag: str) -> str:
    """Return a tag's value as words: `central-med` becomes `Central med`."""
    words = tag.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
