"""`adjust`: one change to many instruments, partnerships or needs at once, written over the inherited amounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import compress
from operator import contains

from fundalloc.errors import MANY, Problem, Problems, did_you_mean
from fundalloc.facts.dimensions import ACTION, WORDS, Dimensions
from fundalloc.facts.selection import Pick
from fundalloc.scenario.document import Node, Scalar, Tree, listed
from fundalloc.scenario.inherited import Period, builds_on_inherited, inherit, lose_years, overwritten, takes_away
from fundalloc.scenario.tables.specs import KEYS, TARGETS
from fundalloc.scenario.tables.table import Table
from fundalloc.scenario.validation import validate

_TABLES = {"absorption": "partnerships", "need": "needs", "priority": "needs"}
"""Where other figures than those of instruments stand."""
_PICKED_BY = {"ceiling": ("instrument", "year"), "reserve": ("instrument",), "absorption": ("partnership",)}
_PICKED_BY |= dict.fromkeys(("need", "priority"), ("partnership", "area", ACTION))
"""What can be adjusted, and the dimensions that may pick it."""
_KNOWN = (*_PICKED_BY, *WORDS, "reason", "source", "confidence")


def adjust(tree: Tree, tables: dict[str, Table], on: dict[str, Tree], dimensions: Dimensions, period: Period, problems: Problems) -> Tree:
    """Apply every entry of `adjust` in order to the instruments that are `on`; returns the new tree, and changes the tables in place."""
    node = tree.get("adjust")
    instruments = tree.mapping("instruments")
    if node is not None and not isinstance(node, Tree):
        problems.add(node.place, "'adjust' must be names with entries", "such as name: {…}")
    if not isinstance(node, Tree) or instruments is None:
        return tree
    adjusting = _Adjusting(instruments, tables, on, dimensions, period, problems)
    for item in _items(node, problems):
        adjusting.apply(item)
    return replace(tree, items={**tree.items, "instruments": adjusting.instruments})


def _items(node: Tree, problems: Problems) -> Iterator[Tree]:
    for name, entry in node.items.items():
        if isinstance(entry, Tree) and entry.text("off") == "true":
            if not entry.text("reason"):
                problems.add(node.keys[name], f"'{name}' is switched off without a reason", "add reason: …")
            continue
        for item in listed(entry):
            if not isinstance(item, Tree):
                hint = 'such as {instrument: "family:ndici", ceiling: inherited - 10 %}'
                problems.add(item.place, "an adjustment must be keys with values", hint)
                continue
            wrong = list(_wrong(item))
            problems += wrong
            if not wrong:
                yield item


def _wrong(item: Tree) -> Iterator[Problem]:
    adjusted = [key for key in item.items if key in _PICKED_BY]
    unknown = [key for key in item.items if key not in _KNOWN]
    for key in unknown:
        near = did_you_mean(key, _KNOWN) if key in unknown[:MANY] else ""
        yield Problem(item.keys[key], f"unknown key '{key}'", near or f"expected some of: {', '.join(_KNOWN)}")
    if not adjusted and not unknown:
        yield Problem(item.place, "adjusts nothing", f"write one of: {', '.join(_PICKED_BY)}")
    for key in adjusted:
        if not isinstance(item.items[key], Scalar):
            yield Problem(item.items[key].place, f"'{key}' must be a single value", "such as inherited - 10 %")
        for word in WORDS:
            if word in item.items and word not in _PICKED_BY[key]:
                hint = f"a {key} is picked by {' and '.join(_PICKED_BY[key])} only".replace("area and", "area or")
                yield Problem(item.keys[word], f"'{word}' does not pick a {key}", hint)


@dataclass
class _Adjusting:
    """Where adjustments are written: the instruments, and the tables of partnerships and needs."""

    instruments: Tree
    tables: dict[str, Table]
    switched_on: dict[str, Tree]
    dimensions: Dimensions
    period: Period
    problems: Problems
    written: dict[tuple[str, str], Scalar] = field(default_factory=dict)
    """What entries wrote as it stands: by instrument and key."""

    def apply(self, item: Tree) -> None:
        """Write one adjustment over the inherited amounts."""
        chosen = replace(item, items={k: v for k, v in item.items.items() if k in WORDS})
        pick = validate(Pick, chosen, self.problems, self.dimensions)
        if pick is None:
            return
        masks = zip(self.dimensions, pick.masks(self.dimensions), strict=True)
        picked = {dimension.name: set(compress(dimension.ids, mask)) for dimension, mask in masks}
        for key in _PICKED_BY:
            value = item.get(key)
            if not isinstance(value, Scalar):
                continue
            if key in _TABLES:
                self._table(_TABLES[key], key, value, picked)
            else:
                self._instruments(key, value, picked, pick.year is not None)

    def _instruments(self, key: str, value: Scalar, picked: dict[str, set[str]], some_years: bool) -> None:
        untouched = Period(self.period.years, tuple(y for y in self.period.years if y not in picked["year"] or y in self.period.closed))
        items = dict(self.instruments.items)
        if not picked["instrument"] & self.switched_on.keys():
            self.problems.remark(value.place, "adjusts nothing: no instrument matches", "check `instrument`, or take the entry out")
        for name in filter((picked["instrument"] & self.switched_on.keys()).__contains__, self.dimensions.instrument.ids):
            latest, entry = items[name], self.switched_on[name]
            written = (latest if isinstance(latest, Tree) else entry).items
            if written.get(key) is None and (builds_on_inherited(value) or takes_away(value)):
                self.problems.add(value.place, f"'{name}' has no {key} to adjust", "narrow the selection")
                continue
            changed = self._changed(name, key, written.get(key), value, untouched if key == "ceiling" else Period(()), some_years)
            rest = {word: node for word, node in written.items() if word != key}
            items[name] = replace(entry, items=rest | ({} if changed is None else {key: changed}))
        self.instruments = replace(self.instruments, items=items)

    def _changed(self, name: str, key: str, old: Node | None, value: Scalar, period: Period, some_years: bool) -> Node | None:
        """Return what an instrument says under a key after an adjustment; nothing where this takes it away."""
        if not builds_on_inherited(value):
            if earlier := self.written.get((name, key)):
                overwritten(f"{key} '{earlier.text}' of {name}", earlier.place, value.place, self.problems)
            self.written[name, key] = value
            lose_years(old, value, self.problems)
            if some_years:
                hint = "write inherited ± an amount, or change the instrument itself"
                self.problems.add(value.place, "a new ceiling for some years only", hint)
                return old
            return None if takes_away(value) else value
        assert old is not None
        only_total = isinstance(old, Scalar) or (isinstance(old, Tree) and "each" not in old.items)
        if some_years and only_total:
            message = "an instrument with only a total ceiling cannot change in some years"
            self.problems.add(value.place, message, "leave `year` out, or give it yearly ceilings")
            return old
        return inherit(old, value, period, self.problems)

    def _table(self, name: str, key: str, value: Scalar, picked: dict[str, set[str]]) -> None:
        table = self.tables[name]
        ids, wanted = zip(*map(table.column, KEYS[name]), strict=True), [picked[word] for word in _PICKED_BY[key] if word in picked]
        rows = {row for row, members in enumerate(ids) if all(map(contains, wanted, members))}
        columns, default = table.variants(key) or [key], TARGETS[name].defaults.get(key, "")
        every = default or not builds_on_inherited(value)
        chosen = [(row, column) for column in columns for row, old in enumerate(table.column(column)) if row in rows and (old or every)]
        if not chosen:
            what = "no row of its table matches" if not rows else f"no row that matches has a figure under '{key}'"
            self.problems.remark(value.place, f"adjusts nothing: {what}", f"check {' and '.join(_PICKED_BY[key])}, or take the entry out")
        for row, column in chosen:
            table.write(row, column, value, default, self.problems)
