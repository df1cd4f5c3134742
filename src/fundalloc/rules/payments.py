"""Yearly payment ceilings: what earlier and new commitments cost in cash.

    sum over instruments i and years u <= t of  profile_i(t-u) x X_iu  +  outstanding_t   <=  limit        for each year t

X_iu are the commitments of `money` in year u, `profile_i` is the instrument's `payment_profile`: the share of a
commitment that is paid in its own year, the next, and so on. `outstanding` is what commitments from before the
period still cost in each year; without it the instruments' own `outstanding` counts, where the rule looks at whole
instruments (at no partnership, area, year, marker or exception: nobody knows their part of it).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fundalloc.facts.fields import ByYear
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.money import Figure
from fundalloc.rules._formula import Symbols
from fundalloc.rules._ledger import amounts_by_code, measured, open_sums
from fundalloc.rules.kind import Kind, Unplaced, example
from fundalloc.rules.statement import Codes, Demands, Measures, Rows, state_sums


class Payments(Kind):
    """Yearly payment ceilings: what earlier and new commitments cost in cash."""

    kind: ClassVar[str] = "payments"
    own_words: ClassVar[tuple[str, ...]] = ("year",)
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example(
            "{instrument}: payments in {year}",
            for_each="instrument",
            money={"instrument": "ndici"},
            outstanding={"2025": "4", "2026": "2.5"},
            at_most="20",
        ),
        example(
            "Payments for bilateral partners in {year}",
            money={"instrument": ["ndici", "amif"], "partnership": "level:bilateral"},
            at_most="25",
        ),
    ]

    outstanding: ByYear = Field(default_factory=dict)
    """EUR million that commitments from before the period cost in each year; absent: what instruments say; such as {2025: 12, 2026: 6}."""

    def problems_in(self, lines: Lines) -> Iterator[Unplaced]:
        """Also: every instrument that counts needs a payment profile, and the years are there already."""
        if "year" in self.for_each:
            yield ("for_each",), "payments run over the years already", "take 'year' out of for_each"
            return
        facts = lines.facts
        picked = lines.select(self.money)
        if self.unless is not None:
            picked &= ~lines.select(self.unless)
        for k in np.unique(lines.instrument[picked]):
            if not facts.instruments[int(k)].payment_profile:
                says = f"instrument '{facts.instruments[int(k)].id}' has no payment_profile"
                yield ("money",), says, "write one, such as [20 %, 50 %, 30 %]"
        for year in self.outstanding:
            if year and year not in facts.years:
                hint = f"the years are {facts.years[0]} to {facts.years[-1]}"
                yield ("outstanding", str(year)), f"the year {year} is outside the period", hint
        yield from super().problems_in(lines)

    @property
    def keyed(self) -> tuple[str, ...]:
        """Figures may stand per member, per year, or per member and year."""
        return self.words

    def demands(self, lines: Lines) -> Demands:
        """One demand per member and year with a figure; the code is member x years + year."""
        members, years = self.members(lines), [str(year) for year in lines.facts.years]
        codes = self.present(lines, members)
        return self.asked(
            [
                (code * len(years) + t, (*name, year))
                for code, name in zip(codes.tolist(), members.names(codes), strict=True)
                for t, year in enumerate(years)
            ]
        )

    @property
    def due(self) -> Mapping[int, Fraction]:
        """What was written under `outstanding`."""
        return self.outstanding

    def member_key(self, member: tuple[str, ...], written: Mapping[str, Figure]) -> str:
        """The member and its year, or the year alone where figures stand by year."""
        keys = "|".join(member), member[-1]
        return next((key for key in keys if key in written), keys[0] if self.for_each else keys[1])

    def formulas(self, write: Symbols) -> Iterator[str]:
        """What is paid of all commitments so far, and what is due from before."""
        return write.each(f"{write.sum(self.money, self.unless, of='pay[i,t-u] * x', until='t')} + due{write.index()}")

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: payments from new commitments against the limit less what is outstanding."""
        paid = self._payments(lines)
        room = [figure - due for figure, due in zip(demands.figure, self._due(lines, demands.code), strict=True)]
        return state_sums(demands, paid, room)

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Add up payments exactly; the amount contains what is outstanding."""
        paid, step = self._payments(lines), lines.facts.step
        due = [d / step for d in self._due(lines, demands.code)]
        amounts = [amount + d for amount, d in zip(amounts_by_code(demands.code, paid, steps), due, strict=True)]
        return measured(amounts, [figure / step for figure in demands.figure], lambda: open_sums(demands.code, paid, lines))

    def _due(self, lines: Lines, codes: Codes) -> list[Fraction]:
        """Return what earlier commitments cost in the year of each demand, in EUR million."""
        years, members = lines.facts.years, self.members(lines)
        when = [years[int(code) % len(years)] for code in codes]
        parts = self.money.named - {"instrument"} or set(members.owners) - {"instrument"} or self.money.marker or self.unless
        if self.outstanding or parts:
            return [self.outstanding.get(year, self.outstanding.get(0, Fraction(0))) for year in when]
        chosen = self.money.masks(lines.facts.dimensions)[0] & [i.counts != "memo" for i in lines.facts.instruments]
        due = []
        for year, name in zip(when, members.names(codes // len(years)), strict=True):
            covered = [masks[labels.index(label)] for label, labels, masks in zip(name, members.labels, members.masks, strict=True)]
            mine = np.flatnonzero(np.logical_and.reduce([chosen, *covered]))
            due.append(sum((lines.facts.instruments[int(k)].outstanding.get(year, Fraction(0)) for k in mine), Fraction(0)))
        return due

    def _payments(self, lines: Lines) -> Grouped:
        """Group commitments by member and year of payment, weighted by the profile."""
        money = self.own_money(lines, "year")
        profiles, count = lines.facts.payment_profiles, len(lines.facts.years)
        length = profiles.numerator.shape[1]
        instrument, year = lines.instrument[money.line], money.member % count
        entry = np.repeat(np.arange(len(money)), length)
        lag = np.tile(np.arange(length), len(money))
        inside = (year[entry] + lag < count) & (profiles.numerator[instrument[entry], lag] != 0)
        entry, lag = entry[inside], lag[inside]
        share = profiles[instrument[entry], lag]
        return Grouped((money.member[entry] + lag).astype(np.intp), money.line[entry], money.weight[entry] * share)
