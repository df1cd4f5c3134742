"""Ways out of a scenario without a plan: which demands give way, law as little as possible, then politics, then practice.

The elastic program (J. W. Chinneck, Feasibility and Infeasibility in Optimization, 2008) lets every demand be missed at a
price. Tier by tier what is missed is made as small as can be and then held. Other ways come from holding, in turn, what gave
way before; the cheapest comes first.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from fundalloc.insight.conflict.minimal_sets import group_of
from fundalloc.insight.conflict.suspects import FINER, FIXED, Suspect, System
from fundalloc.model.elastic import Elastic, elastic_program
from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats
from fundalloc.optimise.switches import solve_mixed
from fundalloc.solvers import Solution

_TIERS = (3, 2, 1)
"""Law, political, practice: what is missed as little as possible first."""
_NOTHING = 1e-4
"""Thousands of euro that count as nothing: a tenth of a euro."""
_MANY = 4
"""Groups that give way together from which whole rules are held instead of single groups."""
_GAP, _NODES = 1e-6, 500
"""Where the search for the best switches of a way out stops."""
OUTS = 100
"""Ways out that are looked for; those that are known already are found again and again."""


@dataclass(frozen=True)
class Way:
    """One way out: the suspects that give way, and how much by tier, in thousands of euro."""

    suspects: tuple[int, ...]
    cost: tuple[float, ...]


class WayFinder:
    """Looks for ways out. `relaxed`: with switches between on and off, which is faster."""

    def __init__(self, system: System, *, relaxed: bool) -> None:
        self.system, self.relaxed = system, relaxed
        self.movable = [k for k, s in enumerate(system.suspects) if s.rank < FIXED and not (s.rule and s.rule.follows(s.member))]
        self._elastic, self._owner = _elastic(system, self.movable)
        self._rank = np.array([system.suspects[k].rank for k in self._owner], dtype=np.intp)
        self._warm = system.solver()

    def ways(self) -> Iterator[Way]:
        """Yield the best way, the best without practice, the best by law alone, and then the next best ones."""
        number = count()
        starts = [frozenset(k for k in self.movable if self.system.suspects[k].rank < low) for low in (1, 2, 3)]
        queue: list[tuple[int, tuple[float, ...], int, frozenset[int], Way]] = []
        tried, seen = set(starts), set[tuple[int, ...]]()
        for held in starts:
            way = self._out(held)
            if way is not None:
                heapq.heappush(queue, (0, way.cost, next(number), held, way))
        while queue:
            _, _, _, held, way = heapq.heappop(queue)
            if way.suspects not in seen:
                seen.add(way.suspects)
                yield way
            for more in self._others(held, way):
                if more in tried or len(tried) == OUTS or self.system.options.over:
                    continue
                tried.add(more)
                other = self._out(more)
                if other is not None:
                    heapq.heappush(queue, (1, other.cost, next(number), more, other))

    def _others(self, held: frozenset[int], way: Way) -> Iterator[frozenset[int]]:
        """Hold what gave way: group by group, or rule by rule when there are many."""
        suspects = self.system.suspects
        names = {k: group_of(suspects[k]) for k in self.movable}
        groups = dict.fromkeys(names[k] for k in way.suspects)
        owners = Counter(group[0] for group in groups)
        for owner in owners if len(groups) > _MANY else [owner for owner in owners if together(suspects, way.suspects, owner)]:
            yield held | {k for k in self.movable if suspects[k].owner == owner}
        if len(groups) <= _MANY:
            for group in groups:
                if not together(suspects, way.suspects, group[0]):
                    yield held | {k for k in self.movable if names[k] == group}

    def _out(self, held: frozenset[int]) -> Way | None:
        """Miss law as little as possible, then political rules, then practice; only what is not held may give way."""
        first, program, rank = self._elastic.first, self._elastic.program, self._rank
        fixed = np.isin(self._owner, list(held))
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
                return self._way(values)
        return None

    def _solve(self, program: LinearProgram) -> Solution:
        if self.relaxed or program.integer is None:
            return self._warm.solve(replace(program, integer=None))
        return solve_mixed(program, self.system.options.own(gap=_GAP, nodes=_NODES))

    @property
    def _weight(self) -> Floats:
        """One member of a count weighs like a million."""
        counted = [rule is not None and not rule.in_money for rule in (self.system.suspects[k].rule for k in self._owner)]
        return np.where(counted, FINER, 1.0)

    def _way(self, values: Floats) -> Way:
        used = sorted({int(k) for k, missed in zip(self._owner, values, strict=True) if missed >= _NOTHING})
        weighed = values * self._weight
        return Way(tuple(used), tuple(float(np.round(weighed[self._rank == tier].sum(), 3)) for tier in _TIERS))


def together(suspects: Sequence[Suspect], giving: Sequence[int], owner: object) -> bool:
    """Return whether several members of a rule give way that has one figure for all of them: then that figure changes."""
    mine = [suspects[k] for k in giving if suspects[k].owner == owner]
    rule = mine[0].rule if mine else None
    if rule is None or rule.built_in or rule.own_words or len({group_of(s) for s in mine}) < 2:
        return False
    return all(set(figures) == {""} for _, figures in rule.limits())


def _elastic(system: System, movable: Sequence[int]) -> tuple[Elastic, NDArray[np.intp]]:
    """Let the rows of these suspects be missed; also return the suspect of every missing column."""
    rows = np.array([system.suspects[k].rows[0] for k in movable], dtype=np.intp)
    elastic = elastic_program(system.program, rows)
    suspect_of = dict(zip((int(r) for r in rows), movable, strict=True))
    return elastic, np.array([suspect_of[int(row)] for row in elastic.row], dtype=np.intp)
