"""Alternatives as a report."""

from __future__ import annotations

import pandas as pd

from fundalloc.export.studies.report import Report
from fundalloc.studies.alternatives import Alternatives


def alternatives_report(found: Alternatives, language: str = "en") -> Report:
    """Return the tables of the alternatives: the plans, and the range of every amount."""
    scenario = found.scenario
    areas = [area for area in scenario.facts.areas if not area.within]
    plans = pd.DataFrame(
        [
            {
                "plan": plan.name,
                "score": plan.score,
                "change": plan.score - found.best.score,
                "moved": plan.moved,
                "coverage": plan.traits["most even"],
                "count": int(-plan.traits["fewest instruments"]),
                **{area.label.within(language): plan.traits[f"most for {area.label}"] for area in areas},
            }
            for plan in found.plans
        ]
    )
    tables = {"plans": plans, "ranges": _ranges(found, language)}
    facts = [("within", f"{found.within:.2%}"), ("same", f"{found.same} / {len(found.ranges)}")]
    return Report("alternatives", scenario, tables, facts, stated={"within": found.within, "by": list(found.by)}, language=language)


def _ranges(found: Alternatives, language: str) -> pd.DataFrame:
    names = found.scenario.names(language)
    rows = []
    for r in found.ranges:
        row: dict[str, object] = {name: names.get(name, {}).get(i, i) for name, i in zip(found.by, r.ids, strict=True)}
        row |= {plan.name: amount for plan, amount in zip(found.plans, r.shown, strict=True)}
        rows.append(row | {"low": r.low, "high": r.high, "same": r.same})
    return pd.DataFrame(rows)
