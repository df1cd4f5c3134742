"""Reassignments: how much may rise above a plan, added up over its parts, while others of them fall.

    sum over parts p of max(0, F_p - plan_p)  <=  share x plan        for each member

The parts are the members of `between`. With `for_each: [instrument, partnership, year]` and `between: area` that is the second limb of the
flexibility clause of financing decisions. The plan is the baseline, wherever its lines are today; each rise is a column of the rule's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.capacity import capacity, decided_money
from fundalloc.facts.fields import refuse
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.money import Exact
from fundalloc.rules._fields import ForEach
from fundalloc.rules._formula import Symbols
from fundalloc.rules._from_baseline import FromBaseline
from fundalloc.rules._ledger import amounts_by_code, measured, open_sums
from fundalloc.rules.kind import example
from fundalloc.rules.statement import Between, Codes, Demands, Measures, Rows, take


class Reassignment(FromBaseline):
    """How much may rise above a plan, added up over its parts, while others of them fall."""

    kind: ClassVar[str] = "reassignment"
    relative: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("{partnership}: at most {limit} moved between areas", for_each="partnership", between="area", at_most="20 %"),
        example("At most {limit} moved between years", money={"instrument": "ndici"}, between="year", at_most="50 %"),
    ]

    between: ForEach
    """The parts whose increases are added up, such as area."""

    def limits_written(self) -> None:
        """Only an upper limit makes sense."""
        if self.at_most is None or self.at_least or self.exactly:
            raise refuse("a reassignment has an upper limit, and no other", "write at_most")

    def formulas(self, write: Symbols) -> Iterator[str]:
        """The rises, added up, against a share of the plan."""
        money, (part,) = self.in_plan(write.lines), map(write.letter, self.between)
        now, plan = (write.sum(money, self.unless, free=self.between, of=of) for of in ("x", "x0"))
        whole = write.sum(money, self.unless, of="x0")
        return write.each(f"sum{{{part}}} max(0, {now} - {plan})", lambda share, _: f"{share} * {whole}")

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: its rises against a share of its plan; every part lies at most its rise above its own plan."""
        parts, plans, owner = self._parts(lines)
        plan, every = np.array([float(p) for p in plans]), np.arange(len(plans))
        decided, most = (np.maximum(f(parts, lines, len(plans)) - plan, 0.0) for f in (decided_money, capacity))
        place, column = np.concatenate([parts.member, every]), np.concatenate([parts.line, every])
        value = np.concatenate([parts.weight.values, -np.ones(len(plans))])
        says = Rows(np.full(len(plans), -np.inf), plan, place, column, value, named={"rise": slice(len(parts), None)})
        none, (row, rise) = np.full(len(demands), -np.inf), take(demands.code, Grouped(owner, every, Exact.whole(len(plans))))
        limit = np.array([float(share * p) for share, p in zip(demands.figure, self.own_baseline(lines, demands.code), strict=True)])
        own = {"rise": Between(np.zeros(len(plans)), most, decided)}
        return Rows(none, limit, row, rise, np.ones(len(row)), named={"rise": slice(None)}, auxiliary=own, defining=says)

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Add up what rises, as fractions."""
        parts, plans, owner = self._parts(lines)
        step, risen = lines.facts.step, dict.fromkeys(owner.tolist(), Fraction(0))
        for member, amount, plan in zip(owner.tolist(), amounts_by_code(np.arange(len(plans)), parts, steps), plans, strict=True):
            risen[member] += max(amount - plan / step, Fraction(0))
        base = [plan / step for plan in self.own_baseline(lines, demands.code)]
        limits = [share * plan for share, plan in zip(demands.figure, base, strict=True)]
        moves = Grouped(owner[parts.member], parts.line, parts.weight)
        return measured([risen[code] for code in demands.code.tolist()], limits, lambda: open_sums(demands.code, moves, lines), base)

    def _parts(self, lines: Lines) -> tuple[Grouped, list[Fraction], Codes]:
        """Return the money by part (numbered), what the plan gives each in EUR million, and the member to which it belongs."""
        money, sizes = self.own_money(lines, *self.between), self.members(lines, *self.between).sizes
        codes, position = np.unique(money.member, return_inverse=True)
        parts = Grouped(position.astype(np.intp), money.line, money.weight)
        return parts, self.own_baseline(lines, codes, *self.between), codes // prod(sizes[len(self.for_each) :])
