"""Nothing, or at least a viable action: money is not spread too thinly.

    sum of money  =  0     or     sum of money  >=  amount            for each member

Each member is switched on or off, so the program becomes mixed-integer. The rule is always hard.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.capacity import capacity
from fundalloc.facts.lines import Lines
from fundalloc.money import Exact
from fundalloc.rules._formula import Symbols
from fundalloc.rules._ledger import amounts_by_code, measured, open_sums, within_reach
from fundalloc.rules.kind import Kind, Unplaced, example
from fundalloc.rules.statement import SWITCHES, Demands, ExactRows, Measures, Rows, Sense, Switches, take


class MinimumSize(Kind):
    """Nothing, or at least a viable action, in EUR million (integer)."""

    kind: ClassVar[str] = "minimum_size"
    or_nothing: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("{partnership}, {instrument}: nothing, or a real programme", for_each=["partnership", "instrument"], at_least="3"),
        example("Anti-smuggling: nothing, or {limit}", money={"area": "smuggling"}, at_least="12"),
    ]

    def problems_in(self, lines: Lines) -> Iterator[Unplaced]:
        """Also: only a minimum makes sense, and it cannot be soft."""
        if self.at_most or self.exactly:
            yield ("at_most" if self.at_most else "exactly",), "a minimum size only has a lower limit", "write at_least"
        if self.soft is not None:
            yield ("soft",), "a minimum size is always hard", "take 'soft' out"
        yield from super().problems_in(lines)

    def formulas(self, write: Symbols) -> Iterator[str]:
        """Nothing, or the amount, by a switch."""
        z, money = f"z{write.index()}", write.sum(self.money, self.unless)
        yield f"{write.figure(Sense.AT_LEAST)} * {z} <= {money} <= M * {z}, {z} in {{0, 1}}"

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: money - amount x switch >= 0, the amount raised to the next one that whole steps can bring."""
        money = self.own_money(lines)
        row, entry = take(demands.code, money)
        reach, count = within_reach(demands, money, lines), len(demands)
        least = np.array([float(f) for f in reach])
        room = capacity(money, lines, int(max(money.member.max(initial=-1), demands.code.max(initial=-1))) + 1)
        switches = Switches(count, row, money.line[entry], money.weight[entry], np.maximum(room[demands.code], least), np.zeros(count))
        weight = money.weight[entry].followed_by(Exact.whole(count))
        exact = ExactRows([Fraction(0)] * count, weight, reach, np.arange(len(weight)) >= len(row))
        named = {SWITCHES: slice(len(row), None)}
        rows, column = (np.concatenate([part, np.arange(count)]) for part in (row, money.line[entry]))
        value = np.concatenate([money.weight.values[entry], -least])
        return Rows(np.zeros(count), np.full(count, np.inf), rows, column, value, switches=switches, exact=exact, named=named)

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """The limit is the amount where there is money, else nothing."""
        money = self.own_money(lines)
        amounts = amounts_by_code(demands.code, money, steps)
        limits = [figure / lines.facts.step if amount else Fraction(0) for figure, amount in zip(demands.figure, amounts, strict=True)]
        return measured(amounts, limits, lambda: open_sums(demands.code, money, lines))
