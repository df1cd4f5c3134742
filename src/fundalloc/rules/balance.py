"""Fair shares: no member's coverage far from the average coverage.

    E_m  >=, <= or =  share x N_m x E / N            for each member with need

E_m is the coverage money of the member, the sum of effectiveness x amount; N_m is its need; E and N are the sums over
all members. `at_least: 60 %` means: nobody is covered less than 60 % as well as the average.
`exactly` leaves the coverage money one rounding step of room on either side.

A member is whoever has a need and a line that counts in `money`: one that may receive money, or one with money decided for
it, a partner's given money included. Its need is all of its need under `money` and `unless`. So a member with given money
alone counts in the average too, and a lower limit for it can only be kept by holding the others down: `fundalloc check`
warns of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import and_more
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped, Members
from fundalloc.rules._formula import Symbols
from fundalloc.rules._ledger import amounts_by_code, measured, movable, open_shares
from fundalloc.rules.kind import Kind, Unplaced, example
from fundalloc.rules.statement import Codes, Demands, Measures, Open, Rows, Sense, state_shares, take


class Balance(Kind):
    """Fair shares: no member's coverage far from the average coverage."""

    kind: ClassVar[str] = "balance"
    relative: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("{partnership}: a fair share", for_each="partnership", at_least="60 %", at_most="170 %"),
        example("{area}: not left behind", for_each="area", money={"partnership": "level:bilateral"}, at_least="50 %"),
    ]

    def problems_in(self, lines: Lines) -> Iterator[Unplaced]:
        """Also: needs belong to partnerships and areas, so only these can be balanced, and somebody must have a need."""
        members = self.members(lines)
        owners = set(members.owners)
        if not owners or owners - {"partnership", "area", "action"}:
            hint = "repeat for each partnership, area, or a tag group of these"
            yield ("for_each",), "needs are known per partnership and area only", hint
            return
        area, needs = lines.facts.dimensions.area, lines.facts.needs.area
        parts = [members.masks[k] for k, owner in enumerate(members.owners) if owner in ("area", "action")]
        for whole in area.covers[np.unique(needs[area.split[needs]])]:
            if any(len(np.unique(mask[whole])) > 1 for mask in (self.money.masks(lines.facts.dimensions)[2], *chain(*parts))):
                says = f"the need of '{area.ids[whole.argmax()]}' is that of all its actions"
                yield ("for_each",), says, "repeat for each area, or state the needs of the actions"
        if self.money.marker:
            yield ("money",), "a balance compares coverage; a marker has no need", "drop the marker"
        if len(super().present(lines, members)) and not len(self.present(lines, members)):
            yield ("money",), "no member of this rule has a need", "add needs, or switch the rule off"
            return
        yield from super().problems_in(lines)

    def remarks_on(self, lines: Lines) -> Iterator[Unplaced]:
        """Yield members whose money is all decided, where a lower limit would hold the others down."""
        demands, money = self.demands(lines), self._coverage_money(lines)
        stuck = ~movable(demands.code, money, lines)
        floors = zip(demands.member, demands.sense, stuck, strict=True)
        names = ["|".join(name) for name, sense, decided in floors if decided and sense is not Sense.AT_MOST]
        if names and not self.watch:
            who = " ".join([f"'{names[0]}'", *and_more(names, 1), "have" if names[1:] else "has"])
            says = f"{who} decided money alone: the lower limit can only be kept by holding the others down"
            yield ("money",), says, "take such members out with 'unless', or watch the rule"

    def present(self, lines: Lines, members: Members) -> Codes:
        """Members with both money and need."""
        need = self._needs(lines, members)
        return np.array([code for code in super().present(lines, members) if need.get(int(code), Fraction(0)) > 0], dtype=np.intp)

    def formulas(self, write: Symbols) -> Iterator[str]:
        """What is met by the member's money against a share of what its need would get on average."""
        own = write.index()
        yield from write.each(f"E{own}", lambda share, _: f"{share} * N{own} * sum E / sum N")
        yield f"E{own} = {write.sum(self.money, self.unless, of='e[i,a] * x')}"
        yield f"N{own} = {write.sum(self.money, self.unless, of='n', has=('partnership', 'area'))}"

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: E_m - share x N_m / N x E against 0, with E as one shared total."""
        money, base, share = self._stated(lines, demands)
        return state_shares(replace(demands, figure=share), money, base, [Fraction(0)] * len(demands), lines.facts.step, together=True)

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Compare each member's coverage money with its share of the average, as fractions."""
        money = self._coverage_money(lines)
        everyone = self.present(lines, self.members(lines))
        total = sum(amounts_by_code(everyone, money, steps), Fraction(0))
        need = self._needs(lines, self.members(lines))
        whole = sum((need[int(code)] for code in everyone), Fraction(0))
        average = [total * need[int(c)] / whole for c in demands.code]
        limits = [f * a for f, a in zip(demands.figure, average, strict=True)]
        amounts = amounts_by_code(demands.code, money, steps)
        return measured(amounts, limits, lambda: self._open(lines, demands), average, banded=True)

    def _open(self, lines: Lines, demands: Demands) -> Open:
        """Everybody's money moves the average."""
        money, (everyone, codes), share = self._stated(lines, demands)
        return open_shares((demands.code, codes), money, everyone, share, lines)

    def _stated(self, lines: Lines, demands: Demands) -> tuple[Grouped, tuple[Grouped, Codes], list[Fraction]]:
        """Return coverage money by member, everyone's with the one code that all demands share, and each demand's share of it."""
        money, members = self._coverage_money(lines), self.members(lines)
        everyone, need = self.present(lines, members), self._needs(lines, members)
        _, entry = take(everyone, money)
        together = Grouped(np.zeros(len(entry), dtype=np.intp), money.line[entry], money.weight[entry])
        whole = sum((need[int(code)] for code in everyone), Fraction(0))
        share = [figure * need[int(code)] / whole for figure, code in zip(demands.figure, demands.code, strict=True)]
        return money, (together, np.zeros(len(demands), dtype=np.intp)), share

    def _coverage_money(self, lines: Lines) -> Grouped:
        money = self.own_money(lines)
        effectiveness = lines.facts.effectiveness[lines.instrument[money.line], lines.area[money.line]]
        return Grouped(money.member, money.line, money.weight * effectiveness)

    def _needs(self, lines: Lines, members: Members) -> dict[int, Fraction]:
        """Return {member code: need in EUR million} over the partnerships and areas that `money` selects and `unless` leaves."""
        needs = lines.facts.needs
        _, partnerships, areas, _ = self.money.masks(lines.facts.dimensions)
        counts = partnerships[needs.partnership] & areas[needs.area]
        if self.unless is not None and not self.unless.named & {"instrument", "year"}:
            _, partnerships, areas, _ = self.unless.masks(lines.facts.dimensions)
            counts &= ~(partnerships[needs.partnership] & areas[needs.area])
        rows, code = members.covering(needs, np.flatnonzero(counts))
        out: dict[int, Fraction] = {}
        for member, k in zip(code, rows, strict=True):
            out[int(member)] = out.get(int(member), Fraction(0)) + Fraction(int(needs.need.numerator[k]), needs.need.denominator)
        return out
