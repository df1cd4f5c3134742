"""Markers and policy fields: how much of the EU budget counts towards each, and the targets that rules set for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Formula, Sheet, Styled
from fundalloc.export.workbook.sentences import said_there
from fundalloc.export.workbook.sheets.rules import flags, status_width
from fundalloc.export.workbook.weights import TABLE as WEIGHTS
from fundalloc.export.workbook.weights import Weight, all_weights
from fundalloc.plan.verify import Finding

TABLE = "PolicyFields"
MOST_DEMANDS = 12
"""A rule with more demands than this about one marker is shown on the sheet Rules alone."""


@dataclass(frozen=True)
class _Row:
    """One marker, and one demand about it if there is one: its position among the findings."""

    weight: Weight
    demand: int | None


def build(book: Book) -> Sheet | None:
    """Return the sheet; None without markers."""
    rows = list(_rows(book))
    if not rows:
        return None
    findings, none = book.plan.findings, book.say("not_applicable")
    demands = [None if r.demand is None else findings[r.demand] for r in rows]
    whole = book.sum_if_text("Allocation", "planned", book.kind_is("budget"))
    total = float(book.eur(book.budget.sum()))
    counted = [_counted(book, r.weight) for r in rows]
    share = f"=IFERROR({book.here(TABLE, 'counts_towards')}/{whole},0)"
    columns = (
        book.column("policy_field", "strong", [book.word("marker", r.weight.marker) for r in rows], width=30),
        book.column(
            "counts_towards", "total", [Formula(_formula(book, r.weight), v) for r, v in zip(rows, counted, strict=True)], width=13
        ),
        book.column("share_of_budget", "share", [Formula(share, v / total if total else 0) for v in counted], width=12, mark="bar"),
        book.column("target", "text", [none if r.demand is None else said_there(book, r.demand) for r in rows], width=54),
        book.column("limit_share", "share", [_share(book, r, f, "limit_input") for r, f in zip(rows, demands, strict=True)], width=10),
        book.column("reached", "share", [_share(book, r, f, "value") for r, f in zip(rows, demands, strict=True)], width=10),
        book.column("headroom", "amount", [_amount(book, r, f) for r, f in zip(rows, demands, strict=True)], width=12),
        book.column(
            "status", "text", [_status(book, r, f) for r, f in zip(rows, demands, strict=True)], width=status_width(book), flags=flags(book)
        ),
    )
    return book.sheet("policy_fields", TABLE, columns, one_page=len(rows) <= 30)


def _rows(book: Book) -> Iterator[_Row]:
    for weight in all_weights(book):
        if not weight.marker:
            continue
        about = [k for k, f in enumerate(book.plan.findings) if f.rule.money.marker == weight.marker]
        rules = {book.plan.findings[k].rule.id: 0 for k in about}
        for k in about:
            rules[book.plan.findings[k].rule.id] += 1
        shown = [k for k in about if rules[book.plan.findings[k].rule.id] <= MOST_DEMANDS]
        yield from [_Row(weight, k) for k in shown] or [_Row(weight, None)]


def _counted(book: Book, weight: Weight) -> float:
    budget = book.of_kind("budget")
    steps = book.cube.sum(axis=(1, 3))[budget] * weight.coefficients.numerator[budget]
    return book.eur(np.sum(steps)) / weight.coefficients.denominator


def _formula(book: Book, weight: Weight) -> str:
    kind = f"({book.all(WEIGHTS, 'kind_of_money')}={book.kind_is('budget')[1]})"
    return f"=SUMPRODUCT({kind}*{book.all(WEIGHTS, 'planned')}*{weight.reference(book)})"


def _share(book: Book, row: _Row, finding: Finding | None, column: str) -> Cell:
    """The target, or what is reached of it: a share where the rule is about one, else an amount."""
    if finding is None or row.demand is None:
        return book.say("not_applicable")
    if finding.base is None:
        value = float(finding.figure if column == "limit_input" else finding.amount)
        return Styled(Formula(f"={book.of_demand(row.demand, 'limit_input' if column == 'limit_input' else 'amount')}", value), "amount")
    value = float(finding.figure) if column == "limit_input" else float(finding.amount / finding.base) if finding.base else 0.0
    return Formula(f"={book.of_demand(row.demand, column)}", value)


def _amount(book: Book, row: _Row, finding: Finding | None) -> Cell:
    if finding is None or row.demand is None:
        return book.say("not_applicable")
    return Formula(f"={book.of_demand(row.demand, 'headroom')}", float(finding.headroom))


def _status(book: Book, row: _Row, finding: Finding | None) -> Cell:
    if finding is None or row.demand is None:
        return book.say("no_target")
    return Formula(f"={book.of_demand(row.demand, 'status')}", book.status(finding.status))
