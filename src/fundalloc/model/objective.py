"""Impact: what met need earns, with diminishing returns.

    impact = sum over pairs of  priority x sum over steps of  value_j x q_j
    sum_j q_j <= sum over lines of the pair of  effectiveness x x,      0 <= q_j <= share_j x need

Values fall from step to step, so the program fills the steps in order by itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import Facts
from fundalloc.facts.lines import Lines
from fundalloc.model.linear_program import COVERAGE, Builder, Terms, joined
from fundalloc.money import Floats

SLIGHT = 1e-6
"""EUR million below which a band of a need counts as filled."""


def band_table(facts: Facts) -> tuple[Floats, Floats]:
    """Return shares and values of the bands per area, shape (areas, bands); areas with fewer bands are filled with zeros."""
    most = max(len(bands) for bands in facts.returns)
    table = np.zeros((2, len(facts.areas), most))
    for a, bands in enumerate(facts.returns):
        table[0, a, : len(bands)] = [float(band.share) for band in bands]
        table[1, a, : len(bands)] = [float(band.value) for band in bands]
    return table[0], table[1]


def next_values(facts: Facts, met: Floats) -> Floats:
    """Return for every need what the next euro of it earns before priority, when so much of it is met (EUR million); 0 when all is."""
    shares, values = (table[facts.needs.area] for table in band_table(facts))
    open_band = (np.cumsum(shares, axis=1) * facts.needs.need.values[:, None] > met[:, None] + SLIGHT) & (shares > 0)
    first: Floats = np.where(open_band.any(axis=1), values[np.arange(len(met)), open_band.argmax(axis=1)], 0.0)
    return first


def pair_of_line(lines: Lines) -> NDArray[np.int64]:
    """Return for every line the position of its need, or -1 where nobody stated one."""
    facts = lines.facts
    position = np.full((len(facts.partnerships), len(facts.areas)), -1, dtype=np.int64)
    position[facts.needs.partnership, facts.needs.area] = np.arange(len(facts.needs))
    own, shared = (position[lines.partnership, area] for area in (lines.area, facts.dimensions.area.holder[lines.area]))
    return np.where(own >= 0, own, shared)


def met_needs(lines: Lines, amounts: Floats) -> Floats:
    """Return how far amounts per line (EUR million) meet every need, effectiveness counted. Shape (needs,)."""
    facts, pair = lines.facts, pair_of_line(lines)
    served, effectiveness = pair >= 0, facts.effectiveness.values[lines.instrument, lines.area]
    money = np.bincount(pair[served], weights=(amounts * effectiveness)[served], minlength=len(facts.needs)).astype(float)
    met: Floats = np.clip(money, 0.0, facts.needs.need.values)
    return met


def needs_served(lines: Lines, picked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which needs the money of some lines can meet. Shape (needs,)."""
    served = np.zeros(len(lines.facts.needs) + 1, dtype=bool)
    served[pair_of_line(lines)[picked]] = True
    return served[:-1]


def add_impact(builder: Builder, lines: Lines) -> None:
    """Add one column per need and band, and one coverage row per need."""
    facts = lines.facts
    needs = facts.needs
    shares, values = band_table(facts)
    pairs = np.arange(len(needs))
    first = builder.met = builder.columns
    for j in range(shares.shape[1]):
        builder.add_columns(needs.priority.values * values[needs.area, j], upper=shares[needs.area, j] * needs.need.values)
    pair = pair_of_line(lines)
    funded = np.flatnonzero(pair >= 0)
    effectiveness = facts.effectiveness.values[lines.instrument[funded], lines.area[funded]]
    met = np.arange(first, builder.columns)
    terms = joined(Terms(pair[funded], funded, -effectiveness), Terms(np.tile(pairs, shares.shape[1]), met, np.ones(len(met))))
    builder.add_rows(COVERAGE, np.full(len(needs), -np.inf), np.zeros(len(needs)), terms)
