"""Needs, priorities and ceilings that colleagues typed over, on every sheet that shows them.

A figure is known by its path: `needs egypt returns need`, `instruments ndici ceiling each 2025`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction

from fundalloc.back.edits import TALK, Change, Path, Row
from fundalloc.back.formulas import NotUnderstood, Reader
from fundalloc.errors import Problems, ScenarioError
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.sheets.inputs import written_in_year
from fundalloc.money import DECIMALS
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.workbooks.cells import BookFile, Grid, find_grid

Place = tuple[Row, str, Path]
"""A row, the key of a column, and what stands there."""
HAIR = Fraction(1, 10**DECIMALS)
_ON_NEEDS, _ON_SOURCES = ("need", "priority"), ("what", "concerns", "figure")


def figures(scenario: Scenario) -> dict[Path, Fraction | None]:
    """Return every need, priority and ceiling of a scenario; None for a ceiling that it does not have."""
    facts, out = scenario.facts, dict[Path, Fraction | None]()
    for k, (partnership, area) in enumerate(zip(facts.needs.partnership, facts.needs.area, strict=True)):
        for key, values in (("need", facts.needs.need), ("priority", facts.needs.priority)):
            pair = facts.dimensions.partnership.ids[partnership], facts.dimensions.area.ids[area]
            out["needs", *pair, key] = Fraction(int(values.numerator[k]), values.denominator)
    for k, instrument in enumerate(facts.instruments):
        above: Path = ("instruments", instrument.id, "ceiling")
        out |= {(*above, "each", str(year)): written_in_year(facts, k, t) for t, year in enumerate(facts.years)}
        out[(*above, "total")] = None if instrument.ceiling is None else instrument.ceiling.total
    return out


def typed_figures(file: BookFile, book: Book, reader: Reader, problems: Problems) -> Iterator[tuple[Path, Change]]:
    """Yield every figure that is a number and another one than that of the scenario, wherever it stands."""
    known = figures(book.plan.scenario)
    for row, key, path in (*_needs(file, reader, problems), *_ceilings(file, reader, problems), *_sources(file, book, known, problems)):
        cell = row[key]
        if path not in known or cell.formula is not None or cell.number is None or cell.number < 0:
            continue  # what is no figure is named by the comparison of all cells
        before, after = known[path], row.number(key) or Fraction(0)
        if before is None or abs(after - before) > HAIR:
            about = (path[3], *path[1:3]) if path[0] == "needs" else (path[2], path[1], path[-1])
            yield path, Change(f"the {about[0]} of {' '.join(about[1:])}", before, after, row.said(key))


def _rows(file: BookFile, sheet: str, *columns: str, years: bool = False) -> Iterator[tuple[Grid, int]]:
    """Yield the rows of a sheet; none where it or its headings are gone. With `years`, other headings are keys of columns too."""
    with suppress(ScenarioError):
        grid = find_grid(file, sheet, columns, (*TALK, *_ON_NEEDS))
        if grid is not None:
            texts = [cell.text for cell in file.rows(grid.title)[grid.heading]] if years else []
            grid = replace(grid, columns={text: k for k, text in enumerate(texts)} | dict(grid.columns))
            yield from ((grid, at) for at in grid.body)


def _needs(file: BookFile, reader: Reader, problems: Problems) -> Iterator[Place]:
    for grid, at in _rows(file, "needs", "need", "partnership_id", "area_id"):
        row = Row(grid, at, problems)
        with suppress(NotUnderstood):
            pair = (reader.member(name, row[f"{name}_id"].text) for name in ("partnership", "area"))
            path: Path = ("needs", *pair)
            yield from ((row, key, (*path, key)) for key in _ON_NEEDS)


def _ceilings(file: BookFile, reader: Reader, problems: Problems) -> Iterator[Place]:
    for grid, at in _rows(file, "instruments", "instrument_id", "total_ceiling", years=True):
        row = Row(grid, at, problems)
        with suppress(NotUnderstood):
            above: Path = ("instruments", reader.member("instrument", row["instrument_id"].text), "ceiling")
            yield from ((row, year, (*above, "each", year)) for year in map(str, reader.scenario.facts.years))
            yield row, "total_ceiling", (*above, "total")


def _sources(file: BookFile, book: Book, known: dict[Path, Fraction | None], problems: Problems) -> Iterator[Place]:
    """Yield needs and ceilings of the sheet that lists every figure, by the words that it has for them."""
    words = {(book.say(f"figure.{_kind(path)}"), _said(path, book)): path for path in known if _kind(path) != "priority"}
    for grid, at in _rows(file, "sources", *_ON_SOURCES):
        row = Row(grid, at, problems)
        if path := words.get((row["what"].text, row["concerns"].text)):
            yield row, "figure", path


def _kind(path: Path) -> str:
    return path[3] if path[0] == "needs" else path[2]


def _said(path: Path, book: Book) -> str:
    if path[0] == "needs":
        return f"{book.labels['partnership'][path[1]]} · {book.labels['area'][path[2]]}"
    return f"{book.labels['instrument'][path[1]]}, {book.say('whole_period') if path[-1] == 'total' else path[-1]}"
