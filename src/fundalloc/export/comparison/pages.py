"""What every sheet of a comparison needs to know: the words, the headings of the sides, and how sums are spelt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from fundalloc.compare.attribution import Attribution
from fundalloc.compare.comparison import Comparison, Pair
from fundalloc.compare.outcome import BUDGET
from fundalloc.export.workbook.book import DIMENSIONS, distinct, quoted, safe_codes
from fundalloc.export.workbook.content import Cell, Column, Formula
from fundalloc.export.workbook.sheet_maker import SheetMaker
from fundalloc.export.workbook.spelling import here, whole_column
from fundalloc.labels import label
from fundalloc.plan.sums import PLACES
from fundalloc.scenario.plans.amounts import LineKey

LINES = "Lines"
"""The table that all sums add up."""
Live = Callable[[int | str], str]
Total = Callable[[str, Sequence[Fraction]], tuple[Cell, ...]]


@dataclass(frozen=True)
class Pages(SheetMaker):
    """One comparison, one language."""

    found: Comparison
    language: str
    catalogue = "comparison"

    def word(self, key: str, **values: object) -> str:
        """Return a text that the workbook of a plan has too, under `workbook`."""
        return label(f"workbook.{key}", self.language, **values)

    def sheet_text(self, sheet: str, part: str, **values: object) -> str:
        """Return the name, title or sentence of a sheet."""
        return self.say(f"sheet.{sheet}.{part}", first=self.sides[0], **values)

    @property
    def heading(self) -> str:
        """The title of the comparison."""
        return self.say("heading", first=self.found.first.name, others=", ".join(side.name for side in self.found.sides[1:]))

    @property
    def years(self) -> Sequence[str]:
        """The years of all sides."""
        return self.found.years

    @property
    def illustrative(self) -> bool:
        """Whether any side holds illustrative data."""
        return any(side.inputs is not None and side.inputs.scenario.head.illustrative for side in self.found.sides)

    @property
    def marking(self) -> str:
        """How the pages are marked: as the first side that says so."""
        for side in self.found.sides:
            marking = side.inputs.scenario.head.output.marking if side.inputs else None
            if marking:
                return marking.within(self.language)
        return self.word("scenario_state.draft")

    @cached_property
    def sides(self) -> list[str]:
        """A heading per side, unlike all other headings."""
        return distinct([side.name for side in self.found.sides], self._taken)

    @cached_property
    def changes(self) -> list[str]:
        """A heading per change against the first side."""
        return distinct([self.say("change_of", side=name) for name in self.sides[1:]], [*self._taken, *self.sides])

    @cached_property
    def needed(self) -> dict[int, str]:
        """A heading per side of whose change it is known what is needed, by the side's position."""
        names = distinct([self.say("needed_of", side=name) for name in self.sides[1:]], [*self._taken, *self.sides, *self.changes])
        return {k: names[k - 1] for k, pair in enumerate(self.found.pairs, start=1) if pair.needed is not None}

    @property
    def all_needed(self) -> bool:
        """Whether it is known of every side what of its change is needed."""
        return len(self.needed) == len(self.found.pairs)

    def moving(self, side: int) -> str:
        """Return the heading of what must move, or of the whole change where that is not known."""
        return self.needed.get(side, self.changes[side - 1])

    @property
    def _taken(self) -> list[str]:
        keys = ("instrument", "partnership", "area", "action", "year", "marker", "kind_of_money", "line_key", "indicator", "comment")
        return [self.title(key) for key in (*keys, *(f"{name}_id" for name in (*DIMENSIONS, "action")))]

    @property
    def attributions(self) -> list[tuple[Pair, Attribution]]:
        """The pairs of which it is known which change moved what."""
        return [(pair, pair.attribution) for pair in self.found.pairs if isinstance(pair.attribution, Attribution)]

    def short(self, pair: Pair) -> str:
        """Return the heading of a pair's second side."""
        return self.sides[self.found.sides.index(pair.b)]

    @cached_property
    def keys(self) -> list[LineKey]:
        """All lines that hold money in any side, in the order of their names."""
        plans = [side.outcome for side in self.found.sides]
        plans += [pair.closest for pair in self.found.pairs if not isinstance(pair.closest, str)]
        keys = dict.fromkeys(key for plan in plans for key in plan.amounts)
        places = [{row.member: k for k, row in enumerate(self.found.rows(name))} for name in (*DIMENSIONS, "year")]
        named = {key: (*key[:2], self.found.within.get(key[2], key[2]), key[3]) for key in keys}
        return sorted(keys, key=lambda key: tuple(place.get(member, len(place)) for place, member in zip(places, named[key], strict=True)))

    def members(self, keys: Sequence[Sequence[str]]) -> dict[str, list[str]]:
        """Return what names lines, by dimension: actions too, where areas hold some."""
        out = {name: [key[k] for key in keys] for k, name in enumerate(DIMENSIONS)}
        within = self.found.within
        return {**out, "area": [within.get(area, area) for area in out["area"]], "action": out["area"]} if within else out

    @cached_property
    def codes(self) -> dict[str, dict[str, str]]:
        """Ids as they stand in cells."""
        return {name: safe_codes(list(dict.fromkeys(found))) for name, found in self.members(self.keys).items()}

    def code(self, dimension: str, member: str) -> str:
        """Return an id as it stands in cells."""
        return self.codes.get(dimension, {}).get(member, member)

    def names_of(self, dimension: str, members: Iterable[str], width: float, totals: tuple[Cell, ...] = ()) -> Column:
        """Return the column of the names of members."""
        return self.column(dimension, "text", [self.found.name(dimension, member) for member in members], totals, width)

    def ids_of(self, dimension: str, members: Iterable[str]) -> Column:
        """Return the column of ids that formulas look members up by."""
        return self.column(f"{dimension}_id", "code", [self.code(dimension, member) for member in members], printed=False)

    def side_by_side(
        self,
        table: str,
        rows: Sequence[tuple[Fraction, ...]],
        needed: Mapping[int, Sequence[Fraction]],
        live: Live,
        total: Total,
    ) -> Iterator[Column]:
        """Yield a column per side, one per change against the first side, and what of each change is needed where that is known.

        `rows` hold amounts per side, `needed` those by side, `live` returns the formula of a side or of another column of the
        lines, nothing where amounts are given, `total` what stands below a heading. Changes are live differences, rounded
        where floating-point dust begins: counts and extremes of them do not hang on it.
        """
        given = not live(0)
        for k, name in enumerate(self.sides):
            amounts = [row[k] for row in rows]
            yield self.column("", "money", _cells(live(k), amounts), total(name, amounts), heading=name, given=given)
        first = self.here(table, self.sides[0])
        for k, name in enumerate(self.changes, start=1):
            text, changes = f"ROUND({self.here(table, self.sides[k])}-{first},{PLACES})", [row[k] - row[0] for row in rows]
            yield self._change(name, _cells(text, changes), total(name, changes))
        for k, name in self.needed.items():
            text = live(name)
            yield self._change(name, _cells(text and f"ROUND({text},{PLACES})", needed[k]), total(name, needed[k]), given)

    def _change(self, heading: str, cells: Iterable[Cell], totals: tuple[Cell, ...], given: bool = False) -> Column:
        return self.column("", "change", cells, totals, max(14.0, len(heading) * 0.75), mark="change", heading=heading, given=given)

    def all(self, table: str, heading: str) -> str:
        """Return the reference to a whole column."""
        return whole_column(table, heading)

    def here(self, table: str, heading: str) -> str:
        """Return the reference to a column in the formula's own row."""
        return here(table, heading)

    def sum_of_lines(self, side: int | str, *criteria: tuple[str, str], kind: str | None = BUDGET) -> str:
        """Return SUMIFS over a side's lines, or another column of the lines; criteria are pairs of column key and formula text."""
        wanted = [*criteria, *([("kind_of_money", quoted(self.kind(kind)))] if kind else [])]
        conditions = ",".join(f"{self.all(LINES, self.title(key))},{text}" for key, text in wanted)
        column = self.all(LINES, self.sides[side] if isinstance(side, int) else side)
        return f"SUMIFS({column},{conditions})" if wanted else f"SUM({column})"

    def kind(self, kind: str) -> str:
        """Return the word for a kind of money."""
        return self.word(f"counts.{kind}")

    def kind_of(self, instrument: str) -> str:
        """Return the word for an instrument's kind of money."""
        return self.kind(self.found.kind(instrument))


def _cells(text: str, amounts: Sequence[Fraction]) -> list[Cell]:
    """Return amounts with one formula, or as they are where it is empty."""
    return [Formula(f"={text}", float(amount)) if text else float(amount) for amount in amounts]
