"""The index of a batch: every scenario with its status and figures, and a link to its workbook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fundalloc.export.studies.report import Report
from fundalloc.scenario.scenario import Scenario
from fundalloc.studies.batch import FileRun


def index_report(outcomes: Sequence[FileRun], scenario: Scenario, language: str = "en") -> Report:
    """Return the index of finished files, with links to workbooks beside it; the scenario lends its cover."""
    solved = [o.plan for o in outcomes if o.plan is not None]
    rows = []
    for outcome in outcomes:
        entry, plan = outcome.entry, outcome.plan
        rows.append(
            {
                "title": (plan.scenario.head.title.within(language) if plan else entry.title) or Path(entry.file).name,
                "workbook": outcome.book or None,
                "status": entry.status,
                "score": entry.score,
                "impact": entry.impact,
                "planned": outcome.planned,
                "reused": outcome.reused,
                "message": entry.message,
                "file": entry.file,
                "digest": entry.digest[:12],
            }
        )
    table = pd.DataFrame(rows)
    table = table.astype(dict.fromkeys(("score", "impact", "planned"), float))
    others = [plan.scenario for plan in solved]
    facts = [("files", str(len(outcomes))), ("solved", str(len(solved)))]
    return Report("index", scenario, {"runs": table}, facts, styles={"impact": "points"}, language=language, others=others, rounded=True)
