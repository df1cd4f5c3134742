"""The smallest single change that would bring a million more to a place, each found and confirmed by solving again.

A change brings the million when the best plan that has it scores as much as the best plan without that wish.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fundalloc.insight.explain.bench import NOISE, Bench
from fundalloc.insight.explain.target import Target
from fundalloc.model.linear_program import LinearProgram, RowBlock
from fundalloc.model.objective import band_table, needs_served
from fundalloc.money import Floats, IntArray
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense

LARGEST = 64.0
"""EUR million by which a limit is moved at the most."""
CANDIDATES = 3
NEAR = 0.01
_RANK = {"practice": 0, "political": 1, "law": 2}

Variant = Callable[[LinearProgram, float], LinearProgram]
"""The program with a change of some size."""


@dataclass(frozen=True)
class Remedy:
    """One change that brings a million more."""

    kind: str
    """money: more of an instrument · limit: a demand gives way · priority: the need counts more."""
    by: float
    """EUR million; for a priority the factor."""
    instrument: int = -1
    rule: Kind | None = None
    demand: int = -1
    sense: Sense | None = None
    priority: tuple[float, float] = (0.0, 0.0)
    """Now and then, where one need is concerned."""


def slack_of(bench: Bench, cost: float) -> float:
    """Return the points by which the wished plan may stay behind and still count as equally good: a hundredth of what it costs now."""
    return max(NOISE, min(bench.slight, cost / 100)) if np.isfinite(cost) else bench.slight


def candidates(bench: Bench, effects: Floats) -> list[tuple[RowBlock, int]]:
    """Return the demands that charge the lines most: the dearest of each rule, and of each instrument's ceilings."""
    best: dict[tuple[str, str], tuple[float, RowBlock, int]] = {}
    for block, rule, demands in bench.priced():
        for k, effect in enumerate(effects[block.rows].tolist()):
            key = (block.owner, demands.member[k][0] if rule.is_budget else "")
            if effect > max(1e-4, best.get(key, (0.0,))[0]):
                best[key] = (effect, block, k)
    ordered = sorted(best.values(), key=lambda item: -item[0])
    return [(block, k) for _, block, k in ordered[:CANDIDATES]]


def give_way(bench: Bench, forced: LinearProgram, chosen: Sequence[tuple[RowBlock, int]], slack: float) -> list[Remedy]:
    """Return how far each of these demands would have to give way, alone; those that never suffice are left out."""
    found = []
    for block, demand in chosen:
        if block.rule is None or block.demands is None:
            continue
        rule, sense, row = block.rule, block.demands.sense[demand], block.rows.start + demand
        instrument = bench.scenario.facts.dimensions.instrument.index(block.demands.member[demand][0]) if rule.is_budget else -1
        sign = -1.0 if sense is Sense.AT_LEAST else 1.0

        def variant(program: LinearProgram, by: float, instrument: int = instrument, row: int = row, sign: float = sign) -> LinearProgram:
            return bench.moved(row, sign * by, program) if instrument < 0 else bench.granted({instrument: by}, None, program)

        size = smallest(bench, forced, variant, slack)
        if size and rule.is_budget:
            found.append(Remedy("money", size, instrument, rule))
        elif size:
            found.append(Remedy("limit", size + float(block.held[demand]), -1, rule, demand, sense))
    return found


def in_order(found: Sequence[Remedy]) -> list[Remedy]:
    """Return the smallest change first; practice before politics before law among equals."""
    return sorted(found, key=lambda remedy: (remedy.by, _RANK[remedy.rule.negotiable if remedy.rule else "political"]))


def behind(bench: Bench, forced: LinearProgram, variant: Variant, by: float) -> float:
    """Return how far the best plan with the wish stays behind the best one, both with the change; infinite without a plan."""
    wished, free = bench.solve(variant(forced, by)), bench.solve(variant(bench.open, by))
    return free.objective - wished.objective if wished.usable and free.usable else float("inf")


def smallest(bench: Bench, forced: LinearProgram, variant: Variant, slack: float) -> float:
    """Return the smallest change that is enough, to a rounding step or a hundredth; 0 when none is, up to LARGEST."""
    step = float(bench.lines.facts.step)
    tried, enough = 0.0, 1.0
    while behind(bench, forced, variant, enough) > slack:
        tried, enough = enough, 4 * enough
        if enough > LARGEST:
            return 0.0
    while enough - tried > max(step, NEAR * enough) * 1.001:
        middle = step * round((tried + enough) / 2 / step)
        if behind(bench, forced, variant, middle) > slack:
            tried = middle
        else:
            enough = middle
    return enough


def raise_priority(bench: Bench, forced: LinearProgram, target: Target, slack: float) -> list[Remedy]:
    """Return the smallest factor on the priorities of the needs that the target serves that is enough, where a partnership is named."""
    needs = bench.lines.facts.needs
    if "partnership" not in target.words:
        return []
    picked = needs_served(bench.lines, target.lines & ~bench.lines.fixed)
    steps = band_table(bench.lines.facts)[0].shape[1]
    columns = (bench.open.lines + np.arange(steps)[:, None] * len(needs) + np.flatnonzero(picked)[None, :]).ravel()
    factor = smallest_factor(bench, forced, columns, slack) if len(columns) else 0.0
    if not factor:
        return []
    one = float(needs.priority.values[picked][0]) if picked.sum() == 1 else 0.0
    return [Remedy("priority", factor, priority=(one, one * factor))]


def smallest_factor(bench: Bench, forced: LinearProgram, columns: IntArray, slack: float) -> float:
    """Return the smallest factor on the worth of these met needs that is enough; 0 when none up to 10 is.

    Both scores are convex in the factor, and their difference falls with slope = what the wished plan meets more.
    """
    factor = 1.0
    for _ in range(12):
        wished, free = (bench.solve(_worth(program, columns, factor)) for program in (forced, bench.open))
        if not wished.usable:
            return 0.0
        missing = free.objective - wished.objective
        if missing <= slack:
            return factor
        cost = bench.open.cost[columns]
        more = float(cost @ wished.values[columns] - cost @ free.values[columns])
        if more <= slack:
            return 0.0
        factor += missing / more
        if factor > 10:
            return 0.0
    return 0.0


def _worth(program: LinearProgram, columns: IntArray, factor: float) -> LinearProgram:
    cost = program.cost.copy()
    cost[columns] *= factor
    return replace(program, cost=cost)
