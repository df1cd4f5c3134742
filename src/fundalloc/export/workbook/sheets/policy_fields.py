"""Markers and policy fields: how much of the EU budget counts towards each, and the targets that rules set for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Formula, Sheet, Styled
from fundalloc.export.workbook.sentences import said_there
from fundalloc.export.workbook.sheets.rules import status_column
from fundalloc.export.workbook.weights import TABLE as WEIGHTS
from fundalloc.export.workbook.weights import Weight, all_weights

TABLE = "PolicyFields"
MOST_DEMANDS = 12
"""A rule with more demands than this about one marker is shown on the sheet Rules alone."""


@dataclass(frozen=True)
class _MarkerDemand:
    """One marker, and one demand about it if there is one: its position among the findings."""

    weight: Weight
    demand: int | None


def build(book: Book) -> Sheet | None:
    """Return the sheet; None without markers."""
    rows = list(_rows(book))
    if not rows:
        return None
    total, counted = book.eur(book.budget.sum()), [_counted(book, r.weight) for r in rows]
    share = f"=IFERROR({book.here(TABLE, 'counts_towards')}/{book.planned(book.kind_is('budget'))},0)"
    none = book.say("not_applicable")
    towards = [Formula(_formula(book, r.weight), v) for r, v in zip(rows, counted, strict=True)]
    columns = (
        book.column("policy_field", "strong", [book.word("marker", r.weight.marker) for r in rows], width=30),
        book.column("counts_towards", "total", towards, width=13),
        book.column("share_of_budget", "share", [Formula(share, v / total if total else 0) for v in counted], width=12, mark="bar"),
        book.column("target", "text", [none if r.demand is None else said_there(book, r.demand) for r in rows], width=54),
        book.column("limit_share", "share", [_found(book, r.demand, "limit_input", none) for r in rows], width=10),
        book.column("reached", "share", [_found(book, r.demand, "value", none) for r in rows], width=10),
        book.column("headroom", "amount", [_found(book, r.demand, "headroom", none) for r in rows], width=12),
        status_column(book, [_found(book, r.demand, "status", book.say("no_target")) for r in rows]),
    )
    return book.sheet("policy_fields", TABLE, columns, one_page=len(rows) <= 30)


def _rows(book: Book) -> Iterator[_MarkerDemand]:
    for weight in all_weights(book):
        if not weight.marker:
            continue
        about = [k for k, f in enumerate(book.plan.findings) if f.rule.money.marker == weight.marker]
        rules = {book.plan.findings[k].rule.id: 0 for k in about}
        for k in about:
            rules[book.plan.findings[k].rule.id] += 1
        shown = [k for k in about if rules[book.plan.findings[k].rule.id] <= MOST_DEMANDS]
        yield from [_MarkerDemand(weight, k) for k in shown] or [_MarkerDemand(weight, None)]


def _counted(book: Book, weight: Weight) -> float:
    budget = book.of_kind("budget")
    steps = book.cube.sum(axis=(1, 3))[budget] * weight.coefficients.numerator[budget]
    return book.eur(np.sum(steps)) / weight.coefficients.denominator


def _formula(book: Book, weight: Weight) -> str:
    kind = f"({book.all(WEIGHTS, 'kind_of_money')}={book.kind_is('budget')[1]})"
    return f"=SUMPRODUCT({kind}*{book.all(WEIGHTS, 'planned')}*{weight.reference(book)})"


def _found(book: Book, demand: int | None, column: str, none: str) -> Cell:
    """Look up a demand on the sheet Rules; its target and what is reached of it are amounts where the rule is about no share."""
    if demand is None:
        return none
    finding = book.plan.findings[demand]
    if finding.base is None and column in ("limit_input", "value"):
        key, amount = ("limit_input", finding.figure) if column == "limit_input" else ("amount", finding.amount)
        return Styled(Formula(f"={book.of_demand(demand, key)}", float(amount)), "amount")
    value: float | str = book.status(finding.status)
    if column == "value":
        value = float(finding.amount / finding.base) if finding.base else 0.0
    elif column != "status":
        value = float(finding.figure if column == "limit_input" else finding.headroom)
    return Formula(f"={book.of_demand(demand, column)}", value)
