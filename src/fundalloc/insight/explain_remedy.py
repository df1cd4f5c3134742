"""The smallest single change that would bring a million more to a place, each found and confirmed by solving again.

A change brings the million when the best plan that has it scores as much as the best plan without that wish.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fundalloc.insight.explain_bench import Bench
from fundalloc.insight.explain_target import Target
from fundalloc.model.linear_program import Floats, LinearProgram
from fundalloc.model.objective import step_table
from fundalloc.rules._kind import Kind
from fundalloc.rules._rows import Sense

if TYPE_CHECKING:
    from fundalloc.model.linear_program import RowBlock

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


def find_remedies(bench: Bench, forced: LinearProgram, effects: Floats, target: Target) -> tuple[Remedy, ...]:
    """Return single changes that would bring a million more, the smallest first."""
    found = []
    for block, demand in _candidates(bench, effects):
        rule = block.rule
        assert rule is not None
        assert block.demands is not None
        if rule.kind == "ceiling":
            instrument = [i.id for i in bench.scenario.facts.instruments].index(block.demands.member[demand][0])
            size = smallest(bench, forced, lambda program, by, i=instrument: bench.granted({i: by}, None, program))  # type: ignore[misc]
            found += [Remedy("money", size, instrument, rule)] if size else []
        else:
            sense = block.demands.sense[demand]
            sign = -1.0 if sense is Sense.AT_LEAST else 1.0
            row = block.rows.start + demand
            size = smallest(bench, forced, lambda program, by, r=row, s=sign: bench.moved(r, s * by, program))  # type: ignore[misc]
            found += [Remedy("limit", size, -1, rule, demand, sense)] if size else []
    ordered = sorted(found, key=lambda remedy: (remedy.by, _RANK[remedy.rule.negotiable if remedy.rule else "political"]))
    return (*ordered, *_priority(bench, forced, target))


def _candidates(bench: Bench, effects: Floats) -> list[tuple[RowBlock, int]]:
    """Return the demands that charge the lines most: the dearest of each rule, and of each instrument's ceilings."""
    best: dict[tuple[str, str], tuple[float, RowBlock, int]] = {}
    for block in bench.open.blocks:
        if block.rule is None or block.demands is None or len(bench.blocks(block.owner)) > 1:
            continue
        for k in np.flatnonzero(effects[block.rows] > 1e-4):
            key = (block.owner, block.demands.member[k][0] if block.rule.kind == "ceiling" else "")
            effect = float(effects[block.rows][k])
            if effect > best.get(key, (0.0,))[0]:
                best[key] = (effect, block, int(k))
    ordered = sorted(best.values(), key=lambda item: -item[0])
    return [(block, k) for _, block, k in ordered[:CANDIDATES]]


def behind(bench: Bench, forced: LinearProgram, variant: Variant, by: float) -> float:
    """Return how far the best plan with the wish stays behind the best one, both with the change; infinite without a plan."""
    wished, free = bench.solve(variant(forced, by)), bench.solve(variant(bench.open, by))
    if not (wished.usable and free.usable):
        return float("inf")
    return free.objective - wished.objective


def smallest(bench: Bench, forced: LinearProgram, variant: Variant) -> float:
    """Return the smallest change that is enough, to a rounding step or a hundredth; 0 when none is, up to LARGEST."""
    step = float(bench.lines.facts.step)
    tried, enough = 0.0, 1.0
    while behind(bench, forced, variant, enough) > bench.slight:
        tried, enough = enough, 4 * enough
        if enough > LARGEST:
            return 0.0
    while enough - tried > max(step * 1.001, NEAR * enough):
        middle = step * round((tried + enough) / 2 / step)
        if middle in (tried, enough):
            break
        if behind(bench, forced, variant, middle) > bench.slight:
            tried = middle
        else:
            enough = middle
    return enough


def _priority(bench: Bench, forced: LinearProgram, target: Target) -> tuple[Remedy, ...]:
    """Return the smallest factor on the priorities of the target's needs that is enough, for targets that name a partnership."""
    needs = bench.lines.facts.needs
    if "partnership" not in target.words:
        return ()
    facts = bench.lines.facts
    picked = np.ones(len(needs), dtype=bool)
    for name in ("partnership", "area"):
        if name in target.words:
            picked &= facts.dimensions[name].masks[target.words[name]][getattr(needs, name)]
    steps = step_table(facts)[0].shape[1]
    columns = (bench.open.lines + np.arange(steps)[:, None] * len(needs) + np.flatnonzero(picked)[None, :]).ravel()
    if not len(columns):
        return ()
    factor = smallest_factor(bench, forced, columns.astype(np.intp))
    if not factor:
        return ()
    one = float(needs.priority.values[picked][0]) if picked.sum() == 1 else 0.0
    return (Remedy("priority", factor, priority=(one, one * factor)),)


def smallest_factor(bench: Bench, forced: LinearProgram, columns: np.ndarray[tuple[int], np.dtype[np.intp]]) -> float:
    """Return the smallest factor on the worth of these met needs that is enough; 0 when none up to 10 is.

    Both scores are convex in the factor, and their difference falls with slope = what the wished plan meets more.
    """
    factor = 1.0
    for _ in range(12):
        wished, free = (bench.solve(_worth(program, columns, factor)) for program in (forced, bench.open))
        if not wished.usable:
            return 0.0
        missing = free.objective - wished.objective
        if missing <= bench.slight:
            return factor
        cost = bench.open.cost[columns]
        more = float(cost @ wished.values[columns] - cost @ free.values[columns])
        if more <= bench.slight:
            return 0.0
        factor += missing / more
        if factor > 10:
            return 0.0
    return 0.0


def _worth(program: LinearProgram, columns: np.ndarray[tuple[int], np.dtype[np.intp]], factor: float) -> LinearProgram:
    cost = program.cost.copy()
    cost[columns] *= factor
    return replace(program, cost=cost)
