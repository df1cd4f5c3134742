"""Ways out of a scenario without a plan: which demands give way, law as little as possible, then politics, then practice.

The elastic program (J. W. Chinneck, Feasibility and Infeasibility in Optimization, 2008) lets every demand be missed at a
price. Tier by tier what is missed is made as small as can be and then held. Other ways come from holding, in turn, what gave
way before; the cheapest comes first. From a way comes a plan in whole rounding steps, for a program in which its demands give way.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import count

import numpy as np

from fundalloc.errors import FundallocError
from fundalloc.facts.lines import Lines
from fundalloc.facts.moves import Moves, build_moves
from fundalloc.insight.conflict.minimal_sets import group_of
from fundalloc.insight.conflict.suspects import FINER, FIXED, Suspect, System
from fundalloc.model.elastic import elastic_program
from fundalloc.model.linear_program import LinearProgram, Terms
from fundalloc.money import Floats, IntArray
from fundalloc.optimise.rounding import round_plan
from fundalloc.optimise.stage_programs import append
from fundalloc.optimise.switches import fix_switches, solve_mixed
from fundalloc.rules.kind import Kind
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options, Solution

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
NODES = 200
"""Nodes after which the search for switches of a plan in whole steps stops."""
ROOM = 10**15
"""Rounding steps that no plan reaches."""
_EVEN = 1e-3
"""How much an even spread over the years counts against a smaller sum."""


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
        suspect_of = {system.suspects[k].rows[0]: k for k in self.movable}
        self._elastic = elastic_program(system.program, np.array(list(suspect_of), dtype=np.intp))
        self._owner = np.array([suspect_of[int(row)] for row in self._elastic.row], dtype=np.intp)
        """The suspect of every missing column."""
        self._rank = np.array([system.suspects[k].rank for k in self._owner], dtype=np.intp)
        counted = [rule is not None and not rule.in_money for rule in (system.suspects[k].rule for k in self._owner)]
        self._weight = np.where(counted, FINER, 1.0)  # one member of a count weighs like a million
        self._warm = system.solver()

    def ways(self) -> Iterator[Way]:
        """Yield the best way, the best without practice, the best by law alone, and then the next best ones."""
        number = count()
        starts = [frozenset(k for k in self.movable if self.system.suspects[k].rank < low) for low in (1, 2, 3)]
        queue: list[tuple[int, tuple[float, ...], int, frozenset[int], Way]] = []
        tried, seen = set(starts), set[tuple[int, ...]]()

        def push(order: int, held: frozenset[int]) -> None:
            if (way := self._out(held)) is not None:
                heapq.heappush(queue, (order, way.cost, next(number), held, way))

        for held in starts:
            push(0, held)
        while queue:
            _, _, _, held, way = heapq.heappop(queue)
            if way.suspects not in seen:
                seen.add(way.suspects)
                yield way
            for more in self._others(held, way):
                if more not in tried and len(tried) < OUTS and not self.system.options.over:
                    tried.add(more)
                    push(1, more)

    def _others(self, held: frozenset[int], way: Way) -> Iterator[frozenset[int]]:
        """Hold what gave way: group by group, or rule by rule when there are many."""
        suspects = self.system.suspects
        names = {k: group_of(suspects[k]) for k in self.movable}
        groups = dict.fromkeys(names[k] for k in way.suspects)
        owners = dict.fromkeys(group[0] for group in groups)
        whole = [owner for owner in owners if len(groups) > _MANY or together(suspects, way.suspects, owner)]
        for owner in whole:
            yield held | {k for k in self.movable if suspects[k].owner == owner}
        for group in groups:
            if group[0] not in whole:
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


def alike(rule: Kind | None) -> bool:
    """Return whether several members of a rule each have an amount of their own: all of these may give way alike."""
    if rule is None or rule.built_in or rule.own_words or rule.relative or not rule.in_money:
        return False
    return all("" not in figures and len(figures) > 1 for _, figures in rule.limits())


# -- a way out in whole rounding steps -------------------------------------------------------------------------------------


def giving_way(program: LinearProgram, groups: Mapping[int, int], figures: Mapping[int, float]) -> LinearProgram:
    """Return the elastic program of some rows (row → group) in which the rows of a group share what is missed as evenly as possible.

    Rows with `figures` miss the same part of these, which is made as small as can be before anything else.
    """
    elastic = elastic_program(program, np.array(list(groups), dtype=np.intp))
    soft = elastic.program
    group = np.array([groups[int(row)] for row in elastic.row], dtype=np.intp)
    number, first, wide = len(group), soft.shape[1], int(group.max(initial=-1)) + 1
    size = np.bincount(group, minlength=wide).astype(float)
    share = np.array([figures.get(int(row), 1.0) for row in elastic.row])
    in_parts = np.bincount(group, np.isin(elastic.row, list(figures)), minlength=wide) > 0
    price = np.where(in_parts, 2 * np.bincount(group, share, minlength=wide), _EVEN * size)
    terms = Terms(
        np.tile(np.arange(number), 2),
        np.concatenate([elastic.first + np.arange(number), first + group]),
        np.concatenate([np.ones(number), -share]),
    )
    return append(soft, -price, np.zeros(wide), np.full(wide, np.inf), np.full(number, -np.inf), np.zeros(number), terms)


@dataclass(frozen=True)
class _Roomy(Lines):
    """The lines of a scenario without the bounds that follow from limits which may give way."""

    @cached_property
    def upper(self) -> IntArray:
        """Fixed money stays, everything else may hold any amount."""
        return np.where(self.fixed, self.decided, ROOM)

    @cached_property
    def moves(self) -> Moves:
        """Carry-overs keep their limits, transfers have those of their rule alone."""
        moves = build_moves(self.facts)
        upper = moves.upper.copy()
        upper[moves.transfers] = ROOM
        return replace(moves, upper=upper)


def lawful_ledger(scenario: Scenario, program: LinearProgram, options: Options) -> IntArray | None:
    """Solve a program over a scenario's lines and return its plan in whole steps; None when there is none."""
    options = options.own(nodes=NODES)
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
