"""Mixtures of two scenarios: one with some groups of inputs taken from the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

import numpy as np

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
    table = (facts.eligible.tolist(), _numbers(facts.effectiveness), {name: _numbers(marker) for name, marker in facts.markers.items()})
    baseline = None if facts.baseline is None else (facts.baseline.amount.values.tolist(), facts.baseline.instrument.tolist())
    return bare, places, rest, table, baseline, scenario.head.objective, scenario.head.settle


def _without(record: Record, *others: str) -> Record:
    """Return a record without the fields that move no money, and without others."""
    return record.model_copy(update=dict.fromkeys((*told_fields(type(record)), *others)))


def _numbers(exact: Exact) -> list[float]:
    numbers: list[float] = exact.values.ravel().tolist()
    return numbers


def by_pair(facts: Facts, column: str) -> dict[tuple[str, str], Fraction]:
    """Return `need` or `priority` by partnership and area."""
    exact: Exact = getattr(facts.needs, column)
    names = facts.dimensions.partnership.ids, facts.dimensions.area.ids
    return {
        (names[0][p], names[1][a]): Fraction(int(n), exact.denominator)
        for p, a, n in zip(facts.needs.partnership, facts.needs.area, exact.numerator, strict=True)
    }


def _decisions(facts: Facts) -> list[tuple[str, str, str, str, int, str]]:
    table, dimensions = facts.decided, facts.dimensions
    ids = [[d.ids[k] for k in code] for d, code in zip(dimensions, table.codes, strict=True)]
    return list(zip(*ids, (int(a) for a in table.amount), table.state, strict=True))


def mixed(base: Scenario, other: Scenario, taken: frozenset[str]) -> Scenario | None:
    """Return `base` with the groups in `taken` from `other`; None when its rules name what does not exist there."""
    frame = other if "everything else" in taken else base
    source = {group: other if group in taken else base for group in GROUPS}
    facts = replace(
        frame.facts,
        needs=_needs(frame.facts, source["need"].facts, source["priority"].facts),
        decided=_decided(frame.facts, source["decided money"].facts),
        closed=source["decided money"].facts.closed,
        instruments=tuple(_with(i, source["ceilings"].facts.instruments, _CEILINGS) for i in frame.facts.instruments),
        partnerships=tuple(_with(p, source["ceilings"].facts.partnerships, ("absorption",)) for p in frame.facts.partnerships),
        transfers=source["ceilings"].facts.transfers,
    )
    built_in = tuple(rule for rule in frame.rules if rule.built_in)
    mixture = replace(frame, facts=facts, rules=(*source["rules"].written_rules, *built_in))
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
    return Needs(
        np.array([places[p] for p, _ in keys], dtype=np.int64),
        np.array([areas[a] for _, a in keys], dtype=np.int64),
        Exact.of([amounts[key] for key in keys]),
        Exact.of([weights.get(key, own[key]) for key in keys]),
        none,
        none,
    )


def _decided(frame: Facts, source: Facts) -> Decided:
    """Return decided money with the positions of the frame; what the frame does not know is left out."""
    codes = []
    for name in ("instrument", "partnership", "area", "year"):
        positions = {member: k for k, member in enumerate(frame.dimensions[name].ids)}
        ids = source.dimensions[name].ids
        codes.append(np.array([positions.get(ids[k], -1) for k in getattr(source.decided, name)], dtype=np.int64))
    table = source.decided
    moved = Decided(codes[0], codes[1], codes[2], codes[3], table.amount, table.state, table.decision, table.source, table.confidence)
    return moved.only(np.all([code >= 0 for code in codes], axis=0))


def _with(entity: Entity, among: Sequence[Entity], names: Sequence[str]) -> Entity:
    """Return an instrument or partnership with some fields as its namesake has them."""
    found = next((other for other in among if other.id == entity.id), entity)
    return entity.model_copy(update={name: getattr(found, name) for name in names})
