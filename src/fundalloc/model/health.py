"""Numerical health: figures that differ by a factor of a billion or more make any solver unsure; this says whose they are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fundalloc.model.linear_program import LinearProgram
from fundalloc.money import Floats

RANGE = 1e9
"""Ratio of the largest to the smallest figure from which results can no longer be trusted blindly."""


def ranges(program: LinearProgram) -> dict[str, tuple[float, float]]:
    """Return the smallest and largest absolute value, zero and infinity left out, of coefficients, limits and objective."""
    limits = np.concatenate([program.row_lower, program.row_upper, program.lower, program.upper])
    parts = {"coefficients": program.matrix.value, "limits": limits, "objective": program.cost}
    return {name: span for name, values in parts.items() if (span := _span(values)) is not None}


def numerical_remarks(program: LinearProgram) -> Iterator[str]:
    """Yield a sentence for every part of the program whose figures span too much, with the owners of both ends."""
    for name, (low, high) in ranges(program).items():
        if high / low >= RANGE:
            where = _owners(program, name, low, high)
            span = f"{name} reach from {low:.3g} to {high:.3g}, a range of {high / low:.0e}{where}"
            yield f"{span}; check the units (EUR million) of these figures"


def _span(values: Floats) -> tuple[float, float] | None:
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return (float(sizes.min()), float(sizes.max())) if len(sizes) else None


def _owners(program: LinearProgram, name: str, low: float, high: float) -> str:
    if name == "objective":
        return " (priorities, steps and soft penalties)"
    if name == "coefficients":
        rows, values = program.matrix.row, np.abs(program.matrix.value)
    else:
        rows, values = np.tile(np.arange(program.shape[0]), 2), np.abs(np.concatenate([program.row_lower, program.row_upper]))
    found = []
    for size in (low, high):
        hit = np.flatnonzero(values == size)
        if len(hit):
            found.append(program.row_owner(int(rows[hit[0]])).owner)
    return f" (in {' and '.join(dict.fromkeys(found))})" if found else " (among needs and ceilings)"
