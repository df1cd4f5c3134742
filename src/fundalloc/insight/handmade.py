"""A plan that was made by hand: what it breaks and by how much, and how far it is from the best plan."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from fundalloc.errors import Infeasible, NotRoundable, SolverFailed
from fundalloc.labels import Words
from fundalloc.optimise.stages import Progress
from fundalloc.plan.handmade import broken_entries, broken_rules
from fundalloc.plan.naming import how_broken
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.solvers import Options

TOP = 10
"""Partnerships that differ most, which the answer names."""


@dataclass(frozen=True)
class Broken:
    """A demand of a hard rule, or a decision, that a plan breaks. Amounts are EUR million, or what the rule counts."""

    rule: str
    """Its id; `decided` for decisions and moves."""
    member: str
    says: str
    amount: Fraction
    limit: Fraction
    by: Fraction
    how: str
    """The whole sentence."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        figures = {"amount": float(self.amount), "limit": float(self.limit), "by": float(self.by)}
        return {"rule": self.rule, "member": self.member, "says": self.says, **figures}


@dataclass(frozen=True)
class Distance:
    """How far a plan is from the best one; without one, why."""

    best: Plan | None = None
    missing: float = 0.0
    """What the best plan scores more."""
    move: Fraction = Fraction(0)
    """EUR million that sit elsewhere in the best plan."""
    partnerships: tuple[tuple[str, float, float, float], ...] = ()
    """Those that differ most, the largest difference first: id, EUR million in this plan and in the best, and the difference."""
    reason: str = ""

    def as_dict(self) -> dict[str, Any] | None:
        """Return plain values; None when there is no best plan."""
        if self.best is None:
            return None
        rows = [dict(zip(("partnership", "plan", "best", "difference"), row, strict=True)) for row in self.partnerships]
        head = {"score": self.best.score, "difference": self.missing, "move": float(self.move), "status": self.best.status}
        return {**head, "partnerships": rows}


def broken_demands(plan: Plan, words: Words) -> list[Broken]:
    """Return every hard demand and decision that the plan breaks, and by how much."""
    names, places = plan.scenario.names(words.language), plan.scenario.decimals
    found = []
    for f in broken_rules(plan):
        said = f.said(names, words.language)
        how = f"{said}: {how_broken(f, places, words)} ({f.rule.id})"
        found.append(Broken(f.rule.id, "|".join(f.member), said, f.amount, f.limit, -f.headroom, how))
    for e in broken_entries(plan):
        found.append(Broken("decided", e.key, str(e), e.amount, e.limit, abs(e.amount - e.limit), str(e)))
    return found


def distance(plan: Plan, options: Options | None = None, progress: Progress | None = None) -> Distance:
    """Solve the scenario of a plan and compare the plan with the best one."""
    try:
        best = solve(plan.scenario, options, progress)
    except (Infeasible, NotRoundable, SolverFailed) as error:
        return Distance(reason=str(error).splitlines()[0])
    move = Fraction(int(np.abs(best.steps - plan.steps).sum()), 2) * plan.scenario.facts.step
    lines, facts = plan.scenario.lines, plan.scenario.facts
    totals = np.zeros((2, len(facts.partnerships)), dtype=np.int64)
    for k, made in enumerate((plan, best)):
        np.add.at(totals[k], lines.partnership, made.steps)
    change = totals[1] - totals[0]
    order = sorted(np.flatnonzero(change), key=lambda k: (-abs(int(change[k])), facts.partnerships[k].id))[:TOP]
    here, there, more = (np.asarray(facts.euro(steps), dtype=float) for steps in (totals[0], totals[1], change))
    rows = tuple((facts.partnerships[k].id, float(here[k]), float(there[k]), float(more[k])) for k in order)
    return Distance(best, best.score - plan.score, move, rows)
