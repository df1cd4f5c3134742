"""Solving one scenario after another, each from where the last one ended; and such a plan finished in whole steps.

An answer is the linear program's: amounts before rounding, with the score that `fundalloc run` calls the program's. Three
live solvers are kept, because what changes from variant to variant is little:

    bound    the program with its switches free between 0 and 1
    fixed    the program with the switches of the plan fixed: score and shadow prices
    near     the same with a hair's weight on the distance to a reference plan, so that amounts move only when they must

A variant keeps the switches of the one before as long as its score is within the gap of the bound; otherwise they are
chosen anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import Infeasible, SolverFailed
from fundalloc.facts.lines import Lines
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.optimise.nearness import near_program
from fundalloc.optimise.rounding import round_plan
from fundalloc.optimise.settling import SHARP, pad, settling_weights
from fundalloc.optimise.stages import find_optimum
from fundalloc.optimise.switches import allowed_gap, fix_switches, solve_mixed
from fundalloc.plan.handmade import measure_steps
from fundalloc.plan.ledger import free_of_decisions
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import verify
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution, Status
from fundalloc.solvers.warm import WarmSolver

Amounts = Mapping[tuple[str, str, str, str], float]
NEARNESS = 1e-4
"""Points of score that one EUR million of distance to the reference plan weighs."""


@dataclass(frozen=True)
class Reply:
    """What the linear program says of one scenario."""

    scenario: Scenario
    status: Status
    score: float = np.nan
    """Of the linear program, before rounding; NaN unless usable."""
    bound: float = np.nan
    """No plan can score more; equals the score unless the scenario has switches."""
    amounts: Floats = field(default_factory=lambda: np.zeros(0))
    """EUR million per line of the scenario, before rounding. Shape (lines,)."""
    prices: Floats = field(default_factory=lambda: np.zeros(0))
    """Shadow price per row of the program."""
    values: Floats = field(default_factory=lambda: np.zeros(0))
    """Every column of the program at the best score; its amounts may be any of the equally good ones."""
    program: LinearProgram | None = None
    """The program with its switches fixed."""
    switches: NDArray[np.bool_] | None = None
    """Which columns are switches; None: none."""

    @property
    def usable(self) -> bool:
        """Whether there is a plan to read."""
        return self.program is not None

    @property
    def by_ids(self) -> dict[tuple[str, str, str, str], float]:
        """EUR million by the four ids, lines without money left out."""
        return {ids: float(a) for ids, a in zip(self.scenario.lines.ids, self.amounts, strict=True) if a > 1e-9}

    def total(self, *dimensions: str) -> dict[tuple[str, ...], float]:
        """Sum the amounts by ids of some dimensions, lines of all kinds of money."""
        return sum_amounts(self.scenario.lines, self.amounts, *dimensions)


def sum_amounts(lines: Lines, amounts: Floats, *dimensions: str) -> dict[tuple[str, ...], float]:
    """Sum amounts per line by ids of some dimensions, in the order of the lines."""
    codes = [getattr(lines, name) for name in dimensions]
    sizes = [len(lines.facts.dimensions[name].ids) for name in dimensions]
    flat = np.ravel_multi_index(codes, sizes) if len(lines) else np.zeros(0, dtype=np.intp)
    present = np.unique(flat)
    sums = np.bincount(flat, weights=amounts, minlength=int(np.prod(sizes)))[present]
    positions = np.unravel_index(present, sizes)
    names = [np.array(lines.facts.dimensions[name].ids, dtype=object)[at] for name, at in zip(dimensions, positions, strict=True)]
    return {tuple(map(str, ids)): float(amount) for *ids, amount in zip(*names, sums, strict=True)}


class Corridor:
    """Answers one scenario after another; keep one per family of variants."""

    def __init__(self, options: Options) -> None:
        self.options = options.begun()
        self._bound, self._fixed, self._near = (WarmSolver(self.options) for _ in range(3))
        self._switches: Floats | None = None

    def settled(self, scenario: Scenario) -> Reply:
        """Answer a scenario as `as_written`; without a plan the answer says why there is none."""
        try:
            return self.as_written(scenario)[0]
        except (Infeasible, SolverFailed) as error:
            return Reply(scenario, Status(error.status))

    def as_written(self, scenario: Scenario) -> tuple[Reply, LinearProgram]:
        """Answer as `fundalloc run` does up to rounding, with the program, switches fixed. Raises Infeasible or SolverFailed."""
        optimum = find_optimum(scenario, self.options)
        switches, first, chosen = optimum.program.integer, optimum.first, optimum.chosen
        self._switches = None if switches is None else np.where(switches, chosen.lower, 0.0)
        bound = first.objective if first.bound is None else first.bound
        amounts = optimum.values[: len(scenario.lines)]
        score, prices, values = first.objective, optimum.prices, optimum.values
        return Reply(scenario, first.status, score, bound, amounts, prices, values, chosen, switches), chosen

    def answer(self, scenario: Scenario, near: Amounts) -> Reply:
        """Answer a variant; its amounts are the closest to `near` among plans of the best score.

        Scenarios with several objective stages are answered from the start, because what a later stage wants decides
        the amounts.
        """
        if len(scenario.head.objective) > 1:
            return self.settled(scenario)
        program = compile_program(scenario)
        bound = self._bound.solve(replace(program, integer=None))
        if not bound.usable:
            return Reply(scenario, bound.status)
        if program.integer is None:
            fixed, best, limit, stopped = program, bound, bound.objective, False
        else:
            found = self._with_switches(program, bound.objective)
            if isinstance(found, Status):
                return Reply(scenario, found)
            fixed, limit, stopped = found
            best = self._fixed.solve(fixed)
        amounts = self._closest(fixed, scenario.lines, near, best.values)[: len(scenario.lines)]
        status = Status.FEASIBLE if stopped else best.status
        return Reply(scenario, status, best.objective, limit, amounts, best.prices, best.values, fixed, program.integer)

    def solve_fixed(self, program: LinearProgram) -> Solution:
        """Solve a program of the family whose switches are fixed."""
        return (self._bound if self._switches is None else self._fixed).solve(program)

    def _with_switches(self, program: LinearProgram, bound: float) -> tuple[LinearProgram, float, bool] | Status:
        """Fix switches as they were while good enough, else anew, or say why not; also what no choice exceeds, and if a limit stopped."""
        kept = None
        if self._switches is not None and len(self._switches) == program.shape[1]:
            kept = fix_switches(program, self._switches)
            tried = self._fixed.solve(kept)
            if tried.usable and bound - tried.objective <= allowed_gap(program, self.options) * max(abs(bound), 1.0):
                return kept, bound, False
            kept = kept if tried.usable else None
        found = solve_mixed(program, self.options)
        if not found.usable:
            return found.status if kept is None else (kept, bound, True)
        assert program.integer is not None
        self._switches = np.where(program.integer, np.rint(found.values), 0.0)
        limit = bound if found.bound is None else min(bound, found.bound)
        return fix_switches(program, self._switches), limit, found.status is not Status.OPTIMAL

    def _closest(self, fixed: LinearProgram, lines: Lines, near: Amounts, otherwise: Floats) -> Floats:
        """Return the columns of a plan of the best score that is close to the reference."""
        reference = np.array([near.get(ids, 0.0) for ids in lines.ids])
        settling = near_program(fixed, np.arange(fixed.lines), pad(fixed, reference), NEARNESS * settling_weights(lines))
        solution = self._near.solve(replace(settling.program, cost=SHARP * settling.program.cost))
        return settling.values(solution.values) if solution.usable else otherwise


def changed_lines(a: Reply, b: Reply) -> float:
    """Return the EUR million that sit elsewhere in b than in a: half the sum of all differences by the four ids."""
    first, second = a.by_ids, b.by_ids
    return sum(abs(first.get(k, 0.0) - second.get(k, 0.0)) for k in sorted(first.keys() | second.keys())) / 2


def unallocated(answer: Reply) -> float:
    """Return the free EUR million of budget ceilings, after reserve; NaN where an instrument has no ceiling."""
    facts, lines = answer.scenario.facts, answer.scenario.lines
    budget = np.array([i.counts == "budget" and i.planned for i in facts.instruments])
    left = free_of_decisions(lines, lines.by_year(lines.decided))
    if not left.known[budget, -1].all():
        return float("nan")
    new = answer.amounts - lines.decided * float(facts.step)  # nothing new is planned in closed years
    return round(float(facts.euro(int(left.free[budget, -1].sum()))) - float(new[budget[lines.instrument]].sum()), 6) + 0.0


def finish(scenario: Scenario, program: LinearProgram, values: Floats, options: Options | None = None) -> Plan:
    """Round and verify the columns of a program whose switches are fixed. Raises NotRoundable, SolverFailed or NotVerified."""
    options, lines = options or Options(), scenario.lines
    score = program.score(values)
    solution = Solution(Status.OPTIMAL, score, values[: program.shape[1]], np.zeros(program.shape[0]))
    rounded = round_plan(_without_score_rows(program), solution, lines, options)
    verify(scenario, rounded.steps)
    made, (rows, columns) = measure_steps(scenario, rounded.steps), program.shape
    log = replace(made.log, solver="HiGHS", method="alternative", status="alternative", program_score=score)
    log = replace(log, rows=rows, columns=columns, terms=program.terms, rounded_lines=rounded.moved, largest_move=rounded.largest_move)
    return replace(made, log=log)


def _without_score_rows(program: LinearProgram) -> LinearProgram:
    """Drop what holds the score: rounding may lose a little of it, as it does in every run."""
    known = max((block.rows.stop for block in program.blocks), default=0)
    lower = program.row_lower.copy()
    lower[known:] = -np.inf
    return replace(program, row_lower=lower)
