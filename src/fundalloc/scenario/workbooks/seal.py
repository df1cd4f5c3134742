"""What a workbook held when it was written, kept inside it: a digest of its parts, and one of what is written on each sheet.

The first is gone when any program saves the file, the others stay: they hold what was typed and no stored value of a formula.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections import Counter
from datetime import datetime, timedelta
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from fundalloc.doors.reading import FAILURES, read_bytes
from fundalloc.scenario.workbooks.cells import BookFile
from fundalloc.scenario.workbooks.container import LARGEST_FILE

PART, PREFIX = "docProps/written.xml", "fundalloc "
CHOICE = (4, 1)
"""Row and column of the choice on a page that follows it: the seal of such a sheet leaves that cell out."""
_SPACES, _WHOLE = re.compile(r"\s+|_xlfn\."), re.compile(r"(?<![\w.])(\d+)\.0+(?![\d.])")


class Seal(Counter[str]):
    """What is written on each sheet, added up cell by cell in whatever order."""

    def add(self, sheet: str, row: int, column: int, value: object, formula: str | None = None) -> None:
        """Add a cell: its formula, or else its value."""
        if formula is not None or (value is not None and value != ""):
            text = f"{row} {column} {_formula(formula) if formula is not None else _said(value)}"
            self[sheet] += int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())

    def digests(self) -> dict[str, str]:
        """Return the digest of every sheet."""
        return {sheet: f"{total % 2**64:016x}" for sheet, total in self.items()}


def _said(value: object) -> str:
    if isinstance(value, datetime):
        value = (value - datetime(1899, 12, 30)) / timedelta(days=1)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value + 0.0:.12g}"
    return " ".join(str(value).split())


@lru_cache(maxsize=100_000)
def _formula(text: str) -> str:
    return _WHOLE.sub(r"\1", _SPACES.sub("", f"={text.removeprefix('=')}"))


def sealed(raw: bytes) -> bytes:
    """Return a workbook with a digest of its parts inside."""
    memory = BytesIO(raw)
    with zipfile.ZipFile(memory, "a") as package:
        package.writestr(zipfile.ZipInfo(PART), f'<?xml version="1.0"?><written digest="{_parts(package)}"/>')
    return memory.getvalue()


def untouched(path: Path) -> bool:
    """Return whether a file is, byte for byte, as it was written; False for what is no workbook of ours."""
    try:
        with zipfile.ZipFile(BytesIO(read_bytes(path, LARGEST_FILE))) as package:
            return PART in package.namelist() and _parts(package).encode() in package.read(PART)
    except (zipfile.BadZipFile, *FAILURES):
        return False


def _parts(package: zipfile.ZipFile) -> str:
    parts = sorted((part.filename, part.CRC, part.file_size) for part in package.infolist() if part.filename != PART)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def changed_sheets(book: BookFile) -> list[str] | None:
    """Return the sheets that are not as they were written, gone or added; None when the workbook keeps no digests. Raises ScenarioError."""
    kept = {name.removeprefix(PREFIX): digest for name, digest in book.properties.items() if name.startswith(PREFIX)}
    if not kept:
        return None
    whole, unchosen = Seal(), Seal()
    for title in book.titles:
        for row, cells in enumerate(book.rows(title)):
            for column, cell in enumerate(cells):
                for there in (whole, unchosen) if (row, column) != CHOICE else (whole,):
                    there.add(title, row, column, cell.value, cell.formula)
    found = whole.digests(), unchosen.digests()
    others = (title for title in book.titles if title not in kept and not {one.get(title) for one in found} & {*kept.values()})
    return [*(title for title, digest in kept.items() if all(digest not in one.values() for one in found)), *others]
