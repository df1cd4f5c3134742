"""Results read back: the plan that a file states, and the scenario behind it where that can be had."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fundalloc.errors import FundallocError
from fundalloc.facts.dimensions import NAMES, Dimension, Dimensions
from fundalloc.scenario.document import display_name, read_text
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import PlanAmounts, read_plan
from fundalloc.scenario.plans.files import read_plan_file
from fundalloc.scenario.sources import Sources
from fundalloc.scenario.tables.reading import MAX_TABLE_BYTES
from fundalloc.scenario.workbooks.cells import BookFile, Grid, find_grid, in_languages
from fundalloc.scenario.workbooks.embedded import RECORD, carried_files

BOOKS = (".xlsx", ".xlsm")
NAMED = ("instrument", "partnership", "area")
_STATUSES = ("ok", "at_limit", "missed", "decided", "breach")
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
    """Why there is no scenario."""


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
    found = _named(path, amounts)
    missing = "" if found else _why_not(path, amounts)
    stated = {**amounts.stated, **({"allocation": _kinds_of_csv(path)} if path.suffix.lower() == ".csv" else {})}
    return Result(amounts, stated, {}, found, missing=missing)


def _kinds_of_csv(path: Path) -> list[dict[str, Any]]:
    """Return instrument and kind of money of every row of our own CSV; empty where it does not say."""
    rows = csv.DictReader(io.StringIO(read_text(path, display_name(path), MAX_TABLE_BYTES), newline=""))
    return [{"key": row["instrument"], "counts": row["counts"]} for row in rows if row.get("instrument") and row.get("counts")]


def read_amounts(path: Path) -> PlanAmounts:
    """Read the amounts of a plan without knowing its scenario: the ids are those in the file."""
    lines = read_plan_file(path).lines
    instrument, partnership, area, year = (Dimension.build(name, dict.fromkeys(lines.column(name)), {}) for name in NAMES)
    return read_plan(path, Dimensions(instrument, partnership, area, year), strict=False)


def _named(path: Path, amounts: PlanAmounts) -> Path | None:
    """Return the scenario file that a result names, when it is still there and still the same."""
    name = amounts.scenario_file
    for candidate in (Path(name), path.parent / name):
        if not name or not candidate.is_file():
            continue
        try:
            if load(candidate, allow_outside=True).digest == amounts.digest:
                return candidate
        except FundallocError:
            continue
    return None


def _why_not(path: Path, amounts: PlanAmounts) -> str:
    if not amounts.scenario_file:
        return f"{path.name} does not carry its scenario"
    return f"{path.name} names {amounts.scenario_file}, which is not here or has changed since"


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
        kind = _words({key: f"workbook.counts.{key}" for key in ("budget", "partner", "memo")})
        rows = []
        for row in allocation.body:
            key = allocation.cell(row, "line_key").text
            if key.count("|") != len(NAMES) - 1:
                continue
            for name, member in zip(NAMED, key.split("|"), strict=False):
                if name in allocation.columns:
                    names[name][member] = allocation.cell(row, name).text
            said = kind(allocation.cell(row, "kind_of_money").text) if "kind_of_money" in allocation.columns else ""
            rows.append({"key": key, "counts": said})
        stated["allocation"] = rows
    rules = find_grid(book, "rules", ("rule", "status", "member"), _RULE_COLUMNS)
    if rules is not None:
        stated["rules"] = _rules(rules)
    return stated, names


def _rules(grid: Grid) -> list[dict[str, Any]]:
    status = _words({word: f"status.{word}" for word in _STATUSES})
    side = _words({word: f"workbook.side.{word}" for word in ("at_least", "at_most", "exactly")})
    force = _words({word: f"workbook.force.{word}" for word in ("hard", "soft", "watched")})

    def text(row: int, key: str) -> str:
        return grid.cell(row, key).text if key in grid.columns else ""

    return [
        {
            "rule": text(row, "rule"),
            "member": text(row, "member"),
            "sense": side(text(row, "side")).replace("_", " "),
            "says": text(row, "says"),
            "enforced": force(text(row, "force")),
            "amount": grid.cell(row, "amount").number if "amount" in grid.columns else None,
            "limit": grid.cell(row, "limit").number if "limit" in grid.columns else None,
            "headroom": grid.cell(row, "headroom").number if "headroom" in grid.columns else None,
            "status": status(text(row, "status")).replace("_", " "),
        }
        for row in grid.body
        if text(row, "rule")
    ]


def _words(keys: dict[str, str]) -> Callable[[str], str]:
    """Return what turns a printed word of any language back into ours; unknown words stay."""
    ours = {text: word for word, key in keys.items() for text in in_languages(key).values()}
    return lambda text: ours.get(text, text)
