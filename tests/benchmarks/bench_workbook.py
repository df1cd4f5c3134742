"""What a workbook of many allocation lines costs: seconds and memory to write it, its size, and seconds to recalculate it.

Not part of the test run: python tests/benchmarks/bench_workbook.py [LINES]

The scenario of `generate.py` with 100 000 lines, solved first. Processor time, so that a busy machine matters less. Beside it stands what
XlsxWriter alone takes, in the same run, for the same cells without looks, tables and charts: the ratio is what building and dressing the
sheets costs. LibreOffice opens the book, computes every formula anew and saves it; where it is not installed, that is left out.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import openpyxl
import xlsxwriter
from generate import generate

from fundalloc.export.workbook import write_workbook
from fundalloc.run import solve
from fundalloc.scenario.loading import load

sys.path.insert(0, str(Path(__file__).parents[1]))
from export.books import recalculated_file


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


def used(whose: int = resource.RUSAGE_SELF) -> tuple[float, int]:
    """Return the seconds of the processor and the peak memory in MiB, so far."""
    found = resource.getrusage(whose)
    return found.ru_utime + found.ru_stime, found.ru_maxrss // 1024


def main(lines: int) -> None:
    """Write one workbook, recalculate it, and print what it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = solve(load(generate(folder / "scenario", lines, 7)))
        before = used()
        path = write_workbook(plan, folder / "big.xlsx")
        after = used()
        seconds, money = after[0] - before[0], int((plan.steps > 0).sum())
        print(f"{len(plan.steps):,} lines, {money:,} of them with money, {len(plan.findings):,} demands")
        print(f"{path.stat().st_size / 1e6:.1f} MB, {seconds:.1f} s, peak {after[1]} MiB ({before[1]} before)", flush=True)
        recalculated_file(path, folder)
        print(f"opened, recalculated and saved by LibreOffice: {used(resource.RUSAGE_CHILDREN)[0]:.1f} s", flush=True)
        cells, alone = bare(path, folder / "bare.xlsx")
        print(f"{cells:,} cells with content; XlsxWriter alone {alone:.1f} s: ratio {seconds / alone:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
