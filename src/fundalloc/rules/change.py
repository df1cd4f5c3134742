"""Smooth funding: how far an amount may rise or fall from one year to the next.

    F_t  <=  share x F_(t-1) + plus        F_t  >=  share x F_(t-1) - plus        for each member and pair of years

`at_most: 130 %` allows 30 % growth, `at_least: 80 %` a fall of 20 %; `plus` is room in EUR million on top, so that
something can start from nothing. `exactly` leaves one rounding step of room on either side instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.fields import Amount
from fundalloc.facts.lines import Lines
from fundalloc.money import Figure, ceil_steps, plain
from fundalloc.rules._consequences import Loosening, Missed, Setting
from fundalloc.rules._formula import Symbols
from fundalloc.rules._ledger import amounts_by_code, measured, open_shares
from fundalloc.rules.kind import Kind, Unplaced, example
from fundalloc.rules.statement import Demands, Measures, Rows, Sense, state_shares


class Change(Kind):
    """Smooth funding: how far an amount may rise or fall from one year to the next."""

    kind: ClassVar[str] = "change"
    relative: ClassVar[bool] = True
    figures_said: ClassVar[tuple[str, ...]] = (*Kind.figures_said, "plus")
    own_words: ClassVar[tuple[str, ...]] = ("year",)
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("{partnership}: steady", for_each="partnership", at_least="80 %", at_most="130 %", plus="2"),
        example("{instrument}: steady", for_each=["instrument"], money={"marker": "oda"}, at_most="150 %"),
    ]

    plus: Amount = Fraction(0)
    """EUR million of room on top of the share, such as 1.5."""

    def own_figures(self) -> Mapping[str, Figure]:
        """The room on top."""
        return {"plus": Figure(self.plus, percent=False)}

    def problems_in(self, lines: Lines) -> Iterator[Unplaced]:
        """Also: the years are already there, and two of them must follow each other."""
        if "year" in self.for_each:
            yield ("for_each",), "a change runs over the years already", "take 'year' out of for_each"
            return
        yield from super().problems_in(lines)
        years = self.money.masks(lines.facts.dimensions)[3]
        if self.money.year is not None and not np.any(years[1:] & years[:-1]):
            yield ("money",), "a change needs two years that follow each other", "name more years, or use kind amount"

    def demands(self, lines: Lines) -> Demands:
        """One demand per member, sense and year after the first; the member's last label is the year."""
        once = super().demands(lines)
        years = lines.facts.years
        count = len(years)
        money = self.own_money(lines, "year")
        has_lines = np.zeros((once.code.max(initial=-1) + 1, count), dtype=bool)
        inside = money.member < has_lines.size
        has_lines.ravel()[money.member[inside]] = True
        selected = self.money.masks(lines.facts.dimensions)[3]
        asked = (has_lines[:, 1:] | has_lines[:, :-1])[once.code] & selected[1:] & selected[:-1]
        demand, earlier = np.nonzero(asked)
        names, which = [str(year) for year in years], demand.tolist()
        return Demands(
            once.code[demand] * count + earlier + 1,
            [(*once.member[k], names[t + 1]) for k, t in zip(which, earlier.tolist(), strict=True)],
            [once.sense[k] for k in which],
            [once.figure[k] for k in which],
        )

    def loosened(self, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
        """Widen the room on top; an exact rule has none."""
        if found[0].sense is Sense.EXACTLY:
            return None
        step = setting.lines.facts.step
        wider = self.plus + ceil_steps(max(abs(missed.amount - missed.limit) for missed in found), step) * step
        says = f"widen the room of “{self.said_of_all(setting.language)}” from {setting.money(self.plus)} to {setting.money(wider)}"
        return Loosening(says, f"rules.{self.id}.plus", plain(wider))

    def formulas(self, write: Symbols) -> Iterator[str]:
        """A year against a share of the year before, with room on top."""
        now, room = f"F{write.index()}", f" {plain(self.plus)}"
        signs = {Sense.AT_LEAST: " -", Sense.AT_MOST: " +", Sense.EXACTLY: ""}
        before = f"{now.removesuffix('t]')}t-1]"
        yield from write.each(now, lambda share, side: f"{share} * {before}{(signs[side] + room) * bool(self.plus and signs[side])}")
        yield f"{now} = {write.sum(self.money, self.unless, free=('year',))}"

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: F_t - share x F_(t-1) against plus or minus `plus`."""
        money = self.own_money(lines, "year")
        sign = {Sense.AT_LEAST: -1, Sense.AT_MOST: 1, Sense.EXACTLY: 0}
        room = [sign[s] * self.plus for s in demands.sense]
        return state_shares(demands, money, (money, demands.code - 1), room, lines.facts.step)

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Compare each year with the year before, as fractions."""
        money = self.own_money(lines, "year")
        codes = demands.code, demands.code - 1
        now, past = (amounts_by_code(code, money, steps) for code in codes)
        plus = self.plus / lines.facts.step
        sign = {Sense.AT_LEAST: -1, Sense.AT_MOST: 1, Sense.EXACTLY: 0}
        limits = [f * p + sign[s] * plus for f, p, s in zip(demands.figure, past, demands.sense, strict=True)]
        return measured(now, limits, lambda: open_shares(codes, money, money, demands.figure, lines), past, banded=True)
