"""Workbooks for tests: written from ledgers by hand, recalculated by LibreOffice, edited as colleagues would."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.sax.saxutils import unescape as _unescape

import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from cases import TINY
from fundalloc.export.workbook.content import Sheet, Styled
from fundalloc.facts.fields import Text
from fundalloc.facts.selection import MandateRow, Selection
from fundalloc.labels import label
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.verify import measure_rules
from fundalloc.rules import built_in_rules, kinds, parse_rule
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario

MONEY = {"money", "total", "band_money", "amount", "change"}
"""Styles of amounts."""
HEADER = 5
"""Row of the headings, from 0, on sheets without facts above the table."""
LOG = RunLog("by hand", "none", "feasible", 0.0, 0, 0, 0, 0, 0, 0.0, "0", "0" * 64)


def unescape(text: str) -> str:
    """Undo XML's escapes."""
    return _unescape(text, {"&quot;": '"', "&apos;": "'"})


def plan_of(scenario: Scenario, steps: Iterable[int], moves: Iterable[int] = ()) -> Plan:
    """A plan with these amounts, lawful or not: every rule is measured, nothing is optimised."""
    amounts = np.array(list(steps), dtype=np.int64)
    moved = np.array(list(moves) or [0] * len(scenario.lines.moves), dtype=np.int64)
    findings = tuple(measure_rules(scenario, np.concatenate([amounts, moved])))
    return Plan(scenario, amounts, findings, np.full(len(findings), np.nan), LOG, moved)


def every_kind() -> Scenario:
    """The tiny case with every example of every kind of rule, a baseline plan, and money that moves."""
    transfer = "transfers.home={from: amif, to: ndici, at_most: 20 %, source: assumption}"
    scenario = load(TINY, settings=[transfer, "instruments.ndici.carry_over={share: 50 %}"])
    scenario = scenario.starting_from(
        {("ndici", "tunisia", "smuggling", "2025"): Fraction("7.3"), ("amif", "egypt", "returns", "2026"): Fraction(4)}
    )
    examples = [
        (f"{word}-{number}", {"kind": word, **fields})
        for word, kind in sorted(kinds().items())
        if not kind.built_in
        for number, fields in enumerate(kind.EXAMPLES)
    ]
    rules = [parse_rule(name, fields, scenario.facts.dimensions) for name, fields in examples]
    asked = [{"instrument": "ndici", "area": ("returns", "smuggling")}, {"partnership": "sahel", "marker": "oda"}, None]
    mandate = [
        MandateRow(
            f"S{k}", Text(en="A statement"), money and Selection(**money), "", ("share-0", "count-0")[:k], Text(en="Known"), "Example", "M"
        )
        for k, money in enumerate(asked)
    ]
    return replace(scenario, rules=(*rules, *built_in_rules()), mandate=tuple(mandate))


def ledger(scenario: Scenario, seed: int = 7) -> np.ndarray:
    """Amounts that break some rules and keep others: decided money, and up to 2.9 million on every second line."""
    random = np.random.default_rng(seed)
    steps = scenario.lines.decided + random.integers(0, 30, len(scenario.lines)) * random.integers(0, 2, len(scenario.lines))
    return np.where(scenario.lines.fixed, scenario.lines.decided, steps)


def recalculated(path: Path, folder: Path) -> Workbook:
    """Let LibreOffice compute every formula anew and read the values."""
    return openpyxl.load_workbook(recalculated_file(path, folder), data_only=True)


def recalculated_file(path: Path, folder: Path) -> Path:
    """Let LibreOffice compute every formula anew, and save."""
    return recalculated_files([path], folder)[0]


def recalculated_files(paths: Sequence[Path], folder: Path) -> list[Path]:
    """The same for several files, in one call."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice (soffice) is not installed: formulas cannot be recalculated")
    profile = folder / "profile" / "user"
    if not profile.exists():
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(
            '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
            '<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse">'
            "<value>0</value></prop></item></oor:items>"
        )
    out = folder / "recalculated"
    command = [
        program,
        f"-env:UserInstallation={(folder / 'profile').as_uri()}",
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    subprocess.run([*command, "--outdir", str(out), *map(str, paths)], check=True, capture_output=True, timeout=300)
    return [out / path.name for path in paths]


def stored_amounts(sheets: Iterable[Sheet]) -> dict[tuple[str, str], list[float]]:
    """{(sheet, column): amounts that are plain numbers} of all result sheets, but of columns that say that their figures are given."""
    out: dict[tuple[str, str], list[float]] = {}
    for sheet in sheets:
        for column in sheet.table.columns if sheet.colour == "result" else ():
            cells = [(c.content, c.style) if isinstance(c, Styled) else (c, column.style) for c in (*column.cells, *column.totals)]
            found = [content for content, style in cells if style in MONEY and isinstance(content, int | float)]
            if found and not column.given:
                out[sheet.key, column.title] = found
    return out


FORMULA = re.compile(r'<c r="([A-Z]+[0-9]+)"([^>]*)><f[^>]*?(?:/>|>(.*?)</f>)(?:<v>(.*?)</v>)?</c>', re.DOTALL)
SHEET = re.compile(r'<sheet [^>]*?name="([^"]*)"[^>]*?r:id="([^"]*)"')
TARGET = re.compile(r"<Relationship [^>]*>")


def formulas(path: Path) -> dict[tuple[str, str], tuple[str, Any]]:
    """{(sheet, address): (formula, stored value)} straight from the package: openpyxl needs ten times as long."""
    with zipfile.ZipFile(path) as package:
        relations = {}
        for tag in TARGET.findall(package.read("xl/_rels/workbook.xml.rels").decode()):
            relations[_attribute(tag, "Id")] = _attribute(tag, "Target")
        out = {}
        for name, rid in SHEET.findall(package.read("xl/workbook.xml").decode()):
            text = package.read("xl/" + relations[rid].removeprefix("/xl/")).decode()
            for cell, attributes, formula, value in FORMULA.findall(text):
                is_text = 't="str"' in attributes or 't="e"' in attributes or not value  # XlsxWriter leaves an empty text without its type
                out[unescape(name), cell] = unescape(formula), unescape(value) if is_text else float(value)
    return out


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    assert found is not None
    return found[1]


def differences(path: Path, folder: Path) -> list[str]:
    """Formulas whose value after a recalculation is not the stored one."""
    out, computed = [], formulas(recalculated_file(path, folder))
    for cell, (formula, a) in formulas(path).items():
        b = computed[cell][1]
        numbers = isinstance(a, float) and isinstance(b, float)
        if not (math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) if numbers else a == b):
            out.append(f"{cell[0]}!{cell[1]}: stored {a!r}, computed {b!r}, {formula}")
    return out


def table(path: Path, sheet: str, header: int = HEADER) -> pd.DataFrame:
    """A sheet's table as readers without a spreadsheet program get it."""
    return pd.read_excel(path, sheet_name=sheet, header=header)


def total(path: Path, sheet: str, column: str, name: str = "Total") -> float:
    """A figure of a total row."""
    rows = table(path, sheet)
    return float(rows.loc[rows.iloc[:, 0] == name, column].iloc[0])


def heading(key: str, language: str = "en") -> str:
    """The heading of a column."""
    return label(f"workbook.column.{key}", language)


def column(sheet: Worksheet, key: str, language: str = "en") -> int:
    """The position of a column, from 1."""
    wanted = heading(key, language)
    return next(cell.column for row in sheet.iter_rows(max_row=30) for cell in row if cell.value == wanted)


def rows_by(sheet: Worksheet, *keys: str) -> dict[tuple[Any, ...], int]:
    """{values of some columns: row number} of a sheet's table."""
    columns = [column(sheet, key) for key in keys]
    return {tuple(sheet.cell(row, c).value for c in columns): row for row in range(HEADER + 2, sheet.max_row + 1)}


def typed(path: Path, target: Path, adjustments: Mapping[str, float], limits: Mapping[tuple[str, str, str], float]) -> Path:
    """Save a copy in which a colleague has typed adjustments {line key: by} and limits {(rule, member, side): figure}."""
    book = openpyxl.load_workbook(path)
    allocation, rules = book["Allocation"], book["Rules"]
    lines = rows_by(allocation, "line_key")
    for key, by in adjustments.items():
        allocation.cell(lines[(key,)], column(allocation, "adjustment")).value = by
    demands = rows_by(rules, "rule", "member", "side")
    for (rule, member, side), figure in limits.items():
        rules.cell(demands[rule, member or None, side], column(rules, "limit_input")).value = figure
    book.save(target)
    return target
