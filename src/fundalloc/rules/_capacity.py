"""How much money can flow into a group of lines at the most: tight limits keep on-off columns honest and fast."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.facts.lines import Lines
from fundalloc.facts.selection import Grouped, IntArray


def capacity(grouped: Grouped, lines: Lines, groups: int) -> NDArray[np.float64]:
    """Return for each group (codes 0 … groups-1) the most its weighted money can be, in EUR million.

    The least of three sums: of the lines' own limits, of the ceilings of the instruments and years involved, and of the
    absorption of the partnerships and years involved.
    """
    facts = lines.facts
    weight = grouped.weight.values
    heaviest = np.zeros(groups)
    np.maximum.at(heaviest, grouped.member, weight)
    by_line = np.bincount(grouped.member, weights=weight * np.asarray(facts.euro(lines.upper[grouped.line])), minlength=groups)
    out = by_line
    for position, limits in ((lines.instrument, _arriving(lines)), (lines.partnership, facts.absorption)):
        cell = position[grouped.line] * len(facts.years) + lines.year[grouped.line]
        pairs = np.unique(np.stack([grouped.member, cell]), axis=1)
        amounts = limits.ravel()[pairs[1]]
        unlimited = np.bincount(pairs[0], weights=amounts == NO_LIMIT, minlength=groups) > 0
        sums = np.bincount(pairs[0], weights=np.asarray(facts.euro(np.maximum(amounts, 0))), minlength=groups) * heaviest
        out = np.where(unlimited, out, np.minimum(out, sums))
    return np.maximum(out, decided_money(grouped, lines, groups))


def _arriving(lines: Lines) -> IntArray:
    """Ceilings with everything that may move in."""
    moves, usable = lines.moves, lines.facts.ceilings.usable
    most = moves.totals(moves.upper)
    return np.where(usable == NO_LIMIT, NO_LIMIT, usable + most["carried_in"] + most["transferred_in"])


def decided_money(grouped: Grouped, lines: Lines, groups: int) -> NDArray[np.float64]:
    """Return for each group the weighted money that was decided for it, in EUR million."""
    decided = np.asarray(lines.facts.euro(lines.decided[grouped.line]))
    out: NDArray[np.float64] = np.bincount(grouped.member, weights=grouped.weight.values * decided, minlength=groups).astype(float)
    return out
