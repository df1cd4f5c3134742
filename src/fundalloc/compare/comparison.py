"""The comparison: every side against the first, in inputs and in results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial

from fundalloc.compare.attribution import Attribution, attribute_changes
from fundalloc.compare.inputs import Difference, differing_inputs
from fundalloc.compare.measures import RuleChange, Scores, changed_rules, compare_scores
from fundalloc.compare.movements import Movements, class_movements, closest_to, moved_between
from fundalloc.compare.outcome import BUDGET, PARTNER, Outcome
from fundalloc.compare.overrides import Override, find_overrides
from fundalloc.compare.sides import Side, Sides
from fundalloc.doors.glance import Glance
from fundalloc.errors import UsageError
from fundalloc.labels import Words
from fundalloc.money import enough, euro
from fundalloc.optimise.stages import Progress
from fundalloc.solvers import Options

DIMENSIONS = ("partnership", "instrument", "area", "year", "marker", "rule")
Tick = Callable[[str, int, int], None]
"""Called with what is attributed, how many programs are solved, and of how many."""


@dataclass(frozen=True)
class MemberRow:
    """One member of a dimension: EUR million in every side."""

    member: str
    amounts: tuple[Fraction, ...]
    needed: tuple[Fraction | None, ...] = ()
    """By every other side: what its plan closest to the first one changes; None where that is not known."""

    @property
    def changes(self) -> tuple[Fraction, ...]:
        """Every other side less the first."""
        return tuple(amount - self.amounts[0] for amount in self.amounts[1:])

    @property
    def largest(self) -> Fraction:
        """The largest change, either way."""
        return max((abs(change) for change in self.changes), default=Fraction(0))

    @property
    def weight(self) -> tuple[Fraction, Fraction]:
        """What sorts rows: the largest change that is needed, or of which nothing better is known; then the largest change."""
        known = zip(self.changes, self.needed or self.changes, strict=True)
        return max((abs(change if needed is None else needed) for change, needed in known), default=Fraction(0)), self.largest


@dataclass(frozen=True)
class Pair:
    """One side against the first."""

    a: Side
    b: Side
    overrides: tuple[Override, ...]
    inputs: tuple[Difference, ...] | str
    """What differs in the inputs, or why that is not known."""
    rules: Sequence[RuleChange] | None
    """Demands whose status differs; None when a side says nothing about rules."""
    closest: Outcome | str
    """Of b's equally good plans the one closest to a's, or why that is not known (a word of `compare.unknown`)."""
    movements: Movements
    scores: Scores
    attribution: Attribution | str | None = None
    """Which override moved what, or why that cannot be said; None when nobody asked."""
    switches: int = 0
    """On-off columns of b's program, which stay as they are in the closest plan: with others less might have to move."""

    @property
    def moved(self) -> Fraction:
        """EUR million that sit elsewhere: half the sum of all differences by line."""
        return moved_between(self.a.outcome.amounts, self.b.outcome.amounts)

    @property
    def needed(self) -> Fraction | None:
        """EUR million of that which must sit elsewhere: what the closest equally good plan moves. None where that is not known."""
        return moved_between(self.a.outcome.amounts, self.near.amounts) if self.near else None

    @property
    def near(self) -> Outcome | None:
        """The closest plan, where it is known."""
        return None if isinstance(self.closest, str) else self.closest

    @property
    def differs(self) -> bool:
        """Whether anything but texts differs."""
        inputs = () if isinstance(self.inputs, str) else self.inputs
        return bool(self.moved or self.rules or any(not d.words for d in inputs))

    @property
    def crossed(self) -> tuple[RuleChange, ...]:
        """The demands that hold in one plan and not in the other, without those that merely can."""
        return tuple(change for change in self.rules or () if change.crossed and change.needed is not False)


@dataclass(frozen=True, repr=False)
class Comparison(Glance):
    """Two or more sides, each with the first."""

    sides: tuple[Side, ...]
    pairs: tuple[Pair, ...]
    language: str
    """In which names and sentences are."""
    nearest: bool
    """Whether of the others the plans closest to the first were asked for, instead of those that their own runs settle on."""

    @property
    def headline(self) -> str:
        """The sides, and the money that sits elsewhere."""
        moved = ", ".join(f"{pair.b.name} moves EUR {euro(pair.moved, 1)} million" for pair in self.pairs)
        return f"Comparison with {self.first.name}: {moved}"

    def glance(self) -> list[Sequence[object]]:
        """Return the money of every partnership in every side, EUR million."""
        rows = ((self.name("partnership", row.member), *(euro(amount, 1) for amount in row.amounts)) for row in self.rows("partnership"))
        return [("EUR million", *(side.name for side in self.sides)), *rows]

    @property
    def first(self) -> Side:
        """What the others are compared with."""
        return self.sides[0]

    @property
    def pulled(self) -> tuple[Side, ...]:
        """The sides that show their plan closest to the first instead of that of their own run."""
        return tuple(pair.b for pair in self.pairs if self.nearest and pair.near)

    @property
    def said_of_past(self) -> str:
        """What the sides say of years that are over and planned anew, once for all that say the same."""
        heads = [side.inputs.scenario.head for side in self.sides if side.inputs is not None]
        return " ".join(dict.fromkeys(filter(None, (head.said_of_past(self.language) for head in heads))))

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
    def within(self) -> dict[str, str]:
        """Action → the area that holds it, in any side."""
        return {action: area for side in self.sides for action, area in side.outcome.within.items()}

    @cached_property
    def step(self) -> Fraction:
        """The finest rounding step, EUR million."""
        known = [side.inputs.scenario.facts.step for side in self.sides if side.inputs]
        if len(known) < len(self.sides):  # what shows all amounts without rounding
            places = enough(0, *(amount for side in self.sides for amount in side.outcome.amounts.values()))
            known = [*known, Fraction(1, 10**places)]
        return min(known)

    @property
    def years(self) -> tuple[str, ...]:
        """All years of all sides."""
        return tuple(sorted({key[3] for side in self.sides for key in side.outcome.amounts}))

    def rows(self, dimension: str) -> list[MemberRow]:
        """Return the members of a dimension in their own order: EU budget, and by instrument partner money too."""
        found = [_totals(side.outcome, dimension) for side in self.sides]
        near = [_totals(pair.near, dimension) if pair.near else None for pair in self.pairs]
        members = self._order(dimension, [m for totals in (*found, *near) for m in totals or ()])
        none, out = Fraction(0), []
        for m in members:
            amounts = tuple(totals.get(m, none) for totals in found)
            out.append(MemberRow(m, amounts, tuple(None if totals is None else totals.get(m, none) - amounts[0] for totals in near)))
        return out

    def _order(self, dimension: str, members: Sequence[str]) -> list[str]:
        if dimension == "year":
            return sorted(set(members))
        known = [m for side in self.sides for m in side.outcome.names.get(dimension, ()) if m in set(members)]
        return list(dict.fromkeys([*known, *members]))

    def total(self, kind: str = BUDGET) -> MemberRow:
        """Return all money of one kind in every side."""
        amounts = tuple(side.outcome.total(kind) for side in self.sides)
        near = (pair.near.total(kind) - amounts[0] if pair.near else None for pair in self.pairs)
        return MemberRow("", amounts, tuple(near))

    def kind(self, instrument: str) -> str:
        """Return what kind of money an instrument is."""
        return next((side.outcome.kinds[instrument] for side in self.sides if instrument in side.outcome.kinds), BUDGET)

    @property
    def differs(self) -> bool:
        """Whether anything differs, in inputs (texts apart) or results."""
        return any(pair.differs for pair in self.pairs)


def _totals(outcome: Outcome, dimension: str) -> dict[str, Fraction]:
    """Add up EU budget by marker or dimension, and by instrument partner money too."""
    if dimension == "marker":
        return outcome.markers or {}
    return outcome.totals(dimension, (BUDGET, PARTNER) if dimension == "instrument" else (BUDGET,))


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

    `attributed` asks which override moved what, which takes many solves; by default for two. Every plan is the one of `solve`, and
    of what moves is told what must; `nearest` shows of every other scenario the equally good plan closest to the first one instead,
    so that only what must move does. Raises UsageError, and whatever reading and solving the scenarios raise.
    """
    if len(given) < 2:
        raise UsageError("Name two or more: fundalloc compare A B [C…].")
    attributed, pairs = len(given) == 2 if attributed is None else attributed, []
    with Sides(options, progress, allow_outside=allow_outside, language=language) as opened:
        (first, *others), spoken, options = opened.open(given), opened.language or "en", options or Options()
        for own in others:
            closest = closest_to(first, own, options, spoken)
            near = None if isinstance(closest, str) else closest
            side = replace(own, outcome=near) if nearest and near else own
            overrides, inputs = _inputs(first, side, tolerance)
            rules = changed_rules(first, side, near, spoken)
            counting = partial(tick, side.name) if tick else None
            attribution = attribute_changes(first, side, overrides, near, options, counting, seed, spoken) if attributed else None
            movements, scores = class_movements(first, side, near), compare_scores(first, side)
            switches = own.outcome.plan.log.switches if own.outcome.plan else 0
            pairs.append(Pair(first, side, overrides, inputs, rules, closest, movements, scores, attribution, switches))
    return Comparison((first, *(pair.b for pair in pairs)), tuple(pairs), spoken, nearest)


def _inputs(first: Side, side: Side, tolerance: Fraction) -> tuple[tuple[Override, ...], tuple[Difference, ...] | str]:
    """Return what overrides and other inputs differ, or why that is not known."""
    if first.inputs is None or side.inputs is None:
        return (), (first if first.inputs is None else side).missing
    overrides = tuple(find_overrides(first.inputs.written, side.inputs.written))
    return overrides, tuple(differing_inputs(first, side, overrides, tolerance))
