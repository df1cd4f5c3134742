"""What a run came to, whether it was solved just now or read back from a file: amounts per line, and measured rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from fundalloc.facts.dimensions import NAMES
from fundalloc.money import exact_product
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import AT_LIMIT, OK, Finding
from fundalloc.rules import built_in_rules
from fundalloc.scenario.plans.amounts import LineKey

Names = dict[str, dict[str, str]]
"""Dimension → id → printed name."""
Demand = tuple[str, str, str]
"""Rule, member (labels joined by |), sense: the same in every run of the same rule."""

BUDGET, PARTNER = "budget", "partner"
NOT_ASKED = "not asked"
"""The status of a demand that a scenario does not have."""
KEPT = (OK, AT_LIMIT)


@dataclass(frozen=True, slots=True)
class Measured:
    """One demand of a rule as measured. Amounts in EUR million, None where the file does not say."""

    demand: Demand
    says: str
    force: str
    """hard, soft or watched; empty where the file does not say."""
    amount: float | None
    limit: float | None
    headroom: float | None
    status: str

    @property
    def kept(self) -> bool:
        """Whether the demand holds."""
        return self.status in KEPT


@dataclass(frozen=True)
class Outcome:
    """The result of one scenario."""

    amounts: Mapping[LineKey, Fraction]
    """EUR million per line; lines without money may be missing."""
    kinds: Mapping[str, str]
    """Instrument → budget or partner; instruments that are not named count as budget."""
    rules: tuple[Measured, ...] | None
    """None when the file says nothing about rules."""
    names: Names = field(default_factory=dict)
    score: float | None = None
    status: str = ""
    digest: str = ""
    as_of: str = ""
    plan: Plan | None = None
    within: Mapping[str, str] = field(default_factory=dict)
    """Action → the area that holds it."""
    whole: bool = False
    """Whether the money of some actions is that of their areas here, because another side does not break it down."""

    def as_whole(self, actions: Collection[str]) -> Outcome:
        """Return it with the money of some actions as that of their areas."""
        amounts: dict[LineKey, Fraction] = {}
        for (i, p, area, t), amount in self.amounts.items():
            key = (i, p, self.within.get(area, area) if area in actions else area, t)
            amounts[key] = amounts.get(key, Fraction(0)) + amount
        return replace(self, amounts=amounts, whole=True)

    def totals(self, dimension: str, kinds: Iterable[str] = (BUDGET,)) -> dict[str, Fraction]:
        """Add up the money of these kinds by instrument, partnership, area or year."""
        position, wanted = NAMES.index(dimension), set(kinds)
        out: dict[str, Fraction] = {}
        for key, amount in self.amounts.items():
            if self.kinds.get(key[0], BUDGET) in wanted:
                member = self.within.get(key[2], key[2]) if dimension == "area" else key[position]
                out[member] = out.get(member, Fraction(0)) + amount
        return out

    def total(self, kind: str = BUDGET) -> Fraction:
        """Return all money of one kind."""
        return sum(self.totals("instrument", (kind,)).values(), Fraction(0))

    @cached_property
    def by_demand(self) -> dict[Demand, Measured]:
        """The measured demands by what tells them apart."""
        return {rule.demand: rule for rule in self.rules or ()}

    @cached_property
    def markers(self) -> dict[str, Fraction] | None:
        """EU budget money that counts towards each marker; None when the coefficients are not known."""
        if self.plan is None:
            return None
        facts, lines = self.plan.scenario.facts, self.plan.scenario.lines
        steps = np.where(np.array([i.counts == BUDGET for i in facts.instruments])[lines.instrument], self.plan.steps, 0)
        weighted = {name: exact_product(steps, grid.numerator[lines.instrument, lines.area]) for name, grid in facts.markers.items()}
        return {name: int(parts.sum()) * facts.step / facts.markers[name].denominator for name, parts in weighted.items()}


def outcome_of(plan: Plan, language: str = "en", *, score: float | None = None, status: str | None = None) -> Outcome:
    """Return the outcome of a plan in hand; `score` and `status` as a file states them, when it was read from one."""
    scenario = plan.scenario
    step = scenario.facts.step
    amounts = {key: int(steps) * step for key, steps in zip(scenario.lines.ids, plan.steps, strict=True) if steps}
    return Outcome(
        amounts=amounts,
        kinds={i.id: i.counts for i in scenario.facts.instruments},
        rules=measured_rules(plan, language),
        names=scenario.labels(language),
        score=plan.score if score is None else score,
        status=plan.status if status is None else status,
        digest=scenario.digest,
        as_of=scenario.head.as_of,
        plan=plan,
        within=scenario.facts.dimensions.area.within,
    )


def measured_rules(plan: Plan, language: str) -> tuple[Measured, ...]:
    """Return the demands of written rules as measured on a plan."""
    names = plan.scenario.names(language)
    return tuple(_measured(finding, names, language) for finding in plan.findings if not finding.rule.built_in)


def _measured(finding: Finding, names: Names, language: str) -> Measured:
    rule = finding.rule
    force = "hard" if rule.hard else "watched" if rule.watch else "soft"
    amount, limit, headroom = (float(figure) for figure in (finding.amount, finding.limit, finding.headroom))
    demand = (rule.id, "|".join(finding.member), str(finding.sense))
    return Measured(demand, finding.said(names, language), force, amount, limit, headroom, finding.status)


def stated_outcome(amounts: Mapping[LineKey, Fraction], stated: Mapping[str, Any]) -> Outcome:
    """Return the outcome that a result file states by itself, in the words of our JSON."""
    named = [row for row in _rows(stated, "allocation") if isinstance(row.get("key"), str) and row.get("counts")]
    built_in = {rule.id for rule in built_in_rules()}
    rows = [row for row in _rows(stated, "rules") if row.get("rule") not in built_in]
    about = scenario if isinstance(scenario := stated.get("scenario"), dict) else {}
    return Outcome(
        amounts={key: amount for key, amount in amounts.items() if amount},
        kinds={row["key"].split("|")[0]: str(row["counts"]) for row in named},
        rules=tuple(_stated(row) for row in rows) if isinstance(stated.get("rules"), list) else None,
        score=_number(stated, "score"),
        status=_text(stated, "status"),
        digest=_text(about, "digest"),
        as_of=_text(about, "as_of"),
        within=about.get("actions") or {},
    )


def _rows(stated: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    rows = stated.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _stated(row: Mapping[str, Any]) -> Measured:
    demand = _text(row, "rule"), _text(row, "member"), _text(row, "sense")
    amount, limit, headroom = (_number(row, key) for key in ("amount", "limit", "headroom"))
    return Measured(demand, _text(row, "says"), _text(row, "enforced"), amount, limit, headroom, _text(row, "status"))


def _text(row: Mapping[str, Any], key: str) -> str:
    return str(row.get(key) or "")


def _number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    return float(value) if isinstance(value, int | float) else None
