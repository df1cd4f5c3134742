"""Limits that the facts set by themselves, never written under `rules`: what ceilings, absorption and transfers share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.rules._ledger import open_sums, sums_by_code
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import WHOLE_PERIOD, Codes, Demands, Measures, Rows, Sense, state_sums


class FromFacts(Kind):
    """A limit in whole rounding steps on sums of the ledger."""

    built_in: ClassVar[bool] = True

    @abstractmethod
    def counted_money(self, lines: Lines) -> Grouped:
        """Group the ledger, moves included, by what is limited."""

    def limited(self, lines: Lines, codes: Sequence[int] | Codes, names: list[tuple[str, ...]], limits: Iterable[int]) -> Demands:
        """List limits, in steps, that codes of these names must not exceed."""
        figures = [int(limit) * lines.facts.step for limit in limits]
        return Demands(np.array(codes, dtype=np.intp), names, [Sense.AT_MOST] * len(names), figures)

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per limit."""
        return state_sums(demands, self.counted_money(lines), demands.figure)

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Add up the ledger, moves included; limits are whole steps already."""
        money, limits = self.counted_money(lines), [int(figure / lines.facts.step) for figure in demands.figure]
        return Measures(sums_by_code(demands.code, money, steps), limits, 1, lambda: open_sums(demands.code, money, lines))


def path_of_ceiling(instrument: str, year: str) -> tuple[str, ...]:
    """Return where a ceiling stands in a scenario file."""
    return ("instruments", instrument, "ceiling", *(("total",) if year == WHOLE_PERIOD else ("each", year)))
