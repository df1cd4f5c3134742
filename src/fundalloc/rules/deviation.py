"""Near a plan: re-programming inside the flexibility clause, or "20 % more than now".

    plan - min(share x plan, amount)  <=  sum of money  <=  plan + min(share x plan, amount)        for each member

with `within: 20 %` and `amount: 10`; either may be left out. One-sided: `at_least: 120 %` or `at_most: 90 %` of the
plan's amount. The plan is the baseline of the scenario. Its amount is all that it gave to the selection, also on lines
that may receive nothing any more: money that was taken from there can go elsewhere in the selection. `fundalloc check`
says how much that is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.fields import Amount, Relative, refuse
from fundalloc.facts.lines import Lines
from fundalloc.money import Figure, ceil_steps, percent, plain
from fundalloc.rules._consequences import BaselineRoom, Loosening, Missed, Setting, outwards, share_in_file
from fundalloc.rules._formula import Symbols
from fundalloc.rules._from_baseline import FromBaseline
from fundalloc.rules._ledger import amounts_by_code, measured, open_sums
from fundalloc.rules.kind import example
from fundalloc.rules.statement import Demands, Measures, Rows, Sense, state_sums


class Deviation(FromBaseline):
    """Near a plan: re-programming inside the flexibility clause, or so much more than now."""

    kind: ClassVar[str] = "deviation"
    relative: ClassVar[bool] = True
    figures_said: ClassVar[tuple[str, ...]] = ("at_least", "at_most", "within", "amount")
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("{partnership}: within the flexibility clause", for_each="partnership", within="20 %", amount="10"),
        example("Returns: {limit} of what they get now", money={"area": "returns"}, at_least="120 %"),
    ]

    within: Relative | None = None
    """Share of the plan's amount by which it may change, up or down, such as 20 %."""
    amount: Amount | None = None
    """EUR million by which it may change, up or down; with `within` the smaller of both; such as 10."""

    @property
    def corridor(self) -> BaselineRoom | None:
        """The room around the plan of a two-sided rule."""
        return None if self.within is None and self.amount is None else BaselineRoom(self.within, self.amount)

    def limits_written(self) -> None:
        """Two-sided or one-sided, not both, and never `exactly`."""
        if self.exactly:
            raise refuse("a deviation has no 'exactly'", "write within: 0 % to keep the plan's amount", ("exactly",))
        if self.corridor and (self.at_least or self.at_most):
            raise refuse("'within' or 'amount' beside a one-sided limit", "keep one of them")
        if self.corridor is None and not (self.at_least or self.at_most):
            raise refuse("no limit", "write within, amount, at_least or at_most")

    def limits(self) -> list[tuple[Sense, dict[str, Figure]]]:
        """A two-sided rule asks both senses of every member."""
        if self.corridor is None:
            return super().limits()
        room = {"": Figure(Fraction(1) if self.within is None else self.within, percent=True)}
        return [(Sense.AT_LEAST, room), (Sense.AT_MOST, room)]

    def own_figures(self) -> Mapping[str, Figure]:
        """The corridor: a share, EUR million, or both."""
        share = {} if self.within is None else {"within": Figure(self.within, percent=True)}
        return share if self.amount is None else {**share, "amount": Figure(self.amount, percent=False)}

    def limit_said(self, own: Mapping[str, str]) -> str:
        """Of a corridor: its share and its amount."""
        return " / ".join(own.values())

    def loosened(self, setting: Setting, found: Sequence[Missed]) -> Loosening | None:
        """Widen the corridor around the plan, or move a one-sided limit."""
        if self.corridor is None:
            return super().loosened(setting, found)
        if any(not missed.base for missed in found):
            return None
        step, off = setting.lines.facts.step, [(abs(missed.amount - (missed.base or 0)), missed.base or Fraction(1)) for missed in found]
        room, share = max(by for by, _ in off), max(outwards(by / base, Sense.AT_MOST) for by, base in off)
        value, parts = {}, []
        if self.within is not None and self.within < share:
            value["within"] = share_in_file(share)
            side = 1 if found[0].sense is Sense.AT_MOST else -1
            amount = off[0][1] * (1 + side * share) if len(found) == 1 else None
            parts.append(f"from {percent(self.within)} to {percent(share)}" + setting.in_money(amount))
        if self.amount is not None and self.amount < room:
            wider = ceil_steps(room, step) * step
            value["amount"] = plain(wider)
            parts.append(f"from {setting.money(self.amount)} to {setting.money(wider)}")
        return Loosening(f"widen “{self.said_of_all(setting.language)}” {' and '.join(parts)}", f"rules.{self.id}", value)

    def formulas(self, write: Symbols) -> Iterator[str]:
        """Money against the amount of the plan to start from."""
        money = self.in_plan(write.lines)
        plan, amount = (f"{name}{write.index()}" for name in ("F0", "F"))
        if self.corridor is None:
            yield from write.each(amount, lambda share, _: f"{share} * {plan}")
        else:
            share = "" if self.within is None else f"{percent(self.within)} * {plan}"
            parts = [part for part in (share, "" if self.amount is None else plain(self.amount)) if part]
            room = f"min({', '.join(parts)})" if len(parts) > 1 else parts[0]
            yield from write.each(amount, lambda _, side: f"{plan} {'-' if side is Sense.AT_LEAST else '+'} {room}")
        yield f"{amount} = {write.sum(money, self.unless)}"
        yield f"{plan} = {write.sum(money, self.unless, of='x0')}"

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: money against a figure that the plan gives."""
        money = self.own_money(lines)
        return state_sums(demands, money, self._allowed(lines, demands))

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Compare the ledger with what the plan allows, as fractions."""
        money = self.own_money(lines)
        step = lines.facts.step
        limits = [limit / step for limit in self._allowed(lines, demands)]
        plans = [plan / step for plan in self.own_baseline(lines, demands.code)]
        return measured(amounts_by_code(demands.code, money, steps), limits, lambda: open_sums(demands.code, money, lines), plans)

    def _allowed(self, lines: Lines, demands: Demands) -> list[Fraction]:
        """Return the limit of every demand in EUR million."""
        plans = self.own_baseline(lines, demands.code)
        if self.corridor is None:
            return [figure * plan for figure, plan in zip(demands.figure, plans, strict=True)]
        out = []
        for plan, sense in zip(plans, demands.sense, strict=True):
            room = [plan * self.within] if self.within is not None else []
            room += [self.amount] if self.amount is not None else []
            out.append(plan - min(room) if sense is Sense.AT_LEAST else plan + min(room))
        return out
