"""Plans as files: our JSON, our CSV allocation table and our workbook, each read into one table of text with places."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fundalloc.errors import Place, Problem, ScenarioError, did_you_mean, nearest
from fundalloc.facts.dimensions import NAMES
from fundalloc.labels import label, languages
from fundalloc.scenario.document import display_name, read_text
from fundalloc.scenario.table_reading import MAX_TABLE_BYTES, parse_csv
from fundalloc.scenario.tables import HEADING, Table

FORMAT = "fundalloc.run/1"
CSV_NAME, MOVES_NAME = "allocation.csv", "moves.csv"
COLUMNS = [*NAMES, "amount"]
_BOOKS = (".xlsx", ".xlsm")


@dataclass(frozen=True)
class PlanFile:
    """A plan as written: amounts per line and per move as text, and whatever else the file states."""

    lines: Table
    """Columns: instrument, partnership, area, year, amount."""
    moves: Table | None = None
    """Columns: key, amount; None when the file says nothing about moves."""
    stated: Mapping[str, Any] = field(default_factory=dict)
    """What the file says about itself, in the words of our JSON."""


def read_plan_file(path: Path) -> PlanFile:
    """Read a file by its ending, or a folder that holds an allocation.csv. Raises ScenarioError."""
    ending = path.suffix.lower()
    if path.is_dir():
        return _read_csv(path / CSV_NAME)
    if ending == ".json":
        return _read_json(path)
    if ending == ".csv":
        return _read_csv(path)
    if ending in _BOOKS:
        return _read_book(path)
    message = f"'{path.suffix}' is no format of a plan" if path.exists() else "no such file"
    raise ScenarioError([Problem(Place(display_name(path)), message, "name a .json, .csv or .xlsx file, or a folder of CSV tables")])


# --- CSV -------------------------------------------------------------------------------------------------------------


def _read_csv(path: Path) -> PlanFile:
    name = display_name(path)
    table = _columns(parse_csv(read_text(path, name, MAX_TABLE_BYTES), name), COLUMNS)
    moves = path.parent / MOVES_NAME
    if path.name != CSV_NAME or not moves.is_file():
        return PlanFile(table)
    name = display_name(moves)
    return PlanFile(table, _columns(parse_csv(read_text(moves, name, MAX_TABLE_BYTES), name), ["key", "amount"]))


def _columns(table: Table, wanted: list[str]) -> Table:
    """Return a table with these columns only. Raises ScenarioError when one is missing."""
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        known = [name for name in table.columns if name not in wanted]
        raise ScenarioError(
            [
                Problem(
                    table.place(HEADING, 0),
                    f"the column '{name}' is missing",
                    f"did you mean '{near}'?" if (near := nearest(name, known)) else f"needed columns: {', '.join(wanted)}",
                )
                for name in missing
            ]
        )
    at = [table.columns.index(name) for name in wanted]
    cells = [[row[k] for k in at] for row in table.cells]
    return Table(table.name, wanted, cells, lambda row, column: table.place(row, at[column]), semicolons=table.semicolons)


# --- JSON ------------------------------------------------------------------------------------------------------------


def _read_json(path: Path) -> PlanFile:
    name = display_name(path)
    text = read_text(path, name, MAX_TABLE_BYTES)
    try:
        stated = json.loads(text)
        exact = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise ScenarioError([Problem(Place(name, error.lineno, error.colno), f"not JSON: {error.msg}")]) from None
    except RecursionError:
        raise ScenarioError([Problem(Place(name), "not a plan: nested too deep")]) from None
    if isinstance(stated, list):
        raise ScenarioError([Problem(Place(name, 1, 1), "a list of results", "keep one plan per file")])
    if not isinstance(stated, dict) or stated.get("format") != FORMAT:
        raise ScenarioError([Problem(Place(name, 1, 1), f"not a plan: no format '{FORMAT}'", "write one with fundalloc run FILE --json")])
    lines = _json_table(name, text, exact, "allocation", COLUMNS)
    return PlanFile(lines, _json_table(name, text, exact, "moves", ["key", "amount"]) if "moves" in exact else None, stated)


def _json_table(name: str, text: str, content: dict[str, Any], section: str, columns: list[str]) -> Table:
    """Read a list of {key, amount}; a line key is split into its four ids."""
    rows = content.get(section)
    problems: list[Problem] = []
    if not isinstance(rows, list):
        raise ScenarioError([Problem(Place(name, 1, 1), f"no list '{section}'", "write the plan again with fundalloc run FILE --json")])
    keys: list[str] = []
    cells: list[list[str]] = []
    for number, row in enumerate(rows, start=1):
        key = row.get("key") if isinstance(row, dict) else None
        if not isinstance(key, str):
            problems.append(Problem(Place(name), f"entry {number} of '{section}' has no key"))
            continue
        parts, amount = _parts(key, columns), row.get("amount")
        if parts is None:
            problems.append(Problem(Place(name, _line_of(text, key, 0), 1), *_no_key(key)))
            continue
        keys.append(key)
        cells.append([*parts, amount if isinstance(amount, str) else json.dumps(amount)])
    if problems:
        raise ScenarioError(problems)

    def where_is(row: int, _: int) -> Place:
        line = _line_of(text, keys[row], keys[:row].count(keys[row])) if row >= 0 else 1
        return Place(name, line, 1)

    return Table(name, columns, cells, where_is)


def _line_of(text: str, key: str, nth: int) -> int:
    """Return the line in which a key stands for the nth time; 1 when it is written in another way."""
    found = list(re.finditer(re.escape(json.dumps(key, ensure_ascii=False)), text))
    return text.count("\n", 0, found[nth].start()) + 1 if nth < len(found) else 1


def _parts(key: str, columns: Sequence[str]) -> list[str] | None:
    if columns[0] == "key":
        return [key]
    parts = key.split("|")
    return parts if len(parts) == len(NAMES) else None


def _no_key(key: str) -> tuple[str, str]:
    return f"'{key}' is not a line key", f"a line key is {'|'.join(NAMES)}"


# --- Workbook --------------------------------------------------------------------------------------------------------


def _read_book(path: Path) -> PlanFile:
    import openpyxl

    name = display_name(path)
    if not path.is_file():
        near = [p.name for p in path.parent.glob("*.xls*")] if path.parent.is_dir() else []
        raise ScenarioError([Problem(Place(name), "no such file", did_you_mean(path.name, near))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells of charts and colours that it does not read
        try:
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        except Exception as error:  # openpyxl raises many kinds for damaged files
            raise ScenarioError([Problem(Place(name), "not a readable workbook", str(error))]) from None
        try:
            sheets = {title: [list(row) for row in book[title].iter_rows(values_only=True)] for title in _ours(book.sheetnames)}
        finally:
            book.close()
    allocation = next((title for title in sheets if title in _words("sheet.allocation.name")), None)
    if allocation is None:
        hint = "the plan stands on the sheet of that name in the workbooks that fundalloc writes"
        raise ScenarioError([Problem(Place(name), f"no sheet '{label('sheet.allocation.name')}'", hint)])
    log = next((rows for title, rows in sheets.items() if title in _words("sheet.run_log.name")), [])
    return PlanFile(_book_table(name, allocation, sheets[allocation]), None, _run_log(log))


def _words(key: str) -> set[str]:
    """Return a text of the catalogue in every language that has it."""

    def written() -> Iterator[str]:
        for language in languages():
            try:
                yield label(key, language)
            except KeyError:
                continue

    return set(written())


def _ours(titles: Sequence[str]) -> list[str]:
    known = _words("sheet.allocation.name") | _words("sheet.run_log.name")
    return [title for title in titles if title in known]


def _heading(name: str, sheet: str, rows: list[list[Any]]) -> tuple[int, dict[str, int]]:
    """Find the row with the headings, in any language: which row it is, and the column of each (-1 where it is missing)."""
    title = {key: _words(f"workbook.column.{key}") for key in ("line_key", "planned", "year", *(f"{n}_id" for n in NAMES[:3]))}
    for number, row in enumerate(rows):
        at = {key: next((k for k, cell in enumerate(row) if cell in words), -1) for key, words in title.items()}
        ids = [column for key, column in at.items() if key != "line_key"]
        if at["planned"] >= 0 and (at["line_key"] >= 0 or min(ids) >= 0):
            return number, at
    words = " and ".join(f"'{label(f'workbook.column.{key}')}'" for key in ("line_key", "planned"))
    raise ScenarioError([Problem(Place(name, cell=f"{sheet}!A1"), f"no headings {words}", "keep the headings of the sheet as they were")])


def _book_table(name: str, sheet: str, rows: list[list[Any]]) -> Table:
    """Read line keys (or the ids) and planned amounts below the headings."""
    from openpyxl.utils import get_column_letter

    number, at = _heading(name, sheet, rows)
    by_key = at["line_key"] >= 0
    id_columns = [at["line_key"]] * 4 if by_key else [*(at[f"{n}_id"] for n in NAMES[:3]), at["year"]]
    columns = [*id_columns, at["planned"]]
    found = [(below, list(_cells(rows[below], columns, by_key))) for below in range(number + 1, len(rows))]
    filled = [(below, cells) for below, cells in found if any(cells)]

    def where(row: int, column: int) -> Place:
        line = filled[row][0] if row >= 0 else number
        return Place(name, cell=f"{sheet}!{get_column_letter(columns[column] + 1)}{line + 1}")

    wrong = [
        Problem(where(k, 0), *(_no_key(str(rows[below][at["line_key"]])) if cells[0] else ("an amount without a line key", "")))
        for k, (below, cells) in enumerate(filled)
        if by_key and not all(cells[:4])
    ]
    if wrong:
        raise ScenarioError(wrong)
    return Table(name, COLUMNS, [cells for _, cells in filled], where)


def _cells(row: list[Any], columns: list[int], by_key: bool) -> Iterator[str]:
    """Return four ids and the amount as text; a line key that is none leaves the last three ids empty."""
    texts = [_text(row[k]) if k < len(row) else "" for k in columns]
    if by_key:
        parts = _parts(texts[0], COLUMNS)
        texts[:4] = parts if parts is not None else [texts[0], "", "", ""]
    yield from texts


def _text(value: object) -> str:
    """Write a cell's value as text; numbers to the 15 digits that a spreadsheet keeps."""
    if value is None:
        return ""
    return f"{value:.15g}" if isinstance(value, float) else str(value).strip()


def _run_log(rows: list[list[Any]]) -> dict[str, Any]:
    """Return what the run log says, in the words of our JSON."""
    items = {str(row[0]): row[1] for row in rows if len(row) > 1 and row[0] is not None}

    def read(key: str) -> Any:
        return next((items[word] for word in _words(f"workbook.log.{key}") if word in items), None)

    found = {"id": read("scenario"), "digest": read("digest"), "as_of": read("as_of")}
    stated: dict[str, Any] = {"scenario": {key: str(value) for key, value in found.items() if value is not None}}
    return {**stated, **{key: value for key in ("score", "penalty") if isinstance(value := read(key), int | float)}}
