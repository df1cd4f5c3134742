"""Which sheet and which row of a returned workbook is which of ours: found by what stands in it, wherever it was moved to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from fundalloc.scenario.workbooks.cells import BookFile
from fundalloc.scenario.workbooks.sheet import Cell

Cells = Sequence[Cell]
Said = tuple[str, ...]
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
        wanted = {cell.text for row in ours.rows(title)[:HEAD] for cell in row} - {""}
        alike = {other: len(wanted & {cell.text for row in theirs.rows(other)[:HEAD] for cell in row}) for other in free}
        best = max(alike, key=alike.__getitem__, default=None)
        out[title] = best if best is not None and 2 * alike[best] > len(wanted) else None
        free = [other for other in free if other != out[title]]
    return out


def rows(ours: Sequence[Cells], theirs: Sequence[Cells]) -> Iterator[tuple[int | None, int | None]]:
    """Pair the rows of a sheet that say the same, first those that stand where they stood; then those that say most of the same.

    None stands for a row that only one of them has; rows in which nothing stands are left out.
    """
    said, found = ([_said(cells, row) for row, cells in enumerate(side)] for side in (ours, theirs))
    pairs = {row: row for row in range(min(len(said), len(found))) if said[row] == found[row]}
    places: dict[Said, list[int]] = defaultdict(list)
    for row in sorted(set(range(len(found))) - set(pairs.values()), reverse=True):
        places[found[row]].append(row)
    for row in (row for row in range(len(said)) if row not in pairs and places[said[row]]):
        pairs[row] = places[said[row]].pop()
    lost, taken = [row for row in range(len(said)) if row not in pairs and any(said[row])], set(pairs.values())
    left = {row: found[row] for row in range(len(found)) if row not in taken and any(found[row])}
    for row in lost:
        tried = left if len(lost) <= MOST_TRIED else {row: left[row]} if row in left else {}
        best = max(tried, key=lambda other: (_alike(said[row], left[other]), other == row), default=None)
        if best is not None and (2 * _alike(said[row], left[best]) >= sum(map(bool, said[row])) or best == row):
            pairs[row] = best
            del left[best]
    yield from sorted(pairs.items())
    yield from ((row, None) for row in lost if row not in pairs)
    yield from ((None, row) for row in left)


def in_order(pairs: Sequence[tuple[int | None, int | None]]) -> bool:
    """Return whether rows that both sides have follow each other as they did."""
    places = [theirs for ours, theirs in pairs if ours is not None and theirs is not None]
    return places == sorted(places)


def _alike(one: Said, other: Said) -> int:
    return sum(a == b != "" for a, b in zip(one, other, strict=False))


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
