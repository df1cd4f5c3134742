"""Exact sums of a plan, in whole rounding steps: what every page about it shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fundalloc.facts.facts import NO_LIMIT, Facts
from fundalloc.facts.lines import Lines
from fundalloc.money import IntArray, exact_sums
from fundalloc.plan.plan import Plan
from fundalloc.scenario.sections import Head

PLACES = 9
"""Decimals of EUR million behind which there is only floating-point dust."""


@dataclass(frozen=True)
class ExactSums:
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
    def has_baseline(self) -> bool:
        """Whether the plan starts from another one."""
        return self.facts.baseline is not None

    def usable_in_all(self, instrument: int) -> int:
        """Return the usable ceiling of an instrument over the whole period in steps: the total, the sum of the years, or the smaller."""
        return int(self.facts.ceilings.usable_over()[instrument])

    @cached_property
    def limits(self) -> dict[int, int]:
        """{position of a planned instrument: usable ceiling of the whole period, in steps}, where there is one."""
        limits = {k: self.usable_in_all(k) for k, i in enumerate(self.facts.instruments) if i.planned}
        return {k: limit for k, limit in limits.items() if limit != NO_LIMIT}

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
