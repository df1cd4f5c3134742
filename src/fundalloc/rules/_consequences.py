"""What other rooms ask of a rule, in place of its kind. The defaults are safe for any kind; one that differs overrides them.

Among it is how a rule would give way to a plan that breaks it. The plan is in whole rounding steps and measured exactly, so floors are
lowered and ceilings raised to what it reaches, and shares rounded outwards. A kind whose figures are not simply these says so itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, ClassVar, NamedTuple, cast

from fundalloc.errors import year_ranges
from fundalloc.facts.facts import Facts
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Taken
from fundalloc.money import Figure, ceil_steps, decimals, enough, euro, floor_steps, percent, plain
from fundalloc.rules.statement import Sense

if TYPE_CHECKING:
    from fundalloc.rules.kind import Kind

SHARES = (Fraction(1, 1000), Fraction(1, 10_000), Fraction(1, 10**6), Fraction(1, 10**9))
"""Shares are rounded to a tenth of a per cent, or finer when an exact share needs it."""


class Missed(NamedTuple):
    """A demand that a plan breaks, in EUR million or members."""

    member: tuple[str, ...]
    sense: Sense
    figure: Fraction
    amount: Fraction
    limit: Fraction
    base: Fraction | None


class Loosening(NamedTuple):
    """A change of the scenario in words, where it is written, and what to write there."""

    says: str
    path: str
    value: object


@dataclass(frozen=True)
class Setting:
    """What a rule is told of the scenario in which it gives way."""

    lines: Lines
    names: Mapping[str, Mapping[str, str]]
    labels: Mapping[str, Mapping[str, str]]
    """The same names, short ones where there are any."""
    language: str
    """English as the scenario speaks it."""
    adjusted: frozenset[str]
    """Figures of the facts that entries of `adjust` change: a repair of these must come after them."""

    def money(self, amount: Fraction) -> str:
        """Write an amount with the decimals that it needs."""
        return euro(amount, enough(decimals(self.lines.facts.step), amount))

    def by_year(self, steps: Sequence[tuple[str, Fraction, Fraction]]) -> str:
        """Write old and new figures, years with the same ones together."""
        same: dict[tuple[Fraction, Fraction], list[str]] = {}
        for when, old, new in steps:
            same.setdefault((old, new), []).append(when)
        parts = []
        for (old, new), labels in same.items():
            years = [int(label) for label in labels if label.isdigit()]
            when = f" in {year_ranges(years)}" if years else " in total"
            parts.append(f"from {self.money(old)} to {self.money(new)}{when}")
        return " and ".join(parts)

    def in_money(self, amount: Fraction | None) -> str:
        """Add to a share what it comes to, where that is given."""
        return "" if amount is None else f" (EUR {self.money(amount)} million)"


def share_in_file(share: Fraction) -> str:
    """Write a share as scenario files have it."""
    return f"{plain(share * 100)} %"


def outwards(share: Fraction, sense: Sense, grid: Fraction = SHARES[0]) -> Fraction:
    """Round a share to the side on which the limit is kept."""
    return (share // grid if sense is Sense.AT_LEAST else -(-share // grid)) * grid


class Counted(NamedTuple):
    """Members that count once they have money."""

    word: str
    """The dimension or tag group whose members are counted."""
    field: str
    """The key of the rule under which `least` is written."""
    least: Fraction
    """EUR million from which a member counts towards a lower limit; 0: one rounding step."""


class BaselineRoom(NamedTuple):
    """Room around an amount of the baseline plan; of both figures the smaller counts, None is no limit."""

    within: Fraction | None
    amount: Fraction | None


class Consequences:
    """The half of `Kind` that others ask."""

    if TYPE_CHECKING:
        id: str
        source: str
        for_each: tuple[str, ...]

        def figures(self, sense: Sense) -> dict[str, Figure]:
            """See Kind."""

        def key_of(self, member: Sequence[str], written: Mapping[str, Figure]) -> str | None:
            """See Kind."""

    is_budget: ClassVar[bool] = False
    """Its limits are the EU budget itself: what one million more of them brings is the value of money."""
    waivable: ClassVar[bool] = True
    """Whether a plan without the rule can be asked for."""
    plain_sum: ClassVar[bool] = False
    """Whether a demand sets the sum of `money` against its figure, in EUR million, and nothing else."""
    from_baseline: ClassVar[bool] = False
    """Whether limits start from the baseline plan."""
    or_nothing: ClassVar[bool] = False
    """Whether no money at all satisfies the rule too."""

    def taken_of(self, lines: Lines) -> Taken | None:
        """Return the money of the plan that the rule takes a share of, where it does."""
        return None

    @property
    def fixed_base(self) -> bool:
        """Whether what shares are taken of is given, whatever the plan does."""
        return self.from_baseline

    @property
    def counted(self) -> Counted | None:
        """What is counted, where the rule limits a number of members."""
        return None

    @property
    def corridor(self) -> BaselineRoom | None:
        """How far money may move from the baseline plan on either side, where the rule says so."""
        return None

    @property
    def due(self) -> Mapping[int, Fraction] | None:
        """By year what earlier commitments still cost, where the rule limits payments; empty: what the instruments say."""
        return None

    def follows(self, member: tuple[str, ...]) -> bool:
        """Whether the limit of a member only repeats that of another rule."""
        return False

    def path(self, member: tuple[str, ...], sense: Sense) -> tuple[str, ...]:
        """Return where the figure of a member stands in a scenario file."""
        written = self.figures(sense)
        return "rules", self.id, sense.field, self.key_of(member, written) or self.member_key(member, written)

    def member_key(self, member: tuple[str, ...], written: Mapping[str, Figure]) -> str:
        """Return the key under which a member's own figure is, or would be, written beside `written`."""
        return "|".join(member[: len(self.for_each)])

    def source_for(self, member: tuple[str, ...], facts: Facts) -> str:
        """Return the legal basis or decision behind a member's figure: that of the entry in which it stands."""
        section, owner = self.path(member, Sense.AT_MOST)[:2]
        return self.source if section == "rules" else next((e.source for e in getattr(facts, section) if e.id == owner), "")

    def loosened(self, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
        """Return the change of the scenario after which these demands hold; None when no figure says it.

        `found` are the demands of one side that a plan breaks, or all of one member's first label where the facts set them.
        """
        return loosened_figures(cast("Kind", self), setting, found)

    def kept_back(self, member: tuple[str, ...], facts: Facts) -> Fraction:
        """Return the share of the written figure that stays out of the limit."""
        return Fraction(0)

    def per_ceiling(self, member: tuple[str, ...], facts: Facts) -> Mapping[tuple[str, ...], Fraction]:
        """Return how far a member's limit rises per EUR million of ceilings, reserve included: {(instrument, year or total): share}."""
        return {}


def loosened_figures(rule: Kind, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
    """Give the members concerned the figure that the plan reaches; figures for all the others stay. None when no figure says it."""
    sense, lines, path = found[0].sense, setting.lines, f"rules.{rule.id}.{found[0].sense.field}"
    written, looser = rule.figures(sense), min if sense is Sense.AT_LEAST else max
    first: dict[str, Missed] = {}
    needed: dict[str, Fraction] = {}
    for missed in found:
        figure = _reached(rule, lines.facts.step, missed)
        if figure is None:
            return None
        key = rule.member_key(missed.member, written)
        first.setdefault(key, missed)
        needed[key] = looser(figure, needed.get(key, figure))
    if rule.for_each and set(written) == {""} and len(needed) > 1 and (sense is not Sense.EXACTLY or len(set(needed.values())) == 1):
        everyone = {rule.member_key(member, written) for member in rule.demands(lines).member}
        if set(needed) == everyone:
            new = looser(needed.values())
            return Loosening(
                _changed(rule, setting, sense, rule.said_of_all(setting.language), written[""].value, new), path, _as_written(rule, new)
            )
    says = "; ".join(_said(rule, setting, missed, needed[key]) for key, missed in first.items())
    if "" in needed:
        return Loosening(says, path, _as_written(rule, needed[""]))
    others = _spelt_out(rule, lines, sense) if "" in written else {}
    return Loosening(says, path, others | {key: _as_written(rule, figure) for key, figure in needed.items()})


def scaled_figures(rule: Kind, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
    """Change all figures of a side by one factor, to which the plan keeps; None where one is exact, zero, or only one gives way."""
    sense, written = found[0].sense, rule.figures(found[0].sense)
    if sense is Sense.EXACTLY or len(found) < 2 or not all(missed.figure for missed in found):
        return None
    worst, rounded, verb = (min, floor_steps, "lower") if sense is Sense.AT_LEAST else (max, ceil_steps, "raise")
    factor = rounded(worst(missed.amount / missed.figure for missed in found), SHARES[1]) * SHARES[1]
    says = f"{verb} all figures of “{rule.said_of_all(setting.language)}” to {plain(factor)} times what they are"
    return Loosening(says, f"rules.{rule.id}.{sense.field}", {key: plain(figure.value * factor) for key, figure in written.items()})


def _reached(rule: Kind, step: Fraction, missed: Missed) -> Fraction | None:
    """Return the figure that the plan reaches, in the unit in which it is written; None when no figure says it."""
    if not rule.relative:
        if not rule.in_money or missed.sense is Sense.EXACTLY:
            return missed.amount
        steps = floor_steps if missed.sense is Sense.AT_LEAST else ceil_steps
        return steps(missed.amount, step) * step
    if not missed.base:
        return None
    if missed.sense is not Sense.EXACTLY:
        return outwards(missed.amount / missed.base, missed.sense)
    nearest = (Fraction(round(missed.amount / missed.base / grid)) * grid for grid in SHARES)
    return next((share for share in nearest if abs(missed.amount - share * missed.base) <= step), None)


def _spelt_out(rule: Kind, lines: Lines, sense: Sense) -> dict[str, str]:
    """Return the figures of all members one by one, because one of them gets its own."""
    demands, written = rule.demands(lines), rule.figures(sense)
    asked = zip(demands.member, demands.sense, demands.figure, strict=True)
    return {rule.member_key(member, written): _as_written(rule, figure) for member, side, figure in asked if side is sense}


def _as_written(rule: Kind, figure: Fraction) -> str:
    return share_in_file(figure) if rule.relative else plain(figure)


def _said(rule: Kind, setting: Setting, missed: Missed, new: Fraction) -> str:
    amount = missed.limit + (new - missed.figure) * missed.base if missed.base is not None and rule.fixed_base else None
    says = rule.sentence(missed.member, setting.names, sense=missed.sense)
    return _changed(rule, setting, missed.sense, says, missed.figure, new, amount)


def _changed(rule: Kind, setting: Setting, sense: Sense, says: str, old: Fraction, new: Fraction, amount: Fraction | None = None) -> str:
    """Write how a figure changes; a share with what that is in EUR million, where what it is taken of is given."""
    verb = {Sense.AT_LEAST: "lower", Sense.AT_MOST: "raise"}.get(sense, "lower" if new < old else "raise")
    write = percent if rule.relative else setting.money if rule.in_money else plain
    return f"{verb} “{says}” from {write(old)} to {write(new)}" + setting.in_money(amount)
