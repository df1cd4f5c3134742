"""On-off columns and findings on paper, for the kinds that switch members on and off; and scenarios of a few words."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from fractions import Fraction
from typing import Any

from paper import LEDGER, demanded, steps

from cases import TWO_BY_TWO
from fundalloc.facts.lines import Lines
from fundalloc.plan.verify import measure_rule
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import SWITCHES

__all__ = ["LEDGER", "Switch", "decision", "findings", "rows", "switches", "two_by_two"]

Switch = tuple[dict[str, float], float, float]
"""Line key → weight, capacity, least amount."""


def switches(rule: Kind, lines: Lines) -> list[Switch]:
    """Every on-off column of a rule."""
    stated = rule.rows(lines, rule.demands(lines)).switches
    money: list[dict[str, float]] = [{} for _ in range(stated.count)]
    for switch, line, value in zip(stated.switch, stated.line, stated.weight.values, strict=True):
        money[switch][lines.keys[line]] = float(value)
    return list(zip(money, stated.capacity.tolist(), stated.least.tolist(), strict=True))


def rows(rule: Kind, lines: Lines) -> dict[tuple[str, str], tuple[dict[str, float], dict[int, float]]]:
    """The terms of every row: {(member, sense): ({line key: coefficient}, {number of the switch: coefficient})}."""
    demands = rule.demands(lines)
    stated = rule.rows(lines, demands)
    assert stated.totals.count == 0
    out: list[tuple[dict[str, float], dict[int, float]]] = [({}, {}) for _ in range(len(demands))]
    for row, column, value, switch in zip(stated.row, stated.column, stated.value, stated.which(SWITCHES), strict=True):
        if switch:
            out[row][1][int(column)] = float(value)
        else:
            out[row][0][lines.keys[column]] = float(value)
    return dict(zip(demanded(demands), out, strict=True))


def findings(rule: Kind, lines: Lines, ledger: Mapping[str, str]) -> dict[tuple[str, str], tuple[Fraction, Fraction, Fraction, str]]:
    """Every demand measured on a ledger: {(member, sense): (amount, limit, headroom, status)}, members counted as they are."""
    found = measure_rule(rule, lines, steps(lines, ledger))
    return {("|".join(f.member), str(f.sense)): (f.amount, f.limit, f.headroom, f.status) for f in found}


def two_by_two(rules: Mapping[str, Mapping[str, Any]], **changes: Any) -> dict[str, Any]:
    """The two-by-two case with rules and other changes."""
    said = {name: {"says": name, "source": "assumption", **fields} for name, fields in rules.items()}
    return deepcopy({**TWO_BY_TWO, "rules": said, **changes})


def decision(amount: str, state: str, instrument: str = "b", partnership: str = "south", year: str = "2026") -> dict[str, str]:
    """One row of decided money for the two-by-two case."""
    row = {"instrument": instrument, "partnership": partnership, "area": "returns", "year": year}
    return {**row, "amount": amount, "state": state, "decision": "Made up"}
