"""The sheets; this list is their order. A builder returns None, or a sheet without rows, when it has nothing to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet
from fundalloc.export.workbook.sheets import (
    about,
    allocation,
    changes,
    chart_data,
    compare,
    fiche,
    free_money,
    inputs,
    mandate,
    money_by,
    on_request,
    payments,
    rules,
    sources,
    summary,
    targets,
)

BUILDERS: tuple[Callable[[Book], Sheet | None], ...] = (
    *(summary.cabinet, summary.build),
    *(partial(compare.build, name=name) for name in compare.COMPARED),
    *(
        money_by.instrument,
        money_by.partnership,
        money_by.partnership_years,
        money_by.area,
        money_by.action,
        money_by.year,
        money_by.route,
        money_by.heat_map,
    ),
    free_money.build,
    *(payments.moves, mandate.build, targets.policy_fields, targets.pledges, targets.team_europe, payments.build),
    *(fiche.build, rules.build, on_request.rule_prices, on_request.value_of_money, on_request.budget_ladder, on_request.ranges),
    *(allocation.build, rules.own_rules, rules.names, allocation.checks, changes.build),
    *(inputs.instruments, inputs.partnerships, inputs.needs, inputs.eligibility, inputs.exceptions, inputs.refusals, inputs.markers),
    *(allocation.coefficients, inputs.decided_money, sources.build),
    *(about.notes, about.mathematics, about.run_log, chart_data.build, compare.waterfall, about.scenario_files),
)
NEED_A_SHEET = (allocation.build, rules.own_rules, rules.names, changes.build)
"""Left out when the allocation is too long for a sheet."""
OPEN = ("allocation", "rules", "own_rules")
"""Not protected: a protected sheet sorts only where every cell is open, and takes no new rows."""
LOOKED_UP = ("allocation", "rules")
"""Never left out: without them, formulas of other sheets would point nowhere."""


def build_sheets(book: Book) -> list[Sheet]:
    """Return all sheets of a workbook, the cover first."""
    built = [builder(book) for builder in BUILDERS if book.live or builder not in NEED_A_SHEET]
    others = [sheet for sheet in built if sheet is not None and (sheet.table.height or sheet.key in LOOKED_UP)]
    return [replace(sheet, protected=sheet.key not in OPEN) for sheet in (about.cover(book, others), *others)]
