"""What the tests share: the tiny case, and hands that write files and read complaints."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import dedent
from typing import Any

import openpyxl
import pytest

from cases import TINY
from fundalloc.errors import ScenarioError
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario

FIXED = Path(__file__).parent / "scenario" / "fixed.yaml"
FIXED_TEXT = FIXED.read_text("utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden texts; read the diff")
    parser.addoption("--fuzz", type=int, default=0, metavar="N", help="damage so many more files")
    parser.addoption("--fuzz-from", type=int, default=-1, metavar="NUMBER", help="the one damaged file of this number")


@pytest.fixture(scope="session", autouse=True)
def _own_ledger(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep runs of several files out of the user's own ledger."""
    os.environ["FUNDALLOC_LEDGER"] = str(tmp_path_factory.mktemp("ledger") / "runs.sqlite")


@pytest.fixture(scope="session")
def tiny() -> Scenario:
    """examples/tiny/tiny.yaml: three instruments that count, four partnerships, three areas, two years."""
    return load(TINY)


@pytest.fixture(scope="session")
def fixed() -> Scenario:
    """tests/scenario/fixed.yaml: the tiny case as a text whose lines and columns may be named."""
    return load(FIXED)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """write(name, content): a file in tmp_path; text is dedented, bytes stay as they are."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
        return path

    return write


@pytest.fixture
def variant(write: Callable[..., Path]) -> Callable[..., Path]:
    """variant((old, new), …): the fixed case with pieces of its text replaced, each of which must stand there once."""

    def variant(*changes: tuple[str, str], name: str = "scenario.yaml") -> Path:
        text = FIXED_TEXT
        for old, new in changes:
            assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in fixed.yaml"
            text = text.replace(old, new)
        return write(name, text)

    return variant


@pytest.fixture
def child(write: Callable[..., Path]) -> Callable[..., Path]:
    """child(text): a scenario beside a copy of the fixed case (as tiny.yaml) that extends it."""

    def child(text: str, name: str = "child.yaml") -> Path:
        write("tiny.yaml", FIXED_TEXT)
        return write(name, "extends: tiny.yaml\n" + dedent(text))

    return child


@pytest.fixture
def worksheet(tmp_path: Path) -> Callable[..., Path]:
    """worksheet(name, sheet, rows): a workbook with one sheet."""

    def worksheet(name: str, sheet: str, rows: Iterable[Iterable[Any]]) -> Path:
        book = openpyxl.Workbook()
        book.active.title = sheet
        for row in rows:
            book.active.append(list(row))
        book.save(tmp_path / name)
        return tmp_path / name

    return worksheet


@pytest.fixture
def annex(tmp_path: Path) -> Callable[..., None]:
    """annex(**cells): a workbook in the layout of an annex, with merged and two-row headings, a subtotal, a total and a footnote."""

    def annex(**cells: Any) -> None:
        book = openpyxl.Workbook()
        sheet = book.active
        sheet.title = "Annex I"
        for row in [
            ["ANNEX I"],
            ["(EUR million)"],
            [],
            ["Instrument", "Partner", "Area", "Commitments", None, "All years"],
            [None, None, None, 2025, 2026],
            ["NDICI", "Tunisia", "Smuggling", "3,5", "p.m.", 3.5],
            [None, None, "Returns", "1 200,0", "-", 1200],
            [None, "Sub-total Tunisia", None, "1 203,5", "0,0", 1203.5],
            ["AMIF", "Egypt", "Returns", 2, 0.5, 2.5],
            ["TOTAL", None, None, 1205.5, 0.5, 1206],
            [],
            ["¹ Current prices."],
        ]:
            sheet.append(row)
        for span in ("A1:F1", "A4:A5", "B4:B5", "C4:C5", "D4:E4", "F4:F5", "A6:A8", "B6:B7"):
            sheet.merge_cells(span)
        for cell, value in cells.items():
            sheet[cell] = value
        book.save(tmp_path / "annex.xlsx")

    return annex


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., list[str]]:
    """complaints(path): what load() says is wrong, one `place: message (hint)` each, files named relative to tmp_path."""
    monkeypatch.chdir(tmp_path)

    def complaints(path: Path, **options: Any) -> list[str]:
        with pytest.raises(ScenarioError) as caught:
            load(path, **options)
        return [f"{p.place}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in caught.value.problems]

    return complaints
