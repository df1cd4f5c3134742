"""A worksheet as it stands in its file: cells by openpyxl's own parser, rows filled up here, so that one cell far out costs no memory."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import IO, Any, NamedTuple

from fundalloc.doors.terminal import CONTROLS
from fundalloc.doors.text import control

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
MOST_CELLS = 50_000_000
"""Cells that the rows of a sheet may have, empty ones on their left included."""
_ANEW = "open it in Excel and save it anew"


class Unreadable(Exception):
    """A cell that cannot be read: its name, what is wrong, what to do."""


class Cell(NamedTuple):
    """What stands in a cell."""

    value: Any = None
    """The stored value: text, number, or None."""
    formula: str | None = None
    """The formula with its equals sign, or None."""
    error: bool = False
    """Whether the value is an error such as #REF!."""

    @property
    def empty(self) -> bool:
        """Whether nothing stands there, or nothing but spaces."""
        return self.formula is None and (self.value is None or (isinstance(self.value, str) and not self.value.strip()))

    @property
    def text(self) -> str:
        """The value as text; numbers to the 15 digits that a spreadsheet keeps."""
        if self.value is None:
            return ""
        if isinstance(self.value, bool):
            return str(self.value).upper()
        return f"{self.value:.15g}" if isinstance(self.value, float) else str(self.value).strip()

    @property
    def number(self) -> float | int | None:
        """The value when it is a finite number."""
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return self.value if is_number and math.isfinite(self.value) else None

    @property
    def control(self) -> str:
        """What is wrong with a text that holds a control character; empty for all others."""
        found = CONTROLS.search(self.value) if isinstance(self.value, str) else None
        return control(found[0])[0] if found else ""

    @property
    def unreadable(self) -> tuple[str, str] | None:
        """Why the cell says nothing that could be read, and what to do; None for all others."""
        if self.error:
            return f"an error: {self.text}", "mend the formula, or type the value"
        if self.formula is not None and self.value is None:
            return f"a formula without a stored value: {self.formula}", "open it in a spreadsheet program and save it"
        return (self.control, "delete it") if self.control else None


NOTHING = Cell()
Row = Sequence[Cell]


class SheetCells(NamedTuple):
    """All cells of a worksheet, from A1 on, and what a reader of the sheet sees of it; rows and columns count from 0."""

    rows: list[Row]
    """They may differ in length."""
    merged: Sequence[tuple[int, int, int, int]] = ()
    """First row and column, last row and column."""
    hidden_rows: Collection[int] = ()
    hidden_columns: Collection[int] = ()


NO_SHEET = SheetCells([])


def read_sheet(source: IO[bytes], book: Any, texts: Any) -> SheetCells:
    """Read the XML of a worksheet; `texts` are the shared ones of its workbook. Raises Unreadable, and whatever XML raises."""
    parser = _parser(source, book, texts)
    rows: list[Row] = []
    size = 0
    for number, cells in parser.parse():
        if not len(rows) < number <= LAST_ROW:
            raise Unreadable(f"A{len(rows)}", f"row {number} stands out of order", _ANEW)
        rows += [()] * (number - 1 - len(rows))
        rows.append(_filled(number, cells))
        size += len(rows[-1])
        if size > MOST_CELLS:
            hint = "delete the empty cells that are formatted far out"
            raise Unreadable(f"A{number}", f"more than {MOST_CELLS / 1e6:.0f} million cells", hint)
    merged = [] if parser.merged_cells is None else parser.merged_cells.mergeCell
    spans = [(m.min_row - 1, m.min_col - 1, m.max_row - 1, m.max_col - 1) for m in merged]
    hidden_rows = {int(number) - 1 for number, row in parser.row_dimensions.items() if row.get("hidden") in ("1", "true")}
    columns = [column for column in parser.column_dimensions.values() if column.get("hidden") in ("1", "true")]
    hidden_columns = {k for column in columns for k in range(int(column["min"]) - 1, min(int(column["max"]), LAST_COLUMN))}
    return SheetCells(rows, spans, hidden_rows, hidden_columns)


def _parser(source: IO[bytes], book: Any, texts: Any) -> Any:
    """Return openpyxl's parser of a sheet, keeping the formula beside the value of a cell."""
    from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

    class Parser(WorkSheetParser):
        def parse_cell(self, element: Any) -> dict[str, Any]:
            written, formula, shared = element.findtext(VALUE_TAG), None, element.get("t") == "s"
            try:
                found: dict[str, Any] = super().parse_cell(element)
                value = found["value"]
                if (shared and written and int(written) < 0) or (isinstance(value, float) and not math.isfinite(value)):
                    raise ValueError(written)
            except Exception:  # openpyxl raises many kinds
                what = "the number of a text that the workbook does not have" if shared else "stored as a number, but is none"
                hint = "type it again, or ask for the file again"
                raise Unreadable(element.get("r") or "A1", f"'{str(written)[:40]}' is {what}", hint) from None
            if element.find(FORMULA_TAG) is not None:
                read: Any = self.parse_formula(element)  # type: ignore[no-untyped-call]
                formula = read if isinstance(read, str) else getattr(read, "text", None) or "="
                formula = formula if formula.startswith("=") else f"={formula}"
            value = "" if written == "" and element.get("t") == "str" else value
            return found | {"cell": Cell(value, formula, found["data_type"] == "e")}

    formats = {"date_formats": book._date_formats, "timedelta_formats": book._timedelta_formats}
    return Parser(source, texts, data_only=True, epoch=book.epoch, **formats)


def _filled(number: int, cells: list[dict[str, Any]]) -> Row:
    row: list[Cell] = []
    for found in cells:
        if found["row"] != number or not len(row) < found["column"] <= LAST_COLUMN:
            raise Unreadable(f"A{number}", "the cells of this row stand out of order", _ANEW)
        row += [NOTHING] * (found["column"] - 1 - len(row))
        row.append(found["cell"])
    return row
