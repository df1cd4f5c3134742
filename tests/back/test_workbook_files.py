"""Workbook files that must not be opened: no zip, damaged, bombs, passwords; one clear message each, before anything is read."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from fundalloc.errors import ScenarioError
from fundalloc.scenario.workbooks import container as packages
from fundalloc.scenario.workbooks.container import check_package


def package(parts: dict[str, bytes]) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts.items():
            target.writestr(name, content)
    return memory.getvalue()


def complaint(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        check_package(path)
    (problem,) = caught.value.problems
    return problem.message


@pytest.fixture
def file(tmp_path):
    def made(content: bytes) -> Path:
        path = tmp_path / "book.xlsx"
        path.write_bytes(content)
        return path

    return made


def test_a_sound_package_passes(file):
    check_package(file(package({"xl/workbook.xml": b"<workbook/>"})))


def test_a_bomb_is_not_unpacked(file, monkeypatch):
    """20 MB of zeros pack to 20 KB, a thousand to one; our densest sheet is below forty to one."""
    bomb = package({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b"\0" * (packages.DENSE + 1)})
    assert len(bomb) < 30_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    assert complaint(file(bomb)).startswith("xl/worksheets/sheet1.xml would unpack to 10")


def test_many_parts_that_together_are_too_much(file, monkeypatch):
    monkeypatch.setattr(packages, "LARGEST_CONTENT", 1_000)
    parts = {"xl/workbook.xml": b"<workbook/>", **{f"xl/{k}.xml": bytes(range(100)) for k in range(20)}}
    assert complaint(file(package(parts))) == "it would unpack to 0.0 GB: not opened"
    monkeypatch.setattr(packages, "MOST_PARTS", 10)
    assert complaint(file(package(parts))) == "21 parts in one file: not opened"


def test_a_size_that_lies_is_noticed(file):
    """The directory says 5 bytes where 11 are: reading stops at the checksum, not at what the part claims to hold."""
    raw = bytearray(package({"xl/workbook.xml": b"<workbook/>"}))
    at = raw.index(b"PK\x01\x02") + 24
    assert int.from_bytes(raw[at : at + 4], "little") == 11
    raw[at : at + 4] = (5).to_bytes(4, "little")
    assert complaint(file(bytes(raw))).startswith("damaged: xl/workbook.xml cannot be unpacked")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a workbook, or damaged: the file is no whole zip archive"),
        (b"PK\x03\x04 cut short", "not a workbook, or damaged: the file is no whole zip archive"),
        (b"\xd0\xcf\x11\xe0 old", "an old .xls file, or one with a password"),
        (package({"word/document.xml": b"<x/>"}), "a zip archive, but not an Excel workbook"),
        (
            package({"xl/workbook.xml": b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">]><workbook/>'}),
            "xl/workbook.xml declares a document type: not opened",
        ),
        (package({"xl/workbook.xml": b"<workbook/>"})[:-30], "not a workbook, or damaged: the file is no whole zip archive"),
    ],
    ids=["empty", "cut", "xls", "docx", "entities", "end missing"],
)
def test_what_is_no_workbook(file, content, message):
    assert complaint(file(content)) == message


def test_a_broken_stream(file):
    raw = bytearray(package({"xl/workbook.xml": bytes(range(256)) * 40}))
    raw[60:90] = b"\0" * 30
    assert complaint(file(bytes(raw))).startswith("damaged: xl/workbook.xml cannot be unpacked")


def test_folders_and_missing_files(tmp_path):
    assert complaint(tmp_path) == "this is a folder, not a workbook"
    assert complaint(tmp_path / "none.xlsx") == "no such file"
