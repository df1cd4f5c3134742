"""Limits of a rule that stand in a table: `at_least: {file: floors.csv, column: floor}` becomes a mapping by member."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fundalloc.errors import Place, Problem, ScenarioError, did_you_mean
from fundalloc.scenario.document import Mapping, Scalar, Sequence
from fundalloc.scenario.tables import read_table


def figures_from_tables(rule: Mapping, folder: Path, allowed: Callable[[Path], bool]) -> Mapping:
    """Return the rule with every `{file, column}` limit replaced by {member: figure}. Raises ScenarioError."""
    items = dict(rule.items)
    for key in ("at_least", "at_most", "exactly"):
        limit = rule.get(key)
        if isinstance(limit, Mapping) and "file" in limit.items:
            items[key] = _figures(limit, _words(rule), folder, allowed)
    return replace(rule, items=items)


def _words(rule: Mapping) -> list[str]:
    node = rule.get("for_each")
    listed = node.items if isinstance(node, Sequence) else [node]
    return [item.text for item in listed if isinstance(item, Scalar)]


def _figures(limit: Mapping, words: list[str], folder: Path, allowed: Callable[[Path], bool]) -> Mapping:
    unknown = [key for key in limit.items if key not in ("file", "column")]
    column = limit.text("column")
    if unknown or column is None:
        place = limit.keys[unknown[0]] if unknown else limit.place
        message = f"unknown key '{unknown[0]}'" if unknown else "no column named"
        raise ScenarioError([Problem(place, message, "write {file: floors.csv, column: floor}")])
    file = limit.items["file"]
    table = read_table(Mapping({"file": file}, {"file": file.place}, limit.place, limit.folder), (), folder, allowed)
    for word in (*words, column):
        if word not in table.columns:
            raise ScenarioError([Problem(table.place(-1, 0), f"no column '{word}'", did_you_mean(word, table.columns))])
    members: dict[str, Scalar] = {}
    places: dict[str, Place] = {}
    problems = []
    for row, text in enumerate(table.column(column)):
        member = "|".join(table.column(word)[row] for word in words)
        place = table.place(row, column)
        if member in members:
            problems.append(Problem(place, f"'{member}' stands twice", "keep one of the two"))
        if text:
            members[member] = Scalar(text.replace(",", ".") if table.semicolons else text, place)
            places[member] = place
    if problems:
        raise ScenarioError(problems)
    return Mapping(dict(members), places, limit.place, limit.folder)
