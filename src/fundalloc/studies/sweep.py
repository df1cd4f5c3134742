"""One figure varied, or two: score, what it gains to the next value, break points, who gains and who loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path

import numpy as np

from fundalloc.doors.glance import Glance
from fundalloc.errors import Problems, UsageError, counted
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import NotANumber, euro, parse_figure
from fundalloc.plan.proof import verdict
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options
from fundalloc.studies.breaks import SAME, Bend, StraightWay, find_bends
from fundalloc.studies.variants import Source, Tick, Value, Vary, parse_vary, present_value, with_plan_to_start_from
from fundalloc.studies.warm_plans import Corridor, Reply, changed_lines, unallocated

MOST_POINTS = 10_000
SWITCHED = "other actions are chosen (minimum_size, count)"


@dataclass(frozen=True)
class Point:
    """The answer at one value of each key."""

    values: tuple[Value, ...]
    status: str
    """optimal where that is proved, else within gap, feasible or infeasible."""
    score: float
    """Of the linear program, before rounding; NaN where no plan exists."""
    bound: float
    unallocated: float
    """EUR million of budget ceilings that stay."""
    moved: float
    """EUR million that sit elsewhere than in the scenario as written."""
    totals: dict[str, dict[str, float]]
    """EUR million by partnership, by instrument and by area."""


@dataclass(frozen=True)
class Break:
    """A value of the key at which another EUR million, or percentage point, begins to earn more or less."""

    value: float
    before: float
    after: float
    """Points of score per unit of the key (EUR million, or percentage point)."""
    within: float
    """0: exact; otherwise the break lies at most so far away."""
    reason: str
    """The rule that begins or ceases to bind, as a sentence; empty where it is a step of met need that fills."""


@dataclass(frozen=True, repr=False)
class Sweep(Glance):
    """All points, and with one key the breaks between them."""

    keys: tuple[Vary, ...]
    scenario: Scenario
    """The scenario as written."""
    base: Reply
    points: tuple[Point, ...]
    slopes: tuple[float, ...] = ()
    """Per point: what the score gains to the next point, per unit of the key (the last: from the one before)."""
    breaks: tuple[Break, ...] = ()
    exact: bool = True
    """Whether the breaks are exact (parametric) or were closed in on by bisection."""
    unsearched: int = 0
    """Intervals that were left: the budget of solves ended, or decided money begins or ceases to break a limit on the way."""
    present: tuple[str | None, ...] = ()
    """What the scenario says now, per key."""

    @property
    def headline(self) -> str:
        """What is varied, over how many points, and the breaks found."""
        keys = " and ".join(key.key for key in self.keys)
        return f"Sweep of {self.scenario.id}: {keys}, {counted(len(self.points), 'points')}, {counted(len(self.breaks), 'breaks')}"

    def glance(self) -> list[Sequence[object]]:
        """Return the score at every point."""
        rows = ((*(value.text for value in p.values), p.status, euro(p.score, 1), euro(p.moved, 1)) for p in self.points)
        return [(*(key.key for key in self.keys), "status", "score", "EUR million moved"), *rows]

    @property
    def usable(self) -> tuple[Point, ...]:
        """The points that have a plan."""
        return tuple(p for p in self.points if not np.isnan(p.score))

    @cached_property
    def unit(self) -> str:
        """What gains of the score are per."""
        return "percentage point" if self.keys[0].share else "EUR million"

    def movements(self, dimension: str) -> list[tuple[str, float]]:
        """Return what each member has more at the last point than at the first, biggest first; empty without two plans."""
        if len(self.usable) < 2:
            return []
        first, last = self.usable[0].totals[dimension], self.usable[-1].totals[dimension]
        change = {name: last.get(name, 0.0) - first.get(name, 0.0) for name in {**first, **last}}
        return sorted(change.items(), key=lambda item: (-abs(item[1]), item[0]))


def _point(answer: Reply, base: Reply, values: tuple[Value, ...]) -> Point:
    if not answer.usable:
        return Point(values, str(answer.status), np.nan, np.nan, np.nan, np.nan, {})
    totals = {name: {ids[0]: a for ids, a in answer.total(name).items()} for name in ("partnership", "instrument", "area")}
    status = verdict(str(answer.status), answer.score, answer.bound)
    return Point(values, status, answer.score, answer.bound, unallocated(answer), changed_lines(base, answer), totals)


def sweep(
    source: Source | str | Path,
    vary: Sequence[Vary | str],
    options: Options | None = None,
    tick: Tick | None = None,
    *,
    search: bool = True,
) -> Sweep:
    """Solve a scenario at every value of one key (`KEY=FROM..TO:STEP`), or every pair of two. With `search`, one key's breaks are found.

    Raises ScenarioError for a key that the scenario does not take, Infeasible when the scenario as written has no plan.

        >>> found = sweep("examples/tiny/tiny.yaml", ["instruments.amif.ceiling.each=8..12:2"], search=False)
        >>> [round(point.score, 1) for point in found.points]
        [62.2, 64.7, 66.9]
    """
    source, keys = Source.of(source), [parse_vary(key) if isinstance(key, str) else key for key in vary]
    if len(keys) not in (1, 2) or len({k.key for k in keys}) != len(keys):
        raise UsageError("vary one key, or two different ones")
    grid = list(product(*(key.values for key in keys)))
    if len(grid) > MOST_POINTS:
        raise UsageError(f"{len(grid)} points are more than {MOST_POINTS}: take larger steps")
    options = (options or Options()).begun()
    scenario = with_baseline(source.load(), options)
    _refuse_words(scenario, keys)
    _read_ends(source, keys)
    corridor = Corridor(options)
    base, _ = corridor.as_written(scenario)
    answers, points = [], []
    for done, values in enumerate(grid, start=1):
        variant = source.load(*(key.setting(value) for key, value in zip(keys, values, strict=True)))
        answers.append(corridor.answer(with_plan_to_start_from(variant, scenario), base.by_ids))
        points.append(_point(answers[-1], base, values))
        if tick:
            tick(done, len(grid))
    present = tuple(present_value(scenario, key.key) for key in keys)
    out = Sweep(tuple(keys), scenario, base, tuple(points), present=present)
    return _with_breaks(out, corridor, answers) if len(keys) == 1 and search and len(grid) > 1 else out


def _refuse_words(scenario: Scenario, keys: Sequence[Vary]) -> None:
    """Refuse a key under which the scenario says no figure, such as its title. Raises UsageError."""
    for key in keys:
        now = present_value(scenario, key.key)
        try:
            if now is not None and ".." not in now:  # a range is a figure that is not known exactly
                parse_figure(now)
        except NotANumber:
            raise UsageError(f"--vary {key.key}: the scenario says “{now}” there, and only figures can be varied") from None


def _read_ends(source: Source, keys: Sequence[Vary]) -> None:
    """Read the scenario at both ends, so that a key or value that cannot be is said before anything is solved."""
    problems = Problems()
    for end in (0, -1):
        with problems.noted():
            source.load(*(key.setting(key.values[end]) for key in keys))
    problems.tell()


def _with_breaks(sweep: Sweep, corridor: Corridor, answers: list[Reply]) -> Sweep:
    """Follow the score from point to point. Slopes and breaks are of the program with the plan's switches fixed."""
    per = 100.0 if sweep.keys[0].share else 1.0
    slopes, breaks, exact, unsearched = [np.nan] * len(answers), [], True, 0
    intervals = list(zip(answers, answers[1:], sweep.points, sweep.points[1:], strict=False))
    budget = max(20, 2 * 400 // max(len(intervals), 1))
    for k, (a, b, first, second) in enumerate(intervals):
        if a.program is None or b.program is None:
            continue
        low, high = float(first.values[0].number), float(second.values[0].number)
        unit = (high - low) * per
        slopes[k] = slopes[k + 1] = (b.score - a.score) / unit
        try:
            other = _same_switches(b, a)
            way = StraightWay(a.program, other)
        except ValueError:
            exact = False
            continue
        if any(not np.array_equal(x.held > 0, y.held > 0) for x, y in zip(a.program.blocks, other.blocks, strict=True)):
            unsearched += 1  # on the way decided money begins or ceases to break a limit: no straight mixture of the two
            continue
        bends, left = find_bends(way, corridor.solve_fixed, budget)
        exact, unsearched = exact and way.exact, unsearched + left
        for bend in bends:
            within = bend.within * abs(high - low)
            breaks.append(Break(low + bend.at * (high - low), bend.left.slope / unit, bend.right.slope / unit, within, _reason(bend, a)))
        if other is not b.program:
            breaks.append(Break((low + high) / 2, slopes[max(k - 1, 0)], slopes[k], abs(high - low) / 2, SWITCHED))
    return replace(sweep, slopes=tuple(slopes), breaks=tuple(_distinct(breaks)), exact=exact, unsearched=unsearched)


def _same_switches(answer: Reply, like: Reply) -> LinearProgram:
    """Return the program of an answer with the switches of another; the program itself when they are the same."""
    program, other, switches = answer.program, like.program, answer.switches
    assert program is not None
    assert other is not None
    if switches is None or program.shape != other.shape or np.array_equal(program.lower[switches], other.lower[switches]):
        return program
    lower, upper = (np.where(switches, theirs, own) for own, theirs in ((program.lower, other.lower), (program.upper, other.upper)))
    return replace(program, lower=lower, upper=upper)


def _reason(bend: Bend, answer: Reply) -> str:
    """Name the demand whose price appears or vanishes at a break, the dearest if several do."""
    program = answer.program
    assert program is not None
    before, after = np.abs(bend.left.prices), np.abs(bend.right.prices)
    gap = np.where((before < 1e-7) != (after < 1e-7), np.abs(after - before), 0.0)
    names = answer.scenario.labels()
    best: tuple[float, str] = (1e-7, "")
    for block in program.blocks:
        if block.rule is None or block.demands is None:
            continue
        part = gap[block.rows]
        row = int(np.argmax(part)) if len(part) else 0
        if len(part) and part[row] > best[0]:
            word = "begins to bind" if after[block.rows][row] > before[block.rows][row] else "no longer binds"
            member = block.demands.member[row]
            best = (float(part[row]), f"{block.rule.sentence(member, names, sense=block.demands.sense[row])}: {word}")
    return best[1]


def _distinct(breaks: list[Break]) -> list[Break]:
    """Sort breaks and join those that two neighbouring intervals both found at their common end."""
    out: list[Break] = []
    for found in sorted(breaks, key=lambda b: b.value):
        if (
            out
            and SWITCHED not in (found.reason, out[-1].reason)
            and abs(found.value - out[-1].value) <= SAME * max(abs(found.value), 1e-3) + found.within + out[-1].within
        ):
            before = out[-1]
            out[-1] = replace(before, after=found.after, reason=before.reason or found.reason, within=max(before.within, found.within))
        else:
            out.append(found)
    return out
