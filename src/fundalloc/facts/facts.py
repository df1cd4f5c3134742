"""The facts of a scenario, cross-checked and turned into arrays: what is so, before any rule.

Positions in arrays follow the order of `instruments`, `partnerships`, `areas` and `years`. Money is whole rounding
steps (integers); needs and coefficients are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.dimensions import Dimensions, Hierarchy
from fundalloc.facts.entities import Area, Band, Instrument, InstrumentCeiling, Partnership, TransferRight
from fundalloc.facts.fields import Text
from fundalloc.facts.selection import Clause
from fundalloc.money import Exact, IntArray, Mask, floor_steps, plain

NO_LIMIT = -1
"""In arrays of ceilings and absorption: nobody set a limit."""


@dataclass(frozen=True)
class Ceilings:
    """Ceilings in whole steps. Shapes: (instruments, years) and (instruments,); NO_LIMIT where there is none."""

    full: IntArray
    """As written, before the reserve; zero in a year in which the instrument may not commit."""
    usable: IntArray
    """After the reserve."""
    full_total: IntArray
    usable_total: IntArray
    commits: Mask
    """Shape (instruments, years): the years in which each instrument may commit."""

    def full_over(self, years: Mask | None = None) -> IntArray:
        """Return what each instrument may commit over some years (default: all) before its reserve. Shape (instruments,).

        The smaller of its total and the sum of these years, where it has both; NO_LIMIT where it has neither. A year in
        which it may not commit adds nothing, and needs no ceiling.
        """
        return self._over(self.full, self.full_total, years)

    def usable_over(self, years: Mask | None = None) -> IntArray:
        """Return the same after the reserve."""
        return self._over(self.usable, self.usable_total, years)

    def _over(self, yearly: IntArray, total: IntArray, years: Mask | None) -> IntArray:
        chosen = np.ones(yearly.shape[1], dtype=bool) if years is None else years
        limited = ~np.any((yearly == NO_LIMIT) & self.commits & chosen, axis=1)
        sums = np.where((yearly == NO_LIMIT) | ~chosen, 0, yearly).sum(axis=1)
        both: IntArray = np.where(total == NO_LIMIT, sums, np.minimum(sums, total))
        return np.where(limited, both, total)


@dataclass(frozen=True)
class Coded:
    """Entries about an instrument, a partnership, an area and a year each, as positions. Arrays of shape (entries,)."""

    instrument: IntArray
    partnership: IntArray
    area: IntArray
    year: IntArray

    def __len__(self) -> int:
        return len(self.instrument)

    action = property(attrgetter("area"))  # actions have positions among areas

    @property
    def codes(self) -> tuple[IntArray, IntArray, IntArray, IntArray]:
        """The four positions of every entry."""
        return self.instrument, self.partnership, self.area, self.year


@dataclass(frozen=True)
class Decided(Coded):
    """Decided money, one entry per decision; amounts in whole steps."""

    amount: IntArray
    state: tuple[str, ...]
    decision: tuple[Text, ...]
    source: tuple[str, ...]
    confidence: tuple[str, ...]

    @property
    def exact(self) -> Mask:
        """Which entries fix the line exactly (locked or given) instead of from below (committed)."""
        return np.array([state != "committed" for state in self.state], dtype=bool)

    def only(self, keep: Mask) -> Decided:
        """Return the entries where `keep` holds."""
        rows = np.flatnonzero(keep)
        kept: dict[str, Any] = {
            name: column[keep] if isinstance(column, np.ndarray) else tuple(column[row] for row in rows)
            for name, column in vars(self).items()
        }
        return Decided(**kept)


@dataclass(frozen=True)
class Baseline(Coded):
    """The amounts of another plan, one entry per line of its own, whether it is a line here or not."""

    amount: Exact
    """EUR million."""
    elsewhere: Fraction = Fraction(0)
    """EUR million of the plan under ids that this scenario does not have: no rule can see it."""


@dataclass(frozen=True)
class Derivation:
    """Where a need comes from: indicator x parameter x factor, whose `terms` are told, + adjustment for a `reason`; as written."""

    indicator: Fraction
    parameter: Fraction
    factor: Fraction
    adjustment: Fraction
    terms: Text
    reason: Text

    @property
    def comes_to(self) -> Fraction:
        """What the terms give, EUR million."""
        return self.indicator * self.parameter * self.factor + self.adjustment

    def __str__(self) -> str:
        factors = [plain(one) for one in (self.indicator, self.parameter, self.factor) if one != 1] or ["1"]
        return " x ".join(factors) + f" {'-' if self.adjustment < 0 else '+'} {plain(abs(self.adjustment))}" * bool(self.adjustment)


@dataclass(frozen=True)
class Needs:
    """Needs per pair of partnership and area (with its actions) or action, over the whole period. Arrays of shape (pairs,)."""

    partnership: IntArray
    area: IntArray
    need: Exact
    """EUR million."""
    priority: Exact
    source: tuple[str, ...]
    confidence: tuple[str, ...]
    derived: tuple[Derivation | None, ...] = ()

    action = property(attrgetter("area"))

    def __len__(self) -> int:
        return len(self.partnership)


@dataclass(frozen=True)
class Sourced:
    """A coefficient with its source, for the assumptions sheet."""

    keys: tuple[str, ...]
    value: Fraction
    reason: Text
    source: str
    confidence: str


@dataclass(frozen=True)
class Facts:
    """Everything that is so. Built by the scenario room, which has checked that all names exist."""

    years: tuple[int, ...]
    closed: frozenset[int]
    step: Fraction
    """The rounding step in EUR million."""
    instruments: tuple[Instrument, ...]
    partnerships: tuple[Partnership, ...]
    areas: tuple[Area, ...]
    hierarchy: Hierarchy
    dimensions: Dimensions
    eligible: Mask
    """Shape (instruments, areas): the eligibility table."""
    effectiveness: Exact
    """Shape (instruments, areas): EUR of need met per EUR committed."""
    eligibility: tuple[Sourced, ...]
    markers: Mapping[str, Exact]
    """Marker → coefficients of shape (instruments, areas)."""
    coefficients: tuple[Sourced, ...]
    needs: Needs
    decided: Decided
    """Decided money of instruments that count."""
    memo: Decided
    """Decided money of memo instruments: shown, never added."""
    bands: tuple[Band, ...]
    """Diminishing returns, where an area has none of its own."""
    exclude: tuple[Clause, ...]
    allow: tuple[Clause, ...]
    transfers: tuple[TransferRight, ...] = ()
    baseline: Baseline | None = None
    """The plan that this scenario starts from and is compared with."""

    @cached_property
    def leaf_ids(self) -> frozenset[str]:
        """Ids of the partnerships that may receive money."""
        return frozenset(self.hierarchy.leaves())

    @cached_property
    def partners(self) -> NDArray[np.bool_]:
        """Shape (instruments, partnerships): whom each instrument may serve."""
        return np.array([self.dimensions.partnership.mask(i.partners) for i in self.instruments])

    @cached_property
    def instrument_years(self) -> NDArray[np.bool_]:
        """Shape (instruments, years): when each instrument may commit."""
        return np.array([[i.years is None or t in i.years for t in self.years] for i in self.instruments])

    @cached_property
    def commits(self) -> Mask:
        """Shape (instruments, years): when each instrument may commit, years included that `allow` or decided money opens."""
        out: Mask = self.instrument_years.copy()
        for clause in self.allow:
            instruments, _, _, years = clause.masks(self.dimensions)
            out |= instruments[:, None] & years
        out[self.decided.instrument, self.decided.year] = True
        return out

    @cached_property
    def partnership_years(self) -> NDArray[np.bool_]:
        """Shape (partnerships, years): when each partnership may receive."""
        return np.array([[p.years is None or t in p.years for t in self.years] for p in self.partnerships])

    @cached_property
    def ceilings(self) -> Ceilings:
        """The ceilings in whole steps, cut down where they are no multiple of the step."""
        ceilings = [i.ceiling or InstrumentCeiling.model_construct() for i in self.instruments]
        yearly = [[c.in_year(year) for year in self.years] for c in ceilings]
        kept = [1 - i.reserve for i in self.instruments]
        full, usable = (np.where(self.commits | (steps < 0), steps, 0) for steps in (self._limits(yearly), self._limits(yearly, kept)))
        totals = [[c.total] for c in ceilings]
        return Ceilings(full, usable, self._limits(totals)[:, 0], self._limits(totals, kept)[:, 0], self.commits)

    @cached_property
    def absorption(self) -> IntArray:
        """Shape (partnerships, years), in steps; NO_LIMIT where there is none. A grouping's limit holds for its subtree."""
        return self._limits([[p.absorption_in(year) for year in self.years] for p in self.partnerships])

    def _limits(self, amounts: list[list[Fraction | None]], kept: Sequence[Fraction] = ()) -> IntArray:
        """Turn limits in EUR million, of which a part is `kept` in each row, into whole steps; NO_LIMIT where there is none."""
        rows = zip(amounts, kept or [Fraction(1)] * len(amounts), strict=True)
        return np.array([[NO_LIMIT if a is None else floor_steps(a * part, self.step) for a in row] for row, part in rows], dtype=np.int64)

    def transfer_limit(self, transfer: int) -> int:
        """Return how much a transfer may move over the whole period, in steps."""
        giving = self.dimensions.instrument.index(self.transfers[transfer].giving)
        whole = max(int(self.ceilings.full_over()[giving]), 0)  # without any ceiling the scenario is refused
        return floor_steps(self.transfers[transfer].at_most * whole, Fraction(1))

    @cached_property
    def payment_profiles(self) -> Exact:
        """Shape (instruments, years of the longest profile): the share of a commitment that is paid so many years later."""
        length = max((len(i.payment_profile) for i in self.instruments), default=0) or 1
        rows = [[*i.payment_profile, *[Fraction(0)] * (length - len(i.payment_profile))] for i in self.instruments]
        return Exact.of([share for row in rows for share in row]).reshape(len(self.instruments), length)

    @cached_property
    def returns(self) -> list[tuple[Band, ...]]:
        """Diminishing returns per area."""
        return [area.steps or self.areas[k].steps or self.bands for area, k in zip(self.areas, self.dimensions.area.holder, strict=True)]

    def by_year(self, instrument: IntArray, year: IntArray, steps: IntArray) -> IntArray:
        """Add up amounts by the positions of their instrument and year. Shape (instruments, years)."""
        out = np.zeros((len(self.instruments), len(self.years)), dtype=np.int64)
        np.add.at(out, (instrument, year), steps)
        return out

    @property
    def decided_by_year(self) -> IntArray:
        """Decided money in steps. Shape (instruments, years)."""
        return self.by_year(self.decided.instrument, self.decided.year, self.decided.amount)

    def euro(self, steps: NDArray[np.int64] | int) -> NDArray[np.float64] | float:
        """Turn whole steps into EUR million."""
        return steps * self.step.numerator / self.step.denominator
