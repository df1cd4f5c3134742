"""What a workbook file must be before any of it is read: a whole zip of modest size, with the parts of a workbook and no tricks."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

from fundalloc.doors.reading import read_bytes
from fundalloc.doors.text import display_name, named_alike, other_program
from fundalloc.errors import Place, ScenarioError

LARGEST_FILE, LARGEST_CONTENT = 300_000_000, 1_500_000_000
"""Bytes of the file, and of everything inside it when unpacked."""
MOST_PARTS = 10_000
DENSE, HIGHEST_RATIO = 20_000_000, 250
"""A part that unpacks to more than DENSE bytes, and all parts together, may be at most so many times larger than packed; our sheets stay
below 40."""
_ANEW = "ask for the file again, or open it in Excel and save it anew"
_START = 2_000
"""Bytes of an XML part in which a document type would stand."""


def check_package(path: Path) -> None:
    """Raise ScenarioError with one clear problem unless the file can safely be opened as a workbook. Reads no content."""
    problem = _problem(path)
    if problem is not None:
        raise ScenarioError.of(Place(display_name(path)), *problem)


def _problem(path: Path) -> tuple[str, str] | None:
    if path.is_dir():
        return "this is a folder, not a workbook", "name the file inside it"
    if not path.is_file():
        return "no such file", named_alike(path, "*.xls*")
    try:
        if path.stat().st_size > LARGEST_FILE:
            return f"the file has {path.stat().st_size / 1e6:.0f} MB; the limit is {LARGEST_FILE / 1e6:.0f} MB", ""
        raw = read_bytes(path, LARGEST_FILE)
        if other := other_program(raw):
            return other
        with zipfile.ZipFile(BytesIO(raw)) as package:
            return _inside(package)
    except (zipfile.BadZipFile, EOFError):
        return "not a workbook, or damaged: the file is no whole zip archive", _ANEW
    except OSError as error:
        return f"cannot be read: {error.strerror}", ""


def _inside(package: zipfile.ZipFile) -> tuple[str, str] | None:
    parts = package.infolist()
    if len(parts) > MOST_PARTS:
        return f"{len(parts)} parts in one file: not opened", f"a workbook has at most {MOST_PARTS}"
    sizes = {part.filename: (part.file_size, part.compress_size) for part in parts}
    whole = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if whole[0] > LARGEST_CONTENT:
        return f"it would unpack to {whole[0] / 1e9:.1f} GB: not opened", f"the limit is {LARGEST_CONTENT / 1e9:.1f} GB"
    for name, (size, packed) in {**sizes, "it": whole}.items():
        if size > DENSE and size > HIGHEST_RATIO * max(packed, 1):
            ratio = size // max(packed, 1)
            return f"{name} would unpack to {ratio} times its size: not opened", "this looks like a zip bomb, not like a workbook"
    for part in parts:
        if part.flag_bits & 1:
            return f"{part.filename} is locked with a password", "save the workbook without a password"
    names = [part.filename for part in parts]
    if len(set(names)) < len(names):
        return "damaged: two parts have the same name", "open it in Excel and save it anew"
    if "xl/workbook.xml" not in names:
        return "a zip archive, but not an Excel workbook", "name a file that ends in .xlsx"
    return _damaged(package, parts)


def _damaged(package: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> tuple[str, str] | None:
    """Unpack every part once: a wrong checksum, a broken stream, or a document type that could blow up when it is read."""
    for part in parts:
        try:
            with package.open(part) as stream:
                start = stream.read(_START)
                while stream.read(1 << 20):
                    pass
        except Exception as error:  # zipfile and zlib raise many kinds for damaged streams
            return f"damaged: {part.filename} cannot be unpacked ({error})", _ANEW
        if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in start:
            return f"{part.filename} declares a document type: not opened", "no spreadsheet program writes that"
    return None
