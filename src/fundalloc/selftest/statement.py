"""What a row is, and the rows that the facts ask; `kinds` has those of the rules.

Every row reads   sum of (coefficient x amount)  <=  limit   ; "at least" is the same with both sides turned round. Rows of soft
rules may be missed at their price. A switch says: nothing, or at least so much. Limits are exact fractions, as they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any

from fundalloc.selftest.reading import NONE, ONE, Money, Reading, number

Rule = Mapping[str, Any]


@dataclass(frozen=True)
class Bound:
    """sum of (coefficient x amount) <= limit."""

    rule: str
    terms: Money
    limit: Fraction
    any_money: bool = True
    """Whether a switch counts with any money; under `at_least` only with enough."""
    moving: bool = False
    """Whether the limit is a share of money that the plan decides."""
    soft: Fraction | None = None
    """Points of score lost per unit above the limit; None: hard."""
    uncut: bool = False
    """Whether its limit holds as written, whatever was decided: of a kind with columns of its own."""


@dataclass(frozen=True)
class Switch:
    """Nothing, or at least so much."""

    rule: str
    terms: Money
    least: Fraction


@dataclass
class Statement:
    """Everything that is asked."""

    reading: Reading
    rows: list[Bound] = field(default_factory=list)
    switches: dict[Any, Switch] = field(default_factory=dict)

    def state(
        self, name: str, rule: Rule, sense: str, money: Money, limit: Fraction, of: Money | None = None, share: Fraction = NONE
    ) -> None:
        """Add   money  >=, <= or =  limit + share x of   . What is exact may be off by a rounding step, but amounts and numbers."""
        of, band = of or {}, self.reading.step if sense == "exactly" and rule["kind"] not in ("amount", "count") else NONE
        moving = any(self.reading.open[line] for line in of)
        for upper, sign in ((True, 1), (False, -1)):
            if sense in ("exactly", "at_most" if upper else "at_least"):
                terms = {key: sign * (money.get(key, NONE) - share * of.get(key, NONE)) for key in {**money, **of}}
                soft = number(rule["soft"]) if "soft" in rule else None
                self.rows.append(Bound(name, {k: w for k, w in terms.items() if w}, sign * limit + band, sense != "at_least", moving, soft))


def state_facts(reading: Reading) -> Statement:
    """Return the rows that the facts ask, before any rule: ceilings, transfers, absorption."""
    statement = Statement(reading)
    _ceilings(statement)
    _transfers(statement)
    for p, row in reading.partnerships.items():
        for year in reading.years:
            own = row.get(f"absorption.{year}", row.get("absorption"))
            if own is not None:
                statement.rows.append(Bound(f"absorption of {p} in {year}", reading.sum({"partnership": p, "year": year}), number(own)))
    return statement


def _ceilings(statement: Statement) -> None:
    """x + carried and moved out <= usable ceiling + carried and moved in, each year; in total the same, and nothing is carried.

    What is carried over is at most the share of the year's usable ceiling.
    """
    reading = statement.reading
    moves = {key: reading.case["transfers"][key[1]] for key in reading.open if key[0] == "transfer"}
    for i, entry in reading.instruments.items():
        moved = {key: ONE if move["from"] == i else -ONE for key, move in moves.items() if i in (move["from"], move["to"])}
        if (total := reading.usable(i)) is not None:
            statement.rows.append(Bound(f"ceiling of {i}", reading.sum({"instrument": i}) | moved, total))
        for before, year in pairwise(["", *reading.years]):
            if (usable := reading.usable(i, year)) is None:
                continue
            own, carried = ("carry", i, year), {("carry", i, year): ONE, ("carry", i, before): -ONE}
            terms = reading.sum({"instrument": i, "year": year}) | {k: w for k, w in moved.items() if k[2] == year}
            terms |= {key: weight for key, weight in carried.items() if key in reading.open}
            statement.rows.append(Bound(f"ceiling of {i} in {year}", terms, usable))
            if own in reading.open:
                statement.rows.append(Bound(f"carry-over of {i} in {year}", {own: ONE}, number(entry["carry_over"]["share"]) * usable))


def _transfers(statement: Statement) -> None:
    """No more than the share of the giving instrument's money before reserve; and nothing that has just arrived moves on."""
    reading, transfers = statement.reading, statement.reading.case.get("transfers", {})
    for name, entry in transfers.items():
        money = {key: ONE for key in reading.open if key[:2] == ("transfer", name)}
        limit = number(entry["at_most"]) * reading.ceiling_over(entry["from"], reading.years)
        statement.rows.append(Bound(f"transfer {name}", money, limit))
    for i in reading.instruments:
        money = {key: ONE for key in reading.open if key[0] == "transfer" and transfers[key[1]]["from"] == i}
        for year in ["", *reading.years]:
            usable = reading.usable(i, year)
            if usable is not None:
                statement.rows.append(
                    Bound(f"out of {i} in {year or 'all'}", {k: w for k, w in money.items() if year in ("", k[2])}, usable)
                )
