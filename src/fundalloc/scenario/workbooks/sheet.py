"""A worksheet as it stands in its file: every cell with its formula and its stored value, whatever the file says of its size.

openpyxl's own parser reads the cells; its rows are filled up here, so that one cell far out costs no memory, and a cell that
cannot be read is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite
from typing import IO, Any, NamedTuple

from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

from fundalloc.scenario.workbooks.cell import NOTHING, Cell, Row

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
MOST_CELLS = 30_000_000
"""Cells that the rows of a sheet may have, empty ones on their left included."""
_ANEW = "open it in Excel and save it anew"


class Unreadable(Exception):
    """A cell that cannot be read: its name, what is wrong, what to do."""


class Sheet(NamedTuple):
    """All cells of a worksheet, from A1 on, and what a reader of the sheet sees of it; rows and columns count from 0."""

    rows: list[Row]
    """They may differ in length."""
    merged: list[tuple[int, int, int, int]]
    """First row and column, last row and column."""
    hidden_rows: frozenset[int]
    hidden_columns: frozenset[int]


class _Parser(WorkSheetParser):
    """Keeps the formula beside the value of a cell."""

    def parse_cell(self, element: Any) -> dict[str, Any]:
        written = element.findtext(VALUE_TAG)
        try:
            found: dict[str, Any] = super().parse_cell(element)
            if isinstance(found["value"], float) and not isfinite(found["value"]):
                raise ValueError(written)
        except Exception:  # openpyxl raises many kinds
            stored = (
                "the number of a text that the workbook does not have" if element.get("t") == "s" else "stored as a number, but is none"
            )
            raise Unreadable(element.get("r") or "A1", f"'{written}' is {stored}", "type it again, or ask for the file again") from None
        read: Any = self.parse_formula
        formula = None if element.find(FORMULA_TAG) is None else read(element)
        if formula is not None:
            formula = formula if isinstance(formula, str) else getattr(formula, "text", None) or "="
            formula = formula if formula.startswith("=") else f"={formula}"
        value = "" if written == "" and element.get("t") == "str" else found["value"]
        return found | {"cell": Cell(value, formula, found["data_type"] == "e")}


def read_sheet(source: IO[bytes], book: Any, texts: Any) -> Sheet:
    """Read the XML of a worksheet; `texts` are the shared ones of its workbook. Raises Unreadable, and whatever XML raises."""
    formats = {"date_formats": book._date_formats, "timedelta_formats": book._timedelta_formats}
    parser = _Parser(source, texts, data_only=True, epoch=book.epoch, **formats)
    rows: list[Row] = []
    size = 0
    for number, cells in parser.parse():
        if not len(rows) < number <= LAST_ROW:
            raise Unreadable(f"A{len(rows)}", f"row {number} stands out of order", _ANEW)
        rows += [()] * (number - 1 - len(rows))
        rows.append(_filled(number, cells))
        size += len(rows[-1])
        if size > MOST_CELLS:
            raise Unreadable(
                f"A{number}", f"more than {MOST_CELLS / 1e6:.0f} million cells", "delete the empty cells that are formatted far out"
            )
    merged = [
        (m.min_row - 1, m.min_col - 1, m.max_row - 1, m.max_col - 1) for m in (parser.merged_cells.mergeCell if parser.merged_cells else ())
    ]
    hidden_rows = frozenset(int(number) - 1 for number, row in parser.row_dimensions.items() if _is_hidden(row))
    return Sheet(rows, merged, hidden_rows, _hidden_columns(parser.column_dimensions.values()))


def _filled(number: int, cells: list[dict[str, Any]]) -> Row:
    """Return a row from its column A on."""
    row: list[Cell] = []
    for found in cells:
        if found["row"] != number or not len(row) < found["column"] <= LAST_COLUMN:
            raise Unreadable(f"A{number}", "the cells of this row stand out of order", _ANEW)
        row += [NOTHING] * (found["column"] - 1 - len(row))
        row.append(found["cell"])
    return row


def _is_hidden(attributes: Any) -> bool:
    return attributes.get("hidden") in ("1", "true")


def _hidden_columns(written: Iterable[Any]) -> frozenset[int]:
    spans = (range(int(column["min"]) - 1, min(int(column["max"]), LAST_COLUMN)) for column in written if _is_hidden(column))
    return frozenset(column for span in spans for column in span)
