"""The game behind the attribution: what every set of overrides comes to, in whole rounding steps.

The ends are the first plan and, of the second scenario's equally good plans, the one closest to it: what lies between is what
must move. Every set between them is solved with all its stages and settled as close to the first plan too, so that no choice
among equally good plans is put down to a change. Where the second plan was read from a file, its own is the end, and every set
settles as its run does. Amounts of sets are taken to the nearest step, without the search for a lawful rounding. Sets for
which no scenario can be read or no plan exists are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import gcd, lcm
from pathlib import Path

import numpy as np

from fundalloc.compare.closest import Reference
from fundalloc.compare.outcome import BUDGET, PARTNER, Outcome
from fundalloc.compare.overrides import Override, Written, lay_over
from fundalloc.compare.shapley import Shares, Value, attribute
from fundalloc.compare.sides import Inputs
from fundalloc.errors import FundallocError, Infeasible, SolverFailed
from fundalloc.facts.dimensions import NAMES
from fundalloc.optimise.stages import find_optimum
from fundalloc.pool import cores, each
from fundalloc.scenario.document import Tree
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.reading import assemble
from fundalloc.solvers import Options

Figure = tuple[str, str]
"""Dimension and member; or `total` or `score` and an empty word."""
TOTAL, SCORE = ("total", ""), ("score", "")
POINTS = Fraction(1, 1000)
"""Scores are shared out in thousandths of a point."""
WORTH_A_POOL = 4.0
"""Seconds of work left from which starting more processes pays."""
Tick = Callable[[int, int], None]
"""Called with how many sets are solved, and of how many."""


@dataclass(frozen=True)
class Task:
    """What a process needs to solve sets of overrides."""

    tree: Tree
    folder: Path
    overrides: tuple[Override, ...]
    starts: tuple[dict[LineKey, Fraction] | None, dict[LineKey, Fraction] | None]
    """The plans that the two scenarios start from."""
    options: Options
    near: Reference | None = None
    """The plan that every set is settled close to; None: each as its own run is."""


Solved = tuple[dict[LineKey, Fraction], float] | str
"""EUR million per line, and the score; or why there is no plan."""


def task_between(a: Inputs, b: Inputs, overrides: Sequence[Override], options: Options, near: Reference | None = None) -> Task:
    """Return the task that leads from a to b."""
    written = Written.of(a.tree, a.source)
    return Task(written.tree, written.folder, tuple(overrides), (a.start, b.start), options, near)


def solve_set(task: Task, chosen: int) -> Solved:
    """Solve the first scenario with some overrides made (a bit mask)."""
    made = [override for k, override in enumerate(task.overrides) if chosen >> k & 1]
    tree = lay_over(task.tree, made)
    start = task.starts[any(override.path == ("baseline",) for override in made)]
    try:
        scenario = assemble(tree, task.folder / "scenario.yaml", lambda _: True, expects_baseline=start is not None)
        if start is not None:
            scenario = scenario.starting_from(start)
        beside = None if task.near is None else task.near.ledger(scenario.lines)
        optimum = find_optimum(scenario, task.options, beside=beside, priced=False)
    except (Infeasible, SolverFailed) as error:
        return error.status
    except FundallocError as error:
        return str(error).splitlines()[0]
    step = scenario.facts.step
    whole = np.rint(optimum.values[: len(scenario.lines)] / float(step)).astype(np.int64)
    return {key: int(w) * step for key, w in zip(scenario.lines.ids, whole, strict=True) if w}, optimum.first.objective


class Game:
    """Values sets of overrides between two outcomes."""

    def __init__(self, task: Task, a: Outcome, b: Outcome, tick: Tick | None = None) -> None:
        self.task, self.ends, self.tick = task, (a, b), tick or (lambda done, of: None)
        self.unit = _unit(outcome.plan.scenario.facts.step for outcome in self.ends if outcome.plan)
        self.kinds = {**a.kinds, **b.kinds}
        members = [dict.fromkeys([*a.totals(name, (BUDGET, PARTNER)), *b.totals(name, (BUDGET, PARTNER))]) for name in NAMES]
        for outcome in self.ends:
            if outcome.plan:
                for found, dimension in zip(members, outcome.plan.scenario.facts.dimensions, strict=True):
                    found.update(dict.fromkeys(dimension.members))
        self.figures: list[Figure] = [TOTAL, SCORE, *((name, m) for name, found in zip(NAMES, members, strict=True) for m in found)]
        self.solves = 0
        self.failures: list[str] = []
        """Why some sets have no plan."""

    def share_out(self, orders: int, seed: int) -> Shares | None:
        """Share what lies between the two outcomes out among the overrides."""
        nothing, everything = (self._value(end.amounts, end.score or 0.0) for end in self.ends)
        return attribute(len(self.task.overrides), nothing, everything, self._between, orders=orders, seed=seed)

    def _between(self, sets: Sequence[int]) -> dict[int, Value]:
        """Value some sets; those without a plan are left out."""
        self.solves, solved = len(sets), self._solve(sets)
        self.failures = [found for found in solved.values() if isinstance(found, str)]
        return {one: self._value(*found) for one, found in solved.items() if not isinstance(found, str)}

    def _value(self, amounts: Mapping[LineKey, Fraction], score: float) -> Value:
        """Add amounts up in whole units: by partnership, area and year the EU budget, by instrument everything."""
        sums = dict.fromkeys(self.figures, 0)
        for key, amount in amounts.items():
            units = int(amount / self.unit)
            sums["instrument", key[0]] += units
            if self.kinds.get(key[0], BUDGET) == BUDGET:
                sums[TOTAL] += units
                for name, member in zip(NAMES[1:], key[1:], strict=True):
                    sums[name, member] += units
        sums[SCORE] = round(score / float(POINTS))
        return np.array(list(sums.values()), dtype=np.int64)

    def _solve(self, sets: Sequence[int]) -> dict[int, Solved]:
        """Solve sets one by one, and on all cores as soon as that is worth it."""
        found: dict[int, Solved] = {}
        started = time.perf_counter()
        for k, one in enumerate(sets):
            found[one] = solve_set(self.task, one)
            self.tick(len(found), len(sets))
            left = (time.perf_counter() - started) / (k + 1) * (len(sets) - k - 1)
            if left > WORTH_A_POOL and cores() > 1:
                break
        rest = sets[len(found) :]
        for k, solved in each(partial(solve_set, self.task), rest):
            if isinstance(solved, BaseException):
                raise solved
            found[rest[k]] = solved
            self.tick(len(found), len(sets))
        return {one: found[one] for one in sets}


def _unit(steps: Iterable[Fraction]) -> Fraction:
    """Return the largest amount of which all rounding steps are whole multiples."""
    listed = list(steps) or [Fraction(1, 1000)]
    below = lcm(*(step.denominator for step in listed))
    return Fraction(gcd(*(int(step * below) for step in listed)), below)
