"""The sheets of a comparison; this list is their order. A builder returns None, or a sheet without rows, when it has nothing to show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fundalloc.export.comparison.pages import Pages
from fundalloc.export.comparison.sheets import about, brief, changes, side_by_side, why
from fundalloc.export.workbook.content import Sheet

BUILDERS: tuple[Callable[[Pages], Sheet | None], ...] = (
    brief.build,
    *(partial(side_by_side.build, dimension=name) for name in side_by_side.TABLES),
    *(why.build, why.parts, changes.movements, changes.rules, changes.inputs, side_by_side.lines),
    *(about.checks, about.notes, about.sources, why.waterfall),
)


def build_sheets(pages: Pages) -> list[Sheet]:
    """Return all sheets, the cover first."""
    others = [sheet for builder in BUILDERS if (sheet := builder(pages)) is not None and sheet.table.height]
    return [about.cover(pages, others), *others]
