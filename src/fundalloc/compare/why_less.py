"""Why some lines get another amount here than there: the difference, split into groups of inputs.

The groups are exchanged between the two scenarios in all combinations, and every mixture is solved and settled as close to
the plan there as it can be, before rounding. The part of a group is its step averaged over all orders in which the groups can
be exchanged, so the parts depend on no order. They end at the plan, among those as good as the one here, that is closest to the
one there; from that to the plan here is a choice among equally good plans, a part of its own. All parts add up to the
difference exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from fundalloc.compare.partial_changes import differing, mixed
from fundalloc.compare.shapley import Value, attribute
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.target import Target
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import Floats
from fundalloc.optimise.stages import closest, optimise
from fundalloc.run import wishes
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers.warm import WarmSolvers
from fundalloc.studies.pool import cores

UNIT = Fraction(1, 1_000_000)
"""Amounts are shared out in millionths of EUR million."""
CHOICE = "choice"
"""The part that no input makes: which of equally good plans a run settles on."""


@dataclass(frozen=True)
class Split:
    """A difference and its parts, EUR million."""

    here: Fraction
    there: Fraction
    parts: Mapping[str, Fraction]
    """Group → what it contributes to here − there; only groups that differ, and CHOICE if it does. Empty when the split cannot be made."""
    solved: int
    """Mixtures solved, both scenarios included."""
    reason: str = ""
    """Why there is no split."""


def why_less(here: Bench, there: Bench | None, words: Mapping[str, str]) -> Split:
    """Split the difference between the amounts of some lines (dimension → word) here and there; `there` is None without a plan."""

    near = {} if there is None else dict(zip(there.lines.ids, there.amounts.tolist(), strict=True))

    def beside(scenario: Scenario) -> Floats:
        return np.array([near.get(ids, 0.0) for ids in scenario.lines.ids])

    def total(scenario: Scenario, amounts: Floats) -> Value:
        return np.array([round(float(amounts[Target(scenario, dict(words)).lines].sum()) / float(UNIT))], dtype=np.int64)

    def amount(scenario: Scenario) -> Value | None:
        program, lines, wanted = compile_program(scenario), scenario.lines, wishes(scenario)
        wanted = replace(wanted, reference=beside(scenario), switching=wanted.reference)
        optimum = optimise(program, lines, wanted, here.options, priced=False, solve=WarmSolvers())
        return total(scenario, optimum.values[: len(lines)]) if optimum.first.usable else None

    if there is None:
        return Split(int(total(here.scenario, here.amounts)[0]) * UNIT, Fraction(0), {}, 1, "no plan exists there")
    own = total(here.scenario, here.amounts)
    found = None if here.equals is None else closest(here.equals, here.lines, beside(here.scenario), here.options)
    ends = total(there.scenario, there.amounts), own if found is None else total(here.scenario, found[: len(here.lines)])
    whole = Split(int(own[0]) * UNIT, int(ends[0][0]) * UNIT, {}, 2)
    if here.scenario.facts.years != there.scenario.facts.years:
        return replace(whole, reason="the two scenarios speak of different years")
    groups = differing(here.scenario, there.scenario)
    if not groups:
        return replace(whole, reason="nothing differs in the inputs")
    game = _Game(here.scenario, there.scenario, groups, ends, amount)
    shares = attribute(len(groups), game)
    if shares is None:
        return replace(whole, solved=game.solved, reason="no mixture of the two has a plan")
    parts = {group: shares.fraction(k, 0) * UNIT for k, group in enumerate(groups)}
    choice = {CHOICE: int(own[0] - ends[1][0]) * UNIT} if own[0] != ends[1][0] else {}
    return replace(whole, parts={**parts, **choice}, solved=game.solved)


@dataclass
class _Game:
    """What sets of groups taken from here are worth; mixtures without a plan are left out."""

    here: Scenario
    there: Scenario
    groups: Sequence[str]
    ends: tuple[Value, Value]
    amount: Callable[[Scenario], Value | None]
    solved: int = 2
    """Both scenarios included."""

    def __call__(self, sets: Sequence[int]) -> Mapping[int, Value]:
        """Solve the mixtures on all cores: the solver lets other threads run."""
        values = {0: self.ends[0], (1 << len(self.groups)) - 1: self.ends[1]}
        mixtures = {one: mixture for one in sets if one not in values and (mixture := self._mixture(one)) is not None}
        self.solved += len(mixtures)
        with ThreadPoolExecutor(cores()) as pool:
            found = dict(zip(mixtures, pool.map(self.amount, mixtures.values()), strict=True))
        return {**values, **{one: value for one, value in found.items() if value is not None}}

    def _mixture(self, one: int) -> Scenario | None:
        return mixed(self.there, self.here, frozenset(group for k, group in enumerate(self.groups) if one >> k & 1))
