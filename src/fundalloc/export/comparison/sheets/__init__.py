"""The sheets of a comparison, one small file each; this list is their order. A builder returns None when it has nothing to show."""

from __future__ import annotations

from collections.abc import Callable

from fundalloc.export.comparison.pages import Pages
from fundalloc.export.comparison.sheets import brief, checks, cover, inputs, lines, movements, notes, rules, side_by_side, sources, why
from fundalloc.export.workbook.content import Sheet

BUILDERS: tuple[Callable[[Pages], Sheet | None], ...] = (
    brief.build,
    side_by_side.by_partnership,
    side_by_side.by_area,
    side_by_side.by_instrument,
    side_by_side.by_year,
    side_by_side.by_marker,
    why.build,
    why.parts,
    movements.build,
    rules.build,
    inputs.build,
    lines.build,
    checks.build,
    notes.build,
    sources.build,
    why.waterfall,
)


def build_sheets(pages: Pages) -> list[Sheet]:
    """Return all sheets, the cover first."""
    others = [sheet for builder in BUILDERS if (sheet := builder(pages)) is not None]
    return [cover.build(pages, others), *others]
