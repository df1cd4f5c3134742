"""Amounts that build on inherited ones: `inherited + 800`, `inherited - 10 %`, on one amount, on amounts by year, on a ceiling."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeGuard

from fundalloc.errors import Place, Problems
from fundalloc.money import DECIMALS, NotANumber, parse_figure, plain
from fundalloc.scenario.document import Node, Scalar, Tree, scalars, texts

YEARS_KEY = re.compile(r"^[0-9]{4}(\s*-\s*[0-9]{4})?$")
NOTHING = "nothing is inherited here"
INHERITED = re.compile(r"^inherited\s*(?P<sign>[+-])\s*(?P<figure>.*)$", re.DOTALL)


@dataclass(frozen=True)
class Period:
    """The years of a scenario and those among them that may not change."""

    years: tuple[str, ...]
    closed: tuple[str, ...] = ()


def builds_on_inherited(value: Node | None) -> TypeGuard[Scalar]:
    """Return whether a value is written as `inherited ± x`."""
    return isinstance(value, Scalar) and bool(INHERITED.match(value.text))


def takes_away(value: Node | None) -> TypeGuard[Scalar]:
    """Return whether a value is the word `none`, which takes what is inherited away."""
    return isinstance(value, Scalar) and value.text == "none" and not value.quoted


def overwritten(what: str, earlier: Place, place: Place, problems: Problems) -> None:
    """Tell that a value which a change wrote is lost by a later one: an error within a file, where it can only be a contradiction."""
    if earlier.file == place.file and place.line:
        problems.add(place, f"{what} is changed twice in one file; first at {earlier}", "keep one of the two")
    else:
        problems.remark(place, f"{what} of {earlier} is lost: it is changed once more here", "write inherited ± an amount to build on it")


def lose_years(below: Node | None, value: Scalar, problems: Problems) -> None:
    """Tell that one figure over a ceiling by year is its total alone."""
    each = below.get("each") if isinstance(below, Tree) else None
    if each is not None and not takes_away(value):
        years = ", ".join(f"{' '.join(path) or 'each'}: {amount.text}" for path, amount in scalars(each))
        hint = f"write {{total: {value.text}}} to keep them, {{total: {value.text}, each: none}} to drop them"
        problems.remark(value.place, f"one figure is the total: the yearly amounts inherited from {each.place} are lost ({years})", hint)


def by_years(node: Node | None) -> TypeGuard[Tree]:
    """Return whether a node holds amounts by year."""
    return isinstance(node, Tree) and bool(node.items) and all(YEARS_KEY.match(key) for key in node.items)


def every_year(amount: Scalar, period: Period) -> Tree:
    """Spread the one amount that holds in each year."""
    return Tree(dict.fromkeys(period.years, amount), dict.fromkeys(period.years, amount.place), amount.place)


def inherit(below: Node | None, value: Scalar, period: Period, problems: Problems) -> Node:
    """Work out `inherited ± figure` over what is below."""
    change = _read_change(value, problems)
    if change is None:
        return below or value
    if below is None:
        problems.add(value.place, NOTHING, "write the amount itself")
        return value
    return _change_amounts(below, change, value, period, problems)


def inherit_text(old: str, value: Scalar, problems: Problems) -> str:
    """Return what a cell of a table says once a value is written over its text."""
    if takes_away(value):
        if not old:
            problems.add(value.place, NOTHING, "leave it out")
        return ""
    if not builds_on_inherited(value):
        return value.text
    return texts(inherit(Scalar(old, value.place) if old else None, value, Period(()), problems))[0]


@dataclass(frozen=True)
class _Change:
    """`inherited + 800` or `inherited - 10 %`: an absolute or a relative change of an inherited amount."""

    amount: Fraction
    relative: bool

    def on(self, old: Fraction, share: Fraction = Fraction(1)) -> Fraction:
        """Return the new amount; `share` is this amount's part of a total that changes."""
        return old * (1 + self.amount) if self.relative else old + self.amount * share


def _read_change(value: Scalar, problems: Problems) -> _Change | None:
    """Read `inherited ± figure`; None (with a problem noted) when it is something else."""
    match = INHERITED.match(value.text)
    if match is None or not match["figure"]:
        problems.add(value.place, f"'{value.text}' changes nothing", "write inherited + 800 or inherited - 10 %")
        return None
    try:
        figure = parse_figure(match["figure"])
    except NotANumber as error:
        problems.add(value.place, str(error), error.hint)
        return None
    return _Change(-figure.value if match["sign"] == "-" else figure.value, figure.percent)


def _change_amounts(below: Node, change: _Change, value: Scalar, period: Period, problems: Problems) -> Node:
    """Apply a change to one amount, to amounts by year (open years only, an absolute change in proportion), or to a ceiling."""
    if isinstance(below, Scalar):
        return _change_amount(below, change, value, problems)
    if by_years(below):
        return _change_years(below, change, value, period, problems)
    if isinstance(below, Tree) and set(below.items) <= {"each", "total"} and below.items:
        return _change_ceiling(below, change, value, period, problems)
    problems.add(value.place, "only amounts can build on inherited ones", "write the value itself")
    return value


def _change_amount(below: Scalar, change: _Change, value: Scalar, problems: Problems) -> Scalar:
    if ".." in below.text:
        ends = [_change_amount(Scalar(part, below.place), change, value, problems) for part in below.text.split("..")]
        return Scalar("..".join(end.text for end in ends), value.place)
    try:
        old = parse_figure(below.text)
    except NotANumber as error:
        problems.add(value.place, f"the inherited value is no amount: {error}", "write the amount itself")
        return value
    new = change.on(old.value)
    if new < 0:
        problems.add(value.place, f"{plain(old.value)} {value.text[9:].strip()} is negative", "change it by less")
        return below
    return Scalar(f"{_written(new * 100)} %" if old.percent else _written(new), value.place)


def _written(amount: Fraction) -> str:
    return plain(round(amount, DECIMALS))


def _amounts(node: Tree, problems: Problems) -> dict[str, Fraction]:
    out = {}
    for key, value in node.items.items():
        try:
            out[key] = parse_figure(value.text if isinstance(value, Scalar) else "").value
        except NotANumber as error:
            problems.add(value.place, str(error), error.hint)
    return out


def _change_years(below: Tree, change: _Change, value: Scalar, period: Period, problems: Problems) -> Node:
    old = {key: amount for key, amount in _amounts(below, problems).items() if key not in period.closed}
    whole = sum(old.values(), Fraction(0))
    if not old or (whole == 0 and not change.relative):
        problems.add(value.place, "no open year to change", "closed years stay as decided")
        return below
    new = {key: Scalar(_written(change.on(amount, amount / whole if whole else Fraction(0))), value.place) for key, amount in old.items()}
    return replace(below, items={**below.items, **new})


def _change_ceiling(below: Tree, change: _Change, value: Scalar, period: Period, problems: Problems) -> Node:
    """Change a ceiling with yearly amounts and a total: the total changes with the open years' part of it."""
    items, part = dict(below.items), Fraction(1)
    each, total = items.get("each"), items.get("total")
    if isinstance(each, Scalar) and period.years:
        each = every_year(each, period)
    if each is not None:
        items["each"] = _change_amounts(each, change, value, period, problems)
        if isinstance(each, Tree):
            old = _amounts(each, problems)
            whole = sum(old.values(), Fraction(0))
            part = sum((a for k, a in old.items() if k not in period.closed), Fraction(0)) / whole if whole else part
    if isinstance(total, Scalar):
        scaled = _Change(change.amount * part, True) if change.relative else change
        items["total"] = _change_amounts(total, scaled, value, period, problems)
    return replace(below, items=items)
