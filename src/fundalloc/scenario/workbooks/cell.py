"""One cell of a worksheet: its stored value, its formula, and what they say as a text and as a number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple


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


NOTHING = Cell()
Row = Sequence[Cell]
