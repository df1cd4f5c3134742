"""A table that others laid out, as it stands: headings, rows, totals; nothing is dropped in silence, what `where` leaves out is counted."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import NamedTuple

from fundalloc.errors import Place, Problems, counted, did_you_mean, some
from fundalloc.money import plain
from fundalloc.scenario.document import Scalar, Tree, locate
from fundalloc.scenario.tables.layout import YEAR, Layout, Names, folded, heading_pattern
from fundalloc.scenario.tables.raw import FIGURE, RawTable, whole_rows
from fundalloc.scenario.tables.signs import settle
from fundalloc.scenario.tables.table import HEADING, ColumnSpec, Table
from fundalloc.scenario.tables.totals import hold

_TAG = re.compile(r"#[a-z_]+(\s*\+[a-z0-9_]+)*", re.IGNORECASE)
"""A cell of the second heading of humanitarian data (HXL): #value+funding+usd."""
WITHOUT_SPACES = re.compile(r"(?<=[0-9])[ \u00a0\u202f](?=[0-9]{3}(?![0-9]))")
_WORDS = ("true", "false", "null", "yes", "no", "on", "off")


@dataclass(frozen=True)
class Aim:
    """What a table is to become: its columns, the keys of its rows, and the names by which members are known."""

    columns: Mapping[str, ColumnSpec] = field(default_factory=dict)
    keys: Sequence[str] = ()
    """The columns that it must have, and by which a change finds its row."""
    names: Names = field(default_factory=dict)

    @property
    def numbers(self) -> list[str]:
        """The columns of figures."""
        return [name for name, column in self.columns.items() if column.number]

    @property
    def defaults(self) -> dict[str, str]:
        """What an empty cell means, where `inherited` can build on it."""
        optional = {name: column.empty for name, column in self.columns.items() if not column.required}
        return {name: plain(empty) for name, empty in optional.items() if isinstance(empty, Fraction)}

    @property
    def money(self) -> list[str]:
        """The columns that hold amounts."""
        return [name for name, column in self.columns.items() if column.money]


class ForeignCell(NamedTuple):
    """A text on its way into our table."""

    text: str
    place: tuple[int, int] | Place
    """Row and column of the file, or where the scenario writes it."""


Row = dict[str, ForeignCell]


def filled_up(raw: RawTable, layout: Layout, node: Tree) -> RawTable:
    """Let merged cells say in all of their places what the first one says; an amount would count more than once. Raises ScenarioError."""
    rows, problems = [list(row) for row in raw.rows], Problems()
    first, width = layout.header[0] - 1 if layout.header else 0, max(map(len, rows), default=0)
    for top, left, bottom, right in raw.sheet.merged:
        text = rows[top][left] if top < len(rows) and left < len(rows[top]) else ""
        if top < first or not text:
            continue
        if FIGURE.fullmatch(text) and top + 1 not in layout.header:
            problems.add(raw.where(top, left), f"a figure in merged cells: {text}", "unmerge them, and write what each cell holds")
        end = min(right + 1, width)  # a span may reach far beyond the last cell
        for row in rows[top : bottom + 1]:
            row += [""] * (end - len(row))
            row[left:end] = [text] * (end - left)
    if layout.header and layout.header[-1] > len(rows):
        problems.add(locate(node, ("header",)), f"there is no row {layout.header[-1]}", f"{raw.name} has {counted(len(rows), 'rows')}")
    problems.tell()
    return replace(raw, rows=rows)


class Foreign:
    """The table of others with its headings known; what is wrong is collected."""

    def __init__(self, raw: RawTable, node: Tree, layout: Layout, target: Aim) -> None:
        self.raw, self.node, self.layout, self.target = raw, node, layout, target
        self.problems, self.told = Problems(), list[str]()
        filled = [row for row, cells in enumerate(raw.rows) if any(cells)]
        self.heading = [row - 1 for row in layout.header] or filled[:1] or [0]
        self.body = [row for row in filled if row > self.heading[-1]]
        self.headings = raw.headings(self.heading)
        self.named = {name: k for k, name in enumerate(self.headings) if name}
        self._find_columns()
        self._unknown_columns()
        self.problems.tell()
        self.notes: list[str] = []
        self.kept: set[int] = set()

    def _find_columns(self) -> None:
        """Find where our columns stand, what else is looked at, and what is ignored."""
        columns = self.layout.columns or {name: name for name in self.named if not is_like(name, self.layout.ignore)}
        self.at = {ours: k for name, heading in columns.items() for ours, k in self._found(name, heading)}
        self.other = {
            key: k for key, name in self._others().items() for k in self._column(name, locate(self.node, key, key=key[0] == "where"))
        }
        self.known = {*self.at.values(), *self.other.values()}
        others = [(k, name) for k, name in enumerate(self.headings) if name and k not in self.known]
        self.ignored = [k for k, name in others if is_like(name, self.layout.ignore)]

    def _found(self, ours: str, heading: str) -> list[tuple[str, int]]:
        """Return the columns for one of ours, one for each year where `years: columns` says so."""
        place, found = locate(self.node, ("columns", ours)), list[tuple[str, int]]()
        if ours.partition(".")[0] not in self.target.columns:
            self.problems.add(place, f"there is no column '{ours}' in this table", did_you_mean(ours, self.target.columns))
        elif YEAR not in heading:
            found = [(ours, column) for column in self._column(heading, place)]
        elif self.layout.years != "columns":
            self.problems.add(place, f"'{heading}' names one column a year", "add years: columns")
        else:
            read = [name for name in self.named if not is_like(name, self.layout.ignore)]
            years = {name: of[1] for name in read if (of := heading_pattern(heading).fullmatch(name))}
            found = [(f"{ours}.{year}", column) for name, year in years.items() for column in self._column(name, place)]
            if not years:
                self.problems.add(place, f"no heading is like '{heading}'", f"the headings are: {some([*self.named], 12)}")
        return found

    def _others(self) -> dict[tuple[str, ...], str]:
        """Return the headings that the layout looks at beside ours, by the key that names them."""
        layout = self.layout
        others = {("where", name): name for name in layout.where} | {("currency",): layout.currency}
        others |= {("totals", "column"): layout.totals.column} if layout.totals else {}
        others |= {("split", "column"): layout.split.column, ("split", "shares"): layout.split.shares} if layout.split else {}
        return {key: name for key, name in others.items() if name}

    def _column(self, heading: str, place: Place) -> list[int]:
        """Return where a heading stands; nothing, with a problem, when it does not stand once."""
        wanted = " ".join(heading.split())
        times = self.headings.count(wanted)
        if times > 1:
            hint = "say with header: [4, 5] which rows together name a column"
            if self.heading[1:]:
                last = len(self.headings) - 1 - self.headings[::-1].index(wanted)
                hint = f"write above {self.raw.where(self.heading[-1], last)} what it belongs to, or merge the cells above"
            self.problems.add(place, f"the heading '{wanted}' stands {times} times", hint)
        elif not times:
            hint = did_you_mean(wanted, self.named) or f"the headings are: {some([*self.named], 12)}"
            self.problems.add(place, f"no heading '{wanted}'", hint)
        return [self.headings.index(wanted)] if times == 1 else []

    def _unknown_columns(self) -> None:
        unknown = [k for k, name in enumerate(self.headings) if name and k not in self.known and k not in self.ignored]
        if unknown and not self.problems:
            message = f"{counted(len(unknown), 'columns')} neither mapped nor ignored: {', '.join(self.headings[k] for k in unknown)}"
            hint = f"map them, or ignore: [{', '.join(quoted(self.headings[k]) for k in unknown)}]"
            self.problems.add(self.raw.where(self.heading[-1], unknown[0]), message, hint)
        loose = [(row, k) for row in self.body for k, text in enumerate(self.raw.rows[row]) if text and not any(self.headings[k : k + 1])]
        if loose:
            self.problems.add(self.raw.where(*loose[0]), f"{counted(len(loose), 'cells')} without a heading", "give the column a heading")

    def cell(self, row: int, column: int) -> str:
        """Return the text of a cell of the file."""
        cells = self.raw.rows[row]
        return cells[column] if column < len(cells) else ""

    def chosen(self) -> list[int]:
        """Return the rows that `where` keeps, and with totals all: these are held against them. No row of tags, no footnotes."""
        body = self.body
        if body and is_tagged(self.raw.rows[body[0]]):
            self.told.append(f"{self.raw.where(body[0], 0)}: a row of tags (HXL) is not read")
            body = body[1:]
        body = self._without_notes(body)
        if self.raw.separator:
            whole_rows(self.raw, body, ["#"] * len(self.raw.rows[self.heading[-1]]), self.problems)
        rows = [row for row in body if not self._is_total(row)]
        for heading in self.layout.where:
            rows = self._where(heading, rows)
        self.problems.tell()
        self.kept = set(rows)
        return rows if self.layout.totals is None else body

    def _where(self, heading: str, rows: list[int]) -> list[int]:
        (keeps, texts), found = self.layout.where[heading], {row: self.cell(row, self.other["where", heading]) for row in rows}
        for text in texts:
            if not any(is_like(value, [text]) for value in found.values()):
                hint = did_you_mean(text, filter(None, found.values()))
                self.problems.add(locate(self.node, ("where", heading)), f"no row has '{text}' in '{heading}'", hint)
        kept = [row for row in rows if is_like(found[row], texts) == keeps]
        self.told.append(f"{counted(len(rows) - len(kept), 'rows')} left out by where: {heading}; {len(kept)} read")
        return kept

    def _without_notes(self, body: list[int]) -> list[int]:
        """Take off the texts that stand alone at the end, behind an empty row or a total."""
        end = len(body)
        while end and len({text for text in self.raw.rows[body[end - 1]] if text}) == 1:
            end -= 1
        while end < len(body) and not (end and (body[end] - body[end - 1] > 1 or self._is_total(body[end - 1]))):
            end += 1
        self.notes = [*dict.fromkeys(next(filter(None, self.raw.rows[row])) for row in body[end:])]
        return body[:end]

    def _is_total(self, row: int) -> bool:
        if self.layout.totals is None:
            return False
        column = self.other.get(("totals", "column"))
        columns = [k for name, k in self.at.items() if not self.spec(name).number] if column is None else [column]
        return any(is_like(self.cell(row, k), self.layout.totals.like) for k in columns)

    def spec(self, name: str) -> ColumnSpec:
        """Return what one of our columns is, that of a year included."""
        return self.target.columns[name.partition(".")[0]]

    def as_written(self, body: list[int]) -> Table:
        """Return the mapped columns of these rows, with decimal points and without what stands for nothing."""
        columns = list(self.at)
        for (row, column), said in self.raw.wrong.items():
            if column in self.known and row in body:
                self.problems.add(self.raw.where(row, column), *said)
        cells = [
            [self._figure(self.cell(row, k)) if self.spec(name).number else self.cell(row, k) for name, k in self.at.items()]
            for row in body
        ]

        def where(row: int, column: int) -> Place:
            return self.raw.where(self.heading[-1] if row == HEADING else body[row], self.at[columns[column]])

        self.problems.tell()
        table = Table(self.raw.name, columns, cells, where)
        decimal = self.node.get("decimal")
        if self.raw.separator not in ("", ",") or decimal is not None:
            sign = decimal if isinstance(decimal, Scalar) else None
            settle(table, self.target.numbers, sign, lambda row, column: self.raw.stored(body[row], self.at[columns[column]]))
        return table

    def _figure(self, text: str) -> str:
        return "" if text in self.layout.empty else WITHOUT_SPACES.sub("", text)

    def rows(self, table: Table, body: list[int]) -> list[Row]:
        """Hold the totals against the rows, and return the rows without them."""
        totals = [k for k, row in enumerate(body) if self._is_total(row)]
        for pattern in self.layout.totals.like if self.layout.totals else ():
            if not any(is_like(text, [pattern]) for k in totals for text in self.raw.rows[body[k]]):
                self.problems.add(locate(self.node, ("totals",)), f"no total is like '{pattern}'", "take it out, or name the column")
        if self.layout.totals and totals:
            figures = [k for k, name in enumerate(table.columns) if self.spec(name).number]
            equal = sum(hold(table, k, totals, self.layout.totals.within, self.problems, self.told) for k in figures)
            self.told.append(f"{counted(len(totals), 'totals')} left out, {counted(equal, 'figures')} of them equal to their rows")
        always = self._always()
        return [self._row(table.cells[k], row) | always for k, row in enumerate(body) if row in self.kept]

    def _always(self) -> Row:
        always = {name: ForeignCell(text, locate(self.node, ("always", name))) for name, text in self.layout.always.items()}
        for name in always:
            if name in self.at or name.partition(".")[0] not in self.target.columns:
                says = "is mapped too" if name in self.at else "is no column of this table"
                self.problems.add(locate(self.node, ("always", name)), f"'{name}' {says}", did_you_mean(name, self.target.columns))
        return always

    def _row(self, cells: list[str], row: int) -> Row:
        out = {name: ForeignCell(text, (row, self.at[name])) for name, text in zip(self.at, cells, strict=True)}
        if "source" in self.target.columns and "source" not in {**self.at, **self.layout.always}:
            texts = [(self.headings[k], self.cell(row, k)) for k in self.ignored]
            words = [f"{heading}: {text}" for heading, text in texts if any(map(str.isalpha, text))]
            out["source"] = ForeignCell("; ".join([*words, *self.notes]), (row, 0))
        return out | {f"#{'.'.join(key)}": ForeignCell(self.cell(row, k), (row, k)) for key, k in self.other.items()}

    def place(self, cell: ForeignCell) -> Place:
        """Return where a cell was written."""
        return cell.place if isinstance(cell.place, Place) else self.raw.where(*cell.place)


def is_tagged(cells: Sequence[str]) -> bool:
    """Say whether a row holds tags alone, as in humanitarian data."""
    return all(_TAG.fullmatch(text) for text in cells if text)


def is_like(text: str, patterns: Sequence[str]) -> bool:
    """Say whether a text is one of these, in which `*` stands for anything; capitals and spaces do not matter."""
    return any(fnmatchcase(folded(text), folded(pattern).replace("[", "[[]")) for pattern in patterns)


def quoted(text: str) -> str:
    """Write a text so that YAML reads it as one."""
    return (
        text if re.fullmatch(r"[^\W\d_](?:[\w ./()-]*[\w)])?", text) and text.lower() not in _WORDS else "'" + text.replace("'", "''") + "'"
    )
