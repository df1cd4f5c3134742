"""Why some lines get what they get: a line, a pair, a partnership, an instrument, an area, or whatever words pick.

Every figure is an amount of the settled plan or the difference of two solves; shadow prices only say where to look.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from fundalloc.facts.facts import Derivation
from fundalloc.facts.lines import exception, refusal
from fundalloc.insight.explain.bench import MILLION, Bench
from fundalloc.insight.explain.remedy import Remedy, candidates, give_way, in_order, raise_priority, slack_of
from fundalloc.insight.explain.target import Target
from fundalloc.insight.explain.unallocated import Brakes, Left, left_before_rounding
from fundalloc.insight.explain.value import LOSS, Span, span
from fundalloc.model.linear_program import AUXILIARY, COVERAGE, TOTAL, LinearProgram
from fundalloc.model.objective import met_needs, needs_served, next_values, pair_of_line
from fundalloc.money import Floats, Mask
from fundalloc.rules.kind import Kind

SHOWN = 5
"""Rules, instruments and losers that an answer lists."""


@dataclass(frozen=True)
class PairState:
    """A need and how far it is met, EUR million."""

    partnership: str
    area: str
    need: float
    met: float
    priority: float
    value: float
    """What the next euro of met need is worth before priority: the step of diminishing returns that is being filled."""
    received: float
    """Money of this target for the pair."""
    effectiveness: tuple[float, float]
    """The least and the most EUR of need met per EUR, over the instruments of this target."""
    derived: Derivation | None = None


@dataclass(frozen=True)
class Hold:
    """A demand that holds the target up or down, with what its limit is worth."""

    rule: Kind
    demand: int
    up: bool
    """Whether it keeps money here; otherwise it keeps money away."""
    more: float
    """Points gained when the limit is a million higher; NaN when no plan is left."""
    less: float
    """Points gained when the limit is a million lower."""
    alike: int
    """How many more demands of the same rule hold the target in the same way."""
    held: float = 0.0
    """By how much decided money alone breaks it; then its limit has no price."""


@dataclass(frozen=True)
class NextMillion:
    """What one EUR million more of an instrument would earn, in points."""

    instrument: int
    anywhere: float
    here: float
    """When the target gets a million more than now; NaN when that is not lawful."""


@dataclass(frozen=True)
class Move:
    """Money that one group of lines loses (negative) or gains."""

    instrument: int
    partnership: int
    area: int
    change: float


@dataclass(frozen=True)
class PlaceAnswer:
    """Everything there is to say about some lines. Money is EUR million, before rounding."""

    target: Target
    amount: float
    decided: float
    fixed: bool
    """Whether the plan has nothing to decide here."""
    refusals: tuple[tuple[str, int], ...]
    """Reasons why combinations are no lines, with how many each bars; only when there is no open line."""
    exceptions: tuple[str, ...]
    pairs: tuple[PairState, ...]
    """The needs that these lines serve."""
    left: Left | None
    """What the plan leaves of an instrument; only where one with a ceiling was named and nothing else."""
    beyond: tuple[int, float]
    """How many needs of the named partnerships and areas these lines do not serve, and what they come to, EUR million."""
    holds: tuple[Hold, ...] = ()
    next: tuple[NextMillion, ...] = ()
    cost: float = 0.0
    """Points lost when the target must get a million more and nothing else changes; NaN when no lawful plan gives it."""
    remedies: tuple[Remedy, ...] = ()
    losers: tuple[Move, ...] = ()
    tight: Span | None = None
    wide: Span | None = None
    loss: float = LOSS


def explain_place(bench: Bench, target: Target) -> PlaceAnswer:
    """Answer why the lines of a target get what they get."""
    lines, mask = bench.lines, target.lines
    open_lines = mask & ~lines.fixed
    decided = float(np.asarray(lines.facts.euro(lines.decided[mask]), dtype=float).sum())
    amount = max(float(bench.amounts[mask].sum()), 0.0)
    left = _left(bench, target) if target.words.keys() == {"instrument"} else None
    fixed, exceptions = not open_lines.any(), _exceptions(target, open_lines)
    refusals = _refusals(target) if fixed else ()
    answer = PlaceAnswer(target, amount, decided, fixed, refusals, exceptions, _pairs(bench, mask), left, _beyond(target))
    if fixed:
        return answer
    wanted = float(bench.amounts[open_lines].sum()) + MILLION
    forced = bench.aimed(open_lines, wanted)
    lost = -bench.gain(forced)
    cost = 0.0 if lost < bench.slight else lost
    effects, twin, slack = effect_of_rows(bench, open_lines), bench.twin(), slack_of(bench, cost)
    chosen = candidates(bench, effects) if cost != 0 else []
    with ThreadPoolExecutor(1) as second:  # the solver lets other threads run
        losers = second.submit(_losers, twin, open_lines, wanted, lost)
        tight, wide = second.submit(span, twin, mask), second.submit(span, twin, mask, LOSS)
        holds = second.submit(_holds, twin, effects)
        ways = second.submit(lambda: give_way(twin, twin.aimed(open_lines, wanted), chosen[1::2], slack) if chosen[1:] else [])
        following = _next(bench, target, open_lines, forced)
        found = give_way(bench, forced, chosen[::2], slack)
        found = in_order([*found, *ways.result()]) + (raise_priority(bench, forced, target, slack) if cost != 0 else [])
        answer = replace(answer, next=following, cost=cost, remedies=tuple(found), holds=holds.result())
        return replace(answer, losers=losers.result(), tight=tight.result(), wide=wide.result())


def _pairs(bench: Bench, mask: Mask) -> tuple[PairState, ...]:
    """Describe the needs that the target's lines serve, those with most money of it first."""
    lines, facts = bench.lines, bench.lines.facts
    needs, pair = facts.needs, pair_of_line(lines)
    effectiveness = facts.effectiveness.values[lines.instrument, lines.area]
    met = met_needs(lines, bench.amounts)
    received = np.bincount(pair[(pair >= 0) & mask], weights=bench.amounts[(pair >= 0) & mask], minlength=len(needs))
    following = next_values(facts, met)
    partnerships, areas, out = facts.dimensions.partnership.ids, facts.dimensions.area.ids, []
    figures = (needs.need.values, met, needs.priority.values, following, received)
    for k in np.flatnonzero(needs_served(lines, mask)):
        own = effectiveness[mask & (pair == k)]
        partnership, area = partnerships[needs.partnership[k]], areas[needs.area[k]]
        need, covered, priority, value, money = (float(figure[k]) for figure in figures)
        worth, told = (float(own.min()), float(own.max())), needs.derived[k] if needs.derived else None
        out.append(PairState(partnership, area, need, covered, priority, value, money, worth, told))
    return tuple(sorted(out, key=lambda state: (-state.received, -state.need)))


def _left(bench: Bench, target: Target) -> Left | None:
    named = np.flatnonzero(bench.lines.facts.dimensions.instrument.masks[target.words["instrument"]]).tolist()
    if len(named) != 1 or named[0] not in bench.grants.instrument:
        return None
    return left_before_rounding(Brakes(bench.program, bench.values, bench.lines), named[0], bench.ceiling(named[0]))


def _beyond(target: Target) -> tuple[int, float]:
    """Count and add up the needs of the named partnerships and areas that the target's lines do not serve."""
    needs, named = target.scenario.facts.needs, target.words.keys() & {"partnership", "area"}
    if not named:
        return 0, 0.0
    missed = ~needs_served(target.scenario.lines, target.lines) & (needs.need.numerator > 0)
    for name in named:
        missed &= target.scenario.facts.dimensions[name].masks[target.words[name]][getattr(needs, name)]
    return int(missed.sum()), float(needs.need.values[missed].sum())


def _refusals(target: Target) -> tuple[tuple[str, int], ...]:
    """Count the reasons why the combinations that the words pick are no open lines, most frequent first."""
    facts = target.scenario.facts
    picks = [d.masks[target.words[d.name]] if d.name in target.words else np.ones(len(d.ids), dtype=bool) for d in facts.dimensions]
    if "instrument" not in target.words:
        picks[0] &= [i.planned for i in facts.instruments]
    if picks[1].sum() > 1:
        picks[1] = picks[1] & [p.id in facts.leaf_ids for p in facts.partnerships]
    reasons = (refusal(facts, (i, p, a, t)) for i, p, a, t in product(*(np.flatnonzero(pick).tolist() for pick in picks)))
    return tuple(Counter(reason for reason in reasons if reason is not None).most_common(SHOWN))


def _exceptions(target: Target, mask: Mask) -> tuple[str, ...]:
    """Return the reasons of `allow` entries without which some of these lines would not exist."""
    facts, lines = target.scenario.facts, target.scenario.lines
    if not facts.allow:
        return ()
    found = (exception(facts, (int(i), int(p), int(a), int(t))) for i, p, a, t in zip(*(code[mask] for code in lines.codes), strict=True))
    return tuple(dict.fromkeys(reason for reason in found if reason))


def effect_of_rows(bench: Bench, mask: Mask) -> Floats:
    """Return what every row charges (positive) or pays one euro of these lines at the margin, by the shadow prices."""
    program, size = bench.open, bench.open.shape[1]
    weight = np.where(mask, bench.amounts + float(bench.lines.facts.step), 0.0)
    euro = np.zeros(size)
    euro[: len(bench.lines)] = weight / weight.sum()
    sums = program.matrix.times(euro)
    for rows, columns in program.totals:
        euro[columns] = sums[rows]
    effects: Floats = bench.best.prices * program.matrix.times(euro)
    says, asks = program.defined
    np.add.at(effects, asks, effects[says])
    for block in program.blocks:
        if block.rule is None and block.owner in (TOTAL, AUXILIARY, COVERAGE):
            effects[block.rows] = 0.0
    return effects


def _holds(bench: Bench, effects: Floats) -> tuple[Hold, ...]:
    """Return the demands that hold the lines most, one per rule and direction, each priced by solving again."""
    best = []
    for block, rule, _ in bench.priced():
        for up in (False, True):
            own = -effects[block.rows] if up else effects[block.rows]
            if found := [(effect, k) for k, effect in enumerate(own.tolist()) if effect > 1e-4]:
                best.append((-max(found)[0], block.rows.start + found[0][1], max(found)[1], len(found) - 1, up, rule, block))
    out = []
    for _, _, k, alike, up, rule, block in sorted(best, key=lambda item: item[:2])[:SHOWN]:
        out.append(Hold(rule, k, up, *bench.around(block.rows.start + k), alike, float(block.held[k])))
    return tuple(out)


def _next(bench: Bench, target: Target, mask: Mask, forced: LinearProgram) -> tuple[NextMillion, ...]:
    """Return what a million more of each instrument of the target earns, at its best place and here."""
    word = target.words.get("year")
    year = target.scenario.facts.dimensions.year.index(word) if word else None
    out = []
    for k in np.intersect1d(bench.lines.instrument[mask], bench.grants.instrument).tolist():
        anywhere, here = (bench.gain(bench.granted({k: MILLION}, year, program)) for program in (bench.open, forced))
        out.append(NextMillion(k, anywhere, here))
    return tuple(sorted(out, key=lambda item: (np.isnan(item.here), -item.here)))


def _losers(bench: Bench, mask: Mask, wanted: float, lost: float) -> tuple[Move, ...]:
    """Return whose money pays for a million more here: the closest plan to the settled one that gives it."""
    if np.isnan(lost):
        return ()
    lines = bench.lines
    change = bench.settled_with(mask, wanted, bench.score - lost) - bench.amounts
    shape = tuple(len(d.ids) for d in lines.facts.dimensions)[:3]
    group = np.ravel_multi_index((lines.instrument, lines.partnership, lines.area), shape)
    sums = np.bincount(group[~mask], weights=change[~mask], minlength=int(np.prod(shape)))
    order = np.argsort(sums)[:SHOWN]
    found = [(np.unravel_index(k, shape), float(sums[k])) for k in order if sums[k] < -0.5 * float(lines.facts.step)]
    return tuple(Move(int(i), int(p), int(a), amount) for (i, p, a), amount in found)
