"""Limits of a rule that stand in a table: `at_least: {file: floors.csv, column: floor}` becomes a mapping by member.

Beside `file` and `column` a variant may write single members: `{egypt: 7}` over an inherited table changes one figure of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fundalloc.errors import Problems, ScenarioError, did_you_mean
from fundalloc.scenario.document import Node, Scalar, Tree, texts
from fundalloc.scenario.tables.reading import read_table
from fundalloc.scenario.tables.table import HEADING, Table, decimal_point


def fill_figures(tree: Tree, folder: Path, allowed: Callable[[Path], bool], problems: Problems) -> Tree:
    """Return the tree with the figures of all rules filled in; a rule whose table cannot be read is left out, with problems noted."""
    section = tree.mapping("rules")
    if section is None:
        return tree
    rules: dict[str, Node] = {}
    for key, rule in section.items.items():
        with problems.noted():
            rules[key] = rule if not isinstance(rule, Tree) or rule.text("off") == "true" else _filled(rule, folder, allowed)
    return replace(tree, items={**tree.items, "rules": replace(section, items=rules)})


def _filled(rule: Tree, folder: Path, allowed: Callable[[Path], bool]) -> Tree:
    limits = {key: limit for key in ("at_least", "at_most", "exactly") if (limit := rule.mapping(key)) and "file" in limit.items}
    words = texts(rule.get("for_each"))
    return replace(rule, items={**rule.items, **{key: _figures(limit, words, folder, allowed) for key, limit in limits.items()}})


def _figures(limit: Tree, words: list[str], folder: Path, allowed: Callable[[Path], bool]) -> Tree:
    """Read the figures of a table; members written beside `file` (by a variant) stand in place of the table's."""
    own = {key: value for key, value in limit.items.items() if key not in ("file", "column")}
    column = limit.text("column")
    if column is None:
        place = limit.keys[next(iter(own))] if own else limit.place
        message = f"unknown key '{next(iter(own))}'" if own else "no column named"
        raise ScenarioError.of(place, message, "write {file: floors.csv, column: floor}")
    file = limit.items["file"]
    table = read_table(Tree({"file": file}, {"file": file.place}, limit.place, limit.folder), (), folder, allowed)
    for word in (*words, column):
        if word not in table.columns:
            raise ScenarioError.of(table.place(HEADING, 0), f"no column '{word}'", did_you_mean(word, table.columns))
    if not words:
        raise ScenarioError.of(limit.place, "figures per member, but the rule has no for_each", "add for_each, or write one figure")
    members = _members(table, words, column)
    places = {member: node.place for member, node in members.items()}
    return Tree({**members, **own}, {**places, **{key: limit.keys[key] for key in own}}, limit.place, limit.folder)


def _members(table: Table, words: list[str], column: str) -> dict[str, Node]:
    """Return the figure of every member that has one. Raises ScenarioError."""
    members: dict[str, Node] = {}
    problems = Problems()
    keys = [table.column(word) for word in words]
    for row, text in enumerate(table.column(column)):
        names = [key[row] for key in keys]
        member, place = "|".join(names), table.place(row, column)
        if "" in names:
            empty = words[names.index("")]
            problems.add(table.place(row, empty), f"'{empty}' is missing", "fill it in")
        elif member in members:
            problems.add(place, f"'{member}' stands twice", "keep one of the two")
        if text:
            members[member] = Scalar(decimal_point(text) if table.semicolons else text, place)
    problems.tell()
    return members
