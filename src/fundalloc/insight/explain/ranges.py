"""How firm an amount is: the least and the most it can be at no loss of score, and when a little score is given up.

Optimal plans are rarely unique, and a small loss opens many more. An amount whose range is a point is dictated by the
scenario; one with a wide range is a choice that settling made. Ranges are of the linear program, before rounding, and
keep the chosen switches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fundalloc.insight.explain.bench import Bench
from fundalloc.money import Floats, Mask

if TYPE_CHECKING:
    import pandas as pd

LOSS = 0.01
"""Relative score that the wider range may give up."""


@dataclass(frozen=True)
class Span:
    """What a sum of lines can be, EUR million."""

    least: float
    most: float

    @property
    def width(self) -> float:
        """Zero when nothing but one amount is possible."""
        return self.most - self.least


def span(bench: Bench, lines: Mask, loss: float = 0.0) -> Span:
    """Return the range of the sum of some lines among plans whose score is at most `loss` (relative) below the best.

    No loss is what the scenario's `stay_close` gives settling, or a millionth.
    """
    kept = bench.keeping(bench.score - max(loss * abs(bench.score), bench.slight))
    cost = np.concatenate([lines.astype(float), np.zeros(kept.shape[1] - len(lines))])
    ends = []
    for sign in (-1.0, 1.0):
        solution = bench.solve(replace(kept, cost=sign * cost))
        ends.append(sign * solution.objective if solution.usable else float("nan"))
    least, most = (end + 0.0 for end in ends)
    return Span(least, max(most, least))


def amount_ranges(
    bench: Bench,
    by: Sequence[str] = ("partnership", "area"),
    amounts: Floats | None = None,
    loss: float = LOSS,
    tick: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Return one row per group of lines that has undecided money: its amount and both ranges, EUR million.

    `by` names dimensions; `amounts` are those of the finished plan per line (default: the settled plan). Columns: the ids,
    amount, least, most (at no loss), least_within, most_within (within `loss`), and `firm`: whether the amount cannot move
    by half a rounding step without loss. `tick(done, of)` is called after every group.
    """
    import pandas as pd

    lines = bench.lines
    amounts = bench.amounts if amounts is None else amounts
    codes = [getattr(lines, name) for name in by]
    sizes = [len(lines.facts.dimensions[name].ids) for name in by]
    group = np.ravel_multi_index(codes, sizes)
    present = np.unique(group[~lines.fixed])
    step, rows = float(lines.facts.step), []
    for done, one in enumerate(present, start=1):
        mask = group == one
        tight, wide = span(bench, mask), span(bench, mask, loss)
        ids = (lines.facts.dimensions[name].ids[k] for name, k in zip(by, np.unravel_index(one, sizes), strict=True))
        amount = float(amounts[mask].sum())
        rows.append([*ids, amount, tight.least, tight.most, wide.least, wide.most, tight.width < step / 2])
        if tick:
            tick(done, len(present))
    return pd.DataFrame(rows, columns=[*by, "amount", "least", "most", "least_within", "most_within", "firm"])
