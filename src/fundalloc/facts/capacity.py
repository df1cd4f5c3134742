"""How much money can flow into a group of lines at the most: tight limits keep on-off columns honest and fast."""

from __future__ import annotations

import numpy as np

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped
from fundalloc.money import Floats, IntArray


def capacity(grouped: Grouped, lines: Lines, groups: int) -> Floats:
    """Return for each group (codes 0 … groups-1) the most its weighted money can be, in EUR million, decided money included."""
    most = most_money(grouped.member, grouped.line, grouped.weight.values, lines, groups)
    return np.maximum(most, decided_money(grouped, lines, groups))


def most_money(member: IntArray, line: IntArray, weight: Floats, lines: Lines, groups: int) -> Floats:
    """Return for each group the most its lines can hold, weighted, in EUR million. The first three run in parallel, one per entry.

    The lesser of two sums over the group's lines: by instrument, each within its ceilings of the years involved and in
    total; and by partnership, each within its absorption of the years involved.
    """
    facts, year = lines.facts, lines.year[line]
    own = weight * np.asarray(facts.euro(lines.upper[line]))

    def within(owner: IntArray, yearly: IntArray, total: IntArray) -> Floats:
        """Add up by group, owner and year, cut to limits per year (owners, years) and then in total (owners,)."""
        cells, sums, heaviest = _cut((member * len(total) + owner) * len(facts.years) + year, own, weight, yearly.ravel(), lines)
        owners, sums, _ = _cut(cells // len(facts.years), sums, heaviest, total, lines)
        return np.bincount(owners // len(total), weights=sums, minlength=groups).astype(float)

    unlimited = np.full(len(facts.partnerships), NO_LIMIT, dtype=np.int64)
    by_instrument = within(lines.instrument[line], *lines.moves.reachable)
    return np.minimum(by_instrument, within(lines.partnership[line], facts.absorption, unlimited))


def decided_money(grouped: Grouped, lines: Lines, groups: int) -> Floats:
    """Return for each group the weighted money that was decided for it, in EUR million."""
    decided = np.asarray(lines.facts.euro(lines.decided[grouped.line]))
    out: Floats = np.bincount(grouped.member, weights=grouped.weight.values * decided, minlength=groups).astype(float)
    return out


def _cut(code: IntArray, most: Floats, weight: Floats, limits: IntArray, lines: Lines) -> tuple[IntArray, Floats, Floats]:
    """Add up `most` by code, at most the limit (at its remainder) times the heaviest weight: codes, sums and weights."""
    codes, position = np.unique(code, return_inverse=True)
    sums, heaviest = np.bincount(position, weights=most, minlength=len(codes)), np.zeros(len(codes))
    np.maximum.at(heaviest, position, weight)
    limit = limits[codes % len(limits)]
    within = np.minimum(sums, heaviest * np.asarray(lines.facts.euro(limit)))
    return codes, np.where(limit == NO_LIMIT, sums, within), heaviest
