"""Several programs as one: what is decided before the futures part is one column in all of them.

The columns of the first program come first, then those of the others that are not shared. Rows stand under each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import UsageError
from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import LinearProgram, RowBlock, Terms, stack
from fundalloc.money import Floats

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Joined:
    """The joint program. `columns[s]` says where the columns of program s stand in it."""

    program: LinearProgram
    columns: tuple[Positions, ...]
    now: Positions
    """Columns of the shared lines."""
    ids: tuple[tuple[str, str, str, str], ...]
    """The four ids of each shared line."""

    def score(self, values: Floats, programs: Sequence[LinearProgram], future: int) -> float:
        """Return the score of one future."""
        return programs[future].score(values[self.columns[future]])

    def ledger(self, lines: Sequence[Lines]) -> Positions:
        """Return the columns of all lines, shared ones once."""
        return np.unique(np.concatenate([columns[: len(own)] for columns, own in zip(self.columns, lines, strict=True)]))


def join(programs: Sequence[LinearProgram], lines: Sequence[Lines], until: int) -> Joined:
    """Join programs whose lines up to a year are decided in common. Raises UsageError when decided money contradicts itself.

    A line that not all futures have receives nothing in the common years beyond its decided money.
    """
    positions = [{ids: k for k, ids in enumerate(own.ids) if int(ids[3]) <= until} for own in lines]
    shared = [ids for ids in positions[0] if all(ids in other for other in positions)]
    at: list[Positions] = [np.array([own[ids] for ids in shared], dtype=np.intp) for own in positions]
    bounded = [_without_private(program, own, k) for program, own, k in zip(programs, positions, at, strict=True)]
    joint, columns = _stacked(bounded, at)
    lowest = np.max([program.lower[k] for program, k in zip(programs, at, strict=True)], axis=0)
    highest = np.min([program.upper[k] for program, k in zip(programs, at, strict=True)], axis=0)
    clash = np.flatnonzero(lowest > highest + 1e-9)
    if len(clash):
        raise UsageError(f"The futures disagree on decided money of {' | '.join(shared[int(clash[0])])}: it cannot be committed in common.")
    joint.lower[at[0]], joint.upper[at[0]] = lowest, highest
    return Joined(joint, columns, at[0], tuple(shared))


def _without_private(program: LinearProgram, early: Mapping[tuple[str, str, str, str], int], shared: Positions) -> LinearProgram:
    """Let lines of the common years that not all futures have receive nothing beyond their decided money."""
    private = np.setdiff1d(list(early.values()), shared).astype(np.intp)
    upper = program.upper.copy()
    upper[private] = program.lower[private]
    return replace(program, upper=upper)


def _stacked(programs: Sequence[LinearProgram], shared: Sequence[Positions]) -> tuple[LinearProgram, tuple[Positions, ...]]:
    """Put the rows under each other; also return where the columns of every program stand."""
    columns: list[Positions] = []
    own: list[Positions] = []
    parts: list[tuple[int, Terms]] = []
    blocks: list[RowBlock] = []
    width = first = 0
    for program, common in zip(programs, shared, strict=True):
        private = np.setdiff1d(np.arange(program.shape[1]), common if columns else ())
        place = np.empty(program.shape[1], dtype=np.intp)
        place[common] = shared[0]
        place[private] = width + np.arange(len(private))
        matrix = program.matrix
        parts.append((program.shape[0], Terms(matrix.row, place[matrix.column], matrix.value)))
        for block in program.blocks:
            rows = slice(block.rows.start + first, block.rows.stop + first)
            count = block.misses.stop - block.misses.start
            start = int(place[block.misses.start]) if count else 0
            blocks.append(replace(block, rows=rows, misses=slice(start, start + count)))
        columns.append(place)
        own.append(private)
        width, first = width + len(private), first + program.shape[0]
    whole = [np.zeros(p.shape[1], dtype=bool) if p.integer is None else p.integer for p in programs]
    low, high, integer = (
        np.concatenate([values[at] for values, at in zip(of_all, own, strict=True)])
        for of_all in ([p.lower for p in programs], [p.upper for p in programs], whole)
    )
    joint = LinearProgram(
        np.zeros(width),
        low,
        high,
        np.concatenate([p.row_lower for p in programs]),
        np.concatenate([p.row_upper for p in programs]),
        stack(parts),
        tuple(blocks),
        programs[0].lines,
        programs[0].pairs,
        integer if integer.any() else None,
    )
    return joint, tuple(columns)
