"""The changes that lead from one scenario to another, in the pieces in which a planner writes them; and laying some of them over.

A piece is a rule, an entry of `adjust`, `exclude`, `allow` or `transfers`, one key of an instrument (its ceiling), one row's
`change` of a table, a whole table, or one key of the head (`steps`, `objective`, `closed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from fundalloc.compare.meaning import HEAD_TOLD, IDENTITY, leaves, meaning, places, same_text, text_of, told
from fundalloc.errors import Place, Problems, ScenarioError
from fundalloc.labels import in_own_words
from fundalloc.money import parse_figure
from fundalloc.rules import kinds
from fundalloc.rules._sentence import LIMIT, spoken
from fundalloc.rules.kind import Kind
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree, listed
from fundalloc.scenario.sections import SECTIONS, TABLES, TOLD_TABLES
from fundalloc.scenario.tables.layout import Names
from fundalloc.scenario.tables.raw import Files
from fundalloc.scenario.tables.reading import read_table
from fundalloc.scenario.tables.specs import KEYS, TARGETS, fill_figures, written_names

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
ROWS, CHANGE = "rows", "change"
OF_READING = ("expect", "replaces")
"""Keys of a table that say how it is to be read: no plan depends on them."""
ONE_BY_ONE = 12
"""Rows of a table's `change` that are told apart; more are taken together."""
LONGEST = 160
"""Characters of what an override sets."""
_APART = {*SECTIONS, *TABLES, "extends", *HEAD_TOLD, *IDENTITY}
"""Keys of the head that are compared piece by piece, or that mean nothing."""
_NUMBER = re.compile(r"\d+(\.\d+)?(\s*%)?")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Override:
    """One piece of the way from one scenario to another."""

    path: tuple[str, ...]
    """Section, entry, and for instruments the key; (table, `change`, row) or (table, `rows`) for tables; the key of the head."""
    old: Node | None
    new: Node | None
    place: Place

    @property
    def key(self) -> str:
        """The dotted key, as `--set` and `show` name it."""
        if len(self.path) == 3 and self.path[1] == CHANGE:
            return f"{self.path[0]}.{self.path[2]}" if self.path[2] else self.path[0]
        return self.path[0] if self.path[1:] == (ROWS,) else ".".join(self.path)

    @property
    def effect(self) -> str:
        """Whether it is added, removed (or switched off), or changed."""
        return ADDED if meaning(self.old) is None else REMOVED if meaning(self.new) is None else CHANGED

    def as_dict(self) -> dict[str, str]:
        """Return plain values, in English."""
        return {"key": self.key, "effect": self.effect, "says": self.said("en")}

    def said(self, language: str) -> str:
        """Return what it is in words: old and new values, a rule's sentence, what is adjusted and why."""
        says, reason = (_words(self.new, word, language) for word in ("says", "reason"))
        says = says or _words(self.old, "says", language)
        figures, member = _figures(self.old if self.new is None else self.new, language), "each {}" if language == "en" else "{{{}}}"
        says = _PLACEHOLDER.sub(lambda m: figures.get(m[1]) or in_own_words(member.format(m[1]), language), says)
        parts = (self._values(bool(says)), says, reason)
        return "; ".join(dict.fromkeys(part for part in parts if part))

    def _values(self, said: bool) -> str:
        """Return what was and what is, for a change; otherwise what is set, unless a sentence says it."""
        old, new = self.old, self.new
        if isinstance(old, Scalar) and isinstance(new, Scalar):
            return f"{old.text} → {new.text}"
        if isinstance(old, Tree) and isinstance(new, Tree):
            return _cut("; ".join(_changes(old, new)))
        node = old if new is None else new
        return "" if node is None or said else _listed(node)

    @property
    def written(self) -> frozenset[Place]:
        """Where its values stand, in the old file and in the new one."""
        return frozenset(place for node in (self.old, self.new) if node is not None for place in places(node))


def _figures(node: Node | None, language: str) -> dict[str, str]:
    """Return {placeholder: text} for the figures of a rule as it is written; an ellipsis for figures by member."""
    kind = kinds().get(node.text("kind") or "") if isinstance(node, Tree) else None
    if kind is None or not isinstance(node, Tree):
        return {}
    own = dict.fromkeys((*Kind.figures_said, *kind.figures_said))
    said = {name: _figure(kind, name, node.items[name], language) for name in own if name in node.items}
    limits = [text for name, text in said.items() if name in Kind.figures_said]
    return {LIMIT: "–".join(limits or said.values()), **said}


def _figure(kind: type[Kind], name: str, leaf: Node, language: str) -> str:
    if not isinstance(leaf, Scalar) or not _NUMBER.fullmatch(leaf.text.strip()):
        return "…"
    figure = parse_figure(leaf.text)
    return spoken(kind, figure.value, language, share=figure.percent or (kind.relative and name in Kind.figures_said))


def _changes(old: Tree, new: Tree) -> Iterator[str]:
    before, after = _texts(old), _texts(new)
    known = dict.fromkeys([*before, *after])
    for key in known:
        was, is_now = _at(before, key), _at(after, key)
        if not any(other.startswith(f"{key}.") for other in known) and not same_text(was, is_now):
            yield f"{key.replace('.', ' ')}: {was} → {is_now}"


def _at(values: dict[str, str], key: str) -> str:
    """Return a value, or the one value that stands for it and its neighbours (one amount for each year); a dash without any."""
    while key and key not in values:
        key = key.rpartition(".")[0]
    return values.get(key, "–")


def _listed(node: Node) -> str:
    if isinstance(node, Scalar):
        return node.text
    return _cut("; ".join(", ".join(f"{key.replace('.', ' ')} {text}" for key, text in _texts(entry).items()) for entry in listed(node)))


def _texts(node: Node) -> dict[str, str]:
    """Return the values under a node that could matter to a plan, as printed, by dotted key."""
    return {key: text_of(leaf) for key, leaf in leaves(node) if told().isdisjoint(key.split("."))}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _words(node: Node | None, word: str, language: str) -> str:
    """Return the text under a key of a node, or of the first entry of a list; nothing without any."""
    if isinstance(node, ListNode) and node.items:
        node = node.items[0]
    said = node.get(word) if isinstance(node, Tree) else None
    if isinstance(said, Tree):
        said = said.get(language) or said.get("en") or next(iter(said.items.values()), None)
    return said.text if isinstance(said, Scalar) else ""


@dataclass(frozen=True)
class Written:
    """A scenario as written: the tree after `extends`, figures of rules filled in, and where it lies."""

    tree: Tree
    folder: Path
    names: Names = field(default_factory=dict)
    """By which tables that others laid out may call members."""

    @classmethod
    def of(cls, tree: Tree, source: Path) -> Written:
        """Take up a tree whose files may lie anywhere: it has been read before. Raises ScenarioError."""
        files = Files(source.parent)
        names = written_names(tree, files)
        return cls(fill_figures(tree, files, Problems(), names)[0], source.parent, names)


def find_overrides(a: Written, b: Written) -> list[Override]:
    """Return the pieces in which b differs from a, those that could matter to a plan, in the order of b's file."""
    head = [key for key in dict.fromkeys([*a.tree.items, *b.tree.items]) if key not in _APART]
    pieces = (one for key in head for one in _piece((key,), a.tree, b.tree))
    found = [*pieces, *_sections(a.tree, b.tree), *_tables(a, b)]
    order = ("", "years", "closed", "instruments", "transfers", *TABLES, "adjust", "exclude", "allow", "rules")
    return sorted(found, key=lambda o: (order.index(o.path[0]) if o.path[0] in order else 0, o.place.order))


def _sections(a: Tree, b: Tree) -> Iterator[Override]:
    for section in SECTIONS:
        first, second = (tree.mapping(section) or _empty(tree) for tree in (a, b))
        for name in dict.fromkeys([*first.items, *second.items]):
            old, new = first.get(name), second.get(name)
            both = meaning(old) is not None and meaning(new) is not None
            if section == "instruments" and both and isinstance(old, Tree) and isinstance(new, Tree):
                for key in dict.fromkeys([*old.items, *new.items]):
                    if key not in told():
                        yield from _piece((section, name, key), old, new)
            else:
                yield from _piece((section, name), first, second)


def _piece(path: tuple[str, ...], a: Tree, b: Tree) -> Iterator[Override]:
    """Return the override of the last key of the path, unless both mean the same."""
    old, new = a.get(path[-1]), b.get(path[-1])
    if meaning(old) != meaning(new):
        place = b.keys.get(path[-1]) if new is not None else a.keys.get(path[-1])
        yield Override(path, old, new, place or b.place)


def _empty(tree: Tree) -> Tree:
    return Tree({}, {}, tree.place, tree.folder)


def _tables(a: Written, b: Written) -> Iterator[Override]:
    for name in (name for name in TABLES if name not in TOLD_TABLES):
        (old, old_changes), (new, new_changes) = (split_table(w.tree.get(name), name) for w in (a, b))
        if _rows(name, old, a) != _rows(name, new, b):
            yield Override((name, ROWS), old, new, (new or old or b.tree).place)
        keys = [k for k in dict.fromkeys([*old_changes, *new_changes]) if meaning(old_changes.get(k)) != meaning(new_changes.get(k))]
        if len(keys) > ONE_BY_ONE:
            both = [ListNode([e for entries in c.values() for e in entries.items], b.tree.place) for c in (old_changes, new_changes)]
            yield Override((name, CHANGE, ""), both[0], both[1], next(iter([*new_changes.values(), *old_changes.values()])).place)
            continue
        for key in keys:
            before, after = old_changes.get(key), new_changes.get(key)
            yield Override((name, CHANGE, key), before, after, (after or before or b.tree).place)


def split_table(node: Node | None, name: str) -> tuple[Node | None, dict[str, ListNode]]:
    """Return a table without its `change`, and the entries of that by row."""
    if not isinstance(node, Tree) or not {"change", *OF_READING} & node.items.keys():
        return node, {}
    rest = replace(node, items={k: v for k, v in node.items.items() if k not in ("change", *OF_READING)})
    change = node.get("change")
    entries: dict[str, list[Node]] = {}
    for entry in listed(change):
        if isinstance(entry, Tree) and set(entry.items) <= set(OF_READING):
            continue
        row = "|".join(entry.text(key) or "" for key in KEYS[name]) if isinstance(entry, Tree) else ""
        entries.setdefault(row, []).append(entry)
    base = rest.items["rows"] if set(rest.items) == {"rows"} else rest
    return base, {row: ListNode(listed, listed[0].place) for row, listed in entries.items()}


def _rows(name: str, node: Node | None, of: Written) -> object:
    if node is None:
        return None
    try:
        table = read_table(node, Files(of.folder), replace(TARGETS[name], names=of.names))
    except ScenarioError:
        return meaning(node)
    return table.columns, table.cells


def lay_over(tree: Tree, overrides: Iterable[Override]) -> Tree:
    """Return a tree with some overrides made."""
    by_table: dict[str, list[Override]] = {}
    for override in overrides:
        if override.path[0] in TABLES:
            by_table.setdefault(override.path[0], []).append(override)
        else:
            tree = _put(tree, override.path, override.new, override.place)
    for name, pieces in by_table.items():
        tree = _put(tree, (name,), _table(tree.get(name), name, pieces), pieces[0].place)
    return tree


def _put(tree: Tree, path: tuple[str, ...], node: Node | None, place: Place) -> Tree:
    key, *deeper = path
    if deeper:
        below = tree.get(key)
        node = _put(below if isinstance(below, Tree) else _empty(tree), tuple(deeper), node, place)
    items, keys = dict(tree.items), dict(tree.keys)
    if node is None:
        items.pop(key, None)
    else:
        items[key] = node
        keys.setdefault(key, place)
    return replace(tree, items=items, keys=keys)


def _table(node: Node | None, name: str, overrides: list[Override]) -> Node | None:
    base, changes = split_table(node, name)
    for override in overrides:
        if override.path[1] == ROWS:
            base = override.new
        elif override.path[2] == "":
            changes = {"": override.new} if isinstance(override.new, ListNode) else {}
        elif isinstance(override.new, ListNode):
            changes[override.path[2]] = override.new
        else:
            changes.pop(override.path[2], None)
    if base is None or not changes:
        return base
    entries = ListNode([entry for listed in changes.values() for entry in listed.items], base.place)
    parts = dict(base.items) if isinstance(base, Tree) else {"rows": base}
    folder = base.folder if isinstance(base, Tree) else None
    return Tree({**parts, "change": entries}, dict.fromkeys([*parts, "change"], base.place), base.place, folder)
