"""The trade-off between two objectives: the corners of the efficient frontier of the linear program.

The two ends are the best plans for one objective after the other. Between two known corners the objectives are weighed so
that both corners count the same; the best plan for these weights is a new corner, or there is none between them and the
frontier is the straight line. So every corner is found exactly, no grid is laid. With more corners than asked for, those
farthest from the straight lines come first, and the largest remaining gap is stated.

Every goal is counted so that more is better: the score, the smallest coverage, the planned budget money, and minus the
distance to the baseline. Switches stay as in the best plan of `fundalloc run`.
"""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count, pairwise
from pathlib import Path

import numpy as np

from fundalloc.doors.glance import Glance
from fundalloc.doors.writing import new_file, together, writing_into
from fundalloc.errors import SolverFailed, UsageError, counted, did_you_mean
from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats, euro
from fundalloc.optimise.stage_programs import hold, stage_program
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sections import MEASURED
from fundalloc.solvers import Options
from fundalloc.solvers.warm import WarmSolver
from fundalloc.studies.variants import Source, Tick
from fundalloc.studies.warm_plans import Corridor

SAME = 1e-7
WORDS = {"impact": "score", "lowest_coverage": "lowest coverage", "unallocated": "planned EU budget", "change": "moved money"}
"""What the goals are called."""


@dataclass(frozen=True)
class EfficientPlan:
    """One efficient plan of the linear program."""

    first: float
    second: float
    """What it reaches of the two objectives; more is better."""
    score: float
    amounts: Floats
    """EUR million per line."""
    rate: float = float("nan")
    """What one unit of the second objective costs of the first, from here to the next corner; NaN at the last."""
    bend: bool = False


@dataclass(frozen=True, repr=False)
class Frontier(Glance):
    """The corners in order, from the best of the first objective to the best of the second."""

    source: Source
    scenario: Scenario
    goals: tuple[str, str]
    for_each: tuple[str, ...]
    corners: tuple[EfficientPlan, ...]
    gap: float
    """How far the frontier may lie beyond the straight lines, as a share of the first objective's span; 0 when complete."""
    best: float
    """The best of the first stage, the score."""

    @property
    def headline(self) -> str:
        """The two objectives and how many corners."""
        return f"Frontier of {self.scenario.id}: {' against '.join(self.goals)}, {counted(len(self.corners), 'corners')}"

    def glance(self) -> list[Sequence[object]]:
        """Return what every corner reaches."""
        return [("", *self.goals), *((k, *map(shown, self.goals, (c.first, c.second))) for k, c in enumerate(self.corners, start=1))]

    @property
    def complete(self) -> bool:
        """Whether these are all corners."""
        return self.gap == 0.0

    @property
    def bend(self) -> EfficientPlan | None:
        """The corner farthest from the straight line between the ends; None without a corner between them."""
        return next((c for c in self.corners if c.bend), None)


def shown(goal: str, value: float) -> str:
    """Write what a plan reaches of a goal: a share, points, or EUR million."""
    return f"{value:.2%}" if goal == "lowest_coverage" else euro(abs(value) if goal == "change" else value, 1)


def find_frontier(
    source: Source | str | Path,
    goals: tuple[str, str],
    for_each: tuple[str, ...] = (),
    most: int = 25,
    options: Options | None = None,
    tick: Tick | None = None,
) -> Frontier:
    """Find at most `most` corners between two goals. Raises UsageError for goals that cannot be, Infeasible, SolverFailed."""
    source, options = Source.of(source), (options or Options()).begun()
    if unknown := [goal for goal in goals if goal not in MEASURED]:
        raise UsageError(f"no objective '{unknown[0]}': {did_you_mean(unknown[0], MEASURED)}")
    if goals[0] == goals[1]:
        raise UsageError("name two different objectives")
    scenario = with_baseline(source.load(), options)
    if "change" in goals and scenario.facts.baseline is None:
        raise UsageError("'change' is the distance to a baseline plan: name one with --baseline")
    for_each = _covered(scenario, for_each)
    best, program = Corridor(options).as_written(scenario)
    search = _FrontierSearch(program, goals, for_each, scenario.lines, WarmSolver(options))
    corners, gap = search.corners(most, tick)
    return Frontier(source, scenario, goals, for_each, _finished(corners), gap, best.score)


def _covered(scenario: Scenario, for_each: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the smallest coverage is taken of: as asked, else as a stage of the scenario says. Raises UsageError."""
    known = [word for word in scenario.facts.dimensions.for_each_words if word not in ("instrument", "year")]
    if unknown := [word for word in for_each if word not in known]:
        raise UsageError(f"cannot take the coverage of each '{unknown[0]}'; {did_you_mean(unknown[0], known)}".rstrip("; "))
    return for_each or next((stage.for_each for stage in scenario.head.objective if stage.for_each), ("partnership",))


class _FrontierSearch:
    """Both objectives over one live program, of which only the costs change."""

    def __init__(self, program: LinearProgram, goals: tuple[str, str], for_each: tuple[str, ...], lines: Lines, solver: WarmSolver) -> None:
        self.score, self.lines, self.solver = program.cost, len(lines), solver
        wide, costs = program, []
        for goal in goals:
            if goal == "impact":
                costs.append(program.cost)
                continue
            baseline = lines.baseline.values if goal == "change" else None
            wide = stage_program(replace(wide, cost=np.zeros(wide.shape[1])), goal, for_each, lines, baseline)
            costs.append(wide.cost)
        self.program = wide
        self.first, self.second = (np.pad(cost, (0, wide.shape[1] - len(cost))) for cost in costs)

    def best(self, weights: tuple[float, float], program: LinearProgram | None = None) -> EfficientPlan:
        """Return the best plan for a weighted sum of the two objectives."""
        solution = self.solver.solve(replace(program or self.program, cost=weights[0] * self.first + weights[1] * self.second))
        if not solution.usable:
            raise SolverFailed(solution.status, f"The solver stopped: {solution.status} ({solution.message or solution.solver}).")
        values = solution.values
        score = float(self.score @ values[: len(self.score)])
        return EfficientPlan(float(self.first @ values), float(self.second @ values), score, np.maximum(values[: self.lines], 0.0))

    def ends(self) -> tuple[EfficientPlan, EfficientPlan]:
        """Return the best plan for each objective and, among its equals, for the other."""
        alone, other = (1.0, 0.0), (0.0, 1.0)
        left = self.best(other, hold(self.program, self.first, self.best(alone).first, 0.0))
        return left, self.best(alone, hold(self.program, self.second, self.best(other).second, 0.0))

    def corners(self, most: int, tick: Tick | None) -> tuple[list[EfficientPlan], float]:
        """Return the corners in order, and how far the frontier may lie beyond them."""
        left, right = self.ends()
        spans = (left.first - right.first, right.second - left.second)
        if spans[0] <= SAME * max(abs(left.first), 1.0) or spans[1] <= SAME * max(abs(right.second), 1.0):
            return [left], 0.0
        found = [left, right]
        waiting: list[tuple[float, int, EfficientPlan, EfficientPlan]] = []
        order = count()

        def queue(a: EfficientPlan, b: EfficientPlan) -> None:
            area = (a.first - b.first) / spans[0] * (b.second - a.second) / spans[1]
            heapq.heappush(waiting, (-area, next(order), a, b))

        queue(left, right)
        while waiting and len(found) < most:
            _, _, a, b = heapq.heappop(waiting)
            weights = ((b.second - a.second) / spans[1] / spans[0], (a.first - b.first) / spans[0] / spans[1])
            middle = self.best(weights)
            gain = weights[0] * (middle.first - a.first) + weights[1] * (middle.second - a.second)
            # the gain counts both objectives in shares of their spans
            if gain <= SAME or _near(middle, a, spans) or _near(middle, b, spans):
                continue
            found.append(middle)
            if tick:
                tick(len(found), most)
            queue(a, middle)
            queue(middle, b)
        found.sort(key=lambda p: (-p.first, p.second))
        return found, max((_triangle(a, b, found, spans) for _, _, a, b in waiting), default=0.0)


def _near(a: EfficientPlan, b: EfficientPlan, spans: tuple[float, float]) -> bool:
    return abs(a.first - b.first) <= SAME * spans[0] and abs(a.second - b.second) <= SAME * spans[1]


def _triangle(a: EfficientPlan, b: EfficientPlan, found: list[EfficientPlan], spans: tuple[float, float]) -> float:
    """Return how far the frontier may lie above the line a-b: where the lines of the neighbouring stretches meet."""
    k = next(n for n, p in enumerate(found) if p is a)
    width = (b.second - a.second) / spans[1]
    fall = (a.first - b.first) / spans[0]
    before = _slope(found[k - 1], a, spans) if k > 0 else 0.0
    after = _slope(b, found[k + 2], spans) if k + 2 < len(found) else float("inf")
    here = fall / width
    if after == float("inf"):
        return fall - before * width
    if after - before <= 1e-12:
        return 0.0
    meeting = width * (after - here) / (after - before)
    return max(0.0, (here - before) * meeting)


def _slope(a: EfficientPlan, b: EfficientPlan, spans: tuple[float, float]) -> float:
    return ((a.first - b.first) / spans[0]) / max((b.second - a.second) / spans[1], 1e-15)


def _finished(corners: list[EfficientPlan]) -> tuple[EfficientPlan, ...]:
    """Add the rates between corners, and mark the bend: the corner farthest from the line between the ends."""
    a, b = corners[0], corners[-1]
    spans = (a.first - b.first or 1.0, b.second - a.second or 1.0)
    height = [(c.first - b.first) / spans[0] + (c.second - a.second) / spans[1] - 1.0 for c in corners]
    bend = int(np.argmax(height)) if len(corners) > 2 and max(height) > SAME else -1
    rates = [(c.first - after.first) / (after.second - c.second) if after.second > c.second else np.nan for c, after in pairwise(corners)]
    return tuple(replace(c, rate=rate, bend=k == bend) for k, (c, rate) in enumerate(zip(corners, [*rates, np.nan], strict=True)))


def objective_for(frontier: Frontier, corner: EfficientPlan) -> list[object]:
    """Return the objective of a scenario file whose plan is this corner: the stages, each with what it may give.

    The score gives up what this corner gives up; a first objective that is not the score then gives up its part, and the
    second objective is maximised.
    """
    best, top = frontier.best, frontier.corners[0].first
    give = _written(max(0.0, (best - corner.score) / abs(best)) if best else 0.0)
    stages: list[object] = [{"impact": {}, "give": give}] if give != "0 %" else ["impact"]
    for position, goal in enumerate(frontier.goals):
        if goal == "impact":
            continue
        words: dict[str, object] = {"for_each": list(frontier.for_each)} if goal == "lowest_coverage" else {}
        part: dict[str, object] = {goal: words}
        if position == 0 and top:
            part["give"] = _written(max(0.0, (top - corner.first) / abs(top)))
        stages.append(part if words or "give" in part else goal)
    return stages


def _written(share: float) -> str:
    """Write a share as a percentage, rounded up a little so that the corner itself stays within reach."""
    exact = Fraction(int(share * 10**9) + 1, 10**9) if share > 1e-9 else Fraction(0)
    return f"{float(exact * 100):.7f}".rstrip("0").rstrip(".") + " %"


def write_corners(found: Frontier, folder: Path) -> str:
    """Write a file per corner that extends the scenario and asks for that corner's plan; return the call that runs the first."""
    source, main = found.source, Path(found.source.path)
    with writing_into(folder):
        base = Path(os.path.relpath(main, folder)).as_posix()
    inside = main.resolve().is_relative_to(folder.resolve())
    with together():
        for k, corner in enumerate(found.corners, start=1):
            goals = ", ".join(
                f"{found.scenario.own(WORDS[g])} {shown(g, v)}" for g, v in zip(found.goals, (corner.first, corner.second), strict=True)
            )
            title = f"{found.scenario.head.title}: corner {k}, {goals}"
            lines = [
                f"# Corner {k} of the frontier between {found.goals[0]} and {found.goals[1]}{' (the bend)' if corner.bend else ''}.",
                f"extends: {json.dumps(base)}",
                f"scenario: {found.scenario.id[:48]}-corner-{k}",
                f"title: {json.dumps(title, ensure_ascii=False)}",
                f"objective: {json.dumps(objective_for(found, corner))}",
            ]
            with new_file(folder / f"corner-{k:02d}.yaml") as fresh:
                fresh.write_text("\n".join(lines) + "\n", "utf-8")
    asked = [*([] if inside else ["--allow-outside"]), *(f"--set {setting}" for setting in source.settings)]
    asked += [f"--baseline {source.baseline}"] if source.baseline else []
    return " ".join(["fundalloc run", str(folder / "corner-01.yaml"), *asked, "-n"])
