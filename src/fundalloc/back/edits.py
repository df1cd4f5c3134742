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

Keys = tuple[str, ...]
"""What an edit is about, as scenario files name it: a line, a rule with its member and side, the path of a figure."""
AGREE = "agree on one of the two, and clear or repeat the other"
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
class TypedChange:
    """A figure that was typed over: EUR million, a share, a weight, or a number of members."""

    about: str
    """What it is, as messages name it."""
    before: Fraction | None
    """None where there was no ceiling."""
    after: Fraction
    said: Said
    relative: bool = False
    """Whether it is a share."""

    @property
    def what(self) -> str:
        """The figure, as it is written in a scenario file and compared with that of other copies."""
        return self.figure(self.after)

    @property
    def was(self) -> str:
        """What it was before."""
        return "none" if self.before is None else self.figure(self.before)

    def figure(self, value: Fraction) -> str:
        """Return a figure as it is written in a scenario file."""
        return f"{plain(value * 100)} %" if self.relative else plain(value)

    @property
    def words(self) -> str:
        """What it is now, and who says so."""
        return self.what + (f" by {self.said.author}" if self.said.author else "")


@dataclass(frozen=True)
class OwnRule:
    """A rule that was added as a row, as it is written in a scenario file (without its source)."""

    id: str
    written: Mapping[str, Any]
    said: Said

    @property
    def about(self) -> str:
        """What it is, as messages name it."""
        return f"the rule {self.id}"

    @property
    def words(self) -> str:
        """Who says so."""
        return "another rule" + (f" by {self.said.author}" if self.said.author else "")

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
    adjustments: dict[Keys, TypedChange] = field(default_factory=dict)
    """By the key of the line."""
    limits: dict[Keys, TypedChange] = field(default_factory=dict)
    """By rule, members, and the side as scenario files name it."""
    figures: dict[Keys, TypedChange] = field(default_factory=dict)
    """Needs, priorities and ceilings, by their paths."""
    rules: dict[Keys, OwnRule] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)

    @property
    def changes(self) -> list[TypedChange | OwnRule]:
        """Everything that was changed."""
        return [*self.adjustments.values(), *self.limits.values(), *self.figures.values(), *self.rules.values()]

    @property
    def places(self) -> Iterator[Place]:
        """The cells of which all is taken over."""
        return (place for edit in (*self.changes, *self.comments) for place in edit.said.places)

    def __bool__(self) -> bool:
        return bool(self.changes or self.comments)


def merge_copies(copies: Sequence[Edits]) -> Edits:
    """Lay copies of one run together. Raises ScenarioError with every cell that two copies changed differently."""
    conflicts = Problems()
    out = Edits(tuple(name for copy in copies for name in copy.files))
    for kind in ("adjustments", "limits", "figures", "rules"):
        setattr(out, kind, merged((item for copy in copies for item in getattr(copy, kind).items()), conflicts))
    conflicts.tell()
    seen: dict[tuple[str, str, str], Comment] = {}
    for remark in (remark for copy in copies for remark in copy.comments):
        seen.setdefault((remark.about, remark.said.comment, remark.said.author), remark)
    out.comments = list(seen.values())
    return out


E = TypeVar("E", TypedChange, OwnRule)


def merged(edits: Iterable[tuple[Keys, E]], conflicts: Problems) -> dict[Keys, E]:
    """Lay edits of the same thing together; of two that differ both places are told."""
    out: dict[Keys, E] = {}
    for key, edit in edits:
        first = out.setdefault(key, edit)
        if first is not edit and first.what == edit.what:
            out[key] = replace(first, said=_together(first.said, edit.said))
        elif first is not edit:
            message = f"{edit.about}: {first.words} here, but {edit.words} in {edit.said.places[0]}"
            conflicts.add(first.said.places[0], message, AGREE)
    return out


def _together(first: Said, second: Said) -> Said:
    return Said(_joined(first.comment, second.comment, " / "), _joined(first.author, second.author, ", "), (*first.places, *second.places))


def _joined(first: str, second: str, between: str) -> str:
    return between.join(dict.fromkeys(filter(None, (first, second))))


def as_values(edits: Edits) -> dict[str, Any]:
    """Return the edits as plain values, for JSON."""

    def said(entry: Said) -> dict[str, Any]:
        return {"comment": entry.comment, "author": entry.author, "cells": [str(place) for place in entry.places]}

    def amounts(e: TypedChange) -> dict[str, Any]:
        return {"from": None if e.before is None else float(e.before), "to": float(e.after), **said(e.said)}

    def limit(rule: str, *member: str) -> dict[str, str]:
        return {"rule": rule, "member": "|".join(member[:-1]), "side": member[-1]}

    by = {key: float(e.after - (e.before or 0)) for key, e in edits.adjustments.items()}
    return {
        "files": list(edits.files),
        "adjustments": [{"line": key[0], "by": by[key], **amounts(e)} for key, e in edits.adjustments.items()],
        "limits": [{**limit(*key), "from": e.was, "to": e.what, **said(e.said)} for key, e in edits.limits.items()],
        "figures": [{"figure": ".".join(path), **amounts(e)} for path, e in edits.figures.items()],
        "rules": [{"id": e.id, "rule": dict(e.written), **said(e.said)} for e in edits.rules.values()],
        "comments": [{"about": e.about, **said(e.said)} for e in edits.comments],
    }
