"""Which override moved what: what must move between two plans, shared out among the overrides without a remainder.

It is a game, in which every set of overrides comes to a value in whole rounding steps. The ends are the first plan and, of the
second scenario's equally good plans, the one closest to it: what lies between is what must move. Every set between them is
solved with all its stages and settled as close to the first plan too, so that no choice among equally good plans is put down to
a change. Where the second plan was read from a file, its own is the end, and every set settles as its run does. Amounts of sets
are taken to the nearest step, without the search for a lawful rounding. Sets for which no scenario can be read or no plan exists
are left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import gcd, lcm

import numpy as np

from fundalloc.compare.movements import Reference
from fundalloc.compare.outcome import BUDGET, PARTNER, Outcome
from fundalloc.compare.overrides import Override, Written, lay_over
from fundalloc.compare.shares import MOST_EXACT, Shares, Value, apportion, attribute, round_table
from fundalloc.compare.sides import Side, SideInputs
from fundalloc.errors import FundallocError, Infeasible, Problems, SolverFailed
from fundalloc.facts.dimensions import NAMES
from fundalloc.labels import Words
from fundalloc.optimise.stages import find_optimum
from fundalloc.pool import cores, each
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.reading import assemble
from fundalloc.scenario.tables.raw import Files
from fundalloc.solvers import Options

SOLVES = 128
"""Sets solved at most, about, when orders are sampled."""
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
class Part:
    """One figure's change and the part of every override, EUR million (points for the score), whole rounding steps."""

    member: str
    change: Fraction
    parts: tuple[Fraction, ...]


@dataclass(frozen=True)
class Attribution:
    """The way from one side to another, override by override."""

    overrides: tuple[Override, ...]
    figures: tuple[Figure, ...]
    shares: Shares
    unit: Fraction
    solves: int
    seed: int
    needed: bool
    """Whether shared out is what must move; else the whole difference, because what must is not known."""

    def exact(self, figure: Figure) -> tuple[Fraction, ...]:
        """Return the part of every override in one figure, not rounded; they add up to the change exactly."""
        k, unit = self.figures.index(figure), POINTS if figure == SCORE else self.unit
        return tuple(self.shares.fraction(i, k) * unit for i in range(len(self.overrides)))

    @property
    def total(self) -> Part:
        """The EU budget in all."""
        return self._single(TOTAL, self.unit)

    @property
    def score(self) -> Part:
        """The score, in tenths of a point."""
        return self._single(SCORE, Fraction(1, 10))

    def _single(self, figure: Figure, unit: Fraction) -> Part:
        exact = [part / unit for part in self.exact(figure)]
        whole = round(sum(exact, Fraction(0)))
        return Part("", whole * unit, tuple(n * unit for n in apportion(exact, whole)))

    def by(self, dimension: str) -> list[Part]:
        """Return the members of a dimension that moved, the largest change first, in whole rounding steps.

        Every row adds up to its change. Every column adds up to the same sum in every dimension of the EU budget,
        wherever rounding to floor or ceiling allows it.
        """
        found = [(name, self.exact((kind, name))) for kind, name in self.figures if kind == dimension]
        moved = [(name, parts) for name, parts in found if any(parts)]
        table = [[part / self.unit for part in parts] for _, parts in moved]
        rows = round_table(table, [int(n / self.unit) for n in self.total.parts] if dimension != "instrument" else None)
        out = [Part(name, sum(row) * self.unit, tuple(n * self.unit for n in row)) for (name, _), row in zip(moved, rows, strict=True)]
        return sorted(out, key=lambda part: (-abs(part.change), part.member))

    @property
    def how(self) -> str:
        """How the parts were found."""
        count = len(self.overrides)
        if self.shares.sampled:
            why = f"seed {self.seed}; above {MOST_EXACT} changes all orders would be too many"
            return f"average over {self.shares.orders} random orders of {count} changes ({why})"
        return f"average over all orders of {count} change{'s' if count > 1 else ''}, {self.solves} programs solved in between"


def attribute_changes(
    a: Side, b: Side, overrides: Sequence[Override], near: Outcome | None, options: Options, tick: Tick | None, seed: int, language: str
) -> Attribution | str:
    """Share what must move from a to b out among the overrides; a sentence that says why not, when it cannot be done.

    `near` is b's equally good plan closest to a's; where it is not known, the whole difference is shared out.
    """
    words = Words(language)
    if a.inputs is None or b.inputs is None:
        return (a if a.inputs is None else b).missing
    if a.inputs.scenario.facts.years != b.inputs.scenario.facts.years:
        return words("compare.no_shares.years")
    if not overrides:
        return words("compare.no_shares.inputs")
    task = task_between(a.inputs, b.inputs, overrides, options, Reference.of(a.outcome) if near else None)
    game = Game(task, a.outcome, near or b.outcome, tick)
    shares = game.share_out(max(2, SOLVES // len(overrides)), seed)
    if shares is None:
        return words("compare.no_shares.orders", failure=words.word("proof", game.failures[0]))
    return Attribution(tuple(overrides), tuple(game.figures), shares, game.unit, game.solves, seed, near is not None)


@dataclass(frozen=True)
class Task:
    """What a process needs to solve sets of overrides."""

    written: Written
    overrides: tuple[Override, ...]
    starts: tuple[dict[LineKey, Fraction] | None, dict[LineKey, Fraction] | None]
    """The plans that the two scenarios start from."""
    options: Options
    near: Reference | None = None
    """The plan that every set is settled close to; None: each as its own run is."""


Solved = tuple[dict[LineKey, Fraction], float] | str
"""EUR million per line, and the score; or why there is no plan."""


def task_between(a: SideInputs, b: SideInputs, overrides: Sequence[Override], options: Options, near: Reference | None = None) -> Task:
    """Return the task that leads from a to b."""
    return Task(a.written, tuple(overrides), (a.start, b.start), options, near)


def solve_set(task: Task, chosen: int) -> Solved:
    """Solve the first scenario with some overrides made (a bit mask)."""
    made = [override for k, override in enumerate(task.overrides) if chosen >> k & 1]
    start = task.starts[any(override.path == ("baseline",) for override in made)]
    try:
        file = task.written.folder / "scenario.yaml"
        files = Files(file.parent, recorded=True)  # it lies between two sides that were taken as they are
        scenario = assemble(lay_over(task.written.tree, made), file, files, Problems(), expects_baseline=start is not None)
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

    def __init__(self, task: Task, a: Outcome, b: Outcome, tick: Tick | None) -> None:
        self.task, self.ends, self.tick = task, (a, b), tick or (lambda done, of: None)
        facts = [outcome.plan.scenario.facts for outcome in self.ends if outcome.plan]
        self.unit = _unit([known.step for known in facts])
        self.kinds, self.within = {**a.kinds, **b.kinds}, {**a.within, **b.within}
        self.figures: list[Figure] = [TOTAL, SCORE]
        for name in NAMES:
            spent = [member for end in self.ends for member in end.totals(name, (BUDGET, PARTNER))]
            members = dict.fromkeys([*spent, *(member for known in facts for member in known.dimensions[name].members)])
            self.figures += [(name, member) for member in members]
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
                    sums[name, self.within.get(member, member) if name == "area" else member] += units
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


def _unit(steps: Sequence[Fraction]) -> Fraction:
    """Return the largest amount of which all rounding steps are whole multiples."""
    steps = steps or [Fraction(1, 1000)]
    below = lcm(*(step.denominator for step in steps))
    return Fraction(gcd(*(int(step * below) for step in steps)), below)
