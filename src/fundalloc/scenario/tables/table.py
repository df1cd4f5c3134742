"""The one form of every table of numbers: rows of text in which each cell knows where it was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from fundalloc.errors import Place

HEADING, WHOLE_ROW = -1, -1


@dataclass
class Table:
    """Rows of text with places. `cells[r][c]` is the text of row r in column c."""

    name: str
    columns: list[str]
    cells: list[list[str]]
    where: Callable[[int, int], Place]
    """Place of a cell by row and column; row -1 is the heading."""
    semicolons: bool = False
    moved: dict[tuple[int, int], Place] = field(default_factory=dict)
    """Cells (and rows, as column WHOLE_ROW) that were written elsewhere, by `change` or `adjust`."""
    dropped: list[dict[str, str]] = field(default_factory=list)
    """The rows that were switched off."""

    def place(self, row: int, column: int | str) -> Place:
        """Return where a cell was written."""
        index = self.columns.index(column) if isinstance(column, str) and column in self.columns else column
        if isinstance(index, str):
            index = 0
        return self.moved.get((row, index)) or self.moved.get((row, WHOLE_ROW)) or self.where(row, index)

    def column(self, name: str) -> list[str]:
        """Return the texts of a column, empty ones where it is missing."""
        if name not in self.columns:
            return [""] * len(self.cells)
        index = self.columns.index(name)
        return [row[index] for row in self.cells]

    def put(self, row: int, name: str, text: str, place: Place) -> None:
        """Write a cell, adding the column when it is new."""
        if name not in self.columns:
            self.columns.append(name)
            self.moved[HEADING, len(self.columns) - 1] = place
            for cells in self.cells:
                cells.append("")
        index = self.columns.index(name)
        self.cells[row][index] = text
        self.moved[row, index] = place

    def append(self, place: Place) -> int:
        """Add an empty row and return its number."""
        self.cells.append([""] * len(self.columns))
        row = len(self.cells) - 1
        self.moved[row, WHOLE_ROW] = place
        return row

    def drop(self, rows: set[int]) -> None:
        """Take rows out, and remember what they said."""
        self.dropped += [dict(zip(self.columns, self.cells[r], strict=True)) for r in sorted(rows)]
        kept = [r for r in range(len(self.cells)) if r not in rows]
        position = {r: k for k, r in enumerate(kept)} | {HEADING: HEADING}
        self.moved = {(position[r], c): place for (r, c), place in self.moved.items() if r in position}
        before, self.cells = self.where, [self.cells[r] for r in kept]
        self.where = lambda row, column: before(kept[row] if row >= 0 else row, column)
