"""Floors above ceilings, and rules that can never bind: what adding up shows without a solver.

A row of the program with a lower limit and positive coefficients is a floor, one with an upper limit a ceiling, whatever
kind of rule it comes from. Floors whose money lies inside that of a ceiling, and not twice, must not exceed it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import some
from fundalloc.facts.capacity import most_money
from fundalloc.facts.selection import runs
from fundalloc.insight.doctor import Remark, error, warning
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats, IntArray, Mask, euro
from fundalloc.plan.naming import limit_texts, place_of
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Demands, Sense
from fundalloc.scenario.scenario import Scenario

TINY = 1e-7
"""EUR million below which a difference is floating-point dust."""
SLIP = 200.0
"""A floor so many times too large is probably in another unit."""


def contradictions(scenario: Scenario, program: LinearProgram) -> Iterator[Remark]:
    """Yield floors that exceed what their own lines, or a ceiling around them, can carry. Soft floors: only a warning."""
    sums = LimitedSums(scenario, program)
    told: dict[tuple[int, ...], Remark] = dict(_too_high(sums))
    for row, floors, decided in _above(sums):
        told.setdefault(floors, _told(scenario, sums, row, floors, decided))
    yield from told.values()


def idle_rules(scenario: Scenario, program: LinearProgram) -> Iterator[Remark]:
    """Yield rules that can change nothing: without demands, over decided money alone, or with limits that no plan reaches."""
    sums = LimitedSums(scenario, program)
    for block in program.blocks:
        rule, demands = block.rule, block.demands
        if rule is None or demands is None or rule.built_in:
            continue
        place, rows = scenario.places[rule.id], np.arange(block.rows.start, block.rows.stop)
        if len(demands) == 0:
            yield warning(place, f"rule '{rule.id}' asks nothing of anybody", "no member that it names has money that counts")
        elif block.idle.all():
            yield warning(place, f"rule '{rule.id}' concerns decided money alone: no plan can change it", "watch it instead: watch: true")
        elif (met := _met_anyway(sums, rows[~block.idle], rule, demands)) is not None:
            yield warning(place, f"rule '{rule.id}' can never bind: {met}", "nothing would change without it; is the figure right?")


def _too_high(sums: LimitedSums) -> Iterator[tuple[tuple[int, ...], Remark]]:
    """Floors above what their own lines can ever carry, by row."""
    lower, high = sums.program.row_lower, sums.most - sums.negative[0]
    for row in np.flatnonzero(sums.plain_sums & (lower > 0) & (lower > high + TINY)).tolist():
        rule, asked, most = sums.owner(row)[0], float(lower[row]), float(high[row])
        slip = "is it in thousands of euro? " if most and asked / most >= SLIP else ""
        says = f"“{sums.says(row)}” asks for {sums.eur(asked)}; its lines can carry {sums.eur(most)} at the most (rule {rule.id})"
        make = warning if rule.soft is not None else error
        yield (row,), make(sums.place(row), says, f"{slip}lower it, or open more ways: eligibility, ceilings, absorption")


def _above(sums: LimitedSums) -> Iterator[tuple[int, tuple[int, ...], float]]:
    """Yield (row of the ceiling, rows of disjoint floors inside it that exceed it, decided money besides), tightest scope first."""
    floors, ceilings = sums.rows_with(sums.program.row_lower, soft=True), sums.rows_with(sums.program.row_upper, soft=False)
    amount = sums.program.row_lower / sums.coefficient(np.maximum)
    limit = (sums.program.row_upper + sums.negative[1]) / sums.coefficient(np.minimum)
    found = []
    for ceiling, inside in sums.contained(floors, ceilings):
        candidates, most = inside[np.argsort(-amount[inside], kind="stable")], float(limit[ceiling])
        if amount[candidates].sum() + sums.decided[sums.lines_of[ceiling]].sum() > most + TINY:
            chosen, besides = _exceeding(sums, amount, ceiling, candidates, most)
            if chosen:
                found.append((most, ceiling, tuple(chosen), besides))
    yield from (own[1:] for own in sorted(found))


def _exceeding(sums: LimitedSums, amount: Floats, ceiling: int, candidates: NDArray[np.intp], limit: float) -> tuple[list[int], float]:
    """Return as few disjoint floors as exceed a limit together with the decided money besides them, and that money; or none."""
    chosen: list[int] = []
    used = np.zeros(len(sums.scenario.lines), dtype=bool)
    besides = float(sums.decided[sums.lines_of[ceiling]].sum())
    for row in candidates.tolist():
        mine = sums.lines_of[row]
        if not np.any(used[mine]):
            chosen.append(row)
            used[mine] = True
            besides -= float(sums.decided[mine].sum())
            if amount[chosen].sum() + besides > limit + TINY:
                return chosen, besides
    return [], besides


def _told(scenario: Scenario, sums: LimitedSums, ceiling: int, floors: tuple[int, ...], decided: float) -> Remark:
    rule, demands, k = sums.owner(ceiling)
    (limit,) = limit_texts(scenario, rule, demands, [k])
    asked = {row: float(sums.program.row_lower[row]) for row in floors}
    names = list(dict.fromkeys(f"“{sums.says(row)}” {sums.eur(amount)}" for row, amount in asked.items()))
    come = "the floor comes" if len(floors) == 1 else f"{len(floors)} floors add up"
    besides = f" and decided money to {sums.eur(decided)}" if decided > TINY else ""
    says = f"inside “{sums.says(ceiling)}”, {come} to {sums.eur(sum(asked.values()))}{besides}, the limit is {limit}: {some(names)}"
    make = warning if any(sums.owner(row)[0].soft is not None for row in floors) else error
    return make(sums.place(floors[0]), says, f"lower one of them, or raise the limit ({sums.place(ceiling)})")


def _met_anyway(sums: LimitedSums, active: IntArray, rule: Kind, demands: Demands) -> str | None:
    """Return why no plan can come to the limit of any of these rows of a rule, or None."""
    if not sums.plain_sums[active].all():
        return None
    high, low = ((ends - taken)[active] for ends, taken in zip((sums.most, sums.least), sums.negative, strict=True))
    upper, lower = sums.program.row_upper[active], sums.program.row_lower[active]
    if not ((high <= upper + TINY) & (low >= lower - TINY)).all():
        return None
    if len(active) > 1:
        return f"none of its {len(active)} limits can be reached"
    if demands.sense[0] is Sense.AT_MOST and not rule.relative:
        return f"at most {sums.eur(float(high[0]))} can flow there, the limit is {sums.eur(float(upper[0]))}"
    if demands.sense[0] is Sense.AT_LEAST and not rule.relative:
        return f"decided money alone brings {sums.eur(float(low[0]))}, it asks for {sums.eur(float(lower[0]))}"
    return "it holds whatever the plan does"


# -- rows of the program as sums of money ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LimitedSums:
    """Rows over the ledger with their limits, and how much their money can be."""

    scenario: Scenario
    program: LinearProgram

    @cached_property
    def ledger(self) -> tuple[IntArray, IntArray, Floats]:
        """Rows, ledger columns and coefficients; what a soft rule misses is no money."""
        matrix = self.program.matrix
        inside = matrix.column < self.program.lines
        return matrix.row[inside], matrix.column[inside], matrix.value[inside]

    @cached_property
    def plain_sums(self) -> Mask:
        """Rows of rules without totals and switches: a sum of money, not all of it decided, against a figure."""
        program, named = self.program, np.zeros(self.program.shape[0], dtype=bool)
        other = program.matrix.column >= program.lines
        for block in program.blocks:
            other &= (program.matrix.column < block.misses.start) | (program.matrix.column >= block.misses.stop)
            if block.rule is not None:
                named[block.rows] = ~block.idle
        plain: Mask = named & (self._rows(program.matrix.row, other) == 0)
        return plain

    @cached_property
    def decided(self) -> Floats:
        """EUR million that every ledger entry holds at the least."""
        return np.asarray(self.scenario.facts.euro(self.scenario.lines.ledger.decided), dtype=float)

    @cached_property
    def most(self) -> Floats:
        """The most that the positive terms of every row can come to: lines, ceilings and absorption taken into account."""
        lines = self.scenario.lines
        row, column, value = self.ledger
        in_lines, moves = (value > 0) & (column < len(lines)), (value > 0) & (column >= len(lines))
        most = most_money(row[in_lines], column[in_lines], value[in_lines], lines, self.program.shape[0])
        return most + self._rows(row[moves], value[moves] * self._upper[column[moves]])

    @cached_property
    def _upper(self) -> Floats:
        """EUR million that every ledger entry holds at the most; a large figure where nothing limits it."""
        return np.asarray(self.scenario.facts.euro(np.minimum(self.scenario.lines.ledger.upper, 10**12)), dtype=float)

    def _rows(self, row: IntArray, amount: Floats | Mask) -> Floats:
        return np.bincount(row, weights=amount, minlength=self.program.shape[0]).astype(float)

    @cached_property
    def least(self) -> Floats:
        """The least that the positive terms of every row come to: decided money."""
        row, column, value = self.ledger
        return self._rows(row, np.maximum(value, 0.0) * self.decided[column])

    @cached_property
    def negative(self) -> tuple[Floats, Floats]:
        """The least and the most that the negative terms take away."""
        row, column, value = self.ledger
        taken = np.maximum(-value, 0.0)
        return self._rows(row, taken * self.decided[column]), self._rows(row, taken * self._upper[column])

    def owner(self, row: int) -> tuple[Kind, Demands, int]:
        """Return the rule of a row, its demands, and which of them the row states."""
        block = self.program.row_owner(row)
        assert block.rule is not None
        assert block.demands is not None
        return block.rule, block.demands, row - block.rows.start

    def says(self, row: int) -> str:
        """Return the sentence of a row."""
        rule, demands, k = self.owner(row)
        names, member = self.scenario.labels() if rule.built_in else self.scenario.names(), demands.member[k]
        whole = rule.built_in and member[-1] == "total"
        return rule.sentence((*member[:-1], "in total") if whole else member, names, sense=demands.sense[k])

    def place(self, row: int) -> str:
        """Return where the figure of a row stands."""
        rule, demands, k = self.owner(row)
        return place_of(self.scenario, rule, demands.member[k], demands.sense[k])

    def eur(self, amount: float) -> str:
        """Write an amount, to the euro where the rounding step does not show it."""
        shown = round(amount, self.scenario.decimals)
        return euro(amount, self.scenario.decimals if abs(shown - amount) < TINY else 6)

    def rows_with(self, limits: Floats, *, soft: bool) -> NDArray[np.intp]:
        """Return the rows of rules that are plain sums with such a limit; ceilings may take money that moves in, floors only add up."""
        allowed = np.zeros(self.program.shape[0], dtype=bool)
        for block in self.program.blocks:
            allowed[block.rows] = block.rule is not None and (block.rule.hard or (soft and not block.rule.watch))
        row, column, value = self.ledger
        taking = (value < 0) & ((column < len(self.scenario.lines)) | soft)
        adds = self._rows(row, taking) == 0
        return np.flatnonzero(self.plain_sums & allowed & adds & np.isfinite(limits) & (limits > 0))

    @cached_property
    def _counted(self) -> tuple[IntArray, IntArray, Floats]:
        """Rows, lines and coefficients of the lines that add to a row, in order of rows."""
        row, column, value = self.ledger
        counts = (value > 0) & (column < len(self.scenario.lines))
        return row[counts], column[counts], value[counts]

    @cached_property
    def lines_of(self) -> list[IntArray]:
        """The lines that add to every row."""
        row, column, _ = self._counted
        return np.split(column, np.searchsorted(row, np.arange(1, self.program.shape[0])))

    def contained(self, inner: NDArray[np.intp], outer: NDArray[np.intp]) -> Iterator[tuple[int, NDArray[np.intp]]]:
        """Yield every outer row with the inner rows all of whose lines lie inside it."""
        row, column, _ = self._counted
        rows = self.program.shape[0]
        sizes = np.bincount(row, minlength=rows)
        one, other = np.isin(row, inner), np.isin(row, outer)
        inner_row, inner_line = row[one], column[one]
        order = np.argsort(column[other], kind="stable")
        outer_row, outer_line = row[other][order], column[other][order]
        first = np.searchsorted(outer_line, inner_line, side="left")
        counts = np.searchsorted(outer_line, inner_line, side="right") - first
        entry, offset = runs(counts)
        pairs, shared = np.unique(outer_row[first[entry] + offset] * rows + inner_row[entry], return_counts=True)
        whole = shared == sizes[pairs % rows]
        owner, member = pairs[whole] // rows, pairs[whole] % rows
        starts = np.flatnonzero(np.diff(owner, prepend=-1))
        for mine in np.split(np.arange(len(owner)), starts[1:]) if len(owner) else ():
            yield int(owner[mine[0]]), member[mine].astype(np.intp)

    def coefficient(self, pick: np.ufunc) -> Floats:
        """Return the largest or smallest coefficient of a line in every row; 1 without any."""
        row, _, value = self._counted
        out = np.full(self.program.shape[0], 0.0 if pick is np.maximum else np.inf)
        pick.at(out, row, value)
        return np.where((out == 0) | ~np.isfinite(out), 1.0, out)
