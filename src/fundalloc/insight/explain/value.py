"""What money is worth, one more and one less of every instrument and the budget ladder; and how firm an amount is.

The ladder scales the ceilings of the EU budget and plans again. What is decided stays, so no ceiling falls below it, and
the years that are closed keep theirs. Every rung is settled next to the one before it, so that what moves has to move.

Optimal plans are rarely unique, and a small loss opens many more. An amount whose range, at no loss of score, is a point is
dictated by the scenario; one with a wide range is a choice that settling made. Ranges are of the linear program, before
rounding, and keep the chosen switches.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from fundalloc.errors import Infeasible, SolverFailed
from fundalloc.facts.entities import Instrument, InstrumentCeiling
from fundalloc.insight.explain.bench import MILLION, Bench
from fundalloc.money import Floats, Mask
from fundalloc.optimise.stage_programs import HOLD
from fundalloc.optimise.stages import find_optimum
from fundalloc.plan.asking import Question
from fundalloc.plan.columns import described
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers.warm import WarmSolvers

if TYPE_CHECKING:
    import pandas as pd

RUNGS = (Fraction(4, 5), Fraction(9, 10), Fraction(1), Fraction(11, 10), Fraction(6, 5))
LOSS = 0.001
"""Relative score that the wider range may give up."""


def value_of_money(bench: Bench, step: float = MILLION) -> pd.DataFrame:
    """Return per planned instrument what one more and one less step (EUR million) is worth, in points.

    Columns: instrument, ceiling (usable, whole period), planned, more, less. `less` is negative; NaN where less would leave
    no plan. Money of several years goes, or is taken, where that is best.
    """
    import pandas as pd

    facts = bench.lines.facts
    planned = np.bincount(bench.lines.instrument, weights=bench.amounts, minlength=len(facts.instruments))
    rows = []
    for k, instrument in enumerate(facts.instruments):
        if instrument.planned and k in bench.grants.instrument:
            gains = (0.0 if abs(gain) < min(bench.slight, 1e-4) else gain for gain in bench.around_money(k, step))
            rows.append([instrument.id, bench.ceiling(k), float(planned[k]), *gains])
    return described(pd.DataFrame(rows, columns=["instrument", "ceiling", "planned", "more", "less"]))


@dataclass(frozen=True)
class Rung:
    """The plan at one size of the EU budget."""

    factor: Fraction
    money: float
    """Usable ceilings of the EU budget over the period, EUR million."""
    score: float
    """NaN when no plan exists at this size."""
    enters: tuple[tuple[str, str], ...]
    """Pairs (partnership, area) that are funded here and not on the rung below."""
    leaves: tuple[tuple[str, str], ...]
    """Pairs that are funded on the rung below and not here."""
    losers: tuple[tuple[str, float], ...]
    """Partnerships that get less than on the rung below although there is more money: id, EUR million."""


def budget_ladder(bench: Bench, rungs: Sequence[Fraction] = RUNGS) -> tuple[Rung, ...]:
    """Plan again at every size of the EU budget; the plan as it is stands among them. Raises SolverFailed.

    The sizes above and those below are two walks outwards from the plan as it is, on a core each.
    """
    ordered = sorted({*rungs, Fraction(1)})
    below, above = ([f for f in ordered if f < 1], [f for f in ordered if f > 1])
    with ThreadPoolExecutor(1) as second:  # the solver lets other threads run
        down = second.submit(_walk, bench, below[::-1])
        up = _walk(bench, above)
        plans = {**down.result(), Fraction(1): (bench.score, bench.amounts), **up}
    out, before = [], None
    for factor in ordered:
        score, amounts = plans[factor]
        out.append(_rung(bench, factor, score, amounts, before))
        before = amounts
    return tuple(out)


def _walk(bench: Bench, factors: Sequence[Fraction]) -> dict[Fraction, tuple[float, Floats | None]]:
    """Return the score and the amounts at every size, each settled next to the one before; NaN and None where there is no plan."""
    near, solvers = bench.amounts, WarmSolvers()
    found: dict[Fraction, tuple[float, Floats | None]] = {}
    for factor in factors:
        scenario = scaled(bench.scenario, factor)
        try:
            optimum = find_optimum(scenario, bench.options, beside=near, priced=False, solve=solvers)
        except Infeasible:
            found[factor] = (float("nan"), None)
            continue
        except SolverFailed as error:
            raise SolverFailed(error.status, f"At {float(factor):.0%} of the budget: {error}") from None
        near = optimum.values[: len(bench.lines)]
        found[factor] = (optimum.first.objective, near)
    return found


def _rung(bench: Bench, factor: Fraction, score: float, here: Floats | None, below: Floats | None) -> Rung:
    money = _money(scaled(bench.scenario, factor))
    if here is None or below is None:
        return Rung(factor, money, score, (), (), ())
    lines, step = bench.lines, float(bench.lines.facts.step)
    partnerships, areas = lines.facts.dimensions.partnership.ids, lines.facts.dimensions.area.ids
    pair = lines.partnership * len(areas) + lines.area
    now, then = (np.bincount(pair, weights=amounts, minlength=len(partnerships) * len(areas)) >= step / 2 for amounts in (here, below))
    pairs = [(partnership, area) for partnership in partnerships for area in areas]
    enters, leaves = (tuple(pairs[k] for k in np.flatnonzero(mask)) for mask in (now & ~then, then & ~now))
    change = np.bincount(lines.partnership, weights=here - below, minlength=len(partnerships))
    losers = tuple((partnerships[k], float(change[k])) for k in np.argsort(change) if change[k] < -step)
    return Rung(factor, money, score, enters, leaves, losers)


def _money(scenario: Scenario) -> float:
    facts = scenario.facts
    budget = [i.counts == "budget" for i in facts.instruments]
    return float(facts.euro(int(np.maximum(facts.ceilings.usable_over()[budget], 0).sum())))


def scaled(scenario: Scenario, factor: Fraction) -> Scenario:
    """Return the scenario with the ceilings of the EU budget scaled, never below what is decided, closed years as they are."""
    facts = scenario.facts
    changed = (
        _scaled(scenario, instrument, [int(steps) * facts.step for steps in own], factor)
        for instrument, own in zip(facts.instruments, facts.decided_by_year, strict=True)
    )
    return replace(scenario, facts=replace(facts, instruments=tuple(changed)))


def _scaled(scenario: Scenario, instrument: Instrument, decided: Sequence[Fraction], factor: Fraction) -> Instrument:
    if instrument.counts != "budget" or instrument.ceiling is None or instrument.reserve == 1:
        return instrument
    facts, ceiling, kept = scenario.facts, instrument.ceiling, 1 - instrument.reserve
    each = None
    if ceiling.each is not None:
        each = dict(ceiling.each)
        for year, own in zip(facts.years, decided, strict=True):
            now = ceiling.in_year(year)
            if now is not None and year not in facts.closed:
                each[year] = max(now * factor, min(now, own / kept))
    total = None if ceiling.total is None else max(ceiling.total * factor, min(ceiling.total, sum(decided, Fraction(0)) / kept))
    return instrument.model_copy(update={"ceiling": InstrumentCeiling.model_construct(each=each, total=total)})


# -- how firm amounts are --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Span:
    """What a sum of lines can be, EUR million."""

    least: float
    most: float

    @property
    def width(self) -> float:
        """Zero when nothing but one amount is possible."""
        return self.most - self.least


def span(bench: Bench, lines: Mask, loss: float = 0.0) -> Span:
    """Return the range of a sum of lines at the score of the plan before rounding, or `loss` (relative) below the best."""
    kept = bench.keeping(bench.score - max(loss * abs(bench.score), bench.given_up) - HOLD * (1 + abs(bench.score)))
    cost = np.concatenate([lines.astype(float), np.zeros(kept.shape[1] - len(lines))])
    least, most = (bench.solve(replace(kept, cost=sign * cost)) for sign in (-1.0, 1.0))
    low, high = -least.objective if least.usable else float("nan"), most.objective if most.usable else float("nan")
    return Span(low + 0.0, max(high + 0.0, low + 0.0))


def amount_ranges(
    bench: Bench, by: Sequence[str] = ("partnership", "area"), amounts: Floats | None = None, loss: float = LOSS
) -> pd.DataFrame:
    """Return one row per group of lines that has undecided money: its amount and both ranges, EUR million.

    `by` names dimensions; `amounts` are those of the finished plan per line (default: the settled plan). Columns: the ids,
    amount, least, most (at the same score), least_within, most_within (within `loss`), and `firm`: whether the ends at the same score are
    at most a rounding step apart.
    """
    import pandas as pd

    lines, dimensions = bench.lines, [bench.lines.facts.dimensions[name] for name in by]
    sizes = [len(dimension.ids) for dimension in dimensions]
    group = np.ravel_multi_index([getattr(lines, name) for name in by], sizes)
    members = np.unique(group[~lines.fixed])
    place = np.where(np.isin(group, members), np.searchsorted(members, group), -1)
    question = Question(bench.fixed, place, bench.options)
    tight, wide = (question.ranges(max(part * abs(bench.score), bench.given_up)) for part in (0.0, loss))
    ids = {n: np.array(d.ids, dtype=object)[k] for n, d, k in zip(by, dimensions, np.unravel_index(members, sizes), strict=True)}
    given = (bench.amounts if amounts is None else amounts)[place >= 0]
    columns: dict[str, Floats] = {"amount": np.bincount(place[place >= 0], weights=given, minlength=len(members)).astype(float)}
    columns |= {"least": tight[:, 0], "most": tight[:, 1], "least_within": wide[:, 0], "most_within": wide[:, 1]}
    return described(pd.DataFrame({**ids, **columns, "firm": np.ptp(tight, axis=1) <= float(lines.facts.step) * (1 + 1e-6)}))
