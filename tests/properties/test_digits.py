"""Limits with many digits, over all kinds, hard and soft: program and ledger mean the same, so no plan is refused after it was found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, event, example, given, settings
from hypothesis import strategies as st

from cases import cases, write
from fundalloc.errors import Infeasible, NotRoundable, ScenarioError
from fundalloc.model.compile import compile_program
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import check_ledger
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.solvers import solve_program

TAILS = ["", "", "5", "05", "3333333", "0000001", "9999999", "99999999", "000000001", "123456789"]
"""Decimals behind the point."""


def figures(low: int, high: int, digits: int = 9) -> st.SearchStrategy[str]:
    """Numbers with many decimals."""
    tails = st.sampled_from([tail[:digits] for tail in TAILS])
    return st.tuples(st.integers(low, high), tails).map(lambda n: f"{n[0]}.{n[1]}" if n[1] else str(n[0]))


def shares(low: int, high: int) -> st.SearchStrategy[str]:
    """Percentages with many decimals."""
    return figures(low, high, 7).map(lambda text: f"{text} %")


def limits(figure: st.SearchStrategy[str], *, exactly: bool = True) -> st.SearchStrategy[dict[str, str]]:
    """One or two limits of a rule."""
    sides = [figure.map(lambda f: {"at_least": f}), figure.map(lambda f: {"at_most": f})]
    both = st.tuples(*sides).map(lambda pair: {**pair[0], **pair[1]})
    return st.one_of(*sides, both, *([figure.map(lambda f: {"exactly": f})] * 2 if exactly else []))


@st.composite
def rules(draw: st.DrawFn, areas: list[str], instruments: list[str]) -> dict[str, Any]:
    marker = draw(st.sampled_from([{}, {"marker": "oda"}]))
    area = draw(st.sampled_from([{}, {"area": areas[0]}, {"area": areas[-1]}]))
    each = draw(st.sampled_from([{}, {"for_each": "partnership"}, {"for_each": "area"}, {"for_each": ["instrument", "year"]}]))
    of = draw(st.sampled_from([{}, {"partnership": "all"}, {"marker": "oda"}, {"instrument": instruments[0]}]))
    fixed = draw(st.sampled_from([{"ceiling": {}}, "40", "33.3333333"]))
    most = st.one_of(shares(20, 150)).map(lambda f: {"at_most": f})
    pool = {
        "amount": {"kind": "amount", "money": {**area, **marker}, **each, **draw(limits(figures(0, 30)))},
        "part": {"kind": "share", "money": {**area, **marker}, "of": of, **each, **draw(limits(shares(5, 95)))},
        "fixed": {"kind": "share", "money": {**area, **marker}, "of": fixed, **draw(limits(shares(5, 95)))},
        "fair": {"kind": "balance", "for_each": draw(st.sampled_from(["partnership", "area"])), **draw(limits(shares(50, 150)))},
        "smooth": {"kind": "change", "money": area, "plus": draw(figures(0, 3)), **draw(limits(shares(50, 150)))},
        "near": {"kind": "deviation", "money": area, "within": draw(shares(5, 50)), "amount": draw(figures(0, 5))},
        "more": {"kind": "deviation", "money": {**area, **marker}, **draw(limits(shares(10, 150), exactly=False))},
        "after": {"kind": "sequence", "money": area, "after": {"area": areas[0], **marker}, **draw(most)},
        "cash": {"kind": "payments", "money": marker, "outstanding": draw(figures(0, 2)), **draw(limits(figures(2, 30), exactly=False))},
        "size": {"kind": "minimum_size", "money": marker, "for_each": "partnership", "at_least": draw(figures(0, 9))},
        "count": {
            "kind": "count",
            "money": marker,
            "for_each": "area",
            "counting": "partnership",
            "active": draw(figures(0, 3)),
            **draw(st.sampled_from([{"at_least": "1"}, {"at_most": "2"}])),
        },
    }
    chosen = draw(st.lists(st.sampled_from(sorted(pool)), unique=True, min_size=1, max_size=4))
    penalties = {name: draw(st.sampled_from([{}, {"soft": draw(figures(0, 5))}])) for name in chosen if name != "size"}
    return {name: {"says": name, "source": "assumption", **pool[name], **penalties.get(name, {})} for name in chosen}


@st.composite
def digits(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """A case of `cases` with rules, markers, needs and decided money of many digits, and a plan to start from as CSV."""
    case = draw(cases())
    instruments, partnerships, areas = list(case["instruments"]), [p["id"] for p in case["partnerships"]], list(case["areas"])
    first = case["years"].split("-")[0]
    case["round_to"] = draw(st.sampled_from(["0.1", "0.1", "0.000001", "0.001", "1", "0.3"]))
    for instrument in case["instruments"].values():
        instrument["payment_profile"] = draw(st.sampled_from([["100 %"], ["20 %", "50 %", "30 %"], ["33.3333333 %", "66.6666667 %"]]))
    weights = st.sampled_from(["1", "0.4", "0.333333333", "0.85", "0.0625"])
    case["markers"] = [{"marker": "oda", "area": area, "coefficient": draw(weights)} for area in areas]
    for need in case["needs"]:
        need["need"] = draw(figures(1, 40))
    places = st.tuples(*map(st.sampled_from, (instruments, partnerships, areas)))
    names = ("instrument", "partnership", "area")
    whole = {"0.1": "2.3", "0.000001": "1.234567", "0.001": "1.234", "1": "2", "0.3": "2.1"}[case["round_to"]]
    if draw(st.booleans()):
        state = draw(st.sampled_from(["committed", "locked", "given"]))
        found = draw(st.lists(places, unique=True, min_size=1, max_size=3))
        more = {"year": first, "amount": whole, "state": state, "decision": "Made up"}
        case["decided"] = [{**dict(zip(names, place, strict=True)), **more} for place in found]
    planned = draw(st.lists(places, unique=True, max_size=4))
    baseline = "instrument,partnership,area,year,amount\n"
    baseline += "".join(f"{','.join(place)},{first},{draw(figures(1, 20))}\n" for place in planned)
    case["baseline"] = "plan.csv"
    case["rules"] = draw(rules(areas, instruments))
    return case, baseline


def read(case: dict[str, Any], baseline: str) -> Scenario:
    with TemporaryDirectory() as folder:
        (Path(folder) / "plan.csv").write_text(baseline, "utf-8")
        try:
            return load(write(Path(folder), case))
        except ScenarioError:  # decided money above a ceiling, a rule that no line meets
            assume(False)
            raise


def score_of_the_program(plan: Plan) -> float:
    """Return what the program scores when every amount is that of the plan."""
    program, ledger = compile_program(plan.scenario), np.concatenate([plan.steps, plan.moves])
    lower, upper = program.lower.copy(), program.upper.copy()
    lower[: program.lines] = upper[: program.lines] = ledger * float(plan.scenario.facts.step)
    solution = solve_program(replace(program, lower=lower, upper=upper))
    assert solution.usable
    return float(solution.objective)


CASH = {"says": "cash", "source": "assumption", "kind": "payments"}
PROFILES = [("i0", "0.0", ["33.3333333 %", "66.6666667 %"]), ("i1", "2.0", ["100 %"])]
ONE_PLACE: dict[str, Any] = {
    "fundalloc": "1",
    "scenario": "long",
    "title": "Long",
    "as_of": "2020-01-01",
    "years": "2025",
    "round_to": "0.1",
    "areas": {"a0": {"name": "a0"}, "a1": {"name": "a1"}},
    "partnerships": [{"id": "p0", "name": "p0", "level": "bilateral"}],
    "eligibility": [{"instrument": i, "area": a, "effectiveness": "1"} for i in ("i0", "i1") for a in ("a0", "a1")],
    "needs": [{"partnership": "p0", "area": a, "need": "2", "priority": "1"} for a in ("a0", "a1")],
    "baseline": "plan.csv",
}
LONG: dict[str, Any] = {
    **ONE_PLACE,
    "instruments": {i: {"name": i, "source": "assumption", "ceiling": {"each": c}, "payment_profile": p} for i, c, p in PROFILES},
    "markers": [{"marker": "oda", "area": a, "coefficient": c} for a, c in (("a0", "1"), ("a1", "0.333333333"))],
    "rules": {
        "cash": {
            "says": "cash",
            "source": "assumption",
            "kind": "payments",
            "money": {"marker": "oda"},
            "outstanding": "0",
            "at_least": "2",
        }
    },
}
"""Nine digits of a profile times nine of a marker: sums of steps of that size do not fit 64 bits."""

GIVEN = {
    "instrument": "i1",
    "partnership": "p0",
    "area": "a1",
    "year": "2025",
    "amount": "2.0",
    "state": "committed",
    "decision": "Made up",
}


@given(drawn=digits())
@example(drawn=(LONG, "instrument,partnership,area,year,amount\n"))
@example(drawn=({**LONG, "decided": [GIVEN]}, "instrument,partnership,area,year,amount\n"))
@settings(max_examples=120, deadline=None)
def test_whatever_the_digits_a_plan_that_is_found_is_kept(drawn):
    scenario = read(*drawn)
    try:
        plan = solve(scenario)  # NotVerified is a fault of the program
    except (Infeasible, NotRoundable) as error:
        event(type(error).__name__)
        return
    event("plan")
    ledger = np.concatenate([plan.steps, plan.moves])
    assert check_ledger(scenario.lines, ledger) == []
    assert score_of_the_program(plan) == pytest.approx(plan.score, rel=1e-7, abs=1e-6)
    assert plan.score <= float(plan.certificate.bound) + 1e-9 * max(1.0, abs(float(plan.certificate.bound)))
