"""A workbook for outside the house: without priorities, penalties, prices, comments and the scenario itself.

The sheets are built as for inside, so that every figure is the same; what must not leave is then taken out. A name in
these lists is the key of a column, of a row's entry in the catalogue, or of a sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet, SheetTable, plain

PRICES = {"one_more", "one_less", "price_basis", "range"}
COLUMNS = frozenset({"priority", "sent:priority", "penalty", *PRICES, "comment_input", "author_input", "written_in"})
SHEETS = frozenset({"scenario_files", "rule_prices", "value_of_money", "budget_ladder", "amount_ranges"})
ENTRIES = {
    "summary": [f"summary.{key}.says" for key in ("score", "bound", "below_bound")],
    "run_log": [
        *(f"log.{key}" for key in ("program_score", "score", "penalty", "solver_bound", "certified_bound")),
        *(f"log.{key}" for key in ("search", "below", "gap", "given_up", "lost_by_rounding", "decided_cost")),
    ],
    "notes": [f"note.{key}.term" for key in ("priority", "shadow_price", "score")],
}
"""Rows of these sheets, by the text in their first column."""


def for_outside(book: Book, sheets: Sequence[Sheet]) -> list[Sheet]:
    """Return the sheets without what must not leave the house."""
    kept = [sheet for sheet in sheets if sheet.key not in SHEETS]
    _refuse_charts(kept)
    return [replace(sheet, table=_table(book, sheet)) for sheet in kept]


def _table(book: Book, sheet: Sheet) -> SheetTable:
    """Return a table with the rows that stay: of the contents those of sheets that exist, elsewhere those whose entry may leave."""
    table, private = sheet.table, SHEETS if sheet.cover else {book.say(key) for key in ENTRIES.get(sheet.key, ())}
    rows = [row for row, cell in enumerate(table.columns[0].cells) if plain(cell) not in private]
    columns = [column for column in table.columns if column.key not in COLUMNS]
    strong = frozenset(k for k, row in enumerate(rows) if row in table.strong)
    picked = tuple(replace(column, cells=tuple(column.cells[row] for row in rows)) for column in columns)
    return replace(table, columns=picked, strong=strong)


def _refuse_charts(sheets: Sequence[Sheet]) -> None:
    """Charts point at columns by position: no chart may stand over a table that loses one."""
    losing = {sheet.table.name for sheet in sheets if any(column.key in COLUMNS for column in sheet.table.columns)}
    drawn = {series.table for sheet in sheets for chart in sheet.charts for series in (chart.categories, *chart.series)}
    if losing & drawn:
        raise ValueError(f"a chart stands over {sorted(losing & drawn)}, which lose columns outside")
