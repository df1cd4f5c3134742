"""What every sheet needs to know: the plan, the language, exact sums, and how formulas are spelt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fundalloc.export.workbook.content import Cell, Column, Formula
from fundalloc.facts.fields import Text
from fundalloc.labels import label
from fundalloc.plan.plan import Plan

Steps = NDArray[np.int64]
KINDS = ("budget", "partner", "memo")
DIMENSIONS = ("instrument", "partnership", "area")


@dataclass(frozen=True)
class Book:
    """One workbook in the making."""

    plan: Plan
    language: str

    # -- words ------------------------------------------------------------------------------------------------------

    def say(self, key: str, **values: object) -> str:
        """Return a text of the catalogue, under `workbook`."""
        return label(f"workbook.{key}", self.language, **values)

    def sheet_text(self, sheet: str, part: str, **values: object) -> str:
        """Return the name, title or sentence of a sheet."""
        return label(f"sheet.{sheet}.{part}", self.language, **values)

    def title(self, column: str) -> str:
        """Return the heading of a column."""
        return label(f"workbook.column.{column}", self.language)

    def status(self, word: str) -> str:
        """Return the printed word of a status."""
        return label(f"status.{word.replace(' ', '_')}", self.language)

    def word(self, group: str, word: str) -> str:
        """Return the printed word of a choice, or the word itself where the catalogue has none (a new rule kind)."""
        try:
            return label(f"workbook.{group}.{word.replace(' ', '_')}", self.language)
        except KeyError:
            return word

    def within(self, text: Text | None) -> str:
        """Return a scenario's text in the workbook's language."""
        return text.within(self.language) if text else ""

    @property
    def period(self) -> str:
        """The years as printed: 2021-2027."""
        years = self.plan.scenario.facts.years
        return f"{years[0]}-{years[-1]}" if len(years) > 1 else str(years[0])

    @cached_property
    def names(self) -> dict[str, dict[str, str]]:
        """Full names by dimension and id."""
        return self.plan.scenario.names(self.language)

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """Short labels by dimension and id, on one line each."""
        short = self.plan.scenario.labels(self.language)
        return {d: {k: " ".join(text.split()) for k, text in named.items()} for d, named in short.items()}

    def column(
        self,
        key: str,
        style: str,
        cells: Iterable[Cell],
        totals: tuple[Cell, ...] = (),
        width: float | None = None,
        printed: bool = True,
        mark: Literal["", "bar", "heat"] = "",
        flags: tuple[tuple[str, str], ...] = (),
    ) -> Column:
        """Return a column whose heading is in the catalogue."""
        return Column(self.title(key), style, tuple(cells), totals, width, printed, mark, flags)

    # -- ids as criteria --------------------------------------------------------------------------------------------

    @cached_property
    def codes(self) -> dict[str, dict[str, str]]:
        """Ids as they stand in cells.

        Formulas compare text without regard to case and take `007` for 7, so such ids get a number in front.
        """
        dimensions = self.plan.scenario.facts.dimensions
        return {name: _safe_codes(dimensions[name].ids) for name in DIMENSIONS}

    # -- exact sums -------------------------------------------------------------------------------------------------

    @cached_property
    def cube(self) -> Steps:
        """Planned money in rounding steps. Shape: (instruments, partnerships, areas, years)."""
        lines = self.plan.scenario.lines
        cube = np.zeros([len(d.ids) for d in lines.facts.dimensions], dtype=np.int64)
        np.add.at(cube, lines.codes, self.plan.steps)
        return cube

    def of_kind(self, counts: str) -> list[int]:
        """Return the positions of the instruments whose money counts as `counts`."""
        return [k for k, i in enumerate(self.plan.scenario.facts.instruments) if i.counts == counts]

    @cached_property
    def budget(self) -> Steps:
        """Planned money of the EU budget. Shape: (partnerships, areas, years)."""
        return np.asarray(self.cube[self.of_kind("budget")].sum(axis=0), dtype=np.int64)

    @cached_property
    def partner(self) -> Steps:
        """Planned money of partners. Shape: (partnerships, areas, years)."""
        return np.asarray(self.cube[self.of_kind("partner")].sum(axis=0), dtype=np.int64)

    @cached_property
    def leaves(self) -> list[int]:
        """Positions of the partnerships that may receive money."""
        facts = self.plan.scenario.facts
        return [k for k, p in enumerate(facts.partnerships) if p.id in facts.leaf_ids]

    def eur(self, steps: object) -> float:
        """Return whole steps as EUR million."""
        step = self.plan.scenario.facts.step
        return int(steps) * step.numerator / step.denominator  # type: ignore[call-overload, no-any-return]

    # -- formulas ---------------------------------------------------------------------------------------------------

    def all(self, table: str, column: str) -> str:
        """Return the reference to a whole column: `Allocation[Planned]`."""
        return f"{table}[{escaped(self.title(column))}]"

    def here(self, table: str, column: str) -> str:
        """Return the reference to a column in the formula's own row, shown as `[@Planned]`."""
        return f"{table}[[#This Row],[{escaped(self.title(column))}]]"

    def sum_if(self, table: str, column: str, *criteria: tuple[str, str], value: float | int) -> Formula:
        """Return SUMIFS over a column of a table; criteria are pairs of column and formula text."""
        return Formula("=" + self.sum_if_text(table, column, *criteria), value)

    def sum_if_text(self, table: str, column: str, *criteria: tuple[str, str]) -> str:
        """Return the text of a SUMIFS, without the equals sign."""
        if not criteria:
            return f"SUM({self.all(table, column)})"
        conditions = ",".join(f"{self.all(table, name)},{criterion}" for name, criterion in criteria)
        return f"SUMIFS({self.all(table, column)},{conditions})"

    def kind_is(self, counts: str) -> tuple[str, str]:
        """Return the criterion for a kind of money."""
        return "kind_of_money", quoted(self.word("counts", counts))

    def is_(self, dimension: str, position: int) -> tuple[str, str]:
        """Return the criterion for one instrument, partnership, area or year, by position."""
        facts = self.plan.scenario.facts
        if dimension == "year":
            return "year", str(facts.years[position])
        return f"{dimension}_id", quoted(self.codes[dimension][facts.dimensions[dimension].ids[position]])

    def code(self, dimension: str, position: int) -> str:
        """Return the id of a member as it stands in cells."""
        return self.codes[dimension][self.plan.scenario.facts.dimensions[dimension].ids[position]]

    def joined(self, key: str, **parts: tuple[str, object]) -> Formula:
        """Return a text of the catalogue as a formula: every {placeholder} is a pair of formula text and value."""
        template = self.say(key)
        pieces = [p for p in re.split(r"(\{\w+\})", template) if p]
        text = "&".join(parts[p[1:-1]][0] if p.startswith("{") else quoted(p) for p in pieces)
        return Formula(f"={text}", template.format(**{name: value for name, (_, value) in parts.items()}))


def _safe_codes(ids: Sequence[str]) -> dict[str, str]:
    seen: set[str] = set()
    codes = {}
    for position, name in enumerate(ids, start=1):
        doubtful = not name[0].isalpha() or name.casefold() in seen or name.casefold() in ("true", "false")
        codes[name] = f"no{position}_{name}" if doubtful else name
        seen.add(name.casefold())
    return codes


def quoted(text: str) -> str:
    """Return a text as it stands in a formula."""
    return '"' + text.replace('"', '""') + '"'


def escaped(title: str) -> str:
    """Return a column heading as it stands in a structured reference."""
    return re.sub(r"(['\[\]#])", r"'\1", title)


def shorten(text: str, most: int) -> str:
    """Return a text cut at a word, with an ellipsis, when it is longer than `most` characters."""
    if len(text) <= most:
        return text
    return (text[:most].rsplit(" ", 1)[0] or text[: most - 1]).rstrip(" ,:;") + "…"


def distinct(titles: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return headings that differ even without regard to case, at most 250 characters long: repeated ones get a number."""
    seen = {t.casefold() for t in taken}
    out = []
    for title in titles:
        short = " ".join(title.split())[:240] or "-"
        unique, count = short, 1
        while unique.casefold() in seen:
            count += 1
            unique = f"{short} ({count})"
        seen.add(unique.casefold())
        out.append(unique)
    return out
