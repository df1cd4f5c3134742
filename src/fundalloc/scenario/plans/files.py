"""Plans as files: our JSON, our CSV allocation table and our workbook, each read into one table of text with places."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fundalloc.doors.text import display_name, read_text
from fundalloc.doors.writing import PACKAGE
from fundalloc.errors import Place, Problems, ScenarioError, UsageError, nearest
from fundalloc.facts.dimensions import NAMES
from fundalloc.labels import label, spellings
from fundalloc.scenario.document import Scalar
from fundalloc.scenario.tables.raw import MAX_TABLE_BYTES, read_csv
from fundalloc.scenario.tables.table import HEADING, Table
from fundalloc.scenario.workbooks.cells import BookFile, Grid, find_grid
from fundalloc.scenario.workbooks.embedded import RECORD, carried_files

FORMAT = "fundalloc.run/1"
CSV_NAME, MOVES_NAME = "allocation.csv", "moves.csv"
COLUMNS = [*NAMES, "amount"]
IDS = ("instrument_id", "partnership_id", "area_id")
ACTIONS = ("area_id", "action_id")


@dataclass(frozen=True)
class PlanFile:
    """A plan as written: amounts per line and per move as text, and whatever else the file states."""

    lines: Table
    """Columns: instrument, partnership, area (or action), year, amount."""
    moves: Table | None = None
    """Columns: key, amount; None when the file says nothing about moves."""
    stated: Mapping[str, Any] = field(default_factory=dict)
    """What the file says about itself, in the words of our JSON."""

    @property
    def within(self) -> dict[str, str]:
        """Which action lies in which area, as far as the file says."""
        scenario = self.stated.get("scenario")
        found = scenario.get("actions") if isinstance(scenario, dict) else None
        return {str(action): str(area) for action, area in found.items()} if isinstance(found, dict) else {}


def read_plan_file(path: Path) -> PlanFile:
    """Read a file by its ending, or a folder that holds an allocation.csv. Raises ScenarioError."""
    if path.is_dir():
        return _read_csv(path / CSV_NAME)
    readers = {".json": _read_json, ".csv": _read_csv, ".xlsx": _read_book, ".xlsm": _read_book}
    if path.suffix.lower() in readers:
        return readers[path.suffix.lower()](path)
    message = f"'{path.suffix}' is no format of a plan" if path.exists() else "no such file"
    raise ScenarioError.of(Place(display_name(path)), message, "name a .json, .csv or .xlsx file, or a folder of CSV tables")


def said(stated: Mapping[str, Any], key: str) -> str:
    """Return what a file says of its scenario under a key, or nothing."""
    scenario = stated.get("scenario")
    return str(scenario.get(key) or "") if isinstance(scenario, dict) else ""


def named_scenario(result: str) -> str:
    """Return the scenario file that a result names, seen from here or from where the result lies. Raises UsageError."""
    named = said(read_plan_file(Path(result)).stated, "file")
    found = [path for path in (Path(named), Path(result).parent / named) if named and path.is_file()]
    if not found:
        raise UsageError(f"{result} names no scenario file that is here: name the scenario too.")
    return str(found[0])


def _read_csv(path: Path) -> PlanFile:
    table, moves = _table(path, COLUMNS, ("action",)), path.parent / MOVES_NAME
    lines, stated = _lowest(table) if len(table.columns) > len(COLUMNS) else (table, {})
    return PlanFile(lines, _table(moves, ["key", "amount"]) if path.name == CSV_NAME and moves.is_file() else None, stated)


def _lowest(table: Table) -> tuple[Table, dict[str, Any]]:
    """Put actions into the place of their areas; also returns what that says of the scenario."""
    at = COLUMNS.index("area")
    cells = [[*row[:at], row[-1] or row[at], *row[at + 1 : -1]] for row in table.cells]
    within = {row[-1]: row[at] for row in table.cells if row[-1] not in ("", row[at])}
    return Table(table.name, COLUMNS, cells, table.place), {"scenario": {"actions": within}}


def _decimal(path: Path) -> Scalar | None:
    """Return the decimal sign of amounts that the package beside a table of ours names; None where nothing names one."""
    if path.name not in (CSV_NAME, MOVES_NAME):
        return None
    package = path.with_name(PACKAGE)
    try:
        listed = json.loads(read_text(package, display_name(package)))["resources"]
        fields = [field for table in listed if table["path"] == path.name for field in table["schema"]["fields"]]
        signs = [Scalar(field["decimalChar"], Place(display_name(package))) for field in fields if field["name"] == "amount"]
        return signs[0] if signs else None
    except (ScenarioError, ValueError, LookupError, TypeError):
        return None


def _table(path: Path, wanted: list[str], further: Sequence[str] = ()) -> Table:
    problems = Problems()
    try:
        table = read_csv(path, ["amount"], _decimal(path))
    except ScenarioError:  # a file that Excel has saved anew shows its own sign
        table = read_csv(path, ["amount"])
    for name in (name for name in wanted if name not in table.columns):
        near = nearest(name, (other for other in table.columns if other not in wanted))
        hint = f"did you mean '{near}'?" if near else f"needed columns: {', '.join(wanted)}"
        problems.add(table.place(HEADING, 0), f"the column '{name}' is missing", hint)
    problems.tell()
    wanted = [*wanted, *(name for name in further if name in table.columns)]
    at = [table.columns.index(name) for name in wanted]
    cells = [[row[k] for k in at] for row in table.cells]
    return Table(table.name, wanted, cells, lambda row, column: table.place(row, at[column]))


def _read_json(path: Path) -> PlanFile:
    name = display_name(path)
    text = read_text(path, name, MAX_TABLE_BYTES)
    try:
        stated = json.loads(text)
        exact = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise ScenarioError.of(Place(name, error.lineno, error.colno), f"not JSON: {error.msg}") from None
    except RecursionError:
        raise ScenarioError.of(Place(name), "not a plan: nested too deep") from None
    stated, exact = _result(stated), _result(exact)
    if isinstance(stated, list):
        raise ScenarioError.of(Place(name, 1, 1), "a list of results", "keep one plan per file")
    if not isinstance(stated, dict) or stated.get("format") != FORMAT:
        raise ScenarioError.of(Place(name, 1, 1), f"not a plan: no format '{FORMAT}'", "write one with fundalloc run FILE --json")
    lines = _json_table(name, text, exact, "allocation", COLUMNS)
    return PlanFile(lines, _json_table(name, text, exact, "moves", ["key", "amount"]) if "moves" in exact else None, stated)


def _result(stated: Any) -> Any:
    """Return the result out of what --json prints around it since version 0.2.0; of several runs their list."""
    if not isinstance(stated, dict) or not isinstance(stated.get("result"), dict) or "exit_code" not in stated:
        return stated
    return stated["result"].get("runs", stated["result"])


def _json_table(name: str, text: str, content: dict[str, Any], section: str, columns: list[str]) -> Table:
    """Read a list of {key, amount}; a line key is split into its four ids."""
    rows = content.get(section)
    problems = Problems()
    if not isinstance(rows, list):
        raise ScenarioError.of(Place(name, 1, 1), f"no list '{section}'", "write the plan again with fundalloc run FILE --json")
    keys, cells = list[str](), list[list[str]]()
    for number, row in enumerate(rows, start=1):
        key = row.get("key") if isinstance(row, dict) else None
        if not isinstance(key, str):
            problems.add(Place(name), f"entry {number} of '{section}' has no key")
            continue
        parts, amount = _parts(key, columns), row.get("amount")
        if parts is None:
            problems.add(Place(name, _line_of(text, key, 0), 1), *_no_key(key))
            continue
        keys.append(key)
        cells.append([*parts, amount if isinstance(amount, str) else json.dumps(amount)])
    problems.tell()

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


def _read_book(path: Path) -> PlanFile:
    """Read line keys (or the ids) and planned amounts, whatever was moved or sorted, and what the record of the run says."""
    book = BookFile(path)
    grid = _plan_grid(book)
    lines, within, problems = _book_lines(grid)
    problems.tell()
    log = find_grid(book, "run_log", ("item", "what"))
    stated, moves = _run_log(log), None
    stated["scenario"] |= {"actions": within} if within else {}
    carried = carried_files(book)
    if carried is not None and RECORD in carried[0]:
        moves = _recorded(carried[0][RECORD], Place(book.name, cell=carried[1].cell), stated)
    return PlanFile(lines, moves, stated)


def _plan_grid(book: BookFile) -> Grid:
    by_key = find_grid(book, "allocation", ("line_key", "planned"), ACTIONS) if _has_keys(book) else None
    grid = by_key or find_grid(book, "allocation", ("planned", "year", *IDS), ACTIONS)
    if grid is None:
        hint = "the plan stands on the sheet of that name in the workbooks that fundalloc writes"
        raise ScenarioError.of(Place(book.name), f"no sheet '{label('sheet.allocation.name')}'", hint)
    return grid


def _has_keys(book: BookFile) -> bool:
    """Return whether any sheet has the heading of the line keys; a table by ids is read without them."""
    words, names = (set(spellings(key)) for key in ("workbook.column.line_key", "sheet.allocation.name"))
    titles = [title for title in book.titles if title in names] or book.titles
    return any(cell.value in words for title in titles for row in book.rows(title) for cell in row)


def _book_lines(grid: Grid) -> tuple[Table, dict[str, str], Problems]:
    by_key = "line_key" in grid.columns
    lowest = "action_id" if "action_id" in grid.columns else "area_id"
    keys = ("line_key",) * 4 if by_key else (*IDS[:2], lowest, "year")
    rows, cells, shown, problems = list[int](), list[list[str]](), list[tuple[str, ...]](), Problems()
    for row in grid.body:
        texts = [grid.cell(row, key).text for key in (*dict.fromkeys(keys), "planned")]
        if not any(texts):
            continue
        amount = grid.cell(row, "planned")
        if amount.unreadable is not None:
            problems.add(grid.place(row, "planned"), *amount.unreadable)
        parts = _parts(texts[0], COLUMNS) if by_key else texts[:4]
        if parts is None or not all(parts):
            wrong = _no_key(texts[0]) if texts[0] else ("an amount without a line key", "")
            problems.add(grid.place(row, keys[0]), *wrong)
        else:
            rows.append(row)
            cells.append([*parts, texts[-1]])
            shown += [(parts[2], *(grid.cell(row, key).text for key in ACTIONS))] * (lowest == "action_id")

    def where(row: int, column: int) -> Place:
        return grid.place(rows[row] if row >= 0 else grid.heading, (*keys, "planned")[column])

    ids = {action: own for own, _, action in shown}  # in cells some ids stand with a number in front
    within = {own: ids.get(area, area) for own, area, action in shown if area != action}
    return Table(grid.book.name, COLUMNS, cells, where), within, problems


def _run_log(grid: Grid | None) -> dict[str, Any]:
    items = {} if grid is None else {grid.cell(row, "item").text: grid.cell(row, "what").value for row in grid.body}

    def read(key: str) -> Any:
        return next((items[word] for word in spellings(f"workbook.log.{key}") if word in items), None)

    found = {"id": read("scenario"), "digest": read("digest"), "as_of": read("as_of")}
    stated: dict[str, Any] = {"scenario": {key: str(value) for key, value in found.items() if value is not None}}
    stated["log"] = {"version": str(read("version") or "").removeprefix("fundalloc ")}
    return {**stated, **{key: value for key in ("score", "penalty") if isinstance(value := read(key), int | float)}}


def _recorded(raw: bytes, place: Place, stated: dict[str, Any]) -> Table | None:
    """Return the moves that the record of the run holds, and add its duals and its baseline to what is stated."""
    try:
        record = json.loads(raw)
        moves = sorted(record["moves"].items())
        stated["duals"] = [{"row": key, "dual": dual} for key, dual in record["duals"].items()]
        stated["baseline"] = [{"key": key, "amount": amount} for key, amount in record["baseline"].items()]
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return Table(place.file, ["key", "amount"], [[str(key), str(amount)] for key, amount in moves], lambda row, column: place)
