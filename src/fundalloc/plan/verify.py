"""Recompute every rule from the rounded amounts, in exact integers. This module cannot see the linear program.

A demand of a hard rule is *broken by decision* when decided money alone breaks it and no open line could mend it: every
undecided euro that counts leaves it as it is, or makes it worse. New money may not make it worse; where it does, that is
a breach. A demand that some open line could mend must hold, whatever was decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import NotVerified
from fundalloc.facts.lines import Lines
from fundalloc.money import apart
from fundalloc.rules._sentence import reckoned
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Demands, Measures, Sense
from fundalloc.scenario.scenario import Scenario

OK, AT_LIMIT, MISSED, BREACH, DECIDED = "ok", "at limit", "missed", "breach", "decided"


@dataclass(frozen=True, slots=True)
class Finding:
    """One demand of one rule, measured. Amounts are exact, in EUR million."""

    rule: Kind
    member: tuple[str, ...]
    sense: Sense
    figure: Fraction
    """The limit as written: EUR million, or a share."""
    amount: Fraction
    limit: Fraction
    headroom: Fraction
    """Room left before the limit; negative when it is broken."""
    status: str
    """ok · at limit · missed (soft or watched) · breach (hard) · decided (broken by decision)."""
    base: Fraction | None = None
    """What a share is taken of."""

    def said(self, names: Mapping[str, Mapping[str, str]], language: str = "en") -> str:
        """Return the rule's sentence about this member, with the figure in question."""
        return self.rule.sentence(self.member, names, language, self.sense)

    def asks(self, places: int, language: str = "en") -> str:
        """Return the limit in EUR million (or members), a relative one with how it comes to that: `96.0 (120.0 less 20 %)`."""
        limit, how = reckoned(self.rule, self.figure, self.limit, self.base, places, language)
        return f"{limit} ({how})" if how else limit


class Tally(NamedTuple):
    """How many demands there are, and in which state: one member and one side of its limits is one demand."""

    demands: int
    hard: int
    ok: int
    at_limit: int
    missed: int
    by_decision: int
    broken: int

    @property
    def kept(self) -> int:
        """Those that hold, at their limit or not."""
        return self.ok + self.at_limit


def tally(findings: Iterable[Finding], *, built_in: bool = False) -> Tally:
    """Count the demands of written rules, or (`built_in`) ceilings, absorption and transfer limits: the one count that is printed."""
    counted = [f for f in findings if f.rule.built_in is built_in]
    statuses = [f.status for f in counted]
    return Tally(
        len(counted), sum(f.rule.hard for f in counted), *(statuses.count(word) for word in (OK, AT_LIMIT, MISSED, DECIDED, BREACH))
    )


def measure_rules(scenario: Scenario, steps: NDArray[np.int64]) -> list[Finding]:
    """Measure every rule on a ledger of whole steps per line."""
    return [finding for rule in scenario.rules for finding in measure_rule(rule, scenario.lines, steps)]


def measure_rule(rule: Kind, lines: Lines, steps: NDArray[np.int64]) -> list[Finding]:
    """Measure one rule on a ledger of whole steps per line."""
    demands = rule.demands(lines)
    measures = rule.check(lines, demands, steps)
    unit = Fraction(1, measures.scale) if measures.counted else lines.facts.step / measures.scale
    headroom = measures.headroom(demands.sense)
    base: list[int | None] = list(measures.base) if measures.base else [None] * len(demands)
    by_decision = _by_decision(rule, lines, demands, measures, headroom)
    return [
        Finding(
            rule,
            demands.member[k],
            demands.sense[k],
            demands.figure[k],
            measures.amount[k] * unit,
            measures.limit[k] * unit,
            room * unit,
            _status(rule, measures, k, room, demands.sense[k], by_decision[k]),
            None if (whole := base[k]) is None else whole * unit,
        )
        for k, room in enumerate(headroom)
    ]


def broken_by_decision(scenario: Scenario) -> list[Finding]:
    """Return the demands that every plan of this scenario leaves broken, as decided money alone leaves them."""
    return [finding for finding in measure_rules(scenario, scenario.lines.ledger.decided) if finding.status == DECIDED]


def _by_decision(rule: Kind, lines: Lines, demands: Demands, measures: Measures, headroom: Sequence[int]) -> list[bool]:
    """Return which demands decided money alone breaks, no open line could mend, and new money has not made worse."""
    if not rule.hard or min(headroom, default=0) >= 0:
        return [False] * len(demands)
    decided, open_lines = rule.check(lines, demands, lines.ledger.decided), measures.open()
    return [
        room < 0
        and room * decided.scale >= before * measures.scale
        and not (open_lines.up if decided.amount[k] < decided.limit[k] else open_lines.down)[k]
        for k, (room, before) in enumerate(zip(headroom, decided.headroom(demands.sense), strict=True))
    ]


def _status(rule: Kind, measures: Measures, k: int, room: int, sense: Sense, by_decision: bool) -> str:
    """No money at all under a minimum size is not at its limit: the rule is simply not in use there."""
    if room >= 0:
        unused = rule.or_nothing and measures.amount[k] == 0
        return AT_LIMIT if (room < measures.scale and not unused) or sense is Sense.EXACTLY else OK
    if rule.hard:
        return DECIDED if by_decision else BREACH
    return MISSED


def check_ledger(lines: Lines, steps: NDArray[np.int64]) -> list[str]:
    """Return what is wrong with the amounts themselves: negative, below decided money, or different from fixed money."""
    ledger, unit = lines.ledger, lines.facts.euro
    moves = np.arange(len(steps)) >= len(lines)
    wrong = (steps < ledger.decided) | (ledger.fixed & (steps != ledger.decided)) | (steps < 0) | (moves & (steps > ledger.upper))
    return [f"{ledger.keys[k]}: {unit(int(steps[k]))} against decided {unit(int(ledger.decided[k]))}" for k in np.flatnonzero(wrong)]


def verify(scenario: Scenario, steps: NDArray[np.int64]) -> list[Finding]:
    """Measure every rule and raise NotVerified when an amount or a hard rule does not hold."""
    findings = measure_rules(scenario, steps)
    problems = check_ledger(scenario.lines, steps)
    names = scenario.names()
    for finding in findings:
        if finding.status == BREACH:
            amount, limit = apart(finding.amount, finding.limit, scenario.decimals + 3)
            said = finding.said(names)
            problems.append(f"{finding.rule.id}: {said}: {amount} is not {finding.sense} {limit}")
    if problems:
        raise NotVerified("The plan does not keep what it must:\n" + "\n".join(f"  {p}" for p in problems[:20]))
    return findings
