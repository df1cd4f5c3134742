"""Limits that the facts set by themselves, never written under `rules`: what ceilings, absorption and transfers share."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import WHOLE_PERIOD, Demands, Rows, state_sums


class FromFacts(Kind):
    """A limit in whole rounding steps on sums of the ledger."""

    built_in: ClassVar[bool] = True

    @abstractmethod
    def counted_money(self, lines: Lines) -> Grouped:
        """Group the ledger, moves included, by what is limited."""

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per limit."""
        return state_sums(demands, self.counted_money(lines), demands.figure)


def path_of_ceiling(instrument: str, year: str) -> tuple[str, ...]:
    """Return where a ceiling stands in a scenario file."""
    return ("instruments", instrument, "ceiling", *(("total",) if year == WHOLE_PERIOD else ("each", year)))
