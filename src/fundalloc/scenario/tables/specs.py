"""The five tables of a scenario: which columns each has, how its cells are read, and which keys tell its rows apart.

Limits of a rule may stand in a table too: `at_least: {file: floors.csv, column: floor}` becomes a mapping by member. Beside `file` and
`column` a variant may write single members: `{egypt: 7}` over an inherited table changes one figure of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from fundalloc.errors import Problems, ScenarioError, did_you_mean
from fundalloc.facts.fields import read_amount, read_coefficient, read_factor, read_id, read_iso3, read_tags, read_years, refuse
from fundalloc.money import plain
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree, texts
from fundalloc.scenario.tables.control import check_control
from fundalloc.scenario.tables.reading import read_table
from fundalloc.scenario.tables.table import HEADING, ColumnSpec, Table, decimal_point, read_columns

STATES = ("committed", "locked", "given")
LEVELS = ("bilateral", "regional", "global")


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text in words:
            return text
        raise refuse(f"'{text}' is not allowed here", did_you_mean(text, words))

    return read


ID = ColumnSpec(read_id, required=True)
TEXTS = ColumnSpec(str, per="language", told=True)
ORIGIN = {"source": ColumnSpec(str, told=True), "confidence": ColumnSpec(str, told=True)}
SPECS: dict[str, dict[str, ColumnSpec]] = {
    "partnerships": {
        "id": ID,
        "name": replace(TEXTS, required=True),
        "short": TEXTS,
        "footnote": TEXTS,
        "level": ColumnSpec(_one_of(*LEVELS)),
        "within": ColumnSpec(str),
        "iso3": ColumnSpec(read_iso3, told=True),
        "absorption": ColumnSpec(read_amount, number=True, empty=None, per="year"),
        "tags": ColumnSpec(lambda text: read_tags(text.split()), empty=()),
        "status": ColumnSpec(str),
        "years": ColumnSpec(read_years, empty=None),
        **ORIGIN,
    },
    "needs": {
        "partnership": ID,
        "area": ID,
        "need": ColumnSpec(read_amount, required=True, number=True, empty=Fraction(0)),
        "priority": ColumnSpec(read_factor, number=True, empty=Fraction(1)),
        **ORIGIN,
    },
    "eligibility": {
        "instrument": ID,
        "area": ID,
        "effectiveness": ColumnSpec(read_factor, number=True, empty=Fraction(1)),
        "reason": TEXTS,
        **ORIGIN,
    },
    "markers": {
        "marker": ID,
        "area": ID,
        "instrument": ColumnSpec(read_id),
        "coefficient": ColumnSpec(read_coefficient, required=True, number=True, empty=Fraction(0)),
        **ORIGIN,
    },
    "decided": {
        "instrument": ID,
        "partnership": ID,
        "area": ID,
        "year": ColumnSpec(str, required=True),
        "amount": ColumnSpec(read_amount, required=True, number=True, empty=Fraction(0)),
        "state": ColumnSpec(_one_of(*STATES), required=True, empty="given"),
        "decision": TEXTS,
        **ORIGIN,
    },
}
KEYS = {
    "partnerships": ("id",),
    "needs": ("partnership", "area"),
    "eligibility": ("instrument", "area"),
    "markers": ("marker", "area"),
    "decided": ("instrument", "partnership", "area", "year"),
}
"""The columns by which a change finds its rows."""
UNIQUE = {**{name: KEYS[name] for name in ("partnerships", "needs", "eligibility")}, "markers": (*KEYS["markers"], "instrument")}
"""The columns whose cells together no two rows may share; one line may have several decisions."""
DEFAULTS = {
    table: {name: plain(column.empty) for name, column in columns.items() if isinstance(column.empty, Fraction) and not column.required}
    for table, columns in SPECS.items()
}
"""What an empty cell means, where `inherited` can build on it."""


FIGURES = {name: [key for key, column in columns.items() if column.number] for name, columns in SPECS.items()}
"""The columns of figures; a control total is of the first."""


def read_tables(tree: Tree, folder: Path, allowed: Callable[[Path], bool], problems: Problems) -> dict[str, Table]:
    """Read the five tables as text with places; a missing or unreadable one is empty."""
    out = {}
    for name in SPECS:
        nothing = ListNode([], tree.place)
        out[name] = read_table(nothing, (), folder, allowed)
        with problems.noted():
            out[name] = read_table(tree.get(name) or nothing, KEYS[name], folder, allowed, DEFAULTS[name], FIGURES[name][0], problems)
    return out


def read_rows(name: str, table: Table, problems: Problems) -> dict[str, list[Any]]:
    """Read every column of one of the five tables, and report rows whose keys stand twice."""
    columns = read_columns(table, SPECS[name], problems)
    seen: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(zip(*map(table.column, UNIQUE.get(name, ())), strict=True)):
        if key in seen:
            message = f"'{' | '.join(filter(None, key))}' stands twice; first at {table.place(seen[key], 0)}"
            problems.add(table.place(row, UNIQUE[name][0]), message, "keep one of the two")
        seen.setdefault(key, row)
    return columns


def fill_figures(tree: Tree, folder: Path, allowed: Callable[[Path], bool], problems: Problems) -> Tree:
    """Return the tree with the figures of all rules filled in; a rule whose table cannot be read is left out, with problems noted."""
    section = tree.mapping("rules")
    if section is None:
        return tree
    rules: dict[str, Node] = {}
    for key, rule in section.items.items():
        with problems.noted():
            rules[key] = rule if not isinstance(rule, Tree) or rule.text("off") == "true" else _filled(rule, folder, allowed, problems)
    return replace(tree, items={**tree.items, "rules": replace(section, items=rules)})


def _filled(rule: Tree, folder: Path, allowed: Callable[[Path], bool], problems: Problems) -> Tree:
    limits = {key: limit for key in ("at_least", "at_most", "exactly") if (limit := rule.mapping(key)) and "file" in limit.items}
    words = texts(rule.get("for_each"))
    return replace(rule, items={**rule.items, **{key: _figures(limit, words, folder, allowed, problems) for key, limit in limits.items()}})


def _figures(limit: Tree, words: list[str], folder: Path, allowed: Callable[[Path], bool], problems: Problems) -> Tree:
    """Read the figures of a table; members written beside `file` (by a variant) stand in place of the table's."""
    own = {key: value for key, value in limit.items.items() if key not in ("file", "column", "expect")}
    column = limit.text("column")
    if column is None:
        place = limit.keys[next(iter(own))] if own else limit.place
        message = f"unknown key '{next(iter(own))}'" if own else "no column named"
        raise ScenarioError.of(place, message, "write {file: floors.csv, column: floor}")
    file = limit.items["file"]
    table = read_table(replace(limit, items={"file": file}), (), folder, allowed)
    for word in (*words, column):
        if word not in table.columns:
            raise ScenarioError.of(table.place(HEADING, 0), f"no column '{word}'", did_you_mean(word, table.columns))
    if not words:
        raise ScenarioError.of(limit.place, "figures per member, but the rule has no for_each", "add for_each, or write one figure")
    if (control := limit.get("expect")) is not None:
        check_control(table, control, column, (), problems)
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
