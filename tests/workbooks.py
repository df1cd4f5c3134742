"""Hands that do to a workbook what colleagues and other programs do: type, sort, insert, rename, save again."""

from __future__ import annotations

import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest

KEYS = {"Allocation": ("Line key",), "Rules": ("Rule", "Member", "Side"), "Own rules": ()}
"""Sheets, and the headings that tell their rows apart."""


@contextmanager
def opened(source: Path, target: Path) -> Iterator[Any]:
    """Open a workbook and save what was done to it under another name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl, about charts and colours
        book = openpyxl.load_workbook(source)
        yield book
        book.save(target)


def headings(sheet: Any, *needed: str) -> tuple[int, dict[str, int]]:
    """Return the row of the headings and {heading: column}."""
    for row in sheet.iter_rows():
        texts = {cell.value: cell.column for cell in row if cell.value is not None}
        if all(word in texts for word in needed):
            return row[0].row, texts
    raise LookupError(f"no headings {needed} on {sheet.title}")


def row_of(sheet: Any, *ids: str) -> tuple[int, dict[str, int]]:
    """Return the row whose ids are these, and {heading: column}."""
    names = KEYS[sheet.title]
    first, columns = headings(sheet, *names)
    for row in range(first + 1, sheet.max_row + 1):
        if tuple(str(sheet.cell(row, columns[name]).value or "") for name in names) == ids:
            return row, columns
    raise LookupError(f"no row {ids} on {sheet.title}")


def type_in(book: Any, sheet: str, ids: tuple[str, ...], **cells: object) -> None:
    """Type into the row with these ids: adjustment=2 goes below "Adjustment (input)"."""
    row, columns = row_of(book[sheet], *ids)
    for name, value in cells.items():
        book[sheet].cell(row, columns[HEADING.get(name, name)]).value = value


HEADING = {
    "adjustment": "Adjustment (input)",
    "comment": "Comment (input)",
    "author": "Author (input)",
    "limit": "Limit (input)",
    "optimised": "Optimised",
    "planned": "Planned",
    "key": "Line key",
    "status": "Status",
}


def add_row(book: Any, sheet: str, **cells: object) -> int:
    """Type a new row below a table and return its number."""
    first, columns = headings(book[sheet], *KEYS[sheet])
    last = max(row for row in range(first, book[sheet].max_row + 1) if book[sheet].cell(row, columns[KEYS[sheet][0]]).value)
    for name, value in cells.items():
        book[sheet].cell(last + 1, columns[HEADING.get(name, name.replace("_", " "))]).value = value
    return last + 1


def replace_part(source: Path, target: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    """Copy a zip archive with one part changed byte by byte."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            raw = old.read(info.filename)
            new.writestr(info.filename, change(raw) if info.filename == part else raw)


def saved_by_libreoffice(source: Path, folder: Path) -> Path:
    """Let LibreOffice open a workbook and save it under the same name in a folder; skip the test when it is not installed."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice (soffice) is not installed: the file cannot be saved by it")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / source.name
