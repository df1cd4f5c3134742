"""Plans that are as different as possible at almost no loss, and how far every amount may go.

Among all plans whose score is at most `within` below the best, candidates are drawn in many directions: closest to the
baseline, most even, fewest instruments, most and least for every area and instrument, early and late, and away from every
plan found before. The first three are shown when they exist, then those farthest apart, each named by what distinguishes it
among those shown.
The range of an amount comes from two solves of its own (`ranges`) and holds for all plans, shown or not. Switches stay as in
the best plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from fundalloc.errors import UsageError
from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.optimise.settling import settling_program
from fundalloc.optimise.stage_programs import hold, stage_program
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution
from fundalloc.solvers.warm import WarmSolver
from fundalloc.studies.ranges import Wanted, find_ends, members_of
from fundalloc.studies.variants import Source
from fundalloc.studies.warm_plans import Answer, Corridor

BEST = "the plan of `fundalloc run`"
ACTIVE = 1e-6
"""EUR million from which an amount counts as money."""
REPEATS = 4
"""Solves that thin a plan out, and plans that each turn away from all before."""
ALWAYS = ("closest to the baseline", "most even", "fewest instruments")
DIMENSIONS = ("instrument", "partnership", "area", "year")


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
    traits: dict[str, float] = field(default_factory=dict)
    """The figures by which plans are told apart."""


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


@dataclass(frozen=True)
class Alternatives:
    """The best plan, others nearly as good, and the range of every amount."""

    source: Source
    scenario: Scenario
    within: float
    best: Answer
    plans: tuple[Alternative, ...]
    """The best plan first."""
    by: tuple[str, ...]
    ranges: tuple[Range, ...]
    program: LinearProgram
    """With the score held and the switches fixed."""

    @property
    def same(self) -> int:
        """How many amounts are the same in every plan."""
        return sum(r.same for r in self.ranges)


def find_alternatives(
    source: Source,
    within: Fraction,
    count: int = 5,
    by: Sequence[str] = ("instrument", "partnership"),
    options: Options | None = None,
    jobs: int | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> Alternatives:
    """Find `count` plans within a relative loss of score, and the range of every amount summed `by` dimensions.

    Raises ScenarioError, Infeasible, UsageError for a dimension that does not exist.
    """
    if unknown := [name for name in by if name not in DIMENSIONS]:
        raise UsageError(f"--by {unknown[0]}: expected some of {', '.join(DIMENSIONS)}")
    options = (options or Options()).begun()
    scenario = with_baseline(source.load(), options)
    best, program = Corridor(options).as_written(scenario)
    lines = scenario.lines
    held = hold(program, program.cost, best.score, float(within))
    search = _Search(held, lines, best, WarmSolver(options))
    first = search.alternative(BEST, best.values[: program.shape[1]])
    found = list(search.candidates())
    chosen = _farthest(first, found, count)
    ranges = tuple(search.ranges(tuple(by), [first, *chosen], jobs, tick))
    return Alternatives(source, scenario, float(within), best, tuple(_named([first, *chosen])), tuple(by), ranges, held)


@dataclass
class _Search:
    """One live program with the score held; only its objective changes."""

    held: LinearProgram
    lines: Lines
    best: Answer
    solver: WarmSolver
    used: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.used = np.zeros(len(self.lines))
        self.free = ~self.lines.fixed
        members = ("partnership",)
        even = stage_program(self.held, "lowest_coverage", members, self.lines, None)
        self.wide, self.evenness = replace(even, cost=np.zeros(even.shape[1])), even.cost

    def toward(self, weights: Floats) -> Solution:
        """Return the plan with the largest weighted sum of its lines."""
        cost = np.zeros(self.wide.shape[1])
        cost[: len(weights)] = weights
        return self.solver.solve(replace(self.wide, cost=cost))

    def alternative(self, name: str, values: Floats) -> Alternative:
        """Measure a plan."""
        amounts, program = np.maximum(values[: len(self.lines)], 0.0), self.held
        values = values[: program.shape[1]]
        moved = float(np.abs(amounts - self.best.amounts).sum()) / 2
        score = float(self.best_cost @ values[: len(self.best_cost)])
        return Alternative(name, score, amounts, values, moved, self._traits(amounts, values, moved))

    @property
    def best_cost(self) -> Floats:
        """What the columns of the program earn."""
        assert self.best.program is not None
        return self.best.program.cost

    def candidates(self) -> Iterator[Alternative]:
        """Draw plans in many directions; each is nearly as good as the best."""
        scenario, lines = self.best.scenario, self.lines
        if scenario.facts.baseline is not None:
            settling = settling_program(self.held, lines, lines.baseline.values)
            solution = WarmSolver(self.solver.options).solve(settling.program)
            if solution.usable:
                yield self.alternative("closest to the baseline", settling.values(solution.values))
        even = self.solver.solve(replace(self.wide, cost=self.evenness))
        if even.usable:
            yield self.alternative("most even", even.values)
        yield from self._thinned()
        labels = scenario.labels()
        for k, area in enumerate(scenario.facts.areas):
            for word, sign in (("most for", 1.0), ("least for", -1.0)):
                yield from self._drawn(f"{word} {labels['area'][area.id]}", sign * (lines.area == k))
        for k, instrument in enumerate(scenario.facts.instruments):
            if instrument.counts == "budget" and np.any(self.free & (lines.instrument == k)):
                yield from self._drawn(f"least of {labels['instrument'][instrument.id]}", -1.0 * (lines.instrument == k))
        years = lines.year / max(int(lines.year.max(initial=0)), 1)
        yield from self._drawn("earliest", 1.0 - years)
        yield from self._drawn("latest", years)
        yield from self._drawn("spends least", -np.ones(len(lines)))
        for _ in range(REPEATS):
            away = -self.used / max(float(self.used.max(initial=0.0)), 1.0)
            yield from self._drawn("elsewhere", away)

    def _drawn(self, name: str, weights: Floats) -> Iterator[Alternative]:
        solution = self.toward(np.where(self.free, weights, 0.0))
        if solution.usable:
            found = self.alternative(name, solution.values)
            self.used = self.used + found.amounts
            yield found

    def _thinned(self) -> Iterator[Alternative]:
        """Make small amounts dear again and again, until few pairs of instrument and partnership are left."""
        pair = self.lines.instrument * len(self.lines.facts.partnerships) + self.lines.partnership
        amounts, found = self.best.amounts, None
        for _ in range(REPEATS):
            sums = np.bincount(pair, weights=amounts)[pair]
            solution = self.toward(np.where(self.free, -1.0 / (sums + 1.0), 0.0))
            if not solution.usable:
                break
            amounts, found = np.maximum(solution.values[: len(self.lines)], 0.0), solution
        if found is not None:
            yield self.alternative("fewest instruments", found.values)

    def _traits(self, amounts: Floats, values: Floats, moved: float) -> dict[str, float]:
        """Return the figures by which plans are told apart; the larger, the more the name fits."""
        lines, scenario = self.lines, self.best.scenario
        labels = scenario.labels()
        pair = lines.instrument * len(lines.facts.partnerships) + lines.partnership
        pairs = int(np.count_nonzero(np.bincount(pair, weights=amounts) > ACTIVE))
        coverage = self.coverage(values)
        total, year = float(amounts.sum()) or 1.0, float(amounts @ lines.year)
        out = {"fewest instruments": -float(pairs), "most even": coverage, "spends least": -total}
        if scenario.facts.baseline is not None:
            out["closest to the baseline"] = -float(np.abs(amounts - lines.baseline.values).sum()) / 2
        for k, area in enumerate(scenario.facts.areas):
            share = float(amounts[lines.area == k].sum())
            out[f"most for {labels['area'][area.id]}"], out[f"least for {labels['area'][area.id]}"] = share, -share
        for k, instrument in enumerate(scenario.facts.instruments):
            if instrument.counts == "budget":
                out[f"least of {labels['instrument'][instrument.id]}"] = -float(amounts[lines.instrument == k].sum())
        out["earliest"], out["latest"] = -year / total, year / total
        out["farthest from the best plan"] = moved
        return out

    def coverage(self, values: Floats) -> float:
        """Return the lowest coverage of any partnership with need."""
        facts, needs = self.lines.facts, self.lines.facts.needs
        bands = max(len(of_area) for of_area in facts.returns)
        first = self.held.lines
        met = values[first : first + bands * len(needs)].reshape(bands, len(needs)).sum(axis=0)
        need = np.bincount(needs.partnership, weights=needs.need.values, minlength=len(facts.partnerships))
        reached = np.bincount(needs.partnership, weights=met, minlength=len(facts.partnerships))
        return float((reached[need > 0] / need[need > 0]).min(initial=1.0))

    def ranges(
        self, by: tuple[str, ...], plans: Sequence[Alternative], jobs: int | None, tick: Callable[[int, int], None] | None
    ) -> Iterator[Range]:
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
