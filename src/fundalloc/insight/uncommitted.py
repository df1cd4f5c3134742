"""What decisions leave free, before any plan: ceiling less reserve less decided money, per instrument and year."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fundalloc.plan.free_money import free_of_decisions
from fundalloc.scenario.scenario import Scenario


def uncommitted_money(scenario: Scenario) -> list[dict[str, Any]]:
    """Return one row per planned instrument: name, free money by year and in all, and what closed years left that nobody can plan.

    EUR million; None without a ceiling. What may be carried over from a closed year is free in the year after.
    """
    facts = scenario.facts
    money = free_of_decisions(scenario.lines, facts.decided_by_year)

    def euro(table: NDArray[np.int64], k: int, n: int) -> float | None:
        return float(facts.euro(int(table[k, n]))) if money.known[k, n] else None

    return [
        {
            "instrument": instrument.id,
            "name": str(instrument.label),
            "years": {str(t): euro(money.free, k, n) for n, t in enumerate(facts.years)},
            "total": euro(money.free, k, len(facts.years)),
            "lapsed": euro(money.lapsed, k, len(facts.years)),
        }
        for k, instrument in enumerate(facts.instruments)
        if instrument.planned
    ]
