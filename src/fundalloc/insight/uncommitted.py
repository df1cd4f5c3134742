"""What decisions leave free, before any plan: ceiling less reserve less decided money, per instrument and year."""

from __future__ import annotations

from typing import Any

import numpy as np

from fundalloc.facts.facts import NO_LIMIT
from fundalloc.scenario.scenario import Scenario


def uncommitted_money(scenario: Scenario) -> list[dict[str, Any]]:
    """Return one row per planned instrument: name, {year: EUR million or None without a ceiling}, and the total."""
    facts = scenario.facts
    decided = np.zeros((len(facts.instruments), len(facts.years)), dtype=np.int64)
    np.add.at(decided, (facts.decided.instrument, facts.decided.year), facts.decided.amount)
    rows = []
    for k, instrument in enumerate(facts.instruments):
        if not instrument.planned:
            continue
        yearly, total = facts.ceilings.usable[k], int(facts.ceilings.usable_total[k])
        limits = ([int(yearly.sum())] if np.all(yearly != NO_LIMIT) else []) + ([total] if total != NO_LIMIT else [])
        rows.append(
            {
                "instrument": instrument.id,
                "name": str(instrument.label),
                "years": {
                    str(t): None if yearly[n] == NO_LIMIT else float(facts.euro(int(yearly[n] - decided[k, n])))
                    for n, t in enumerate(facts.years)
                },
                "total": float(facts.euro(min(limits) - int(decided[k].sum()))) if limits else None,
            }
        )
    return rows
