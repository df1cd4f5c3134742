"""The words that all answers share: names, figures, demands with who could change them, on whose word, and where."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from fundalloc.insight.explain.bench import Bench
from fundalloc.money import HARD_SPACE, euro
from fundalloc.plan.naming import limit_text, place_of
from fundalloc.plan.verify import measure_rule
from fundalloc.rules._sentence import asked
from fundalloc.rules.kind import Kind

FINEST = Fraction(1, 10**5)
"""EUR million to which plans before rounding are measured."""


def asked_amounts(bench: Bench, rule: Kind) -> list[str]:
    """Write what every demand of a rule asks on the settled plan, before rounding: shares as EUR million, with what they are taken of."""
    places, demands = bench.scenario.decimals, rule.demands(bench.lines)
    if not rule.relative:
        return [limit_text(bench.scenario, rule, figure) for figure in demands.figure]
    finer = min(bench.lines.facts.step, FINEST)
    ledger = np.rint(bench.values[: bench.program.lines] / float(finer)).astype(np.int64)
    found = measure_rule(rule, replace(bench.lines, facts=replace(bench.lines.facts, step=finer)), ledger)
    return [asked(rule, f.figure, f.limit, f.base, places) for f in found]


class Phrases:
    """The words that all answers of one bench share: names, figures, demands with their basis."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.scenario = bench, bench.scenario
        self.names, self.short = bench.scenario.names(), bench.scenario.labels()

    # -- figures ----------------------------------------------------------------------------------------------------------

    def money(self, amount: float) -> str:
        """Write EUR million with the decimals of the rounding step."""
        return euro(amount, self.scenario.decimals)

    def million(self, amount: float) -> str:
        """Write an amount with its unit."""
        return f"EUR {self.money(amount)} million"

    def none(self, value: float) -> bool:
        """Whether a number of points counts as nothing."""
        return abs(value) < self.bench.slight

    def name(self, dimension: str, position: int) -> str:
        """Return the name of a partnership, or the short name of an instrument or area."""
        names = self.names if dimension == "partnership" else self.short
        return names[dimension][self.scenario.facts.dimensions[dimension].ids[position]]

    def demand(self, rule: Kind, demand: int) -> str:
        """Write a demand: its sentence and its limit."""
        demands = rule.demands(self.scenario.lines)
        said = rule.sentence(demands.member[demand], self.short if rule.built_in else self.names, sense=demands.sense[demand])
        limit = asked_amounts(self.bench, rule)[demand]
        return f"{said[:1].upper()}{said[1:]} ({rule.id}, {demands.sense[demand]} {limit})"

    def basis(self, rule: Kind, demand: int) -> str:
        """Write who could change a demand, on whose word it stands, and where."""
        demands = rule.demands(self.scenario.lines)
        member, sense = demands.member[demand], demands.sense[demand]
        source = rule.source_for(member, self.scenario.facts)
        return " · ".join(part for part in (rule.negotiable, source, place_of(self.scenario, rule, member, sense)) if part)

    def fixed_switches(self) -> str:
        """Say that the switches stay, when there are any."""
        if not self.bench.switches:
            return ""
        switches = f"{self.bench.switches} switch{'es' if self.bench.switches > 1 else ''}"
        kept = "All figures keep the actions that the plan chose; with others they could differ."
        return f"The scenario switches money on and off ({switches}). {kept}"


def points(value: float, decimals: int | None = None) -> str:
    """Write points: two decimals, four where the number is small."""
    size = abs(value)
    places = decimals if decimals is not None else 2 if size >= 0.1 else 4
    return f"{euro(size, places)} points"


def share(met: float, need: float) -> str:
    """Write how much of a need is met."""
    return percent_of(met / need) if need else "-"


def percent_of(part: float, decimals: int = 0) -> str:
    """Write a part as a percentage."""
    return f"{100 * part:.{decimals}f}{HARD_SPACE}%"
