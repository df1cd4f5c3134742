"""Floors above ceilings, and rules that can never bind: what adding up shows without a solver.

A row of the program with a lower limit and positive coefficients is a floor, one with an upper limit a ceiling, whatever
kind of rule it comes from. Floors whose money lies inside that of a ceiling, and not twice, must not exceed it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import some
from fundalloc.insight.doctor.remarks import Remark, error, warning
from fundalloc.insight.doctor.sums import TINY, Sums
from fundalloc.model.linear_program import LinearProgram, RowBlock
from fundalloc.money import Floats
from fundalloc.plan.naming import limit_texts
from fundalloc.rules.statement import Sense
from fundalloc.scenario.scenario import Scenario

SLIP = 200.0
"""A floor so many times too large is probably in another unit."""


def contradictions(scenario: Scenario, program: LinearProgram) -> Iterator[Remark]:
    """Yield floors that exceed what their own lines, or a ceiling around them, can carry. Soft floors: only a warning."""
    sums = Sums(scenario, program)
    too_high = dict(_too_high(sums))
    yield from too_high.values()
    told: set[tuple[int, ...]] = {(row,) for row in too_high}
    for row, floors, decided in _above(sums):
        if floors not in told:
            told.add(floors)
            yield _told(scenario, sums, row, floors, decided)


def idle_rules(scenario: Scenario, program: LinearProgram) -> Iterator[Remark]:
    """Yield rules that can change nothing: without demands, over decided money alone, or with limits that no plan reaches."""
    sums = Sums(scenario, program)
    for block in program.blocks:
        rule, demands = block.rule, block.demands
        if rule is None or demands is None or rule.built_in:
            continue
        place = scenario.places[rule.id]
        rows = np.arange(block.rows.start, block.rows.stop)
        if len(demands) == 0:
            yield warning(place, f"rule '{rule.id}' asks nothing of anybody", "no member that it names has money that counts")
        elif block.idle.all():
            yield warning(place, f"rule '{rule.id}' concerns decided money alone: no plan can change it", "watch it instead: watch: true")
        elif (met := _met_anyway(sums, block, rows)) is not None:
            yield warning(place, f"rule '{rule.id}' can never bind: {met}", "nothing would change without it; is the figure right?")


def _too_high(sums: Sums) -> Iterator[tuple[int, Remark]]:
    """Floors above what their own lines can ever carry, by row."""
    program = sums.program
    lower = np.where(np.isfinite(program.row_lower), program.row_lower, -np.inf)
    for row in np.flatnonzero(sums.plain_sums & (lower > 0) & (lower > sums.most - sums.negative[0] + TINY)):
        rule = sums.owner(int(row))[0].rule
        assert rule is not None
        most = float(sums.most[row] - sums.negative[0][row])
        slip = "is it in thousands of euro? " if most and lower[row] / most >= SLIP else ""
        make = warning if rule.soft is not None else error
        asked = sums.eur(float(lower[row]))
        says = f"“{sums.says(int(row))}” asks for {asked}; its lines can carry {sums.eur(most)} at the most (rule {rule.id})"
        yield int(row), make(sums.place(int(row)), says, f"{slip}lower it, or open more ways: eligibility, ceilings, absorption")


def _above(sums: Sums) -> Iterator[tuple[int, tuple[int, ...], float]]:
    """Yield (row of the ceiling, rows of disjoint floors inside it that exceed it, decided money besides), tightest scope first."""
    floors, ceilings = sums.rows_with(sums.program.row_lower, soft=True), sums.rows_with(sums.program.row_upper, soft=False)
    amount = sums.program.row_lower / sums.coefficient(np.maximum)
    limit = (sums.program.row_upper + sums.negative[1]) / sums.coefficient(np.minimum)
    lines = sums.lines_of
    found = []
    for ceiling, inside in sums.contained(floors, ceilings):
        candidates = inside[np.argsort(-amount[inside], kind="stable")]
        if amount[candidates].sum() + sums.decided[lines[ceiling]].sum() > limit[ceiling] + TINY:
            chosen, besides = _exceeding(sums, amount, ceiling, candidates, float(limit[ceiling]))
            if chosen:
                found.append((float(limit[ceiling]), ceiling, tuple(chosen), besides))
    for _, ceiling, chosen_rows, besides in sorted(found):
        yield ceiling, chosen_rows, besides


def _exceeding(sums: Sums, amount: Floats, ceiling: int, candidates: NDArray[np.intp], limit: float) -> tuple[list[int], float]:
    """Return as few disjoint floors as exceed a limit together with the decided money besides them, and that money; or none."""
    chosen: list[int] = []
    used = np.zeros(len(sums.scenario.lines), dtype=bool)
    besides = decided = float(sums.decided[sums.lines_of[ceiling]].sum())
    for row in candidates:
        mine = sums.lines_of[int(row)]
        if np.any(used[mine]):
            continue
        chosen.append(int(row))
        used[mine] = True
        decided -= float(sums.decided[mine].sum())
        besides = decided
        if amount[chosen].sum() + besides > limit + TINY:
            return chosen, besides
    return [], besides


def _told(scenario: Scenario, sums: Sums, ceiling: int, floors: tuple[int, ...], decided: float) -> Remark:
    block, k = sums.owner(ceiling)
    assert block.rule is not None
    assert block.demands is not None
    asked = sum(float(sums.program.row_lower[row]) for row in floors)
    (limit,) = limit_texts(scenario, block.rule, block.demands, [k])
    names = list(dict.fromkeys(f"“{sums.says(row)}” {sums.eur(float(sums.program.row_lower[row]))}" for row in floors))
    besides = f" and decided money to {sums.eur(decided)}" if decided > TINY else ""
    noun = "the floor" if len(floors) == 1 else f"{len(floors)} floors"
    verb = "comes" if len(floors) == 1 else "add up"
    says = f"inside “{sums.says(ceiling)}”, {noun} {verb} to {sums.eur(asked)}{besides}, the limit is {limit}: {some(names)}"
    soft = any((owner := sums.owner(row)[0].rule) is not None and owner.soft is not None for row in floors)
    make = warning if soft else error
    return make(sums.place(floors[0]), says, f"lower one of them, or raise the limit ({sums.place(ceiling)})")


def _met_anyway(sums: Sums, block: RowBlock, rows: NDArray[np.intp]) -> str | None:
    """Return why no plan can come to the limit of any row of a rule, or None."""
    program = sums.program
    active = rows[~block.idle]
    if not sums.plain_sums[active].all():
        return None
    smallest, largest = sums.negative
    high = sums.most[active] - smallest[active]
    low = sums.least[active] - largest[active]
    upper, lower = program.row_upper[active], program.row_lower[active]
    below = ~np.isfinite(upper) | (high <= upper + TINY)
    above = ~np.isfinite(lower) | (low >= lower - TINY)
    if not (below & above).all():
        return None
    demands = block.demands
    assert demands is not None
    if len(active) > 1:
        return f"none of its {len(active)} limits can be reached"
    if demands.sense[0] is Sense.AT_MOST and block.rule is not None and not block.rule.relative:
        return f"at most {sums.eur(float(high[0]))} can flow there, the limit is {sums.eur(float(upper[0]))}"
    if demands.sense[0] is Sense.AT_LEAST and block.rule is not None and not block.rule.relative:
        return f"decided money alone brings {sums.eur(float(low[0]))}, it asks for {sums.eur(float(lower[0]))}"
    return "it holds whatever the plan does"
