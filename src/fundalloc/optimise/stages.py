"""The objective stages in order, then settling: from a program to the one plan that the scenario means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import numpy as np

from fundalloc.errors import Infeasible, SolverFailed, counted, sized
from fundalloc.facts.lines import Lines
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram, numerical_remarks
from fundalloc.money import Floats
from fundalloc.optimise.fairness import fairest
from fundalloc.optimise.settling import proportional_plan, settling_program
from fundalloc.optimise.stage_programs import hold, optimal_face, stage_program
from fundalloc.optimise.switches import Solve, fix_switches, solve_mixed
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sections import Stage
from fundalloc.solvers import solve_program
from fundalloc.solvers.solution import SEARCH, Options, Solution, Status
from fundalloc.solvers.warm import Mark

INTERIOR_POINT_FROM = 10_000
"""Lines from which settling goes to the interior point method: below, the dual simplex starts next to the answer."""

Progress = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True)
class Wishes:
    """What a scenario wants, beside its rules."""

    stages: Sequence[Stage]
    stay_close: float
    """Relative score that settling may give up to come closer to the reference."""
    reference: Floats
    """The plan to settle close to, EUR million per line."""
    baseline: Floats | None = None
    """The baseline plan, EUR million per line, for the stage `change`."""
    switching: Floats | None = None
    """The plan whose neighbour says which of equally good switches are on, where it is not the reference."""

    @property
    def spread(self) -> bool:
        """Whether the plan of reference is no plan of anybody, so that deviations from it had better spread."""
        return self.baseline is None and self.switching is None


@dataclass(frozen=True)
class Optimum:
    """The answer to all stages."""

    program: LinearProgram
    first: Solution
    """Of the first stage, the score; its status is the plan's."""
    values: Floats
    """The settled columns of the program."""
    prices: Floats
    """Shadow prices of the first stage; with switches, those of the program with the chosen ones fixed."""
    proof: Floats
    """Row prices that prove a bound: with switches, those of the relaxation."""
    chosen: LinearProgram
    """The program with its switches fixed; the program itself when it has none."""
    settled: bool = False
    """Whether the plan is the one nearest to the reference; not so when the search was stopped."""
    equals: LinearProgram | None = None
    """The program that only plans as good as this one satisfy, among which settling chooses, switches fixed; None without settling."""
    stages_left: int = 0
    """How many of the last stages had no say, because a limit stopped the search before they were solved."""
    answer: Solution | None = None
    """HiGHS' own answer to `chosen`; None where later stages chose the switches."""


def find_optimum(
    scenario: Scenario,
    options: Options,
    *,
    beside: Floats | None = None,
    priced: bool = True,
    solve: Solve = solve_program,
    progress: Progress = lambda _: nullcontext(),
) -> Optimum:
    """Compile a scenario whose baseline is solved, optimise, and refuse: the one way from a scenario to amounts.

    With `beside` it settles close to that plan; the one that the scenario names still says which of equally good switches are on.
    Raises Infeasible (conflicts empty: `insight.conflict` finds them) or SolverFailed. For `priced` and `solve` see `optimise`.
    """
    lines = counted(len(scenario.lines), "lines")
    with progress("Compiling"), sized(lambda: f"a program of {lines}"):
        program, wanted = compile_program(scenario), wishes(scenario)
    if beside is not None:
        wanted = replace(wanted, reference=beside, switching=wanted.reference)
    with progress("Solving"), sized(lambda: f"a program of {lines} and {counted(program.shape[0], 'rows')}"):
        optimum = optimise(program, scenario.lines, wanted, options, priced=priced, solve=solve)
    first = optimum.first
    if first.status is Status.INFEASIBLE:
        raise Infeasible([])
    if not first.usable:
        remarks = "".join(f"\n  {remark}" for remark in numerical_remarks(program))
        raise SolverFailed(first.status, f"The solver stopped: {first.status} ({first.message or first.solver}).{remarks}")
    return optimum


def wishes(scenario: Scenario) -> Wishes:
    """Return what the scenario wants: its stages, and the plan to settle close to."""
    lines = scenario.lines
    baseline = None if scenario.facts.baseline is None else lines.baseline.values
    reference = proportional_plan(lines) if baseline is None else baseline
    return Wishes(scenario.head.objective, float(scenario.head.settle.stay_close), reference, baseline)


def optimise(
    program: LinearProgram, lines: Lines, wishes: Wishes, options: Options, *, priced: bool = True, solve: Solve = solve_program
) -> Optimum:
    """Solve the stages, each with the earlier ones held, and settle. Look at `first.status` before anything else.

    `solve` solves the linear programs on the way: warm solvers save time. Without `priced`, the prices of a program with
    switches may be left at zero, which can save a solve.
    """
    search = _StageSearch(program, lines, wishes, options, solve)
    first = solve_mixed(program, options, search.near, solve)
    if not first.usable:
        return Optimum(program, first, first.values, first.prices, first.prices, program)
    chosen = fix_switches(program, first.values)
    if first.status is not Status.OPTIMAL or not program.lines:
        answer = search.exact(chosen, first) if priced and program.integer is not None else first
        stopped = first.status is not Status.OPTIMAL
        left = len(wishes.stages) - 1 if stopped else 0
        return Optimum(program, first, first.values, answer.prices, search.proof(answer), chosen, not stopped, stages_left=left)
    answer = search.exact(chosen, first)
    held, last, left = search.hold_stages(first, answer)
    equals = fix_switches(held, last.values)
    settled = search.closest(equals, wishes.reference, spread=wishes.spread)
    values = (last.values if settled is None else settled)[: program.shape[1]]
    if program.integer is not None and last is not first:
        chosen = fix_switches(program, last.values)
    return Optimum(
        program,
        first,
        values,
        answer.prices,
        search.proof(answer),
        chosen,
        settled is not None,
        equals,
        left,
        answer if last is first or program.integer is None else None,
    )


@dataclass
class _StageSearch:
    """What the steps of one optimisation share."""

    program: LinearProgram
    lines: Lines
    wishes: Wishes
    options: Options
    solve: Solve
    proofs: list[Floats] = field(default_factory=list)
    """Row prices of the relaxations solved, the first stage's first."""

    def exact(self, stated: LinearProgram, solution: Solution) -> Solution:
        """Return HiGHS' own answer to a linear program: other solvers report fewer digits, other methods other prices.

        The solution may be that answer already, and then nothing is solved again; a search for switches tells no prices.
        """
        if solution.method != SEARCH and self.options.solver.lower() == "highs" and not self.options.method:
            return solution
        again = self.solve(stated, self.options.own())
        return again if again.status is Status.OPTIMAL else solution

    def near(self, relaxed: LinearProgram, solution: Solution) -> Floats:
        """Return the best relaxed plan nearest to the reference: it says which of equally good switches are on."""
        answer = self.exact(relaxed, solution)
        self.proofs.append(answer.prices)
        wishes = self.wishes
        reference = wishes.reference if wishes.switching is None else wishes.switching
        settled = self.closest(optimal_face(relaxed, answer.prices), reference, spread=wishes.baseline is None)
        return solution.values if settled is None else settled[: relaxed.shape[1]]

    def proof(self, answer: Solution) -> Floats:
        """Return row prices that prove a bound on the first stage."""
        return self.proofs[0] if self.proofs else answer.prices

    def hold_stages(self, first: Solution, answer: Solution) -> tuple[LinearProgram, Solution, int]:
        """Solve the later stages; returns the program with all of them held, the answer to the last, and how many a limit left out."""
        stages, stay_close, left = self.wishes.stages, self.wishes.stay_close, len(self.wishes.stages) - 1
        last = first
        fixed = fix_switches(self.program, first.values)
        start = None if answer.corner is None else Mark(fixed, answer.corner)
        held = self._keep(fixed if self._decides(0) else self.program, answer, float(stages[0].give), bool(stay_close))
        for k, stage in enumerate(stages[1:], 1):
            scored = replace(held, cost=np.pad(self.program.cost, (0, held.shape[1] - self.program.shape[1])))  # `impact` may come again
            if stage.goal == "fair":
                kept = fairest(scored, stage.for_each, self.lines, self.options, float(stage.give), start)
            else:
                kept = self._stage(scored, stage, decides=self._decides(k))
            if kept is None:
                break
            (held, last), left = kept, left - 1
        if stay_close:
            floors = held.row_lower.copy()
            floors[self.program.shape[0]] -= stay_close * abs(first.objective)  # the row that holds the score
            held = replace(held, row_lower=floors)
        return held, last, left

    def _decides(self, k: int) -> bool:
        """Return whether the switches stay as stage k has them: behind the last stage, and before one that is not a single program."""
        return all(stage.goal == "fair" for stage in self.wishes.stages[k + 1 : k + 2])

    def _stage(self, scored: LinearProgram, stage: Stage, *, decides: bool) -> tuple[LinearProgram, Solution] | None:
        """Solve a stage; returns the program with it held, and the answer. None when a limit stopped it."""
        staged = stage_program(scored, stage.goal, stage.for_each, self.lines, self.wishes.baseline)
        solution = solve_mixed(staged, self.options, self.near, self.solve)
        if solution.status is not Status.OPTIMAL:
            return None
        fixed = fix_switches(staged, solution.values)
        return self._keep(fixed if decides else staged, self.exact(fixed, solution), float(stage.give)), solution

    def _keep(self, program: LinearProgram, solution: Solution, give: float, by_row: bool = False) -> LinearProgram:
        """Keep what a stage reached: by a row where something may be given up or a switch may turn, else exactly."""
        if program.integer is not None or give or by_row:
            return hold(program, program.cost, solution.objective, give)
        return optimal_face(program, solution.prices)

    def closest(self, held: LinearProgram, reference: Floats, *, spread: bool) -> Floats | None:
        """Return the columns of the plan closest to the reference among those that held stages allow; None if none was found."""
        return closest(held, self.lines, reference, self.options, self.solve, spread=spread)


def closest(
    held: LinearProgram, lines: Lines, reference: Floats, options: Options, solve: Solve = solve_program, *, spread: bool = False
) -> Floats | None:
    """Return the columns of the plan closest to the reference (EUR million per line, or per ledger entry); None if none was found."""
    settling = settling_program(held, lines, reference, spread=spread)
    method = "simplex" if held.lines < INTERIOR_POINT_FROM else "ipm"
    found = solve(settling.program, options.own(method=method, presolve=method != "simplex"))
    return settling.values(found.values) if found.status is Status.OPTIMAL else None
