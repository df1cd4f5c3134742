"""What the columns of the tables mean that a plan gives to Python, and their units: `table.attrs["columns"]` and `table.attrs["units"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import pandas as pd

MONEY, PRICE = "EUR million", "points per EUR million"
_COLUMNS = {
    "instrument": ("", "id of the source of money"),
    "partnership": ("", "id of those whom it is for"),
    "area": ("", "id of what it is for"),
    "action": ("", "id of the action of the area; the area again where money is not broken down"),
    "year": ("", "year of the commitment; 0: the whole period"),
    "counts": ("", "budget: our money; partner: that of Member States and others; memo: shown and never added"),
    "key": ("", "the ids of the line, with | between them"),
    "decided": (MONEY, "what was decided before the plan"),
    "amount": (MONEY, "what is planned; of a rule what it measures, in members where it counts them"),
    "need": (MONEY, "what is needed"),
    "met": (MONEY, "what of the need is met"),
    "coverage": ("share", "met over need"),
    "ceiling": (MONEY, "the ceiling, its reserve included; of the value of money how far it was moved"),
    "reserve": (MONEY, "what of the ceiling is kept back"),
    "carried_in": (MONEY, "unused money of the year before"),
    "carried_out": (MONEY, "unused money that goes to the next year"),
    "transferred_in": (MONEY, "money that came from other instruments"),
    "transferred_out": (MONEY, "money that went to other instruments"),
    "planned": (MONEY, "what is planned, decided money included"),
    "lapsed": (MONEY, "what a closed year left, and nobody can plan any more"),
    "free": (MONEY, "what is left of the ceiling"),
    "one_more": (PRICE, "change of the score when the limit is EUR 1 million higher, found by solving; missing where nobody asked"),
    "one_less": (PRICE, "change of the score when the limit is EUR 1 million lower"),
    "moved_up": (MONEY, "by how much it was raised: less than 1 where no plan is left beyond"),
    "moved_down": (MONEY, "by how much it was lowered"),
    "price_basis": ("", "what the price is: confirmed by solving, a dual, or told by explain"),
    "dual": (PRICE, "shadow price of the limit before rounding, for small changes; missing where there is none"),
    "rule": ("", "id of the rule"),
    "kind": ("", "kind of the rule"),
    "member": ("", "whose demand it is, with | between labels"),
    "sense": ("", "at least, at most or exactly"),
    "enforced": ("", "hard, soft or watched"),
    "base": (MONEY, "what a share is taken of"),
    "limit": (MONEY, "what the amount is held against, in members where the rule counts them"),
    "headroom": (MONEY, "room before the limit, negative where it is broken"),
    "status": ("", "ok, at limit, missed, broken, or broken by decision"),
    "says": ("", "the rule in words"),
    "negotiable": ("", "who could change it: law, political or practice"),
    "points": ("points", "what the best plan would score more without the rule"),
    "euro": (MONEY, "what of money is worth as much"),
    "more": (PRICE, "what one million more brings"),
    "less": (PRICE, "what one million less costs"),
    "least": (MONEY, "the least in any plan of the best score"),
    "most": (MONEY, "the most in any plan of the best score"),
    "least_within": (MONEY, "the least in any plan within the loss"),
    "most_within": (MONEY, "the most in any plan within the loss"),
    "firm": ("", "whether the amount is the same in all plans of the best score"),
}
Frame = TypeVar("Frame", "pd.DataFrame", "pd.Series[float]")


def described(table: pd.DataFrame, *, counted: bool = False) -> pd.DataFrame:
    """Say in the attributes of a table what its columns mean, and the unit of figures; `counted`: some rows are numbers of members."""
    names = [str(name) for name in (*table.index.names, *table.columns) if name is not None]
    units = {name: _COLUMNS[name][0].replace(MONEY, f"{MONEY}, or members" if counted else MONEY) for name in names}
    table.attrs = {"columns": {name: _COLUMNS[name][1] for name in names}, "units": {name: unit for name, unit in units.items() if unit}}
    return table


def in_money(table: Frame) -> Frame:
    """Say in the attributes of sums that every figure is money."""
    table.attrs = {"unit": MONEY}
    return table
