"""A frontier as a report."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fundalloc.export.studies.report import Drawn, Report
from fundalloc.labels import Words
from fundalloc.studies.frontier import Frontier
from fundalloc.studies.warm_plans import sum_amounts

FORMATS = {"impact": "#,##0", "lowest_coverage": "0%", "unallocated": "#,##0", "change": "#,##0"}
STYLES = {"impact": "points", "lowest_coverage": "share", "unallocated": "money", "change": "money"}
MOST_COLUMNS = 8
"""Corners of which the workbook shows the money: both ends, the bend, and others evenly between."""


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
    bend, words = frontier.bend, Words(language)

    def said(goal: str, value: float) -> str:
        return (
            words.share(value, 1) if STYLES[goal] == "share" else words.number(natural(goal, value), 2 if STYLES[goal] == "points" else 1)
        )

    names = [words(f"study.column.goal_{goal}") for goal in frontier.goals]
    at_bend = "–" if bend is None else " / ".join([said(first, bend.first), said(second, bend.second)])
    facts = [("between", " / ".join(names)), ("bend", at_bend)]
    styles = {f"goal_{goal}": STYLES[goal] for goal in frontier.goals}
    headings = {f"{k}": f"{k}: {said(second, corner.second)}" for k, corner in enumerate(frontier.corners, start=1)}
    shown = {0, len(frontier.corners) - 1, *(k for k, corner in enumerate(frontier.corners) if corner.bend)}
    shown |= {round(k) for k in np.linspace(0, len(frontier.corners) - 1, MOST_COLUMNS - 1)}
    unshown = [f"{k + 1}" for k in range(len(frontier.corners)) if k not in shown]
    left_out = dict.fromkeys(("partnership", "area"), unshown)
    stated = {"between": list(frontier.goals), "complete": frontier.complete, "gap": frontier.gap}
    return Report("frontier", frontier.scenario, tables, facts, [chart], styles, stated, language, headings, left_out)


def _amounts(frontier: Frontier, dimension: str, language: str) -> pd.DataFrame:
    names, lines = frontier.scenario.names(language)[dimension], frontier.scenario.lines
    sums = [sum_amounts(lines, corner.amounts, dimension) for corner in frontier.corners]
    members = list(sums[0])
    table = pd.DataFrame({dimension: [names[m] for (m,) in members]})
    columns = {f"{k}": [s[m] for m in members] for k, s in enumerate(sums, start=1)}
    return pd.concat([table, pd.DataFrame(columns)], axis=1)
