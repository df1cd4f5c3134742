"""Demands that decided money alone breaks, where no open line could mend them: no new money may make them worse.

The limit of such a row is moved to what decided money comes to. A row that some open line could mend keeps its limit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fundalloc.facts.lines import Lines
from fundalloc.money import Floats, Mask
from fundalloc.rules.statement import SWITCHES, TOTALS, Rows

DUST = 1e-12
"""Relative error of adding up: by so much a moved limit is wider than what decided money comes to."""


def held_limits(stated: Rows, lower: Floats, upper: Floats, lines: Lines) -> tuple[Floats, Floats, Floats]:
    """Return the lower and upper limits as decisions leave them, and by how much decided money breaks those that are moved.

    `lower` and `upper` are the limits as the program has them, cut to what whole steps reach.
    """
    count = len(stated.lower)
    value = stated.value * _decided(stated, lines)
    sums = _summed(stated.row, value, count)
    dust = DUST * _summed(stated.row, np.abs(value), count)
    short, over = sums < lower - dust, sums > upper + dust
    lower, upper, broken = lower.copy(), upper.copy(), np.zeros(count)
    if not (short | over).any():
        return lower, upper, broken
    up, down = _pulls(stated, lines, short | over)
    sides = (lower, stated.lower, short & ~up, sums - dust), (upper, stated.upper, over & ~down, sums + dust)
    for limit, written, held, reached in sides:
        broken[held] = np.abs(reached - written)[held]
        limit[held] = reached[held]
    return lower, upper, broken


def _summed(code: NDArray[np.intp], value: Floats | Mask, count: int) -> Floats:
    return np.bincount(code, weights=value, minlength=count).astype(float)


def _decided(stated: Rows, lines: Lines) -> Floats:
    """Return what the column of every term is by decided money alone; switches of decided money are on."""
    totals, switches = stated.totals, stated.switches
    decided = np.asarray(lines.facts.euro(lines.ledger.decided), dtype=float)
    sums = _summed(totals.total, totals.weight.values * decided[totals.line], totals.count)
    on = _summed(switches.switch, switches.weight.values * decided[switches.line], switches.count) > 0
    columns: Floats = np.concatenate([decided, sums, on, np.zeros(1)])
    first = {TOTALS: len(decided), SWITCHES: len(decided) + len(sums)}
    return columns[np.where(_beside(stated), len(columns) - 1, stated.placed(first | dict.fromkeys(stated.auxiliary, 0)))]


def _beside(stated: Rows) -> Mask:
    """Return which terms name auxiliary columns: nothing is known of these but their bounds."""
    return ~(stated.which() | stated.which(TOTALS) | stated.which(SWITCHES))


def _pulls(stated: Rows, lines: Lines, chosen: Mask) -> tuple[Mask, Mask]:
    """Return which of the chosen rows open lines can raise, and which lower: a line that counts several times does what is left of it."""
    free, totals, moving = ~lines.ledger.fixed, stated.totals, _moving(stated, ~lines.ledger.fixed)
    direct, total, switch, beside = stated.which(), stated.which(TOTALS), stated.which(SWITCHES), _beside(stated)
    up, down = np.zeros((2, len(chosen)), dtype=bool)
    for row in np.flatnonzero(chosen):  # few: only demands that decided money breaks
        own = stated.row == row
        named = own & direct
        effect = _summed(stated.column[named], stated.value[named], len(free))
        for term in np.flatnonzero(own & total):
            inside = totals.total == stated.column[term]
            effect += stated.value[term] * _summed(totals.line[inside], totals.weight.values[inside], len(free))
        turned = own & switch
        effects = np.concatenate([effect[free], stated.value[turned][moving[stated.column[turned]]]])
        unknown = bool((own & beside).any())
        up[row], down[row] = unknown or (effects > DUST).any(), unknown or (effects < -DUST).any()
    return up, down


def _moving(stated: Rows, free: Mask) -> Mask:
    """Return which switches any open line can move."""
    return _summed(stated.switches.switch, free[stated.switches.line], stated.switches.count) > 0
