"""`extends`, merging, year ranges, and amounts that build on inherited ones.

Mappings merge key by key (the child wins), lists are replaced, years are spread first. Every value keeps the place where
it was written, so that `fundalloc show` can say where it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeGuard

from fundalloc.errors import Problem, ScenarioError, did_you_mean
from fundalloc.facts.fields import spread_years
from fundalloc.labels import LANGUAGES
from fundalloc.money import DECIMALS, NotANumber, parse_figure, plain
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree, display_name, read_document, texts
from fundalloc.scenario.sections import TABLES

_YEAR_KEY = re.compile(r"^\d{4}(\s*-\s*\d{4})?$")
_BUILDS_ON = re.compile(r"^inherited\s*[+-]")
_INHERITED = re.compile(r"^inherited\s*(?P<sign>[+-])\s*(?P<figure>.+)$")
_EXCLUSIVE = {"exactly": ("at_least", "at_most"), "at_least": ("exactly",), "at_most": ("exactly",)}


def load_tree(path: Path, allowed: Callable[[Path], bool], variants: Iterable[Path] = ()) -> Tree:
    """Read a scenario file and everything it extends, merged, and lay variants over it. Raises ScenarioError.

    A file that several of them extend counts once, where it is met first: a variant adds what it says itself.
    """
    met: set[Path] = set()
    layers = [layer for file in (path, *variants) for layer in _layers(file, allowed, (), met)]
    merged, *later = layers
    for layer in later:
        below = replace(merged, items={k: v for k, v in merged.items.items() if k not in ("extends", "expect")})
        merged = merge(below, replace(layer, items={k: v for k, v in layer.items.items() if k != "extends"}))
    return merged


def _layers(path: Path, allowed: Callable[[Path], bool], chain: tuple[Path, ...], met: set[Path]) -> Iterator[Tree]:
    """Yield what a file extends, the earlier first, and then the file itself; files that were met before are left out."""
    resolved = path.resolve()
    if resolved in met:
        return
    met.add(resolved)
    child = spread(read_document(path, display_name(path)))
    parents = child.get("extends")
    listed = [] if parents is None else parents.items if isinstance(parents, ListNode) else [parents]
    if parents is not None and not listed:
        raise ScenarioError([Problem(parents.place, "an empty list", "name a scenario file, or take `extends` out")])
    for item in listed:
        yield from _layers(_parent(item, path, allowed, (*chain, resolved)), allowed, (*chain, resolved), met)
    yield child


def _parent(item: Node, path: Path, allowed: Callable[[Path], bool], chain: tuple[Path, ...]) -> Path:
    """Return the file that an entry of `extends` names. Raises ScenarioError."""
    if not isinstance(item, Scalar):
        raise ScenarioError([Problem(item.place, "expected the name of a scenario file", "such as extends: baseline.yaml")])
    parent = path.parent / item.text
    if parent.resolve() in chain:
        names = " → ".join(p.name for p in (*chain, parent.resolve()))
        raise ScenarioError([Problem(item.place, f"a circle of `extends`: {names}", "take one of them out")])
    if not allowed(parent):
        raise ScenarioError(
            [Problem(item.place, f"'{item.text}' lies outside the scenario's folder", "move it there, or use --allow-outside")]
        )
    if not parent.exists():
        near = [p.name for p in parent.parent.glob("*.y*ml")] if parent.parent.is_dir() else []
        hint = did_you_mean(parent.name, near) or "the name is relative to this file"
        raise ScenarioError([Problem(item.place, f"no such file: {item.text}", hint)])
    return parent


def spread(node: Node) -> Tree:
    """Turn ranges of years among the keys into single years, everywhere. Raises ScenarioError on years given twice."""
    problems: list[Problem] = []
    out = _spread(node, problems)
    if problems:
        raise ScenarioError(problems)
    assert isinstance(out, Tree)
    return out


def _spread(node: Node, problems: list[Problem]) -> Node:
    if isinstance(node, ListNode):
        return replace(node, items=[_spread(item, problems) for item in node.items])
    if not isinstance(node, Tree):
        return node
    out = replace(node, items={}, keys={})
    for key, value in node.items.items():
        names = [key]
        if _YEAR_KEY.match(key):
            try:
                names = [str(year) for year in spread_years(key)]
            except ValueError:
                problems.append(Problem(node.keys[key], f"'{key}' is not a range of years", "write 2024-2027, the earlier year first"))
        for name in names:
            if name in out.items:
                problems.append(Problem(node.keys[key], f"the year {name} stands twice", "let the ranges not overlap"))
            out.items[name], out.keys[name] = _spread(value, problems), node.keys[key]
    return out


def merge(parent: Tree, child: Tree) -> Tree:
    """Lay a child over its parent. Amounts written as `inherited ± x` are worked out here. Raises ScenarioError."""
    problems: list[Problem] = []
    period = Period(_years_of(child, parent, "years"), _years_of(child, parent, "closed"))
    out = _merge(parent, child, (), period, problems)
    if problems:
        raise ScenarioError(problems)
    return out


@dataclass(frozen=True)
class Period:
    """The years of a scenario and those among them that may not change."""

    years: tuple[str, ...]
    closed: tuple[str, ...] = ()


def _years_of(child: Tree, parent: Tree, key: str) -> tuple[str, ...]:
    try:
        return tuple(str(year) for text in texts(child.get(key) or parent.get(key)) for year in spread_years(text))
    except ValueError:  # reported when the head is read
        return ()


def _merge(parent: Tree, child: Tree, path: tuple[str, ...], period: Period, problems: list[Problem]) -> Tree:
    dropped = {other for key in child.items for other in _EXCLUSIVE.get(key, ())} if len(path) == 2 and path[0] == "rules" else set()
    items = {key: value for key, value in parent.items.items() if key not in dropped}
    keys = dict(parent.keys)
    for key, value in child.items.items():
        below = items.get(key)
        keys[key] = child.keys[key]
        if builds_on_inherited(value):
            items[key] = below if below is not None and key in period.closed else _inherit(below, value, period, problems)
        elif not path and key in TABLES and below is not None:
            items[key] = _merge_table(below, value)
        elif isinstance(below, Scalar) and by_years(value):
            items[key] = _merge(_every_year(below, period), value, (*path, key), period, problems)
        elif isinstance(below, Tree) and isinstance(value, Tree) and not said_anew(value):
            items[key] = _merge(below, value, (*path, key), period, problems)
        else:
            items[key] = value
    inherits_file = "file" in items and "file" not in child.items
    return Tree(items, keys, child.place, parent.folder if inherits_file else child.folder)


def builds_on_inherited(value: Node | None) -> TypeGuard[Scalar]:
    """Return whether a value is written as `inherited ± x`."""
    return isinstance(value, Scalar) and bool(_BUILDS_ON.match(value.text))


def said_anew(text: Tree) -> bool:
    """Return whether a text per language is written anew: its translations would no longer say the same."""
    return "en" in text.items and all(key in LANGUAGES for key in text.items)


def by_years(node: Node | None) -> TypeGuard[Tree]:
    """Return whether a node holds amounts by year."""
    return isinstance(node, Tree) and bool(node.items) and all(_YEAR_KEY.match(key) for key in node.items)


def _every_year(amount: Scalar, period: Period) -> Tree:
    """Spread the one amount that holds in each year."""
    return Tree(dict.fromkeys(period.years, amount), dict.fromkeys(period.years, amount.place), amount.place)


def _merge_table(below: Node, value: Node) -> Node:
    """Lay a table over its parent's: changes add up along the chain, a new file or new rows replace everything."""
    if not isinstance(value, Tree) or set(value.items) != {"change"}:
        return value
    change = value.items["change"]
    if isinstance(below, Tree):
        earlier = below.items.get("change")
        combined = [
            *(earlier.items if isinstance(earlier, ListNode) else []),
            *(change.items if isinstance(change, ListNode) else [change]),
        ]
        items = {**below.items, "change": ListNode(combined, change.place)}
        return Tree(items, {**below.keys, "change": value.keys["change"]}, below.place, below.folder)
    keys = {"rows": below.place, "change": value.keys["change"]}
    return Tree({"rows": below, "change": change}, keys, value.place, value.folder)


def _inherit(below: Node | None, value: Scalar, period: Period, problems: list[Problem]) -> Node:
    change = read_change(value, problems)
    if change is None:
        return value
    if below is None:
        problems.append(Problem(value.place, "nothing is inherited here", "write the amount itself"))
        return value
    return change_amounts(below, change, value, period, problems)


@dataclass(frozen=True)
class InheritedChange:
    """`inherited + 800` or `inherited - 10 %`: an absolute or a relative change of an inherited amount."""

    amount: Fraction
    relative: bool

    def on(self, old: Fraction, share: Fraction = Fraction(1)) -> Fraction:
        """Return the new amount; `share` is this amount's part of a total that changes."""
        return old * (1 + self.amount) if self.relative else old + self.amount * share


def read_change(value: Scalar, problems: list[Problem]) -> InheritedChange | None:
    """Read `inherited ± figure`; None (with a problem noted) when it is something else."""
    match = _INHERITED.match(value.text)
    try:
        figure = parse_figure(match["figure"]) if match else None
    except NotANumber as error:
        problems.append(Problem(value.place, str(error), error.hint))
        return None
    if match is None or figure is None:
        problems.append(Problem(value.place, f"'{value.text}' changes nothing", "write inherited + 800 or inherited - 10 %"))
        return None
    return InheritedChange(-figure.value if match["sign"] == "-" else figure.value, figure.percent)


def change_amounts(below: Node, change: InheritedChange, value: Scalar, period: Period, problems: list[Problem]) -> Node:
    """Apply a change to one amount, to amounts by year (open years only, an absolute change in proportion), or to a ceiling."""
    if isinstance(below, Scalar):
        return change_amount(below, change, value, problems)
    if by_years(below):
        return _change_years(below, change, value, period, problems)
    if isinstance(below, Tree) and set(below.items) <= {"each", "total"} and below.items:
        return _change_ceiling(below, change, value, period, problems)
    problems.append(Problem(value.place, "only amounts can build on inherited ones", "write the value itself"))
    return value


def change_amount(below: Scalar, change: InheritedChange, value: Scalar, problems: list[Problem]) -> Scalar:
    """Apply a change to one amount, or to both ends of a range."""
    if ".." in below.text:
        ends = [change_amount(Scalar(part, below.place), change, value, problems) for part in below.text.split("..")]
        return Scalar("..".join(end.text for end in ends), value.place)
    try:
        old = parse_figure(below.text)
    except NotANumber as error:
        problems.append(Problem(value.place, f"the inherited value is no amount: {error}", "write the amount itself"))
        return value
    new = change.on(old.value)
    if new < 0:
        problems.append(Problem(value.place, f"{plain(old.value)} {value.text[9:].strip()} is negative", "change it by less"))
        return below
    return Scalar(f"{_written(new * 100)} %" if old.percent else _written(new), value.place)


def _written(amount: Fraction) -> str:
    return plain(round(amount, DECIMALS))


def _amounts(node: Tree, problems: list[Problem]) -> dict[str, Fraction]:
    out = {}
    for key, value in node.items.items():
        try:
            out[key] = parse_figure(value.text if isinstance(value, Scalar) else "").value
        except NotANumber as error:
            problems.append(Problem(value.place, str(error), error.hint))
    return out


def _change_years(below: Tree, change: InheritedChange, value: Scalar, period: Period, problems: list[Problem]) -> Node:
    old = {key: amount for key, amount in _amounts(below, problems).items() if key not in period.closed}
    whole = sum(old.values(), Fraction(0))
    if not old or (whole == 0 and not change.relative):
        problems.append(Problem(value.place, "no open year to change", "closed years stay as decided"))
        return below
    new = {key: Scalar(_written(change.on(amount, amount / whole if whole else Fraction(0))), value.place) for key, amount in old.items()}
    return replace(below, items={**below.items, **new})


def _change_ceiling(below: Tree, change: InheritedChange, value: Scalar, period: Period, problems: list[Problem]) -> Node:
    """Change a ceiling with yearly amounts and a total: the total changes with the open years' part of it."""
    items = dict(below.items)
    each, total = below.items.get("each"), below.items.get("total")
    part = Fraction(1)
    if isinstance(each, Scalar) and period.years:
        each = _every_year(each, period)
    if each is not None:
        items["each"] = change_amounts(each, change, value, period, problems)
        if isinstance(each, Tree):
            old = _amounts(each, problems)
            whole = sum(old.values(), Fraction(0))
            part = sum((a for k, a in old.items() if k not in period.closed), Fraction(0)) / whole if whole else part
    if isinstance(total, Scalar):
        scaled = InheritedChange(change.amount * part, True) if change.relative else change
        items["total"] = change_amounts(total, scaled, value, period, problems)
    return replace(below, items=items)
