"""A floor, a ceiling, an envelope or a pledge: an amount of EUR million.

    sum of money  >=, <= or =  amount            for each member

A hard limit holds in whole rounding steps: 61.05 as a floor is 61.1 in steps of 0.1, and exactly 61.05 has no plan.
`money` may be weighted by a marker. Without a year it is the whole period; `for_each: year` repeats it per year.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.rules._ledger import amounts_by_code, measured, open_sums
from fundalloc.rules.kind import Kind, example
from fundalloc.rules.statement import Demands, Measures, Rows, state_sums


class Amount(Kind):
    """A floor, a ceiling, an envelope or a pledge, in EUR million."""

    kind: ClassVar[str] = "amount"
    plain_sum: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("{partnership}: signed package", for_each="partnership", at_least={"tunisia": "12", "egypt": "6.5"}),
        example("Development aid in {year}", for_each="year", money={"marker": "oda"}, at_least="4", at_most="90"),
        example("Smuggling, not in Egypt", money={"area": "smuggling"}, unless={"partnership": "egypt"}, exactly="3"),
    ]

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: the weighted sum against the amount."""
        money = self.own_money(lines)
        return state_sums(demands, money, demands.figure)

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Add up the ledger and compare with the amount, over one common denominator."""
        money = self.own_money(lines)
        limits = [figure / lines.facts.step for figure in demands.figure]
        return measured(amounts_by_code(demands.code, money, steps), limits, lambda: open_sums(demands.code, money, lines))
