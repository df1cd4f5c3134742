"""Pledges: what was promised to whom, what is decided and planned towards it, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Formula, Sheet
from fundalloc.export.workbook.sentences import said_there
from fundalloc.export.workbook.sheets.rules import force, status_column
from fundalloc.plan.verify import Finding, measure_rule
from fundalloc.rules.statement import Sense

TABLE = "Pledges"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when no rule promises an amount to a partnership."""
    chosen = [k for k, f in enumerate(book.plan.findings) if _promises(f)]
    if not chosen:
        return None
    findings, decided = [book.plan.findings[k] for k in chosen], _decided(book)
    gap = f"=MAX(0,{book.here(TABLE, 'promised')}-{book.here(TABLE, 'planned')})"

    def found(column: str, values: Iterable[float | str]) -> list[Formula]:
        return [Formula(f"={book.of_demand(k, column)}", value) for k, value in zip(chosen, values, strict=True)]

    columns = (
        book.column("pledge", "text", [said_there(book, k) for k in chosen], width=58),
        book.column("promised", "money", found("limit_input", (float(f.figure) for f in findings))),
        book.column("decided", "money", [decided[k] for k in chosen], given=True),
        book.column("planned", "total", found("amount", (float(f.amount) for f in findings))),
        book.column("gap", "money", [Formula(gap, max(0.0, float(f.figure - f.amount))) for f in findings]),
        status_column(book, found("status", (book.status(f.status) for f in findings))),
        book.column("force", "text", [book.word("force", force(f.rule)) for f in findings], width=10),
        *book.founded([f.rule for f in findings], 46, 13),
    )
    return book.sheet("pledges", TABLE, columns, one_page=len(chosen) <= 24)


def _promises(finding: Finding) -> bool:
    """A lower limit in EUR million on the money of somebody."""
    rule = finding.rule
    named = rule.money.partnership is not None or "partnership" in rule.for_each
    return rule.plain_sum and named and finding.sense is Sense.AT_LEAST and rule.money.marker is None


def _decided(book: Book) -> dict[int, float]:
    """Return for every finding of a promise what the decided money alone comes to: the rules measured on it."""
    lines = book.lines
    ledger = np.concatenate([lines.decided, np.zeros(len(lines.moves), dtype=np.int64)])
    out: dict[int, float] = {}
    for rule, group in groupby(enumerate(book.plan.findings), key=lambda found: found[1].rule):
        promised = [(at, k) for at, (k, finding) in enumerate(group) if _promises(finding)]
        measured = measure_rule(rule, lines, ledger) if promised else []
        out |= {k: float(measured[at].amount) for at, k in promised}
    return out
