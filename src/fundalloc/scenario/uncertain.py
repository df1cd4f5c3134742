"""Uncertain figures, such as `80..120`, by the key that sets them: `robust --samples` draws from them, all else takes the most likely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fundalloc.errors import Place, Problem, Problems
from fundalloc.money import NotANumber, Spread, parse_spread
from fundalloc.scenario.document import Scalar, Tree, scalars
from fundalloc.scenario.tables.specs import KEYS, SPECS
from fundalloc.scenario.tables.table import Table

SECTIONS = ("instruments", "rules", "transfers")
"""Sections whose figures may be uncertain."""
COLUMNS = {"needs": ("need", "priority"), "partnerships": ("absorption",), "eligibility": ("effectiveness",)}
"""Columns of tables that may be."""
HINT = "figures of instruments, rules, transfers, needs, absorption and effectiveness may be ranges"


@dataclass(frozen=True)
class Uncertain:
    """One range: the key that `--set` takes, and the range."""

    key: str
    spread: Spread
    place: Place


def find_spreads(tree: Tree, tables: Mapping[str, Table]) -> list[Uncertain]:
    """Return every range that may be sampled, in the order of the file."""
    found = [Uncertain(".".join(path), spread, node.place) for path, node, spread in _in_tree(tree) if path[0] in SECTIONS]
    for name, row, column, spread in _in_tables(tables):
        table = tables[name]
        if column.split(".")[0] in COLUMNS.get(name, ()):
            ids = [table.column(key)[row] for key in KEYS[name]]
            found.append(Uncertain(".".join([name, *ids, column]), spread, table.place(row, column)))
    return found


def misplaced(tree: Tree, tables: Mapping[str, Table]) -> list[Problem]:
    """Return a problem for every range that stands where it cannot be sampled."""
    may = (*SECTIONS, *SPECS, "adjust", "title", "description", "author", "scenario")
    wrong = (node for path, node, _ in _in_tree(tree) if path[0] not in may)
    problems = Problems(Problem(node.place, f"a range cannot stand here: {node.text}", HINT) for node in wrong)
    for name, row, column, _ in _in_tables(tables):
        if column.split(".")[0] not in COLUMNS.get(name, ()):
            problems.add(tables[name].place(row, column), f"a range cannot stand here: {tables[name].column(column)[row]}", HINT)
    return problems


def _in_tree(tree: Tree) -> Iterator[tuple[tuple[str, ...], Scalar, Spread]]:
    for path, node in scalars(tree):
        if (spread := _spread(node.text)) is not None:
            yield path, node, spread


def _in_tables(tables: Mapping[str, Table]) -> Iterator[tuple[str, int, str, Spread]]:
    for name, table in tables.items():
        numbers = [c for c in table.columns if (spec := SPECS[name].get(c.split(".")[0])) is not None and spec.number]
        for column in numbers:
            for row, text in enumerate(table.column(column)):
                if ".." in text and (spread := _spread(text)) is not None:
                    yield name, row, column, spread


def _spread(text: str) -> Spread | None:
    """Return the range that a text is; None for any other text, which is read where it belongs."""
    try:
        return parse_spread(text)
    except NotANumber:
        return None
