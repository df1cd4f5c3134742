"""Payments and outstanding commitments: what this plan's commitments cost in cash, by the instruments' payment profiles."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Column, ColumnSum, Formula, Sheet, Table

TABLE = "Payments"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when no instrument has a payment profile."""
    facts = book.plan.scenario.facts
    chosen = [k for k, i in enumerate(facts.instruments) if i.payment_profile and i.counts != "memo"]
    if not chosen:
        return None
    length = max(len(facts.instruments[k].payment_profile) for k in chosen)
    years = list(range(facts.years[0], facts.years[-1] + length))
    committed = book.cube.sum(axis=(1, 2))
    paid = {(k, year): _paid(book, k, year) for k in chosen for year in years}
    here = ("instrument_id", book.here(TABLE, "instrument_id"))
    inside = f"=SUM({TABLE}[[#This Row],[{years[0]}]:[{facts.years[-1]}]])"
    left = f"={book.here(TABLE, 'committed')}-{book.here(TABLE, 'paid_in_period')}"
    within = [sum((paid[k, year] for year in facts.years), Fraction(0)) for k in chosen]
    sums = [book.eur(committed[k].sum()) for k in chosen]
    rest = [total - float(part) for total, part in zip(sums, within, strict=True)]
    table = Table(
        TABLE,
        (
            book.column(
                "instrument", "text", [book.labels["instrument"][facts.instruments[k].id] for k in chosen], (book.say("total.all"),), width=28
            ),
            book.column(
                "committed", "money", [book.sum_if("Allocation", "planned", here, value=value) for value in sums], (ColumnSum(sum(sums)),), width=13
            ),
            *(
                Column(
                    str(year),
                    "money",
                    tuple(_cell(book, k, year, float(paid[k, year])) for k in chosen),
                    (ColumnSum(float(sum(paid[k, year] for k in chosen))),),
                    width=10.5,
                )
                for year in years
            ),
            book.column("paid_in_period", "total", [Formula(inside, float(v)) for v in within], (ColumnSum(float(sum(within))),), width=13),
            book.column("outstanding", "money", [Formula(left, v) for v in rest], (ColumnSum(sum(rest)),), width=13),
            book.column("profile", "note", [_profile(book, k) for k in chosen], printed=False),
            book.column("instrument_id", "code", [book.code("instrument", k) for k in chosen], printed=False),
        ),
    )
    says = book.sheet_text("payments", "says", period=book.period)
    return Sheet("payments", book.sheet_text("payments", "title"), says, table, unit=book.say("unit"), one_page=len(chosen) <= 30)


def _shares(book: Book, k: int, year: int) -> list[tuple[int, Fraction]]:
    """Return (position of a year of commitment, share of it paid in `year`)."""
    facts = book.plan.scenario.facts
    profile = facts.instruments[k].payment_profile
    pairs = [(u, year - first) for u, first in enumerate(facts.years) if 0 <= year - first < len(profile)]
    return [(u, profile[lag]) for u, lag in pairs if profile[lag]]


def _paid(book: Book, k: int, year: int) -> Fraction:
    committed = book.cube[k].sum(axis=(0, 1))
    return sum((int(committed[u]) * book.plan.scenario.facts.step * share for u, share in _shares(book, k, year)), Fraction(0))


def _cell(book: Book, k: int, year: int, value: float) -> Formula | int:
    shares = _shares(book, k, year)
    if not shares:
        return 0
    facts = book.plan.scenario.facts
    years = "{" + ",".join(str(facts.years[u]) for u, _ in shares) + "}"
    parts = "{" + ",".join(repr(float(share)) for _, share in shares) + "}"
    text = book.sum_if_text("Allocation", "planned", ("instrument_id", book.here(TABLE, "instrument_id")), ("year", years))
    return Formula(f"=SUMPRODUCT({text}*{parts})", value)


def _profile(book: Book, k: int) -> str:
    shares = np.array([float(share) for share in book.plan.scenario.facts.instruments[k].payment_profile]) * 100
    return ", ".join(f"{share:g} %" for share in shares)
