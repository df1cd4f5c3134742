"""Random scenarios with everything: those of `cases`, and on top carry-over, transfers, decided money, switches and stages."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from cases import cases, write
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load
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


@st.composite
def richer_cases(draw: st.DrawFn) -> dict[str, Any]:
    """Return a case of `cases` with some of: carry-over, transfers, decided money, minimum sizes, counts, more stages."""
    case = draw(cases())
    instruments, years = list(case["instruments"]), case["years"].split("-")
    if draw(st.booleans()):
        case["instruments"][instruments[0]]["carry_over"] = {"share": draw(st.sampled_from(["100 %", "50 %", "33.3 %"]))}
    if len(instruments) > 1 and draw(st.booleans()):
        totals = case["instruments"][instruments[0]]["ceiling"]
        totals.setdefault("total", totals["each"])
        share = draw(st.sampled_from(["5 %", "20 %", "100 %"]))
        case["transfers"] = {"move": {"from": instruments[0], "to": instruments[1], "at_most": share, "source": "assumption"}}
    if draw(st.booleans()):
        case["decided"] = [
            {
                "instrument": draw(st.sampled_from(instruments)),
                "partnership": draw(st.sampled_from(case["partnerships"]))["id"],
                "area": draw(st.sampled_from(sorted(case["areas"]))),
                "year": years[0],
                "amount": str(draw(st.integers(1, 3))),
                "state": draw(st.sampled_from(["committed", "locked", "given"])),
                "decision": "made up",
            }
        ]
    pool = {
        "viable": {"kind": "minimum_size", "for_each": ["partnership", "instrument"], "at_least": str(draw(st.integers(1, 8)))},
        "few": {"kind": "count", "for_each": "partnership", "counting": "area", "at_most": "1"},
        "many": {"kind": "count", "for_each": "area", "counting": "partnership", "at_least": "2", "active": "1", "soft": "1"},
    }
    for name in draw(st.lists(st.sampled_from(sorted(pool)), unique=True, max_size=2)):
        case["rules"][name] = {"says": name, "source": "assumption", **pool[name]}
    stages = [{"lowest_coverage": {"for_each": "partnership"}}, "unallocated"]
    case["objective"] = [draw(st.sampled_from(["impact", {"impact": {"give": "1 %"}}])), *stages[: draw(st.integers(0, 2))]]
    return case
