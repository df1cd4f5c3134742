"""What could change so that a plan exists: the cheapest repairs, each priced and proved.

Each way out (`giving_way`) becomes a plan in whole rounding steps that keeps everything but the demands that give way. Their new
figures are what this plan reaches: every rule says itself which of its figures that are, and what no figure can express becomes
a soft rule. The scenario with these figures is read again, and the plan verified under it; only then it is solved as
`fundalloc run` does, for the score that is stated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

import numpy as np

from fundalloc.errors import FundallocError, counted
from fundalloc.insight.conflict.describing import reachable
from fundalloc.insight.conflict.diagnose import Diagnosis, diagnose, lifted
from fundalloc.insight.conflict.giving_way import Way, WayFinder, alike, giving_way, lawful_ledger, together
from fundalloc.insight.conflict.minimal_sets import group_of
from fundalloc.insight.conflict.suspects import Suspect, build_system
from fundalloc.model.compile import compile_program
from fundalloc.money import IntArray
from fundalloc.plan.naming import money
from fundalloc.plan.verify import BREACH, Finding, measure_rules, verify
from fundalloc.rules._consequences import Loosening, Missed, Setting, scaled_figures
from fundalloc.run import solve, with_baseline
from fundalloc.scenario.document import Tree, listed
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options

MOST = 5
"""Repairs that are offered."""
TRIED = 20
"""Ways out that are made into plans; after so many no further repair is sought."""
MORE = Fraction(101, 100)
"""How much more money may give way where all figures of a rule change alike, for this to be offered before one by one."""
SCORING = 0
"""Nodes of a search for the score of a repair: where switches need one, what is known before it is stated as that."""
SOFT = "10"
"""Points per EUR million at which a rule gives way: dearer than a euro earns nearly everywhere."""
TIERS = ("law", "political", "practice")
Reload = Callable[[Sequence[tuple[str, object]]], Scenario]
"""Reads the scenario again with these values set."""


@dataclass(frozen=True)
class Amendment:
    """One change of a scenario."""

    says: str
    path: str
    value: object
    """What to write there: `--set path=value`."""
    negotiable: str


@dataclass(frozen=True)
class Repair:
    """A change of the scenario after which a plan exists."""

    changes: tuple[Amendment, ...]
    moved: Fraction
    """EUR million by which demands give way."""
    by_tier: tuple[Fraction, ...]
    """The same for each of TIERS."""
    score: float = math.nan
    """What `fundalloc run` reaches with it, in whole steps."""
    members: int = 0
    """By how much limits on numbers of members give way."""
    stopped: bool = False
    """Whether a limit stopped the search for the score, so that a run may reach more."""
    before: tuple[Fraction, ...] = ()
    """`by_tier` of the repair member by member before which this one, of all figures of a rule alike, is offered."""

    @property
    def touches(self) -> str:
        """The words for what changes: practice, political, law."""
        return ", ".join(word for word in reversed(TIERS) if any(change.negotiable == word for change in self.changes))

    @property
    def values(self) -> list[tuple[str, object]]:
        """What to write: `--set key=value`."""
        return [(change.path, change.value) for change in self.changes]

    @property
    def says(self) -> str:
        """The repair in one sentence."""
        return "; ".join(change.says for change in self.changes)


def find_repairs(
    scenario: Scenario, reload: Reload, diagnosis: Diagnosis, most: int = MOST, options: Options | None = None, tried: int = TRIED
) -> list[Repair]:
    """Return up to `most` verified repairs, by practice, politics, law, then cost. Of the options counts the time limit alone."""
    options = (options or Options()).begun()
    workshop = _Workshop(with_baseline(scenario, options), reload, options, tried)
    if first := workshop.within_reach():
        return [repair for start in first for repair in _onwards(workshop, start, most)][:most]
    found: dict[str, Repair] = {}
    for repair in (*workshop.reopenings(diagnosis), *workshop.givings(most)):
        found.setdefault(repair.says, repair)
    softened = {says: sum(change.path.endswith(".soft") for change in repair.changes) for says, repair in found.items()}
    ordered = sorted(found.values(), key=lambda r: (r.before or r.by_tier, not r.before, softened[r.says], len(r.changes), r.says))[:most]
    return [scored for repair in ordered if (scored := workshop.scored(repair)) is not None]


def _onwards(workshop: _Workshop, start: Repair, most: int) -> list[Repair]:
    """Return the repair itself, or where that is not enough, with every repair of the scenario that it leaves."""
    if (alone := workshop.scored(start)) is not None:
        return [alone]
    changed, options = workshop.changed(start), workshop.options
    diagnosis = diagnose(changed, options=options)
    others = find_repairs(changed, lambda more: workshop.reload([*start.values, *more]), diagnosis, most, options, workshop.tried)
    return [replace(other, changes=start.changes + other.changes, moved=start.moved + other.moved) for other in others]


class _Workshop:
    """Makes repairs of a scenario whose baseline is solved."""

    def __init__(self, scenario: Scenario, reload: Reload, options: Options, tried: int) -> None:
        self.scenario, self.reload, self.options, self.tried = scenario, reload, options, tried
        self.shared = set[frozenset[object]]()
        """The groups of ways out in which all figures of a rule were changed alike: more ways than one lead there."""
        self.program = compile_program(scenario)
        self.system = build_system(self.program, scenario.lines, options)

    def givings(self, most: int) -> Iterator[Repair]:
        """Yield repairs in which demands give way, with switches as they are when nothing simpler holds in whole steps."""
        for relaxed in (False,) if self.system.feasible(self.system.everyone, relaxed=True) else (True, False):
            ways = islice(WayFinder(self.system, relaxed=relaxed).ways(), self.tried)
            offered = list(islice((repair for way in ways for repair in self._repairs(way)), most))
            yield from offered
            if offered:
                return

    def within_reach(self) -> list[Repair]:
        """Return, for exact figures that whole steps cannot reach, the two ways to the nearest that they can; none without any."""
        found: tuple[list[Finding], list[Finding]] = [], []
        for block in self.program.blocks:
            rule, demands = block.rule, block.demands
            if rule is None or demands is None:
                continue
            for k in np.flatnonzero(self.program.row_lower[block.rows] > self.program.row_upper[block.rows]):
                figure = demands.figure[k]
                for side, end in zip(found, reachable(self.scenario, rule, demands, int(k)) or (), strict=False):
                    side.append(Finding(rule, demands.member[k], demands.sense[k], figure, end, figure, -abs(end - figure), BREACH))
        return [_priced(tuple(changes(self.scenario, side)), side) for side in found if side]

    def _repairs(self, way: Way) -> Iterator[Repair]:
        """Yield what becomes of a way out: where members have figures of their own first all of them alike, then one by one."""
        alone, giving = self._repair(way), [self.system.suspects[k] for k in way.suspects]
        scaled = {suspect.owner for suspect in giving if alike(suspect.rule)}
        sharing = frozenset(group for _, group in self._sharing(way, scaled))
        if scaled and sharing not in self.shared:
            self.shared.add(sharing)
            whole = self._repair(way, scaled)
            if whole is not None and alone is not None and whole.moved <= MORE * alone.moved:
                whole = replace(whole, before=alone.by_tier)
            if whole is not None and (alone is None or len(whole.changes) <= len(alone.changes)):
                yield whole
        if alone is not None:
            yield alone

    def _repair(self, way: Way, scaled: Collection[str] = ()) -> Repair | None:
        """Round the way out, read off the new figures, and verify; None when it does not hold in whole steps."""
        sharing, groups, numbers, figures = self._sharing(way, scaled), {}, dict[object, int](), {}
        for suspect, group in sharing:
            block = self.program.block(suspect.owner)
            assert block is not None
            row = block.rows.start + suspect.demand
            groups[row] = numbers.setdefault(group, len(numbers))
            if suspect.owner in scaled and suspect.demands is not None:
                figures[row] = float(suspect.demands.figure[suspect.demand])
        ledger = lawful_ledger(self.scenario, giving_way(self.program, groups, figures), self.options)
        if ledger is None:
            return None
        broken = [f for f in measure_rules(self.scenario, ledger) if f.status == BREACH]
        allowed = {(suspect.owner, suspect.member) for suspect, _ in sharing}
        if not broken or any((f.rule.id, f.member) not in allowed for f in broken):
            return None
        repair = _priced(tuple(changes(self.scenario, broken, scaled)), broken)
        return repair if self._holds(repair, ledger) else None

    def _sharing(self, way: Way, scaled: Collection[str]) -> list[tuple[Suspect, object]]:
        """Return what may give way, and with whom: all years of what does, and all members of a rule that changes whole, share evenly."""
        suspects = self.system.suspects
        groups = {group_of(suspects[k]) for k in way.suspects}
        whole = set(scaled) | {suspects[k].owner for k in way.suspects if together(suspects, way.suspects, suspects[k].owner)}
        concerned = (s for s in suspects if s.rule is not None and (group_of(s) in groups or s.owner in whole))
        return [(s, s.owner if s.owner in whole else group_of(s)) for s in concerned]

    def changed(self, repair: Repair) -> Scenario:
        """Read the changed scenario; it starts from the plan that this one starts from."""
        changed = self.reload(repair.values)
        if changed.baseline is None and self.scenario.facts.baseline is None:
            return changed
        return replace(changed, facts=replace(changed.facts, baseline=self.scenario.facts.baseline), baseline=None)

    def _holds(self, repair: Repair, ledger: IntArray) -> bool:
        try:
            changed = self.changed(repair)
            if len(ledger) != len(changed.lines.ledger):
                return False
            verify(changed, ledger)
        except FundallocError:
            return False
        return True

    def scored(self, repair: Repair) -> Repair | None:
        """Return the repair with the score that a run of it reaches; None when that finds no plan."""
        try:
            plan = solve(self.changed(repair), self.options.own(nodes=SCORING))
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
            new = ~np.isin(opened.lines.keys, self.scenario.lines.keys)
            cost = np.zeros(program.shape[1])
            cost[: len(new)] = np.where(new, -1.0, 0.0)
            ledger = lawful_ledger(opened, replace(program, cost=cost), self.options)
            if ledger is None:
                continue
            clause = next(c for c in self.scenario.facts.exclude if c.id == name)
            moved = Fraction(int(ledger[: len(new)][new].sum())) * self.scenario.facts.step
            says = f"lift the exclusion “{name}” ({clause.reason}) for EUR {money(self.scenario, moved)} million"
            change = Amendment(says, f"exclude.{name}", {"off": True, "reason": "Lifted so that a plan exists"}, "political")
            repair = Repair((change,), moved, (Fraction(0), moved, Fraction(0)))
            if self._holds(repair, ledger):
                yield repair


def _priced(made: tuple[Amendment, ...], broken: Sequence[Finding]) -> Repair:
    money = [(f.rule.negotiable, -f.headroom) for f in broken if f.rule.in_money]
    by_tier = tuple(sum((missed for own, missed in money if own == tier), Fraction(0)) for tier in TIERS)
    return Repair(made, sum(by_tier, Fraction(0)), by_tier, members=sum(int(-f.headroom) for f in broken if not f.rule.in_money))


def changes(scenario: Scenario, broken: Sequence[Finding], scaled: Collection[str] = ()) -> list[Amendment]:
    """Return the changes that make a plan lawful which breaks these demands; one per rule, or per instrument and partnership.

    All figures of the rules that are `scaled` change alike.
    """
    by_rule: dict[tuple[str, str], list[Finding]] = {}
    for finding in broken:
        own = finding.member[0] if finding.rule.built_in else finding.sense.value
        by_rule.setdefault((finding.rule.id, own), []).append(finding)
    setting = Setting(scenario.lines, scenario.names(), scenario.labels(), scenario.speaks(), _adjusted(scenario))
    out = []
    for found in by_rule.values():
        rule = found[0].rule
        missed = [Missed(f.member, f.sense, f.figure, f.amount, f.limit, f.base) for f in found]
        whole = scaled_figures(rule, setting, missed) if rule.id in scaled else None
        out.append(Amendment(*(whole or rule.loosened(setting, missed) or _give_way(setting, found)), rule.negotiable))
    return out


def _adjusted(scenario: Scenario) -> frozenset[str]:
    section = scenario.tree.mapping("adjust")
    entries = section.items.values() if section else ()
    items = [item for entry in entries for item in listed(entry)]
    return frozenset(key for item in items if isinstance(item, Tree) for key in item.items)


def _give_way(setting: Setting, found: Sequence[Finding]) -> Loosening:
    """Make a rule soft: it gives way where it must, at a price."""
    rule = found[0].rule
    missed = sum((-f.headroom for f in found), Fraction(0))
    amount = setting.money(missed) if rule.in_money else counted(int(missed), rule.unit)
    says = f"let “{rule.said_of_all(setting.language)}” give way by {amount} (soft, {SOFT} points per unit missed)"
    return Loosening(says, f"rules.{rule.id}.soft", SOFT)
