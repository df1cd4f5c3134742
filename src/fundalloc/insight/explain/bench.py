"""A scenario solved once and kept open for questions: every answer is another solve from the same corner.

The program is that of the run with its switches as the plan chose them, so it is linear. Two things are added that change
nothing until a question uses them:

    grants    columns z that add to the ceilings of an instrument, year by year:   sum over years of z  <=  what is granted
    waivers   columns by which hard rules may be missed once they are switched off:   0  <=  w  <=  0
    score     a row that can hold the score:                                       score  >=  what must be kept

Scores are those of the linear program, before rounding, in points. Money is EUR million.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import replace
from functools import cached_property

import numpy as np

from fundalloc.errors import SolverFailed
from fundalloc.facts.lines import Lines
from fundalloc.insight.explain.grants import opened
from fundalloc.model.linear_program import LinearProgram, RowBlock, Terms
from fundalloc.money import Floats, Mask
from fundalloc.optimise.settling import settling_program
from fundalloc.optimise.stage_programs import append, hold
from fundalloc.optimise.stages import find_optimum
from fundalloc.plan.prices import carries, moved
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Demands
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution, Status
from fundalloc.solvers.warm import WarmSolver, WarmSolvers

MILLION = 1.0
"""The step in which questions are asked, EUR million."""
NO_LOSS = 1e-6
"""Relative score that counts as none."""
NOTHING = 1e-6
"""Points or EUR million below which a difference is the solver's tolerance."""
NOISE = 1e-5
"""Points below which a difference of two scores is the solver's tolerance."""


class Bench:
    """A scenario, its best score, and a solver that stands at that corner. Raises Infeasible without a plan, or SolverFailed."""

    def __init__(self, scenario: Scenario, options: Options | None = None) -> None:
        self.options = options = (options or Options()).begun()
        self.scenario = with_baseline(scenario, options)
        self.lines: Lines = self.scenario.lines
        solvers = WarmSolvers()
        optimum = find_optimum(self.scenario, options, priced=False, solve=solvers)
        self.program = optimum.program
        self.values: Floats = optimum.values
        """All columns of the settled plan, before rounding: what `fundalloc run` rounds."""
        self.amounts: Floats = optimum.values[: len(self.lines)]
        """The settled plan, EUR million per line."""
        self.equals: LinearProgram | None = optimum.equals
        """The program of all plans as good as the settled one; None where a limit stopped the search before settling."""
        self.fixed = replace(optimum.chosen, keys=None)
        self.open, self.grants = opened(self.fixed, self.lines)
        self.warm = solvers.of(self.open)
        self.best = self.warm.solve(self.open)
        if not self.best.usable:
            raise SolverFailed(self.best.status, f"The solver stopped: {self.best.status} ({self.best.message or self.best.solver}).")
        self._corners = {self.open.shape: (self.warm, self.warm.mark())}
        self.score = self.best.objective
        """The best score of the program with its switches fixed."""
        self.slight = max(NO_LOSS * max(abs(self.score), 1.0), float(self.scenario.head.settle.stay_close) * abs(self.score))
        """A difference of score, in points, that counts as none: a millionth of the score (or of a point), or what settling may give up."""
        self.given_up = max(self.score - float(self.program.cost @ self.values[: self.program.shape[1]]), 0.0)
        """Points that later stages and settling gave up."""
        self.switches = 0 if self.program.integer is None else int(self.program.integer.sum())
        """How many on-off columns the program has; they stay as the plan chose them."""

    def solve(self, program: LinearProgram) -> Solution:
        """Solve a variant of the open program from the best plan, or of an aimed one from the best plan that reaches its aim."""
        solver, corner = self._corners[program.shape]
        return solver.solve(program, corner)

    def gain(self, program: LinearProgram) -> float:
        """Return the score that a variant gains over the best plan; NaN when it has no plan."""
        solution = self.solve(program)
        return solution.objective - self.score if solution.usable else float("nan")

    def around(self, row: int) -> tuple[float, float]:
        """Return the points gained when the limit of a row is a million higher, and when it is a million lower."""
        return self.gain(self.moved(row, MILLION)), self.gain(self.moved(row, -MILLION))

    def around_money(self, instrument: int, step: float = MILLION) -> tuple[float, float]:
        """Return the points gained by so many EUR million more of an instrument, and (negative) by so many less."""
        return self.gain(self.granted({instrument: step})), self.gain(self.granted({instrument: -step}))

    # -- variants of the open program -------------------------------------------------------------------------------------

    def granted(self, money: Mapping[int, float], year: int | None = None, program: LinearProgram | None = None) -> LinearProgram:
        """Return the program with more or less EUR million of instruments, by position, in one year or where the score likes it best."""
        program = program or self.open
        lower, upper, row_upper = program.lower.copy(), program.upper.copy(), program.row_upper.copy()
        columns = self.grants.first_column + np.arange(len(self.grants.instrument))
        for instrument, amount in money.items():
            own = (self.grants.instrument == instrument) & ((year is None) | (self.grants.year == year) | (self.grants.year < 0))
            lower[columns[own]], upper[columns[own]] = min(amount, 0.0), max(amount, 0.0)
            row_upper[self.grants.first_row + instrument] = amount
        return replace(program, lower=lower, upper=upper, row_upper=row_upper)

    def spread(self, amount: float) -> LinearProgram:
        """Return the program with more money for all instruments of the EU budget, in proportion to their usable ceilings."""
        return self.granted({k: amount * share for k, share in self.shares.items()})

    @cached_property
    def shares(self) -> dict[int, float]:
        """The part of every instrument of the EU budget in all their usable ceilings."""
        money = {k: self.ceiling(k) for k in self.budget}
        whole = sum(money.values())
        return {k: amount / whole for k, amount in money.items() if amount > 0} if whole else {}

    def ceiling(self, instrument: int) -> float:
        """Return the usable ceiling of an instrument over the whole period, EUR million."""
        facts = self.scenario.facts
        return float(facts.euro(max(int(facts.ceilings.usable_over()[instrument]), 0)))

    @cached_property
    def budget(self) -> list[int]:
        """The positions of the planned instruments of the EU budget that have a ceiling."""
        limited = set(self.grants.instrument.tolist())
        return [k for k, i in enumerate(self.scenario.facts.instruments) if i.counts == "budget" and k in limited]

    def moved(self, row: int, by: float, program: LinearProgram | None = None) -> LinearProgram:
        """Return the program with a row's limit moved by EUR million; with a yearly ceiling, what may be carried over from it too."""
        program = moved(program or self.open, row, by)
        if row not in self._carried:
            return program
        column, share = self._carried[row]
        upper = program.upper.copy()
        upper[column] = max(upper[column] + share * by, 0.0)
        return replace(program, upper=upper)

    @cached_property
    def _carried(self) -> dict[int, tuple[int, float]]:
        """Row of a yearly ceiling → the column of what may be carried over from it, where that has a bound, and its share."""
        block, carried = self.open.budget, carries(self.open, self.lines)
        members = block.demands.member if block is not None and block.demands is not None else []
        return {block.rows.start + k: carried[member] for k, member in enumerate(members) if block is not None and member in carried}

    def without(self, *owners: str) -> LinearProgram:
        """Return the program without rules, switches free: soft ones cost nothing, hard ones may be missed; the best plan still fits."""
        program = self.open
        upper, cost = program.upper.copy(), program.cost.copy()
        row_lower, row_upper = program.row_lower.copy(), program.row_upper.copy()
        for owner in owners:
            for block in self.blocks(owner):
                cost[block.misses] = 0.0
                if block.rule is None:
                    row_lower[block.rows], row_upper[block.rows] = -np.inf, np.inf
            upper[self.grants.waived.get(owner, slice(0, 0))] = np.inf
        return replace(program, upper=upper, row_lower=row_lower, row_upper=row_upper, cost=cost)

    def blocks(self, owner: str) -> list[RowBlock]:
        """Return the block of a rule and, before it, those of its switches; totals are definitions and stay."""
        found: list[RowBlock] = []
        for block in self.open.blocks:
            if block.rule is None:
                found = [*found, block] if block.owner.startswith("switched") else found
            elif block.owner == owner:
                return [*found, block]
            else:
                found = []
        return []

    def priced(self) -> Iterator[tuple[RowBlock, Kind, Demands]]:
        """Yield the rows of rules whose limits have prices: rules with switches have none, as their actions are chosen."""
        for block in self.open.blocks:
            if block.rule is not None and block.demands is not None and len(self.blocks(block.owner)) == 1:
                yield block, block.rule, block.demands

    def keeping(self, score: float) -> LinearProgram:
        """Return the program in which the score, its last row, is at least so much."""
        lower = self.open.row_lower.copy()
        lower[-1] = score
        return replace(self.open, row_lower=lower)

    def aimed(self, lines: Mask, at_least: float) -> LinearProgram:
        """Return the program with one more row: these lines together hold at least so much."""
        aimed = _with_aim(self.open, lines, at_least)
        solver = WarmSolver(self.options)
        solver.solve(aimed, self._corners[self.open.shape][1])
        self._corners[aimed.shape] = (solver, solver.mark())
        return aimed

    def twin(self) -> Bench:
        """Return a bench with solvers of its own, for another thread."""
        other, solver = copy(self), WarmSolver(self.options)
        solver.solve(self.open, self._corners[self.open.shape][1])
        other.warm, other._corners = solver, {self.open.shape: (solver, solver.mark())}
        return other

    def settled_with(self, lines: Mask, at_least: float, score: float) -> Floats:
        """Return the amounts of the plan closest to the settled one among those with that score in which these lines hold so much."""
        return self._near(_with_aim(hold(self.fixed, self.fixed.cost, score, 0.0), lines, at_least))

    def settled_of(self, program: LinearProgram, score: float) -> Floats:
        """Return the amounts of the plan closest to the settled one among those of a variant with that score."""
        return self._near(hold(program, program.cost, score, 0.0))

    def _near(self, held: LinearProgram) -> Floats:
        settling = settling_program(held, self.lines, self.amounts)
        closest = WarmSolver(self.options.own(method="simplex")).solve(settling.program)
        values = settling.values(closest.values) if closest.status is Status.OPTIMAL else self.amounts
        return values[: len(self.lines)]


def _with_aim(program: LinearProgram, lines: Mask, at_least: float) -> LinearProgram:
    chosen = np.flatnonzero(lines)
    terms = Terms(np.zeros(len(chosen), dtype=np.int64), chosen.astype(np.int64), np.ones(len(chosen)))
    none = np.zeros(0)
    return append(program, none, none, none, np.array([at_least]), np.array([np.inf]), terms)
