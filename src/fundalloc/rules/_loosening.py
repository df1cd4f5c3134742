"""How a rule would give way to a plan that breaks it: the figure that the plan reaches, where it is written, and what that is in words.

The plan is in whole rounding steps and measured exactly, so floors are lowered and ceilings raised to what it reaches, and
shares rounded outwards. A kind whose figures are not simply these says so itself (`Kind.loosened`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from fundalloc.errors import year_ranges
from fundalloc.facts.lines import Lines
from fundalloc.money import ceil_steps, decimals, enough, euro, floor_steps, percent, plain
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
            return Loosening(_changed(rule, setting, sense, rule.said_of_all(), written[""].value, new), path, _as_written(rule, new))
    says = "; ".join(_said(rule, setting, missed, needed[key]) for key, missed in first.items())
    if "" in needed:
        return Loosening(says, path, _as_written(rule, needed[""]))
    others = _spelt_out(rule, lines, sense) if "" in written else {}
    return Loosening(says, path, others | {key: _as_written(rule, figure) for key, figure in needed.items()})


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
