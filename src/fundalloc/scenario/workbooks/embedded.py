"""Files that travel inside a workbook: line by line for people to read, packed (zlib, base64) where that would be inexact, or long."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from fundalloc.errors import Place, Problems, and_more
from fundalloc.scenario.workbooks.cells import BookFile, Grid, find_grid

RECORD = "fundalloc-record.json"
"""The name under which the record of the run travels beside the scenario's files."""
COLUMNS = ("file_name", "file_line", "file_form", "file_content")
CHANGED = "the sheet was changed: ask for the file again"
TEXT, WINDOWS_TEXT, PACKED = "text", "text CRLF", "packed"
LONGEST_LINE, MOST_LINES = 8_000, 5_000
PIECE = 16_000
"""Characters of base64 in one cell."""
LARGEST = 400_000_000
"""Bytes that a packed file may unpack to."""
_DOUBTFUL = re.compile(r"^['=]|_x[0-9A-Fa-f]{4}_|\s$")
"""Lines that some spreadsheet program may not give back as they were."""


class Line(NamedTuple):
    """One row of the sheet."""

    file: str
    number: int
    """From 1."""
    form: str
    content: str


def pack(files: Mapping[str, bytes]) -> Iterator[Line]:
    """Yield the rows that carry these files. The record of the run is for programs: always packed."""
    for name, content in files.items():
        form, pieces = _packed(content) if name == RECORD else _pieces(content)
        for number, piece in enumerate(pieces, start=1):
            yield Line(name, number, form, piece)


def _pieces(content: bytes) -> tuple[str, list[str]]:
    for form, end in ((TEXT, "\n"), (WINDOWS_TEXT, "\r\n")):
        try:
            lines = content.decode("utf-8").split(end)
        except UnicodeDecodeError:
            break
        if len(lines) <= MOST_LINES and all(_is_plain(line) for line in lines):
            return form, lines
    return _packed(content)


def _packed(content: bytes) -> tuple[str, list[str]]:
    coded = base64.b64encode(zlib.compress(content, 9)).decode()
    return PACKED, [coded[k : k + PIECE] for k in range(0, len(coded), PIECE)]


def _is_plain(line: str) -> bool:
    return len(line) <= LONGEST_LINE and line.isprintable() and not _DOUBTFUL.search(line)


def unpack(rows: Iterable[tuple[Line, Place]], problems: Problems) -> dict[str, bytes]:
    """Put files together again, whatever the order of the rows; what is wrong is added to the problems."""
    found: dict[str, dict[int, tuple[Line, Place]]] = {}
    for line, place in rows:
        pieces = found.setdefault(line.file, {})
        if line.number in pieces:
            problems.add(place, f"line {line.number} of {line.file} stands twice", CHANGED)
        pieces[line.number] = line, place
    joined = {name: _join(name, pieces, problems) for name, pieces in found.items()}
    return {name: content for name, content in joined.items() if content is not None}


def _join(name: str, pieces: dict[int, tuple[Line, Place]], problems: Problems) -> bytes | None:
    numbers = sorted(pieces)
    first = pieces[numbers[0]]
    missing = sorted(set(range(1, numbers[-1] + 1)) - set(numbers))
    if missing:
        below = pieces[min(number for number in numbers if number > missing[0])][1]
        message = ", ".join([f"line {missing[0]} of {name} is missing", *and_more(missing, 1)])
        problems.add(below, message, CHANGED)
        return None
    texts = [pieces[number][0].content for number in numbers]
    form = first[0].form
    if form in (TEXT, WINDOWS_TEXT):
        return ("\n" if form == TEXT else "\r\n").join(texts).encode()
    if form != PACKED:
        problems.add(first[1], f"'{form}' is no way to carry a file", f"expected {TEXT}, {WINDOWS_TEXT} or {PACKED}")
        return None
    unpacker = zlib.decompressobj()
    with suppress(binascii.Error, zlib.error, ValueError):
        content = unpacker.decompress(base64.b64decode("".join(texts), validate=True), LARGEST)
        if unpacker.eof:
            return content
    problems.add(first[1], f"{name} cannot be unpacked", CHANGED)
    return None


def carried_files(book: BookFile) -> tuple[dict[str, bytes], Place] | None:
    """Return the files that a workbook carries, and where they stand; None when it carries none. Raises ScenarioError."""
    grid = find_grid(book, "scenario_files", COLUMNS)
    if grid is None:
        return None
    problems = Problems()
    files = unpack(_rows(grid, problems), problems)
    problems.tell()
    return files, grid.heading_place("file_name")


def _rows(grid: Grid, problems: Problems) -> list[tuple[Line, Place]]:
    out = []
    for row in grid.body:
        name, number, form, content = (grid.cell(row, key) for key in COLUMNS)
        if name.empty and number.empty and content.empty:
            continue
        live = next((key for key in COLUMNS if grid.cell(row, key).formula is not None), None)
        if live is not None:
            problems.add(grid.place(row, live), "a formula in a file that travels along", CHANGED)
        elif name.empty or number.number is None or number.number % 1:
            problems.add(grid.place(row, "file_line"), f"'{number.text}' is no line number of a file", CHANGED)
        else:
            line = Line(name.text, int(number.number), form.text, "" if content.value is None else str(content.value))
            out.append((line, grid.place(row, "file_content")))
    return out
