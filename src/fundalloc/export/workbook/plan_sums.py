"""What a plan holds, as exact sums in whole rounding steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import Facts
from fundalloc.facts.lines import Lines
from fundalloc.money import IntArray, Mask, exact_sums
from fundalloc.plan.plan import Plan
from fundalloc.rules.statement import Sense
from fundalloc.scenario.sections import Head

PLACES = 9
"""Decimals of EUR million behind which there is only floating-point dust."""
MOST_LINES = 1_048_576 - 12
"""Rows of a sheet, less those of the frame."""
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
class PlanSums:
    """One plan, added up."""

    plan: Plan

    @property
    def facts(self) -> Facts:
        """The facts of the scenario."""
        return self.plan.scenario.facts

    @property
    def lines(self) -> Lines:
        """The allocation lines of the scenario."""
        return self.plan.scenario.lines

    @property
    def head(self) -> Head:
        """What the scenario says about itself."""
        return self.plan.scenario.head

    @property
    def live(self) -> bool:
        """Whether the allocation fits on a sheet, so that formulas can add it up; otherwise it goes into a file of its own."""
        return len(self.lines) <= MOST_LINES

    @cached_property
    def listed(self) -> NDArray[np.intp]:
        """Positions of the lines on the sheet Allocation: all, or of many those with planned, decided or baseline money, at least one."""
        money = (self.plan.steps != 0) | (self.lines.decided != 0) | (self.lines.baseline.numerator != 0)
        money[:1] |= not money.any()
        return np.flatnonzero(money | (len(self.lines) <= MANY_LINES))

    @cached_property
    def shown(self) -> Lines:
        """The lines on the sheet Allocation."""
        return self.lines.only(self.listed)

    @property
    def has_baseline(self) -> bool:
        """Whether the plan starts from another one."""
        return self.facts.baseline is not None

    def usable_in_all(self, instrument: int) -> int:
        """Return the usable ceiling of an instrument over the whole period in steps: the total, the sum of the years, or the smaller."""
        return int(self.facts.ceilings.usable_over()[instrument])

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
    def areas(self) -> list[int]:
        """Positions of the areas, without their actions."""
        area = self.facts.dimensions.area
        return [k for k, holder in enumerate(area.holder) if k == holder]

    def _by_area(self, counts: str) -> IntArray:
        holder, money = self.facts.dimensions.area.holder, self.cube[self.of_kind(counts)].sum(axis=0)
        return np.asarray(np.einsum("ba,pbt->pat", np.eye(len(holder), dtype=np.int64)[holder], money))

    def cube_of(self, amounts: IntArray) -> IntArray:
        """Return amounts of all lines as a cube. Shape: (instruments, partnerships, areas, years)."""
        return exact_sums(self.lines.codes, amounts, [len(d.ids) for d in self.facts.dimensions])

    @cached_property
    def cube(self) -> IntArray:
        """Planned money in rounding steps, as a cube."""
        return self.cube_of(self.plan.steps)

    def of_kind(self, counts: str) -> list[int]:
        """Return the positions of the instruments whose money counts as `counts`."""
        return [k for k, i in enumerate(self.facts.instruments) if i.counts == counts]

    @cached_property
    def budget(self) -> IntArray:
        """Planned money of the EU budget, of actions under their areas. Shape: (partnerships, areas, years)."""
        return self._by_area("budget")

    @cached_property
    def partner(self) -> IntArray:
        """Planned money of partners, of actions under their areas. Shape: (partnerships, areas, years)."""
        return self._by_area("partner")

    @cached_property
    def leaves(self) -> list[int]:
        """Positions of the partnerships that may receive money."""
        return [k for k, p in enumerate(self.facts.partnerships) if p.id in self.facts.leaf_ids]

    def eur(self, steps: object) -> float:
        """Return whole steps as EUR million."""
        step = self.facts.step
        return int(steps) * step.numerator / step.denominator  # type: ignore[call-overload, no-any-return]

    @cached_property
    def headroom_places(self) -> int:
        """Decimals of headrooms: so many that none that is left rounds to zero, and none ends halfway, where dust would decide."""
        rooms = {abs(finding.headroom) for finding in self.plan.findings if finding.headroom}
        return next((n for n in (7, 8, 9) if all(room * 10**n >= 1 and room * 10**n % 1 != Fraction(1, 2) for room in rooms)), 10)

    def budget_by(self, dimension: str, amounts: IntArray) -> IntArray:
        """Return what amounts of all lines, in steps, come to in the EU budget, by member of a dimension."""
        lines, members = self.lines, self.facts.dimensions[dimension]
        out = np.zeros(len(members.ids), dtype=np.int64)
        picked = np.isin(lines.instrument, self.of_kind("budget"))
        np.add.at(out, members.holder[getattr(lines, dimension)[picked]], amounts[picked])
        return out

    def baseline_by(self, dimension: str) -> list[float]:
        """Return what the baseline gives of the EU budget, by member, in EUR million."""
        baseline = self.lines.baseline
        return [round(int(part) / baseline.denominator, PLACES) for part in self.budget_by(dimension, baseline.numerator)]

    def box(self, **only: Sequence[int] | Mask) -> Box:
        """Return the lines of some members, by dimension: positions or a mask; of all where nothing is said."""
        box = Box(*(np.zeros(len(dimension.ids), dtype=bool) for dimension in self.facts.dimensions))
        for name, mask in box._asdict().items():
            mask[only.get(name, slice(None))] = True
        return box
