"""Which sheet and which row of a returned workbook is which of ours: found by what stands in it, wherever it was moved to."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from fundalloc.scenario.workbooks.cells import BookFile
from fundalloc.scenario.workbooks.sheet import Cell

Cells = Sequence[Cell]
Said = tuple[str, ...]
Names = Mapping[int, Said]
HEAD = 12
"""Rows at the top by which a sheet is known that has another name."""
MOST_TRIED = 200
"""Rows with changes that are sought by what is left of them; of more only those that stand where they stood."""
_WHOLE = re.compile(r"(?<![\w.])(\d+)\.0+(?![\d.])")


def sheets(ours: BookFile, theirs: BookFile) -> dict[str, str | None]:
    """Return for every sheet of ours the name that it has in theirs: its own, or that of the sheet most like it; None when it is gone."""
    free = [title for title in theirs.titles if title not in ours.titles]
    out: dict[str, str | None] = {}
    for title in ours.titles:
        if title in theirs.titles:
            out[title] = title
            continue
        wanted = _head(ours, title)
        alike = {other: len(wanted & _head(theirs, other)) for other in free}
        best = max(alike, key=alike.__getitem__, default=None)
        out[title] = best if best is not None and 2 * alike[best] > len(wanted) else None
        free = [other for other in free if other != out[title]]
    return out


def _head(book: BookFile, title: str) -> set[str]:
    return {cell.text for row in book.rows(title)[:HEAD] for cell in row} - {""}


def rows(ours: Sequence[Cells], theirs: Sequence[Cells], named: tuple[Names, Names] = ({}, {})) -> Iterator[tuple[int | None, int | None]]:
    """Pair the rows of a sheet that say the same, first those that stand where they stood; then those that say most of the same.

    Rows that are `named`, ours and theirs, are paired by their names alone. None stands for a row that only one of them has; rows in
    which nothing stands are left out.
    """
    said, found = (_all_said(side, names) for side, names in zip((ours, theirs), named, strict=True))
    pairs = _the_same(said, found)
    pairs |= _alike(_without(said, {*pairs, *named[0]}), _without(found, {*pairs.values(), *named[1]}))
    yield from sorted(pairs.items())
    yield from ((row, None) for row in _without(said, set(pairs)))
    yield from ((None, row) for row in _without(found, set(pairs.values())))


def _all_said(side: Sequence[Cells], names: Names) -> list[Said]:
    return [("", *names[row]) if row in names else _said(cells, row) for row, cells in enumerate(side)]


def _without(said: Sequence[Said], rows: set[int]) -> dict[int, Said]:
    """Return the rows in which something stands, but some."""
    return {row: texts for row, texts in enumerate(said) if row not in rows and any(texts)}


def _the_same(said: Sequence[Said], found: Sequence[Said]) -> dict[int, int]:
    """Pair rows that say the same, wherever they stand."""
    pairs = {row: row for row in range(min(len(said), len(found))) if said[row] == found[row]}
    places: dict[Said, list[int]] = defaultdict(list)
    for row in sorted(set(range(len(found))) - set(pairs.values()), reverse=True):
        places[found[row]].append(row)
    for row in (row for row in range(len(said)) if row not in pairs and places[said[row]]):
        pairs[row] = places[said[row]].pop()
    return pairs


def _alike(lost: Mapping[int, Said], left: dict[int, Said]) -> dict[int, int]:
    """Pair rows that say most of the same, or stand where they stood; what is left is used up."""
    pairs = {}
    for row, said in lost.items():
        tried = left if len(lost) <= MOST_TRIED else {row: left[row]} if row in left else {}
        same = {other: sum(a == b != "" for a, b in zip(said, found, strict=False)) for other, found in tried.items()}
        best = max(same, key=lambda other: (same[other], other == row), default=None)
        if best is not None and (2 * same[best] >= sum(map(bool, said)) or best == row):
            pairs[row] = best
            del left[best]
    return pairs


def in_order(pairs: Sequence[tuple[int | None, int | None]]) -> bool:
    """Return whether rows that both sides have follow each other as they did."""
    places = [theirs for ours, theirs in pairs if ours is not None and theirs is not None]
    return places == sorted(places)


def _said(cells: Cells, row: int) -> Said:
    """Return what stands in a row, its formulas as they read in any row."""
    texts = [plain_formula(cell.formula, row) if cell.formula is not None else cell.text for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def plain_formula(formula: str, row: int) -> str:
    """Return a formula as every program writes it in every row: without spaces outside texts, its own row as `#`."""
    parts = formula.split('"')
    own = re.compile(rf"(?<![A-Za-z0-9_\]$:])([A-Z]{{1,3}}){row + 1}(?![0-9(])|(?<=:)([A-Z]{{1,3}}){row + 1}(?![0-9(])")
    parts[::2] = [own.sub(r"\1\2#", _WHOLE.sub(r"\1", re.sub(r"\s+", "", part)).replace("_xlfn.", "")) for part in parts[::2]]
    return '"'.join(parts)


def same(expected: Cell, found: Cell) -> bool:
    """Return whether a cell holds what was written, and no formula."""
    return found.formula is None and same_value(expected, found)


def same_value(expected: Cell, found: Cell) -> bool:
    """Return whether a cell shows what was written."""
    if (expected.number is None) != (found.number is None):
        return False
    if expected.number is not None and found.number is not None:
        return math.isclose(expected.number, found.number, rel_tol=1e-9, abs_tol=1e-9)
    return expected.text.replace("\r\n", "\n") == found.text.replace("\r\n", "\n")


def shown(cell: Cell) -> str:
    """Return what stands in a cell, for messages."""
    if cell.empty:
        return "nothing"
    return cell.formula or (cell.text if cell.number is not None else f"'{cell.text}'")
