"""An earmark, a spending target, co-financing, a concentration limit: a share of other money.

    sum of money  >=, <= or =  share x sum of `of`            for each member

`of` is a selection of money, the ceilings of a selection, or an amount. Members restrict `of` too, except in a
dimension that `of` names itself. `exactly` leaves the amount one rounding step of room on either side, whatever `of` is.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Base, Grouped, Members, Selection
from fundalloc.rules._kind import Kind, Objection
from fundalloc.rules._rows import Codes, Demands, Measures, Rows, movable, state_shares, state_sums, sums_by_code


class Share(Kind):
    """An earmark, a spending target, co-financing, a concentration limit: a share of other money."""

    kind: ClassVar[str] = "share"
    relative: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {
            "says": "{partnership}: legal migration",
            "for_each": "partnership",
            "money": {"area": "legal-pathways"},
            "at_least": "15 %",
            "of": {},
            "source": "assumption",
        },
        {"says": "{area} of all money", "for_each": ["area", "year"], "at_most": "60 %", "of": {"area": "all"}, "source": "assumption"},
        {
            "says": "ODA of the envelopes",
            "money": {"marker": "oda"},
            "at_least": "12.5 %",
            "of": {"ceiling": {"instrument": "family:external"}},
            "source": "assumption",
        },
        {"says": "Returns of a fixed sum", "money": {"area": "returns"}, "exactly": "25 %", "of": "40", "source": "assumption"},
        {
            "says": "{route}: one instrument",
            "for_each": ["route", "instrument"],
            "at_most": "80 %",
            "of": {"instrument": "all"},
            "source": "assumption",
        },
    ]

    of: Base
    """What the share is taken of."""

    def objections(self, lines: Lines) -> Iterator[Objection]:
        """Also: shares of the same money, or above 100 % of money that contains it, and ceilings that do not exist."""
        yield from super().objections(lines)
        same = all(getattr(self.of, name) == getattr(self.money, name) for name in Selection.model_fields)
        if same and self._depends_on_plan and self.unless is None and not self._wide(self.members(lines)):
            yield ("of",), "'of' is the same money", "a share of itself is always 100 %: widen 'of'"
        inside = self._depends_on_plan and not np.any(lines.select(self.money) & ~lines.select(self.of))
        for sense, figures in self.limits():
            for key, figure in figures.items():
                if figure.value > 1 and (inside or self.of.ceiling is not None):
                    hint = (
                        f"write {figure} %"
                        if not figure.percent and figure.value <= 100
                        else "a part cannot exceed the whole: write 100 % or less"
                    )
                    yield (sense.field, *([key] if key else [])), f"a share above 100 %: {figure}", hint
        if self.of.ceiling is not None:
            yield from self._missing_ceilings(lines, self.of.ceiling)

    def _missing_ceilings(self, lines: Lines, selection: Selection) -> Iterator[Objection]:
        facts = lines.facts
        if selection.named - {"instrument", "year"} or selection.marker:
            yield ("of",), "ceilings belong to instruments and years only", "name only instrument and year under 'ceiling'"
            return
        instruments, years = selection.masks(facts.dimensions)[0], selection.masks(facts.dimensions)[3]
        by_year = "year" in selection.named or "year" in self.members(lines).owners
        for k in np.flatnonzero(instruments):
            yearly = facts.ceilings.full[k]
            if (by_year and np.any(yearly[years] == NO_LIMIT)) or (
                not by_year and facts.ceilings.full_total[k] == NO_LIMIT and np.any(yearly == NO_LIMIT)
            ):
                yield (
                    ("of",),
                    f"instrument '{facts.instruments[k].id}' has no ceiling for these years",
                    "add `each` to its ceiling, or take the share of something else",
                )

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: money - share x base against 0, or money against share x constant."""
        members = self.members(lines)
        money = lines.group(self.money, members, unless=self.unless)
        step, constant = lines.facts.step, self._constant(lines, members, demands)
        if constant is not None:
            limit = [share * whole * step for share, whole in zip(demands.figure, constant, strict=True)]
            return state_sums(demands, money, limit, step)
        base = self._base(lines, members, demands)
        return state_shares(demands, money, base, [Fraction(0)] * len(demands), step, together=self._wide(members))

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Add up both sides of the ledger and cross-multiply."""
        members = self.members(lines)
        money = lines.group(self.money, members, unless=self.unless)
        amount = sums_by_code(demands.code, money, steps)
        moves = movable(demands.code, money, lines)
        constant = self._constant(lines, members, demands)
        if constant is not None:
            base = constant
        else:
            of, codes = self._base(lines, members, demands)
            base = [Fraction(total, of.weight.denominator) for total in sums_by_code(codes, of, steps)]
            moves |= movable(codes, of, lines)
        limits = [share * whole for share, whole in zip(demands.figure, base, strict=True)]
        scale = lcm(money.weight.denominator, *(x.denominator for x in (*limits, *base)))
        return Measures(
            [total * (scale // money.weight.denominator) for total in amount],
            [int(limit * scale) for limit in limits],
            scale,
            moves,
            base=[int(whole * scale) for whole in base],
            tolerance=scale,
        )

    @property
    def _depends_on_plan(self) -> bool:
        return self.of.amount is None and self.of.ceiling is None

    def _wide(self, members: Members) -> bool:
        """Whether several members share one base, because `of` names a dimension of theirs."""
        return bool(self.of.named & set(members.owners))

    def _base(self, lines: Lines, members: Members, demands: Demands) -> tuple[Grouped, Codes]:
        """Return the base money, and for each demand the code under which it is grouped."""
        restricted = frozenset(NAMES) - self.of.named
        return lines.group(self.of, members, over=restricted), members.keep(restricted)[demands.code]

    def _constant(self, lines: Lines, members: Members, demands: Demands) -> list[Fraction] | None:
        """Return the base of each demand in steps when it does not depend on the plan: an amount or ceilings."""
        if self.of.amount is not None:
            return [self.of.amount / lines.facts.step] * len(demands)
        if self.of.ceiling is None:
            return None
        facts = lines.facts
        mask_i, _, _, mask_t = self.of.ceiling.masks(facts.dimensions)
        out = []
        for name in demands.member:
            instruments, years = mask_i.copy(), mask_t.copy()
            for label, labels, masks, owner in zip(name, members.labels, members.masks, members.owners, strict=True):
                picked = masks[labels.index(label)]
                if owner == "instrument" and "instrument" not in self.of.ceiling.named:
                    instruments &= picked
                if owner == "year" and "year" not in self.of.ceiling.named:
                    years &= picked
            out.append(Fraction(int(facts.ceilings.full_over(years)[instruments].sum())))
        return out
