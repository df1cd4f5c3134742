"""Money that cannot reach its target for lack of eligible ways, shown as the narrowest place on its way.

The network leads from every instrument through its years and its allocation lines to the partnerships (with all groupings
above them) and on to the targets. What it lets through at the most is the capacity of its smallest cut (L. R. Ford and
D. R. Fulkerson, 1956); the arcs of that cut are the limits that a planner would have to move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import networkx as nx
import numpy as np

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.insight.conflict.describing import enumerated
from fundalloc.insight.conflict.suspects import Suspect
from fundalloc.money import IntArray, Mask, euro
from fundalloc.plan.naming import money
from fundalloc.rules.statement import Sense
from fundalloc.scenario.scenario import Scenario

Node = tuple[Any, ...]
_SOURCE, _SINK = ("source",), ("sink",)
_ENDLESS = 2**60
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Floor:
    """A floor in EUR million and the lines that count towards it, a euro for a euro."""

    says: str
    amount: Fraction
    lines: Mask


def bottleneck(scenario: Scenario, suspects: Sequence[Suspect]) -> str:
    """Return one sentence about the floors of a clash that ceilings, absorption and eligibility alone keep out of reach, or nothing."""
    targets = list(targets_of(scenario, suspects))
    if not targets or np.any(np.sum([t.lines for t in targets], axis=0) > 1):
        return ""
    graph = _network(scenario, targets)
    through, (near, _) = nx.minimum_cut(graph, _SOURCE, _SINK)
    wanted = sum((target.amount for target in targets), Fraction(0))
    reach = through * scenario.facts.step
    if reach >= wanted:
        return ""
    cut = [(v, data["capacity"]) for u, v, data in graph.edges(data=True) if u in near and v not in near and v != _SINK]
    return _sentence(scenario, targets, wanted, reach, cut)


def targets_of(scenario: Scenario, suspects: Sequence[Suspect]) -> Iterator[Floor]:
    """Yield the floors among suspects that add up plain amounts."""
    lines = scenario.lines
    for suspect in suspects:
        rule, demands, k = suspect.rule, suspect.demands, suspect.demand
        if rule is None or demands is None or not rule.plain_sum or demands.sense[k] is Sense.AT_MOST or rule.money.marker:
            continue
        grouped = lines.group(rule.money, rule.members(lines), unless=rule.unless)
        counted = np.zeros(len(lines), dtype=bool)
        counted[grouped.line[grouped.member == demands.code[k]]] = True
        yield Floor(rule.sentence(demands.member[k], scenario.names(), sense=demands.sense[k]), demands.figure[k], counted)


def _network(scenario: Scenario, targets: Sequence[Floor]) -> nx.DiGraph:
    """Build the network in whole rounding steps; money decided for something else has been taken out of the limits."""
    lines, facts, graph = scenario.lines, scenario.facts, nx.DiGraph()
    taken, upper = lines.decided, np.where(lines.fixed, lines.decided, lines.upper)
    outside = ~np.logical_or.reduce([target.lines for target in targets])
    arriving, transferred = lines.moves.arriving
    for n, target in enumerate(targets):
        _link(graph, ("floor", n), _SINK, int(-(-target.amount // facts.step)))
        for line in np.flatnonzero(target.lines).tolist():
            year = int(lines.year[line])
            _link(graph, ("instrument", int(lines.instrument[line]), year), ("line", line), int(upper[line]))
            _link(graph, ("line", line), ("partnership", int(lines.partnership[line]), year))
    for i, t in {node[1:] for node in list(graph) if node[0] == "instrument"}:
        mine = outside & (lines.instrument == i)
        limit, total = int(facts.ceilings.usable[i, t]), int(facts.ceilings.usable_total[i])
        left = limit + int(arriving[i, t]) - int(taken[mine & (lines.year == t)].sum())
        whole = total + int(transferred[i]) - int(taken[mine].sum())
        _link(graph, ("whole", i), ("instrument", i, t), _ENDLESS if limit == NO_LIMIT else left)
        _link(graph, _SOURCE, ("whole", i), _ENDLESS if total == NO_LIMIT else whole)
    _absorption(scenario, graph, targets, np.where(outside, taken, 0))
    return graph


def _absorption(scenario: Scenario, graph: nx.DiGraph, targets: Sequence[Floor], taken: IntArray) -> None:
    """Lead every partnership and year through its own absorption and that of all groupings above it, then to the floors."""
    lines, facts = scenario.lines, scenario.facts
    masks, ids = facts.dimensions.partnership.masks, facts.dimensions.partnership.ids
    for p, t in {node[1:] for node in list(graph) if node[0] == "partnership"}:
        above = sorted((q for q in ids if q != ids[p] and masks[q][p]), key=lambda q: int(masks[q].sum()))
        node: Node = ("partnership", p, t)
        for q in (ids[p], *above):
            limit = int(facts.absorption[ids.index(q), t])
            if limit != NO_LIMIT:
                _link(graph, node, ("at", q, t))
                _link(graph, ("at", q, t), ("through", q, t), limit - int(taken[masks[q][lines.partnership] & (lines.year == t)].sum()))
                node = ("through", q, t)
        for n, target in enumerate(targets):
            if np.any(target.lines & (lines.partnership == p) & (lines.year == t)):
                _link(graph, node, ("floor", n))


def _link(graph: nx.DiGraph, start: Node, end: Node, capacity: int = _ENDLESS) -> None:
    if not graph.has_edge(start, end):
        graph.add_edge(start, end, capacity=max(capacity, 0))


def _sentence(scenario: Scenario, targets: Sequence[Floor], wanted: Fraction, reach: Fraction, cut: Sequence[tuple[Node, int]]) -> str:
    lines, facts = scenario.lines, scenario.facts
    names = scenario.labels()["instrument"]
    counted = np.logical_or.reduce([target.lines for target in targets])
    able = [names[facts.instruments[i].id] for i in np.unique(lines.instrument[counted & (lines.upper > 0)])]
    who = f"“{targets[0].says}” asks" if len(targets) == 1 else f"These {len(targets)} floors ask"
    parts = [f"{words} {euro(float(steps * facts.step), scenario.decimals)}" for words, steps in _limits(scenario, cut).items()]
    number = _NUMBERS[len(able)] if len(able) < len(_NUMBERS) else str(len(able))
    through = (
        f"through {scenario.own(f'{number} instrument' + 's' * (len(able) != 1))}{', ' + enumerated(able) if 0 < len(able) <= 4 else ''}"
    )
    said = f"{who} for EUR {money(scenario, wanted)} million. It can only be reached {through}, and no more than {money(scenario, reach)}"
    return f"{said} can get there" + (f": {enumerated(parts)}." if 0 < len(parts) <= 6 else ".")


def _limits(scenario: Scenario, cut: Sequence[tuple[Node, int]]) -> Counter[str]:
    """Group the arcs of the cut by what a planner calls them: the ceilings of an instrument, the absorption of a partnership, lines."""
    names, facts = scenario.labels(), scenario.facts
    groups: Counter[str] = Counter()
    for (kind, which, *_), capacity in cut:
        if kind == "through":
            groups[f"the absorption of {names['partnership'].get(which, which)} leaves"] += capacity
        elif kind == "line":
            instrument = facts.instruments[int(scenario.lines.instrument[which])]
            groups[f"what {names['instrument'][instrument.id]} may give here is"] += capacity
        else:
            groups[f"the ceiling of {names['instrument'][facts.instruments[which].id]} leaves"] += capacity
    return groups
