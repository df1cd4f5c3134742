"""`adjust`: one change to many instruments, partnerships or needs at once, written over the inherited amounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from fundalloc.errors import Problem, Problems, did_you_mean
from fundalloc.facts.dimensions import Dimensions
from fundalloc.facts.selection import Pick
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree
from fundalloc.scenario.inherited import Period, builds_on_inherited, change_amount, change_amounts, read_change
from fundalloc.scenario.sections import validate
from fundalloc.scenario.tables.specs import DEFAULTS, Tables

_INSTRUMENT = ("ceiling", "reserve")
_PARTNERSHIP = ("absorption",)
_NEED = ("need", "priority")
_PICKED_BY = {
    "ceiling": ("instrument", "year"),
    "reserve": ("instrument",),
    "absorption": ("partnership",),
    "need": ("partnership", "area"),
    "priority": ("partnership", "area"),
}
"""What can be adjusted, and the dimensions that may pick it."""
_WORDS = ("instrument", "partnership", "area", "year")
_SAID = ("reason", "source", "confidence")


def adjust(tree: Tree, tables: Tables, groups: dict[str, Tree], dimensions: Dimensions, period: Period, problems: Problems) -> Tree:
    """Apply every entry of `adjust` in order; returns the tree with changed instruments, and changes the tables in place."""
    node = tree.get("adjust")
    instruments = tree.mapping("instruments")
    if node is not None and not isinstance(node, Tree):
        problems.add(node.place, "'adjust' must be names with entries", "such as name: {…}")
    if not isinstance(node, Tree) or instruments is None:
        return tree
    for item in _items(node, problems):
        pick = _pick(item, dimensions, problems)
        if pick is None:
            continue
        if any(key in item.items for key in _INSTRUMENT):
            instruments = _adjust_instruments(instruments, groups, item, pick, dimensions, period, problems)
        if any(key in item.items for key in _PARTNERSHIP):
            _adjust_table(
                tables,
                "partnerships",
                item,
                _PARTNERSHIP,
                {"id": dimensions.partnership.mask(pick.partnership or ("all",))},
                dimensions,
                problems,
            )
        if any(key in item.items for key in _NEED):
            masks = {name: dimensions[name].mask(getattr(pick, name) or ("all",)) for name in ("partnership", "area")}
            _adjust_table(tables, "needs", item, _NEED, masks, dimensions, problems)
    return replace(tree, items={**tree.items, "instruments": instruments})


def _items(node: Tree, problems: Problems) -> Iterator[Tree]:
    known = (*_PICKED_BY, *_WORDS, *_SAID)
    for name, entry in node.items.items():
        if isinstance(entry, Tree) and entry.text("off") == "true":
            if not entry.text("reason"):
                problems.add(node.keys[name], f"'{name}' is switched off without a reason", "add reason: …")
            continue
        for item in entry.items if isinstance(entry, ListNode) else [entry]:
            if not isinstance(item, Tree):
                problems.add(
                    item.place, "an adjustment must be keys with values", 'such as {instrument: "family:ndici", ceiling: inherited - 10 %}'
                )
                continue
            wrong = list(_wrong(item, known))
            problems += wrong
            if not wrong:
                yield item


def _wrong(item: Tree, known: tuple[str, ...]) -> Iterator[Problem]:
    adjusted = [key for key in item.items if key in _PICKED_BY]
    unknown = [key for key in item.items if key not in known]
    for key in unknown:
        yield Problem(item.keys[key], f"unknown key '{key}'", did_you_mean(key, known) or f"expected some of: {', '.join(known)}")
    if not adjusted and not unknown:
        yield Problem(item.place, "adjusts nothing", f"write one of: {', '.join(_PICKED_BY)}")
    for key in adjusted:
        if not isinstance(item.items[key], Scalar):
            yield Problem(item.items[key].place, f"'{key}' must be a single value", "such as inherited - 10 %")
        for word in _WORDS:
            if word in item.items and word not in _PICKED_BY[key]:
                yield Problem(
                    item.keys[word], f"'{word}' does not pick a {key}", f"a {key} is picked by {' and '.join(_PICKED_BY[key])} only"
                )


def _pick(item: Tree, dimensions: Dimensions, problems: Problems) -> Pick | None:
    chosen = replace(item, items={k: v for k, v in item.items.items() if k in _WORDS})
    return validate(Pick, chosen, problems, dimensions=dimensions)


def _adjust_instruments(
    instruments: Tree,
    switched_on: dict[str, Tree],
    item: Tree,
    pick: Pick,
    dimensions: Dimensions,
    period: Period,
    problems: Problems,
) -> Tree:
    mask = dimensions.instrument.mask(pick.instrument or ("all",))
    chosen = {year for year, k in zip(dimensions.year.ids, dimensions.year.mask(pick.year or ("all",)), strict=True) if k}
    untouched = Period(period.years, tuple(y for y in period.years if y not in chosen or y in period.closed))
    items = dict(instruments.items)
    for k in np.flatnonzero(mask):
        name = dimensions.instrument.ids[int(k)]
        entry = switched_on.get(name)
        if entry is None:
            continue
        latest = items[name]
        changed = dict((latest if isinstance(latest, Tree) else entry).items)
        for key in _INSTRUMENT:
            value = item.get(key)
            if isinstance(value, Scalar):
                if changed.get(key) is None and builds_on_inherited(value):
                    problems.add(value.place, f"'{name}' has no {key} to adjust", "narrow the selection")
                    continue
                changed[key] = _changed(
                    changed.get(key), value, untouched if key == "ceiling" else Period(()), pick.year is not None, problems
                )
        items[name] = replace(entry, items=changed)
    return replace(instruments, items=items)


def _changed(old: Node | None, value: Scalar, period: Period, some_years: bool, problems: Problems) -> Node:
    if not builds_on_inherited(value):
        if some_years:
            problems.add(value.place, "a new ceiling for some years only", "write inherited ± an amount, or change the instrument itself")
        return value
    assert old is not None
    only_total = isinstance(old, Scalar) or (isinstance(old, Tree) and "each" not in old.items)
    if some_years and only_total:
        problems.add(
            value.place,
            "an instrument with only a total ceiling cannot change in some years",
            "leave `year` out, or give it yearly ceilings",
        )
        return old
    change = read_change(value, problems)
    return old if change is None else change_amounts(old, change, value, period, problems)


def _adjust_table(
    tables: Tables, name: str, item: Tree, keys: tuple[str, ...], masks: dict[str, Any], dimensions: Dimensions, problems: Problems
) -> None:
    table = tables[name]
    owners = {"id": dimensions.partnership, "partnership": dimensions.partnership, "area": dimensions.area}
    allowed = {word: {m for m, k in zip(owners[word].ids, mask, strict=True) if k} for word, mask in masks.items()}
    columns = {word: table.column(word) for word in masks}
    for row in range(len(table.cells)):
        if not all(columns[word][row] in members for word, members in allowed.items()):
            continue
        for key in keys:
            value = item.get(key)
            if not isinstance(value, Scalar):
                continue
            for column in [c for c in table.columns if c.split(".")[0] == key] or [key]:
                old = table.column(column)[row] or DEFAULTS[name].get(key, "")
                if builds_on_inherited(value):
                    change = read_change(value, problems)
                    if change is None or not old:
                        continue
                    new = change_amount(Scalar(old, table.place(row, column)), change, value, problems)
                    table.put(row, column, new.text, value.place)
                else:
                    table.put(row, column, value.text, value.place)
