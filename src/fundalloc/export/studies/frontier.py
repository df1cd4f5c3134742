"""A frontier as a report."""

from __future__ import annotations

import pandas as pd

from fundalloc.export.studies.report import Drawn, Report
from fundalloc.studies.frontier import Frontier
from fundalloc.studies.warm_plans import sum_amounts

FORMATS = {"impact": "#,##0", "lowest_coverage": "0%", "unallocated": "#,##0", "change": "#,##0"}
STYLES = {"impact": "points", "lowest_coverage": "share", "unallocated": "money", "change": "money"}


def natural(goal: str, value: float) -> float:
    """Return what an objective is called by: moved money is minus the objective `change`."""
    return -value if goal == "change" else value


def frontier_report(frontier: Frontier, language: str = "en") -> Report:
    """Return the tables of a frontier: its corners, and the money of every member at each."""
    first, second = frontier.goals
    rows = [
        {
            "corner": k,
            f"goal_{first}": natural(first, corner.first),
            f"goal_{second}": natural(second, corner.second),
            **({} if "impact" in frontier.goals else {"score": corner.score}),
            "rate": corner.rate,
            "bend": corner.bend,
        }
        for k, corner in enumerate(frontier.corners, start=1)
    ]
    tables = {"corners": pd.DataFrame(rows)}
    for dimension in ("partnership", "area"):
        tables[dimension] = _amounts(frontier, dimension, language)
    chart = Drawn("frontier", "corners", f"goal_{second}", (f"goal_{first}",), (FORMATS[second], FORMATS[first]))
    bend = frontier.bend
    said = "–" if bend is None else f"{natural(first, bend.first):,.4g} / {natural(second, bend.second):,.4g}"
    facts = [("between", f"{first} / {second}"), ("bend", said)]
    styles = {f"goal_{goal}": STYLES[goal] for goal in frontier.goals}
    stated = {"between": list(frontier.goals), "complete": frontier.complete, "gap": frontier.gap}
    return Report("frontier", frontier.scenario, tables, facts, [chart], styles, stated, language)


def _amounts(frontier: Frontier, dimension: str, language: str) -> pd.DataFrame:
    names, lines = frontier.scenario.names(language)[dimension], frontier.scenario.lines
    sums = [sum_amounts(lines, corner.amounts, dimension) for corner in frontier.corners]
    members = list(sums[0])
    table = pd.DataFrame({dimension: [names[m] for (m,) in members]})
    columns = {f"{k}": [s[m] for m in members] for k, s in enumerate(sums, start=1)}
    return pd.concat([table, pd.DataFrame(columns)], axis=1)
