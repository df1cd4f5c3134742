"""What a suspect is in the planner's words: its sentence with its limit, its source, and the place where it is written."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from fundalloc.errors import Conflict, and_more, year_ranges
from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.lines import refusal
from fundalloc.insight.conflict.suspects import CARRIED, CLOSED, DECIDED, Suspect
from fundalloc.model.cut_limits import whole_rows
from fundalloc.money import euro, percent, plain
from fundalloc.plan.naming import limit_texts, money, place_of
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import WHOLE_PERIOD, Demands, Sense
from fundalloc.scenario.document import locate
from fundalloc.scenario.scenario import Scenario

LISTED = 4
"""How many decisions a sentence lists before it says "and n more"."""


def enumerated(words: Sequence[str]) -> str:
    """List words as in a sentence: "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def describe(scenario: Scenario, suspects: Sequence[Suspect]) -> Conflict:
    """Say what the suspects of one group demand, on whose word, and where that stands."""
    first = suspects[0]
    if first.owner == DECIDED:
        return _decided(scenario, suspects)
    if first.owner == CLOSED:
        says = f"{year_ranges([int(s.member[0]) for s in suspects])}: closed, only decided money counts"
        return Conflict(CLOSED, says, str(locate(scenario.tree, ("closed",))))
    if first.owner == CARRIED:
        return _carried(scenario, suspects)
    rule, demands = first.rule, first.demands
    assert rule is not None
    if demands is None:
        return _sizes(scenario, rule)
    at, sense, names = [s.demand for s in suspects], demands.sense[first.demand], scenario.labels() if rule.built_in else scenario.names()
    over = rule.sentence(_over(demands, at) if len(at) > 1 or rule.built_in else first.member, names, sense=sense)
    reserve = rule.kept_back(first.member, scenario.facts)
    remark = f" after the reserve of {percent(reserve)}" if reserve else ""
    held = "; decided money alone breaks that already, and new money may not make it worse" if any(s.held for s in suspects) else ""
    says = f"{over}: {sense} {_limits(scenario, rule, demands, at)}{remark}{held}"
    place, source = place_of(scenario, rule, first.member, sense), rule.source_for(first.member, scenario.facts)
    return Conflict(rule.id, says, place, source, rule.negotiable)


def _limits(scenario: Scenario, rule: Kind, demands: Demands, at: Sequence[int]) -> str:
    """Write the limits of one demand, or of the same demand for several years."""
    limits, figures = limit_texts(scenario, rule, demands, at), [demands.figure[k] for k in at]
    if len(at) == 1:
        return limits[0] + _in_whole_steps(scenario, rule, demands, at[0])
    if len(set(limits)) == 1:
        return f"{limits[0]} in each"
    if rule.is_budget and WHOLE_PERIOD not in {demands.member[k][-1] for k in at}:
        return f"EUR {money(scenario, sum(figures, Fraction(0)))} million in all"
    texts = limits if rule.relative else [money(scenario, figure) for figure in figures]
    each = ", ".join(f"{demands.member[k][-1]} {text}" for k, text in zip(at, texts, strict=True))
    return each + ("" if rule.relative else " (million EUR)")


def _in_whole_steps(scenario: Scenario, rule: Kind, demands: Demands, k: int) -> str:
    """Say what whole steps make of a demand whose figure they cannot reach; nothing of any other."""
    ends = reachable(scenario, rule, demands, k)
    if ends is None or ends == (demands.figure[k],) * 2:
        return ""
    low, high = ends
    if demands.sense[k] is not Sense.EXACTLY:
        return f" (in whole steps EUR {money(scenario, high if demands.sense[k] is Sense.AT_LEAST else low)} million)"
    grid = high - low
    multiple = f"{plain(demands.figure[k])} is no multiple of {plain(grid)}, " if low % grid == 0 else ""
    return f" ({multiple}whole steps reach {money(scenario, low)} or {money(scenario, high)})"


def reachable(scenario: Scenario, rule: Kind, demands: Demands, k: int) -> tuple[Fraction, Fraction] | None:
    """Return the amounts nearest below and above a fixed figure that whole steps reach, in EUR million; None where it is none."""
    stated = rule.rows(scenario.lines, demands)
    if stated.exact is None or not rule.hard or not rule.in_money:
        return None
    _, lower, upper = whole_rows(stated, demands, scenario.lines)
    written, band = stated.exact.limit[k], stated.exact.band if demands.sense[k] is Sense.EXACTLY else 0
    moved = [Fraction(repr(float(end))) if np.isfinite(end) else written for end in (upper[k], lower[k])]
    if band or (lower[k] == stated.lower[k] and upper[k] == stated.upper[k]):
        return None
    rest = Fraction(0) if rule.relative else demands.figure[k] - written  # what is paid already
    return moved[0] + rest, moved[1] + rest


def _over(demands: Demands, at: Sequence[int]) -> tuple[str, ...]:
    """Return the member that stands for several years."""
    labels = [demands.member[k][-1] for k in at]
    years = [int(label) for label in labels if label.isdigit()]
    words = [*([year_ranges(years)] if years else []), *(f"in {label}" for label in labels if not label.isdigit())]
    return (*demands.member[at[0]][:-1], " and ".join(words))


def _decided(scenario: Scenario, suspects: Sequence[Suspect]) -> Conflict:
    facts, lines = scenario.facts, scenario.lines
    said, spots, sources = (list(told) for told in zip(*(_decision(scenario, suspect) for suspect in suspects), strict=True))
    if more := and_more(said, LISTED):
        amount = euro(float(facts.euro(sum(int(lines.decided[s.entry]) for s in suspects))), scenario.decimals)
        said = [f"EUR {amount} million in {len(said)} decisions, among them {said[0]}", *said[1:LISTED], *more]
    return Conflict(DECIDED, "; ".join(said), spots[0], "; ".join(dict.fromkeys(filter(None, sources))))


def _decision(scenario: Scenario, suspect: Suspect) -> tuple[str, str, str]:
    """Return one decided amount in words, its place and its source."""
    lines, line, table, short = scenario.lines, suspect.entry, scenario.tables["decided"], scenario.labels()
    instrument, partnership, area = (short[name].get(member, member) for name, member in zip(NAMES[:3], suspect.member, strict=False))
    rows = [r for r, at in enumerate(zip(*(table.column(name) for name in NAMES), strict=True)) if at == suspect.member]
    states, decisions, sources = ([table.column(name)[r] for r in rows] for name in ("state", "decision", "source"))
    exact, decision = any(state != "committed" for state in states), "; ".join(dict.fromkeys(filter(None, decisions)))
    amount = euro(float(scenario.facts.euro(int(lines.decided[line]))), scenario.decimals)
    must, behind = "exactly" if exact else "at least", f" ({decision})" if decision else ""
    words = f"{instrument} for {partnership}, {area}, {suspect.member[3]}: {must} EUR {amount} million{behind}"
    if not exact and not lines.eligible[line]:
        i, p, a, t = (int(code[line]) for code in lines.codes)
        words += f", and no more: {refusal(scenario.facts, (i, p, a, t))}"
    place = str(table.place(rows[-1], "amount")) if rows else f"{scenario.file}: decided"
    return words, place, next(filter(None, sources), "")


def _sizes(scenario: Scenario, rule: Kind) -> Conflict:
    """Say what a soft rule rules out: amounts between nothing and what counts as active."""
    field, least = (rule.counted.field, rule.counted.least) if rule.counted else ("", Fraction(0))
    said = rule.sentence([scenario.own(f"each {word}") for word in rule.for_each], {})
    says = f"{said} (soft): nothing, or at least EUR {money(scenario, least)} million, whatever the count"
    return Conflict(rule.id, says, str(locate(scenario.tree, ("rules", rule.id, field))), rule.source, rule.negotiable)


def _carried(scenario: Scenario, suspects: Sequence[Suspect]) -> Conflict:
    name = suspects[0].member[0]
    instrument = next(i for i in scenario.facts.instruments if i.id == name)
    years, share = year_ranges([int(s.member[1]) for s in suspects]), instrument.carry_over.share if instrument.carry_over else Fraction(0)
    says = f"{instrument.name}: carry-over from {years}: at most {percent(share)} of the year's ceiling"
    return Conflict(CARRIED, says, str(locate(scenario.tree, ("instruments", name, "carry_over"))), instrument.source)
