"""The tables of a scenario: which columns each has, how its cells are read, and which keys tell its rows apart.

Limits of a rule may stand in a table too: `at_least: {file: floors.csv, column: floor}` becomes a mapping by member. Beside `file` and
`column` a variant may write single members: `{egypt: 7}` over an inherited table changes one figure of it.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from fundalloc.errors import Problems, ScenarioError, did_you_mean, nearest
from fundalloc.facts.fields import (
    is_year,
    read_amount,
    read_coefficient,
    read_factor,
    read_id,
    read_iso3,
    read_signed,
    read_tags,
    read_years,
    refuse,
)
from fundalloc.facts.selection import Selection
from fundalloc.labels import LANGUAGES
from fundalloc.scenario.document import ListNode, Node, Scalar, Tree, scalars, texts
from fundalloc.scenario.sections import TABLES
from fundalloc.scenario.tables.foreign import Aim
from fundalloc.scenario.tables.layout import LAYOUT_KEYS, Names, folded
from fundalloc.scenario.tables.raw import Files
from fundalloc.scenario.tables.reading import read_table
from fundalloc.scenario.tables.table import HEADING, ColumnSpec, Table, read_columns

STATES = ("committed", "locked", "given")


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text in words:
            return text
        raise refuse(f"'{text}' is not allowed here", did_you_mean(text, words))

    return read


ID = ColumnSpec(read_id, required=True)
TEXTS = ColumnSpec(str, per="language", told=True)
ORIGIN = dict.fromkeys(("source", "confidence"), ColumnSpec(str, told=True))
SPECS: dict[str, dict[str, ColumnSpec]] = {
    "instruments": {
        "id": ID,
        "name": replace(TEXTS, required=True),
        **dict.fromkeys(("short", "note", "footnote"), TEXTS),
        "source": ColumnSpec(str, required=True, told=True),
        **dict.fromkeys(("confidence", "budget_line"), ColumnSpec(str, told=True)),
        **dict.fromkeys(("counts", "free", "partners", "years", "tags", "contracting"), ColumnSpec(str)),
        **dict.fromkeys(("ceiling", "outstanding"), ColumnSpec(str, number=True, money=True, per="key")),
        "carry_over": ColumnSpec(str, number=True, per="key"),
        **dict.fromkeys(("reserve", "last_resort", "payment_profile", "contracting_profile"), ColumnSpec(str, number=True)),
    },
    "partnerships": {
        "id": ID,
        "name": replace(TEXTS, required=True),
        **dict.fromkeys(("short", "footnote"), TEXTS),
        **dict.fromkeys(("level", "within"), ColumnSpec(str)),
        "iso3": ColumnSpec(read_iso3, told=True),
        "absorption": ColumnSpec(read_amount, number=True, money=True, empty=None, per="year"),
        "tags": ColumnSpec(lambda text: read_tags(text.split()), empty=()),
        "status": ColumnSpec(str),
        "years": ColumnSpec(read_years, empty=None),
        **ORIGIN,
    },
    "needs": {
        **dict.fromkeys(("partnership", "area"), ID),
        "need": ColumnSpec(read_amount, required=True, number=True, money=True, empty=Fraction(0)),
        "priority": ColumnSpec(read_factor, number=True, empty=Fraction(1)),
        "indicator": ColumnSpec(read_factor, number=True, empty=None, told=True),
        **dict.fromkeys(("parameter", "factor"), ColumnSpec(read_factor, number=True, empty=Fraction(1), told=True)),
        "adjustment": ColumnSpec(read_signed, number=True, empty=None, told=True),
        **dict.fromkeys(("terms", "reason"), TEXTS),
        **ORIGIN,
    },
    "eligibility": {
        **dict.fromkeys(("instrument", "area"), ID),
        "effectiveness": ColumnSpec(read_factor, number=True, empty=Fraction(1)),
        "reason": TEXTS,
        **ORIGIN,
    },
    "markers": {
        **dict.fromkeys(("marker", "area"), ID),
        "instrument": ColumnSpec(read_id),
        "coefficient": ColumnSpec(read_coefficient, required=True, number=True, empty=Fraction(0)),
        **ORIGIN,
    },
    "decided": {
        **dict.fromkeys(("instrument", "partnership", "area"), ID),
        "year": ColumnSpec(str, required=True),
        "amount": ColumnSpec(read_amount, required=True, number=True, money=True, empty=Fraction(0)),
        "state": ColumnSpec(_one_of(*STATES), required=True, empty="given"),
        "decision": TEXTS,
        **ORIGIN,
    },
    "mandate": {
        "id": ID,
        **dict.fromkeys(("text", "note"), TEXTS),
        **dict.fromkeys((*Selection.model_fields, "rules"), ColumnSpec(str)),
        "marker": ColumnSpec(read_id),
        **ORIGIN,
    },
}
KEYS = {
    "partnerships": ("id",),
    "needs": ("partnership", "area"),
    "eligibility": ("instrument", "area"),
    "markers": ("marker", "area"),
    "decided": ("instrument", "partnership", "area", "year"),
    "mandate": ("id",),
}
"""The columns by which a change finds its rows."""
UNIQUE: dict[str, tuple[str, ...]] = {
    **{name: KEYS[name] for name in ("partnerships", "needs", "eligibility")},
    "markers": (*KEYS["markers"], "instrument"),
    "instruments": ("id",),
}
"""The columns whose cells together no two rows may share; one line may have several decisions."""
TARGETS = {name: Aim(columns, KEYS.get(name, ("id",))) for name, columns in SPECS.items()}


def read_tables(tree: Tree, files: Files, problems: Problems) -> dict[str, Table]:
    """Read the tables as text with places, partnerships first; a missing or unreadable one is empty."""
    out: dict[str, Table] = {}
    names: Names = {}
    nothing = ListNode([], tree.place)
    for name in TABLES:
        out[name] = read_table(nothing, files)
        with problems.noted():
            out[name] = read_table(tree.get(name) or nothing, files, replace(TARGETS[name], names=names), problems)
        names = names or names_of(tree, out["partnerships"])
    return out


def written_names(tree: Tree, files: Files) -> Names:
    """Return the names of the members of a tree, whatever is wrong with the rest of it."""
    only = replace(tree, items={key: node for key, node in tree.items.items() if key == "partnerships"})
    return names_of(tree, read_tables(only, files, Problems())["partnerships"])


def names_of(tree: Tree, partnerships: Table) -> Names:
    """Return the names by which tables that others laid out may call members: ids, names in every language, country codes."""
    known = {word: _names(_said(tree.mapping(f"{word}s"))) for word in ("instrument", "area")}
    return known | dict.fromkeys(("partnership", "within"), _names(_told(partnerships)))


def _said(section: Tree | None) -> Iterator[tuple[str, str]]:
    """Yield every id of a section with each of its names."""
    for member, node in section.items.items() if section else ():
        yield member, member
        yield from ((member, leaf.text) for path, leaf in scalars(node) if path and path[0] in ("name", "short"))


def _told(partnerships: Table) -> Iterator[tuple[str, str]]:
    for row in (*partnerships.dropped, *(dict(zip(partnerships.columns, cells, strict=True)) for cells in partnerships.cells)):
        member = row.get("id", "")
        yield member, _two_letters().get(row.get("iso3", "").upper(), "")
        yield from ((member, text) for name, text in row.items() if name.partition(".")[0] in ("id", "name", "short", "iso3"))


@cache
def _two_letters() -> dict[str, str]:
    """Return the country codes of two letters by those of three (ISO 3166-1, and XK for XKX, which are used without being in it)."""
    text = (resources.files(__package__) / "layouts" / "countries.csv").read_text("utf-8")
    return {row["iso3"]: row["iso2"] for row in csv.DictReader(text.splitlines())}


def _names(said: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the ids by name; a name that two members share says nothing, unless it is the id of one."""
    found: dict[str, dict[str, None]] = {}
    listed = [(member, folded(text)) for member, text in said if text]
    for member, text in listed:
        found.setdefault(text, {})[member] = None
    own = {text: member for member, text in listed if text == folded(member)}
    return {text: next(iter(members)) for text, members in found.items() if len(members) == 1} | own


def read_rows(name: str, table: Table, problems: Problems) -> dict[str, list[Any]]:
    """Read every column of a table, and report unknown languages, and rows whose keys stand twice."""
    columns = read_columns(table, SPECS[name], problems)
    for k, (base, _, variant) in enumerate(column.partition(".") for column in table.columns):
        per = SPECS[name][base].per if variant and base in SPECS[name] else ""
        if per == "language" and variant not in LANGUAGES:
            problems.add(table.place(HEADING, k), f"unknown language '{variant}'", f"expected one of: {', '.join(LANGUAGES)}")
        elif per == "year" and not is_year(variant):
            problems.add(table.place(HEADING, k), f"'{variant}' is not a year", f"such as {base}.2024")
    seen: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(zip(*map(table.column, UNIQUE.get(name, ())), strict=True)):
        if key in seen:
            message = f"'{' | '.join(filter(None, key))}' stands twice; first at {table.place(seen[key], 0)}"
            problems.add(table.place(row, UNIQUE[name][0]), message, "keep one of the two")
        seen.setdefault(key, row)
    return columns


def fill_figures(tree: Tree, files: Files, problems: Problems, names: Names | None = None) -> tuple[Tree, dict[str, Table]]:
    """Return the tree with the figures of all rules filled in, and their tables by what these fill (`rules.<id>.at_least`).

    A rule whose table cannot be read is left out, noted.
    """
    section, tables, rules = tree.mapping("rules"), dict[str, Table](), dict[str, Node]()
    if section is None:
        return tree, tables
    for name, rule in section.items.items():
        with problems.noted():
            if isinstance(rule, Tree) and rule.text("off") != "true":
                rule, read = _filled(rule, files, problems, names or {})
                tables |= {f"rules.{name}.{side}": table for side, table in read.items()}
            rules[name] = rule
    return replace(tree, items={**tree.items, "rules": replace(section, items=rules)}), tables


def _filled(rule: Tree, files: Files, problems: Problems, names: Names) -> tuple[Tree, dict[str, Table]]:
    limits = {key: limit for key in ("at_least", "at_most", "exactly") if (limit := rule.mapping(key)) and "file" in limit.items}
    words = texts(rule.get("for_each"))
    filled = {key: _figures(limit, words, files, names, problems) for key, limit in limits.items()}
    items = {**rule.items, **{key: figures for key, (figures, _) in filled.items()}}
    return replace(rule, items=items), {key: table for key, (_, table) in filled.items()}


def _figures(limit: Tree, words: list[str], files: Files, names: Names, problems: Problems) -> tuple[Tree, Table]:
    """Read the figures of a table; members written beside `file` (by a variant) stand in place of the table's."""
    of_file = {key: value for key, value in limit.items.items() if key in ("file", "decimal", "expect", *LAYOUT_KEYS)}
    own = {key: value for key, value in limit.items.items() if key not in of_file and key != "column"}
    column = limit.text("column")
    if column is None:
        place = limit.keys[next(iter(own))] if own else limit.place
        message = f"unknown key '{next(iter(own))}'" if own else "no column named"
        raise ScenarioError.of(place, message, "write {file: floors.csv, column: floor}")
    spec = dict.fromkeys(words, ColumnSpec(str)) | {column: ColumnSpec(read_amount, number=True, money=True)}
    table = read_table(replace(limit, items=of_file), files, Aim(spec, (*words, column), names), problems)
    if not words:
        raise ScenarioError.of(limit.place, "figures per member, but the rule has no for_each", "add for_each, or write one figure")
    named = _named(table, words, column)
    keys, forms = _keys(table, named, words)
    apart = "".join(f", or tell them apart in a column '{word}'" for word in words if word not in named)
    members = _members(table, keys, named, column, f"keep one of the two{apart}")
    places = {member: node.place for member, node in members.items()} | {forms.get(key, key): limit.keys[key] for key in own}
    own = {forms.get(key, key): node for key, node in own.items()}
    _put(own, table, keys, words, column)
    return Tree({**members, **own}, places, limit.place, limit.folder), table


def _named(table: Table, words: list[str], column: str) -> list[str]:
    """Return the words that have a column; one is enough, but none may be misspelt. Raises ScenarioError."""
    named, others = [word for word in words if word in table.columns], {*table.columns} - {*words, column}
    for word in (word for word in (*words, column) if word not in table.columns):
        if not named or word == column or nearest(word, others):
            raise ScenarioError.of(table.place(HEADING, 0), f"no column '{word}'", did_you_mean(word, table.columns))
    return named


def _keys(table: Table, named: Sequence[str], words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the key of every row, and of every other way to write it: with columns for some words alone, it says which these are."""
    rows = [*zip(*map(table.column, named), strict=True)]
    bare, full = ["|".join(row) for row in rows], ["|".join(map("{}:{}".format, named, row)) for row in rows]
    keys = bare if len(named) == len(words) else full
    return keys, dict(zip((*bare, *full), keys * 2, strict=True))


def _put(own: Mapping[str, Node], table: Table, keys: list[str], words: Sequence[str], column: str) -> None:
    """Write the members beside `file` into their rows, or new ones, so that the table says what counts."""
    rows = {key: row for row, key in enumerate(keys)}
    for member, node in own.items():
        if (row := rows.get(member)) is None:
            row = table.append(node.place)
            for word, part in zip(words, member.split("|"), strict=False):
                said, _, label = part.rpartition(":")
                table.put(row, said or word, label, node.place)
        table.put(row, column, node.text if isinstance(node, Scalar) else "", node.place)


def _members(table: Table, keys: list[str], named: Sequence[str], column: str, apart: str) -> dict[str, Node]:
    members, problems = dict[str, Node](), Problems()
    for row, (key, text, *names) in enumerate(zip(keys, *map(table.column, (column, *named)), strict=True)):
        place = table.place(row, column)
        if "" in names:
            empty = named[names.index("")]
            problems.add(table.place(row, empty), f"'{empty}' is missing", "fill it in")
        elif key in members:
            problems.add(place, f"'{'|'.join(names)}' stands twice", apart)
        if text:
            members[key] = Scalar(text, place)
    problems.tell()
    return members
