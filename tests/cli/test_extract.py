"""`fundalloc extract`: the scenario that travels inside, as files that write the same workbook again, byte for byte."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

from cases import ROOT, TINY
from fundalloc.export.workbook import write_workbook
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from workbooks import headings, opened, replace_part, saved_by_libreoffice

pytest_plugins = ("calls",)

SHIPPED = ROOT / "scenarios" / "mff-2021-2027" / "baseline.yaml"


@pytest.fixture
def extracted(fundalloc, tmp_path):
    """extracted(book): the folder of its scenario, and the command that writes the book again (to its last argument)."""

    def made(book: Path, name: str = "files") -> tuple[Path, list[str]]:
        result = fundalloc("extract", book, tmp_path / name)
        assert result.exit_code == 0, result.stderr
        program, *command = shlex.split(result.stdout.splitlines()[-1].removeprefix("Next: "))
        assert program == "fundalloc"
        return tmp_path / name, command

    return made


def written(fundalloc, tmp_path: Path, *arguments: object) -> Path:
    book = tmp_path / "book.xlsx"
    result = fundalloc("run", *arguments, "-o", book, "-q")
    assert result.exit_code == 0, result.stderr
    return book


def rewritten(fundalloc, tmp_path: Path, command: list[str]) -> bytes:
    """Run the command that extract names, into another file."""
    again = tmp_path / "again.xlsx"
    at = command.index("-o") + 1
    assert fundalloc(*command[:at], again, *command[at + 1 :], "-q").exit_code == 0
    return again.read_bytes()


@pytest.mark.parametrize(
    ("scenario", "options"),
    [(TINY, ()), (TINY, ("--ranges", "--prices")), (SHIPPED, ("--quick",))],
    ids=["tiny", "with all", "shipped baseline, quick"],
)
def test_the_files_write_the_same_workbook_byte_for_byte(fundalloc, extracted, tmp_path, scenario, options):
    book = written(fundalloc, tmp_path, scenario, *options)
    folder, command = extracted(book)
    for path in folder.rglob("*"):
        assert path.read_bytes() == (scenario.parent / path.relative_to(folder)).read_bytes()
    assert rewritten(fundalloc, tmp_path, command) == book.read_bytes()


def test_an_untouched_file_is_known_to_be_one(fundalloc, tmp_path):
    verified = fundalloc("verify", written(fundalloc, tmp_path, TINY))
    assert verified.exit_code == 0
    assert verified.stdout.endswith("the file is, byte for byte, the one that its scenario and record give\n")


def test_settings_language_and_a_baseline_from_elsewhere(fundalloc, extracted, tmp_path):
    """What the command line added travels along: the command that extract names repeats it."""
    start = tmp_path / "elsewhere" / "start.json"
    start.parent.mkdir()
    start.write_text(fundalloc("run", TINY, "-n", "--json").stdout, "utf-8")
    arguments = (TINY, "--set", "rules.oda.at_least=75 %", "--baseline", start, "--lang", "fr")
    book = written(fundalloc, tmp_path, *arguments)
    folder, command = extracted(book)
    assert (folder / "baseline" / "start.json").read_bytes() == start.read_bytes()
    assert rewritten(fundalloc, tmp_path, command) == book.read_bytes()
    assert fundalloc("verify", book).exit_code == 0


def test_stacked_variants_come_back_as_one_scenario(fundalloc, extracted, tmp_path):
    (tmp_path / "in").mkdir()
    shutil.copy(TINY, tmp_path / "in" / "tiny.yaml")
    for name, text in {"more": "rules: {oda: {at_least: 75 %}}", "less": "instruments: {amif: {ceiling: {each: 9}}}"}.items():
        (tmp_path / "in" / f"{name}.yaml").write_text(f"scenario: {name}\n{text}\n", "utf-8")
    variants = [part for name in ("more", "less") for part in ("--with", tmp_path / "in" / f"{name}.yaml")]
    book = written(fundalloc, tmp_path, tmp_path / "in" / "tiny.yaml", *variants)
    _, command = extracted(book)
    assert rewritten(fundalloc, tmp_path, command) == book.read_bytes()


def test_a_scenario_as_baseline_needs_no_solver_to_verify(fundalloc, extracted, tmp_path, monkeypatch):
    """The baseline plan travels in the record, so that rules measured against it can be recomputed without solving it."""
    (tmp_path / "in").mkdir()
    shutil.copy(TINY, tmp_path / "in" / "tiny.yaml")
    near = tmp_path / "in" / "near.yaml"
    near.write_text(NEAR, "utf-8")
    book, result = written(fundalloc, tmp_path, near), tmp_path / "near.json"
    result.write_text(fundalloc("run", near, "-n", "--json").stdout, "utf-8")
    _, command = extracted(book)
    assert rewritten(fundalloc, tmp_path, command) == book.read_bytes()
    monkeypatch.setattr("fundalloc.run.solve", lambda *_, **__: pytest.fail("a solver was asked"))
    for arguments in ((book,), (result, near)):
        verified = fundalloc("verify", *arguments)
        assert (verified.exit_code, verified.stderr) == (0, "")


NEAR = """
extends: tiny.yaml
scenario: near
baseline: tiny.yaml
needs: {change: [{partnership: egypt, area: returns, need: 20}]}
rules:
  near: {kind: deviation, says: near the plan, for_each: partnership, within: 10 %, source: assumption}
"""


def test_tables_of_every_sort_come_back_as_they_were(fundalloc, extracted, worksheet, tmp_path):
    """A worksheet (not a text), a CSV with Windows line ends, one with a byte-order mark and tabs, and a file in a folder."""
    text = TINY.read_text("utf-8")
    for section, rows in (("needs", "- {partnership: tunisia"), ("eligibility", "- {instrument: ndici, area: smuggling}")):
        start = text.index(f"\n{section}:\n")
        assert rows in text[start:]
        end = text.index("\n\n", start)
        text = (
            text[:start]
            + {"needs": "\nneeds: {file: tables/needs.xlsx#Needs}", "eligibility": "\neligibility: {file: eligibility.csv}"}[section]
            + text[end:]
        )
    (tmp_path / "in" / "tables").mkdir(parents=True)
    needs = [
        ["partnership", "area", "need", "priority"],
        ["tunisia", "smuggling", 12, 1.2],
        ["egypt", "legal-pathways", 12.5, 1],
        ["sahel", "returns", 9, 1],
    ]
    shutil.move(worksheet("needs.xlsx", "Needs", needs), tmp_path / "in" / "tables" / "needs.xlsx")
    rows = [
        "instrument,area,effectiveness,reason",
        "ndici,smuggling,1,",
        "ndici,returns,0.8,a\tb",
        "ndici,legal-pathways,1,",
        "amif,returns,1,",
    ]
    (tmp_path / "in" / "eligibility.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode() + b"\r\n")
    (tmp_path / "in" / "mixed.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    book = written(fundalloc, tmp_path, tmp_path / "in" / "mixed.yaml")
    folder, command = extracted(book)
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} == {
        "mixed.yaml",
        "eligibility.csv",
        "tables/needs.xlsx",
    }
    for path in folder.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "in" / path.relative_to(folder)).read_bytes()
    assert rewritten(fundalloc, tmp_path, command) == book.read_bytes()


def test_after_libreoffice_has_saved_it(fundalloc, extracted, tmp_path):
    book = written(fundalloc, tmp_path, TINY)
    saved = saved_by_libreoffice(book, tmp_path / "lo")
    assert saved.read_bytes() != book.read_bytes()
    folder, _ = extracted(saved)
    assert (folder / "tiny.yaml").read_bytes() == TINY.read_bytes()
    result = fundalloc("verify", saved)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("every formula, amount and limit is as it was written\n")


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_workbook(solve(load(TINY)), tmp_path_factory.mktemp("sent") / "plan.xlsx")


def spoil(sent: Path, target: Path, change) -> Path:
    with opened(sent, target) as book:
        sheet = book["Scenario files"]
        row, columns = headings(sheet, "File", "Content")
        change(sheet, row + 1, columns)
    return target


SPOILT = {
    "a line changed": (
        lambda sheet, row, c: setattr(sheet.cell(row + 5, c["Content"]), "value", "as_of: 2020-01-01"),
        "the file tiny.yaml is not as it was written",
    ),
    "a line deleted": (lambda sheet, row, c: sheet.delete_rows(row + 5), "Scenario files!D12: line 6 of tiny.yaml is missing"),
    "a line twice": (
        lambda sheet, row, c: setattr(sheet.cell(row + 5, c["Line of the file"]), "value", 5),
        "Scenario files!D12: line 5 of tiny.yaml stands twice",
    ),
    "a formula": (
        lambda sheet, row, c: setattr(sheet.cell(row + 5, c["Content"]), "value", "=1+1"),
        "Scenario files!D12: a formula in a file that travels along",
    ),
    "a name that leaves the folder": (
        lambda sheet, row, c: [setattr(sheet.cell(k, c["File"]), "value", "../../x.yaml") for k in range(row, row + 111)],
        "'../../x.yaml' is no name of a file inside a folder",
    ),
    "no column": (
        lambda sheet, row, c: setattr(sheet.cell(row - 1, c["Content"]), "value", "Text"),
        "Scenario files!A6: no column 'Content'",
    ),
    "a record that is none": (
        lambda sheet, row, c: setattr(sheet.cell(sheet.max_row, c["Content"]), "value", "AAAA"),
        "fundalloc-record.json cannot be unpacked",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_was_changed_inside_is_named_and_nothing_is_written(fundalloc, sent, tmp_path, case):
    change, message = SPOILT[case]
    result = fundalloc("extract", spoil(sent, tmp_path / "spoilt.xlsx", change), tmp_path / "files")
    assert result.exit_code == 3
    assert message in result.stderr
    assert not (tmp_path / "files").exists()


def test_a_folder_that_holds_something(fundalloc, sent, tmp_path):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "mine.txt").write_text("keep me")
    assert fundalloc("extract", sent, tmp_path / "files").exit_code == 6
    assert [p.name for p in (tmp_path / "files").iterdir()] == ["mine.txt"]


def test_as_json(fundalloc, sent, tmp_path):
    found = json.loads(fundalloc("extract", sent, tmp_path / "files", "--json").stdout)["result"]
    assert found == {
        "files": [str(tmp_path / "files" / "tiny.yaml")],
        "command": ["fundalloc", "run", str(tmp_path / "files" / "tiny.yaml"), "-o", "plan.xlsx", "--quick"],
    }


def test_a_damaged_part_is_named(fundalloc, sent, tmp_path):
    replace_part(sent, tmp_path / "doctype.xlsx", "xl/workbook.xml", lambda raw: raw.replace(b"<workbook", b"<!DOCTYPE x><workbook", 1))
    result = fundalloc("extract", tmp_path / "doctype.xlsx", tmp_path / "files")
    assert result.exit_code == 3
    assert "xl/workbook.xml declares a document type: not opened" in result.stderr


def test_a_scenario_that_reaches_out_of_the_workbook_is_refused(fundalloc, tmp_path):
    """A workbook may come from anywhere: its scenario reads nothing but the files that travel with it."""
    (tmp_path / "in" / "plans").mkdir(parents=True)
    (tmp_path / "in" / "base.yaml").write_bytes(TINY.read_bytes())
    rule = "{kind: amount, says: x, source: x, for_each: partnership, at_least: {file: %s, column: floor}}"
    child = tmp_path / "in" / "plans" / "child.yaml"
    child.write_text(f"extends: ../base.yaml\nscenario: child\nrules:\n  reach: {rule % (tmp_path / 'floors.csv')}\n", "utf-8")
    (tmp_path / "floors.csv").write_text("partnership,floor\negypt,1\n", "utf-8")
    book = written(fundalloc, tmp_path, child, "--allow-outside")
    result = fundalloc("verify", book)
    assert result.exit_code == 3
    assert "floors.csv' lies outside the project" in result.stderr
    child.write_text("extends: ../base.yaml\nscenario: child\n", "utf-8")
    assert fundalloc("verify", written(fundalloc, tmp_path, child, "--allow-outside")).exit_code == 0
