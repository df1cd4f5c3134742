"""What could change so that a plan exists: the cheapest repairs, each priced and proved.

Each way out (`giving_way`) becomes a plan in whole rounding steps that keeps everything but the demands that give way
(`whole_steps`). Their new figures are what this plan reaches (`changes`). The scenario with these figures is read again, and
the plan verified under it; only then it is solved as `fundalloc run` does, for the score that is stated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import FundallocError
from fundalloc.insight.conflict.changes import Change, changes
from fundalloc.insight.conflict.describing import reachable
from fundalloc.insight.conflict.diagnose import Diagnosis, diagnose, lifted
from fundalloc.insight.conflict.giving_way import Way, WayFinder, together
from fundalloc.insight.conflict.minimal_sets import group_of
from fundalloc.insight.conflict.suspects import Suspect, build_system
from fundalloc.insight.conflict.whole_steps import giving_way, lawful_ledger
from fundalloc.model.compile import compile_program
from fundalloc.plan.naming import money
from fundalloc.plan.verify import BREACH, Finding, measure_rules, verify
from fundalloc.run import solve, with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options

MOST = 5
"""Repairs that are offered."""
TRIED = 20
"""Ways out that are made into plans; after so many no further repair is sought."""
SCORING = 0
"""Nodes of a search for the score of a repair: where switches need one, what is known before it is stated as that."""
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
    score: float = math.nan
    """What `fundalloc run` reaches with it, in whole steps."""
    members: int = 0
    """By how much limits on numbers of members give way."""
    stopped: bool = False
    """Whether a limit stopped the search for the score, so that a run may reach more."""

    @property
    def touches(self) -> str:
        """The words for what changes: practice, political, law."""
        order = ("practice", "political", "law")
        return ", ".join(word for word in order if any(change.negotiable == word for change in self.changes))

    @property
    def softened(self) -> int:
        """How many changes make a rule soft instead of giving it another figure."""
        return sum(change.path.endswith(".soft") for change in self.changes)

    @property
    def says(self) -> str:
        """The repair in one sentence."""
        return "; ".join(change.says for change in self.changes)


def find_repairs(
    scenario: Scenario, reload: Reload, diagnosis: Diagnosis, most: int = MOST, options: Options | None = None, tried: int = TRIED
) -> list[Repair]:
    """Return up to `most` verified repairs, practice before political rules, law last, the cheapest first in each.

    Of the options counts the time limit alone.
    """
    options = (options or Options()).begun()
    workshop = _Workshop(with_baseline(scenario, options), reload, options, tried)
    if first := workshop.within_reach():
        return [repair for start in first for repair in _onwards(workshop, start, most)][:most]
    found: dict[str, Repair] = {}
    for repair in (*workshop.reopenings(diagnosis), *workshop.givings(most)):
        found.setdefault(repair.says, repair)
    ordered = sorted(found.values(), key=lambda r: (r.by_tier, r.softened, len(r.changes), r.says))[:most]
    return [scored for repair in ordered if (scored := workshop.scored(repair)) is not None]


def _onwards(workshop: _Workshop, start: Repair, most: int) -> list[Repair]:
    """Return the repair itself, or where that is not enough, with every repair of the scenario that it leaves."""
    if (alone := workshop.scored(start)) is not None:
        return [alone]
    changed, made = workshop.changed(start.changes), [(change.path, change.value) for change in start.changes]
    options = workshop.options
    diagnosis = diagnose(changed, options=options)
    others = find_repairs(changed, lambda more: workshop.reload([*made, *more]), diagnosis, most, options, workshop.tried)
    return [replace(other, changes=start.changes + other.changes, moved=start.moved + other.moved) for other in others]


class _Workshop:
    """Makes repairs of a scenario whose baseline is solved."""

    def __init__(self, scenario: Scenario, reload: Reload, options: Options, tried: int) -> None:
        self.scenario, self.reload, self.options, self.tried = scenario, reload, options, tried
        self.program = compile_program(scenario)
        self.system = build_system(self.program, scenario.lines, options)

    def givings(self, most: int) -> Iterator[Repair]:
        """Yield repairs in which demands give way, with switches as they are when nothing simpler holds in whole steps."""
        offered = 0
        modes = (False,) if self.system.feasible(self.system.everyone, relaxed=True) else (True, False)
        for relaxed in modes:
            for way in islice(WayFinder(self.system, relaxed=relaxed).ways(), self.tried):
                repair = self._repair(way)
                if repair is not None:
                    offered += 1
                    yield repair
                if offered == most:
                    return
            if offered:
                return

    def within_reach(self) -> list[Repair]:
        """Return, for exact figures that whole steps cannot reach, the two ways to the nearest that they can; none without any."""
        found: tuple[list[Finding], list[Finding]] = [], []
        for block in self.program.blocks:
            rule, demands = block.rule, block.demands
            for k in np.flatnonzero(self.program.row_lower[block.rows] > self.program.row_upper[block.rows]):
                assert rule is not None
                assert demands is not None
                ends = reachable(self.scenario, rule, demands, int(k))
                figure = demands.figure[k]
                for side, end in zip(found, ends or (), strict=False):
                    side.append(Finding(rule, demands.member[k], demands.sense[k], figure, end, figure, -abs(end - figure), BREACH))
        return [_priced(tuple(changes(self.scenario, side)), side) for side in found if side]

    def _repair(self, way: Way) -> Repair | None:
        """Round the way out, read off the new figures, and verify; None when it does not hold in whole steps."""
        suspects = self._concerned(way)
        rows = []
        for suspect in suspects:
            block = self.program.block(suspect.owner)
            assert block is not None
            rows.append(block.rows.start + suspect.demand)
        program = giving_way(self.program, np.array(rows, dtype=np.intp), self._numbered(way, suspects))
        ledger = lawful_ledger(self.scenario, program, self.options)
        if ledger is None:
            return None
        broken = [f for f in measure_rules(self.scenario, ledger) if f.status == BREACH]
        allowed = {(s.owner, s.member) for s in suspects}
        if not broken or any((f.rule.id, f.member) not in allowed for f in broken):
            return None
        made = tuple(changes(self.scenario, broken))
        return _priced(made, broken) if self._holds(made, ledger) else None

    def _concerned(self, way: Way) -> list[Suspect]:
        """Return what may give way: all years of what gives way, and all members of a rule with one figure, to share it evenly."""
        suspects = self.system.suspects
        names = {group_of(suspects[k]) for k in way.suspects}
        whole = {suspects[k].owner for k in way.suspects if together(suspects, way.suspects, suspects[k].owner)}
        return [s for s in suspects if s.rule is not None and (group_of(s) in names or s.owner in whole)]

    def _numbered(self, way: Way, suspects: Sequence[Suspect]) -> list[int]:
        """Return the number of the group in which each of these shares what gives way."""
        names = [s.owner if together(self.system.suspects, way.suspects, s.owner) else group_of(s) for s in suspects]
        order: list[object] = list(dict.fromkeys(names))
        return [order.index(name) for name in names]

    def changed(self, made: Sequence[Change]) -> Scenario:
        """Read the changed scenario; it starts from the plan that this one starts from."""
        changed = self.reload([(change.path, change.value) for change in made])
        if changed.baseline is None and self.scenario.facts.baseline is None:
            return changed
        return replace(changed, facts=replace(changed.facts, baseline=self.scenario.facts.baseline), baseline=None)

    def _holds(self, made: Sequence[Change], ledger: NDArray[np.int64]) -> bool:
        """Return whether the plan keeps every rule of the changed scenario."""
        try:
            changed = self.changed(made)
            if len(ledger) != len(changed.lines.ledger):
                return False
            verify(changed, ledger)
        except FundallocError:
            return False
        return True

    def scored(self, repair: Repair) -> Repair | None:
        """Return the repair with the score that a run of it reaches; None when that finds no plan."""
        try:
            plan = solve(self.changed(repair.changes), self.options.own(nodes=SCORING))
        except FundallocError:
            return None
        return replace(repair, score=plan.score, stopped=plan.log.stopped)

    def reopenings(self, diagnosis: Diagnosis) -> Iterator[Repair]:
        """Yield repairs that lift one `exclude` entry, with the least money that must then flow there."""
        for name in dict.fromkeys(name for clash in diagnosis.clashes for name in clash.barred):
            opened = replace(self.scenario, facts=lifted(self.scenario.facts, name))
            program = compile_program(opened)
            system = build_system(program, opened.lines, self.options)
            if not system.feasible(system.everyone):
                continue
            closed = set(self.scenario.lines.ids)
            new = np.array([ids not in closed for ids in opened.lines.ids], dtype=bool)
            cost = np.zeros(program.shape[1])
            cost[: len(new)] = np.where(new, -1.0, 0.0)
            ledger = lawful_ledger(opened, replace(program, cost=cost), self.options)
            if ledger is None:
                continue
            clause = next(c for c in self.scenario.facts.exclude if c.id == name)
            moved = Fraction(int(ledger[: len(new)][new].sum())) * self.scenario.facts.step
            says = f"lift the exclusion “{name}” ({clause.reason}) for EUR {money(self.scenario, moved)} million"
            change = Change(says, f"exclude.{name}", {"off": True, "reason": "Lifted so that a plan exists"}, "political", name)
            if self._holds([change], ledger):
                yield Repair((change,), moved, (Fraction(0), moved, Fraction(0)))


def _priced(made: tuple[Change, ...], broken: Sequence[Finding]) -> Repair:
    tiers = {"law": 0, "political": 1, "practice": 2}
    by_tier, members = [Fraction(0)] * 3, 0
    for finding in broken:
        if finding.rule.in_money:
            by_tier[tiers[finding.rule.negotiable]] += -finding.headroom
        else:
            members += int(-finding.headroom)
    return Repair(made, sum(by_tier, Fraction(0)), (by_tier[0], by_tier[1], by_tier[2]), members=members)
