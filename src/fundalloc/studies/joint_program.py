"""Several programs as one: what is decided before the futures part is one column in all of them.

The columns of the first program come first, then those of the others that are not shared. Rows stand under each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.errors import UsageError
from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import Floats, LinearProgram, RowBlock, Terms, stack

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
        return float(programs[future].cost @ values[self.columns[future]])

    def ledger(self, lines: Sequence[Lines]) -> Positions:
        """Return the columns of all lines, shared ones once."""
        return np.unique(np.concatenate([columns[: len(own)] for columns, own in zip(self.columns, lines, strict=True)]))


def join(programs: Sequence[LinearProgram], lines: Sequence[Lines], until: int) -> Joined:
    """Join programs whose lines up to a year are decided in common. Raises UsageError when decided money contradicts itself.

    A line that not all futures have receives nothing in the common years beyond its decided money.
    """
    positions = [{ids: k for k, ids in enumerate(own.ids) if int(ids[3]) <= until} for own in lines]
    shared = [ids for ids in positions[0] if all(ids in other for other in positions)]
    lower: list[Floats] = [p.lower.copy() for p in programs]
    upper: list[Floats] = [p.upper.copy() for p in programs]
    for own, low, high in zip(positions, lower, upper, strict=True):
        alone = np.array([k for ids, k in own.items() if ids not in set(shared)], dtype=np.intp)
        high[alone] = low[alone]
    at: list[Positions] = [np.array([own[ids] for ids in shared], dtype=np.intp) for own in positions]
    lowest = np.max([low[k] for low, k in zip(lower, at, strict=True)], axis=0) if shared else np.zeros(0)
    highest = np.min([high[k] for high, k in zip(upper, at, strict=True)], axis=0) if shared else np.zeros(0)
    clash = np.flatnonzero(lowest > highest + 1e-9)
    if len(clash):
        raise UsageError(f"The futures disagree on decided money of {' | '.join(shared[int(clash[0])])}: it cannot be committed in common.")
    columns: list[Positions] = [np.arange(programs[0].shape[1])]
    width = programs[0].shape[1]
    for program, k in zip(programs[1:], at[1:], strict=True):
        place = np.full(program.shape[1], -1, dtype=np.intp)
        place[k] = at[0]
        private = np.flatnonzero(place < 0)
        place[private] = width + np.arange(len(private))
        width += len(private)
        columns.append(place)
    joint = _stacked(programs, columns, lower, upper, width)
    joint.lower[at[0]], joint.upper[at[0]] = lowest, highest
    return Joined(joint, tuple(columns), at[0], tuple(shared))


def _stacked(
    programs: Sequence[LinearProgram], columns: Sequence[Positions], lower: Sequence[Floats], upper: Sequence[Floats], width: int
) -> LinearProgram:
    low, high = np.zeros(width), np.zeros(width)
    parts: list[tuple[int, Terms]] = []
    blocks: list[RowBlock] = []
    integer, first = np.zeros(width, dtype=bool), 0
    for program, place, own_low, own_high in zip(programs, columns, lower, upper, strict=True):
        low[place], high[place] = own_low, own_high
        matrix = program.matrix
        parts.append((program.shape[0], Terms(matrix.row, place[matrix.column], matrix.value)))
        if program.integer is not None:
            integer[place[program.integer]] = True
        for block in program.blocks:
            rows = slice(block.rows.start + first, block.rows.stop + first)
            count = block.misses.stop - block.misses.start
            start = int(place[block.misses.start]) if count else 0
            blocks.append(replace(block, rows=rows, misses=slice(start, start + count)))
        first += program.shape[0]
    return LinearProgram(
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
