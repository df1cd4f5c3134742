"""Floors above ceilings, and rules that can never bind: what adding up shows without a solver.

A row of the program with a lower limit and positive coefficients is a floor, one with an upper limit a ceiling, whatever
kind of rule it comes from. Floors whose money lies inside that of a ceiling, and not twice, must not exceed it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.insight.remarks import Remark, error, some, warning
from fundalloc.insight.wording import limit_text, place_of
from fundalloc.model.linear_program import Floats, LinearProgram, RowBlock
from fundalloc.money import euro
from fundalloc.rules._rows import Sense
from fundalloc.scenario.scenario import Scenario

SLIP = 200.0
"""A floor so many times too large is probably in another unit."""
_TINY = 1e-7


def contradictions(scenario: Scenario, program: LinearProgram) -> Iterator[Remark]:
    """Yield floors that exceed what their own lines, or a ceiling around them, can carry. Soft floors: only a warning."""
    sums = _Sums(scenario, program)
    yield from _too_high(scenario, sums)
    told: set[tuple[int, ...]] = set()
    for row, floors, decided in _above(sums):
        if floors not in told:
            told.add(floors)
            yield _told(scenario, sums, row, floors, decided)


def idle_rules(scenario: Scenario, program: LinearProgram) -> Iterator[Remark]:
    """Yield rules that can change nothing: without demands, over decided money alone, or with limits that no plan reaches."""
    sums = _Sums(scenario, program)
    for block in program.blocks:
        rule, demands = block.rule, block.demands
        if rule is None or demands is None or rule.built_in:
            continue
        place = scenario.places[rule.id]
        rows = np.arange(block.rows.start, block.rows.stop)
        if len(demands) == 0:
            yield warning(place, f"rule '{rule.id}' asks nothing of anybody", "no member that it names has money that counts")
        elif block.relaxed.all():
            yield warning(place, f"rule '{rule.id}' concerns decided money alone: no plan can change it", "watch it instead: watch: true")
        elif (met := _met_anyway(sums, block, rows)) is not None:
            yield warning(place, f"rule '{rule.id}' can never bind: {met}", "nothing would change without it; is the figure right?")


@dataclass(frozen=True)
class _Sums:
    """Rows over the ledger with their limits, and how much their money can be."""

    scenario: Scenario
    program: LinearProgram

    @cached_property
    def ledger(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Rows, ledger columns and coefficients; what a soft rule misses is no money."""
        matrix = self.program.matrix
        inside = matrix.column < self.program.lines
        return matrix.row[inside], matrix.column[inside], matrix.value[inside]

    @cached_property
    def plain_sums(self) -> NDArray[np.bool_]:
        """Rows of rules without totals and switches: a sum of money against a figure."""
        program = self.program
        other = program.matrix.column >= program.lines
        for block in program.blocks:
            other &= ~((program.matrix.column >= block.misses.start) & (program.matrix.column < block.misses.stop))
        mixed = np.bincount(program.matrix.row, weights=other, minlength=program.shape[0]) > 0
        named = np.zeros(program.shape[0], dtype=bool)
        for block in program.blocks:
            if block.rule is not None:
                named[block.rows] = True
        return named & ~mixed

    @cached_property
    def decided(self) -> Floats:
        """EUR million that every ledger entry holds at the least."""
        return np.asarray(self.scenario.facts.euro(self.scenario.lines.ledger.decided), dtype=float)

    @cached_property
    def most(self) -> Floats:
        """The most that the positive terms of every row can come to: lines, ceilings and absorption taken into account."""
        lines, facts = self.scenario.lines, self.scenario.facts
        row, column, value = self.ledger
        positive = value > 0
        row, column, value = row[positive], column[positive], value[positive]
        upper = np.asarray(facts.euro(np.minimum(lines.ledger.upper, 10**12)), dtype=float)
        of_line = column < len(lines)
        flat = self._rows(row, value * upper[column])
        line, years = column[of_line], len(facts.years)
        moves = lines.moves.totals(lines.moves.upper)
        arriving = facts.ceilings.usable + moves["carried_in"] + moves["transferred_in"]
        yearly = np.where(facts.ceilings.usable == NO_LIMIT, NO_LIMIT, arriving)
        total = np.where(facts.ceilings.usable_total == NO_LIMIT, NO_LIMIT, facts.ceilings.usable_total + moves["transferred_in"].sum(axis=1))
        parts = (row[of_line], value[of_line] * upper[line], value[of_line])
        by_year = self._capped(*parts, lines.instrument[line] * years + lines.year[line], yearly.ravel())
        by_total = self._capped(*parts, lines.instrument[line], total)
        by_partner = self._capped(*parts, lines.partnership[line] * years + lines.year[line], facts.absorption.ravel())
        rest = self._rows(row[~of_line], value[~of_line] * upper[column[~of_line]])
        return np.minimum(flat, np.minimum(np.minimum(by_year, by_total), by_partner) + rest)

    def _rows(self, row: NDArray[np.int64], amount: Floats) -> Floats:
        return np.bincount(row, weights=amount, minlength=self.program.shape[0]).astype(float)

    def _capped(self, row: NDArray[np.int64], amount: Floats, weight: Floats, cell: NDArray[np.int64], limits: NDArray[np.int64]) -> Floats:
        """Add up amounts by row, those of one cell together never above its limit times the heaviest weight."""
        pairs, where = np.unique(row * len(limits) + cell, return_inverse=True)
        sums = np.bincount(where, weights=amount)
        heaviest = np.zeros(len(pairs))
        np.maximum.at(heaviest, where, weight)
        limit = limits[pairs % len(limits)]
        caps = np.where(limit == NO_LIMIT, np.inf, np.asarray(self.scenario.facts.euro(limit), dtype=float) * heaviest)
        return self._rows(pairs // len(limits), np.minimum(sums, caps))

    @cached_property
    def least(self) -> Floats:
        """The least that the positive terms of every row come to: decided money."""
        row, column, value = self.ledger
        return self._rows(row, np.maximum(value, 0.0) * self.decided[column])

    @cached_property
    def negative(self) -> tuple[Floats, Floats]:
        """The least and the most that the negative terms take away."""
        row, column, value = self.ledger
        upper = np.asarray(self.scenario.facts.euro(np.minimum(self.scenario.lines.ledger.upper, 10**12)), dtype=float)
        taken = np.maximum(-value, 0.0)
        return self._rows(row, taken * self.decided[column]), self._rows(row, taken * upper[column])

    def owner(self, row: int) -> tuple[RowBlock, int]:
        """Return the block of a row and the position of its demand."""
        block = self.program.row_owner(row)
        return block, row - block.rows.start

    def says(self, row: int) -> str:
        """Return the sentence of a row."""
        block, k = self.owner(row)
        assert block.rule is not None
        assert block.demands is not None
        names = self.scenario.labels() if block.rule.built_in else self.scenario.names()
        return block.rule.sentence(block.demands.member[k], names)

    def place(self, row: int) -> str:
        """Return where the figure of a row stands."""
        block, k = self.owner(row)
        assert block.rule is not None
        assert block.demands is not None
        return place_of(self.scenario, block.rule, block.demands.member[k], block.demands.sense[k])

    def eur(self, amount: float) -> str:
        """Write an amount, to the euro where the rounding step does not show it."""
        shown = round(amount, self.scenario.decimals)
        return euro(amount, self.scenario.decimals if abs(shown - amount) < _TINY else 6)


def _too_high(scenario: Scenario, sums: _Sums) -> Iterator[Remark]:
    """Floors above what their own lines can ever carry."""
    program = sums.program
    lower = np.where(np.isfinite(program.row_lower), program.row_lower, -np.inf)
    for row in np.flatnonzero(sums.plain_sums & (lower > 0) & (lower > sums.most - sums.negative[0] + _TINY)):
        block, k = sums.owner(int(row))
        assert block.rule is not None
        most = float(sums.most[row] - sums.negative[0][row])
        slip = "is it in thousands of euro? " if most and lower[row] / most >= SLIP else ""
        make = warning if block.rule.soft is not None else error
        says = f"“{sums.says(int(row))}” asks for {sums.eur(float(lower[row]))}; its lines can carry {sums.eur(most)} at the most ({block.rule.id})"
        yield make(sums.place(int(row)), says, f"{slip}lower it, or open more ways: eligibility, ceilings, absorption")


def _above(sums: _Sums) -> Iterator[tuple[int, tuple[int, ...], float]]:
    """Yield (row of the ceiling, rows of disjoint floors inside it that exceed it, decided money besides), tightest scope first."""
    program = sums.program
    row, column, value = sums.ledger
    signs_positive = np.bincount(row, weights=value <= 0, minlength=program.shape[0]) == 0
    floors = np.flatnonzero(sums.plain_sums & signs_positive & np.isfinite(program.row_lower) & (program.row_lower > 0))
    owners = np.array([bool(b.rule is not None and b.rule.hard) for b in program.blocks])
    hard = np.zeros(program.shape[0], dtype=bool)
    for block, is_hard in zip(program.blocks, owners, strict=True):
        hard[block.rows] = is_hard
    ceilings = np.flatnonzero(sums.plain_sums & hard & np.isfinite(program.row_upper))
    width = len(sums.scenario.lines)
    inside = _table(floors, row, column, value > 0, width)
    around = _table(ceilings, row, column, value > 0, width)
    heaviest, lightest = _extremes(floors, row, column, value, np.maximum, width), _extremes(ceilings, row, column, value, np.minimum, width)
    amount = program.row_lower[floors] / heaviest
    _, taken = sums.negative
    limit = (program.row_upper[ceilings] + taken[ceilings]) / lightest
    contained = (inside.astype(np.float32) @ around.astype(np.float32).T) >= inside.sum(axis=1, keepdims=True)
    found = []
    for c in range(len(ceilings)):
        mine = np.flatnonzero(contained[:, c] & (inside.sum(axis=1) > 0))
        mine = mine[np.argsort(-amount[mine], kind="stable")]
        chosen: list[int] = []
        used = np.zeros(width, dtype=bool)
        for f in mine:
            if not np.any(used & inside[f]):
                chosen.append(int(f))
                used |= inside[f]
        besides = float(sums.decided[:width][around[c] & ~used].sum())
        while chosen and amount[chosen].sum() - amount[chosen[-1]] + besides > limit[c] + _TINY:
            used &= ~inside[chosen[-1]]
            chosen.pop()
            besides = float(sums.decided[:width][around[c] & ~used].sum())
        if len(chosen) > 1 or (chosen and besides > 0) or (chosen and amount[chosen[0]] > limit[c] + _TINY):
            if amount[chosen].sum() + besides > limit[c] + _TINY:
                found.append((float(limit[c]), int(ceilings[c]), tuple(int(floors[f]) for f in chosen), besides))
    for _, ceiling, rows, besides in sorted(found):
        yield ceiling, rows, besides


def _table(rows: NDArray[np.intp], row: NDArray[np.int64], column: NDArray[np.int64], counts: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Return which lines (columns) count in which of some rows. Shape: (rows, lines)."""
    position = np.full(int(row.max(initial=-1)) + 1 if len(row) else 1, -1)
    position = np.full(max(len(position), int(rows.max(initial=-1)) + 1), -1)
    position[rows] = np.arange(len(rows))
    inside = (position[row] >= 0) & counts & (column < width)
    out = np.zeros((len(rows), width), dtype=bool)
    out[position[row[inside]], column[inside]] = True
    return out


def _extremes(
    rows: NDArray[np.intp], row: NDArray[np.int64], column: NDArray[np.int64], value: Floats, pick: np.ufunc, width: int
) -> Floats:
    """Return the largest or smallest positive coefficient of a line in each of some rows; 1 without any."""
    size = max(int(row.max(initial=-1)), int(rows.max(initial=-1))) + 1
    start = 0.0 if pick is np.maximum else np.inf
    out = np.full(size, start)
    positive = (value > 0) & (column < width)
    pick.at(out, row[positive], value[positive])
    found: Floats = np.where((out == 0) | ~np.isfinite(out), 1.0, out)[rows]
    return found


def _told(scenario: Scenario, sums: _Sums, ceiling: int, floors: tuple[int, ...], decided: float) -> Remark:
    block, k = sums.owner(ceiling)
    assert block.rule is not None
    assert block.demands is not None
    asked = sum(float(sums.program.row_lower[row]) for row in floors)
    limit = limit_text(scenario, block.rule, Fraction(block.demands.figure[k]))
    names = list(dict.fromkeys(f"“{sums.says(row)}” {sums.eur(float(sums.program.row_lower[row]))}" for row in floors))
    besides = f" and decided money to {sums.eur(decided)}" if decided > _TINY else ""
    noun = "the floor" if len(floors) == 1 else f"{len(floors)} floors"
    verb = "comes" if len(floors) == 1 else "add up"
    says = f"inside “{sums.says(ceiling)}”, {noun} {verb} to {sums.eur(asked)}{besides}, the limit is {limit}: {some(names)}"
    soft = any((owner := sums.owner(row)[0].rule) is not None and owner.soft is not None for row in floors)
    make = warning if soft else error
    place = max((sums.place(row) for row in floors), key=len)
    return make(place, says, f"lower one of them, or raise the limit ({sums.place(ceiling)})")


def _met_anyway(sums: _Sums, block: RowBlock, rows: NDArray[np.intp]) -> str | None:
    """Return why no plan can come to the limit of any row of a rule, or None."""
    program = sums.program
    active = rows[~block.relaxed]
    if not sums.plain_sums[active].all():
        return None
    smallest, largest = sums.negative
    high = sums.most[active] - smallest[active]
    low = sums.least[active] - largest[active]
    upper, lower = program.row_upper[active], program.row_lower[active]
    below = ~np.isfinite(upper) | (high <= upper + _TINY)
    above = ~np.isfinite(lower) | (low >= lower - _TINY)
    if not (below & above).all():
        return None
    demands = block.demands
    assert demands is not None
    if len(active) > 1:
        return f"none of its {len(active)} limits can be reached"
    if demands.sense[0] is Sense.AT_MOST and block.rule is not None and not block.rule.relative:
        return f"at most {sums.eur(float(high[0]))} can flow there, the limit is {sums.eur(float(upper[0]))}"
    if demands.sense[0] is Sense.AT_LEAST and block.rule is not None and not block.rule.relative:
        return f"decided money alone brings {sums.eur(float(low[0]))}, it asks for {sums.eur(float(lower[0]))}"
    return "it holds whatever the plan does"
