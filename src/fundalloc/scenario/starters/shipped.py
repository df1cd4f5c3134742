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


def starters() -> dict[str, Path]:
    """Return the main files of the shipped scenarios by the names of their folders: in the installed package, or beside the sources."""
    package = Path(__file__).parents[2]
    installed = package / "starters"
    homes = [installed] if installed.is_dir() else [package.parents[1] / name for name in ("scenarios", "examples")]
    folders = sorted((folder for home in homes for folder in home.iterdir()), key=lambda folder: folder.name)
    mains = [folder / name for folder in folders for name in ("baseline.yaml", f"{folder.name}.yaml")]
    return {main.parent.name: main for main in mains if main.is_file()}


def copy_starter(name: str, folder: Path, *, as_workbook: bool = False) -> list[Path]:
    """Copy a starter into a new or empty folder and return the files written, the main one first. Raises UsageError or OutputError."""
    known = starters()
    if name not in known:
        raise UsageError(f"No starter '{name}'. {did_you_mean(name, known)}")
    check_empty(folder)
    main = known[name]
    tables = sorted(main.parent.glob("*.csv"))
    if as_workbook and not tables:
        raise UsageError(f"The tables of '{name}' stand in the scenario itself: leave --tables out.")
    with new_folder(folder) as inside:
        scenarios = sorted(main.parent.glob("*.yaml"), key=lambda path: (path != main, path.name))
        written = [_copy_yaml(path, inside, as_workbook) for path in scenarios]
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
    text = re.sub(r"\$schema=\S+", "$schema=schema.json", path.read_text("utf-8"))
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
