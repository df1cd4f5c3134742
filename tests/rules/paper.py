"""Rules on paper: rows spelt out line by line, ledgers written by hand, measures in EUR million."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

import numpy as np

from fundalloc.facts.lines import Lines
from fundalloc.rules import parse_rule
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import TOTALS, Demands, Sense
from fundalloc.scenario.scenario import Scenario

LEDGER = {
    "ndici|tunisia|smuggling|2025": "5",
    "ndici|tunisia|legal-pathways|2026": "4",
    "ndici|egypt|returns|2025": "3",
    "ndici|sahel|smuggling|2025": "10",
    "amif|egypt|smuggling|2026": "2",
    "amif|global|returns|2025": "2",
    "member-states|egypt|legal-pathways|2025": "1.5",
}
"""A plan for the tiny case, EUR million; all other lines are empty. Total 27.5."""


def rule(scenario: Scenario, kind: str, **fields: Any) -> Kind:
    """One rule of a kind, read as from a scenario file."""
    return parse_rule("r", {"kind": kind, "says": "A rule", "source": "assumption", **fields}, scenario.facts.dimensions)


def lines_like(lines: Lines, *patterns: str) -> list[str]:
    """The keys of the lines that match a pattern such as `ndici|*|returns|2025`."""
    return [key for key in lines.keys if any(fnmatchcase(key, pattern) for pattern in patterns)]


def demanded(demands: Demands) -> list[tuple[str, str]]:
    """Every demand as (member, sense)."""
    return [("|".join(member), str(sense)) for member, sense in zip(demands.member, demands.sense, strict=True)]


def limits(rule: Kind, lines: Lines) -> dict[tuple[str, str], tuple[float, float]]:
    """Lower and upper bound of every row."""
    demands = rule.demands(lines)
    stated = rule.rows(lines, demands)
    return dict(zip(demanded(demands), zip(stated.lower.tolist(), stated.upper.tolist(), strict=True), strict=True))


def terms(rule: Kind, lines: Lines) -> dict[tuple[str, str], dict[str, float]]:
    """The terms of every row: {(member, sense): {line key: coefficient}}, shared totals written out."""
    demands = rule.demands(lines)
    stated = rule.rows(lines, demands)
    totals: list[dict[int, float]] = [{} for _ in range(stated.totals.count)]
    for total, line, value in zip(stated.totals.total, stated.totals.line, stated.totals.weight.values, strict=True):
        totals[total][line] = totals[total].get(line, 0.0) + value
    rows: list[dict[str, float]] = [{} for _ in range(len(demands))]
    for row, column, value, shared in zip(stated.row, stated.column, stated.value, stated.which(TOTALS), strict=True):
        for line, weight in (totals[column] if shared else {column: 1.0}).items():
            key = lines.keys[line]
            rows[row][key] = rows[row].get(key, 0.0) + value * weight
    return dict(zip(demanded(demands), rows, strict=True))


def steps(lines: Lines, ledger: Mapping[str, str]) -> np.ndarray[Any, Any]:
    """A ledger as whole rounding steps per line."""
    unknown = set(ledger) - set(lines.keys)
    assert not unknown, f"no such lines: {unknown}"
    amounts = [Fraction(ledger.get(key, "0")) / lines.facts.step for key in lines.keys]
    assert all(amount.denominator == 1 for amount in amounts)
    return np.array([int(amount) for amount in amounts], dtype=np.int64)


def measured(rule: Kind, lines: Lines, ledger: Mapping[str, str] = LEDGER) -> dict[tuple[str, str], tuple[Fraction, Fraction, Fraction]]:
    """Every demand measured on a ledger: {(member, sense): (amount, limit, headroom)} in EUR million, exact."""
    demands = rule.demands(lines)
    measures = rule.check(lines, demands, steps(lines, ledger))
    unit = lines.facts.step / measures.scale
    triples = zip(measures.amount, measures.limit, measures.headroom(demands.sense), strict=True)
    return dict(zip(demanded(demands), (tuple(x * unit for x in triple) for triple in triples), strict=True))


def exact(*amounts: str) -> tuple[Fraction, ...]:
    """Amounts written as text, exactly."""
    return tuple(Fraction(amount) for amount in amounts)


AT_LEAST, AT_MOST, EXACTLY = map(str, Sense)
