"""One plan for several futures: the first years in common, the rest kept for later.

Nobody can commit money in the first years by what only later years will show, so these amounts are the same in every
future; afterwards each future goes its own way. Three criteria:

    expected   the largest weighted average of the scores
    worst      the largest lowest score
    regret     the smallest largest regret: what a future loses against the plan that had known it

Under `worst` and `regret`, the expected score decides among equals. The regret table also holds the plans that bet on one
future: its first years, then the best that can still be done in each of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from fundalloc.doors.glance import Glance
from fundalloc.errors import Infeasible, UsageError
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram, Terms
from fundalloc.money import Floats, euro
from fundalloc.optimise.nearness import near_program
from fundalloc.optimise.settling import SHARP, settling_weights
from fundalloc.optimise.stage_programs import append, hold
from fundalloc.optimise.switches import fix_switches, solve_mixed
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options
from fundalloc.solvers.warm import WarmSolver
from fundalloc.studies.joint_program import join
from fundalloc.studies.variants import Source, Tick
from fundalloc.studies.warm_plans import NEARNESS, Corridor, Reply, sum_amounts

CRITERIA = ("expected", "worst", "regret")
Ids = tuple[str, str, str, str]
SLACK = 1e-6
"""EUR million by which a committed amount may differ when a future is solved around it."""


@dataclass(frozen=True)
class Strategy:
    """What to commit now, and what it reaches in every future."""

    name: str
    """One of CRITERIA, or the id of the future it bets on."""
    now: dict[Ids, float]
    """EUR million by the four ids, in the common years."""
    scores: tuple[float, ...]
    """Per future; NaN where no plan can follow."""
    amounts: tuple[Floats, ...] = ()
    """EUR million per line of every future; empty for plans that bet on one."""


@dataclass(frozen=True, repr=False)
class Robust(Glance):
    """The futures, what each could reach alone, and the strategies."""

    scenarios: tuple[Scenario, ...]
    names: tuple[str, ...]
    """Of the futures: the ids of the scenarios, told apart."""
    weights: tuple[float, ...]
    until: int
    best: tuple[float, ...]
    """Per future: the score of the plan that had known it."""
    strategies: tuple[Strategy, ...]
    """By criterion first, then the bets."""
    shared: int
    """Lines that are committed in common."""

    @property
    def headline(self) -> str:
        """The futures, and until when is committed in common."""
        return f"Robust plans for {', '.join(self.names)}: the same until {self.until}"

    def glance(self) -> list[Sequence[object]]:
        """Return the score of every strategy in every future, and its largest regret."""
        rows = ((s.name, *(euro(score, 1) for score in s.scores), euro(self.largest_regret(s), 1)) for s in self.strategies)
        return [("strategy", *self.names, "largest regret"), *rows]

    def regret(self, strategy: Strategy) -> tuple[float, ...]:
        """Return what every future loses; NaN where no plan can follow."""
        return tuple(max(b - s, 0.0) if s == s else np.nan for b, s in zip(self.best, strategy.scores, strict=True))

    def largest_regret(self, strategy: Strategy) -> float:
        """Return the largest regret; NaN where in some future no plan can follow."""
        return float(np.max(self.regret(strategy)))

    def strategy(self, name: str) -> Strategy:
        """Return the strategy of a criterion, or that bets on a future."""
        return next(s for s in self.strategies if s.name == name)

    def expected(self, strategy: Strategy) -> float:
        """Return the weighted average of the scores."""
        return float(np.dot(self.weights, strategy.scores))

    @cached_property
    def value_of_knowing(self) -> float:
        """Points that knowing the future today would be worth, on average."""
        return float(np.dot(self.weights, self.best)) - self.expected(self.strategies[0])

    def later(self, strategy: Strategy, future: int, dimension: str) -> dict[str, float]:
        """Return the money of the years after the common ones, by one dimension."""
        lines = self.scenarios[future].lines
        years = np.array([int(y) for y in lines.facts.years])[lines.year]
        sums = sum_amounts(lines, np.where(years > self.until, strategy.amounts[future], 0.0), dimension)
        return {ids[0]: amount for ids, amount in sums.items()}


def solve_robust(
    sources: Sequence[Source | str | Path],
    until: int | None = None,
    weights: Sequence[float] = (),
    options: Options | None = None,
    tick: Tick | None = None,
) -> Robust:
    """Find the three robust plans of several futures. Raises ScenarioError, Infeasible, UsageError."""
    options = (options or Options()).begun()
    if len(sources) < 2:
        raise UsageError("name at least two scenarios: each is one future")
    futures = [Source.of(source) for source in sources]
    scenarios = [with_baseline(future.load(), options) for future in futures]
    parts, last = _weights(weights, len(scenarios)), _until(until, scenarios)
    alone = [Corridor(options).settled(scenario) for scenario in scenarios]
    for future, answer in zip(futures, alone, strict=True):
        if not answer.usable:
            raise UsageError(f"{future.path} alone has no plan: see fundalloc explain {future.path}")
    search = _RobustSearch(scenarios, alone, last, parts, options)
    strategies, names = [search.strategy(name) for name in CRITERIA], _names(scenarios)
    strategies += search.bets(names, tick or (lambda done, of: None))
    best = tuple(answer.score for answer in alone)
    return Robust(tuple(scenarios), names, parts, last, best, tuple(strategies), len(search.joined.ids))


def _weights(weights: Sequence[float], count: int) -> tuple[float, ...]:
    if not weights:
        return (1.0 / count,) * count
    if min(weights) < 0 or sum(weights) <= 0:
        raise UsageError("weights are zero or more, and not all of them zero: such as 2,1,1")
    if len(weights) != count:
        raise UsageError(f"{len(weights)} weights for {count} scenarios: give one each, such as 2,1,1")
    return tuple(w / sum(weights) for w in weights)


def _until(until: int | None, scenarios: Sequence[Scenario]) -> int:
    """Return the last common year: as asked, else the year of `as_of`, or the first open one if that is later."""
    first, last = max(s.facts.years[0] for s in scenarios), min(s.facts.years[-1] for s in scenarios)
    if first > last:
        raise UsageError("the scenarios have no year in common, so nothing can be committed for all of them")
    if until is None:
        open_years = [y for y in scenarios[0].facts.years if y not in scenarios[0].facts.closed]
        today = int(scenarios[0].head.as_of[:4])
        until = min(max(today, open_years[0] if open_years else first, first), last - 1 if last > first else last)
    if not first <= until <= last:
        raise UsageError(f"--common-until {until}: the scenarios share the years {first}-{last}")
    return until


def _names(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    ids = [s.id for s in scenarios]
    return tuple(i if ids.count(i) == 1 else f"{i} ({k})" for k, i in enumerate(ids, start=1))


class _RobustSearch:
    def __init__(self, scenarios: list[Scenario], alone: list[Reply], until: int, weights: tuple[float, ...], options: Options) -> None:
        self.alone, self.until, self.weights, self.options = alone, until, weights, options
        self.programs, self.lines = [compile_program(s) for s in scenarios], [s.lines for s in scenarios]
        self.joined = join(self.programs, self.lines, until)
        self.scores = [self._spread(program.cost, k) for k, program in enumerate(self.programs)]
        self.expected = np.sum([w * c for w, c in zip(weights, self.scores, strict=True)], axis=0)
        self.ledger = self.joined.ledger(self.lines)
        self.reference = self._reference()
        self.solver = WarmSolver(options)

    def _spread(self, values: Floats, future: int) -> Floats:
        out = np.zeros(self.joined.program.shape[1])
        out[self.joined.columns[future]] = values
        return out

    def _reference(self) -> Floats:
        """Return what each future does alone; in the common years, their weighted average."""
        width = self.joined.program.shape[1]
        total, share = np.zeros(width), np.zeros(width)
        for k, answer in enumerate(self.alone):
            at = self.joined.columns[k][: len(self.lines[k])]
            total[at] += self.weights[k] * answer.amounts
            share[at] += self.weights[k]
        return np.divide(total, share, out=np.zeros(width), where=share > 0)[self.ledger]

    def _settling_weights(self) -> Floats:
        weights = np.zeros(self.joined.program.shape[1])
        for columns, lines in zip(self.joined.columns, self.lines, strict=True):
            own = settling_weights(lines)
            weights[columns[: len(own)]] = own
        return weights[self.ledger]

    def strategy(self, name: str) -> Strategy:
        """Solve the joint program under one criterion, then settle close to what each future does alone."""
        program = self.fixed
        staged = self._criterion(program, name)
        top = self.solver.solve(staged)
        if not top.usable:
            raise Infeasible([])
        width = program.shape[1]
        held = hold(staged, staged.cost, top.objective, 0.0)
        wide = np.pad(self.expected, (0, held.shape[1] - width))
        near = near_program(replace(held, cost=wide), self.ledger, self.reference, NEARNESS * self._settling_weights())
        found = WarmSolver(self.options).solve(replace(near.program, cost=SHARP * near.program.cost))
        values = near.values(found.values)[:width] if found.usable else top.values[:width]
        return self._read(name, values)

    @cached_property
    def fixed(self) -> LinearProgram:
        """The joint program with its switches as the expected score wants them."""
        program = replace(self.joined.program, cost=self.expected)
        if program.integer is None:
            return program
        found = solve_mixed(program, self.options)
        if not found.usable:
            raise Infeasible([])
        return fix_switches(program, found.values)

    def _criterion(self, program: LinearProgram, name: str) -> LinearProgram:
        """Return the program with the objective of a criterion, and the column and rows that it needs."""
        if name == "expected":
            return program
        column, count = program.shape[1], len(self.scores)
        used, sign = [np.flatnonzero(c) for c in self.scores], -1.0 if name == "worst" else 1.0
        terms = Terms(
            np.concatenate([*(np.full(len(u), k) for k, u in enumerate(used)), np.arange(count)]),
            np.concatenate([*used, np.full(count, column)]),
            np.concatenate([*(c[u] for c, u in zip(self.scores, used, strict=True)), np.full(count, sign)]),
        )
        least = np.zeros(count) if name == "worst" else np.array([a.score for a in self.alone])
        zero = replace(program, cost=np.zeros(column))
        low = np.array([-np.inf]) if name == "worst" else np.zeros(1)
        return append(zero, np.array([-sign]), low, np.array([np.inf]), least, np.full(count, np.inf), terms)

    def _read(self, name: str, values: Floats) -> Strategy:
        amounts = [np.maximum(values[c[: len(own)]], 0.0) for c, own in zip(self.joined.columns, self.lines, strict=True)]
        shared = values[self.joined.now]
        now = {ids: float(a) for ids, a in zip(self.joined.ids, shared, strict=True) if a > 1e-9}
        scores = tuple(self.joined.score(values, self.programs, k) for k in range(len(self.programs)))
        return Strategy(name, now, scores, tuple(amounts))

    def bets(self, names: Sequence[str], tick: Tick) -> Iterator[Strategy]:
        """Bet on one future after the other: its first years, then the best that can still be done in each of the others."""
        count = len(names)
        for k, name in enumerate(names):
            now = {ids: amount for ids, amount in self.alone[k].by_ids.items() if int(ids[3]) <= self.until}
            scores = []
            for future in range(count):
                scores.append(self.alone[k].score if future == k else self.follow(now, future))
                tick(k * count + future + 1, count * count)
            yield Strategy(name, now, tuple(scores))

    def follow(self, now: dict[Ids, float], future: int) -> float:
        """Return the best score of a future whose common years are already committed; NaN when no plan can follow."""
        program, lines = self.programs[future], self.lines[future]
        if set(now) - set(lines.ids):
            return float("nan")
        wanted = np.array([now.get(ids, 0.0) for ids in lines.ids])
        lower, upper = program.lower.copy(), program.upper.copy()
        at = np.flatnonzero([int(ids[3]) <= self.until for ids in lines.ids])
        lower[at] = np.maximum(lower[at], np.minimum(wanted[at] - SLACK, upper[at]))
        upper[at] = np.maximum(np.minimum(upper[at], wanted[at] + SLACK), lower[at])
        found = solve_mixed(replace(program, lower=lower, upper=upper), self.options)
        return found.objective if found.usable else float("nan")
