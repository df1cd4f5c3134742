"""A result as text that diffs well: what it states, every rule, every amount, in a fixed order. For `git diff` of workbooks.

    .gitattributes          *.xlsx diff=fundalloc
    git config              diff.fundalloc.textconv "fundalloc show"

A workbook that is none of ours, such as a table of inputs, becomes its cells, row by row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from fundalloc.compare.outcome import stated_outcome
from fundalloc.compare.results import BOOKS, read_amounts, state_of_book
from fundalloc.errors import ScenarioError
from fundalloc.money import plain
from fundalloc.scenario.plans.amounts import LineKey
from fundalloc.scenario.workbooks.cells import BookFile

RESULTS = (*BOOKS, ".json")
_HEAD = ("id", "as_of", "state", "digest")
_FIGURES = ("status", "score", "penalty")


def result_text(path: Path) -> str:
    """Return a workbook or JSON result as text. Raises ScenarioError when it is neither, nor a readable workbook."""
    if path.suffix.lower() not in BOOKS:
        amounts = read_amounts(path)
        return "\n".join(_lines(amounts.stated, amounts.amounts)) + "\n"
    book = BookFile(path)
    try:
        amounts = read_amounts(path)
    except ScenarioError:
        return "\n".join(_cells(book)) + "\n"
    stated, _ = state_of_book(book, dict(amounts.stated))
    return "\n".join(_lines(stated, amounts.amounts)) + "\n"


def _lines(stated: Mapping[str, Any], amounts: Mapping[LineKey, Fraction]) -> Iterator[str]:
    about = stated.get("scenario")
    for key in _HEAD:
        if isinstance(about, dict) and about.get(key):
            yield f"{key}: {about[key]}"
    for key in _FIGURES:
        if stated.get(key) is not None:
            value = stated[key]
            yield f"{key}: {value:.12g}" if isinstance(value, float) else f"{key}: {value}"
    rules = stated_outcome(amounts, stated).rules
    yield ""
    yield "# rules: rule, member, sense: status, amount, limit (million EUR)"
    for rule in sorted(rules or (), key=lambda rule: rule.demand):
        yield f"{' | '.join(rule.demand)}: {rule.status}, {_figure(rule.amount)}, {_figure(rule.limit)}"
    yield ""
    yield "# amounts: line, million EUR"
    for line, amount in sorted(amounts.items()):
        if amount:
            yield f"{'|'.join(line)}: {plain(amount)}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.9g}"


def _cells(book: BookFile) -> Iterator[str]:
    """Yield the cells of a workbook: a line per row that is not empty, sheet by sheet."""
    for title in book.titles:
        yield f"# {title}"
        for number, row in enumerate(book.rows(title), start=1):
            texts = [cell.text for cell in row]
            if any(texts):
                yield f"{number}: {' | '.join(texts)}".rstrip(" |")
