"""A finished plan as plain values, and back: what the ledger keeps and what a worker on another machine sends home.

A plan that comes back is verified again from its amounts, exactly as `fundalloc verify` does; nothing is taken on trust.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import numpy as np

from fundalloc.plan.certificate import Certificate
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.verify import verify
from fundalloc.scenario.scenario import Scenario


def pack(plan: Plan) -> dict[str, Any]:
    """Return a plan as plain values; amounts in whole steps."""
    start = plan.scenario.starting_amounts() if plan.scenario.facts.baseline is not None else None
    certificate = plan.certificate
    return {
        "steps": plan.steps.tolist(),
        "moves": plan.moves.tolist(),
        "prices": [None if math.isnan(p) else p for p in plan.prices.tolist()],
        "log": {f.name: _bare(getattr(plan.log, f.name)) for f in fields(plan.log)},
        "certificate": None if certificate is None else _bare_certificate(certificate),
        "baseline": None if start is None else [[*ids, str(amount)] for ids, amount in start.items()],
    }


def unpack(record: dict[str, Any], scenario: Scenario) -> Plan:
    """Build the plan of a scenario from plain values. Raises NotVerified, or ValueError for a record of another scenario."""
    if record["baseline"] is not None:
        amounts = {(i, p, a, t): Fraction(amount) for i, p, a, t, amount in record["baseline"]}
        scenario = replace(scenario.starting_from(amounts), baseline=None)
    steps = np.array(record["steps"], dtype=np.int64)
    moves = np.array(record["moves"], dtype=np.int64)
    if len(steps) != len(scenario.lines) or len(moves) != len(scenario.lines.moves):
        raise ValueError("the kept plan has other allocation lines")
    findings = verify(scenario, np.concatenate([steps, moves]))
    prices = np.array([np.nan if p is None else p for p in record["prices"]], dtype=float)
    if len(prices) != len(findings):
        raise ValueError("the kept plan has other demands")
    kept = record["certificate"]
    certificate = None if kept is None else Certificate(Fraction(kept["bound"]), kept["score"], kept["duals"], kept.get("decided", 0.0))
    return Plan(scenario, steps, tuple(findings), prices, RunLog(**record["log"]), moves, certificate)


def _bare_certificate(certificate: Certificate) -> dict[str, Any]:
    return {**vars(certificate), "bound": str(certificate.bound), "duals": dict(certificate.duals)}


def _bare(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
