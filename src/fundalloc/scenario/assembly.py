"""From the tables of a scenario to facts: partnerships as a tree, needs, eligibility, markers and decided money as arrays."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import PurePath
from typing import Any

import numpy as np

from fundalloc.errors import Place, Problem, Problems, did_you_mean
from fundalloc.facts.dimensions import find_circle
from fundalloc.facts.entities import Partnership
from fundalloc.facts.facts import Decided, Derivation, Needs, Sourced
from fundalloc.facts.fields import Text, is_year
from fundalloc.facts.selection import MandateRow, Selection
from fundalloc.money import Exact, decimals, plain
from fundalloc.scenario.document import ListNode, Scalar, Tree
from fundalloc.scenario.tables.specs import SPECS, read_rows
from fundalloc.scenario.tables.table import References, Table, read_variants
from fundalloc.scenario.validation import validate


def build_partnerships(table: Table, levels: Collection[str], problems: Problems) -> list[Partnership]:
    """Read the partnerships table and check the tree: parents exist, no circle, leaves have one of the levels."""
    columns = read_rows("partnerships", table, problems)
    texts = _per_language("partnerships", table, columns, problems)
    absorption = read_variants(table, "absorption", SPECS["partnerships"]["absorption"], problems)
    for row, level in enumerate(columns["level"]):
        if level and level not in levels:
            hint = "; or ".join(filter(None, (did_you_mean(level, levels), f"name it: tag_names: {{level: {{{level}: …}}}}")))
            problems.add(table.place(row, "level"), f"unknown level '{level}'", hint)
    problems += _wrong_in_tree(table, columns["id"], columns["within"], columns["level"], levels)
    status = [(f"status:{word}",) if word else () for word in columns["status"]]
    own = {
        **{key: [text or None for text in listed] for key, listed in texts.items()},
        "name": texts["name"],
        "absorption": [_limits(*of_row) for of_row in zip(columns["absorption"], absorption, strict=True)],
        "tags": [tuple(dict.fromkeys((*tags, *more))) for tags, more in zip(columns["tags"], status, strict=True)],
    }
    rows = zip(*((columns | own)[key] for key in Partnership.model_fields), strict=True)
    return [Partnership.model_construct(**dict(zip(Partnership.model_fields, row, strict=True))) for row in rows]


def _limits(every_year: Fraction | None, by_year: dict[str, Fraction]) -> dict[int, Fraction] | None:
    """Return limits by year, what holds in each of them under 0; None without any."""
    each = {int(year): amount for year, amount in by_year.items() if is_year(year)}
    return (each if every_year is None else {**each, 0: every_year}) or None


def _per_language(name: str, table: Table, columns: dict[str, list[Any]], problems: Problems) -> dict[str, list[Text]]:
    """Return the columns of a table that may be repeated per language (`name`, `name.bg`), as one text per row."""
    texts = {}
    for key, column in SPECS[name].items():
        if column.per == "language":
            variants = read_variants(table, key, column, problems)
            english = ({"en": text} if text else {} for text in columns[key])
            texts[key] = [Text({**first, **others}) for first, others in zip(english, variants, strict=True)]
    return texts


def _wrong_in_tree(table: Table, ids: list[str], parents: list[str], levels: list[str], known: Collection[str]) -> Iterator[Problem]:
    there, unknown = set(ids), Problems()
    for row, parent in enumerate(parents):
        if parent and parent not in there:
            unknown.unknown(table.place(row, "within"), "partnership", parent, ids)
    yield from unknown
    within = {child: parent for child, parent in zip(ids, parents, strict=True) if parent}
    cycle = find_circle(within.items())
    if cycle:
        message = f"'{cycle[0]}' lies within itself: {' → '.join(cycle)}" if len(cycle) > 2 else f"'{cycle[0]}' lies within itself"
        yield Problem(table.place(ids.index(cycle[0]), "within"), message, "a partnership cannot contain what contains it")
    containing = set(within.values())
    for row, (pid, level) in enumerate(zip(ids, levels, strict=True)):
        if not level and pid not in containing:
            yield Problem(table.place(row, "level"), f"'{pid}' has no level", f"write one of: {', '.join(known)}")


def build_needs(table: Table, references: References) -> Needs:
    """Read the needs table."""
    columns = read_rows("needs", table, references.problems)
    rows, at = references.rows(table, columns, ("partnership", "area"))
    area, first = references.dimensions.area, dict[tuple[int, int], int]()
    for row, p, a in zip(rows, at["partnership"], at["area"], strict=True):
        other = first.setdefault((p, area.holder[a]), row)
        if columns["area"][other] != columns["area"][row] and area.ids[area.holder[a]] in (columns["area"][other], columns["area"][row]):
            whose, beside = f"'{columns['area'][row]}' of {columns['partnership'][row]}", f"'{columns['area'][other]}'"
            message = f"a need of {whose} beside one of {beside} ({table.place(other, 'area')}): an area's is that of all its actions"
            references.problems.add(table.place(row, "area"), message, "state it for the area, or for its actions")
    need, priority, source, confidence = ([columns[name][row] for row in rows] for name in ("need", "priority", "source", "confidence"))
    columns |= _per_language("needs", table, columns, references.problems)
    written = (need for row, need in enumerate(columns["need"]) if not table.changed(row, "need"))
    rounding = Fraction(1, 2 * 10 ** max(map(decimals, written), default=0))
    derived = tuple(_derivation(table, columns, row, rounding, references.problems) for row in rows)
    return Needs(at["partnership"], at["area"], Exact.of(need), Exact.of(priority), tuple(source), tuple(confidence), derived)


def _derivation(table: Table, columns: dict[str, list[Any]], row: int, rounding: Fraction, problems: Problems) -> Derivation | None:
    """Return what a need is made of, if that is told; its terms must give it, to the decimals that needs were written with.

    What `change` or `adjust` makes of a need is one more adjustment, with the place as its reason.
    """
    indicator, adjustment = columns["indicator"][row], columns["adjustment"][row] or Fraction(0)
    if indicator is None and columns["adjustment"][row] is None:
        return None
    need, (terms, reason) = columns["need"][row], (columns[key][row] for key in ("terms", "reason"))
    told = Derivation(indicator or Fraction(0), columns["parameter"][row], columns["factor"][row], adjustment, terms, reason)
    if abs(told.comes_to - need) <= rounding:
        return told
    if table.changed(row, "need") and not (table.changed(row, "indicator") or table.changed(row, "adjustment")):
        place = table.place(row, "need")
        where = f"{PurePath(place.file).name}:{place.cell or place.line}"
        said = {language: "; ".join(filter(None, (text, where))) for language, text in (reason or {"en": ""}).items()}
        return replace(told, adjustment=adjustment + need - told.comes_to, reason=Text(said))
    message = f"the need is {plain(need)}, but its terms come to {plain(told.comes_to)} ({told})"
    problems.remark(table.place(row, "need"), message, "correct them, or write the difference as `adjustment`, with its `reason`")
    return told


def build_eligibility(table: Table, references: References) -> tuple[np.ndarray[Any, Any], Exact, tuple[Sourced, ...]]:
    """Read the eligibility table: the pairs allowed, their effectiveness, and the rows; of an action its own row counts."""
    columns = read_rows("eligibility", table, references.problems)
    rows, at = references.rows(table, columns, ("instrument", "area"))
    shape = (len(references.dimensions.instrument.ids), len(references.dimensions.area.ids))
    allowed = np.zeros(shape, dtype=bool)
    area = references.dimensions.area
    effectiveness = [[Fraction(1)] * shape[1] for _ in range(shape[0])]
    reasons = _per_language("eligibility", table, columns, references.problems)["reason"]
    for row, i, a in sorted(zip(rows, at["instrument"], at["area"], strict=True), key=lambda entry: area.ids[entry[2]] in area.within):
        value = columns["effectiveness"][row]
        if value == 0:
            where, hint = table.place(row, "effectiveness"), "leave the row out: the pair is then not eligible"
            references.problems.add(where, "an effectiveness of zero", hint)
        for member in np.flatnonzero(area.covers[a]):
            allowed[i, member], effectiveness[i][member] = True, value
    sourced = [_sourced(columns, row, ("instrument", "area"), columns["effectiveness"][row], reasons[row]) for row in rows]
    return allowed, _exact(effectiveness), tuple(sourced)


def build_markers(table: Table, references: References) -> tuple[dict[str, Exact], tuple[Sourced, ...]]:
    """Read the markers: a row without instrument holds for all, one with an instrument overrides it, and rows of an action all others."""
    columns = read_rows("markers", table, references.problems)
    everyone = dict(columns, instrument=[i or references.dimensions.instrument.ids[0] for i in columns["instrument"]])
    rows, at = references.rows(table, everyone, ("area", "instrument"))
    shape = (len(references.dimensions.instrument.ids), len(references.dimensions.area.ids))
    cells: dict[str, list[list[Fraction]]] = {}
    area = references.dimensions.area
    ordered = sorted(range(len(rows)), key=lambda k: (columns["area"][rows[k]] in area.within, bool(columns["instrument"][rows[k]])))
    for k in ordered:
        row, a, i = rows[k], at["area"][k], at["instrument"][k]
        grid = cells.setdefault(columns["marker"][row], [[Fraction(0)] * shape[1] for _ in range(shape[0])])
        for target in [i] if columns["instrument"][row] else range(shape[0]):
            for member in np.flatnonzero(area.covers[a]):
                grid[target][member] = columns["coefficient"][row]
    markers = {name: _exact(grid) for name, grid in cells.items()}
    sourced = tuple(_sourced(columns, row, ("marker", "area", "instrument"), columns["coefficient"][row], Text()) for row in rows)
    return markers, sourced


def build_decided(table: Table, references: References, step: Fraction) -> tuple[Decided, list[Place]]:
    """Read decided money; amounts must be whole rounding steps. Also returns the place of every amount."""
    columns = read_rows("decided", table, references.problems)
    rows, at = references.rows(table, columns, ("instrument", "partnership", "area", "year"))
    amounts = []
    for row in rows:
        steps = columns["amount"][row] / step
        if steps.denominator != 1:
            message = f"decided amount {plain(columns['amount'][row])} is not a whole multiple of round_to {plain(step)}"
            references.problems.add(table.place(row, "amount"), message, "write a smaller round_to, such as 0.001")
        amounts.append(int(steps))
    columns["decision"] = _per_language("decided", table, columns, references.problems)["decision"]
    words = {name: tuple(columns[name][row] for row in rows) for name in ("state", "decision", "source", "confidence")}
    decided = Decided(at["instrument"], at["partnership"], at["area"], at["year"], np.array(amounts, dtype=np.int64), **words)
    return decided, [table.place(row, "amount") for row in rows]


def build_mandate(table: Table, references: References, rules: Collection[str]) -> Iterator[MandateRow]:
    """Read the mandate: each row has a selection in the columns of one, and names `rules`; only the first of an id needs a text."""
    columns, problems, said = read_rows("mandate", table, references.problems), references.problems, dict[str, Text]()
    texts = _per_language("mandate", table, columns, problems)
    for row, name in enumerate(columns["id"]):
        cells = {key: columns[key][row] for key in Selection.model_fields if columns[key][row]}
        money = validate(Selection, _picked(cells, table, row), problems, references.dimensions) if cells else None
        if not said.setdefault(name, texts["text"][row]):
            problems.add(table.place(row, "text"), f"the statement '{name}' says nothing", "write its text into its first row")
        named = dict.fromkeys(columns["rules"][row].split())
        for rule in (rule for rule in named if rule not in rules):
            problems.unknown(table.place(row, "rules"), "rule", rule, rules)
        written, note = ", ".join(f"{key}: {text}" for key, text in cells.items()), texts["note"][row]
        yield MandateRow(name, said[name], money, written, tuple(named), note, columns["source"][row], columns["confidence"][row])


def _picked(cells: dict[str, str], table: Table, row: int) -> Tree:
    """Return a selection as a scenario file would write it; several words in a cell are a list, any of which may match."""
    words = {key: [Scalar(word, table.place(row, key), quoted=True) for word in text.split()] for key, text in cells.items()}
    return Tree({key: ListNode([*s], s[0].place) if s[1:] else s[0] for key, s in words.items()}, {}, table.place(row, "id"))


def _exact(grid: list[list[Fraction]]) -> Exact:
    return Exact.of([value for line in grid for value in line]).reshape(len(grid), -1)


def _sourced(columns: dict[str, list[Any]], row: int, keys: tuple[str, ...], value: Fraction, reason: Text) -> Sourced:
    return Sourced(tuple(columns[key][row] for key in keys), value, reason, columns["source"][row], columns["confidence"][row])
