"""The sheets, one small file each; this list is their order. A builder returns None when it has nothing to show."""

from __future__ import annotations

from collections.abc import Callable

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet
from fundalloc.export.workbook.sheets import (
    allocation,
    by_area,
    by_instrument,
    by_partnership,
    chart_data,
    checks,
    cover,
    decided_money,
    free_money,
    heat_map,
    inputs,
    instruments,
    needs,
    notes,
    partnerships,
    rules,
    run_log,
    summary,
)

BUILDERS: tuple[Callable[[Book], Sheet | None], ...] = (
    summary.build,
    by_instrument.build,
    by_partnership.build,
    by_area.build,
    heat_map.build,
    free_money.build,
    rules.build,
    allocation.build,
    instruments.build,
    partnerships.build,
    needs.build,
    inputs.eligibility,
    inputs.exceptions,
    inputs.markers,
    decided_money.build,
    checks.build,
    notes.build,
    run_log.build,
    chart_data.build,
)


def build_sheets(book: Book) -> list[Sheet]:
    """Return all sheets of a workbook, the cover first."""
    others = [sheet for builder in BUILDERS if (sheet := builder(book)) is not None]
    return [cover.build(book, others), *others]
