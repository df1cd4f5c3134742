"""The shipped scenarios as starters: `fundalloc new` copies one, with its tables as CSV files or in one workbook."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

from fundalloc.doors.writing import check_empty, new_folder
from fundalloc.errors import UsageError, did_you_mean
from fundalloc.scenario.schema import json_schema

_TABLE = re.compile(r"(file:\s*)([\w.-]+)\.csv")


def starters_folder() -> Path:
    """Return where the shipped scenarios are: inside the installed package, or beside the sources."""
    package = Path(__file__).parents[2]
    installed = package / "starters"
    return installed if installed.is_dir() else package.parents[1] / "scenarios"


def starters() -> list[str]:
    """Return the names of the shipped scenario folders."""
    return sorted(path.parent.name for path in starters_folder().glob("*/baseline.yaml"))


def copy_starter(name: str, folder: Path, *, as_workbook: bool = False) -> list[Path]:
    """Copy a starter into a new or empty folder and return the files written. Raises UsageError or OutputError."""
    if name not in starters():
        raise UsageError(f"No starter '{name}'. {did_you_mean(name, starters())}")
    check_empty(folder)
    source = starters_folder() / name
    with new_folder(folder) as inside:
        written = [_copy_yaml(path, inside, as_workbook) for path in sorted(source.glob("*.yaml"))]
        tables = sorted(source.glob("*.csv"))
        if as_workbook:
            written.append(_workbook(tables, inside / "tables.xlsx"))
        else:
            written += [Path(shutil.copy(path, inside / path.name)) for path in tables]
        schema = write_schema(inside)
    return [folder / path.name for path in (*written, schema)]


def write_schema(folder: Path) -> Path:
    """Write the schema for editors into a folder."""
    schema = folder / "schema.json"
    schema.write_text(json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    return schema


def _copy_yaml(path: Path, folder: Path, as_workbook: bool) -> Path:
    text = path.read_text("utf-8").replace("$schema=../schema.json", "$schema=schema.json")
    if as_workbook:
        text = _TABLE.sub(r"\1tables.xlsx#\2", text)
    target = folder / path.name
    target.write_text(text, "utf-8")
    return target


def _workbook(tables: list[Path], target: Path) -> Path:
    """Write every CSV as a worksheet; amounts become numbers, so that spreadsheets can work with them."""
    import openpyxl

    book = openpyxl.Workbook()
    if book.active is not None:
        book.remove(book.active)
    for path in tables:
        sheet = book.create_sheet(path.stem[:31])
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                sheet.append([float(cell) if re.fullmatch(r"-?\d+(\.\d+)?", cell) else cell for cell in row])
        sheet.freeze_panes = "A2"
    book.save(target)
    return target
