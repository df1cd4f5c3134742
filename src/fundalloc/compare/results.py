"""Results read back: the plan that a file states, the scenario behind it where that can be had, and both as text.

The text states rules and amounts in a fixed order, so that it diffs well: for `git diff` of workbooks.

    .gitattributes          *.xlsx diff=fundalloc
    git config              diff.fundalloc.textconv "fundalloc show"
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from fundalloc.compare.outcome import stated_outcome
from fundalloc.errors import FundallocError, ScenarioError
from fundalloc.facts.dimensions import NAMES, Dimension, Dimensions
from fundalloc.labels import spellings
from fundalloc.money import plain
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import LineKey, PlanAmounts, read_plan
from fundalloc.scenario.plans.files import read_plan_file
from fundalloc.scenario.sources import Sources
from fundalloc.scenario.tables.raw import read_csv
from fundalloc.scenario.workbooks.cells import BookFile, Grid, find_grid
from fundalloc.scenario.workbooks.embedded import RECORD, carried_files

BOOKS = (".xlsx", ".xlsm")
RESULTS = (*BOOKS, ".json")
NAMED = ("instrument", "partnership", "area")
_HEAD = ("id", "as_of", "state", "digest")
_FIGURES = ("status", "score", "penalty")
_RULE_COLUMNS = ("rule", "says", "side", "amount", "limit", "headroom", "status", "member", "force", "kind")


@dataclass(frozen=True)
class Result:
    """A result file: its amounts, and the scenario file behind them."""

    amounts: PlanAmounts
    stated: dict[str, Any]
    """What the file says about itself, in the words of our JSON; for workbooks the rules and kinds of money too."""
    names: dict[str, dict[str, str]]
    """Printed names by dimension and id, as far as the file has them."""
    source: Path | None = None
    settings: tuple[str, ...] = ()
    baseline: Path | None = None
    missing: str = ""
    """Why there is no scenario, where there is none."""


def read_result(path: Path, folder: Path) -> Result:
    """Read a workbook, JSON or CSV result; a scenario that travels inside is unpacked into `folder`. Raises ScenarioError."""
    amounts = read_amounts(path)
    if path.suffix.lower() in BOOKS:
        book = BookFile(path)
        said, names = state_of_book(book, dict(amounts.stated))
        sources = _travelling(book)
        if sources is None:
            return Result(amounts, said, names, missing=f"{path.name} does not carry its scenario")
        sources.restore(folder)
        baseline = folder / sources.baseline if sources.baseline else None
        return Result(amounts, said, names, folder / sources.main, sources.settings, baseline)
    missing = f"{path.name} does not carry its scenario"
    if amounts.said("file"):
        missing = f"{path.name} names {amounts.said('file')}, which is not here or has changed since"
    stated = dict(amounts.stated)
    if path.suffix.lower() == ".csv":
        table = read_csv(path)
        named = zip(table.column("instrument"), table.column("counts"), strict=True)
        stated["allocation"] = [{"key": instrument, "counts": counts} for instrument, counts in named if instrument and counts]
    return Result(amounts, stated, {}, _named(path, amounts), missing=missing)


def read_amounts(path: Path) -> PlanAmounts:
    """Read the amounts of a plan without knowing its scenario: the ids are those in the file."""
    lines = read_plan_file(path).lines
    instrument, partnership, area, year = (Dimension.build(name, dict.fromkeys(lines.column(name)), {}) for name in NAMES)
    return read_plan(path, Dimensions(instrument, partnership, area, year), strict=False)


def _named(path: Path, amounts: PlanAmounts) -> Path | None:
    """Return the scenario file that a result names, when it is still there and still the same."""
    name = amounts.said("file")
    for candidate in (Path(name), path.parent / name):
        if not name or not candidate.is_file():
            continue
        try:
            if load(candidate, allow_outside=True, recorded=True).digest == amounts.said("digest"):
                return candidate
        except FundallocError:
            continue
    return None


# --- Workbooks -------------------------------------------------------------------------------------------------------


def _travelling(book: BookFile) -> Sources | None:
    """Return the scenario that travels inside a workbook; None when there is none, or it was changed."""
    carried = carried_files(book)
    files = dict(carried[0]) if carried is not None else {}
    raw = files.pop(RECORD, None)
    try:
        record = json.loads(raw)["other"] if raw is not None else {}
        main, settings, baseline = str(record["scenario"]), tuple(map(str, record["settings"])), str(record["baseline"])
    except (ValueError, KeyError, TypeError):
        return None
    return Sources(main, files, settings, baseline) if main in files else None


def state_of_book(book: BookFile, stated: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """Add to what a workbook states its rules and kinds of money; also returns the names that it prints."""
    names: dict[str, dict[str, str]] = {name: {} for name in NAMED}
    allocation = find_grid(book, "allocation", ("line_key",), (*NAMED, "kind_of_money"))
    if allocation is not None:
        kind = _words(book, "workbook.counts", "budget", "partner", "memo")
        rows = []
        for row in allocation.body:
            key = allocation.cell(row, "line_key").text
            if key.count("|") != len(NAMES) - 1:
                continue
            for name, member in zip(NAMED, key.split("|"), strict=False):
                if name in allocation.columns:
                    names[name][member] = allocation.cell(row, name).text
            rows.append({"key": key, "counts": kind(allocation.cell(row, "kind_of_money").text)})
        stated["allocation"] = rows
    rules = find_grid(book, "rules", ("rule", "status", "member"), _RULE_COLUMNS)
    if rules is not None:
        stated["rules"] = _rules(rules)
    return stated, names


def _rules(grid: Grid) -> list[dict[str, Any]]:
    status = _words(grid.book, "status", "ok", "at_limit", "missed", "decided", "breach")
    side = _words(grid.book, "workbook.side", "at_least", "at_most", "exactly")
    force = _words(grid.book, "workbook.force", "hard", "soft", "watched")
    out = []
    for row in grid.body:
        cells = {key: grid.cell(row, key) for key in _RULE_COLUMNS}
        if cells["rule"].text:
            ours = {"sense": side(cells["side"].text), "status": status(cells["status"].text), "enforced": force(cells["force"].text)}
            said = {key: cells[key].text for key in ("rule", "member", "says")}
            figures = {key: cells[key].number for key in ("amount", "limit", "headroom")}
            out.append({**said, **figures, **{key: word.replace("_", " ") for key, word in ours.items()}})
    return out


def _words(book: BookFile, group: str, *ours: str) -> Callable[[str], str]:
    """Return what turns a printed word of any language back into ours; unknown words stay."""
    known = {text: word for word in ours for text in spellings(f"{group}.{word}", book.spoken)}
    return lambda text: known.get(text, text)


# --- Text ------------------------------------------------------------------------------------------------------------


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
