"""Distance to reference amounts as a cost, by substitution: x = reference + up - down, which needs no extra rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.money import Floats


@dataclass(frozen=True)
class Near:
    """A program in which chosen columns are counted from their reference, and how to read its values back."""

    program: LinearProgram
    columns: NDArray[np.intp]
    origin: Floats
    """What each column of the original program is counted from."""

    def values(self, values: Floats) -> Floats:
        """Return the columns of the original program."""
        out = values[: len(self.origin)] + self.origin
        out[self.columns] -= values[len(self.origin) :]
        return out


def near_program(
    program: LinearProgram, columns: NDArray[np.intp], reference: Floats, weight: Floats | float, origin: Floats | None = None
) -> Near:
    """Substitute x = reference + up - down in chosen columns, and let every unit of up and down cost `weight`.

    The other columns are counted from `origin` where one is given: a large score would hide small costs from a solver, whose
    tolerances are relative.
    """
    width, count = program.shape[1], len(columns)
    where = np.full(width, -1)
    where[columns] = np.arange(count)
    matrix = program.matrix
    chosen = where[matrix.column] >= 0
    terms = Terms(
        np.concatenate([matrix.row, matrix.row[chosen]]),
        np.concatenate([matrix.column, width + where[matrix.column[chosen]]]),
        np.concatenate([matrix.value, -matrix.value[chosen]]),
    )
    at = np.zeros(width) if origin is None else origin.copy()
    at[columns] = reference
    at = np.clip(at, program.lower, program.upper)
    shift = matrix.times(at)
    cost, lower, upper = program.cost.copy(), program.lower - at, program.upper - at
    cost[columns] -= weight
    down = -lower[columns]
    lower[columns] = 0.0
    substituted = replace(
        program,
        cost=np.concatenate([cost, -program.cost[columns] - weight]),
        lower=np.concatenate([lower, np.zeros(count)]),
        upper=np.concatenate([upper, down]),
        row_lower=program.row_lower - shift,
        row_upper=program.row_upper - shift,
        matrix=stack([(program.shape[0], terms)]),
        blocks=(),
        integer=None,
        keys=_keys(program, columns),
    )
    return Near(substituted, columns, at)


def _keys(program: LinearProgram, columns: NDArray[np.intp]) -> NDArray[np.int64] | None:
    """Name the ways down after the columns that they leave, behind all of these."""
    if program.keys is None:
        return None
    keys = np.pad(program.keys, (0, program.shape[1] - len(program.keys)), constant_values=-1)
    own = keys[columns]
    return np.concatenate([keys, np.where(own >= 0, own + keys.max(initial=0) + 1, -1)])
