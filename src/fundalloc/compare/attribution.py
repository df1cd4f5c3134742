"""Which override moved what: what must move between two plans, shared out among the overrides without a remainder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from fundalloc.compare.closest import Reference
from fundalloc.compare.coalitions import POINTS, SCORE, TOTAL, Figure, Game, Tick, task_between
from fundalloc.compare.controlled_rounding import apportion, round_table
from fundalloc.compare.outcome import Outcome
from fundalloc.compare.overrides import Override, Written, find_overrides
from fundalloc.compare.shapley import MOST_EXACT, Shares
from fundalloc.compare.sides import Side
from fundalloc.labels import Words
from fundalloc.solvers import Options

SOLVES = 128
"""Sets solved at most, about, when orders are sampled."""


@dataclass(frozen=True)
class Part:
    """One figure's change and the part of every override, EUR million (points for the score), whole rounding steps."""

    member: str
    change: Fraction
    parts: tuple[Fraction, ...]


@dataclass(frozen=True)
class Attribution:
    """The way from one side to another, override by override."""

    a: str
    b: str
    overrides: tuple[Override, ...]
    figures: tuple[Figure, ...]
    shares: Shares
    unit: Fraction
    solves: int
    seed: int
    needed: bool
    """Whether shared out is what must move; else the whole difference, because what must is not known."""

    def exact(self, figure: Figure) -> tuple[Fraction, ...]:
        """Return the part of every override in one figure, not rounded; they add up to the change exactly."""
        k, unit = self.figures.index(figure), POINTS if figure == SCORE else self.unit
        return tuple(self.shares.fraction(i, k) * unit for i in range(len(self.overrides)))

    @property
    def total(self) -> Part:
        """The EU budget in all."""
        return self._single(TOTAL, self.unit)

    @property
    def score(self) -> Part:
        """The score, in tenths of a point."""
        return self._single(SCORE, Fraction(1, 10))

    def _single(self, figure: Figure, unit: Fraction) -> Part:
        exact = [part / unit for part in self.exact(figure)]
        whole = round(sum(exact, Fraction(0)))
        return Part("", whole * unit, tuple(n * unit for n in apportion(exact, whole)))

    def by(self, dimension: str) -> list[Part]:
        """Return the members of a dimension that moved, the largest change first, in whole rounding steps.

        Every row adds up to its change. Every column adds up to the same sum in every dimension of the EU budget,
        wherever rounding to floor or ceiling allows it.
        """
        found = [(name, self.exact((kind, name))) for kind, name in self.figures if kind == dimension]
        moved = [(name, parts) for name, parts in found if any(parts)]
        table = [[part / self.unit for part in parts] for _, parts in moved]
        whole = [n / self.unit for n in self.total.parts] if dimension != "instrument" else None
        columns = [int(n) for n in whole] if whole is not None else None
        rows = round_table(table, columns)
        out = [Part(name, sum(row) * self.unit, tuple(n * self.unit for n in row)) for (name, _), row in zip(moved, rows, strict=True)]
        return sorted(out, key=lambda part: (-abs(part.change), part.member))


def attribute_changes(
    a: Side,
    b: Side,
    closest: Outcome | str,
    options: Options | None = None,
    tick: Tick | None = None,
    *,
    seed: int = 0,
    language: str = "en",
) -> Attribution | str:
    """Share what must move from a to b out among the overrides; a sentence that says why not, when it cannot be done.

    `closest` is b's equally good plan closest to a's; where it is not known, the whole difference is shared out.
    """
    words = Words(language)
    if a.inputs is None or b.inputs is None:
        return (a if a.inputs is None else b).missing
    if a.inputs.scenario.facts.years != b.inputs.scenario.facts.years:
        return words("compare.no_shares.years")
    overrides = find_overrides(Written.of(a.inputs.tree, a.inputs.source), Written.of(b.inputs.tree, b.inputs.source))
    if not overrides:
        return words("compare.no_shares.inputs")
    needed = not isinstance(closest, str)
    goal = b.outcome if isinstance(closest, str) else closest
    task = task_between(a.inputs, b.inputs, overrides, options or Options(), Reference.of(a.outcome) if needed else None)
    game = Game(task, a.outcome, goal, tick)
    shares = game.share_out(max(2, SOLVES // len(overrides)), seed)
    if shares is None:
        return words("compare.no_shares.orders", failure=words.word("proof", game.failures[0]))
    return Attribution(a.name, b.name, tuple(overrides), tuple(game.figures), shares, game.unit, game.solves, seed, needed)


def how(attribution: Attribution) -> str:
    """Say how the parts were found."""
    shares, count = attribution.shares, len(attribution.overrides)
    if shares.sampled:
        why = f"seed {attribution.seed}; above {MOST_EXACT} changes all orders would be too many"
        return f"average over {shares.orders} random orders of {count} changes ({why})"
    return f"average over all orders of {count} change{'s' if count > 1 else ''}, {attribution.solves} programs solved in between"
