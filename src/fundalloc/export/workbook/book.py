"""What every sheet needs to know: the plan, the language, exact sums, and how formulas are spelt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fundalloc.export.on_request import Asked
from fundalloc.export.workbook.content import Cell, Column, ColumnSum, Fact, Formula, Sheet, Validation
from fundalloc.export.workbook.layout import PADDING, text_width
from fundalloc.export.workbook.plan_sums import PlanSums
from fundalloc.export.workbook.sheet_maker import SheetMaker
from fundalloc.export.workbook.spelling import array, distinct, here, quoted, safe_codes, sheet_name, shorten, whole_column
from fundalloc.facts.citation import cited
from fundalloc.facts.dimensions import ACTION
from fundalloc.facts.fields import Text
from fundalloc.insight.brief import Brief, brief_of
from fundalloc.labels import label
from fundalloc.money import HARD_SPACE
from fundalloc.plan.naming import named_by_decision

__all__ = ["DIMENSIONS", "KINDS", "Book", "array", "distinct", "quoted", "safe_codes", "sheet_name", "shorten"]
KINDS = ("budget", "partner", "memo")
DIMENSIONS = ("instrument", "partnership", "area")
FOUNDED = ("F", "D", "M", "assumption")
"""Degrees of confidence that the legend explains; other words stand as their author wrote them."""
LONGEST = {"comment": 2_000, "author": 120, "pick": 120}
"""Characters that may be typed into a cell."""


@dataclass(frozen=True)
class Book(PlanSums, SheetMaker):
    """One workbook in the making."""

    language: str
    outside: bool = False
    """Whether it leaves the house (see `outside`)."""
    asked: Asked = field(default_factory=Asked)
    """What was computed only because somebody asked."""

    def sheet_text(self, sheet: str, part: str, **values: object) -> str:
        """Return the name, title or sentence of a sheet, which may name the {title} of the scenario."""
        return label(f"sheet.{sheet}.{part}", self.language, title=self.within(self.head.title), **values)

    def title(self, column: str) -> str:
        """Return the heading of a column."""
        if column.startswith("sent:"):
            return self.say("as_sent", title=self.title(column[5:]))
        return column if column.isdigit() else self.marker_titles.get(column) or super().title(column)

    def sheet(self, key: str, table: str, columns: Iterable[Column], **look: Any) -> Sheet:
        """Return a sheet, with a legend where it shows how well figures are founded."""
        shown = tuple(columns)
        found = {cell for column in shown if column.key == "confidence" for cell in column.cells}
        each = "; ".join(self.say(f"legend.{word}") for word in FOUNDED if self.word("confidence", word) in found)
        legend = (Fact("", self.say("legend.confidence", each=each)),) if each else ()
        return super().sheet(key, table, shown, facts=(*look.pop("facts", ()), *legend), **look)

    @cached_property
    def marker_titles(self) -> dict[str, str]:
        """Headings of the columns that hold what counts towards a marker: {`marker:<marker>`: heading}."""
        markers = list(self.facts.markers)
        titles = distinct(self.say("towards_marker", marker=self.word("marker", marker)) for marker in markers)
        return {f"marker:{marker}": title for marker, title in zip(markers, titles, strict=True)}

    def years_said(self, years: Sequence[object]) -> str:
        """Return years as printed: 2021-2027 where none is left out between."""
        texts = [str(year) for year in years]
        whole = len(texts) > 1 and int(texts[-1]) - int(texts[0]) == len(texts) - 1
        return f"{texts[0]}-{texts[-1]}" if whole else ", ".join(texts)

    def word(self, group: str, word: str) -> str:
        """Return the printed word of a choice, or the word itself where the catalogue has none (a new rule kind)."""
        return self.words.word(f"workbook.{group}", word)

    def within(self, text: Text | None) -> str:
        """Return a scenario's text in the workbook's language."""
        return text.within(self.language) if text else ""

    @property
    def left_out(self) -> str:
        """What is said of the lines that are not listed; empty when all are."""
        count = len(self.lines) - len(self.listed)
        titles = {key: self.title(key) for key in ("pair", "line_key", "optimised", "adjustment")}
        return self.say("left_out", count=f"{count:,}".replace(",", HARD_SPACE), **titles) if count else ""

    @property
    def years(self) -> Sequence[int]:
        """The years of the plan."""
        return self.facts.years

    @cached_property
    def names(self) -> dict[str, dict[str, str]]:
        """Full names by dimension and id."""
        return self.plan.scenario.names(self.language)

    @cached_property
    def labels(self) -> dict[str, dict[str, str]]:
        """Short labels by dimension and id, on one line each."""
        short = self.plan.scenario.labels(self.language)
        return {d: {k: " ".join(text.split()) for k, text in named.items()} for d, named in short.items()}

    def _id(self, dimension: str, position: int) -> str:
        """Return the id of a member; of an action where areas are asked for, that of its area."""
        members = self.facts.dimensions[dimension]
        return members.ids[int(members.holder[position])]

    @property
    def named(self) -> tuple[str, ...]:
        """What names a line beside its year: actions too, where areas hold some."""
        return tuple(dict.fromkeys((*DIMENSIONS, self.facts.dimensions.lowest)))

    def lookup(self, dimension: str) -> str:
        """Return by which word formulas pick the members of a dimension of lines."""
        return self.facts.dimensions.lowest if dimension == "area" else dimension

    def label(self, dimension: str, position: int) -> str:
        """Return the short label of a member, by position."""
        return self.labels[dimension][self._id(dimension, position)]

    def full_name(self, dimension: str, position: int) -> str:
        """Return the full name of a member, by position."""
        return self.names[dimension][self._id(dimension, position)]

    def column(self, key: str, style: str, cells: Iterable[Cell], *rest: Any, **look: Any) -> Column:
        """Return a column whose heading is in the catalogue; confidence is shown in words."""
        if key in ("source", "confidence"):
            cells = [self.word("confidence", cited(cell, self.language)) if isinstance(cell, str) else cell for cell in cells]
        return super().column(key, style, cells, *rest, **look)

    def names_of(
        self, dimension: str, members: Iterable[int], width: float | None = None, *, total: str = "", full: bool = False
    ) -> Column:
        """Return the column of short (or full) names of members, by position; `total` is the word below them."""
        name = self.full_name if full else self.label
        return self.column(dimension, "text", [name(dimension, k) for k in members], (self.say(f"total.{total}"),) if total else (), width)

    def ids_of(self, dimension: str, members: Iterable[int], key: str = "") -> Column:
        """Return the column of ids that formulas look members up by."""
        return self.column(key or f"{dimension}_id", "code", [self.code(dimension, k) for k in members], printed=False)

    def kinds_of(self, instruments: Iterable[int], **look: Any) -> Column:
        """Return the column that says how the money of instruments counts, in grey."""
        counts = [self.facts.instruments[k].counts for k in instruments]
        width = self.room_for(*(self.word("counts", kind) for kind in KINDS))
        return self.column("kind_of_money", "note", [self.word("counts", word) for word in counts], width=width, **look)

    def founded(self, entries: Iterable[Any], source: float | None = None, confidence: float | None = None) -> tuple[Column, Column]:
        """Return the columns that say where figures come from and how well they are founded; both may be given a width."""
        found = [(entry.source, entry.confidence) for entry in entries]
        return (
            self.column("source", "note", [source for source, _ in found], width=source),
            self.column("confidence", "note", [confidence for _, confidence in found], width=confidence),
        )

    def amounts(
        self, key: str, texts: str | Iterable[str], steps: Iterable[int], style: str = "money", *, total: bool = True, **look: Any
    ) -> Column:
        """Return a column of live amounts: one formula for all rows, or one for each, without equals sign; and their exact sum."""
        exact = [int(s) for s in steps]
        formulas = [texts] * len(exact) if isinstance(texts, str) else texts
        cells = [Formula(f"={text}", self.eur(value)) for text, value in zip(formulas, exact, strict=True)]
        return self.column(key, style, cells, (ColumnSum(self.eur(sum(exact))),) if total else (), **look)

    def shares_of(self, table: str, amounts: ArrayLike, width: float, of: str = "eu_budget") -> Column:
        """Return the column that says which part of the sum of another column each row has."""
        values = np.asarray(amounts).tolist()
        whole, text = sum(values), f"=IFERROR({self.here(table, of)}/SUM({self.all(table, of)}),0)"
        cells = [Formula(text, value / whole if whole else 0) for value in values]
        return self.column("share_of_total", "share", cells, (ColumnSum(1 if whole else 0),), width)

    def room_for(self, *words: str) -> float:
        """Return the width of a column that shows one of some words, whatever the language."""
        return round(max(text_width(word) for word in words) + PADDING, 1)

    def entry(self, key: str, least: float | str | None = None, choices: tuple[str, ...] = (), most: str = "") -> Validation:
        """Return what may be typed into a cell, with its texts from the catalogue under `workbook.entry`."""
        return Validation(self.say(f"entry.{key}.prompt"), self.say(f"entry.{key}.error"), least, choices, LONGEST.get(key, 0), most=most)

    @cached_property
    def footnotes(self) -> list[tuple[str, str]]:
        """(name, what must be said wherever it stands)."""
        named = [(self.names[name], entry) for name in DIMENSIONS for entry in getattr(self.facts, f"{name}s")]
        return [(names[entry.id], self.within(entry.footnote)) for names, entry in named if entry.footnote]

    def by_decision(self, glue: str = "; ") -> str:
        """Return the demands that are broken by decision, by name; empty without any."""
        return named_by_decision(self.plan.by_decision, self.plan.scenario, self.words, glue)

    @cached_property
    def codes(self) -> dict[str, dict[str, str]]:
        """Ids as they stand in cells.

        Formulas compare text without regard to case and take `007` for 7, so such ids get a number in front.
        """
        return {name: safe_codes(self.facts.dimensions[name].ids) for name in (*DIMENSIONS, ACTION)}

    @cached_property
    def choices(self) -> dict[str, dict[str, str]]:
        """What picks members, as it stands in cells: ids, groupings and tags, without those that pick nothing."""
        masks = {name: self.facts.dimensions[name].masks for name in DIMENSIONS}
        words = {name: (*self.facts.dimensions[name].ids, *(word for word in masks[name] if ":" in word)) for name in DIMENSIONS}
        return {name: {word: code for word, code in safe_codes(words[name]).items() if masks[name][word].any()} for name in DIMENSIONS}

    def all(self, table: str, column: str) -> str:
        """Return the reference to a whole column: `Allocation[Planned]`."""
        return whole_column(table, self.title(column))

    def here(self, table: str, column: str) -> str:
        """Return the reference to a column in the formula's own row, shown as `[@Planned]`."""
        return here(table, self.title(column))

    def sum_if(self, table: str, column: str, *criteria: tuple[str, str], value: float | int) -> Formula:
        """Return SUMIFS over a column of a table; criteria are pairs of column and formula text."""
        return Formula("=" + self.sum_if_text(table, column, *criteria), value)

    def sum_if_text(self, table: str, column: str, *criteria: tuple[str, str]) -> str:
        """Return the text of a SUMIFS, without the equals sign."""
        if not criteria:
            return f"SUM({self.all(table, column)})"
        conditions = ",".join(f"{self.all(table, name)},{criterion}" for name, criterion in criteria)
        return f"SUMIFS({self.all(table, column)},{conditions})"

    def planned(self, *criteria: tuple[str, str]) -> str:
        """Return the text of the planned money that meets some criteria."""
        return self.sum_if_text("Allocation", "planned", *criteria)

    def own(self, table: str, dimension: str, key: str = "") -> tuple[str, str]:
        """Return the criterion for the member of a table's own row."""
        name = dimension if dimension == "year" else f"{dimension}_id"
        return name, self.here(table, key or name)

    def of_demand(self, finding: int, column: str) -> str:
        """Return the formula that finds a column of one demand on the sheet Rules, however its rows are sorted."""
        return f"INDEX({self.all('Rules', column)},MATCH({finding + 1},{self.all('Rules', 'demand')},0))"

    def with_status(self, table: str, word: str) -> str:
        """Return the text of how many rows of a table have a status."""
        return f"COUNTIF({self.all(table, 'status')},{quoted(self.status(word))})"

    def kind_is(self, counts: str) -> tuple[str, str]:
        """Return the criterion for a kind of money."""
        return "kind_of_money", quoted(self.word("counts", counts))

    def is_(self, dimension: str, position: int) -> tuple[str, str]:
        """Return the criterion for one instrument, partnership, area or year, by position."""
        if dimension == "year":
            return "year", str(self.facts.years[position])
        return f"{dimension}_id", quoted(self.code(dimension, position))

    def code(self, dimension: str, position: int) -> str:
        """Return the id of a member as it stands in cells."""
        return self.codes[dimension][self._id(dimension, position)]

    def joined(self, key: str, fixed: Mapping[str, object] | None = None, **parts: tuple[str, object]) -> Formula:
        """Return a text of the catalogue as a formula: every {placeholder} is a pair of formula text and value, or a `fixed` text."""
        return self.spelt(f"workbook.{key}", fixed, **parts)

    def spelt(self, key: str, fixed: Mapping[str, object] | None = None, **parts: tuple[str, object]) -> Formula:
        """Return the same for a text that is not under `workbook`."""
        known = {name: (quoted(str(text)), str(text)) for name, text in (fixed or {}).items()}
        return _formula(label(key, self.language), {**known, **parts})

    @cached_property
    def brief(self) -> Brief:
        """What is told of the plan on every page."""
        return brief_of(self, self.words, outside=self.outside)


def _formula(template: str, parts: Mapping[str, tuple[str, object]]) -> Formula:
    pieces = [p for p in re.split(r"(\{\w+\})", template) if p]
    text = "&".join(parts[p[1:-1]][0] if p.startswith("{") else quoted(p) for p in pieces)
    return Formula(f"={text}", template.format(**{name: value for name, (_, value) in parts.items()}))
