"""Mixtures of two scenarios: one with some groups of inputs taken from the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.entities import Instrument, Partnership, Record
from fundalloc.facts.facts import Decided, Facts, Needs
from fundalloc.facts.fields import told_fields
from fundalloc.money import Exact
from fundalloc.scenario.scenario import Scenario

Entity = TypeVar("Entity", Instrument, Partnership)
GROUPS = ("need", "priority", "rules", "ceilings", "decided money", "everything else")
"""Absorption and transfers count as ceilings, closed years as decided money."""
_CEILINGS = ("ceiling", "reserve", "carry_over")


def differing(a: Scenario, b: Scenario) -> list[str]:
    """Return the groups in which two scenarios differ."""
    first, second = _held(a), _held(b)
    return [group for group in GROUPS if first[group] != second[group]]


def _held(scenario: Scenario) -> dict[str, object]:
    """Return what every group holds, in values that can be compared."""
    facts = scenario.facts
    ceilings = {i.id: tuple(getattr(i, name) for name in _CEILINGS) for i in facts.instruments}
    return {
        **{group: {key: value for key, value in by_pair(facts, group).items() if value} for group in ("need", "priority")},
        "rules": {rule.id: _without(rule) for rule in scenario.written_rules},
        "ceilings": (ceilings, [_without(t) for t in facts.transfers], {p.id: p.absorption for p in facts.partnerships}),
        "decided money": (facts.closed, sorted(_decisions(facts))),
        "everything else": _rest(scenario),
    }


def _rest(scenario: Scenario) -> object:
    facts = scenario.facts
    bare = [_without(i, *_CEILINGS) for i in facts.instruments]
    places = [_without(p, "absorption") for p in facts.partnerships]
    clauses = [[_without(clause) for clause in listed] for listed in (facts.exclude, facts.allow)]
    rest = (facts.years, facts.step, facts.bands, clauses, facts.returns, [a.id for a in facts.areas])
    grids = {"effectiveness": facts.effectiveness, **facts.markers}
    table = (facts.eligible.tolist(), {name: grid.values.tolist() for name, grid in grids.items()})
    baseline = None if facts.baseline is None else (facts.baseline.amount.values.tolist(), facts.baseline.instrument.tolist())
    return bare, places, rest, table, baseline, scenario.head.objective, scenario.head.settle


def _without(record: Record, *others: str) -> Record:
    """Return a record without the fields that move no money, and without others."""
    return record.model_copy(update=dict.fromkeys((*told_fields(type(record)), *others)))


def by_pair(facts: Facts, column: str) -> dict[tuple[str, str], Fraction]:
    """Return `need` or `priority` by partnership and area."""
    exact: Exact = getattr(facts.needs, column)
    partnerships, areas = facts.dimensions.partnership.ids, facts.dimensions.area.ids
    cells = zip(facts.needs.partnership, facts.needs.area, exact.numerator, strict=True)
    return {(partnerships[p], areas[a]): Fraction(int(n), exact.denominator) for p, a, n in cells}


def _decisions(facts: Facts) -> list[tuple[str, str, str, str, int, str]]:
    table, dimensions = facts.decided, facts.dimensions
    ids = [[d.ids[k] for k in code] for d, code in zip(dimensions, table.codes, strict=True)]
    return list(zip(*ids, (int(a) for a in table.amount), table.state, strict=True))


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
