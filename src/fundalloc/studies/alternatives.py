"""Plans that are as different as possible at almost no loss, and how far every amount may go.

Among all plans whose score is at most `within` below the best, candidates are drawn in many directions: closest to the
baseline, most even, fewest instruments, most and least for every area and instrument, early and late, and away from every
plan found before. The first three are shown when they exist, then those farthest apart, each named by what distinguishes it
among those shown.
The range of an amount comes from two solves of its own (`ranges`) and holds for all plans, shown or not. Switches stay as in
the best plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from fundalloc.doors.glance import Glance
from fundalloc.errors import UsageError, counted
from fundalloc.facts.dimensions import NAMES
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats, Mask, euro
from fundalloc.optimise.settling import settling_program
from fundalloc.optimise.stage_programs import hold, stage_program
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution
from fundalloc.solvers.warm import WarmSolver
from fundalloc.studies.ranges import Wanted, find_ends, members_of
from fundalloc.studies.variants import Source, Tick
from fundalloc.studies.warm_plans import Corridor, Reply

BEST = "the plan of `fundalloc run`"
ACTIVE = 1e-6
"""EUR million from which an amount counts as money."""
REPEATS = 4
"""Solves that thin a plan out, and plans that each turn away from all before."""
ALWAYS = ("closest to the baseline", "most even", "fewest instruments")


@dataclass(frozen=True)
class Alternative:
    """One plan of the linear program, before rounding."""

    name: str
    """What distinguishes it."""
    score: float
    amounts: Floats
    """EUR million per line."""
    values: Floats
    """Every column of the program."""
    moved: float
    """EUR million that sit elsewhere than in the best plan."""
    traits: dict[str, float]
    """The figures by which plans are told apart; the larger, the more the name fits."""

    @property
    def file_name(self) -> str:
        """Its name as a part of a path."""
        return re.sub("[^a-z0-9]+", "-", self.name.lower()).strip("-")


@dataclass(frozen=True)
class Range:
    """One amount: what it is in the best plan, in the plans shown, and what it may be."""

    ids: tuple[str, ...]
    best: float
    shown: tuple[float, ...]
    low: float
    high: float
    same: bool
    """Whether it is the same in every plan within the loss, to one rounding step."""


@dataclass(frozen=True, repr=False)
class Alternatives(Glance):
    """The best plan, others nearly as good, and the range of every amount."""

    source: Source
    scenario: Scenario
    within: float
    best: Reply
    plans: tuple[Alternative, ...]
    """The best plan first."""
    by: tuple[str, ...]
    ranges: tuple[Range, ...]
    program: LinearProgram
    """With the score held and the switches fixed."""

    @property
    def headline(self) -> str:
        """How many plans, and how many amounts all of them share."""
        plans = counted(len(self.plans), "plans")
        same = f"{self.same} of {len(self.ranges)} amounts the same in all that are"
        return f"Alternatives of {self.scenario.id}: {plans} within {self.within:.3%} of the best score, {same}"

    def glance(self) -> list[Sequence[object]]:
        """Return every plan with its score and the money that sits elsewhere."""
        return [("plan", "score", "EUR million moved"), *((p.name, euro(p.score, 1), euro(p.moved, 1)) for p in self.plans)]

    @property
    def same(self) -> int:
        """How many amounts are the same in every plan."""
        return sum(r.same for r in self.ranges)


def find_alternatives(
    source: Source | str | Path,
    within: Fraction,
    count: int = 5,
    by: Sequence[str] = ("instrument", "partnership"),
    options: Options | None = None,
    jobs: int | None = None,
    tick: Tick | None = None,
) -> Alternatives:
    """Find `count` plans within a relative loss, and ranges `by` dimensions. Raises ScenarioError, Infeasible, UsageError."""
    if unknown := [name for name in by if name not in NAMES]:
        raise UsageError(f"--by {unknown[0]}: expected some of {', '.join(NAMES)}")
    source, options = Source.of(source), (options or Options()).begun()
    scenario = with_baseline(source.load(), options)
    best, program = Corridor(options).as_written(scenario)
    held = hold(program, program.cost, best.score, float(within))
    search = _AlternativesSearch(held, best, options)
    first = search.alternative(BEST, best.values)
    plans = [first, *_farthest(first, list(search.candidates()), count)]
    ranges = tuple(search.ranges(tuple(by), plans, jobs, tick))
    return Alternatives(source, scenario, float(within), best, tuple(_named(plans)), tuple(by), ranges, held)


class _AlternativesSearch:
    """One live program with the score held; only its objective changes."""

    def __init__(self, held: LinearProgram, best: Reply, options: Options) -> None:
        self.held, self.best, self.scenario, self.lines, self.solver = held, best, best.scenario, best.scenario.lines, WarmSolver(options)
        self.free, self.used = ~self.lines.fixed, np.zeros(len(self.lines))
        self.pair = self.lines.instrument * len(self.lines.facts.partnerships) + self.lines.partnership
        even = stage_program(held, "lowest_coverage", ("partnership",), self.lines, None)
        self.wide, self.evenness = replace(even, cost=np.zeros(even.shape[1])), even.cost

    def toward(self, weights: Floats) -> Solution:
        """Return the plan with the largest weighted sum of its lines."""
        return self.solver.solve(replace(self.wide, cost=np.pad(weights, (0, self.wide.shape[1] - len(weights)))))

    def alternative(self, name: str, values: Floats) -> Alternative:
        """Measure a plan."""
        amounts, values = np.maximum(values[: len(self.lines)], 0.0), values[: self.held.shape[1]]
        moved = float(np.abs(amounts - self.best.amounts).sum()) / 2
        return Alternative(name, self.held.score(values), amounts, values, moved, self._traits(amounts, values, moved))

    def candidates(self) -> Iterator[Alternative]:
        """Draw plans in many directions; each is nearly as good as the best."""
        lines = self.lines
        if self.scenario.facts.baseline is not None:
            settling = settling_program(self.held, lines, lines.baseline.values)
            solution = WarmSolver(self.solver.options).solve(settling.program)
            if solution.usable:
                yield self.alternative("closest to the baseline", settling.values(solution.values))
        even = self.toward(self.evenness)
        if even.usable:
            yield self.alternative("most even", even.values)
        yield from self._thinned()
        for name, sign, some in self._directions():
            yield from self._drawn(name, np.where(some, sign, 0.0))
        years: Floats = lines.year / max(int(lines.year.max(initial=0)), 1)
        yield from self._drawn("earliest", 1.0 - years)
        yield from self._drawn("latest", years)
        yield from self._drawn("spends least", -np.ones(len(lines)))
        for _ in range(REPEATS):
            yield from self._drawn("elsewhere", -self.used / max(float(self.used.max(initial=0.0)), 1.0))

    def _directions(self) -> Iterator[tuple[str, float, Mask]]:
        """Yield what more, or less, money for some lines is called."""
        lines, labels = self.lines, self.scenario.labels()
        areas = self.scenario.facts.dimensions.area
        for area in areas.members:
            for word, sign in (("most for", 1.0), ("least for", -1.0)):
                yield f"{word} {labels['area'][area]}", sign, areas.masks[area][lines.area]
        for k, instrument in enumerate(self.scenario.facts.instruments):
            if instrument.counts == "budget" and np.any(self.free & (lines.instrument == k)):
                yield f"least of {labels['instrument'][instrument.id]}", -1.0, lines.instrument == k

    def _drawn(self, name: str, weights: Floats) -> Iterator[Alternative]:
        solution = self.toward(np.where(self.free, weights, 0.0))
        if solution.usable:
            found = self.alternative(name, solution.values)
            self.used = self.used + found.amounts
            yield found

    def _thinned(self) -> Iterator[Alternative]:
        """Make small amounts dear again and again, until few pairs of instrument and partnership are left."""
        amounts, found = self.best.amounts, None
        for _ in range(REPEATS):
            sums = np.bincount(self.pair, weights=amounts)[self.pair]
            solution = self.toward(np.where(self.free, -1.0 / (sums + 1.0), 0.0))
            if not solution.usable:
                break
            amounts, found = np.maximum(solution.values[: len(self.lines)], 0.0), solution
        if found is not None:
            yield self.alternative(self.scenario.own("fewest instruments"), found.values)

    def _traits(self, amounts: Floats, values: Floats, moved: float) -> dict[str, float]:
        lines = self.lines
        pairs = int(np.count_nonzero(np.bincount(self.pair, weights=amounts) > ACTIVE))
        total, year = float(amounts.sum()) or 1.0, float(amounts @ lines.year)
        out = {"fewest instruments": -float(pairs), "most even": self.coverage(values), "spends least": -total}
        if self.scenario.facts.baseline is not None:
            out["closest to the baseline"] = -lines.moved(amounts)
        out |= {name: sign * float(amounts[some].sum()) for name, sign, some in self._directions()}
        return out | {"earliest": -year / total, "latest": year / total, "farthest from the best plan": moved}

    def coverage(self, values: Floats) -> float:
        """Return the lowest coverage of any partnership with need."""
        facts, needs = self.scenario.facts, self.scenario.facts.needs
        bands = max(len(of_area) for of_area in facts.returns)
        first = self.held.lines
        met = values[first : first + bands * len(needs)].reshape(bands, len(needs)).sum(axis=0)
        need = np.bincount(needs.partnership, weights=needs.need.values, minlength=len(facts.partnerships))
        reached = np.bincount(needs.partnership, weights=met, minlength=len(facts.partnerships))
        return float((reached[need > 0] / need[need > 0]).min(initial=1.0))

    def ranges(self, by: tuple[str, ...], plans: Sequence[Alternative], jobs: int | None, tick: Tick | None) -> Iterator[Range]:
        """Find the smallest and the largest that every sum may be. What a plan shows already need not be searched."""
        lines, step = self.lines, float(self.lines.facts.step)
        dimensions = [lines.facts.dimensions[name] for name in by]
        members = list(members_of([getattr(lines, name) for name in by], [len(d.ids) for d in dimensions])) if len(lines) else []
        decided = np.asarray(lines.facts.euro(lines.decided), dtype=float)
        sums = np.array([[float(p.amounts[m].sum()) for m in members] for p in plans])
        wanted = []
        for k, m in enumerate(members):
            loose = bool(self.free[m].any())
            wanted.append(Wanted(m, loose and sums[:, k].min() > decided[m].sum() + ACTIVE, loose))
        ends = find_ends(self.wide, wanted, self.solver.options, jobs, tick)
        for k, (m, (least, most)) in enumerate(zip(members, ends, strict=True)):
            shown = tuple(map(float, sums[:, k]))
            low, high = min(shown) if least is None else least, max(shown) if most is None else most
            ids = tuple(str(d.ids[int(getattr(lines, name)[m[0]])]) for name, d in zip(by, dimensions, strict=True))
            yield Range(ids, shown[0], shown, max(low, 0.0), high, high - low < step * (1 + 1e-6))


def _farthest(first: Alternative, found: Sequence[Alternative], count: int) -> list[Alternative]:
    """Choose the plans that everybody asks for, then those with the largest distance to their nearest neighbour."""
    chosen: list[Alternative] = []
    left = [f for f in found if f.moved > ACTIVE]
    distance = np.array([float(np.abs(f.amounts - first.amounts).sum()) for f in left])
    asked = [k for k, f in enumerate(left) if f.name in ALWAYS]
    while left and len(chosen) < count and distance.max(initial=0.0) > ACTIVE:
        k = asked.pop(0) if asked else int(np.argmax(distance))
        if distance[k] > ACTIVE:
            chosen.append(left[k])
            distance = np.minimum(distance, [float(np.abs(f.amounts - left[k].amounts).sum()) for f in left])
    return chosen


def _named(plans: Sequence[Alternative]) -> list[Alternative]:
    """Name each plan by the trait in which it leads all others shown, by the widest margin against the spread of the trait."""
    names = list(plans[0].traits)
    table = np.array([[plan.traits[name] for name in names] for plan in plans])
    spread = np.maximum(table.max(axis=0) - table.min(axis=0), 1e-9)
    out, taken = [plans[0]], {BEST}
    for k, plan in enumerate(plans[1:], start=1):
        others = np.delete(table, k, axis=0).max(axis=0)
        lead = (table[k] - others) / spread
        made_for = names.index(plan.name) if plan.name in names else -1
        order = sorted(range(len(names)), key=lambda n: (n != made_for or lead[n] <= 1e-9, -lead[n]))
        name = next((names[n] for n in order if lead[n] > 1e-9 and names[n] not in taken), plan.name)
        taken.add(name)
        out.append(replace(plan, name=name))
    return out
