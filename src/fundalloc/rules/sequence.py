"""One thing needs another first: skills before mobility, reintegration beside return.

    sum over years up to t of F   <=  share x sum over years up to t - lag of G        for each member and year t

F is `money`, G is `after`. `at_most: 50 %` with `lag: 1` means: by the end of any year, at most half as much for F as was
committed for G by the end of the year before. Members restrict `after` too, except in a dimension that it names itself; the
years always run. Money decided before the period counts only if it is in the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fundalloc.facts.dimensions import WORDS, opened
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped, Selection, Taken, runs
from fundalloc.rules._formula import Symbols
from fundalloc.rules._ledger import amounts_by_code, measured, open_shares
from fundalloc.rules.kind import Kind, Unplaced, example
from fundalloc.rules.statement import Codes, Demands, Measures, Rows, state_shares


class Sequence(Kind):
    """One thing needs another first: money that may only follow other money."""

    kind: ClassVar[str] = "sequence"
    relative: ClassVar[bool] = True
    own_words: ClassVar[tuple[str, ...]] = ("year",)
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example(
            "{partnership}: legal migration follows anti-smuggling by {year}",
            for_each="partnership",
            money={"area": "legal-pathways", "partnership": "north-africa"},
            after={"area": "smuggling"},
            at_most="80 %",
        ),
        example(
            "Returns come a year after development",
            money={"area": "returns", "instrument": "ndici"},
            after={"marker": "oda", "area": "legal-pathways"},
            lag="1",
            at_most="150 %",
        ),
    ]

    after: Selection
    """The money that must come first, such as {area: returns}."""
    lag: Annotated[int, Field(ge=0, le=20)] = 0
    """Years by which it must come earlier, such as 1."""

    def problems_in(self, lines: Lines) -> Iterator[Unplaced]:
        """Also: only an upper limit makes sense, the years are there already, and the first money must exist."""
        if "year" in self.for_each:
            yield ("for_each",), "a sequence runs over the years already", "take 'year' out of for_each"
            return
        if self.at_least or self.exactly:
            yield ("at_least" if self.at_least else "exactly",), "a sequence only has an upper limit", "write at_most"
        if not np.any(lines.select(self.after)):
            yield ("after",), "no allocation line can ever come first", "check the selection against the eligibility table"
        yield from super().problems_in(lines)

    def demands(self, lines: Lines) -> Demands:
        """One demand per member and year; the code is member x years + year."""
        once, years = super().demands(lines), lines.facts.years
        return Demands.of(
            (code * len(years) + t, (*name, str(year)), sense, figure)
            for code, name, sense, figure in zip(once.code.tolist(), once.member, once.sense, once.figure, strict=True)
            for t, year in enumerate(years)
        )

    def taken_of(self, lines: Lines) -> Taken:
        """What comes first, up to so many years earlier."""
        return Taken(self.after, None, self._restricted, self.lag)

    def formulas(self, write: Symbols) -> Iterator[str]:
        """All money up to a year against a share of what came first."""
        until = f"t-{self.lag}" if self.lag else "t"
        first = write.sum(self.after, over=self._restricted, until=until)
        return write.each(write.sum(self.money, self.unless, until="t"), lambda share, _: f"{share} * {first}")

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: cumulated money - share x cumulated earlier money against 0."""
        money, first = self._cumulated(lines)
        return state_shares(demands, money, (first, self._earlier(lines, demands)), [Fraction(0)] * len(demands), Fraction(0))

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Compare both cumulated sums, as fractions."""
        money, first = self._cumulated(lines)
        codes = demands.code, self._earlier(lines, demands)
        now, earlier = amounts_by_code(codes[0], money, steps), amounts_by_code(codes[1], first, steps)
        limits = [share * amount for share, amount in zip(demands.figure, earlier, strict=True)]
        return measured(now, limits, lambda: open_shares(codes, money, first, demands.figure, lines), earlier)

    def _cumulated(self, lines: Lines) -> tuple[Grouped, Grouped]:
        """Group both selections by member and year, every amount counted in its own year and all later ones."""
        members, count = self.members(lines, "year"), len(lines.facts.years)
        money = lines.group(self.money, members, unless=self.unless)
        return _spread(money, count, 0), _spread(lines.group(self.after, members, over=self._restricted), count, self.lag)

    def _earlier(self, lines: Lines, demands: Demands) -> Codes:
        """Return the code under which the earlier money of each demand is grouped."""
        return self.members(lines, "year").keep(self._restricted)[demands.code]

    @property
    def _restricted(self) -> frozenset[str]:
        """The dimensions in which members restrict `after`: all that it does not name, and the year."""
        return (frozenset(WORDS) - opened(self.after.named)) | {"year"}


def _spread(grouped: Grouped, years: int, lag: int) -> Grouped:
    """Repeat every entry for all years from its own plus `lag` to the last."""
    year = grouped.member % years
    entry, ahead = runs(np.maximum(years - year - lag, 0))
    member = grouped.member[entry] + lag + ahead
    return Grouped(member.astype(np.intp), grouped.line[entry], grouped.weight[entry])
