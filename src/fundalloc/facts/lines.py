"""Allocation lines: every (instrument, partnership, area, year) that may lawfully receive money, or already has.

Eligibility is computed for all combinations at once as a boolean array of shape (instruments, partnerships, areas,
years). Every refusal and every exception keeps its reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT, Coded, Facts
from fundalloc.facts.moves import Moves, build_moves
from fundalloc.facts.selection import Clause, Grouped, Members, Pick, Selection, money_weights
from fundalloc.money import Exact, Floats, IntArray, Mask, exact_sums

Position = tuple[int, int, int, int]
BIG = np.iinfo(np.int64).max
"""In whole steps: no limit."""


@dataclass(frozen=True)
class LedgerLimits:
    """The limits of a ledger's entries: the lines, then the moves. Arrays of shape (entries,), in steps."""

    lines: Lines
    decided: IntArray
    upper: IntArray
    fixed: Mask

    def __len__(self) -> int:
        return len(self.decided)

    @cached_property
    def keys(self) -> list[str]:
        """The key of every entry; only messages need them."""
        return [*self.lines.keys, *self.lines.moves.keys]


@dataclass(frozen=True)
class Lines(Coded):
    """The allocation lines in order of instrument, partnership, area, year. All arrays have shape (lines,)."""

    facts: Facts
    decided: IntArray
    """Money decided before the run, in whole rounding steps."""
    eligible: Mask
    """Whether the line may receive new money; a line that may not is here because money was decided for it."""
    fixed: Mask
    """Whether the amount is exactly the decided money: locked, given, in a closed year, or no longer eligible."""
    compared: Mask
    """Whether a line is here to be compared with the plan to start from alone, which does not break down an area that now has actions."""

    def only(self, rows: NDArray[np.intp]) -> Lines:
        """Return the lines at some positions."""
        i, p, a, y = (code[rows] for code in self.codes)
        return Lines(i, p, a, y, self.facts, self.decided[rows], self.eligible[rows], self.fixed[rows], self.compared[rows])

    @cached_property
    def ids(self) -> list[tuple[str, str, str, str]]:
        """The four ids of every line."""
        columns = [np.array(d.ids, dtype=object)[code] for d, code in zip(self.facts.dimensions, self.codes, strict=True)]
        return list(zip(*columns, strict=True))

    @cached_property
    def keys(self) -> list[str]:
        """The line keys, `instrument|partnership|area|year`."""
        return ["|".join(ids) for ids in self.ids]

    @cached_property
    def moves(self) -> Moves:
        """Carry-overs and transfers; in a ledger their entries follow those of the lines."""
        return build_moves(self.facts)

    @cached_property
    def upper(self) -> IntArray:
        """The most any line can hold, in steps: decided money if fixed, else its ceilings, what may move in, and absorption."""
        yearly, total = self.moves.reachable
        most = [yearly[self.instrument, self.year], total[self.instrument], self.facts.absorption[self.partnership, self.year]]
        return np.where(self.fixed, self.decided, np.min([np.where(limit == NO_LIMIT, BIG, limit) for limit in most], axis=0))

    @cached_property
    def baseline(self) -> Exact:
        """What the baseline plan gives every line, in EUR million; zero without a baseline."""
        plan = self.facts.baseline
        cube = np.zeros(tuple(len(d.ids) for d in self.facts.dimensions), dtype=np.int64)
        if plan is None:
            return Exact(cube[self.codes], 1)
        np.add.at(cube, plan.codes, plan.amount.numerator)
        return Exact(cube[self.codes], plan.amount.denominator)

    @cached_property
    def planned(self) -> Lines:
        """The entries of the baseline plan as lines of their own, also where nothing may be planned any more."""
        plan = self.facts.baseline
        none = np.zeros(0 if plan is None else len(plan), dtype=np.int64)
        codes = (none, none, none, none) if plan is None else plan.codes
        return Lines(*codes, self.facts, decided=none, eligible=none > 0, fixed=none == 0, compared=none > 0)

    @cached_property
    def whole(self) -> Mask:
        """Which areas the plan to start from gives money without saying to which of their actions. Shape: (areas,)."""
        area, plan = self.facts.dimensions.area, self.facts.baseline
        given = np.isin(np.arange(len(area.ids)), [] if plan is None else plan.area[plan.amount.numerator > 0])
        whole: Mask = area.split & given & ((area.covers & given).sum(axis=1) == 1)
        return whole

    @cached_property
    def together(self) -> IntArray:
        """The lines that are compared with the plan to start from as one: line → number of its group; most are one by themselves."""
        holder, shape = self.facts.dimensions.area.holder[self.area], tuple(len(d.ids) for d in self.facts.dimensions)
        area = np.where(self.whole[holder], holder, self.area)
        return np.unique(np.ravel_multi_index((self.instrument, self.partnership, area, self.year), shape), return_inverse=True)[1]

    def moved(self, amounts: Floats) -> float:
        """Return how much of these amounts, EUR million, sits elsewhere than in the plan to start from."""
        return float(np.abs(np.bincount(self.together, weights=amounts - self.baseline.values)).sum()) / 2

    @cached_property
    def ledger(self) -> LedgerLimits:
        """The limits of every entry of a ledger."""
        none = np.zeros(len(self.moves), dtype=np.int64)
        return LedgerLimits(
            self,
            np.concatenate([self.decided, none]),
            np.concatenate([self.upper, self.moves.upper]),
            np.concatenate([self.fixed, self.moves.upper == 0]),
        )

    def by_year(self, steps: IntArray) -> IntArray:
        """Add up amounts of the lines by instrument and year. Shape (instruments, years)."""
        return self.facts.by_year(self.instrument, self.year, steps)

    def select(self, selection: Pick) -> Mask:
        """Return which lines a selection picks."""
        picked = np.ones(len(self), dtype=bool)
        for mask, code in zip(selection.masks(self.facts.dimensions), self.codes, strict=True):
            if not mask.all():
                picked &= mask[code]
        return picked

    def group(self, selection: Selection, members: Members, *, unless: Pick | None = None, over: frozenset[str] | None = None) -> Grouped:
        """Group the selected lines by member, with exact weights.

        `unless` takes lines out. `over` names the dimensions by which members restrict the selection (default: all);
        entries of other dimensions are ignored and get label 0, so that the codes can be compared through
        :meth:`Members.keep`.
        """
        picked = self.select(selection) & ~self.compared
        if unless is not None:
            picked &= ~self.select(unless)
        rows, code = members.covering(self, np.flatnonzero(picked), over)
        weight = money_weights(selection, self.facts.markers, self.instrument[rows], self.area[rows])
        counts = weight.numerator != 0
        return Grouped(code, rows, weight) if counts.all() else Grouped(code[counts], rows[counts], weight[counts])


def build_lines(facts: Facts) -> Lines:
    """Compute the lines: all eligible combinations, and all that carry decided money."""
    eligible = eligible_cube(facts)
    decided, exact = _decided_cubes(facts)
    closed = np.isin(facts.years, list(facts.closed))
    compared = _compared_cube(facts, eligible) & (decided == 0)
    at = np.nonzero(eligible | (decided > 0) | compared)
    instrument, partnership, area, year = (code.astype(np.int64) for code in at)
    fixed = exact[at] | closed[year] | ~eligible[at]
    return Lines(instrument, partnership, area, year, facts, decided[at], eligible[at], fixed, compared[at])


def eligible_cube(facts: Facts) -> Mask:
    """Return which combinations may receive new money. Shape: (instruments, partnerships, areas, years)."""
    planned = np.array([i.planned for i in facts.instruments])
    leaves = np.array([p.id in facts.leaf_ids for p in facts.partnerships])
    cube = (
        facts.eligible[:, None, :, None]
        & facts.partners[:, :, None, None]
        & facts.instrument_years[:, None, None, :]
        & facts.partnership_years[None, :, None, :]
    )
    for clause in facts.exclude:
        cube &= ~_clause_cube(clause, facts)
    for clause in facts.allow:
        cube |= _clause_cube(clause, facts)
    cube &= planned[:, None, None, None] & leaves[None, :, None, None] & ~facts.dimensions.area.split[:, None]
    return cube


def _compared_cube(facts: Facts, eligible: Mask) -> Mask:
    """Return where the plan to start from has money of an area whose actions may receive money now, and does not say of which."""
    out, area = np.zeros(eligible.shape, dtype=bool), facts.dimensions.area
    if facts.baseline is not None and area.split.any():
        out[facts.baseline.codes] = facts.baseline.amount.numerator > 0
        out &= area.split[:, None] & np.einsum("ipbt,ab->ipat", eligible, area.covers)
    return out


def _clause_cube(clause: Pick, facts: Facts) -> Mask:
    i, p, a, t = clause.masks(facts.dimensions)
    return i[:, None, None, None] & p[None, :, None, None] & a[None, None, :, None] & t[None, None, None, :]


def _decided_cubes(facts: Facts) -> tuple[IntArray, Mask]:
    shape = tuple(len(d.ids) for d in facts.dimensions)
    table = facts.decided
    flat = np.ravel_multi_index(table.codes, shape) if len(table) else np.zeros(0, dtype=np.intp)
    size = int(np.prod(shape))
    amounts = exact_sums(flat, table.amount, size).reshape(shape)
    exact = np.zeros(size, dtype=bool)
    exact[flat[table.exact]] = True
    return amounts, exact.reshape(shape)


def refusal(facts: Facts, position: Position) -> str | None:
    """Return why (instrument, partnership, area, year), given as positions, may not receive new money; None if it may."""
    i, p, a, t = position
    instrument, partnership, area, year = facts.instruments[i], facts.partnerships[p], facts.areas[a], facts.years[t]
    if not instrument.planned:
        return f"{instrument.name} is {instrument.counts} money: only what is decided counts"
    if partnership.id not in facts.leaf_ids:
        return f"{partnership.name} is a grouping: money goes to those within it"
    if facts.dimensions.area.split[a]:
        return f"{area.name} holds actions: new money goes to one of them"
    if _matching(facts, facts.allow, position):
        return None
    barred = _matching(facts, facts.exclude, position)
    if barred:
        return _sentence(barred)
    if not facts.eligible[i, a]:
        return f"{instrument.name} may not fund {area.name}: no entry in the eligibility table"
    if not facts.partners[i, p]:
        return f"{instrument.name} does not serve {partnership.name} (instruments.{instrument.id}.partners)"
    if not facts.instrument_years[i, t]:
        return f"{instrument.name} may not commit in {year}"
    if not facts.partnership_years[p, t]:
        return f"{partnership.name} takes no money in {year}"
    return None


def exception(facts: Facts, position: Position) -> str | None:
    """Return the reason of the `allow` entry that opens this combination, if there is one."""
    opened = _matching(facts, facts.allow, position)
    return _sentence(opened) if opened else None


def _matching(facts: Facts, clauses: Sequence[Clause], position: Position) -> Clause | None:
    fitting = (c for c in clauses if all(mask[k] for mask, k in zip(c.masks(facts.dimensions), position, strict=True)))
    return next(fitting, None)


def _sentence(clause: Clause) -> str:
    return f"{clause.reason} ({clause.id}{': ' + clause.source if clause.source else ''})"
