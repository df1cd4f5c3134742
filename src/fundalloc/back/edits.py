"""What colleagues changed and said: the rows of a copy of a workbook, its edits, and several copies laid together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import PurePath
from typing import Any, TypeVar

from fundalloc.errors import Place, Problems
from fundalloc.money import DECIMALS, plain
from fundalloc.scenario.workbooks.cells import Grid
from fundalloc.scenario.workbooks.sheet import Cell

Path = tuple[str, ...]
TALK = ("comment_input", "author_input")


@dataclass(frozen=True)
class Said:
    """Who said what, and where it stands."""

    comment: str
    author: str
    places: tuple[Place, ...]

    @property
    def where(self) -> str:
        """The cells, with the names of the files alone: `plan.xlsx:Allocation!G12`."""
        return ", ".join(str(replace(place, file=PurePath(place.file).name)) for place in self.places)

    @property
    def by(self) -> str:
        """`by J. Doe: "comment" (plan.xlsx:Allocation!G12)`, without what nobody wrote."""
        author = f"by {self.author}" if self.author else "without a name"
        comment = f': "{self.comment}"' if self.comment else ""
        return f"{author}{comment} ({self.where})"


@dataclass(frozen=True)
class Row:
    """A row of a table; what is wrong in it is noted among the problems."""

    grid: Grid
    at: int
    """Its number, from 0."""
    problems: Problems

    def __getitem__(self, key: str) -> Cell:
        return self.grid.cell(self.at, key)

    def text(self, key: str) -> str:
        """Return the words of a cell; a control character among them is a problem."""
        if self[key].control:
            self.wrong(key, self[key].control, "delete it")
        return " ".join(self[key].text.split())

    def place(self, key: str) -> Place:
        """Return the place of a cell."""
        return self.grid.place(self.at, key)

    def wrong(self, key: str, message: str, hint: str) -> None:
        """Note what is wrong with a cell."""
        self.problems.add(self.place(key), message, hint)

    def said(self, key: str) -> Said:
        """Return comment and author, about a cell that stands in this row."""
        for column in TALK:
            if (formula := self[column].formula) is not None:
                self.wrong(column, f"a formula where a text is expected: {formula}", "type the text itself")
        return Said(self.text(TALK[0]), self.text(TALK[1]), (self.place(TALK[0] if self[key].empty else key),))

    def number(self, key: str) -> Fraction | None:
        """Return what stands in a number cell, to the 15 digits of a spreadsheet; None (with a problem noted) when it is none."""
        cell = self[key]
        if cell.formula is not None:
            self.wrong(key, f"a formula where a number is expected: {cell.formula}", _hint(cell))
        elif cell.error:
            self.wrong(key, f"an error where a number is expected: {cell.text}", _hint(cell))
        elif cell.number is not None:
            value = Fraction(cell.text)
            return value if (value * 10**DECIMALS).denominator == 1 else round(value, DECIMALS)
        elif not cell.empty:
            self.wrong(key, f"'{cell.text}' is a text where a number is expected", _hint(cell))
        return None


def _hint(cell: Cell) -> str:
    written = re.sub(r"[\s\u00a0\u202f]", "", cell.text)
    number = written.replace(",", ".") if re.fullmatch(r"[+-]?[0-9]+(,[0-9]{1,2})?", written) else written
    plain_number = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", number) and cell.formula is None
    return f"type the number {number}, not as a text" if plain_number else "type the number itself, or paste it as a value"


@dataclass(frozen=True)
class Adjustment:
    """An amount of an allocation line that was changed, in EUR million."""

    line: str
    before: Fraction
    after: Fraction
    said: Said

    @property
    def what(self) -> str:
        """The amount, for comparing copies."""
        return plain(self.after)


@dataclass(frozen=True)
class LimitChange:
    """A limit of a demand that was changed: EUR million, a share, or a number of members."""

    rule: str
    member: tuple[str, ...]
    side: str
    """The key in scenario files: at_least, at_most, exactly."""
    before: Fraction
    after: Fraction
    relative: bool
    said: Said

    @property
    def what(self) -> str:
        """The limit, for comparing copies."""
        return self.figure(self.after)

    def figure(self, value: Fraction) -> str:
        """Return a limit as it is written in a scenario file."""
        return f"{plain(value * 100)} %" if self.relative else plain(value)


@dataclass(frozen=True)
class FigureChange:
    """A need, a priority or a ceiling that was typed over."""

    path: Path
    before: Fraction | None
    """None where there was no ceiling."""
    after: Fraction
    said: Said

    @property
    def what(self) -> str:
        """The figure, for comparing copies."""
        return plain(self.after)

    @property
    def name(self) -> str:
        """What was typed over: `need of egypt returns`, `ceiling of ndici 2025`."""
        kind, *of = (self.path[3], *self.path[1:3]) if self.path[0] == "needs" else (self.path[2], self.path[1], self.path[-1])
        return f"{kind} of {' '.join(of)}"


@dataclass(frozen=True)
class OwnRule:
    """A rule that was added as a row, as it is written in a scenario file (without its source)."""

    id: str
    written: Mapping[str, Any]
    said: Said

    @property
    def what(self) -> str:
        """The whole rule, for comparing copies."""
        return str(sorted((key, str(value)) for key, value in self.written.items()))


@dataclass(frozen=True)
class Comment:
    """A comment on a line or a demand that was not changed."""

    about: str
    said: Said


@dataclass
class Edits:
    """Everything that was changed and said, by what it is about."""

    files: tuple[str, ...]
    adjustments: dict[str, Adjustment] = field(default_factory=dict)
    limits: dict[tuple[str, ...], LimitChange] = field(default_factory=dict)
    figures: dict[Path, FigureChange] = field(default_factory=dict)
    rules: dict[str, OwnRule] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """How many things were changed."""
        return len(self.adjustments) + len(self.limits) + len(self.figures) + len(self.rules)

    @property
    def places(self) -> Iterator[Place]:
        """The cells of which all is taken over."""
        for edits in (self.adjustments.values(), self.limits.values(), self.figures.values(), self.rules.values(), self.comments):
            yield from (place for edit in edits for place in edit.said.places)

    def __bool__(self) -> bool:
        return bool(self.changes or self.comments)


def merge_copies(copies: Sequence[Edits]) -> Edits:
    """Lay copies of one run together. Raises ScenarioError with every cell that two copies changed differently."""
    conflicts = Problems()
    out = Edits(tuple(name for copy in copies for name in copy.files))
    out.adjustments = merged(((key, edit.line, edit) for copy in copies for key, edit in copy.adjustments.items()), conflicts)
    limits = ((key, " ".join(("the limit of", e.rule, *e.member)), e) for copy in copies for key, e in copy.limits.items())
    out.limits = merged(limits, conflicts)
    out.figures = merged((edit for copy in copies for edit in by_path(copy.figures.values())), conflicts)
    out.rules = merged(((key, f"the rule {edit.id}", edit) for copy in copies for key, edit in copy.rules.items()), conflicts)
    conflicts.tell()
    seen: dict[tuple[str, str, str], Comment] = {}
    for remark in (remark for copy in copies for remark in copy.comments):
        seen.setdefault((remark.about, remark.said.comment, remark.said.author), remark)
    out.comments = list(seen.values())
    return out


K = TypeVar("K")
E = TypeVar("E", Adjustment, LimitChange, FigureChange, OwnRule)


def by_path(changes: Iterable[FigureChange]) -> Iterator[tuple[Path, str, FigureChange]]:
    """Yield what `merged` asks of figures."""
    return ((change.path, f"the {change.name}", change) for change in changes)


def merged(edits: Iterable[tuple[K, str, E]], conflicts: Problems) -> dict[K, E]:
    """Lay edits of the same thing together; of two that differ both places are told."""
    out: dict[K, E] = {}
    for key, name, edit in edits:
        first = out.get(key)
        if first is None:
            out[key] = edit
        elif first.what == edit.what:
            out[key] = replace(first, said=_together(first.said, edit.said))
        else:
            message = f"{name}: {_words(first)} here, but {_words(edit)} in {edit.said.places[0]}"
            conflicts.add(first.said.places[0], message, "agree on one of the two, and clear or repeat the other")
    return out


def _words(edit: Adjustment | LimitChange | FigureChange | OwnRule) -> str:
    return ("another rule" if isinstance(edit, OwnRule) else edit.what) + (f" by {edit.said.author}" if edit.said.author else "")


def _together(first: Said, second: Said) -> Said:
    return Said(_joined(first.comment, second.comment, " / "), _joined(first.author, second.author, ", "), (*first.places, *second.places))


def _joined(first: str, second: str, between: str) -> str:
    return between.join(dict.fromkeys(filter(None, (first, second))))


def as_values(edits: Edits) -> dict[str, Any]:
    """Return the edits as plain values, for JSON."""

    def said(entry: Said) -> dict[str, Any]:
        return {"comment": entry.comment, "author": entry.author, "cells": [str(place) for place in entry.places]}

    def amounts(e: Adjustment) -> dict[str, Any]:
        return {"line": e.line, "from": float(e.before), "to": float(e.after), "by": float(e.after - e.before), **said(e.said)}

    def limits(e: LimitChange) -> dict[str, Any]:
        demand = {"rule": e.rule, "member": "|".join(e.member), "side": e.side}
        return {**demand, "from": e.figure(e.before), "to": e.what, **said(e.said)}

    def figures(e: FigureChange) -> dict[str, Any]:
        return {"figure": ".".join(e.path), "from": None if e.before is None else float(e.before), "to": float(e.after), **said(e.said)}

    return {
        "files": list(edits.files),
        "adjustments": [amounts(e) for e in edits.adjustments.values()],
        "limits": [limits(e) for e in edits.limits.values()],
        "figures": [figures(e) for e in edits.figures.values()],
        "rules": [{"id": e.id, "rule": dict(e.written), **said(e.said)} for e in edits.rules.values()],
        "comments": [{"about": e.about, **said(e.said)} for e in edits.comments],
    }
