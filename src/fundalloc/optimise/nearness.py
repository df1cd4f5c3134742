"""Distance to reference amounts as a cost, by substitution: x = reference + up - down, which needs no extra rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.money import Floats

DIGITS = 9
"""Decimals of the limits of rows: sums of the same numbers in another order differ behind them, and searches follow every digit."""


@dataclass(frozen=True)
class Near:
    """A program in which chosen columns are counted from their reference, and how to read its values back."""

    program: LinearProgram
    columns: NDArray[np.intp]
    origin: Floats
    """What each column of the original program is counted from."""
    signs: NDArray[np.int64]
    """Of every further way, a block of columns each: +1 further up, -1 down."""

    def values(self, values: Floats) -> Floats:
        """Return the columns of the original program."""
        width = len(self.origin)
        out = values[:width] + self.origin
        out[self.columns] += self.signs @ values[width:].reshape(len(self.signs), len(self.columns))
        return out


def near_program(
    program: LinearProgram,
    columns: NDArray[np.intp],
    reference: Floats,
    weight: Floats | float,
    *,
    origin: Floats | None = None,
    pieces: Sequence[tuple[Floats | float, float]] = ((np.inf, 1.0),),
) -> Near:
    """Substitute x = reference + up - down in chosen columns, and let every unit of up and down cost `weight`.

    With several `pieces` (width, factor) the first units on either side cost `weight` times the first factor, those behind its width
    times the next: factors rise. The other columns are counted from `origin` where one is given: a large score would hide small costs
    from a solver, whose tolerances are relative.
    """
    reference = np.clip(reference, program.lower[columns], program.upper[columns])
    width, count = program.shape[1], len(columns)
    where = np.full(width, -1)
    where[columns] = np.arange(count)
    matrix = program.matrix
    chosen = where[matrix.column] >= 0
    place = where[matrix.column[chosen]]
    at = np.zeros(width) if origin is None else origin.copy()
    at[columns] = reference
    at = np.clip(at, program.lower, program.upper)
    shift = matrix.times(at)
    lower, upper = program.lower - at, program.upper - at
    earns = program.cost[columns]
    # The first way up takes the place of the column itself; the others stand behind all columns.
    ways = [(1, *way) for way in _ways(upper[columns], pieces)] + [(-1, *way) for way in _ways(-lower[columns], pieces)]
    cost, (_, first, factor), further = program.cost.copy(), ways[0], ways[1:]
    cost[columns], lower[columns], upper[columns] = earns - factor * weight, 0.0, first
    terms = Terms(
        np.concatenate([matrix.row, *[matrix.row[chosen]] * len(further)]),
        np.concatenate([matrix.column, *[width + k * count + place for k in range(len(further))]]),
        np.concatenate([matrix.value, *[sign * matrix.value[chosen] for sign, _, _ in further]]),
    )
    substituted = replace(
        program,
        cost=np.concatenate([cost, *[sign * earns - factor * weight for sign, _, factor in further]]),
        lower=np.pad(lower, (0, len(further) * count)),
        upper=np.concatenate([upper, *[most for _, most, _ in further]]),
        row_lower=np.round(program.row_lower - shift, DIGITS),
        row_upper=np.round(program.row_upper - shift, DIGITS),
        matrix=stack([(program.shape[0], terms)]),
        blocks=(),
        integer=None,
        keys=_keys(program, columns, len(further)),
    )
    return Near(substituted, columns, at, np.array([sign for sign, _, _ in further]))


def _ways(room: Floats, pieces: Sequence[tuple[Floats | float, float]]) -> list[tuple[Floats, float]]:
    """Cut the room on one side of the reference into pieces: how much fits into each, and its factor."""
    out, left = [], room
    for width, factor in pieces:
        most = np.minimum(left, width)
        out.append((most, factor))
        left = left - np.where(np.isfinite(most), most, 0.0)
    return out


def _keys(program: LinearProgram, columns: NDArray[np.intp], further: int) -> NDArray[np.int64] | None:
    """Name the further ways after the columns that they leave, behind all of these."""
    if program.keys is None:
        return None
    keys = program.column_keys
    own, after = keys[columns], keys.max(initial=0) + 1
    return np.concatenate([keys, *[np.where(own >= 0, own + k * after, -1) for k in range(1, further + 1)]])
