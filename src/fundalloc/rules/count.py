"""How many: at most three instruments per partnership, at least two areas per programme.

    number of members of `counting` with money  <=, >= or =  k            for each member of for_each

A member counts as active from `active` EUR million on; the plan gives the others nothing. Each is switched on or off, so
the program becomes mixed-integer. A soft rule costs its points per member too many or too few.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from fundalloc.facts.capacity import capacity, decided_money
from fundalloc.facts.fields import Amount, refuse
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.money import Exact, exact_product, exact_sums, plain
from fundalloc.rules._consequences import Counted
from fundalloc.rules._fields import ForEach
from fundalloc.rules._formula import Symbols
from fundalloc.rules._ledger import movable, within_reach
from fundalloc.rules.kind import Kind, Unplaced, example
from fundalloc.rules.statement import SWITCHES, Codes, Demands, Measures, Open, Rows, Sense, Switches, Unit, bounds, take


class Count(Kind):
    """How many members of a dimension receive money, at most or at least (integer)."""

    kind: ClassVar[str] = "count"
    unit: ClassVar[Unit] = Unit.MEMBERS
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("{partnership}: at most {limit} areas", for_each="partnership", counting="area", at_most="2", active="0.5"),
        example("{area}: {limit} partnerships or more", for_each="area", counting="partnership", at_least="2", active="1"),
    ]

    counting: ForEach
    """The dimension or tag group whose active members are counted, such as instrument."""
    active: Amount = Fraction(0)
    """EUR million from which a member counts as active; absent: one step, or any money where only an upper limit is asked; such as 0.5."""

    @field_validator("counting")
    @classmethod
    def _one_word(cls, counting: tuple[str, ...]) -> tuple[str, ...]:
        if len(counting) != 1:
            raise refuse("count one thing at a time", "name one dimension or tag group")
        return counting

    def problems_in(self, lines: Lines) -> Iterator[Unplaced]:
        """Also: whole numbers only, and the counted words are not repeated."""
        if set(self.counting) & set(self.for_each):
            yield ("counting",), f"'{self.counting[0]}' is repeated and counted", "count something else"
            return
        for at, figure in self.each_figure():
            if figure.value.denominator != 1:
                yield at, f"{figure} is no whole number", "count members"
        yield from super().problems_in(lines)

    @property
    def counted(self) -> Counted:
        """Members of `counting`, from `active` on."""
        return Counted(self.counting[0], "active", self.active)

    def enough(self, step: Fraction) -> Fraction:
        """Return from which amount on a member counts towards a lower limit, in EUR million."""
        return self.active or step

    def formulas(self, write: Symbols) -> Iterator[str]:
        """The switches of the counted members, added up, and what holds each to its money."""
        z, (part,) = f"z{write.index(*self.counting)}", map(write.letter, self.counting)
        yield from write.each(f"sum{{{part}}} {z}")
        anything = self.active == 0 and not (self.at_least or self.exactly)
        least = "0" if anything else f"{plain(self.enough(write.lines.facts.step))} * {z}"
        yield f"{least} <= {write.sum(self.money, self.unless, free=self.counting)} <= M * {z}, {z} in {{0, 1}}"

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: the sum of the switches of its counted members against the number.

        A member whose decided money can never reach `active` is on, whatever the plan does: `at_most` and `exactly` count it,
        and `at_least` is raised by it. One that can never have money is left out.
        """
        money, counted, owner = self._counted(lines)
        count = len(counted)
        room, decided = capacity(money, lines, count), decided_money(money, lines, count)
        each = Demands(np.arange(count), [()] * count, [Sense.AT_LEAST] * count, [self.enough(lines.facts.step)] * count)
        threshold = np.array([float(amount) for amount in within_reach(each, money, lines)])
        stuck = (decided > 0) & (room < threshold * (1 - 1e-9))
        never = (decided == 0) & ~movable(np.arange(count), money, lines)
        anything = self.active == 0 and not (self.at_least or self.exactly)  # then being on without money harms nobody
        least = np.where(stuck | anything, 0.0, threshold)
        switches = Switches(count, money.member, money.line, money.weight, np.maximum(room, threshold), least)
        counts = np.flatnonzero(~never)
        row, entry = take(demands.code, Grouped(owner[counts], counts, Exact.whole(len(counts))))
        switch = counts[entry]
        small = np.bincount(row, weights=stuck[switch], minlength=len(demands))
        short = np.array([s is Sense.AT_LEAST for s in demands.sense], dtype=bool)
        lower, upper = bounds(demands.sense, np.array([float(f) for f in demands.figure]) + np.where(short, small, 0.0))
        return Rows(lower, upper, row, switch, np.ones(len(row)), switches=switches, named={SWITCHES: slice(None)})

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Count: `at_most` and `exactly` count any money, `at_least` only `active` money."""
        money, counted, owner = self._counted(lines)
        sums = exact_sums(money.member, exact_product(steps[money.line], money.weight.numerator), len(counted))
        least = ceil(self.enough(lines.facts.step) / lines.facts.step * money.weight.denominator)
        size = int(max(owner.max(initial=-1), demands.code.max(initial=-1))) + 1
        some, enough = np.bincount(owner, weights=sums > 0, minlength=size), np.bincount(owner, weights=sums >= least, minlength=size)
        amount = [int((enough if sense is Sense.AT_LEAST else some)[code]) for code, sense in zip(demands.code, demands.sense, strict=True)]
        return Measures(amount, [int(f) for f in demands.figure], 1, lambda: self._open(lines, demands), counted=True)

    def _open(self, lines: Lines, demands: Demands) -> Open:
        """Money can make members active, and none that is active inactive."""
        money, counted, owner = self._counted(lines)
        active = owner[movable(np.arange(len(counted)), money, lines)]
        return Open(np.isin(demands.code, active), np.zeros(len(demands), dtype=bool))

    def _counted(self, lines: Lines) -> tuple[Grouped, Codes, Codes]:
        """Return the money by counted member (numbered), the code of each, and the member that it counts for."""
        members, money = self.members(lines, *self.counting), self.own_money(lines, *self.counting)
        counted, position = np.unique(money.member, return_inverse=True)
        return Grouped(position.astype(np.intp), money.line, money.weight), counted, counted // members.sizes[-1]
