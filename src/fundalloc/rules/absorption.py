"""Absorption: a partnership takes at most so much a year, all instruments together.

    sum of x over the partnership's lines in year t  <=  absorption_t

Built from `partnerships`; it is never written under `rules`. On a grouping it holds for the whole subtree.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped, Members, Selection, build_members
from fundalloc.money import plain
from fundalloc.rules._from_facts import FromFacts
from fundalloc.rules._ledger import open_sums, sums_by_code
from fundalloc.rules._loosening import Loosening, Missed, Setting
from fundalloc.rules.statement import Demands, Measures, Sense


class Absorption(FromFacts):
    """Absorption: a partnership takes at most so much a year, all instruments together."""

    kind: ClassVar[str] = "absorption"
    own_words: ClassVar[tuple[str, ...]] = ("partnership", "year")
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"says": "{partnership}: absorption {year}", "source": "partnerships", "negotiable": "practice"}
    ]

    def demands(self, lines: Lines) -> Demands:
        """One demand per partnership (or grouping) and year with a figure and lines."""
        facts = lines.facts
        present = np.unique(self.counted_money(lines).member)
        codes = present[facts.absorption.ravel()[present] != NO_LIMIT]
        limits = facts.absorption.ravel()[codes].tolist()
        amounts = {limit: limit * facts.step for limit in set(limits)}  # they repeat from year to year
        return Demands(codes, self._members(lines).names(codes), [Sense.AT_MOST] * len(codes), [amounts[limit] for limit in limits])

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Add up the ledger by partnership and year; absorption is whole steps already."""
        money = self.counted_money(lines)
        limits = [int(limit) for limit in lines.facts.absorption.ravel()[demands.code]]
        return Measures(sums_by_code(demands.code, money, steps), limits, 1, lambda: open_sums(demands.code, money, lines))

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
