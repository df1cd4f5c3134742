"""From validated parts to :class:`Facts`: cross references checked, tables turned into arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fundalloc.errors import Place, Problem, ScenarioError, did_you_mean
from fundalloc.facts.dimensions import Dimensions
from fundalloc.facts.entities import Partnership
from fundalloc.facts.facts import Decided, Needs, Sourced
from fundalloc.facts.fields import (
    LANGUAGES,
    Text,
    read_amount,
    read_coefficient,
    read_factor,
    read_id,
    read_iso3,
    read_tags,
    read_years,
    refuse,
)
from fundalloc.facts.hierarchy import find_cycle
from fundalloc.facts.selection import IntArray
from fundalloc.money import Exact, plain
from fundalloc.scenario.document import Mapping as Tree
from fundalloc.scenario.document import Sequence
from fundalloc.scenario.tables import Column, Table, read_columns, read_table, read_variants

STATES = ("committed", "locked", "given")
LEVELS = ("bilateral", "regional", "global")


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text in words:
            return text
        raise refuse(f"'{text}' is not allowed here", did_you_mean(text, words))

    return read


ID = Column(read_id, required=True)
WORDS = Column(str)
ORIGIN = {"source": WORDS, "confidence": WORDS}
SPECS: dict[str, dict[str, Column]] = {
    "partnerships": {
        "id": ID,
        "name": Column(str, required=True, per="language"),
        "level": Column(_one_of(*LEVELS)),
        "within": WORDS,
        "iso3": Column(read_iso3),
        "absorption": Column(read_amount, number=True, empty=None, per="year"),
        "tags": Column(lambda text: read_tags(text.split()), empty=()),
        "status": WORDS,
        "years": Column(read_years, empty=None),
        **ORIGIN,
    },
    "needs": {
        "partnership": ID,
        "area": ID,
        "need": Column(read_amount, required=True, number=True, empty=Fraction(0)),
        "priority": Column(read_factor, number=True, empty=Fraction(1)),
        **ORIGIN,
    },
    "eligibility": {
        "instrument": ID,
        "area": ID,
        "effectiveness": Column(read_factor, number=True, empty=Fraction(1)),
        "reason": WORDS,
        **ORIGIN,
    },
    "markers": {
        "marker": ID,
        "area": ID,
        "instrument": Column(read_id),
        "coefficient": Column(read_coefficient, required=True, number=True, empty=Fraction(0)),
        **ORIGIN,
    },
    "decided": {
        "instrument": ID,
        "partnership": ID,
        "area": ID,
        "year": Column(str, required=True),
        "amount": Column(read_amount, required=True, number=True, empty=Fraction(0)),
        "state": Column(_one_of(*STATES), required=True, empty="given"),
        "decision": WORDS,
        **ORIGIN,
    },
}
KEYS = {
    "partnerships": ("id",),
    "needs": ("partnership", "area"),
    "eligibility": ("instrument", "area"),
    "markers": ("marker", "area", "instrument"),
    "decided": ("instrument", "partnership", "area", "year", "decision"),
}

DEFAULTS = {
    table: {name: plain(column.empty) for name, column in columns.items() if isinstance(column.empty, Fraction) and not column.required}
    for table, columns in SPECS.items()
}
"""What an empty cell means, where `inherited` can build on it."""


@dataclass
class Tables:
    """The five tables of a scenario as text with places."""

    by_name: dict[str, Table] = field(default_factory=dict)

    @classmethod
    def read(cls, tree: Tree, folder: Path, allowed: Callable[[Path], bool], problems: list[Problem]) -> Tables:
        """Read all tables that the scenario names; a missing or unreadable one is empty."""
        out = cls()
        for name in SPECS:
            node = tree.get(name)
            try:
                keys = tuple(k for k in KEYS[name] if k not in ("decision",)) if name != "markers" else ("marker", "area")
                out.by_name[name] = read_table(node or Sequence([], tree.place), keys, folder, allowed, DEFAULTS[name])
            except ScenarioError as error:
                problems += error.problems
                out.by_name[name] = read_table(Sequence([], tree.place), (), folder, allowed)
        return out

    def __getitem__(self, name: str) -> Table:
        return self.by_name[name]


def check_duplicates(name: str, table: Table, problems: list[Problem]) -> None:
    """Report rows whose keys stand twice."""
    seen: dict[tuple[str, ...], int] = {}
    columns = [table.column(key) for key in KEYS[name]]
    for row in range(len(table.cells)):
        key = tuple(c[row] for c in columns)
        if key in seen and name != "decided":
            first = table.place(seen[key], 0)
            problems.append(
                Problem(
                    table.place(row, KEYS[name][0]),
                    f"'{' | '.join(filter(None, key))}' stands twice; first at {first}",
                    "keep one of the two",
                )
            )
        seen.setdefault(key, row)


def build_partnerships(table: Table, problems: list[Problem]) -> list[Partnership]:
    """Read the partnerships table and check the tree: parents exist, no circle, leaves have a level."""
    spec = SPECS["partnerships"]
    columns = read_columns(table, spec, problems)
    names = read_variants(table, "name", spec["name"], problems)
    absorption = read_variants(table, "absorption", spec["absorption"], problems)
    check_duplicates("partnerships", table, problems)
    ids = columns["id"]
    within = {child: parent for child, parent in zip(ids, columns["within"], strict=True) if parent}
    for row, parent in enumerate(columns["within"]):
        if parent and parent not in ids:
            problems.append(Problem(table.place(row, "within"), f"unknown partnership '{parent}'", did_you_mean(parent, ids)))
    cycle = find_cycle(within)
    if cycle:
        row = ids.index(cycle[0])
        message = f"'{cycle[0]}' lies within itself: {' → '.join(cycle)}" if len(cycle) > 2 else f"'{cycle[0]}' lies within itself"
        problems.append(Problem(table.place(row, "within"), message, "a partnership cannot contain what contains it"))
    parents = set(within.values())
    out = []
    for row, (pid, level) in enumerate(zip(ids, columns["level"], strict=True)):
        if pid not in parents and not level:
            problems.append(Problem(table.place(row, "level"), f"'{pid}' has no level", f"write one of: {', '.join(LEVELS)}"))
        for language in names[row]:
            if language not in LANGUAGES:
                problems.append(
                    Problem(
                        table.place(-1, f"name.{language}"), f"unknown language '{language}'", f"expected one of: {', '.join(LANGUAGES)}"
                    )
                )
        status = (f"status:{columns['status'][row]}",) if columns["status"][row] else ()
        each = {int(year): amount for year, amount in absorption[row].items() if year.isdigit()}
        if columns["absorption"][row] is not None:
            each[0] = columns["absorption"][row]
        out.append(
            Partnership.model_construct(
                id=pid,
                name=Text({"en": columns["name"][row], **names[row]}),
                level=level,
                within=columns["within"][row],
                iso3=columns["iso3"][row],
                absorption=each or None,
                tags=tuple(dict.fromkeys((*columns["tags"][row], *status))),
                years=columns["years"][row],
                source=columns["source"][row],
                confidence=columns["confidence"][row],
            )
        )
    return out


@dataclass
class References:
    """Looks up ids in tables; every unknown one is a problem, ids that are switched off drop the row."""

    dimensions: Dimensions
    off: Mapping[str, Iterable[str]]
    """Dimension → ids that are switched off."""
    problems: list[Problem]

    def rows(
        self, table: Table, columns: dict[str, list[Any]], words: Iterable[str], leaves: bool = True
    ) -> tuple[list[int], dict[str, IntArray]]:
        """Return the rows whose references hold, and the positions they refer to."""
        kept = []
        found: dict[str, list[int]] = {word: [] for word in words}
        lookup = {word: {member: k for k, member in enumerate(self.dimensions[word].ids)} for word in found}
        for row in range(len(table.cells)):
            position = {word: self._find(table, row, word, columns[word][row], lookup[word], leaves) for word in found}
            if all(k is not None for k in position.values()):
                kept.append(row)
                for word, k in position.items():
                    found[word].append(k if k is not None else -1)
        return kept, {word: np.array(positions, dtype=np.int64) for word, positions in found.items()}

    def _find(self, table: Table, row: int, word: str, text: str, lookup: Mapping[str, int], leaves: bool) -> int | None:
        if not text or text in self.off.get(word, ()):
            return None
        dimension = self.dimensions[word]
        if text not in lookup:
            hint = f"the years are {dimension.ids[0]} to {dimension.ids[-1]}" if word == "year" else did_you_mean(text, dimension.ids)
            self.problems.append(
                Problem(
                    table.place(row, word),
                    f"unknown {word} '{text}'" if word != "year" else f"the year '{text}' is outside the period",
                    hint,
                )
            )
            return None
        if leaves and text in dimension.groupings:
            hint = "name a partnership within it; a regional programme is a partnership of its own"
            self.problems.append(Problem(table.place(row, word), f"'{text}' is a grouping and holds no money or need itself", hint))
            return None
        return lookup[text]


T = TypeVar("T")


def _pick(values: list[T], rows: list[int]) -> list[T]:
    return [values[row] for row in rows]


def build_needs(table: Table, references: References) -> Needs:
    """Read the needs table."""
    columns = read_columns(table, SPECS["needs"], references.problems)
    check_duplicates("needs", table, references.problems)
    rows, at = references.rows(table, columns, ("partnership", "area"))
    return Needs(
        at["partnership"],
        at["area"],
        Exact.of(_pick(columns["need"], rows)),
        Exact.of(_pick(columns["priority"], rows)),
        tuple(_pick(columns["source"], rows)),
        tuple(_pick(columns["confidence"], rows)),
    )


def build_eligibility(table: Table, references: References) -> tuple[np.ndarray[Any, Any], Exact, tuple[Sourced, ...]]:
    """Read the eligibility table: the pairs allowed, their effectiveness, and the rows with their sources."""
    columns = read_columns(table, SPECS["eligibility"], references.problems)
    check_duplicates("eligibility", table, references.problems)
    rows, at = references.rows(table, columns, ("instrument", "area"))
    shape = (len(references.dimensions.instrument.ids), len(references.dimensions.area.ids))
    allowed = np.zeros(shape, dtype=bool)
    allowed[at["instrument"], at["area"]] = True
    effectiveness = [[Fraction(1)] * shape[1] for _ in range(shape[0])]
    sourced = []
    for row, i, a in zip(rows, at["instrument"], at["area"], strict=True):
        value = columns["effectiveness"][row]
        if value == 0:
            references.problems.append(
                Problem(table.place(row, "effectiveness"), "an effectiveness of zero", "leave the row out: the pair is then not eligible")
            )
        effectiveness[i][a] = value
        sourced.append(_sourced(columns, row, ("instrument", "area"), value, columns["reason"][row]))
    return allowed, Exact.of([v for line in effectiveness for v in line]).reshape(*shape), tuple(sourced)


def build_markers(table: Table, references: References) -> tuple[dict[str, Exact], tuple[Sourced, ...]]:
    """Read the markers: a row without instrument holds for all instruments, a row with one overrides it."""
    columns = read_columns(table, SPECS["markers"], references.problems)
    check_duplicates("markers", table, references.problems)
    everyone = dict(columns, instrument=[i or references.dimensions.instrument.ids[0] for i in columns["instrument"]])
    rows, at = references.rows(table, everyone, ("area", "instrument"))
    shape = (len(references.dimensions.instrument.ids), len(references.dimensions.area.ids))
    cells: dict[str, list[list[Fraction]]] = {}
    ordered = sorted(range(len(rows)), key=lambda k: bool(columns["instrument"][rows[k]]))
    for k in ordered:
        row, a, i = rows[k], at["area"][k], at["instrument"][k]
        grid = cells.setdefault(columns["marker"][row], [[Fraction(0)] * shape[1] for _ in range(shape[0])])
        for target in [i] if columns["instrument"][row] else range(shape[0]):
            grid[target][a] = columns["coefficient"][row]
    markers = {name: Exact.of([v for line in grid for v in line]).reshape(*shape) for name, grid in cells.items()}
    sourced = tuple(_sourced(columns, row, ("marker", "area", "instrument"), columns["coefficient"][row], "") for row in rows)
    return markers, sourced


def build_decided(table: Table, references: References, step: Fraction) -> tuple[Decided, list[Place]]:
    """Read decided money; amounts must be whole rounding steps. Also returns the place of every amount."""
    columns = read_columns(table, SPECS["decided"], references.problems)
    rows, at = references.rows(table, columns, ("instrument", "partnership", "area", "year"))
    amounts = []
    for row in rows:
        steps = columns["amount"][row] / step
        if steps.denominator != 1:
            message = f"decided amount {plain(columns['amount'][row])} is not a whole multiple of round_to {plain(step)}"
            references.problems.append(Problem(table.place(row, "amount"), message, "write a smaller round_to, such as 0.001"))
        amounts.append(int(steps))
    words = {name: tuple(_pick(columns[name], rows)) for name in ("state", "decision", "source", "confidence")}
    decided = Decided(at["instrument"], at["partnership"], at["area"], at["year"], np.array(amounts, dtype=np.int64), **words)
    return decided, [table.place(row, "amount") for row in rows]


def _sourced(columns: dict[str, list[Any]], row: int, keys: tuple[str, ...], value: Fraction, reason: str) -> Sourced:
    return Sourced(tuple(columns[key][row] for key in keys), value, reason, columns["source"][row], columns["confidence"][row])
