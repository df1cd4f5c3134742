"""Why some lines get another amount here than there: the difference, split into groups of inputs.

The groups are exchanged between the two scenarios in all combinations, and every mixture is solved and settled as close to
the plan there as it can be, before rounding. The part of a group is its step averaged over all orders in which the groups can
be exchanged, so the parts depend on no order. They end at the plan, among those as good as the one here, that is closest to the
one there; from that to the plan here is a choice among equally good plans, a part of its own. All parts add up to the
difference exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from fundalloc.compare.measures import by_pair
from fundalloc.compare.shares import Value, apportion, attribute
from fundalloc.errors import Infeasible, SolverFailed, UsageError
from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.entities import Instrument, Partnership, Record
from fundalloc.facts.facts import Decided, Facts, Needs
from fundalloc.facts.fields import told_fields
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.target import Target
from fundalloc.money import Exact, Floats
from fundalloc.optimise.stages import Progress, closest, find_optimum
from fundalloc.pool import cores
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import read_plan
from fundalloc.scenario.plans.files import named_scenario
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers.warm import WarmSolvers

UNIT = Fraction(1, 1_000_000)
"""Amounts are shared out in millionths of EUR million."""
CHOICE = "choice"
"""The part that no input makes: which of equally good plans a run settles on."""
Entity = TypeVar("Entity", Instrument, Partnership)
GROUPS = ("need", "priority", "rules", "ceilings", "decided money", "everything else")
"""Absorption and transfers count as ceilings, closed years as decided money."""
_CEILINGS = ("ceiling", "reserve", "carry_over")


@dataclass(frozen=True)
class DifferenceParts:
    """A difference and its parts, EUR million."""

    here: Fraction
    there: Fraction
    parts: Mapping[str, Fraction]
    """Group → what it contributes to here − there; only groups that differ, and CHOICE if it does. Empty when the split cannot be made."""
    solved: int
    """Mixtures solved, both scenarios included."""
    reason: str = ""
    """Why there is no split."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        parts = {group: float(part) for group, part in self.parts.items()}
        return {"here": float(self.here), "there": float(self.there), "parts": parts, "solved": self.solved, "reason": self.reason}


def why_less(here: Bench, there: Bench | None, words: Mapping[str, str]) -> DifferenceParts:
    """Split the difference between the amounts of some lines (dimension → word) here and there; `there` is None without a plan."""

    def total(scenario: Scenario, amounts: Floats) -> Value:
        return np.array([round(float(amounts[Target(scenario, dict(words)).lines].sum()) / float(UNIT))], dtype=np.int64)

    own = total(here.scenario, here.amounts)
    if there is None:
        return DifferenceParts(int(own[0]) * UNIT, Fraction(0), {}, 1, "no plan exists there")
    near, first, solved = dict(zip(there.lines.ids, there.amounts.tolist(), strict=True)), there.scenario, 2

    def beside(scenario: Scenario) -> Floats:
        return np.array([near.get(ids, 0.0) for ids in scenario.lines.ids])

    def amount(scenario: Scenario) -> Value | None:
        try:
            optimum = find_optimum(scenario, here.options, beside=beside(scenario), priced=False, solve=WarmSolvers())
        except (Infeasible, SolverFailed):
            return None
        return total(scenario, optimum.values[: len(scenario.lines)])

    def between(sets: Sequence[int]) -> dict[int, Value]:
        nonlocal solved
        taken = {one: frozenset(group for k, group in enumerate(groups) if one >> k & 1) for one in sets}
        mixtures = {one: mixture for one in sets if (mixture := mixed(first, here.scenario, taken[one])) is not None}
        solved += len(mixtures)
        with ThreadPoolExecutor(cores()) as threads:  # the solver lets other threads run
            found = zip(mixtures, threads.map(amount, mixtures.values()), strict=True)
            return {one: value for one, value in found if value is not None}

    found = None if here.equals is None else closest(here.equals, here.lines, beside(here.scenario), here.options)
    start, goal = total(first, there.amounts), own if found is None else total(here.scenario, found[: len(here.lines)])
    whole = DifferenceParts(int(own[0]) * UNIT, int(start[0]) * UNIT, {}, solved)
    if here.scenario.facts.years != first.facts.years:
        return replace(whole, reason="the two scenarios speak of different years")
    groups = differing(here.scenario, first)
    if not groups:
        return replace(whole, reason="nothing differs in the inputs")
    shares = attribute(len(groups), start, goal, between)
    if shares is None:
        return replace(whole, solved=solved, reason="no mixture of the two has a plan")
    parts = {group: shares.fraction(k, 0) * UNIT for k, group in enumerate(groups)}
    choice = {CHOICE: int(own[0] - goal[0]) * UNIT} if own[0] != goal[0] else {}
    return replace(whole, parts={**parts, **choice}, solved=solved)


def why_other(scenario: Scenario, target: Target, other: str, allow_outside: bool, progress: Progress) -> tuple[Bench, DifferenceParts]:
    """Compare some lines with a scenario, or with a plan and the scenario that it names; what is there is read before anything is solved.

    Returns the plan here, and the difference in whole rounding steps. Raises Infeasible when no plan exists here.
    """
    unit = scenario.facts.step
    try:
        file = other if other.endswith((".yaml", ".yml")) else named_scenario(other)
    except UsageError:
        euros, _ = read_plan(other, scenario.facts.dimensions, strict=False).by_line(scenario.lines)
        amount = sum((euro for euro, inside in zip(euros, target.lines, strict=True) if inside), Fraction(0))
        bench = Bench(scenario)
        here = round(float(bench.amounts[target.lines].sum()) / float(unit)) * unit
        return bench, DifferenceParts(here, amount, {}, 1, "the plan names no scenario that is here")
    with progress("Reading"):
        beside = load(file, allow_outside=allow_outside, recorded=file != other)
    with progress("Solving"), ThreadPoolExecutor(1) as second:  # the solver lets other threads run
        there = second.submit(_bench_if_any, beside)
        bench = Bench(scenario)
        split = why_less(bench, there.result(), target.words)
    here, then = (round(amount / unit) * unit for amount in (split.here, split.there))
    parts = apportion([part / unit for part in split.parts.values()], int((here - then) / unit)) if split.parts else []
    named = {group: steps * unit for group, steps in zip(split.parts, parts, strict=True)}
    return bench, replace(split, here=here, there=then, parts=named)


def _bench_if_any(scenario: Scenario) -> Bench | None:
    try:
        return Bench(scenario)
    except Infeasible:
        return None


# -- mixtures of two scenarios: one with some groups of inputs taken from the other ----------------------------------------


def differing(a: Scenario, b: Scenario) -> list[str]:
    """Return the groups in which two scenarios differ."""
    first, second = _held(a), _held(b)
    return [group for group in GROUPS if first[group] != second[group]]


def _held(scenario: Scenario) -> dict[str, object]:
    """Return what every group holds, in values that can be compared."""
    facts = scenario.facts
    ceilings = {i.id: tuple(getattr(i, name) for name in _CEILINGS) for i in facts.instruments}
    ids = [[d.ids[k] for k in code] for d, code in zip(facts.dimensions, facts.decided.codes, strict=True)]
    return {
        **{group: {key: value for key, value in by_pair(facts, group).items() if value} for group in ("need", "priority")},
        "rules": {rule.id: _without(rule) for rule in scenario.written_rules},
        "ceilings": (ceilings, [_without(t) for t in facts.transfers], {p.id: p.absorption for p in facts.partnerships}),
        "decided money": (facts.closed, sorted(zip(*ids, facts.decided.amount.tolist(), facts.decided.state, strict=True))),
        "everything else": _rest(scenario),
    }


def _rest(scenario: Scenario) -> object:
    facts = scenario.facts
    bare = [_without(i, *_CEILINGS) for i in facts.instruments]
    places = [_without(p, "absorption") for p in facts.partnerships]
    clauses = [[_without(clause) for clause in listed] for listed in (facts.exclude, facts.allow)]
    rest = (facts.years, facts.step, facts.bands, clauses, facts.returns, [a.id for a in facts.areas])
    markers = {name: marker.values.tolist() for name, marker in facts.markers.items()}
    table = (facts.eligible.tolist(), facts.effectiveness.values.tolist(), markers)
    baseline = None if facts.baseline is None else (facts.baseline.amount.values.tolist(), facts.baseline.instrument.tolist())
    return bare, places, rest, table, baseline, scenario.head.objective, scenario.head.settle


def _without(record: Record, *others: str) -> Record:
    """Return a record without the fields that move no money, and without others."""
    return record.model_copy(update=dict.fromkeys((*told_fields(type(record)), *others)))


def mixed(base: Scenario, other: Scenario, taken: frozenset[str]) -> Scenario | None:
    """Return `base` with the groups in `taken` from `other`; None when its rules name what does not exist there."""
    need, priority, rules, ceilings, decided, frame = (other if group in taken else base for group in GROUPS)
    facts = replace(
        frame.facts,
        needs=_needs(frame.facts, need.facts, priority.facts),
        decided=_decided(frame.facts, decided.facts),
        closed=decided.facts.closed,
        instruments=tuple(_with(i, ceilings.facts.instruments, _CEILINGS) for i in frame.facts.instruments),
        partnerships=tuple(_with(p, ceilings.facts.partnerships, ("absorption",)) for p in frame.facts.partnerships),
        transfers=ceilings.facts.transfers,
    )
    mixture = replace(frame, facts=facts, rules=(*rules.written_rules, *(rule for rule in frame.rules if rule.built_in)))
    try:
        for rule in mixture.rules:
            rule.demands(mixture.lines)
    except (KeyError, IndexError, ValueError):
        return None
    return mixture


def _needs(frame: Facts, need: Facts, priority: Facts) -> Needs:
    """Return the needs of one scenario with the priorities of another, where it states one."""
    amounts, weights, own = by_pair(need, "need"), by_pair(priority, "priority"), by_pair(need, "priority")
    places, areas = ({member: k for k, member in enumerate(frame.dimensions[name].ids)} for name in ("partnership", "area"))
    keys = [key for key in amounts if key[0] in places and key[1] in areas]
    none = ("",) * len(keys)
    at = np.array([(places[p], areas[a]) for p, a in keys], dtype=np.int64).reshape(-1, 2)
    exact, weight = Exact.of(amounts[key] for key in keys), Exact.of(weights.get(key, own[key]) for key in keys)
    return Needs(at[:, 0], at[:, 1], exact, weight, none, none)


def _decided(frame: Facts, source: Facts) -> Decided:
    """Return decided money with the positions of the frame; what the frame does not know is left out."""
    codes: dict[str, Any] = {}
    for name in NAMES:
        positions = {member: k for k, member in enumerate(frame.dimensions[name].ids)}
        ids = source.dimensions[name].ids
        codes[name] = np.array([positions.get(ids[k], -1) for k in getattr(source.decided, name)], dtype=np.int64)
    known = np.all([code >= 0 for code in codes.values()], axis=0)
    return replace(source.decided, **codes).only(known)


def _with(entity: Entity, among: Sequence[Entity], names: Sequence[str]) -> Entity:
    """Return an instrument or partnership with some fields as its namesake has them."""
    found = next((other for other in among if other.id == entity.id), entity)
    return entity.model_copy(update={name: getattr(found, name) for name in names})
