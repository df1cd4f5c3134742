"""`extends`, merging and year ranges: mappings merge key by key, lists are replaced; every value keeps the place where it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from fundalloc.doors.reading import admit
from fundalloc.doors.text import display_name, named_alike
from fundalloc.errors import Problems, ScenarioError, counted
from fundalloc.facts.fields import spread_years
from fundalloc.labels import LANGUAGES
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree, listed, read_document, texts
from fundalloc.scenario.inherited import (
    NOTHING,
    YEARS_KEY,
    Period,
    builds_on_inherited,
    by_years,
    every_year,
    inherit,
    lose_years,
    takes_away,
)
from fundalloc.scenario.sections import SECTIONS, TABLES
from fundalloc.scenario.tables.instruments import Afresh, layers_of
from fundalloc.scenario.tables.raw import Files

_EXCLUSIVE = {"exactly": ("at_least", "at_most"), "at_least": ("exactly",), "at_most": ("exactly",)}

Allowed = Callable[[Path], bool]
LONGEST_CHAIN = 50
"""Files that extend or start from each other in a row."""


def load_tree(path: Path, allowed: Allowed, problems: Problems, variants: Iterable[Path] = ()) -> Tree:
    """Read a scenario file and all it extends, each file once, where first met, and lay variants over it. Raises ScenarioError."""
    met: set[Path] = set()
    layers = [layer for file in (path, *variants) for layer in _layers(file, allowed, (), met, problems)]
    merged, *later = layers
    for layer in later:
        below = replace(merged, items={k: v for k, v in merged.items.items() if k not in ("extends", "expect")})
        merged = merge(below, replace(layer, items={k: v for k, v in layer.items.items() if k != "extends"}), problems)
    return merged


def _layers(path: Path, allowed: Allowed, chain: tuple[Path, ...], met: set[Path], problems: Problems) -> Iterator[Tree]:
    """Yield what a file extends, the earlier first, and then the file itself; files that were met before are left out."""
    resolved = path.resolve()
    if resolved in met:
        return
    met.add(resolved)
    child = read_document(path, display_name(path))
    parents = child.get("extends")
    if parents is not None and not listed(parents):
        raise ScenarioError.of(parents.place, "an empty list", "name a scenario file, or take `extends` out")
    for item in listed(parents):
        yield from _layers(_parent(item, path, allowed, (*chain, resolved)), allowed, (*chain, resolved), met, problems)
    yield from map(spread, layers_of(child, Files(path.parent, allowed), problems))


def _parent(item: Node, path: Path, allowed: Allowed, chain: tuple[Path, ...]) -> Path:
    if not isinstance(item, Scalar):
        raise ScenarioError.of(item.place, "expected the name of a scenario file", "such as extends: baseline.yaml")
    parent = path.parent / item.text
    admit(parent, item.text, item.place, allowed)
    if len(chain) > LONGEST_CHAIN:
        raise ScenarioError.of(item.place, f"a chain of more than {LONGEST_CHAIN} `extends`", "let the files extend fewer others")
    if parent.resolve() in chain:
        names = " → ".join(p.name for p in (*chain, parent.resolve()))
        raise ScenarioError.of(item.place, f"a circle of `extends`: {names}", "take one of them out")
    if not parent.exists():
        hint = named_alike(parent, "*.y*ml") or "the name is relative to this file"
        raise ScenarioError.of(item.place, f"no such file: {item.text}", hint)
    return parent


def spread(node: Node) -> Tree:
    """Turn ranges of years among the keys into single years, everywhere. Raises ScenarioError on years given twice."""
    problems = Problems()
    out = _spread(node, problems)
    problems.tell()
    assert isinstance(out, Tree)
    return out


def _spread(node: Node, problems: Problems) -> Node:
    if isinstance(node, ListNode):
        return replace(node, items=[_spread(item, problems) for item in node.items])
    if not isinstance(node, Tree):
        return node
    out = replace(node, items={}, keys={})
    for key, value in node.items.items():
        names = [key]
        if YEARS_KEY.match(key):
            try:
                names = [str(year) for year in spread_years(key)]
            except ValueError:
                problems.add(node.keys[key], f"'{key}' is not a range of years", "write 2024-2027, the earlier year first")
        for name in names:
            if name in out.items:
                problems.add(node.keys[key], f"the year {name} stands twice", "let the ranges not overlap")
            out.items[name], out.keys[name] = _spread(value, problems), node.keys[key]
    return out


def merge(parent: Tree, child: Tree, problems: Problems) -> Tree:
    """Lay a child over its parent, `inherited ± x` worked out; what is lost unsaid is a remark of `problems`. Raises ScenarioError."""
    period = Period(_years_of(child, parent, "years"), _years_of(child, parent, "closed"))
    out = _merge(parent, child, (), period, problems)
    problems.tell()
    return out


def _years_of(child: Tree, parent: Tree, key: str) -> tuple[str, ...]:
    try:
        return tuple(str(year) for text in texts(child.get(key) or parent.get(key)) for year in spread_years(text))
    except ValueError:  # reported when the head is read
        return ()


def _merge(parent: Tree, child: Tree, path: tuple[str, ...], period: Period, problems: Problems) -> Tree:
    replaced = _replaced(child, path)
    items = {key: value for key, value in parent.items.items() if key not in replaced}
    for key, value in child.items.items():
        if not takes_away(value):
            items[key] = _laid_over(items.get(key), value, (*path, key), period, problems)
        elif len(path) == 1 and path[0] in SECTIONS:
            problems.add(value.place, f"'{key}' cannot be taken away", "switch it off: {off: true, reason: …}")
        elif items.pop(key, None) is None:
            problems.add(value.place, NOTHING, 'leave the key out; a text that says "none" goes in quotes')
    inherits_file = "file" in items and "file" not in child.items
    return Tree(items, {**parent.keys, **child.keys}, child.place, parent.folder if inherits_file else child.folder)


def _replaced(child: Tree, path: tuple[str, ...]) -> set[str]:
    if len(path) != 2 or path[0] != "rules":
        return set()
    written = [key for key, value in child.items.items() if not takes_away(value)]
    return {other for key in written for other in _EXCLUSIVE.get(key, ())} - child.items.keys()


def _laid_over(below: Node | None, value: Node, path: tuple[str, ...], period: Period, problems: Problems) -> Node:
    """Return what stands at a path when a child writes a value there over what is below."""
    if isinstance(value, Afresh):
        return value
    if builds_on_inherited(value):
        return below if below is not None and path[-1] in period.closed else inherit(below, value, period, problems)
    if len(path) == 1 and path[0] in TABLES and below is not None:
        return _merge_table(below, value, path[0], problems)
    if isinstance(below, Scalar) and by_years(value):
        below = every_year(below, period)
    if path[-1] == "ceiling":
        below = _under_ceiling(below, value, path, problems)
    if not isinstance(below, Tree) or not isinstance(value, Tree) or _is_translated(value):
        return value
    return _merge(below, value, path, period, problems)


def _is_translated(value: Tree) -> bool:
    """Whether it is a text in several languages: the translations of another text would no longer say the same."""
    return "en" in value.items and set(value.items) <= set(LANGUAGES)


def _under_ceiling(below: Node | None, value: Node, path: tuple[str, ...], problems: Problems) -> Node | None:
    """Return what is below a ceiling in the form of what is laid over it: one figure is the total."""
    if isinstance(value, Scalar) and path[0] == "instruments":
        lose_years(below, value, problems)
    if isinstance(below, Scalar) and isinstance(value, Tree) and "total" in value.items:
        return Tree({"total": below}, {"total": below.place}, below.place)
    return below


def _merge_table(below: Node, value: Node, name: str, problems: Problems) -> Node:
    """Lay a table over its parent's: changes add up, control totals stand between them, a new file or new rows replace everything."""
    if not isinstance(value, Tree) or not {"change", "expect"} >= set(value.items):
        if not isinstance(value, Tree) or value.text("replaces") != "true":
            rows = below.get("rows") if isinstance(below, Tree) else below
            lost = counted(len(rows.items), "rows") if isinstance(rows, ListNode) else below.text("file") if isinstance(below, Tree) else ""
            hint = "name single rows under `change: […]`, or say that it is meant: {replaces: true, file: …}, {replaces: true, rows: […]}"
            problems.remark(value.place, f"this replaces the whole inherited table {name} of {below.place} ({lost})", hint)
        return value if isinstance(value, Scalar) else replace(value, over=below.place)
    over = None if isinstance(below, Scalar) else below.over
    base = below if isinstance(below, Tree) else Tree({"rows": below}, {"rows": below.place}, value.place, value.folder)
    control = base.get("expect")
    between = [] if control is None else [Tree({"expect": control}, {"expect": control.place}, control.place)]
    items = {key: node for key, node in base.items.items() if key != "expect"} | value.items
    changes = [*listed(base.get("change")), *between, *listed(value.get("change"))]
    if changes:
        items["change"] = ListNode(changes, value.place)
    return Tree(items, {**base.keys, **value.keys}, base.place, base.folder, over)
