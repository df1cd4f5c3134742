"""Rules that colleagues added: typed into the prepared sheet, or as a row of the rules with a formula of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from fundalloc.back.formulas import NotUnderstood, Reader
from fundalloc.errors import Place, Problem, Problems, did_you_mean
from fundalloc.export.workbook.book import Book
from fundalloc.facts.fields import ID_PATTERN
from fundalloc.labels import label
from fundalloc.money import plain
from fundalloc.plan.plan import Plan
from fundalloc.rules.statement import Sense
from fundalloc.scenario.workbooks.cells import Cell, Grid

SELECTIONS = ("instrument", "partnership", "area")
COLUMNS = ("own_says", *(f"own_{name}" for name in SELECTIONS), "own_from", "own_to", "own_side", "own_limit", "own_of")
"""Columns of the prepared sheet."""
EVERYTHING = "*"
_BASES = ("amount", "budget", "partnership", "instrument")
_LONGEST_NAME = 48


@dataclass(frozen=True)
class OwnRules:
    """What is needed to read the rules of one workbook's readers."""

    plan: Plan
    language: str
    sides: Mapping[str, Sense]
    """Word of a side, in small letters → side."""

    @cached_property
    def reader(self) -> Reader:
        """Reads formulas over the allocation."""
        book = Book(self.plan, self.language)
        return Reader(
            self.plan.scenario, book.language, book.codes, {title: key.partition(":")[2] for key, title in book.marker_titles.items()}
        )

    def no_side(self, cell: Cell, place: Place) -> Problem:
        """Say that a cell names no side of a limit."""
        expected = ", ".join(word for word in self.sides if word[0].isalpha())
        return Problem(place, "the side is missing" if cell.empty else f"'{cell.text}' is no side of a limit", f"type one of: {expected}")

    def written(self, says: str, sense: Sense, limit: Fraction, money: dict[str, Any], base: dict[str, Any] | None) -> dict[str, Any]:
        """Return a rule as it is written in a scenario file; with a base, its limit is a share."""
        rule: dict[str, Any] = {
            "kind": "amount" if base is None else "share",
            "says": says.replace("{", "(").replace("}", ")"),
            "money": money,
        }
        figure = plain(limit) if base is None else f"{plain(limit * 100)} %"
        return rule | {sense.field: figure} | ({} if base is None else {"of": base})

    def prepared(self, grid: Grid, row: int, limit: Fraction, problems: Problems) -> dict[str, Any] | None:
        """Read a row of the prepared sheet; None with problems noted."""
        so_far = len(problems)
        money: dict[str, Any] = {}
        for name in SELECTIONS:
            cell = grid.cell(row, f"own_{name}")
            if cell.empty or cell.text == EVERYTHING:
                continue
            try:
                money[name] = self.reader.member(name, cell.text)
            except NotUnderstood as error:
                known = self.plan.scenario.facts.dimensions[name].ids
                hint = did_you_mean(cell.text, known) or f"type an ID, or {EVERYTHING} for everything"
                problems.add(grid.place(row, f"own_{name}"), str(error), hint)
        years = self._years(grid, row, problems)
        sense = self.sides.get(grid.cell(row, "own_side").text.casefold())
        if sense is None:
            problems.append(self.no_side(grid.cell(row, "own_side"), grid.place(row, "own_side")))
        of = self._base(grid, row, money, problems)
        if limit < 0:
            problems.add(grid.place(row, "own_limit"), f"{plain(limit)} is negative", "type a limit of zero or more")
        if len(problems) > so_far or sense is None:
            return None
        says = (
            " ".join(grid.cell(row, "own_says").text.split())
            or f"{' '.join(map(str, money.values())) or 'all money'} {years.get('year', '')}".strip()
        )
        return self.written(says, sense, limit, {**money, **years}, None if of is None else {**of, **years})

    def _years(self, grid: Grid, row: int, problems: Problems) -> dict[str, str]:
        """Return the years as they are written; nothing for the whole period."""
        known, found = self.plan.scenario.facts.years, []
        for key, default in (("own_from", known[0]), ("own_to", known[-1])):
            cell = grid.cell(row, key)
            number = default if cell.empty else cell.number
            if cell.formula is not None or number is None or number % 1 or not known[0] <= number <= known[-1]:
                problems.add(
                    grid.place(row, key), f"'{cell.formula or cell.text}' is no year of the plan", f"type {known[0]} to {known[-1]}"
                )
                number = default
            found.append(int(number))
        first, last = found
        if first > last:
            problems.add(grid.place(row, "own_to"), f"{last} lies before {first}", "the first year stands on the left")
        if (first, last) == (known[0], known[-1]):
            return {}
        return {"year": str(first) if first == last else f"{first}-{last}"}

    def _base(self, grid: Grid, row: int, money: dict[str, Any], problems: Problems) -> dict[str, Any] | None:
        """Return what the limit is a share of; None for an amount."""
        words = {label(f"workbook.own_of.{key}", self.language).casefold(): key for key in _BASES}
        cell = grid.cell(row, "own_of")
        base = "amount" if cell.empty else words.get(cell.text.casefold())
        if base is None:
            problems.add(grid.place(row, "own_of"), f"'{cell.text}' is not in the list", f"choose one of: {', '.join(words)}")
        if base == "budget":
            return {"instrument": [i.id for i in self.plan.scenario.facts.instruments if i.counts == "budget"]}
        if base in ("partnership", "instrument"):
            return {base: money[base]} if base in money else {}
        return None


def identifier(name: str, taken: set[str]) -> str:
    """Return an id made of a name, such as `own-egypt-in-2026`, that is not taken."""
    word = "own-" + "-".join(re.findall(r"[A-Za-z0-9_.]+", name))[:_LONGEST_NAME].strip("-.").lower()
    base = word if re.fullmatch(ID_PATTERN, word) and word != "own-" else "own-rule"
    return next(candidate for candidate in _numbered(base) if candidate not in taken)


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        yield f"{base}-{number}"
        number += 1
