"""One row of a table as somebody sent it back: its cells, who said what, and what is wrong in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from fundalloc.back.edits import Said
from fundalloc.errors import Place, Problems
from fundalloc.money import DECIMALS
from fundalloc.scenario.workbooks.cells import Cell, Grid

TALK = ("comment_input", "author_input")


@dataclass(frozen=True)
class Row:
    """A row of a table; what is wrong in it is noted among the problems."""

    grid: Grid
    at: int
    """Its number, from 0."""
    problems: Problems

    def __getitem__(self, key: str) -> Cell:
        return self.grid.cell(self.at, key)

    def text(self, key: str) -> str:
        """Return the words of a cell."""
        return " ".join(self[key].text.split())

    def place(self, key: str) -> Place:
        """Return the place of a cell."""
        return self.grid.place(self.at, key)

    def wrong(self, key: str, message: str, hint: str) -> None:
        """Note what is wrong with a cell."""
        self.problems.add(self.place(key), message, hint)

    def said(self, key: str) -> Said:
        """Return comment and author, about a cell that stands in this row."""
        for column in TALK:
            if (formula := self[column].formula) is not None:
                self.wrong(column, f"a formula where a text is expected: {formula}", "type the text itself")
        return Said(self.text(TALK[0]), self.text(TALK[1]), (self.place(TALK[0] if self[key].empty else key),))

    def number(self, key: str) -> Fraction | None:
        """Return what stands in a number cell, to the 15 digits of a spreadsheet; None (with a problem noted) when it is none."""
        cell = self[key]
        if cell.formula is not None:
            self.wrong(key, f"a formula where a number is expected: {cell.formula}", _hint(cell))
        elif cell.error:
            self.wrong(key, f"an error where a number is expected: {cell.text}", _hint(cell))
        elif cell.number is not None:
            value = Fraction(cell.text)
            return value if (value * 10**DECIMALS).denominator == 1 else round(value, DECIMALS)
        elif not cell.empty:
            self.wrong(key, f"'{cell.text}' is a text where a number is expected", _hint(cell))
        return None


def _hint(cell: Cell) -> str:
    written = re.sub(r"[\s\u00a0\u202f]", "", cell.text)
    number = written.replace(",", ".") if re.fullmatch(r"[+-]?\d+(,\d+)?", written) else written
    plain_number = re.fullmatch(r"[+-]?\d+(\.\d+)?", number) and cell.formula is None
    return f"type the number {number}, not as a text" if plain_number else "type the number itself, or paste it as a value"
