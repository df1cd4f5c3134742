"""Textbook problems as scenarios.

The encoding is the same everywhere: resources are instruments with ceilings, activities are areas (or partnerships),
yields are effectiveness, requirements are rules. With one step of returns the score is linear, and with needs beyond
reach it has no other limit than the rules. "EUR million" stands for whatever the textbook counts.

Dantzig's transport problem was copied from its source. The data and published answers of the others were written down
from memory, "after" the books named: look there before quoting them. What is tested does not rest on memory: where a
problem is continuous, `exact.py` solves the textbook's own formulation a second time, in fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from cases import write
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load

PLENTY = "100000"
"""A need or a ceiling that never binds."""
TOLERANCE = 1e-6


def text(number: Fraction | float | str) -> str:
    """Write a number as a scenario file wants it: no more than nine decimals."""
    if not isinstance(number, Fraction):
        number = Fraction(str(number))
    return f"{float(number):.9f}".rstrip("0").rstrip(".")


def case(
    *,
    areas: Iterable[str],
    instruments: Mapping[str, Any],
    eligibility: Mapping[tuple[str, str], Any],
    partnerships: Iterable[str] = ("place",),
    needs: Mapping[tuple[str, str], tuple[Any, Any]] | None = None,
    markers: Mapping[str, Mapping[Any, Any]] | None = None,
    rules: Mapping[str, dict[str, Any]] | None = None,
    years: str = "2026",
    round_to: str = "0.001",
    **more: Any,
) -> dict[str, Any]:
    """Return a scenario.

    instruments: id → ceiling, or a mapping with the keys of an instrument. eligibility: (instrument, area) → effectiveness.
    needs: (partnership, area) → (need, priority); left out: plenty everywhere, priority 1. markers: marker → {area or
    (area, instrument): coefficient}.
    """
    areas, partnerships = list(areas), list(partnerships)
    if needs is None:
        needs = {(p, a): (PLENTY, 1) for p in partnerships for a in areas}
    return {
        "fundalloc": "1",
        "scenario": "textbook",
        "title": "A textbook problem",
        "as_of": "2020-01-01",
        "years": years,
        "round_to": round_to,
        "steps": [{"share": "100 %", "value": "1"}],
        "areas": {a: {"name": a} for a in areas},
        "instruments": {
            i: {"name": i, "source": "textbook", **(given if isinstance(given, dict) else {"ceiling": text(given)})}
            for i, given in instruments.items()
        },
        "partnerships": [{"id": p, "name": p, "level": "bilateral"} for p in partnerships],
        "eligibility": [{"instrument": i, "area": a, "effectiveness": text(e)} for (i, a), e in eligibility.items()],
        "needs": [{"partnership": p, "area": a, "need": text(n), "priority": text(w)} for (p, a), (n, w) in needs.items()],
        "markers": [
            {"marker": m, "coefficient": text(c), **({"area": key} if isinstance(key, str) else {"area": key[0], "instrument": key[1]})}
            for m, coefficients in (markers or {}).items()
            for key, c in coefficients.items()
        ],
        "rules": {name: {"says": name, "source": "textbook", **rule} for name, rule in (rules or {}).items()},
        **more,
    }


def plan_of(folder: Path, problem: dict[str, Any]) -> Plan:
    """Solve a problem; every textbook problem ends proved, certified and without a breach."""
    plan = solve(load(write(folder, problem)))
    assert plan.status == "optimal"
    assert plan.certificate is not None
    assert float(plan.certificate.bound) >= plan.score - 1e-9
    assert not [f for f in plan.findings if f.status == "breach"]
    return plan


def price(plan: Plan, rule: str, *member: str) -> float:
    """Return the shadow price of one demand: score per unit of its limit."""
    (found,) = [p for f, p in zip(plan.findings, plan.prices, strict=True) if f.rule.id == rule and f.member == member]
    return float(found)


def spending_costs(marker: str | None = None, points: str = "1") -> dict[str, Any]:
    """Return the rule that turns the score into minus the cost: nothing should be spent, and every unit costs points."""
    return {"kind": "amount", "money": {"marker": marker} if marker else {}, "at_most": "0", "soft": points}
