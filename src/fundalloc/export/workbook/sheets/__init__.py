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
    by_route,
    by_year,
    cabinet,
    chart_data,
    checks,
    coefficients,
    compare,
    cover,
    decided_money,
    free_money,
    heat_map,
    inputs,
    instruments,
    moves,
    needs,
    notes,
    on_request,
    own_rules,
    partnerships,
    payments,
    pledges,
    policy_fields,
    refusals,
    rules,
    run_log,
    scenario_files,
    sources,
    summary,
    team_europe,
)

BUILDERS: tuple[Callable[[Book], Sheet | None], ...] = (
    cabinet.build,
    summary.build,
    compare.by_partnership,
    compare.by_instrument,
    by_instrument.build,
    by_partnership.build,
    by_area.build,
    by_year.build,
    by_route.build,
    heat_map.build,
    free_money.build,
    moves.build,
    policy_fields.build,
    pledges.build,
    team_europe.build,
    payments.build,
    rules.build,
    on_request.rule_prices,
    on_request.value_of_money,
    on_request.budget_ladder,
    on_request.ranges,
    allocation.build,
    own_rules.build,
    checks.build,
    instruments.build,
    partnerships.build,
    needs.build,
    inputs.eligibility,
    inputs.exceptions,
    refusals.build,
    inputs.markers,
    coefficients.build,
    decided_money.build,
    sources.build,
    notes.build,
    run_log.build,
    chart_data.build,
    compare.waterfall,
    scenario_files.build,
)


NEED_A_SHEET = (allocation.build, own_rules.build)
"""Left out when the allocation is too long for a sheet."""


def build_sheets(book: Book) -> list[Sheet]:
    """Return all sheets of a workbook, the cover first."""
    builders = BUILDERS if book.live else tuple(builder for builder in BUILDERS if builder not in NEED_A_SHEET)
    others = [sheet for builder in builders if (sheet := builder(book)) is not None]
    return [cover.build(book, others), *others]
