"""How evenly needs are covered: the Gini coefficient of coverage over partnerships, weighted by need, and the one that is covered least.

G  =  1 - sum over k of  p_k x (L_(k-1) + L_k)        partnerships in order of coverage; p: part of the need, L: of what is met so far
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fundalloc.facts.facts import Facts
from fundalloc.labels import Words
from fundalloc.model.objective import met_needs
from fundalloc.money import Floats
from fundalloc.plan.plan import Plan


class Fairness(NamedTuple):
    """How evenly a plan covers: the coefficient, the id of the partnership that is covered least, and its coverage."""

    gini: float
    worst_off: str
    coverage: float


def fairness(plan: Plan) -> tuple[Fairness | None, Fairness | None]:
    """Return how evenly a plan covers, and the plan that it starts from; None where nothing is needed or met, or there is no such plan."""
    facts, start = plan.scenario.facts, plan.scenario.facts.baseline
    before = None if start is None else _measured(facts, met_needs(plan.scenario.lines.planned, start.amount.values))
    return _measured(facts, plan.coverage.met), before


def fairness_said(plan: Plan, words: Words) -> str:
    """Say the same in a sentence; nothing where it is not known."""
    said, names = list[str](), plan.scenario.labels(words.language)["partnership"]
    for one in filter(None, fairness(plan)):
        named = {"name": names[one.worst_off], "coverage": words.share(one.coverage)}
        said.append(words("fairness.says", gini=words.number(one.gini, 3), **named))
    return f" ({words('workbook.column.baseline')} – ".join(said) + ")" * (len(said) > 1)


def _measured(facts: Facts, met: Floats) -> Fairness | None:
    need, got = (np.bincount(facts.needs.partnership, weights=figures) for figures in (facts.needs.need.values, met))
    there = np.flatnonzero(need > 0)
    if not got.sum():
        return None
    order = there[np.argsort(got[there] / need[there], kind="stable")]
    part, share = need[order] / need.sum(), got[order] / got.sum()
    gini = 1 - float(part @ (2 * np.cumsum(share) - share))
    return Fairness(round(gini, 12) + 0.0, facts.dimensions.partnership.ids[order[0]], float(got[order[0]] / need[order[0]]))
