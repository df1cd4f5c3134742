"""How long a workbook of many allocation lines takes to write, and how much memory.

Not part of the test run: python tests/benchmarks/bench_workbook.py [INSTRUMENTS PARTNERSHIPS]

Five areas and seven years; the default 20 × 143 makes 100 100 lines. Amounts are made up and nothing is solved: only the
writing counts. Processor time, so that a busy machine does not matter. Beside it stands what XlsxWriter alone takes, in the same run, for
the same cells without looks, tables and charts: the ratio is what building and dressing the sheets costs.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import openpyxl
import xlsxwriter

from fundalloc.export.workbook import write_workbook
from fundalloc.plan.plan import Plan, RunLog
from fundalloc.plan.verify import measure_rules
from fundalloc.scenario.loading import load

LOG = RunLog("none", "none", "feasible", 0.0, 0, 0, 0, 0, 0, 0.0, "0", "0" * 64)


def scenario_text(instruments: int, partnerships: int) -> str:
    """One scenario with every combination eligible, a marker, and two rules per partnership."""
    areas = range(5)
    parts = [
        "fundalloc: 1\nscenario: big\ntitle: Big\nas_of: 2020-01-01\nyears: 2021-2027\nround_to: 0.1\nareas:",
        *(f"  a{k}: {{name: Area number {k}}}" for k in areas),
        "instruments:",
        *(f"  i{k}: {{name: Instrument number {k}, source: assumption, ceiling: {{each: 1000}}}}" for k in range(instruments)),
        "partnerships:",
        *(f"  - {{id: p{k}, name: Partnership number {k}, level: bilateral, absorption: 500}}" for k in range(partnerships)),
        "eligibility:",
        *(f"  - {{instrument: i{i}, area: a{a}}}" for i in range(instruments) for a in areas),
        "markers:",
        *(f"  - {{marker: oda, area: a{a}, coefficient: 0.{a + 1}}}" for a in areas),
        "needs:",
        *(f"  - {{partnership: p{p}, area: a{a}, need: {10 + p % 9}}}" for p in range(partnerships) for a in areas),
        "rules:",
        '  aid: {kind: share, says: "{partnership}: aid", for_each: partnership, money: {marker: oda}, at_least: 20 %, of: {},'
        " source: assumption, soft: 1}",
        '  floor: {kind: amount, says: "{partnership}: floor", for_each: partnership, at_least: 2, source: assumption, soft: 1}',
    ]
    return "\n".join(parts) + "\n"


def bare(path: Path, target: Path) -> tuple[int, float]:
    """Write the cells of a workbook with XlsxWriter alone; return how many there are, and the seconds."""
    stored, spelt = openpyxl.load_workbook(path, read_only=True, data_only=True), openpyxl.load_workbook(path, read_only=True)
    sheets = []
    for sheet in spelt.worksheets:
        rows = zip(sheet.iter_rows(values_only=True), stored[sheet.title].iter_rows(values_only=True), strict=True)
        cells = [
            (r, c, text, value) for r, (texts, values) in enumerate(rows) for c, (text, value) in enumerate(zip(texts, values, strict=True))
        ]
        sheets.append((sheet.title, [cell for cell in cells if cell[2] is not None]))
    start = time.process_time()
    with xlsxwriter.Workbook(target) as book:
        for name, cells in sheets:
            sheet = book.add_worksheet(name)
            for row, column, text, value in cells:
                if isinstance(text, str) and text.startswith("="):
                    sheet.write_formula(row, column, text, None, value)
                elif isinstance(text, str):
                    sheet.write_string(row, column, text)
                elif isinstance(text, int | float):
                    sheet.write_number(row, column, text)
    return sum(len(cells) for _, cells in sheets), time.process_time() - start


def main(instruments: int, partnerships: int) -> None:
    """Write one workbook and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "big.yaml").write_text(scenario_text(instruments, partnerships), "utf-8")
        scenario = load(Path(folder) / "big.yaml")
        steps = np.random.default_rng(1).integers(0, 30, len(scenario.lines))
        findings = tuple(measure_rules(scenario, steps))
        plan = Plan(scenario, steps, findings, np.full(len(findings), np.nan), LOG)
        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        path = write_workbook(plan, Path(folder) / "big.xlsx")
        seconds, after = time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{len(steps):,} lines, {path.stat().st_size / 1e6:.1f} MB, {seconds:.1f} s, {(after - before) // 1024} MiB more memory")
        cells, alone = bare(path, Path(folder) / "bare.xlsx")
        print(f"{cells:,} cells with content; XlsxWriter alone {alone:.1f} s: ratio {seconds / alone:.2f}")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:3] or (20, 143)))
