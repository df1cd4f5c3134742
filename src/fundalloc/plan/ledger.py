"""Arithmetic on a finished ledger: coverage, impact and score, from whole rounding steps per line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import Facts
from fundalloc.facts.lines import Lines
from fundalloc.money import Floats


@dataclass(frozen=True)
class Coverage:
    """Met need per pair of partnership and area. Arrays of shape (pairs,), EUR million."""

    need: Floats
    met: Floats
    """Met need, never above the need."""
    impact: Floats
    """Points earned."""


def measure_coverage(lines: Lines, steps: NDArray[np.int64]) -> Coverage:
    """Fill the bands of diminishing returns in order with the money of each pair, effectiveness counted."""
    facts = lines.facts
    needs = facts.needs
    effectiveness = facts.effectiveness.numerator[lines.instrument, lines.area]
    grid = np.zeros((len(facts.partnerships), len(facts.areas)), dtype=np.int64)
    np.add.at(grid, (lines.partnership, lines.area), steps * effectiveness)
    money = np.asarray(facts.euro(grid[needs.partnership, needs.area]), dtype=float) / facts.effectiveness.denominator
    need = needs.need.values
    left, impact = np.minimum(money, need), np.zeros(len(needs))
    met = left.copy()
    shares, values = _bands_by_pair(facts)
    for share, value in zip(shares.T, values.T, strict=True):
        filled = np.minimum(left, share * need)
        impact += filled * value
        left = left - filled
    return Coverage(need, met, impact * needs.priority.values)


def _bands_by_pair(facts: Facts) -> tuple[Floats, Floats]:
    most = max(len(bands) for bands in facts.returns)
    table = np.zeros((2, len(facts.areas), most))
    for a, bands in enumerate(facts.returns):
        for j, band in enumerate(bands):
            table[:, a, j] = float(band.share), float(band.value)
    return table[0][facts.needs.area], table[1][facts.needs.area]
