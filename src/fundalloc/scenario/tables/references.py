"""References from table rows to members of the dimensions: ids looked up, unknown ones reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fundalloc.errors import Problems, did_you_mean
from fundalloc.facts.dimensions import Dimensions
from fundalloc.money import IntArray
from fundalloc.scenario.tables.table import Table


@dataclass
class References:
    """Looks up ids in tables; every unknown one is a problem, ids that are switched off drop the row."""

    dimensions: Dimensions
    off: Mapping[str, Iterable[str]]
    """Dimension → ids that are switched off."""
    problems: Problems

    def rows(self, table: Table, columns: dict[str, list[Any]], words: Iterable[str]) -> tuple[list[int], dict[str, IntArray]]:
        """Return the rows whose references hold, and the positions they refer to."""
        kept = []
        found: dict[str, list[int]] = {word: [] for word in words}
        lookup = {word: {member: k for k, member in enumerate(self.dimensions[word].ids)} for word in found}
        for row in range(len(table.cells)):
            position = {word: self._find(table, row, word, columns[word][row], lookup[word]) for word in found}
            known = {word: k for word, k in position.items() if k is not None}
            if len(known) == len(found):
                kept.append(row)
                for word, k in known.items():
                    found[word].append(k)
        return kept, {word: np.array(positions, dtype=np.int64) for word, positions in found.items()}

    def _find(self, table: Table, row: int, word: str, text: str, lookup: Mapping[str, int]) -> int | None:
        if not text or text in self.off.get(word, ()):
            return None
        dimension = self.dimensions[word]
        if text not in lookup:
            hint = f"the years are {dimension.ids[0]} to {dimension.ids[-1]}" if word == "year" else did_you_mean(text, dimension.ids)
            message = f"unknown {word} '{text}'" if word != "year" else f"the year '{text}' is outside the period"
            self.problems.add(table.place(row, word), message, hint)
            return None
        if text in dimension.groupings:
            hint = "name a partnership within it; a regional programme is a partnership of its own"
            self.problems.add(table.place(row, word), f"'{text}' is a grouping and holds no money or need itself", hint)
            return None
        return lookup[text]
