"""What the properties of whole plans share: cases solved through their files, amounts, and the scenarios of the selftest."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from cases import write
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.selftest.dice import random_scenario
from fundalloc.solvers import Options


def solved(case: dict[str, Any], **options: Any) -> Plan:
    """Solve a case through its file."""
    with TemporaryDirectory() as folder:
        return solve(load(write(Path(folder), case)), Options(**options))


def amounts(plan: Plan) -> dict[str, int]:
    """Return whole rounding steps by line key."""
    return dict(zip(plan.scenario.lines.keys, plan.steps.tolist(), strict=True))


def largest_difference(one: dict[str, int], other: dict[str, int]) -> int:
    """Return by how many rounding steps two plans for the same lines differ, at the most."""
    assert one.keys() == other.keys()
    return max((abs(one[key] - other[key]) for key in one), default=0)


def richer_cases() -> st.SearchStrategy[dict[str, Any]]:
    """Return the scenarios of the selftest, thrown by hypothesis so that it can look for the smallest."""
    return st.randoms(use_true_random=False).map(random_scenario)
