"""Why money stays unallocated, per instrument, in a sentence.

Looked at is the plan before rounding, the same that `explain` asks about. A euro more on an open line of the instrument is held
back by the demands at their limit that it would break (hard) or miss at a price (soft), and by the points of a last resort. A rule
is named when it holds back alone: without it, and with all else as it is, more of this money could be spent and would earn score.
Where several hold back every such line at once they are named together: no single one of them is the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.labels import Words
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import AUXILIARY, SWITCHED_OFF, LinearProgram, RowBlock
from fundalloc.model.objective import met_needs, next_values, pair_of_line
from fundalloc.money import Exact, Floats, Mask
from fundalloc.plan.ledger import free_money
from fundalloc.plan.plan import Plan
from fundalloc.rules.statement import take
from fundalloc.solvers import Status

NOTHING = 1e-5
"""EUR million, or points per EUR million, that count as none."""
NAMED = 4
"""Rules that a sentence names before it says "and n more"."""
LAST_RESORT = "last_resort"


@dataclass(frozen=True)
class Unallocated:
    """Money of one instrument that the plan leaves."""

    instrument: str
    amount: float
    """EUR million over the period, after the reserve."""
    reason: str


@dataclass(frozen=True)
class Cause:
    """Why money of an instrument is left: a text under `unallocated`, and the rules that it names, those with most lines first."""

    text: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Left:
    """What the plan before rounding leaves of an instrument, EUR million, and why."""

    amount: float
    cause: Cause


def explain_unallocated(plan: Plan, words: Words) -> list[Unallocated]:
    """Return the instruments with money left, largest first, and why, in the language of `words`; no reason without a solution."""
    whole = sorted((row for row in plan.free_whole if row["free"] > 0), key=itemgetter("free"), reverse=True)
    rows = [(row["instrument"], row["free"], row["ceiling"] - row["reserve"]) for row in whole]
    if plan.solution is None or not rows:
        return [Unallocated(name, amount, "") for name, amount, _ in rows]
    brakes = Brakes(compile_program(plan.scenario), plan.solution, plan.scenario.lines)
    proved, out = plan.status == Status.OPTIMAL and plan.log.settled, []
    for name, amount, usable in rows:
        left = left_before_rounding(brakes, plan.scenario.facts.dimensions.instrument.index(name), usable, proved=proved)
        out.append(Unallocated(name, amount, said(Cause("rounding") if left is None else left.cause, words)))
    return out


def left_before_rounding(brakes: Brakes, instrument: int, ceiling: float, *, proved: bool = True) -> Left | None:
    """Return what a solution leaves free of the usable ceiling of an instrument (EUR million), and why; None when that is no whole step.

    What closed years leave has lapsed and is not free: counted in whole steps, as all of it is decided but what moves on.
    """
    lines, moves, step = brakes.lines, brakes.lines.moves, float(brakes.lines.facts.step)
    amounts, moved = np.split(brakes.values[: len(lines) + len(moves)], [len(lines)])
    planned, moving = (np.rint(part / step).astype(np.int64) for part in (amounts, moved))
    lapsed = free_money(lines.facts, lines.by_year(planned), moves.totals(moving)).lapsed[instrument, -1] * step
    own, gives, takes = lines.instrument == instrument, moves.source == instrument, moves.target == instrument
    amount = float(ceiling - (amounts[own].sum() + moved[gives].sum() - moved[takes].sum()) - lapsed)
    return Left(amount, brakes.cause(instrument, proved=proved)) if amount >= step / 2 else None


def said(cause: Cause, words: Words) -> str:
    """Write a cause as a sentence without its end."""
    named = [words.word("unallocated.limits", rule) for rule in cause.rules]
    more = words("workbook.and_more", count=len(named) - NAMED) if len(named) > NAMED else ""
    return words(f"unallocated.{cause.text}", rules=", ".join(named[:NAMED]) + more)


@dataclass(frozen=True)
class Brakes:
    """What holds back a euro more on every open line, at a solution of the program (all columns, before rounding)."""

    program: LinearProgram
    values: Floats
    lines: Lines

    def cause(self, instrument: int, *, proved: bool = True) -> Cause:
        """Return why money of an instrument is left, wherever a ceiling leaves some."""
        lines = np.flatnonzero((self.lines.instrument == instrument) & ~self.lines.fixed & ~self._at_ceiling)
        if not len(lines):
            return Cause("no_open_line")
        names, hard, price = self._of(lines)
        earns = self._worth[lines] - np.minimum(price, 0.0).sum(axis=0) > NOTHING
        if not earns.any():
            return Cause("needs_met")
        hard, price, lines = hard[:, earns], price[:, earns], lines[earns]
        count, gain = hard.sum(axis=0), self._worth[lines] - price.sum(axis=0)
        holds = hard | (price > NOTHING)
        alone = holds & (count - hard == 0) & (gain + np.maximum(price, 0.0) > NOTHING)
        if alone.any():
            return Cause("rules", _most(names, alone))
        if np.any((count == 0) & (gain > NOTHING)):
            return Cause("given_up" if proved else "stopped")
        return Cause("together", _most(names, holds))

    def _of(self, lines: NDArray[np.intp]) -> tuple[list[str], Mask, Floats]:
        """Return the rules, which of them a euro on each line would break, and what it costs under them. Shapes (rules, lines)."""
        owners = [rule for rule in dict.fromkeys(self._owner.tolist()) if rule]
        position = {name: k for k, name in enumerate([*owners, LAST_RESORT])}
        hard, price = np.zeros((len(position), len(lines)), dtype=bool), np.zeros((len(position), len(lines)))
        price[-1] = -self.program.cost[lines]
        here = np.full(len(self.lines), -1)
        here[lines] = np.arange(len(lines))
        row, line, value = self._terms
        inside = here[line] >= 0
        row, line, value = row[inside], here[line[inside]], value[inside]
        up, down = (room[row] for room in self._room)
        against = ((down <= NOTHING) & (value < 0)) | ((up <= NOTHING) & (value > 0))
        rule = np.array([position.get(name, -1) for name in self._owner[row]], dtype=np.intp)
        breaks = against & (self._price[row] == 0)
        hard[rule[breaks], line[breaks]] = True
        costs = self._price[row] * np.abs(value) * (against * 1.0 - ((down < -NOTHING) & (value > 0)) - ((up < -NOTHING) & (value < 0)))
        np.add.at(price, (rule, line), costs)
        return list(position), hard, price

    # -- rows -------------------------------------------------------------------------------------------------------------

    @cached_property
    def _owner(self) -> NDArray[np.object_]:
        """The rule of every row that can hold money back, ceilings left out; empty for other rows."""
        owner = np.full(self.program.shape[0], "", dtype=object)
        for name, block in self._holding:
            owner[block.rows] = name
        return owner

    @cached_property
    def _holding(self) -> list[tuple[str, RowBlock]]:
        """Blocks of rows with the rule that they belong to: its switches, and what says its own columns, come before its rows."""
        found: list[tuple[str, RowBlock]] = []
        waiting: list[RowBlock] = []
        for block in self.program.blocks:
            waiting += [block] if block.owner in (SWITCHED_OFF, AUXILIARY) else []
            if block.rule is not None:
                found += [(block.owner, one) for one in (*waiting, block) if not block.rule.is_budget]
                waiting = []
        return found

    @cached_property
    def _price(self) -> Floats:
        """Points that a EUR million missed costs in every row; 0 where nothing may be missed."""
        price = np.zeros(self.program.shape[0])
        for _, block in self._holding:
            price[block.rows] = float(block.rule.soft or 0) if block.rule is not None else 0.0
        return price

    @cached_property
    def _room(self) -> tuple[Floats, Floats]:
        """How far rows lie inside their limits, negative for missed soft rules; what defines a rule's columns holds only with the rule."""
        values = self.values.copy()
        for _, block in self._holding:
            values[block.misses] = 0.0
        activity = self.program.matrix.times(values)
        above: Floats = np.where(self._switched_on, np.inf, self.program.row_upper - activity)
        below: Floats = activity - self.program.row_lower
        says, asks = self.program.defined
        idle = np.setdiff1d(says, says[np.minimum(above, below)[asks] <= NOTHING])
        above[idle] = below[idle] = np.inf
        return above, below

    @cached_property
    def _switched_on(self) -> Mask:
        """Rows that hold money back only while their switch is off, where it is on."""
        rows, matrix, integer = np.zeros(self.program.shape[0], dtype=bool), self.program.matrix, self.program.integer
        if integer is None:
            return rows
        for block in self.program.blocks:
            rows[block.rows] |= block.owner == SWITCHED_OFF
        on = rows[matrix.row] & integer[matrix.column] & (self.values[matrix.column] > 0.5)
        return np.bincount(matrix.row[on], minlength=len(rows)) > 0

    @cached_property
    def _terms(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Rows of rules, allocation lines and what a euro on the line adds to the row, shared totals written out."""
        matrix, count = self.program.matrix, len(self.lines)
        row, column, value = matrix.row, matrix.column, matrix.value
        rule = self._owner[row] != ""
        total = np.full(self.program.shape[0], -1)
        for rows, columns in self.program.totals:
            total[rows] = columns
        of_total = (total[row] >= 0) & (column < count)
        parts = Grouped(total[row[of_total]].astype(np.intp), column[of_total].astype(np.intp), Exact.whole(int(of_total.sum())))
        shared = rule & np.isin(column, total)
        entry, part = take(column[shared].astype(np.intp), parts)
        direct = rule & (column < count)
        key = np.concatenate([row[direct] * count + column[direct], row[shared][entry] * count + parts.line[part]])
        cells, where = np.unique(key, return_inverse=True)
        sums = np.bincount(where, weights=np.concatenate([value[direct], value[shared][entry] * value[of_total][part]])).astype(float)
        return cells // count, cells % count, sums

    # -- lines ------------------------------------------------------------------------------------------------------------

    @cached_property
    def _at_ceiling(self) -> Mask:
        """Lines whose instrument has spent its year or its total."""
        block = self.program.budget
        assert block is not None
        row, column = self.program.matrix.row, self.program.matrix.column
        inside = (row >= block.rows.start) & (row < block.rows.stop) & (self._room[0][row] <= NOTHING)
        return np.isin(np.arange(len(self.lines)), column[inside])

    @cached_property
    def _worth(self) -> Floats:
        """Points that a euro more on every line earns in impact."""
        facts, pair = self.lines.facts, pair_of_line(self.lines)
        effectiveness = facts.effectiveness.values[self.lines.instrument, self.lines.area]
        met = met_needs(self.lines, self.values[: len(self.lines)])
        worth: Floats = np.append(np.asarray(facts.needs.priority.values) * next_values(facts, met), 0.0)[pair] * effectiveness
        return worth


def _most(names: list[str], holds: Mask) -> tuple[str, ...]:
    count = holds.sum(axis=1)
    return tuple(names[k] for k in np.argsort(-count, kind="stable") if count[k])
