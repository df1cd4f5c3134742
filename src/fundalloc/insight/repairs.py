"""What could change so that a plan exists: the cheapest repairs, each priced and proved.

The elastic program lets demands be missed. Law is missed as little as possible, then political rules, then practice; within
each the sum of EUR million decides. Each repair becomes a plan in whole rounding steps that keeps everything but the demands
that give way; their new figures are what this plan reaches, and the scenario with these figures is read again and the plan
verified under it. Other repairs come from holding the demands that gave way before.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from itertools import count

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import FundallocError, NotVerified
from fundalloc.facts.lines import Lines
from fundalloc.facts.moves import Moves, build_moves
from fundalloc.insight.conflicts import group_of
from fundalloc.insight.diagnose import Diagnosis, lifted, system_of
from fundalloc.insight.edits import Change, changes
from fundalloc.insight.system import FINER, FIXED, System
from fundalloc.insight.wording import money
from fundalloc.model.compile import compile_program
from fundalloc.model.elastic import Elastic, elastic_program
from fundalloc.model.linear_program import Floats, LinearProgram, Terms, stack
from fundalloc.plan.rounding import round_plan
from fundalloc.plan.verify import BREACH, Finding, measure_rules, verify
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution, Status
from fundalloc.solvers.mixed import fix_switches, solve_mixed
from fundalloc.solvers.warm import WarmSolver

MOST = 5
"""Repairs that are offered."""
SECONDS = 20.0
"""After this time no further repair is sought."""
_TIERS = (3, 2, 1)
"""Law, political, practice: what is missed as little as possible first."""
_NOTHING = 1e-4
"""Thousands of euro that count as nothing: a tenth of a euro."""
ROOM = 10**15
"""Rounding steps that no plan reaches."""
_EVEN = 1e-3
"""How much an even spread over the years counts against a smaller sum."""
Reload = Callable[[Sequence[tuple[str, object]]], Scenario]
"""Reads the scenario again with these values set."""


@dataclass(frozen=True)
class Repair:
    """A change of the scenario after which a plan exists."""

    changes: tuple[Change, ...]
    moved: Fraction
    """EUR million by which demands give way."""
    by_tier: tuple[Fraction, Fraction, Fraction]
    """The same for law, political rules and practice."""
    members: int = 0
    """By how much limits on numbers of members give way."""

    @property
    def touches(self) -> str:
        """The words for what changes: practice, political, law."""
        order = ("practice", "political", "law")
        return ", ".join(word for word in order if any(change.negotiable == word for change in self.changes))

    @property
    def says(self) -> str:
        """The repair in one sentence."""
        return "; ".join(change.says for change in self.changes)


def find_repairs(scenario: Scenario, reload: Reload, diagnosis: Diagnosis, most: int = MOST, seconds: float = SECONDS) -> list[Repair]:
    """Return up to `most` verified repairs, practice before political rules, law last, the cheapest first in each."""
    scenario = with_baseline(scenario)
    workshop = _Workshop(scenario, reload, time.monotonic() + seconds)
    found: dict[str, Repair] = {}
    for repair in (*workshop.reopenings(diagnosis), *workshop.givings(most)):
        found.setdefault(repair.says, repair)
    return sorted(found.values(), key=lambda r: (r.by_tier, len(r.changes), r.says))[:most]


@dataclass(frozen=True)
class _Way:
    """One way out: the suspects that give way, and by how much per tier, in thousands of euro."""

    suspects: tuple[int, ...]
    cost: tuple[float, ...]


class _Workshop:
    def __init__(self, scenario: Scenario, reload: Reload, deadline: float) -> None:
        self.scenario, self.reload, self.deadline = scenario, reload, deadline
        self.program = compile_program(scenario)
        self.system = system_of(scenario)
        self.movable = [k for k, s in enumerate(self.system.suspects) if s.rank < FIXED and not _follows(s.owner, s.member)]
        self.elastic, self.owner = _elastic(self.system, self.movable)
        self._relaxed = not self.system.feasible(self.system.everyone, relaxed=True)
        self._warm = WarmSolver()

    # -- ways out ----------------------------------------------------------------------------------------------------------

    def givings(self, most: int) -> Iterator[Repair]:
        """Yield repairs in which demands give way: the best, the best without practice, the best by law alone, then the next best."""
        ranks = {k: self.system.suspects[k].rank for k in self.movable}
        starts = [frozenset(k for k in self.movable if ranks[k] < low) for low in (1, 2, 3)]
        number, queue, tried, seen = count(), [], set[frozenset[int]](), set[frozenset[int]]()
        offered = 0
        for held in starts:
            way = self._way_out(held)
            tried.add(held)
            if way is not None:
                heapq.heappush(queue, (0, way.cost, next(number), held, way))
        while queue and offered < most and time.monotonic() < self.deadline:
            _, _, _, held, way = heapq.heappop(queue)
            if frozenset(way.suspects) not in seen:
                seen.add(frozenset(way.suspects))
                repair = self._repair(way)
                if repair is not None:
                    offered += 1
                    yield repair
            for more in self._alternatives(held, way):
                if more in tried or time.monotonic() > self.deadline:
                    continue
                tried.add(more)
                other = self._way_out(more)
                if other is not None:
                    heapq.heappush(queue, (1, other.cost, next(number), more, other))

    def _alternatives(self, held: frozenset[int], way: _Way) -> Iterator[frozenset[int]]:
        """Hold what gave way: group by group, or rule by rule when there are many."""
        suspects = self.system.suspects
        names = {k: group_of(suspects[k]) for k in self.movable}
        groups = dict.fromkeys(names[k] for k in way.suspects)
        if len(groups) > 4:
            owners = dict.fromkeys(suspects[k].owner for k in way.suspects)
            for owner in owners:
                yield held | {k for k in self.movable if suspects[k].owner == owner}
            return
        for group in groups:
            yield held | {k for k in self.movable if names[k] == group}

    def _way_out(self, held: frozenset[int]) -> _Way | None:
        """Miss law as little as possible, then political rules, then practice; only what is not held may give way."""
        suspects, first = self.system.suspects, self.elastic.first
        rank = np.array([suspects[k].rank for k in self.owner])
        fixed = np.isin(self.owner, list(held))
        program = self.elastic.program
        values: Floats = np.zeros(0)
        for level in (1, 2, 3):
            upper = program.upper.copy()
            upper[first:] = np.where(fixed | (rank > level), 0.0, np.inf)
            for tier in range(level, 0, -1):
                cost = np.zeros(program.shape[1])
                cost[first:] = np.where(rank == tier, -self._weight, 0.0)
                solution = self._solve(replace(program, cost=cost, upper=upper.copy()))
                if not solution.usable:
                    break
                values = np.maximum(solution.values[first:], 0.0)
                least = np.where(values < _NOTHING, 0.0, values * (1 + 1e-9))
                upper[first:] = np.where(rank == tier, least, upper[first:])
            else:
                return self._way(values, rank)
        return None

    def _solve(self, program: LinearProgram) -> Solution:
        if self._relaxed or program.integer is None:
            return self._warm.solve(replace(program, integer=None))
        return solve_mixed(program, Options(time_limit=10.0, gap=1e-6))

    @property
    def _weight(self) -> Floats:
        """One member of a count weighs like a million."""
        counted = [rule is not None and rule.unit != "million EUR" for rule in (self.system.suspects[k].rule for k in self.owner)]
        return np.where(counted, FINER, 1.0)

    def _way(self, values: Floats, rank: NDArray[np.intp]) -> _Way:
        used = sorted({int(k) for k, missed in zip(self.owner, values, strict=True) if missed >= _NOTHING})
        weighed = values * self._weight
        return _Way(tuple(used), tuple(float(np.round(weighed[rank == tier].sum(), 3)) for tier in _TIERS))

    # -- from a way out to a repair ----------------------------------------------------------------------------------------

    def _repair(self, way: _Way) -> Repair | None:
        """Round the way out, read off the new figures, and verify; None when it does not hold in whole steps."""
        rows = []
        for k in way.suspects:
            suspect = self.system.suspects[k]
            block = self.program.block(suspect.owner)
            assert block is not None
            rows.append(block.rows.start + suspect.demand)
        ledger = lawful_ledger(self.scenario, _evened(self.program, np.array(rows, dtype=np.intp), self._groups(way)))
        if ledger is None:
            return None
        broken = [f for f in measure_rules(self.scenario, ledger) if f.status == BREACH]
        allowed = {(s.owner, s.member) for s in (self.system.suspects[k] for k in way.suspects)}
        if not broken or any((f.rule.id, f.member) not in allowed for f in broken):
            return None
        made = tuple(changes(self.scenario, broken))
        return _priced(made, broken) if self._proved(made, ledger) else None

    def _groups(self, way: _Way) -> list[int]:
        """Number the groups of the suspects that give way: inside each, years share evenly."""
        names = [group_of(self.system.suspects[k]) for k in way.suspects]
        order = list(dict.fromkeys(names))
        return [order.index(name) for name in names]

    def _proved(self, made: Sequence[Change], ledger: NDArray[np.int64]) -> bool:
        """Read the changed scenario and verify the plan under it."""
        try:
            changed = self.reload([(change.path, change.value) for change in made])
            if changed.baseline is not None or self.scenario.facts.baseline is not None:
                changed = replace(changed, facts=replace(changed.facts, baseline=self.scenario.facts.baseline), baseline=None)
            verify(changed, ledger)
        except FundallocError:
            return False
        return len(ledger) == len(changed.lines.ledger)

    def reopenings(self, diagnosis: Diagnosis) -> Iterator[Repair]:
        """Yield repairs that lift one `exclude` entry, with the least money that must then flow there."""
        for name in dict.fromkeys(name for clash in diagnosis.clashes for name in clash.barred):
            opened = replace(self.scenario, facts=lifted(self.scenario.facts, name))
            system = system_of(opened)
            if not system.feasible(system.everyone):
                continue
            closed = set(self.scenario.lines.ids)
            new = np.array([ids not in closed for ids in opened.lines.ids], dtype=bool)
            program = compile_program(opened)
            cost = np.zeros(program.shape[1])
            cost[: len(new)] = np.where(new, -1.0, 0.0)
            ledger = lawful_ledger(opened, replace(program, cost=cost))
            if ledger is None:
                continue
            clause = next(c for c in self.scenario.facts.exclude if c.id == name)
            moved = Fraction(int(ledger[: len(new)][new].sum())) * self.scenario.facts.step
            says = f"lift the exclusion “{name}” ({clause.reason}) for EUR {money(self.scenario, moved)} million"
            change = Change(says, f"exclude.{name}", {"off": True, "reason": "Lifted so that a plan exists"}, "political", name)
            if self._proved([change], ledger):
                yield Repair((change,), moved, (Fraction(0), moved, Fraction(0)))


def _follows(owner: str, member: tuple[str, ...]) -> bool:
    """Return whether a limit only follows from another one: what may leave an instrument is its ceiling."""
    return owner == "transfer" and member[0].startswith("from ")


def _elastic(system: System, movable: Sequence[int]) -> tuple[Elastic, NDArray[np.intp]]:
    """Let the rows of these suspects be missed; also return the suspect of every missing column."""
    rows = np.array([system.suspects[k].rows[0] for k in movable], dtype=np.intp)
    elastic = elastic_program(system.program, rows)
    suspect_of = dict(zip((int(r) for r in rows), movable, strict=True))
    return elastic, np.array([suspect_of[int(row)] for row in elastic.row], dtype=np.intp)


def _evened(program: LinearProgram, rows: NDArray[np.intp], groups: Sequence[int]) -> LinearProgram:
    """Return the elastic program of these rows in which the members of a group share what is missed as evenly as possible."""
    elastic = elastic_program(program, rows)
    soft = elastic.program
    group_of_row = dict(zip((int(r) for r in rows), groups, strict=True))
    group = np.array([group_of_row[int(row)] for row in elastic.row], dtype=np.intp)
    number, first, wide = len(group), soft.shape[1], int(group.max(initial=-1)) + 1
    size = np.bincount(group, minlength=wide)
    terms = Terms(
        np.tile(np.arange(number), 2),
        np.concatenate([elastic.first + np.arange(number), first + group]),
        np.concatenate([np.ones(number), -np.ones(number)]),
    )
    old = soft.matrix
    return replace(
        soft,
        cost=np.concatenate([soft.cost, -_EVEN * size]),
        lower=np.concatenate([soft.lower, np.zeros(wide)]),
        upper=np.concatenate([soft.upper, np.full(wide, np.inf)]),
        row_lower=np.concatenate([soft.row_lower, np.full(number, -np.inf)]),
        row_upper=np.concatenate([soft.row_upper, np.zeros(number)]),
        matrix=stack([(soft.shape[0], Terms(old.row, old.column, old.value)), (number, terms)]),
        integer=None if soft.integer is None else np.concatenate([soft.integer, np.zeros(wide, dtype=bool)]),
    )


@dataclass(frozen=True)
class _Roomy(Lines):
    """The lines of a scenario without the bounds that follow from limits which may give way."""

    @cached_property
    def upper(self) -> NDArray[np.int64]:
        """Fixed money stays, everything else may hold any amount."""
        return np.where(self.fixed, self.decided, ROOM)

    @cached_property
    def moves(self) -> Moves:
        """Carry-overs keep their limits, transfers have those of their rule alone."""
        moves = build_moves(self.facts)
        upper = moves.upper.copy()
        upper[moves.transfers] = ROOM
        return replace(moves, upper=upper)


def lawful_ledger(scenario: Scenario, program: LinearProgram) -> NDArray[np.int64] | None:
    """Solve a program over a scenario's lines and return its plan in whole steps; None when there is none."""
    options = Options(time_limit=20.0)
    lines = _Roomy(**{f.name: getattr(scenario.lines, f.name) for f in fields(Lines)})
    upper = program.upper.copy()
    upper[len(lines) + lines.moves.transfers] = np.inf
    program = replace(program, upper=upper)
    solution = solve_mixed(program, options)
    if not solution.usable:
        return None
    try:
        return round_plan(fix_switches(program, solution.values), solution, lines, options).steps
    except FundallocError:
        return None


def _priced(made: tuple[Change, ...], broken: Sequence[Finding]) -> Repair:
    tiers = {"law": 0, "political": 1, "practice": 2}
    by_tier, members = [Fraction(0)] * 3, 0
    for finding in broken:
        if finding.rule.unit == "million EUR":
            by_tier[tiers[finding.rule.negotiable]] += -finding.headroom
        else:
            members += int(-finding.headroom)
    return Repair(made, sum(by_tier, Fraction(0)), (by_tier[0], by_tier[1], by_tier[2]), members)
