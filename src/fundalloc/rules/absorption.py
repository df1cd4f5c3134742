"""Absorption: a partnership takes at most so much a year, all instruments together.

    sum{i,a} x[i,p,a,t]  <=  B[p,t]

Built from `partnerships`; it is never written under `rules`. On a grouping it holds for the whole subtree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped, Members, Selection, build_members
from fundalloc.money import plain
from fundalloc.rules._consequences import Loosening, Missed, Setting
from fundalloc.rules._from_facts import FromFacts
from fundalloc.rules.statement import Demands, Sense


class Absorption(FromFacts):
    """Absorption: a partnership takes at most so much a year, all instruments together."""

    kind: ClassVar[str] = "absorption"
    own_words: ClassVar[tuple[str, ...]] = ("partnership", "year")
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"says": "{partnership}: absorption {year}", "source": "partnerships", "negotiable": "practice"}
    ]

    def demands(self, lines: Lines) -> Demands:
        """One demand per partnership (or grouping) and year with a figure and lines."""
        present, limits = np.unique(self.counted_money(lines).member), lines.facts.absorption.ravel()
        codes = present[limits[present] != NO_LIMIT]
        return self.limited(lines, codes, self._members(lines).names(codes), limits[codes])

    def path(self, member: tuple[str, ...], sense: Sense) -> tuple[str, ...]:
        """The cell of the partnership."""
        return "partnerships", member[0], f"absorption.{member[1]}"

    def loosened(self, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
        """Raise what one partnership can take, year by year."""
        name = found[0].member[0]
        years = setting.by_year([(missed.member[1], missed.limit, missed.amount) for missed in found])
        says = f"raise the absorption of {setting.labels['partnership'][name]} {years}"
        if "absorption" in setting.adjusted:
            most = plain(max(missed.amount for missed in found))
            return Loosening(says, "adjust.repair", [{"partnership": name, "absorption": most}])
        row = {"id": name, **{f"absorption.{missed.member[1]}": plain(missed.amount) for missed in found}}
        return Loosening(says, "partnerships.change", [row])

    def _members(self, lines: Lines) -> Members:
        return build_members(("partnership", "year"), lines.facts.dimensions, nodes_all=True)

    def counted_money(self, lines: Lines) -> Grouped:
        """All lines by partnership, with those below it, and year."""
        return lines.group(Selection(), self._members(lines))
