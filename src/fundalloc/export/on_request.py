"""What is computed only when it is asked for: the range of every amount, the price list of rules, the value of money."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.prices import PairPrice, PriceList, price_list
from fundalloc.insight.explain.value import LOSS, Rung, amount_ranges, budget_ladder, value_of_money

if TYPE_CHECKING:
    import pandas as pd

    from fundalloc.optimise.stages import Progress
    from fundalloc.plan.plan import Plan
    from fundalloc.solvers import Options

RANGES_BY = ("partnership", "area")


@dataclass(frozen=True)
class Asked:
    """Tables beside a plan; None where nobody asked."""

    ranges: pd.DataFrame | None = None
    """See `insight.explain.value.amount_ranges`, per partnership and area, with the amounts of the finished plan."""
    prices: PriceList | None = None
    value: pd.DataFrame | None = None
    """See `insight.explain.value.value_of_money`."""
    ladder: tuple[Rung, ...] = ()


def ask(
    plan: Plan, options: Options | None = None, *, ranges: bool = False, prices: bool = False, progress: Progress | None = None
) -> Asked:
    """Compute what is asked for: `ranges` the range of every amount, `prices` the price list, the value of money and the ladder."""
    progress, out = progress or (lambda _: nullcontext()), Asked()
    if not ranges and not prices:
        return out
    with progress("Asking"):
        bench = Bench(plan.scenario, options)
    if ranges:
        with progress("Ranges"):
            out = Asked(amount_ranges(bench, RANGES_BY, plan.amounts))
    if prices:
        with progress("Prices"):
            out = Asked(out.ranges, price_list(bench), value_of_money(bench), budget_ladder(bench))
    return out


def pack(asked: Asked) -> dict[str, Any]:
    """Return the tables as plain values, exactly: they travel in a workbook, whose sheets cannot be compared without them."""
    out: dict[str, Any] = {}
    if asked.ranges is not None:
        out["ranges"] = asked.ranges.to_dict("list")
    if asked.prices is not None:
        prices = asked.prices
        out["prices"] = [prices.money, prices.rules.to_dict("list"), [[*vars(pair).values()] for pair in prices.pairs]]
    if asked.value is not None:
        out["value"] = asked.value.to_dict("list")
    return {**out, "ladder": [[str(r.factor), r.money, r.score, r.enters, r.leaves, r.losers] for r in asked.ladder]} if out else {}


def unpack(packed: Mapping[str, Any]) -> Asked:
    """Return the tables again. Raises ValueError for anything that `pack` does not return."""
    import pandas as pd

    try:
        ranges, value = (pd.DataFrame(packed[key]) if key in packed else None for key in ("ranges", "value"))
        prices = None
        if "prices" in packed:
            money, rules, pairs = packed["prices"]
            prices = PriceList(money, pd.DataFrame(rules), tuple(PairPrice(*pair) for pair in pairs))
        ladder = tuple(
            Rung(Fraction(factor), money, score, *(tuple((a, b) for a, b in found) for found in lists))
            for factor, money, score, *lists in packed.get("ladder", [])
        )
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from None
    return Asked(ranges, prices, value, ladder)


def tables(asked: Asked) -> dict[str, pd.DataFrame]:
    """Return the tidy tables by file name."""
    import pandas as pd

    out: dict[str, pd.DataFrame] = {}
    if asked.ranges is not None:
        out["ranges"] = asked.ranges
    if asked.prices is not None:
        out["rule-prices"] = asked.prices.rules.drop(columns="says")
        out["rule-pairs"] = pd.DataFrame([vars(pair) for pair in asked.prices.pairs], columns=["first", "second", "together", "apart"])
    if asked.value is not None:
        out["value-of-money"] = asked.value
    if asked.ladder:
        rows = [[float(r.factor), r.money, r.score, len(r.enters), len(r.leaves), len(r.losers)] for r in asked.ladder]
        out["budget-ladder"] = pd.DataFrame(rows, columns=["factor", "money", "score", "enters", "leaves", "gets_less"])
    return {name: table.round(6) for name, table in out.items()}


def as_dict(asked: Asked) -> dict[str, Any]:
    """Return the tables for JSON; numbers that do not exist are null."""
    found: dict[str, Any] = {}
    for name, table in tables(asked).items():
        rows = [row.items() for row in table.to_dict("records")]
        found[name.replace("-", "_")] = [{k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row} for row in rows]
    if asked.ranges is not None:
        found["ranges_within"] = LOSS
    if asked.prices is not None:
        found["points_per_million"] = asked.prices.money
    return found
