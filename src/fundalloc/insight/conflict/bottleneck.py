"""Money that cannot reach its target for lack of eligible ways, shown as the narrowest place on its way.

The network leads from every instrument through its years and its allocation lines to the partnerships (with all groupings
above them) and on to the targets. What it lets through at the most is the capacity of its smallest cut (L. R. Ford and
D. R. Fulkerson, 1956); the arcs of that cut are the limits that a planner would have to move.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.insight.conflict.suspects import Suspect
from fundalloc.money import euro
from fundalloc.plan.naming import money
from fundalloc.rules.statement import Sense
from fundalloc.scenario.scenario import Scenario

_SOURCE, _SINK = ("source",), ("sink",)
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Target:
    """A floor in EUR million and the lines that count towards it, a euro for a euro."""

    says: str
    amount: Fraction
    lines: NDArray[np.bool_]


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
    cut = [
        (u, v, data["capacity"]) for u, v, data in graph.edges(data=True) if u in near and v not in near and (v != _SINK or u[0] != "floor")
    ]
    return _sentence(scenario, targets, wanted, reach, cut)


def targets_of(scenario: Scenario, suspects: Sequence[Suspect]) -> Iterator[Target]:
    """Yield the floors among suspects that add up plain amounts."""
    lines = scenario.lines
    for suspect in suspects:
        rule, demands, k = suspect.rule, suspect.demands, suspect.demand
        if rule is None or demands is None or not rule.plain_sum or demands.sense[k] is Sense.AT_MOST or rule.money.marker:
            continue
        grouped = lines.group(rule.money, rule.members(lines), unless=rule.unless)
        counted = np.zeros(len(lines), dtype=bool)
        counted[grouped.line[grouped.member == demands.code[k]]] = True
        yield Target(rule.sentence(demands.member[k], scenario.names(), sense=demands.sense[k]), demands.figure[k], counted)


def _network(scenario: Scenario, targets: Sequence[Target]) -> nx.DiGraph:
    """Build the network in whole rounding steps; money decided for something else has been taken out of the limits."""
    lines, facts, graph = scenario.lines, scenario.facts, nx.DiGraph()
    taken, upper = lines.decided, np.where(lines.fixed, lines.decided, lines.upper)
    outside = ~np.logical_or.reduce([target.lines for target in targets])
    incoming = lines.moves.totals(lines.moves.upper)
    arriving = incoming["carried_in"] + incoming["transferred_in"]
    for n, target in enumerate(targets):
        graph.add_edge(("floor", n), _SINK, capacity=int(-(-target.amount // facts.step)))
        for line in np.flatnonzero(target.lines):
            i, p, t = int(lines.instrument[line]), int(lines.partnership[line]), int(lines.year[line])
            graph.add_edge(("instrument", i, t), ("line", int(line)), capacity=int(upper[line]))
            _link(graph, ("line", int(line)), ("partnership", p, t))
            graph.add_node(("floor of", n))
    for i, t in {node[1:] for node in list(graph) if node[0] == "instrument"}:
        mine = outside & (lines.instrument == i)
        limit, total = int(facts.ceilings.usable[i, t]), int(facts.ceilings.usable_total[i])
        spent, all_spent = int(taken[mine & (lines.year == t)].sum()), int(taken[mine].sum())
        _link(graph, ("whole", i), ("instrument", i, t), None if limit == NO_LIMIT else limit + int(arriving[i, t]) - spent)
        _link(graph, _SOURCE, ("whole", i), None if total == NO_LIMIT else total + int(incoming["transferred_in"][i].sum()) - all_spent)
    _absorption(scenario, graph, targets, np.where(outside, taken, 0))
    graph.remove_nodes_from([node for node in graph if node[0] == "floor of"])
    return graph


def _absorption(scenario: Scenario, graph: nx.DiGraph, targets: Sequence[Target], taken: NDArray[np.int64]) -> None:
    """Lead every partnership and year through its own absorption and that of all groupings above it, then to the floors."""
    lines, facts = scenario.lines, scenario.facts
    masks, ids = facts.dimensions.partnership.masks, facts.dimensions.partnership.ids
    above = {ids[k]: [q for q in ids if q != ids[k] and masks[q][k]] for k in range(len(ids))}
    for p, t in {node[1:] for node in list(graph) if node[0] == "partnership"}:
        chain = [ids[p], *sorted(above[ids[p]], key=lambda q: int(masks[q].sum()))]
        limited = [q for q in chain if facts.absorption[ids.index(q), t] != NO_LIMIT]
        node: tuple[object, ...] = ("partnership", p, t)
        for q in limited:
            inside = masks[q][lines.partnership] & (lines.year == t)
            room = int(facts.absorption[ids.index(q), t]) - int(taken[inside].sum())
            _link(graph, node, ("at", q, t))
            _link(graph, ("at", q, t), ("through", q, t), room)
            node = ("through", q, t)
        for n, target in enumerate(targets):
            if np.any(target.lines & (lines.partnership == p) & (lines.year == t)):
                _link(graph, node, ("floor", n))


def _link(graph: nx.DiGraph, start: tuple[object, ...], end: tuple[object, ...], capacity: int | None = None) -> None:
    if graph.has_edge(start, end):
        return
    if capacity is None:
        graph.add_edge(start, end, capacity=2**60)
    else:
        graph.add_edge(start, end, capacity=max(capacity, 0))


def _sentence(
    scenario: Scenario,
    targets: Sequence[Target],
    wanted: Fraction,
    reach: Fraction,
    cut: Sequence[tuple[tuple[object, ...], tuple[object, ...], int]],
) -> str:
    lines, facts = scenario.lines, scenario.facts
    names = scenario.labels()
    counted = np.logical_or.reduce([target.lines for target in targets])
    able = [names["instrument"][facts.instruments[int(i)].id] for i in np.unique(lines.instrument[counted & (lines.upper > 0)])]
    who = f"“{targets[0].says}” asks" if len(targets) == 1 else f"These {len(targets)} floors ask"
    parts = [f"{words} {euro(float(steps * facts.step), scenario.decimals)}" for words, steps in _limits(scenario, cut)]
    through = f"through {_number(len(able), 'instrument')}{', ' + _list(able) if 0 < len(able) <= 4 else ''}"
    said = (
        f"{who} for EUR {money(scenario, wanted)} million. It can only be reached {through}, and no more than {money(scenario, reach)} can"
    )
    return f"{said} get there" + (f": {_list(parts)}." if 0 < len(parts) <= 6 else ".")


def _limits(scenario: Scenario, cut: Sequence[tuple[tuple[object, ...], tuple[object, ...], int]]) -> Iterator[tuple[str, int]]:
    """Group the arcs of the cut by what a planner calls them: the ceilings of an instrument, the absorption of a partnership, lines."""
    names, facts = scenario.labels(), scenario.facts
    groups: dict[tuple[str, str], int] = {}
    for _, end, capacity in cut:
        kind, which = str(end[0]), end[1]
        if kind in ("whole", "instrument"):
            name = names["instrument"][facts.instruments[int(str(which))].id]
            words = ("ceiling", name)
        elif kind == "through":
            words = ("absorption", names["partnership"].get(str(which), str(which)))
        else:
            line = int(str(which))
            words = ("lines", names["instrument"][facts.instruments[int(scenario.lines.instrument[line])].id])
        groups[words] = groups.get(words, 0) + capacity
    said = {"ceiling": "the ceiling of {} leaves", "absorption": "the absorption of {} leaves", "lines": "what {} may give here is"}
    for (kind, name), steps in groups.items():
        yield said[kind].format(name), steps


def _number(count: int, noun: str) -> str:
    word = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{word} {noun}{'' if count == 1 else 's'}"


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
