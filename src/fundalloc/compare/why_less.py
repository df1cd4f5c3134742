"""Why some lines get another amount here than there: the difference, split into groups of inputs.

The groups are exchanged between the two scenarios in all combinations, and every mixture is solved and settled as a run
would, before rounding. The part of a group is its step averaged over all orders in which the groups can be exchanged, so
the parts add up to the difference exactly and depend on no order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from fundalloc.compare.mixtures import differing, mixed
from fundalloc.compare.shapley import Value, attribute
from fundalloc.insight.explain_bench import Bench
from fundalloc.insight.explain_target import Target
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import Floats
from fundalloc.run import wishes, with_baseline
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import Options
from fundalloc.solvers.stages import optimise
from fundalloc.solvers.warm import WarmSolvers

UNIT = Fraction(1, 1_000_000)
"""Amounts are shared out in millionths of EUR million."""


@dataclass(frozen=True)
class Split:
    """A difference and its parts, EUR million."""

    here: Fraction
    there: Fraction
    parts: Mapping[str, Fraction]
    """Group → what it contributes to here − there; only groups that differ. Empty when the split cannot be made."""
    solved: int
    """Mixtures solved, both scenarios included."""
    reason: str = ""
    """Why there is no split."""


def why_less(
    here: Scenario, there: Scenario, words: Mapping[str, str], options: Options | None = None, bench: Bench | None = None
) -> Split:
    """Split the difference between the amounts of some lines (dimension → word) here and there.

    A `bench` on which the scenario here was solved already saves solving it again.
    """
    options = options or Options()
    here, there = with_baseline(here, options), with_baseline(there, options)
    solvers, solved = WarmSolvers() if bench is None else bench.solvers, [0]

    def total(scenario: Scenario, amounts: Floats) -> Value:
        return np.array([round(float(amounts[Target(scenario, dict(words)).lines].sum()) / float(UNIT))], dtype=np.int64)

    def amount(scenario: Scenario) -> Value | None:
        solved[0] += 1
        if bench is not None and scenario is here:
            return total(here, bench.amounts)
        optimum = optimise(compile_program(scenario), scenario.lines, wishes(scenario), options, priced=False, solve=solvers)
        return total(scenario, optimum.values[: len(scenario.lines)]) if optimum.first.usable else None

    ends = amount(there), amount(here)
    amounts = [Fraction(0) if end is None else int(end[0]) * UNIT for end in ends]
    groups = differing(here, there)
    whole = Split(amounts[1], amounts[0], {}, solved[0])
    if ends[0] is None or ends[1] is None:
        return replace(whole, reason="one of the two scenarios has no plan")
    if here.facts.years != there.facts.years:
        return replace(whole, reason="the two scenarios speak of different years")
    game = _game(here, there, groups, (ends[0], ends[1]), amount)
    shares = attribute(len(groups), game) if groups else None
    if shares is None:
        return replace(
            whole, solved=solved[0], reason="nothing differs in the inputs" if not groups else "no mixture of the two has a plan"
        )
    return replace(whole, parts={group: shares.fraction(k, 0) * UNIT for k, group in enumerate(groups)}, solved=solved[0])


def _game(
    here: Scenario, there: Scenario, groups: Sequence[str], ends: tuple[Value, Value], amount: Callable[[Scenario], Value | None]
) -> Callable[[Sequence[int]], Mapping[int, Value]]:
    """Return the function that values sets of groups taken from here; mixtures without a plan are left out."""

    def play(sets: Sequence[int]) -> Mapping[int, Value]:
        values = {0: ends[0], (1 << len(groups)) - 1: ends[1]}
        for one in sets:
            if one not in values:
                mixture = mixed(there, here, frozenset(group for k, group in enumerate(groups) if one >> k & 1))
                found = None if mixture is None else amount(mixture)
                if found is not None:
                    values[one] = found
        return values

    return play
