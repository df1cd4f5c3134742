"""Uncertain figures sampled: what the score and every amount may come to, and which rules are at risk.

Latin hypercube (M. D. McKay, R. J. Beckman and W. J. Conover, Technometrics 21, 1979): every figure's range is cut into as
many equally likely slices as there are samples, each slice is hit once, and the slices of different figures are shuffled
against each other. Every sample is the scenario with these figures set, solved from where the last one ended, settled close
to the plan as written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from fundalloc.doors.glance import Glance
from fundalloc.errors import FundallocError, UsageError
from fundalloc.insight.conflict.diagnose import find_conflict
from fundalloc.model.compile import compile_program
from fundalloc.money import Floats, Spread, euro, plain
from fundalloc.pool import cores
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sources import Sources
from fundalloc.scenario.uncertain import Uncertain, find_spreads
from fundalloc.solvers import Options
from fundalloc.studies.ranges import in_pieces
from fundalloc.studies.variants import Source, Tick, restored, with_plan_to_start_from
from fundalloc.studies.warm_plans import Corridor, Reply

CHUNK = 100
"""Samples that one task solves, one from where the other ended."""
DIAGNOSED = 3
"""Samples without a plan that are explained."""
TOLERANCE = 1e-6
PERCENTILES = (5, 25, 50, 75, 95)
STEADY = 0.1
"""Share of the plan as written within which a partnership's money stays in nine of ten samples to be called steady."""
Demand = tuple[str, str]
"""Rule id and member."""


@dataclass(frozen=True)
class Sample:
    """One sample: its score, its money by member, and what happens to the rules."""

    number: int
    score: float
    """NaN without a plan."""
    totals: dict[tuple[str, ...], float]
    missed: tuple[Demand, ...] = ()
    """Soft demands that the best plan of this sample misses."""
    binding: tuple[Demand, ...] = ()
    """Demands with a shadow price."""
    broken: tuple[Demand, ...] = ()
    """Demands that the plan as written would not meet here, soft ones included."""
    problem: str = ""
    """Why the sample could not be read."""


class Swing(NamedTuple):
    """The money of a partnership as written, and between which amounts it lies in nine of ten samples, EUR million."""

    partnership: str
    written: float
    least: float
    most: float

    @property
    def steady(self) -> bool:
        """Whether it stays within STEADY of the plan as written."""
        return max(self.written - self.least, self.most - self.written) <= STEADY * self.written + TOLERANCE


@dataclass(frozen=True, repr=False)
class Samples(Glance):
    """All samples of one scenario."""

    scenario: Scenario
    base: Reply
    uncertain: tuple[Uncertain, ...]
    values: Floats
    """The figures drawn. Shape (samples, uncertain figures)."""
    samples: tuple[Sample, ...]
    by: tuple[str, ...]
    seed: int
    conflicts: dict[str, int]
    """Rule → in how many of the explained samples without a plan it clashes with others."""

    @property
    def headline(self) -> str:
        """How many samples, of which how many without a plan."""
        return f"Samples of {self.scenario.id}: {len(self.samples)}, {self.failed} of them without a plan"

    def glance(self) -> list[Sequence[object]]:
        """Return the percentiles of the score."""
        found = np.percentile(self.scores, PERCENTILES) if len(self.scores) else ()
        return [("percentile", "score"), *((p, euro(score, 1)) for p, score in zip(PERCENTILES, found, strict=False))]

    @cached_property
    def scores(self) -> Floats:
        """Scores of the samples that have a plan."""
        return np.array([s.score for s in self.samples if s.score == s.score])

    @property
    def failed(self) -> int:
        """Samples without a plan."""
        return sum(s.score != s.score for s in self.samples)

    def amounts(self) -> tuple[list[tuple[str, ...]], Floats]:
        """Return the members and their money, shape (samples with a plan, members)."""
        solved = [s for s in self.samples if s.score == s.score]
        members = list(dict.fromkeys([*self.base.total(*self.by), *(m for s in solved for m in s.totals)]))
        table = np.array([[s.totals.get(m, 0.0) for m in members] for s in solved]).reshape(len(solved), len(members))
        return members, table

    def swings(self) -> list[Swing]:
        """Return the money of every partnership, the widest first; nothing where amounts are not by partnership or no sample has a plan."""
        members, table = self.amounts()
        if "partnership" not in self.by or not len(table):
            return []
        at, base = self.by.index("partnership"), self.base.total(*self.by)
        ids = list(dict.fromkeys(member[at] for member in members))
        belongs = np.array([[member[at] == one for one in ids] for member in members], dtype=float)
        written = np.array([base.get(member, 0.0) for member in members]) @ belongs
        least, most = np.percentile(table @ belongs, (PERCENTILES[0], PERCENTILES[-1]), axis=0)
        found = [Swing(one, *map(float, ends)) for one, *ends in zip(ids, written, least, most, strict=True)]
        return sorted(found, key=lambda s: s.least - s.most)

    @staticmethod
    def percentiles(values: Floats) -> Floats:
        """Return PERCENTILES over samples. Shape (percentiles,), or (percentiles, members) when the values are by member."""
        found: Floats = np.percentile(values, PERCENTILES, axis=0)
        return found

    def at_risk(self) -> list[tuple[Demand, float, float, float]]:
        """Return (demand, share of samples missed, broken if nothing changes, binding), the most at risk first."""
        count = max(len(self.samples) - self.failed, 1)
        tally: dict[Demand, list[int]] = {}
        for sample in self.samples:
            for k, demands in enumerate((sample.missed, sample.broken, sample.binding)):
                for demand in demands:
                    tally.setdefault(demand, [0, 0, 0])[k] += 1
        shares = [(demand, m / count, b / len(self.samples), p / count) for demand, (m, b, p) in tally.items()]
        return sorted(shares, key=lambda s: (-s[1], -s[2], -s[3], s[0]))

    def influence(self) -> list[tuple[str, float]]:
        """Return the rank correlation of every uncertain figure with the score, the strongest first."""
        solved = np.array([s.score == s.score for s in self.samples])
        if solved.sum() < 3:
            return []
        score = _ranks(self.scores)
        out = []
        for k, figure in enumerate(self.uncertain):
            ranks = _ranks(self.values[solved, k])
            out.append((figure.key, float(np.corrcoef(ranks, score)[0, 1]) if np.ptp(ranks) and np.ptp(score) else 0.0))
        return sorted(out, key=lambda item: (-abs(item[1]), item[0]))


def _ranks(values: Floats) -> Floats:
    return np.argsort(np.argsort(values, kind="stable"), kind="stable").astype(float)


def latin_hypercube(samples: int, figures: int, seed: int) -> Floats:
    """Return numbers between 0 and 1, one per slice and figure. Shape (samples, figures)."""
    generator = np.random.default_rng(seed)
    slices = np.argsort(generator.random((samples, figures)), axis=0, kind="stable")
    drawn: Floats = (slices + generator.random((samples, figures))) / samples
    return drawn


def draw(spread: Spread, at: Floats) -> Floats:
    """Turn numbers between 0 and 1 into figures: uniform, or triangular with the most likely value on top."""
    low, likely, high = float(spread.low), float(spread.likely), float(spread.high)
    if not spread.peaked:
        return low + at * (high - low)
    turn = (likely - low) / (high - low)
    rising = low + np.sqrt(at * (high - low) * (likely - low))
    falling = high - np.sqrt((1.0 - at) * (high - low) * (high - likely))
    out: Floats = np.where(at < turn, rising, falling)
    return out


def _written(value: float, spread: Spread) -> str:
    exact = Fraction(round(value, 6)).limit_denominator(10**6)
    return f"{plain(exact * 100)} %" if spread.percent else plain(exact)


def sample(
    source: Source | str | Path,
    count: int,
    seed: int,
    by: Sequence[str] = ("instrument", "partnership"),
    options: Options | None = None,
    jobs: int | None = None,
    cluster: str | None = None,
    tick: Tick | None = None,
) -> Samples:
    """Solve `count` samples. Raises UsageError when no figure is a range, ScenarioError, Infeasible."""
    source, options = Source.of(source), (options or Options()).begun()
    scenario = with_baseline(source.load(), options)
    uncertain = find_spreads(scenario.tree, scenario.tables)
    if not uncertain:
        raise UsageError(f"{source.path} has no uncertain figures: write some as ranges, such as need: 80..120 or 80..95..120")
    base, program = Corridor(options).as_written(scenario)
    values = np.column_stack([draw(u.spread, at) for u, at in zip(uncertain, latin_hypercube(count, len(uncertain), seed).T, strict=True)])
    settings = [tuple(f"{u.key}={_written(v, u.spread)}" for u, v in zip(uncertain, row, strict=True)) for row in values]
    source.load(*settings[0])  # says at once what no sample could read
    kept = base.values[: program.shape[1]].copy()  # the plan as written, with no soft rule let off
    for block in program.blocks:
        kept[block.misses] = 0.0
    start = replace(scenario, sources=None) if scenario.facts.baseline is not None else None
    files = scenario.sources if cluster is not None else None
    task = _Task(source, tuple(by), options, base.by_ids, kept, start, files)
    size = max(1, min(CHUNK, -(-count // (jobs or cores()))))
    samples = in_pieces(task, list(enumerate(settings)), size, jobs, cluster, tick)
    conflicts = _conflicts(source, [settings[s.number] for s in samples if s.score != s.score and not s.problem][:DIAGNOSED])
    return Samples(scenario, base, tuple(uncertain), values, tuple(samples), tuple(by), seed, conflicts)


@dataclass(frozen=True)
class _Task:
    """Solves some samples, one after another; from the files that travelled with it, or from those of this machine."""

    source: Source
    by: tuple[str, ...]
    options: Options
    near: dict[tuple[str, str, str, str], float]
    kept: Floats
    """The columns of the plan as written."""
    start: Scenario | None
    """The scenario as written with its baseline plan, when it has one."""
    files: Sources | None
    """The files themselves, for workers on other machines."""

    def __call__(self, numbered: Sequence[tuple[int, tuple[str, ...]]]) -> list[Sample]:
        corridor, out = Corridor(self.options), []
        with TemporaryDirectory(prefix="fundalloc-") as folder:
            source = self.source if self.files is None else restored(self.files, Path(folder))
            for number, settings in numbered:
                try:
                    scenario = source.load(*settings)
                except FundallocError as error:
                    out.append(Sample(number, np.nan, {}, problem=str(error).splitlines()[0]))
                    continue
                if self.start is not None:
                    scenario = with_plan_to_start_from(scenario, self.start)
                out.append(self._measured(number, corridor.answer(scenario, self.near)))
        return out

    def _measured(self, number: int, answer: Reply) -> Sample:
        broken = _broken(answer, self.kept)
        if answer.program is None:
            return Sample(number, np.nan, {}, broken=broken)
        missed, binding = [], []
        for block in answer.program.blocks:
            if block.rule is None or block.demands is None:
                continue
            members = ["|".join(m) for m in block.demands.member]
            missing = answer.values[block.misses]
            missed += [(block.rule.id, members[int(block.missing_row[k])]) for k in np.flatnonzero(missing > TOLERANCE)]
            binding += [(block.rule.id, members[int(k)]) for k in np.flatnonzero(np.abs(answer.prices[block.rows]) > TOLERANCE)]
        return Sample(number, answer.score, answer.total(*self.by), _once(missed), _once(binding), broken)


def _broken(answer: Reply, kept: Floats) -> tuple[Demand, ...]:
    """Return the demands that the plan as written does not meet under the sampled figures."""
    program = answer.program if answer.program is not None else compile_program(answer.scenario)
    if program.shape[1] != len(kept):
        return ()
    activity, out = program.matrix.times(kept), []
    for block in program.blocks:
        if block.rule is None or block.demands is None:
            continue
        own, low, high = activity[block.rows], program.row_lower[block.rows], program.row_upper[block.rows]
        slack = 1e-5 * np.maximum(1.0, np.abs(own))
        for k in np.flatnonzero((own < low - slack) | (own > high + slack)):
            out.append((block.rule.id, "|".join(block.demands.member[int(k)])))
    return _once(out)


def _once(demands: list[Demand]) -> tuple[Demand, ...]:
    return tuple(dict.fromkeys(demands))


def _conflicts(source: Source, failed: Sequence[tuple[str, ...]]) -> dict[str, int]:
    counts = Counter[str]()
    for settings in failed:
        with suppress(FundallocError):
            counts.update({c.rule for c in find_conflict(source.load(*settings))})
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
