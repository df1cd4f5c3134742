"""A concentration limit: the largest few get at most a share of all the money.

    sum of the k largest F_m  <=  share x sum over all m of F_m        for each member of for_each

F_m is the money of one of those named under `among`. The k largest are not known before the plan is, so the rule brings columns of its
own: a threshold t, and for every m what lies above it, e_m. The sum of the k largest is the smallest that k t + sum of e_m can be:

    k t + sum of e_m  <=  share x sum of F_m,        F_m - t <= e_m,        t, e_m >= 0
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from fundalloc.facts.capacity import capacity
from fundalloc.rules.kind import (
    Between,
    Codes,
    Demands,
    ForEach,
    Grouped,
    Kind,
    Lines,
    Measures,
    Open,
    Rows,
    amounts_by_code,
    example,
    measured,
    refuse,
)
from fundalloc.rules.statement import take


class TopK(Kind):
    """A concentration limit: the largest few get at most a share of all the money."""

    kind: ClassVar[str] = "top_k"
    relative: ClassVar[bool] = True
    labels: ClassVar[Mapping[str, str]] = {
        "en": "Share of the largest",
        "bg": "Дял на най-големите",
        "de": "Anteil der größten",
        "fr": "Part des plus grands",
    }
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        example("The two largest partnerships: at most {limit}", among="partnership", largest="2", at_most="64 %"),
        example("{year}: the largest area at most {limit}", for_each="year", among="area", largest="1", at_most="42 %"),
    ]

    among: ForEach
    """Whose amounts are compared: a dimension, a tag group, or several."""
    largest: int = Field(ge=1, le=1000)
    """How many of the largest count together."""

    @model_validator(mode="after")
    def _among_others(self) -> TopK:
        if both := set(self.among) & set(self.for_each):
            raise refuse(f"'{both.pop()}' stands in for_each and in among", "name it once", ("among",))
        return self

    def limits_written(self) -> None:
        """Only an upper limit makes a linear program."""
        if self.at_most is None or self.at_least or self.exactly:
            raise refuse("the largest have an upper limit, and no other", "write at_most")

    def rows(self, lines: Lines, demands: Demands) -> Rows:
        """One row per demand: k t + what lies above t - share x all money, against 0; every part lies at most t + its own e."""
        parts, owner = self._parts(lines, demands)
        most, every = capacity(parts, lines, len(owner)), np.arange(len(owner))
        place = np.searchsorted(demands.code, owner)  # demands stand in the order of their codes: there is one sense
        highest = np.zeros(len(demands))
        np.maximum.at(highest, place, most)
        ones, share = np.ones(len(owner)), np.array([float(figure) for figure in demands.figure])
        says = Rows(
            np.full(len(owner), -np.inf),
            np.zeros(len(owner)),
            np.concatenate([parts.member, every, every]),
            np.concatenate([parts.line, every, place]),
            np.concatenate([parts.weight.values, -ones, -ones]),
            named={"above": slice(len(parts), len(parts) + len(owner)), "threshold": slice(len(parts) + len(owner), None)},
        )
        whole, who = place[parts.member], np.arange(len(demands))
        return Rows(
            np.full(len(demands), -np.inf),
            np.zeros(len(demands)),
            np.concatenate([whole, place, who]),
            np.concatenate([parts.line, every, who]),
            np.concatenate([-share[whole] * parts.weight.values, ones, np.full(len(demands), float(self.largest))]),
            named={"above": slice(len(parts), len(parts) + len(owner)), "threshold": slice(len(parts) + len(owner), None)},
            auxiliary={"above": Between(np.zeros(len(owner)), most), "threshold": Between(np.zeros(len(demands)), highest)},
            defining=says,
        )

    def check(self, lines: Lines, demands: Demands, steps: NDArray[np.int64]) -> Measures:
        """Sort the amounts and add up the largest, as fractions."""
        parts, owner = self._parts(lines, demands)
        amounts: dict[int, list[Fraction]] = {code: [] for code in demands.code.tolist()}
        for code, amount in zip(owner.tolist(), amounts_by_code(np.arange(len(owner)), parts, steps), strict=True):
            amounts[code].append(amount)
        base = [sum(amounts[code], Fraction(0)) for code in demands.code.tolist()]
        top = [sum(sorted(amounts[code])[-self.largest :], Fraction(0)) for code in demands.code.tolist()]
        limits = [share * whole for share, whole in zip(demands.figure, base, strict=True)]
        return measured(top, limits, lambda: self._open(lines, demands, parts, owner), base)

    def _open(self, lines: Lines, demands: Demands, parts: Grouped, owner: Codes) -> Open:
        """Open money of a member can raise the largest, and also the whole of which they are a share."""
        demand, entry = take(demands.code, Grouped(owner[parts.member], parts.line, parts.weight))
        free = ~lines.ledger.fixed[parts.line[entry]]
        either = np.bincount(demand[free], minlength=len(demands)) > 0
        return Open(either, either)

    def _parts(self, lines: Lines, demands: Demands) -> tuple[Grouped, Codes]:
        """Return the money by part (numbered) of the members that have a limit, and the member to which each part belongs."""
        money, sizes = self.own_money(lines, *self.among), self.members(lines, *self.among).sizes
        whose = prod(sizes[len(self.for_each) :])
        asked = np.flatnonzero(np.isin(money.member // whose, demands.code))
        codes, position = np.unique(money.member[asked], return_inverse=True)
        return Grouped(position.astype(np.intp), money.line[asked], money.weight[asked]), codes // whose
