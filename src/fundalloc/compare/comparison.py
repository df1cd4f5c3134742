"""The comparison: every side against the first, in inputs and in results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial

from fundalloc.compare.attribution import Attribution, attribute_changes
from fundalloc.compare.inputs import Difference, differing_inputs
from fundalloc.compare.movements import Movements, class_movements
from fundalloc.compare.outcome import BUDGET, PARTNER
from fundalloc.compare.overrides import Override, Written, find_overrides
from fundalloc.compare.rules import RuleChange, changed_rules
from fundalloc.compare.sides import Progress, Side, Sides, at_least_two
from fundalloc.labels import Words
from fundalloc.solvers import Options

DIMENSIONS = ("partnership", "instrument", "area", "year", "marker", "rule")
Tick = Callable[[str, int, int], None]
"""Called with what is attributed, how many programs are solved, and of how many."""


@dataclass(frozen=True)
class Row:
    """One member of a dimension: EUR million in every side."""

    member: str
    amounts: tuple[Fraction, ...]

    @property
    def changes(self) -> tuple[Fraction, ...]:
        """Every other side less the first."""
        return tuple(amount - self.amounts[0] for amount in self.amounts[1:])

    @property
    def largest(self) -> Fraction:
        """The largest change, either way."""
        return max((abs(change) for change in self.changes), default=Fraction(0))


@dataclass(frozen=True)
class Pair:
    """One side against the first."""

    a: Side
    b: Side
    overrides: tuple[Override, ...]
    inputs: tuple[Difference, ...] | str
    """What differs in the inputs, or why that is not known."""
    rules: tuple[RuleChange, ...] | None
    """Demands whose status differs; None when a side says nothing about rules."""
    movements: Movements
    attribution: Attribution | str | None = None
    """Which override moved what, or why that cannot be said; None when nobody asked."""

    @property
    def moved(self) -> Fraction:
        """EUR million that sit elsewhere: half the sum of all differences by line."""
        first, second = self.a.outcome.amounts, self.b.outcome.amounts
        none = Fraction(0)
        return sum((abs(second.get(key, none) - first.get(key, none)) for key in {*first, *second}), none) / 2

    @property
    def differs(self) -> bool:
        """Whether anything but texts differs."""
        inputs = () if isinstance(self.inputs, str) else self.inputs
        return bool(self.moved or self.rules or any(not d.words for d in inputs))

    @property
    def crossed(self) -> tuple[RuleChange, ...]:
        """The demands that hold in one plan and not in the other."""
        return tuple(change for change in self.rules or () if change.crossed)


@dataclass(frozen=True)
class Comparison:
    """Two or more sides."""

    sides: tuple[Side, ...]
    pairs: tuple[Pair, ...]
    tolerance: Fraction = Fraction(0)
    language: str = "en"
    """In which names and sentences are."""

    @property
    def first(self) -> Side:
        """What the others are compared with."""
        return self.sides[0]

    @cached_property
    def names(self) -> dict[str, dict[str, str]]:
        """Printed names by dimension and id; where sides differ, the first one's."""
        out: dict[str, dict[str, str]] = {}
        for side in reversed(self.sides):
            for dimension, named in side.outcome.names.items():
                out.setdefault(dimension, {}).update(named)
        return out

    def name(self, dimension: str, member: str) -> str:
        """Return the printed name of a member on one line, or its id."""
        if dimension == "marker":
            return Words(self.language).word("workbook.marker", member)
        return " ".join(self.names.get(dimension, {}).get(member, member).split())

    @cached_property
    def step(self) -> Fraction:
        """The finest rounding step, EUR million."""
        known = [side.inputs.scenario.facts.step for side in self.sides if side.inputs]
        return min(known) if len(known) == len(self.sides) else _finest([a for s in self.sides for a in s.outcome.amounts.values()], known)

    @property
    def years(self) -> tuple[str, ...]:
        """All years of all sides."""
        return tuple(sorted({key[3] for side in self.sides for key in side.outcome.amounts}))

    def rows(self, dimension: str) -> list[Row]:
        """Return the members of a dimension in their own order: EU budget, and by instrument partner money too."""
        if dimension == "marker":
            found = [side.outcome.markers or {} for side in self.sides]
        else:
            kinds = (BUDGET, PARTNER) if dimension == "instrument" else (BUDGET,)
            found = [side.outcome.totals(dimension, kinds) for side in self.sides]
        members = self._order(dimension, [m for totals in found for m in totals])
        return [Row(m, tuple(totals.get(m, Fraction(0)) for totals in found)) for m in members]

    def _order(self, dimension: str, members: Sequence[str]) -> list[str]:
        if dimension == "year":
            return sorted(set(members))
        known = [m for side in self.sides for m in side.outcome.names.get(dimension, ()) if m in set(members)]
        return list(dict.fromkeys([*known, *members]))

    def total(self, kind: str = BUDGET) -> Row:
        """Return all money of one kind in every side."""
        return Row("", tuple(side.outcome.total(kind) for side in self.sides))

    def kind(self, instrument: str) -> str:
        """Return what kind of money an instrument is."""
        return next((side.outcome.kinds[instrument] for side in self.sides if instrument in side.outcome.kinds), BUDGET)

    @property
    def differs(self) -> bool:
        """Whether anything differs, in inputs (texts apart) or results."""
        return any(pair.differs for pair in self.pairs)


def _finest(amounts: Sequence[Fraction], known: Sequence[Fraction]) -> Fraction:
    """Return the step that shows these amounts without rounding, at most nine decimals."""
    places = 0
    for amount in amounts:
        while places < 9 and (amount * 10**places).denominator != 1:
            places += 1
    return min([Fraction(1, 10**places), *known])


def compare_sides(
    sides: Sequence[Side],
    options: Options | None = None,
    *,
    attributed: bool = False,
    tolerance: Fraction = Fraction(0),
    seed: int = 0,
    tick: Tick | None = None,
    language: str = "en",
) -> Comparison:
    """Compare opened sides; `attributed` also asks which override moved what, which takes many solves."""
    first, pairs = sides[0], []
    for side in sides[1:]:
        overrides: tuple[Override, ...] = ()
        inputs: tuple[Difference, ...] | str = (first if first.inputs is None else side).missing
        if first.inputs is not None and side.inputs is not None:
            written = (Written.of(i.tree, i.source) for i in (first.inputs, side.inputs))
            overrides = tuple(find_overrides(*written))
            inputs = tuple(differing_inputs(first, side, overrides, tolerance))
        rules = changed_rules(first, side, language)
        counting = partial(tick, side.name) if tick else None
        attribution = attribute_changes(first, side, options, counting, seed=seed) if attributed else None
        changed = None if rules is None else tuple(rules)
        pairs.append(Pair(first, side, overrides, inputs, changed, class_movements(first, side), attribution))
    return Comparison(tuple(sides), tuple(pairs), tolerance, language)


def compare_files(
    *given: str,
    options: Options | None = None,
    attributed: bool | None = None,
    tolerance: Fraction = Fraction(0),
    seed: int = 0,
    allow_outside: bool = False,
    nearest: bool = False,
    progress: Progress | None = None,
    tick: Tick | None = None,
    language: str = "",
) -> Comparison:
    """Compare scenario files, `REV:FILE` of a git repository and results, in any mix, each with the first.

    `attributed` asks which override moved what; by default for two. `nearest` settles every other scenario as close to the
    first plan as its best score allows, so that only what must move does. Raises UsageError, and whatever reading and solving
    the scenarios raise.
    """
    at_least_two(given)
    with Sides(options, progress, allow_outside=allow_outside, nearest=nearest, language=language) as opened:
        sides, spoken = opened.open(given), opened.language or "en"
        wanted = len(given) == 2 if attributed is None else attributed
        return compare_sides(sides, options, attributed=wanted, tolerance=tolerance, seed=seed, tick=tick, language=spoken)
