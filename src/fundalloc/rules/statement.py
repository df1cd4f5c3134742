"""What a rule says to the linear program and to the ledger: demands, rows, measures, and how sums and shares are stated as rows.

`Rows` are the rule's statement for the program, `Measures` its statement on whole rounding steps; both answer to the
same `Demands`, in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.selection import Grouped, runs
from fundalloc.money import Exact

Codes = NDArray[np.intp]
Fractions = Sequence[Fraction]


class Sense(StrEnum):
    """On which side of its limit an amount must lie."""

    AT_LEAST = "at least"
    AT_MOST = "at most"
    EXACTLY = "exactly"

    @property
    def field(self) -> str:
        """The key in scenario files."""
        return self.value.replace(" ", "_")


class Unit(StrEnum):
    """What amounts and limits of a rule are counted in."""

    MONEY = "million EUR"
    MEMBERS = "members"


WHOLE_PERIOD = "total"
"""The label of all years together, where a member names a year."""


@dataclass(frozen=True)
class Demands:
    """What a rule asks, one entry per member and sense. `rows` and `check` answer in this order."""

    code: Codes
    """The member, as a code."""
    member: list[tuple[str, ...]]
    """The member, as ids or tag values."""
    sense: list[Sense]
    figure: list[Fraction]
    """The limit as written: EUR million, or a share."""

    @classmethod
    def of(cls, asked: Iterable[tuple[int, tuple[str, ...], Sense, Fraction]]) -> Demands:
        """List demands that are given one by one."""
        code, member, sense, figure = [list(part) for part in zip(*asked, strict=True)] or [[], [], [], []]
        return cls(np.array(code, dtype=np.intp), member, sense, figure)

    def __len__(self) -> int:
        return len(self.member)


@dataclass(frozen=True)
class SharedTotals:
    """Sums of lines that many rows share; each becomes one extra column. Terms run in parallel."""

    count: int
    total: Codes
    line: Codes
    weight: Exact


@dataclass(frozen=True)
class Switches:
    """On-off columns (0 or 1): whether some money flows at all. Terms run in parallel, one per (switch, line).

    For every switch two rows are added: money <= capacity x switch, and money >= least x switch.
    """

    count: int
    switch: Codes
    line: Codes
    weight: Exact
    capacity: NDArray[np.float64]
    """Per switch: more than its money can ever be, in EUR million."""
    least: NDArray[np.float64]
    """Per switch: what it must be at the least when it flows."""


NO_SWITCHES = Switches(0, np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), Exact.whole(0), np.zeros(0), np.zeros(0))
NO_TOTALS = SharedTotals(0, np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp), Exact.whole(0))


@dataclass(frozen=True)
class ExactRows:
    """The same rows in exact numbers: amount - share x base against a limit; amount and base are weighted sums.

    From it the program knows which limits are fixed figures (no undecided money in the base) and what whole steps can reach.
    """

    limit: Fractions
    """Per row, in EUR million."""
    weight: Exact
    """Per term; 1 for a total or a switch."""
    share: Fractions
    """Per row: by what its base is multiplied."""
    base: NDArray[np.bool_]
    """Per term: whether it belongs to the base."""
    band: Fraction = Fraction(0)
    """EUR million by which `exactly` may be off on either side."""


class Between(NamedTuple):
    """Continuous columns that a rule brings along: the least and the most, in EUR million, that each can be in any lawful plan."""

    least: NDArray[np.float64]
    most: NDArray[np.float64]
    """Finite: the bound of the score is proved with it."""
    decided: NDArray[np.float64] | None = None
    """What decided money alone makes of them, where open money can only raise them."""


TOTALS, SWITCHES = "totals", "switches"


@dataclass(frozen=True)
class Rows:
    """Rows of one rule for the linear program: lower <= sum of terms <= upper, in EUR million, one per demand.

    `column` is an entry of the ledger, or of the columns of one name that the rule brings along: `named` says which terms
    name those, TOTALS and SWITCHES among them. Several terms of one row may name the same column: they add up.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    row: Codes
    column: Codes
    value: NDArray[np.float64]
    totals: SharedTotals = field(default_factory=lambda: NO_TOTALS)
    switches: Switches = field(default_factory=lambda: NO_SWITCHES)
    exact: ExactRows | None = None
    """Without it nothing is known of the rows but floating point: their limits stay as they are."""
    named: Mapping[str, slice] = field(default_factory=dict)
    auxiliary: Mapping[str, Between] = field(default_factory=dict)
    """Further columns by name. Rows with terms of theirs have no statement in exact numbers, and count as decided only where these rise."""
    defining: Rows | None = None
    """Rows beside those of the demands that say what the auxiliary columns are."""

    def which(self, name: str = "") -> NDArray[np.bool_]:
        """Return which terms name columns of this name; without one, entries of the ledger."""
        out = np.full(len(self.column), not name)
        for one, part in self.named.items():
            out[part] = one == name
        return out

    def placed(self, first: Mapping[str, int]) -> Codes:
        """Return the column of every term where those of each name begin at `first`."""
        out = self.column.copy()
        for name, part in self.named.items():
            out[part] += first[name]
        return out


@dataclass(frozen=True)
class Open:
    """What open lines, those that are not decided, can do to the amount less its limit. Arrays have one entry per demand."""

    up: NDArray[np.bool_]
    down: NDArray[np.bool_]


@dataclass(frozen=True)
class Measures:
    """The same demands measured on a ledger, exactly: `amount` against `limit`, both in rounding steps / `scale`."""

    amount: list[int]
    limit: list[int]
    scale: int
    open: Callable[[], Open]
    """What undecided money could still do to each demand; asked only where one is broken."""
    base: list[int] | None = None
    """What a share is taken of, in rounding steps / `scale`."""
    tolerance: int = 0
    """How far an exact share may be off: one rounding step of the amount."""
    counted: bool = False
    """Whether amounts and limits are numbers of members, not money."""

    def headroom(self, sense: Sequence[Sense]) -> list[int]:
        """Return the room left before each limit, negative when broken, in steps / `scale`."""
        room = {
            Sense.AT_LEAST: lambda amount, limit: amount - limit,
            Sense.AT_MOST: lambda amount, limit: limit - amount,
            Sense.EXACTLY: lambda amount, limit: min(0, self.tolerance - abs(amount - limit)),
        }
        return [room[s](a, b) for s, a, b in zip(sense, self.amount, self.limit, strict=True)]


def take(codes: Codes, grouped: Grouped) -> tuple[Codes, Codes]:
    """Pair every demand with the entries of its member: (demand index, position in `grouped`), vectorised."""
    order = np.argsort(grouped.member, kind="stable")
    members = grouped.member[order]
    first = np.searchsorted(members, codes, side="left")
    counts = np.searchsorted(members, codes, side="right") - first
    demand, offset = runs(counts)
    if len(demand) == len(order) and np.all(codes[1:] > codes[:-1]):
        return demand, order  # the usual case: every member once
    return demand, order[np.repeat(first, counts) + offset]


def bounds(sense: Sequence[Sense], limit: NDArray[np.float64], band: float = 0.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn senses and limits into lower and upper bounds of rows; exact ones may be off by `band`."""
    at_least = np.array([s is not Sense.AT_MOST for s in sense], dtype=bool)
    at_most = np.array([s is not Sense.AT_LEAST for s in sense], dtype=bool)
    room = np.where(at_least & at_most, band, 0.0)
    return np.where(at_least, limit - room, -np.inf), np.where(at_most, limit + room, np.inf)


def state_sums(demands: Demands, money: Grouped, limit: Fractions, band: Fraction = Fraction(0)) -> Rows:
    """State one row per demand: its weighted money against a figure in EUR million."""
    row, entry = take(demands.code, money)
    weight = money.weight[entry]
    exact = ExactRows(limit, weight, [Fraction(0)] * len(limit), np.zeros(len(row), dtype=bool), band)
    lower, upper = bounds(demands.sense, np.array([float(f) for f in limit]), float(band))
    return Rows(lower, upper, row, money.line[entry], weight.values, exact=exact)


def state_shares(
    demands: Demands, money: Grouped, base: tuple[Grouped, Codes], limit: Fractions, band: Fraction, *, together: bool = False
) -> Rows:
    """State one row per demand: its money less its figure's share of its base (which moves with the plan) against a limit in EUR million.

    `base` is money with the code under which each demand finds its own. `together`: many demands have the same base, which becomes a
    total.
    """
    of, codes = base
    own = state_sums(demands, money, limit, band)
    assert own.exact is not None
    if together:
        distinct, which = np.unique(codes, return_inverse=True)
        total, source = take(distinct, of)
        totals = SharedTotals(len(distinct), total, of.line[source], of.weight[source])
        row, column, weight = np.arange(len(demands)), which, Exact.whole(len(demands))
    else:
        totals = NO_TOTALS
        row, source = take(codes, of)
        column, weight = of.line[source], of.weight[source]
    value = np.concatenate([own.value, -np.array([float(s) for s in demands.figure])[row] * weight.values])
    inside = np.arange(len(value)) >= len(own.row)
    exact = ExactRows(limit, own.exact.weight.followed_by(weight), demands.figure, inside, band)
    named = {TOTALS: slice(len(own.row), None)} if together else {}
    row, column = np.concatenate([own.row, row]), np.concatenate([own.column, column])
    return Rows(own.lower, own.upper, row, column, value, totals, exact=exact, named=named)
