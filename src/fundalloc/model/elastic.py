"""Programs in which chosen rows may be missed, at a price of one per unit: the tool for asking which rules clash."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fundalloc.model.linear_program import LinearProgram, Terms, joined, stack


@dataclass(frozen=True)
class Elastic:
    """A program that minimises the sum of what the chosen rows miss. Its own columns come last."""

    program: LinearProgram
    row: NDArray[np.intp]
    """The row of each missing column."""
    first: int
    """Position of the first missing column."""


def hard_rows(program: LinearProgram) -> NDArray[np.intp]:
    """Return the rows of hard rules that have a limit."""
    rows = [np.arange(b.rows.start, b.rows.stop) for b in program.blocks if b.rule is not None and b.rule.hard]
    listed: NDArray[np.intp] = np.concatenate(rows).astype(np.intp) if rows else np.zeros(0, dtype=np.intp)
    limited: NDArray[np.bool_] = np.isfinite(program.row_lower[listed]) | np.isfinite(program.row_upper[listed])
    return listed[limited]


def elastic_program(program: LinearProgram, rows: NDArray[np.intp]) -> Elastic:
    """Let the given rows be missed on either side, and count only that: the score plays no part."""
    short, over = rows[np.isfinite(program.row_lower[rows])], rows[np.isfinite(program.row_upper[rows])]
    row = np.concatenate([short, over])
    columns, count = program.shape[1], len(row)
    matrix = program.matrix
    makes_up = Terms(row, columns + np.arange(count), np.concatenate([np.ones(len(short)), -np.ones(len(over))]))
    terms = joined(Terms(matrix.row, matrix.column, matrix.value), makes_up)
    softened = replace(
        program,
        cost=np.concatenate([np.zeros(columns), -np.ones(count)]),
        lower=np.concatenate([program.lower, np.zeros(count)]),
        upper=np.concatenate([program.upper, np.full(count, np.inf)]),
        matrix=stack([(program.shape[0], terms)]),
        integer=None if program.integer is None else np.concatenate([program.integer, np.zeros(count, dtype=bool)]),
    )
    return Elastic(softened, row, columns)
