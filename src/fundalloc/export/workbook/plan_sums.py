"""What a workbook adds up of a plan, and the lines that it lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.money import IntArray, Mask
from fundalloc.plan.sums import ExactSums
from fundalloc.rules.statement import Sense

MOST_LINES = 1_048_576 - 12
"""Rows of a sheet, less those of the frame."""
FEW_LINES = 500
"""Of more lines those with money stand first, and are printed alone."""
MANY_LINES = 20_000
"""Of more lines only those with money are listed: every sum reads all rows, and a plan of this size has money in a quarter of its lines."""


class Box(NamedTuple):
    """One mask per dimension: some instruments × partnerships × areas × years."""

    instrument: Mask
    partnership: Mask
    area: Mask
    year: Mask


class Pairs(NamedTuple):
    """Pairs of instrument and area in order: positions of both, and the other way round (shape (instruments, areas))."""

    instrument: NDArray[np.intp]
    area: NDArray[np.intp]
    position: NDArray[np.int64]


@dataclass(frozen=True)
class PlanSums(ExactSums):
    """One plan, added up for a workbook."""

    @property
    def live(self) -> bool:
        """Whether the allocation fits on a sheet, so that formulas can add it up; otherwise it goes into a file of its own."""
        return len(self.lines) <= MOST_LINES

    @cached_property
    def listed(self) -> NDArray[np.intp]:
        """Positions of the lines on the sheet Allocation: all, or those with money above the others, or, of many, those alone."""
        money = self.with_money
        if len(money) <= FEW_LINES:
            return np.arange(len(money))
        return np.concatenate([np.flatnonzero(money), np.flatnonzero(~money)[: len(money) if len(money) <= MANY_LINES else 0]])

    @cached_property
    def with_money(self) -> Mask:
        """Whether a line has planned, decided or baseline money; at least one counts as such."""
        money = (self.plan.steps != 0) | (self.lines.decided != 0) | (self.lines.baseline.numerator != 0)
        money[:1] |= not money.any()
        return np.asarray(money)

    @cached_property
    def shown(self) -> Lines:
        """The lines on the sheet Allocation."""
        return self.lines.only(self.listed)

    @cached_property
    def ceiling_demands(self) -> dict[tuple[str, ...], int]:
        """{(instrument, year or "total"): position of the finding} of the ceilings that stand on the sheet Rules."""
        return {f.member: k for k, f in enumerate(self.plan.findings) if f.rule.is_budget}

    @cached_property
    def demands(self) -> dict[tuple[str, tuple[str, ...], Sense], int]:
        """{(rule, member, side): position of the finding}."""
        return {(f.rule.id, f.member, f.sense): k for k, f in enumerate(self.plan.findings)}

    @cached_property
    def moves(self) -> IntArray:
        """Amount of every possible move, in steps."""
        return self.plan.moves if len(self.plan.moves) else np.zeros(len(self.lines.moves), dtype=np.int64)

    @cached_property
    def pairs(self) -> Pairs:
        """The pairs of instrument and area that have allocation lines."""
        has = np.zeros((len(self.facts.instruments), len(self.facts.areas)), dtype=bool)
        has[self.lines.instrument, self.lines.area] = True
        instrument, area = np.nonzero(has)
        return Pairs(instrument, area, np.cumsum(has).reshape(has.shape) - 1)

    @cached_property
    def headroom_places(self) -> int:
        """Decimals of headrooms: so many that none that is left rounds to zero, and none ends halfway, where dust would decide."""
        rooms = {abs(finding.headroom) for finding in self.plan.findings if finding.headroom}
        return next((n for n in (7, 8, 9) if all(room * 10**n >= 1 and room * 10**n % 1 != Fraction(1, 2) for room in rooms)), 10)

    def box(self, **only: Sequence[int] | Mask) -> Box:
        """Return the lines of some members, by dimension: positions or a mask; of all where nothing is said."""
        box = Box(*(np.zeros(len(dimension.ids), dtype=bool) for dimension in self.facts.dimensions))
        for name, mask in box._asdict().items():
            mask[only.get(name, slice(None))] = True
        return box
