"""What limits and rules cost, every figure found by solving again.

A *shadow price* is the score gained per extra EUR million of one limit. It holds from the limit as far as the next corner
of the program, and at a corner there may be several: the score then rises by less when the limit goes up than it falls when
it goes down. So a price has two sides, each with its reach and with what comes after.

The *price of a rule* is the score that the best plan gains when the rule is switched off.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from fundalloc.insight.explain.bench import NOISE, NOTHING, Bench
from fundalloc.model.linear_program import RowBlock
from fundalloc.plan.columns import described
from fundalloc.rules.kind import Kind
from fundalloc.solvers import Solution

if TYPE_CHECKING:
    import pandas as pd

NUDGE = 0.01
"""EUR million by which a limit moves to see its price."""
FAR = 10_000.0
"""EUR million beyond which nobody asks how far a price holds."""
CLOSE = 0.05
"""EUR million to which the end of a price's reach is found where no plan is left beyond it."""
TRIES = 25
AMONG = 12
"""Dearest rules whose pairs are looked at, and as many rules that cost nothing alone."""


@dataclass(frozen=True)
class SidePrice:
    """The price of a limit on one side, points per EUR million of the limit."""

    price: float
    """NaN when the limit cannot move that way at all: no plan would be left."""
    reach: float
    """EUR million that the limit may move before the price changes; infinite when it never does."""
    beyond: float
    """The price after that; NaN when no plan is left there."""


@dataclass(frozen=True)
class LimitPrice:
    """One limit with its price when it is raised and when it is lowered."""

    row: int
    rule: Kind
    demand: int
    """Position among the rule's demands."""
    limit: float
    """EUR million; 0 for shares of money that the plan itself decides."""
    up: SidePrice
    down: SidePrice
    more: float
    """Points gained with the limit EUR 1 million higher; NaN where no plan is left."""
    less: float


def price_of(bench: Bench, block: RowBlock, demand: int) -> LimitPrice:
    """Price one demand of a rule by solving with its limit moved either way."""
    assert block.rule is not None
    row = block.rows.start + demand
    lower, upper = float(bench.open.row_lower[row]), float(bench.open.row_upper[row])
    limit = upper if np.isfinite(upper) else lower
    lowest = limit if limit > NUDGE else FAR  # no sum of money falls below zero
    sides = _side(bench, row, 1.0, FAR), _side(bench, row, -1.0, lowest)
    return LimitPrice(row, block.rule, demand, limit, *sides, *bench.around(row))


def _side(bench: Bench, row: int, sign: float, most: float) -> SidePrice:
    """Follow the score along one side of a limit, at most so far: it is concave, so tangents find its first bend."""

    def at(distance: float) -> Solution:
        return bench.solve(bench.moved(row, sign * distance))

    near = at(NUDGE)
    if not near.usable:
        return SidePrice(float("nan"), 0.0, float("nan"))
    price = _points(sign * (near.objective - bench.score)) / NUDGE
    kept, far, beyond = NUDGE, most, float("nan")
    for _ in range(TRIES):
        there = at(far)
        missing = bench.score + sign * price * far - there.objective
        if not there.usable:  # the price may hold as far as there are plans at all
            if far - kept < CLOSE:
                return SidePrice(price, kept, float("nan"))
            far = (kept + far) / 2
        elif missing > NOISE * max(1.0, far):
            beyond = float(there.prices[row])
            far = (there.objective - bench.score - sign * beyond * far) / (sign * (price - beyond)) if beyond != price else kept
            if far <= kept + CLOSE / 10:
                return SidePrice(price, kept, beyond)
        elif far >= most:
            return SidePrice(price, float("inf"), price)
        else:
            kept, after = far, at(far + NUDGE)
            beyond = _points(sign * (after.objective - there.objective)) / NUDGE if after.usable else float("nan")
            if not abs(beyond - price) <= 1e-3 * max(1.0, abs(price)):
                return SidePrice(price, kept, beyond)
            far = min(4 * far, most)
    return SidePrice(price, kept, beyond)


def _points(gain: float) -> float:
    return gain if abs(gain) > NOISE else 0.0


def binding(bench: Bench) -> list[tuple[RowBlock, int]]:
    """Return the demands of rules whose limit has a price at the best plan, the dearest first; ceilings too."""
    found = []
    for block, _, _ in bench.priced():
        prices = np.abs(np.where(block.relaxed | (block.held > 0), 0.0, bench.best.prices[block.rows])).tolist()
        found += [(price, block, k) for k, price in enumerate(prices) if price > NOTHING]
    return [(block, k) for _, block, k in sorted(found, key=lambda item: -item[0])]


# -- rules as a whole ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PairPrice:
    """Two rules that cost more together than each alone: while one holds, dropping the other changes little."""

    first: str
    second: str
    together: float
    """Points gained without both."""
    apart: float
    """Points gained without the one, plus points gained without the other."""


@dataclass(frozen=True)
class PriceList:
    """What every rule costs."""

    money: float
    """Points that one EUR million more earns, spread over the EU budget in proportion to the ceilings."""
    rules: pd.DataFrame
    """One row per rule in force, the dearest first: rule, kind, says, enforced, negotiable, points, euro (EUR million)."""
    pairs: tuple[PairPrice, ...]


def price_list(bench: Bench) -> PriceList:
    """Switch every rule off in turn, solve again, and do the same for pairs of the dearest and of those that cost nothing alone."""
    import pandas as pd

    # ceilings, transfers and watched rules have no price of their own: money has, and what is only measured costs nothing
    rules = [rule for rule in bench.scenario.rules if rule.waivable and not rule.watch and bench.open.block(rule.id) is not None]
    money = bench.gain(bench.spread(1.0))
    gains = {rule.id: _clean(bench.gain(bench.without(rule.id))) for rule in rules}
    rules.sort(key=lambda rule: -gains[rule.id])
    english = bench.scenario.speaks()
    rows = [(r.id, r.kind, general_sentence(r, english), "hard" if r.hard else "soft", r.negotiable, gains[r.id]) for r in rules]
    table = pd.DataFrame(rows, columns=["rule", "kind", "says", "enforced", "negotiable", "points"])
    table["euro"] = table["points"] / money if money > NOTHING else np.nan
    return PriceList(money, described(table), tuple(sorted(_pairs(bench, gains), key=lambda pair: pair.apart - pair.together)))


def _pairs(bench: Bench, gains: Mapping[str, float]) -> Iterator[PairPrice]:
    costly = sorted((rule for rule, gain in gains.items() if gain > 0), key=lambda rule: -gains[rule])[:AMONG]
    idle = [rule for rule, gain in gains.items() if gain == 0 and _tight(bench, rule)][:AMONG]
    for a, b in combinations(costly + idle, 2):
        together, apart = _clean(bench.gain(bench.without(a, b))), gains[a] + gains[b]
        if together - apart > max(0.05 * together, NOISE):
            yield PairPrice(a, b, together, apart)


def general_sentence(rule: Kind, language: str) -> str:
    """Return a rule's sentence for all its members: {partnership} becomes "each partnership"."""
    text = rule.said_of_all(language)
    return text[:1].upper() + text[1:]


def _tight(bench: Bench, rule: str) -> bool:
    block = bench.open.block(rule)
    assert block is not None
    activity = bench.open.matrix.times(bench.best.values)
    near = np.minimum(np.abs(activity - bench.open.row_lower), np.abs(activity - bench.open.row_upper))[block.rows]
    return bool(np.any(near[~(block.relaxed | (block.held > 0))] < 1e-5))


def _clean(gain: float) -> float:
    return gain if gain > NOISE else 0.0
