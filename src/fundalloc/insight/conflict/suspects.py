"""Everything that must hold, as rows that can be switched off one by one: the ground on which conflicts are sought.

A *suspect* is one thing that a planner could name: a demand of a rule, a ceiling, decided money, a closed year, the limit of
a carry-over. Score and needs play no part, and soft rules only where they rule amounts out (no action below what counts as
active). Money is counted in thousands of euro, so that a clash of one euro is ten thousand times the solver's tolerance.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.model.elastic import elastic_program
from fundalloc.model.linear_program import AUXILIARY, SWITCHED_OFF, SWITCHED_ON, TOTAL, LinearProgram, RowBlock, Terms, stack
from fundalloc.money import Floats, Mask
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Demands
from fundalloc.solvers import USUAL, Options, Status, solve_program
from fundalloc.solvers.warm import WarmSolver

FINER = 1_000.0
"""The program counts EUR million, the system thousands of euro."""
NODES = 2_000
"""Nodes after which a question about switches stays open: then what is asked about may hold together, for all that is known."""
DECIDED, CLOSED, CARRIED, ELIGIBILITY = "decided money", "closed years", "carry-over", "eligibility"
_RANK = {"practice": 1, "political": 2, "law": 3}
FIXED = 4
"""Rank of what no negotiation changes: decided money, closed years, what follows from ceilings."""


@dataclass(frozen=True)
class Suspect:
    """One thing that must hold, with its rows in the system."""

    owner: str
    """The rule's id, or one of DECIDED, CLOSED, CARRIED."""
    member: tuple[str, ...]
    rows: tuple[int, ...]
    rank: int
    """1 practice, 2 political, 3 law, 4 not negotiable."""
    rule: Kind | None = None
    demands: Demands | None = None
    """None for a soft rule that only says from where on amounts count."""
    demand: int = -1
    """Position among the rule's demands."""
    entry: int = -1
    """Decided money and carry-over: the entry of the ledger. Closed years: the position of the year."""
    held: bool = False
    """Whether the demand is broken by decision: its row asks no more than that no new money makes it worse."""


@dataclass(frozen=True)
class System:
    """The rows of all suspects, and those that only define totals and switches."""

    program: LinearProgram
    suspects: tuple[Suspect, ...]
    options: Options = USUAL
    """Until when questions are answered."""

    @cached_property
    def everyone(self) -> frozenset[int]:
        """The positions of all suspects."""
        return frozenset(range(len(self.suspects)))

    def feasible(self, held: Collection[int], warm: WarmSolver | None = None, *, relaxed: bool = False) -> bool:
        """Return whether these suspects can hold together, or no answer says; `relaxed`: with switches between on and off."""
        program, warm = self.only(held), warm or self.solver()
        if warm.solve(replace(program, integer=None)).status is Status.INFEASIBLE:
            return False
        if program.integer is None or relaxed:
            return True
        return solve_program(program, self.options.own(nodes=NODES)).status is not Status.INFEASIBLE

    def solver(self) -> WarmSolver:
        """Return a solver that answers one question after another."""
        return WarmSolver(self.options.own())

    def only(self, held: Collection[int]) -> LinearProgram:
        """Return the program in which only these suspects are in force; a switch that none of them uses is let go."""
        kept = np.zeros(self.program.shape[0], dtype=bool)
        kept[[row for k in held for row in self.suspects[k].rows]] = True
        matrix, integer = self.program.matrix, self.program.integer
        structural = self._structural
        if integer is not None:
            used = np.zeros(self.program.shape[1], dtype=bool)
            used[matrix.column[kept[matrix.row]]] = True
            integer = integer & used
            tied = self._switch_of_row
            structural = structural & ((tied < 0) | integer[np.maximum(tied, 0)])
        kept |= structural
        return replace(
            self.program,
            row_lower=np.where(kept, self.program.row_lower, -np.inf),
            row_upper=np.where(kept, self.program.row_upper, np.inf),
            integer=integer if integer is not None and integer.any() else None,
        )

    def accused(self) -> frozenset[int]:
        """Return suspects that cannot hold together by the shadow prices of the elastic program; everyone when these say nothing.

        J. W. Chinneck, Feasibility and Infeasibility in Optimization, 2008, chapter 6.
        """
        rows = np.array([row for suspect in self.suspects for row in suspect.rows], dtype=np.intp)
        elastic = elastic_program(replace(self.program, integer=None), rows)
        solution = solve_program(elastic.program, self.options.own())
        if not solution.usable or solution.objective > -1e-6:
            return self.everyone
        priced = np.abs(solution.prices) > 1e-9
        found = frozenset(k for k, suspect in enumerate(self.suspects) if priced[list(suspect.rows)].any())
        return found if found and not self.feasible(found) else self.everyone

    def among(self, positions: Iterable[int]) -> System:
        """Return the small system of some suspects: their rows, what these build on, and no column besides."""
        kept = np.zeros(self.program.shape[0], dtype=bool)
        suspects = [self.suspects[k] for k in positions]
        kept[[row for suspect in suspects for row in suspect.rows]] = True
        matrix = self.program.matrix
        while True:
            used = np.zeros(self.program.shape[1], dtype=bool)
            used[matrix.column[kept[matrix.row]]] = True
            more = kept | (self._structural & (self._defines >= 0) & used[np.maximum(self._defines, 0)])
            if np.array_equal(more, kept):
                break
            kept = more
        number = np.cumsum(kept) - 1
        renumbered = (replace(s, rows=tuple(int(number[row]) for row in s.rows)) for s in suspects)
        return System(_part(self.program, kept, used), tuple(renumbered), self.options)

    @cached_property
    def _structural(self) -> Mask:
        out = np.ones(self.program.shape[0], dtype=bool)
        out[[row for suspect in self.suspects for row in suspect.rows]] = False
        return out

    @cached_property
    def _switch_of_row(self) -> NDArray[np.intp]:
        """The switch that a structural row ties to its money, or -1."""
        out = np.full(self.program.shape[0], -1, dtype=np.intp)
        matrix, integer = self.program.matrix, self.program.integer
        if integer is not None:
            own = integer[matrix.column]
            out[matrix.row[own]] = matrix.column[own]
        return np.where(self._structural, out, -1)

    @cached_property
    def _defines(self) -> NDArray[np.intp]:
        """The total or switch that a structural row defines: the last column of a total's row, the switch of a switch's."""
        matrix = self.program.matrix
        last = np.full(self.program.shape[0], -1, dtype=np.intp)
        filled = np.diff(matrix.start) > 0
        last[filled] = matrix.column[matrix.start[1:][filled] - 1]
        return np.where(self._structural, np.where(self._switch_of_row >= 0, self._switch_of_row, last), -1)


def build_system(program: LinearProgram, lines: Lines, options: Options = USUAL) -> System:
    """State everything that must hold as rows, whole thousands of euro on the right; bounds of lines become rows too."""
    blocks = [b for b in program.blocks if b.owner in (TOTAL, AUXILIARY, SWITCHED_OFF, SWITCHED_ON) or (b.rule is not None and b.rule.hard)]
    rows = np.concatenate([np.arange(b.rows.start, b.rows.stop) for b in blocks]) if blocks else np.zeros(0, dtype=np.intp)
    position = np.full(program.shape[0], -1)
    position[rows] = np.arange(len(rows))
    suspects = list(_demands(blocks, program, position))
    suspects += _sizes(program, position, float(lines.facts.step))
    entries, bound_lower, bound_upper, fixed = _bounds(lines, len(rows))
    matrix, integer = program.matrix, program.integer
    switch = integer if integer is not None else np.zeros(program.shape[1], dtype=bool)
    inside = position[matrix.row] >= 0
    column, value = matrix.column[inside], matrix.value[inside]
    money = np.ones(program.shape[0], dtype=bool)
    for block in blocks:
        money[block.rows] = block.rule is None or block.rule.in_money
    value = np.where(switch[column] & money[matrix.row[inside]], value * FINER, value)
    scale = np.where(money[rows], FINER, 1.0)
    own = Terms(np.arange(len(entries)), entries, np.ones(len(entries)))
    transfer = np.zeros(program.shape[1], dtype=bool)
    transfer[len(lines) : program.lines] = True
    transfer[len(lines) + lines.moves.carries] = False  # what may be carried over is a suspect
    upper = np.where(switch, 1.0, np.where(transfer & (program.upper == 0), 0.0, np.inf))  # a transfer of 0 % cannot flow
    lower = np.where((np.arange(program.shape[1]) < program.lines) | switch, 0.0, program.lower)  # what is decided is a suspect
    whole = LinearProgram(
        np.zeros(program.shape[1]),
        lower,
        upper,
        np.concatenate([_tidy(program.row_lower[rows] * scale), bound_lower]),
        np.concatenate([_tidy(program.row_upper[rows] * scale), bound_upper]),
        stack([(len(rows), Terms(position[matrix.row[inside]], column, value)), (len(entries), own)]),
        integer=integer,
    )
    used = np.zeros(whole.shape[1], dtype=bool)
    used[whole.matrix.column] = True  # what no row names goes: met needs, and what soft rules miss
    return System(_part(whole, np.ones(whole.shape[0], dtype=bool), used), (*suspects, *fixed), options)


def _demands(blocks: Sequence[RowBlock], program: LinearProgram, position: NDArray[np.intp]) -> Iterator[Suspect]:
    limited = np.isfinite(program.row_lower) | np.isfinite(program.row_upper)
    for block in blocks:
        if block.rule is not None and block.demands is not None:
            rule, demands, held = block.rule, block.demands, block.held > 0
            for k in np.flatnonzero(limited[block.rows]).tolist():
                rows = (int(position[block.rows.start + k]),)
                yield Suspect(rule.id, demands.member[k], rows, _RANK[rule.negotiable], rule, demands, k, held=bool(held[k]))


def _sizes(program: LinearProgram, position: NDArray[np.intp], step: float) -> Iterator[Suspect]:
    """Yield what soft rules with switches demand all the same: no amounts between nothing and what counts as active."""
    for before, block in pairwise(program.blocks):
        if before.owner == SWITCHED_ON and block.rule is not None and not block.rule.hard:
            rows, matrix = np.arange(before.rows.start, before.rows.stop), program.matrix
            least = -matrix.value[matrix.start[rows + 1] - 1] * before.scale  # the switch is a row's last column
            if (biting := rows[least > 1.5 * step]).size:
                yield Suspect(block.rule.id, (), tuple(position[biting].tolist()), FIXED, block.rule)


def _bounds(lines: Lines, first: int) -> tuple[NDArray[np.int64], Floats, Floats, list[Suspect]]:
    """Turn limits of single lines (decided, closed, carried over) into rows: entries, limits in thousands of euro, suspects."""
    facts = lines.facts
    exact = np.zeros(tuple(len(d.ids) for d in facts.dimensions), dtype=bool)
    table, at = facts.decided, facts.decided.exact
    exact[table.instrument[at], table.partnership[at], table.area[at], table.year[at]] = True
    settled = exact[lines.codes] | ~lines.eligible
    held = np.flatnonzero((lines.decided > 0) | exact[lines.codes])
    shut = np.flatnonzero(lines.fixed & ~settled)
    carried = np.asarray(len(lines) + lines.moves.carries, dtype=np.int64)
    decided = np.asarray(facts.euro(lines.decided), dtype=float) * FINER
    upper = np.concatenate([np.where(settled[held], decided[held], np.inf), decided[shut]])
    most = np.asarray(facts.euro(lines.moves.upper[lines.moves.carries]), dtype=float) * FINER
    entries = np.concatenate([held, shut, carried]).astype(np.int64)
    lower = np.concatenate([decided[held], np.full(len(shut) + len(carried), -np.inf)])
    suspects = [Suspect(DECIDED, lines.ids[k], (first + n,), FIXED, entry=int(k)) for n, k in enumerate(held)]
    by_year: dict[int, list[int]] = {}
    for n, k in enumerate(shut):
        by_year.setdefault(int(lines.year[k]), []).append(first + len(held) + n)
    suspects += [Suspect(CLOSED, (str(facts.years[t]),), tuple(rows), FIXED, entry=t) for t, rows in sorted(by_year.items())]
    for row, entry in enumerate(carried.tolist(), start=first + len(held) + len(shut)):
        suspects.append(Suspect(CARRIED, tuple(lines.ledger.keys[entry].split("|")[1:]), (row,), FIXED, entry=entry))
    return entries, lower, np.concatenate([upper, most]), suspects


def _tidy(limits: Floats) -> Floats:
    """Free limits from floating-point dust far below one euro."""
    return np.where(np.isfinite(limits), np.round(limits, 9), limits)


def _part(program: LinearProgram, rows: Mask, columns: Mask) -> LinearProgram:
    """Return some rows of a program that maximises nothing, with the columns that they name."""
    matrix, inside = program.matrix, rows[program.matrix.row]
    row, column = np.cumsum(rows) - 1, np.cumsum(columns) - 1
    terms = Terms(row[matrix.row[inside]], column[matrix.column[inside]], matrix.value[inside])
    lower, upper, cost = program.lower[columns], program.upper[columns], program.cost[columns]
    integer = None if program.integer is None or not program.integer[columns].any() else program.integer[columns]
    limits = program.row_lower[rows], program.row_upper[rows]
    return LinearProgram(cost, lower, upper, *limits, stack([(int(rows.sum()), terms)]), integer=integer)
