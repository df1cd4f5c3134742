"""How evenly needs are covered: the Gini coefficient of coverage over partnerships, weighted by need, and the one that is covered least.

G  =  1 - sum over k of  p_k x (L_(k-1) + L_k)        partnerships in order of coverage; p: part of the need, L: of what is met so far
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundalloc.labels import Words
from fundalloc.model.objective import met_needs
from fundalloc.money import Floats
from fundalloc.plan.plan import Plan
from fundalloc.scenario.scenario import Scenario


class Fairness(NamedTuple):
    """How evenly a plan covers."""

    gini: float
    worst_off: str
    """The id of the partnership that is covered least."""
    coverage: float


def fairness(plan: Plan) -> tuple[Fairness | None, Fairness | None]:
    """Return how evenly a plan covers, and the plan that it starts from; None where nothing is needed or met, or there is no such plan."""
    scenario, start = plan.scenario, plan.scenario.facts.baseline
    before = None if start is None else _measured(scenario, met_needs(scenario.lines.planned, start.amount.values))
    return _measured(scenario, plan.coverage.met), before


def fairness_said(plan: Plan, words: Words) -> str:
    """Say the same in a sentence; nothing where it is not known."""
    names = plan.scenario.labels(words.language)["partnership"]
    now, before = (
        one and words("fairness.says", gini=words.number(one.gini, 3), name=names[one.worst_off], coverage=words.share(one.coverage))
        for one in fairness(plan)
    )
    return f"{now} ({words('workbook.column.baseline')} – {before})" if now and before else now or ""


def _measured(scenario: Scenario, met: Floats) -> Fairness | None:
    needs = scenario.facts.needs
    need, got = (np.bincount(needs.partnership, weights=figures) for figures in (needs.need.values, met))
    there = np.flatnonzero(need > 0)
    if not got.sum():
        return None
    order = there[np.argsort(got[there] / need[there], kind="stable")]
    part, share = need[order] / need.sum(), got[order] / got.sum()
    worst = int(order[0])
    gini = 1 - float(part @ (2 * np.cumsum(share) - share))
    return Fairness(round(gini, 12) + 0.0, scenario.facts.dimensions.partnership.ids[worst], float(got[worst] / need[worst]))
