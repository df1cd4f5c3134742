"""Pledges: what was promised to whom, what is decided and planned towards it, and what is still missing."""

from __future__ import annotations

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Formula, Sheet
from fundalloc.export.workbook.sentences import said_there
from fundalloc.export.workbook.sheets.rules import flags, force, status_width
from fundalloc.plan.verify import Finding, measure_rule
from fundalloc.rules.statement import Sense

TABLE = "Pledges"


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when no rule promises an amount to a partnership."""
    chosen = [k for k, f in enumerate(book.plan.findings) if _promises(f)]
    if not chosen:
        return None
    findings = [book.plan.findings[k] for k in chosen]
    decided = _decided(book)
    gap = f"=MAX(0,{book.here(TABLE, 'promised')}-{book.here(TABLE, 'planned')})"
    gaps = [max(0.0, float(f.figure - f.amount)) for f in findings]
    columns = (
        book.column("pledge", "text", [said_there(book, k) for k in chosen], width=58),
        book.column(
            "promised",
            "money",
            [Formula(f"={book.of_demand(k, 'limit_input')}", float(f.figure)) for k, f in zip(chosen, findings, strict=True)],
        ),
        book.column("decided", "money", [decided[k] for k in chosen]),
        book.column(
            "planned", "total", [Formula(f"={book.of_demand(k, 'amount')}", float(f.amount)) for k, f in zip(chosen, findings, strict=True)]
        ),
        book.column("gap", "money", [Formula(gap, value) for value in gaps]),
        book.column(
            "status",
            "text",
            [Formula(f"={book.of_demand(k, 'status')}", book.status(f.status)) for k, f in zip(chosen, findings, strict=True)],
            width=status_width(book),
            flags=flags(book),
        ),
        book.column("force", "text", [book.word("force", force(f.rule)) for f in findings], width=10),
        book.column("source", "note", [f.rule.source for f in findings], width=46),
        book.column("confidence", "note", [f.rule.confidence for f in findings], width=13),
    )
    return book.sheet("pledges", TABLE, columns, one_page=len(chosen) <= 24)


def _promises(finding: Finding) -> bool:
    """A lower limit in EUR million on the money of somebody."""
    rule = finding.rule
    named = rule.money.partnership is not None or "partnership" in rule.for_each
    return rule.plain_sum and named and finding.sense is Sense.AT_LEAST and rule.money.marker is None


def _decided(book: Book) -> dict[int, float]:
    """Return for every finding what the decided money alone comes to: the rules measured on it."""
    lines = book.lines
    ledger = np.concatenate([lines.decided, np.zeros(len(lines.moves), dtype=np.int64)])
    out: dict[int, float] = {}
    measured: dict[str, list[Finding]] = {}
    seen: dict[str, int] = {}
    for k, finding in enumerate(book.plan.findings):
        name = finding.rule.id
        position = seen.get(name, 0)
        seen[name] = position + 1
        if _promises(finding):
            if name not in measured:
                measured[name] = measure_rule(finding.rule, lines, ledger)
            out[k] = float(measured[name][position].amount)
    return out
