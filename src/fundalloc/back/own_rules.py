"""Rules that colleagues added: typed into the prepared sheet, or as a row of the rules with a formula of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain, count
from typing import Any

from fundalloc.back.edits import Row
from fundalloc.back.formulas import NAMED, NotUnderstood, Reader
from fundalloc.errors import did_you_mean
from fundalloc.export.workbook.book import Book
from fundalloc.facts.fields import ID_PATTERN
from fundalloc.labels import label
from fundalloc.money import plain
from fundalloc.plan.plan import Plan
from fundalloc.rules.statement import Sense

COLUMNS = ("own_says", *(f"own_{name}" for name in NAMED), "own_from", "own_to", "own_side", "own_limit", "own_of")
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
    def book(self) -> Book:
        """The workbook as it was made: its words and ids."""
        return Book(self.plan, self.language)

    @cached_property
    def reader(self) -> Reader:
        """Reads formulas over the allocation."""
        book = self.book
        markers = {title: key.partition(":")[2] for key, title in book.marker_titles.items()}
        return Reader(self.plan.scenario, book.language, book.codes, markers)

    def no_side(self, row: Row, key: str) -> None:
        """Note that a cell names no side of a limit."""
        expected = ", ".join(word for word in self.sides if word[0].isalpha())
        row.wrong(key, "the side is missing" if row[key].empty else f"'{row[key].text}' is no side of a limit", f"type one of: {expected}")

    def written(self, says: str, sense: Sense, limit: Fraction, money: dict[str, Any], base: dict[str, Any] | None) -> dict[str, Any]:
        """Return a rule as it is written in a scenario file; with a base, its limit is a share."""
        figure, of = (plain(limit), {}) if base is None else (f"{plain(limit * 100)} %", {"of": base})
        says = says.replace("{", "(").replace("}", ")")
        return {"kind": "share" if of else "amount", "says": says, "money": money, sense.field: figure, **of}

    def prepared(self, row: Row, limit: Fraction) -> dict[str, Any] | None:
        """Read a row of the prepared sheet; None with problems noted."""
        so_far = len(row.problems)
        money: dict[str, Any] = {}
        for name in NAMED:
            cell = row[f"own_{name}"]
            if cell.empty or cell.text == EVERYTHING:
                continue
            known = self.book.choices[name]
            try:
                words = {code.casefold(): word for word, code in known.items()}
                money[name] = words.get(cell.text.casefold()) or self.reader.member(name, cell.text)
            except NotUnderstood as error:
                hint = did_you_mean(cell.text, known) or f"type an ID, a grouping or a tag, or {EVERYTHING} for everything"
                row.wrong(f"own_{name}", str(error), hint)
        years = self._years(row)
        sense = self.sides.get(row["own_side"].text.casefold())
        if sense is None:
            self.no_side(row, "own_side")
        of = self._base(row, money)
        if limit < 0:
            row.wrong("own_limit", f"{plain(limit)} is negative", "type a limit of zero or more")
        if len(row.problems) > so_far or sense is None:
            return None
        says = row.text("own_says") or f"{' '.join(map(str, money.values())) or 'all money'} {years.get('year', '')}".strip()
        return self.written(says, sense, limit, {**money, **years}, None if of is None else {**of, **years})

    def _years(self, row: Row) -> dict[str, str]:
        """Return the years as they are written; nothing for the whole period."""
        known, found = self.plan.scenario.facts.years, []
        for key, default in (("own_from", known[0]), ("own_to", known[-1])):
            cell = row[key]
            number = default if cell.empty else cell.number
            if cell.formula is not None or number is None or number % 1 or not known[0] <= number <= known[-1]:
                row.wrong(key, f"'{cell.formula or cell.text}' is no year of the plan", f"type {known[0]} to {known[-1]}")
                number = default
            found.append(int(number))
        first, last = found
        if first > last:
            row.wrong("own_to", f"{last} lies before {first}", "the first year stands on the left")
        if (first, last) == (known[0], known[-1]):
            return {}
        return {"year": str(first) if first == last else f"{first}-{last}"}

    def _base(self, row: Row, money: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the limit is a share of; None for an amount."""
        words = {label(f"workbook.own_of.{key}", self.language).casefold(): key for key in _BASES}
        text = row["own_of"].text
        base = "amount" if row["own_of"].empty else words.get(text.casefold())
        if base is None:
            row.wrong("own_of", f"'{text}' is not in the list", f"choose one of: {', '.join(words)}")
        if base == "budget":
            return {"instrument": [i.id for i in self.plan.scenario.facts.instruments if i.counts == "budget"]}
        if base in ("partnership", "instrument"):
            return {base: money[base]} if base in money else {}
        return None


def identifier(name: str, taken: set[str]) -> str:
    """Return an id made of a name, such as `own-egypt-in-2026`, that is not taken."""
    word = "own-" + "-".join(re.findall(r"[A-Za-z0-9_.]+", name))[:_LONGEST_NAME].strip("-.").lower()
    base = word if re.fullmatch(ID_PATTERN, word) and word != "own-" else "own-rule"
    return next(name for name in chain([base], (f"{base}-{k}" for k in count(2))) if name not in taken)
