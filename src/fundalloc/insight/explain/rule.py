"""Why a rule costs what it costs, and what binds in a scenario as a whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from fundalloc.insight.explain.bench import MILLION, NOTHING, Bench
from fundalloc.insight.explain.prices import LimitPrice, binding, price_of
from fundalloc.insight.explain.target import Target
from fundalloc.insight.explain.words import asked_amounts
from fundalloc.model.linear_program import RowBlock
from fundalloc.model.objective import met_needs, needs_served
from fundalloc.money import Floats
from fundalloc.plan.naming import place_of
from fundalloc.plan.verify import measure_rule
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Demands, Sense

PRICED = 4
"""Demands of a rule that are priced in full."""
SHOWN = 5


@dataclass(frozen=True)
class DemandState:
    """One demand of a rule on the settled plan."""

    demand: int
    member: tuple[str, ...]
    sense: Sense
    limit: str
    """As written; a share in EUR million, with what it is taken of."""
    headroom: float
    """EUR million (or members) left before the limit; negative where a soft rule is missed."""
    place: str
    source: str
    price: LimitPrice | None = None


@dataclass(frozen=True)
class RuleAnswer:
    """Everything there is to say about a rule."""

    target: Target
    rule: Kind
    demands: tuple[DemandState, ...]
    """Those asked about; the priced ones first, then by headroom."""
    cost: float
    """Points that the best plan gains without the rule; NaN for ceilings, whose price is that of money, and for watched rules."""
    money: float
    """Points that one EUR million more earns, spread over the EU budget like its ceilings."""
    movers: tuple[tuple[int, float], ...]
    """Partnerships that would get more (or less) without the rule: position, EUR million; largest first."""


def explain_rule(bench: Bench, target: Target) -> RuleAnswer:
    """Answer what a rule does, demand by demand, and what it costs."""
    rule = target.rule
    assert rule is not None
    block, money = bench.open.block(rule.id), bench.gain(bench.spread(MILLION))
    if block is None:
        return RuleAnswer(target, rule, (), float("nan"), money, ())
    states, without = _demands(bench, block, target), bench.without(rule.id)
    cost = bench.gain(without) if rule.waivable else float("nan")
    movers = _movers(bench, bench.settled_of(without, bench.score + cost)) if cost > bench.slight else ()
    return RuleAnswer(target, rule, states, cost, money, movers)


def _demands(bench: Bench, block: RowBlock, target: Target) -> tuple[DemandState, ...]:
    rule, demands = block.rule, block.demands
    assert rule is not None
    assert demands is not None
    settled, values = block.relaxed | (block.held > 0), bench.values.copy()
    values[block.misses] = 0.0  # what a soft rule misses counts as missing
    activity = bench.program.matrix.times(values)
    room = np.minimum(bench.program.row_upper - activity, activity - bench.program.row_lower)[block.rows]
    prices = np.abs(bench.best.prices[block.rows])
    if settled.any():
        found = measure_rule(rule, bench.lines, bench.lines.ledger.decided)
        room = np.where(settled, [float(finding.headroom) for finding in found], room)
    chosen = sorted(target.demands, key=lambda k: (-prices[k] if prices[k] > NOTHING else 0.0, room[k]))
    moving = [k for k in chosen if not settled[k] and (prices[k] > NOTHING or room[k] < NOTHING)]
    priced = set(moving[:PRICED]) if len(bench.blocks(rule.id)) == 1 else set()
    limits = asked_amounts(bench, rule)
    states = []
    for k in chosen:
        member, sense = demands.member[k], demands.sense[k]
        place, source = place_of(bench.scenario, rule, member, sense), rule.source_for(member, bench.scenario.facts)
        price = price_of(bench, block, k) if k in priced else None
        states.append(DemandState(k, member, sense, limits[k], float(room[k]), place, source, price))
    return tuple(states)


def _movers(bench: Bench, amounts: Floats) -> tuple[tuple[int, float], ...]:
    change = np.bincount(bench.lines.partnership, weights=amounts - bench.amounts, minlength=len(bench.lines.facts.partnerships))
    order = np.argsort(-np.abs(change), kind="stable")[: 2 * SHOWN]
    return tuple((int(k), float(change[k])) for k in order if abs(change[k]) > float(bench.lines.facts.step) / 2)


# -- the scenario as a whole -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Binding:
    """The dearest demand of a rule, with what a million more and less of its limit is worth."""

    rule: Kind
    demand: int
    member: tuple[str, ...]
    more: float
    less: float
    alike: int
    """How many more demands of the rule have a price."""
    place: str


@dataclass(frozen=True)
class Poor:
    """A need that is met worse than most."""

    partnership: int
    area: int
    need: float
    met: float
    open: bool
    """Whether any undecided line serves it."""


@dataclass(frozen=True)
class Overview:
    """What binds, what money is worth, and who is covered worst."""

    score: float
    bindings: tuple[Binding, ...]
    poor: tuple[Poor, ...]
    money: tuple[tuple[int, float, float], ...]
    """Per instrument: points gained by a million more, and (negative) by a million less; NaN when that leaves no plan."""
    spread: float
    """Points gained by a million more, spread over the EU budget like its ceilings."""


def overview(bench: Bench) -> Overview:
    """Answer what holds the plan as a whole."""
    money = tuple((k, *bench.around_money(k)) for k in bench.budget)
    return Overview(bench.score, _bindings(bench), _poor(bench), money, bench.gain(bench.spread(MILLION)))


def _bindings(bench: Bench) -> tuple[Binding, ...]:
    dearest: dict[str, tuple[int, Kind, Demands, int]] = {}
    count = Counter[str]()
    for block, k in binding(bench):
        if block.rule is not None and block.demands is not None and not block.rule.is_budget:
            dearest.setdefault(block.owner, (block.rows.start + k, block.rule, block.demands, k))
            count[block.owner] += 1
    out = []
    for row, rule, demands, k in list(dearest.values())[: 2 * SHOWN]:
        where = place_of(bench.scenario, rule, demands.member[k], demands.sense[k])
        out.append(Binding(rule, k, demands.member[k], *bench.around(row), count[rule.id] - 1, where))
    ordered = sorted(out, key=lambda b: -max(abs(x) for x in (b.more, b.less) if not np.isnan(x)))
    return tuple(b for b in ordered if max(abs(np.nan_to_num([b.more, b.less], nan=1.0))) > bench.slight)


def _poor(bench: Bench) -> tuple[Poor, ...]:
    lines, needs = bench.lines, bench.lines.facts.needs
    need, met, open_lines = needs.need.values, met_needs(lines, bench.amounts), needs_served(lines, ~lines.fixed)
    coverage = np.divide(met, need, out=np.full(len(need), np.inf), where=need > 0)
    order = [k for k in np.lexsort((-need, coverage))[:SHOWN] if need[k] > 0]
    return tuple(Poor(int(needs.partnership[k]), int(needs.area[k]), float(need[k]), float(met[k]), bool(open_lines[k])) for k in order)
