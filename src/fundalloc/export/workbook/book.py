"""What every sheet needs to know: the plan, the language, exact sums, and how formulas are spelt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fundalloc.export.on_request import Asked
from fundalloc.export.workbook.content import Cell, Column, Entry, Formula
from fundalloc.export.workbook.layout import PADDING, text_width
from fundalloc.export.workbook.spelling import distinct as distinct
from fundalloc.export.workbook.spelling import escaped as escaped
from fundalloc.export.workbook.spelling import quoted as quoted
from fundalloc.export.workbook.spelling import safe_codes as safe_codes
from fundalloc.export.workbook.spelling import sheet_name as sheet_name
from fundalloc.export.workbook.spelling import shorten as shorten
from fundalloc.export.workbook.spelling import whole_column
from fundalloc.facts.fields import Text
from fundalloc.labels import Words, label
from fundalloc.plan.naming import named_by_decision
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import DECIDED

Steps = NDArray[np.int64]
KINDS = ("budget", "partner", "memo")
MOST_LINES = 1_048_576 - 12
"""Rows of a sheet, less those of the frame."""
DIMENSIONS = ("instrument", "partnership", "area")


@dataclass(frozen=True)
class Pairs:
    """Pairs of instrument and area in order: positions of both, and the other way round (shape (instruments, areas))."""

    instrument: NDArray[np.intp]
    area: NDArray[np.intp]
    position: NDArray[np.int64]


@dataclass(frozen=True)
class Book:
    """One workbook in the making."""

    plan: Plan
    language: str
    outside: bool = False
    """Whether it leaves the house (see `outside`)."""
    asked: Asked = field(default_factory=Asked)
    """What was computed only because somebody asked."""

    # -- words ------------------------------------------------------------------------------------------------------

    def say(self, key: str, **values: object) -> str:
        """Return a text of the catalogue, under `workbook`."""
        return label(f"workbook.{key}", self.language, **values)

    def sheet_text(self, sheet: str, part: str, **values: object) -> str:
        """Return the name, title or sentence of a sheet."""
        return label(f"sheet.{sheet}.{part}", self.language, **values)

    def title(self, column: str) -> str:
        """Return the heading of a column."""
        return self.marker_titles.get(column) or label(f"workbook.column.{column}", self.language)

    @cached_property
    def marker_titles(self) -> dict[str, str]:
        """Headings of the columns that hold what counts towards a marker: {`marker:<marker>`: heading}."""
        markers = list(self.plan.scenario.facts.markers)
        titles = distinct(self.say("towards_marker", marker=self.word("marker", marker)) for marker in markers)
        return {f"marker:{marker}": title for marker, title in zip(markers, titles, strict=True)}

    def status(self, word: str) -> str:
        """Return the printed word of a status."""
        return label(f"status.{word.replace(' ', '_')}", self.language)

    def word(self, group: str, word: str) -> str:
        """Return the printed word of a choice, or the word itself where the catalogue has none (a new rule kind)."""
        return Words(self.language).word(f"workbook.{group}", word)

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
        mark: Literal["", "bar", "heat", "change"] = "",
        flags: tuple[tuple[str, str], ...] = (),
        entry: Entry | None = None,
    ) -> Column:
        """Return a column whose heading is in the catalogue."""
        if key in ("source", "confidence"):
            cells = [self.word("confidence", cell) if isinstance(cell, str) else cell for cell in cells]
        return Column(self.title(key), style, tuple(cells), totals, width, printed, mark, flags, key, entry)

    def room_for(self, *words: str) -> float:
        """Return the width of a column that shows one of some words, whatever the language."""
        return round(max(text_width(word) for word in words) + PADDING, 1)

    def entry(self, key: str, least: float | str | None = None, choices: tuple[str, ...] = (), longest: int = 0) -> Entry:
        """Return what may be typed into a cell, with its texts from the catalogue under `workbook.entry`."""
        return Entry(self.say(f"entry.{key}.prompt"), self.say(f"entry.{key}.error"), least, choices, longest)

    @cached_property
    def footnotes(self) -> list[tuple[str, str]]:
        """(name, what must be said wherever it stands)."""
        facts = self.plan.scenario.facts
        return [
            *((self.names["instrument"][i.id], self.within(i.footnote)) for i in facts.instruments if i.footnote),
            *((self.names["partnership"][p.id], self.within(p.footnote)) for p in facts.partnerships if p.footnote),
            *((self.names["area"][a.id], self.within(a.footnote)) for a in facts.areas if a.footnote),
        ]

    # -- ids as criteria --------------------------------------------------------------------------------------------

    @cached_property
    def codes(self) -> dict[str, dict[str, str]]:
        """Ids as they stand in cells.

        Formulas compare text without regard to case and take `007` for 7, so such ids get a number in front.
        """
        dimensions = self.plan.scenario.facts.dimensions
        return {name: safe_codes(dimensions[name].ids) for name in DIMENSIONS}

    # -- what the plan has ------------------------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """Whether the allocation fits on a sheet, so that formulas can add it up; otherwise it goes into a file of its own."""
        return len(self.plan.scenario.lines) <= MOST_LINES

    @property
    def has_baseline(self) -> bool:
        """Whether the plan starts from another one."""
        return self.plan.scenario.facts.baseline is not None

    def usable_in_all(self, instrument: int) -> int:
        """Return the usable ceiling of an instrument over the whole period in steps: the total, the sum of the years, or the smaller."""
        return int(self.plan.scenario.facts.ceilings.usable_over()[instrument])

    def by_decision(self, glue: str = "; ") -> str:
        """Return the demands that are broken by decision, by name; empty without any."""
        found = [f for f in self.plan.findings if f.status == DECIDED]
        return named_by_decision(found, self.plan.scenario, Words(self.language), glue)

    @cached_property
    def ceiling_demands(self) -> dict[tuple[str, ...], int]:
        """{(instrument, year or "total"): position of the finding} of the ceilings that stand on the sheet Rules."""
        return {f.member: k for k, f in enumerate(self.plan.findings) if f.rule.is_budget}

    @cached_property
    def moves(self) -> Steps:
        """Amount of every possible move, in steps."""
        count = len(self.plan.scenario.lines.moves)
        return self.plan.moves if len(self.plan.moves) else np.zeros(count, dtype=np.int64)

    @cached_property
    def pairs(self) -> Pairs:
        """The pairs of instrument and area that have allocation lines."""
        lines = self.plan.scenario.lines
        facts = lines.facts
        has = np.zeros((len(facts.instruments), len(facts.areas)), dtype=bool)
        has[lines.instrument, lines.area] = True
        position = np.cumsum(has).reshape(has.shape) - 1
        instrument, area = np.nonzero(has)
        return Pairs(instrument, area, position)

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

    def decided_by_year(self, instruments: Sequence[int]) -> Steps:
        """Return the decided money of some instruments per year, in steps."""
        lines = self.plan.scenario.lines
        out = np.zeros(len(lines.facts.years), dtype=np.int64)
        picked = np.isin(lines.instrument, instruments)
        np.add.at(out, lines.year[picked], lines.decided[picked])
        return out

    # -- formulas ---------------------------------------------------------------------------------------------------

    def all(self, table: str, column: str) -> str:
        """Return the reference to a whole column: `Allocation[Planned]`."""
        return whole_column(table, self.title(column))

    def named(self, table: str, heading: str) -> str:
        """Return the reference to a whole column whose heading is not in the catalogue."""
        return whole_column(table, heading)

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

    def of_demand(self, finding: int, column: str) -> str:
        """Return the formula that finds a column of one demand on the sheet Rules, however its rows are sorted."""
        return f"INDEX({self.all('Rules', column)},MATCH({finding + 1},{self.all('Rules', 'demand')},0))"

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

    def joined(self, key: str, fixed: Mapping[str, object] | None = None, **parts: tuple[str, object]) -> Formula:
        """Return a text of the catalogue as a formula: every {placeholder} is a pair of formula text and value, or a `fixed` text."""
        template = self.say(key)
        for name, text in (fixed or {}).items():
            template = template.replace(f"{{{name}}}", str(text))
        return _formula(template, parts)

    def spelt(self, key: str, **parts: tuple[str, object]) -> Formula:
        """Return the same for a text that is not under `workbook`."""
        return _formula(label(key, self.language), parts)


def _formula(template: str, parts: Mapping[str, tuple[str, object]]) -> Formula:
    pieces = [p for p in re.split(r"(\{\w+\})", template) if p]
    text = "&".join(parts[p[1:-1]][0] if p.startswith("{") else quoted(p) for p in pieces)
    return Formula(f"={text}", template.format(**{name: value for name, (_, value) in parts.items()}))
