"""Small cases for tests: texts of scenario files, and random ones."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import SWITCHED_NEED, LinearProgram
from fundalloc.run import with_baseline
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario

ROOT = Path(__file__).parents[1]
TINY = ROOT / "examples" / "tiny" / "tiny.yaml"
SHIPPED = sorted((ROOT / "scenarios").glob("*/*.yaml"))

TWO_BY_TWO: dict[str, Any] = {
    "fundalloc": "1",
    "scenario": "two-by-two",
    "title": "Two instruments, two partnerships, one area, one year",
    "as_of": "2024-01-01",
    "years": "2026",
    "round_to": "0.1",
    "areas": {"returns": {"name": "Returns"}},
    "instruments": {
        "a": {"name": "A", "source": "assumption", "ceiling": "10"},
        "b": {"name": "B", "source": "assumption", "ceiling": "6", "partners": ["south"]},
    },
    "partnerships": [{"id": "north", "name": "North", "level": "bilateral"}, {"id": "south", "name": "South", "level": "bilateral"}],
    "eligibility": [{"instrument": "a", "area": "returns"}, {"instrument": "b", "area": "returns", "effectiveness": "0.5"}],
    "needs": [
        {"partnership": "north", "area": "returns", "need": "8", "priority": "1"},
        {"partnership": "south", "area": "returns", "need": "12", "priority": "2"},
    ],
}
"""Solved on paper in the tests that use it.

South: 6 at 2.0, 3.6 at 1.2, 2.4 at 0.6 a euro of met need. North: 4 at 1.0, 2.4 at 0.6, 1.6 at 0.3.
B only reaches South and meets half a euro per euro: its 6 meet 3. A's 10 go first where a euro earns most:
South up to 6 (3 from A), then 3.6 at 1.2 (from A), then North 3.4 of 4 at 1.0. Score 12 + 4.32 + 3.4 = 19.72.
"""

IN_SINGLE_EUROS: dict[str, Any] = {
    **TWO_BY_TWO,
    "round_to": "0.000001",
    "instruments": {
        "a": {"name": "A", "source": "assumption", "ceiling": "100000"},
        "b": {"name": "B", "source": "assumption", "ceiling": "60000", "partners": ["south"]},
    },
    "eligibility": [{"instrument": "a", "area": "returns"}, {"instrument": "b", "area": "returns", "effectiveness": "0.500000001"}],
    "markers": [{"marker": "oda", "area": "returns", "coefficient": "0.723456789"}],
    "needs": [
        {"partnership": "north", "area": "returns", "need": "80000", "priority": "1"},
        {"partnership": "south", "area": "returns", "need": "120000", "priority": "2"},
    ],
}
"""The same ten thousand times larger, in steps of a euro, with weights of nine digits."""


@cache
def relaxed_shipped(path: Path) -> tuple[Scenario, LinearProgram]:
    """A shipped scenario with its baseline solved, and its linear program (switches between 0 and 1)."""
    scenario = with_baseline(load(path))
    return scenario, replace(compile_program(scenario), integer=None)


def weak_form(program: LinearProgram) -> LinearProgram:
    """The same program in the weak form: no row over switched needs, every switch free between 0 and 1."""
    assert program.integer is not None
    upper = program.row_upper.copy()
    for block in program.blocks:
        if block.owner == SWITCHED_NEED:
            upper[block.rows] = np.inf
    return replace(program, row_upper=upper, lower=np.where(program.integer, 0.0, program.lower))


def write(folder: Path, case: dict[str, Any], name: str = "case.yaml") -> Path:
    """Write a case as a scenario file (JSON is YAML)."""
    path = folder / name
    path.write_text(json.dumps(case, ensure_ascii=False, indent=1), "utf-8")
    return path


def spaced(text: str) -> str:
    """A text with plain spaces instead of hard ones."""
    return text.replace("\u00a0", " ")


def _amount(tenths: int) -> str:
    return f"{tenths / 10:.1f}"


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Random lawful scenarios: up to 3 instruments, 5 partnerships in a tree, 3 areas, 3 years, rules of every kind."""
    instruments = [f"i{k}" for k in range(draw(st.integers(1, 3)))]
    partnerships = [f"p{k}" for k in range(draw(st.integers(1, 5)))]
    areas = [f"a{k}" for k in range(draw(st.integers(1, 3)))]
    years = draw(st.integers(1, 3))
    tenths = st.integers(0, 400)
    return {
        "fundalloc": "1",
        "scenario": "random",
        "title": "Random",
        "as_of": "2024-01-01",
        "years": f"2025-{2024 + years}",
        "round_to": draw(st.sampled_from(["0.1", "1", "0.5", "0.001"])),
        "areas": {a: {"name": a} for a in areas},
        "instruments": {
            i: {
                "name": i,
                "source": "assumption",
                "ceiling": {"each": _amount(draw(tenths)), **({"total": _amount(draw(tenths))} if draw(st.booleans()) else {})},
                "reserve": f"{draw(st.integers(0, 30))} %",
            }
            for i in instruments
        },
        "partnerships": [
            {
                "id": p,
                "name": p,
                "level": draw(st.sampled_from(["bilateral", "regional"])),
                "tags": f"route:{draw(st.sampled_from(['x', 'y']))}",
                **({"absorption": _amount(draw(st.integers(10, 300)))} if draw(st.booleans()) else {}),
            }
            for p in partnerships
        ],
        "eligibility": [
            {"instrument": i, "area": a, "effectiveness": draw(st.sampled_from(["1", "0.5", "0.8"]))}
            for i in instruments
            for a in areas
            if a == areas[0] or draw(st.booleans())
        ],
        "needs": [
            {
                "partnership": p,
                "area": a,
                "need": _amount(draw(st.integers(1, 400))),
                "priority": draw(st.sampled_from(["1", "0.7", "1.3"])),
            }
            for p in partnerships
            for a in areas
        ],
        "rules": draw(rules(areas)),
    }


@st.composite
def rules(draw: st.DrawFn, areas: list[str]) -> dict[str, Any]:
    """Random rules that are easy to keep: upper limits hard, lower limits soft."""
    percent = st.integers(10, 90).map(lambda p: f"{p} %")
    pool = {
        "cap": {"kind": "amount", "for_each": "partnership", "at_most": _amount(draw(st.integers(5, 300)))},
        "concentration": {"kind": "share", "for_each": "partnership", "at_most": draw(percent), "of": {"partnership": "all"}},
        "area-share": {"kind": "share", "money": {"area": areas[0]}, "at_least": draw(percent), "of": {}, "soft": "2"},
        "fair": {"kind": "balance", "for_each": "partnership", "at_least": "50 %", "soft": "1"},
        "steady": {"kind": "change", "for_each": "route", "at_most": "150 %", "at_least": "60 %", "plus": "2", "soft": "0.5"},
        "growth": {"kind": "change", "at_most": "130 %", "plus": "3.3"},
    }
    chosen = draw(st.lists(st.sampled_from(sorted(pool)), unique=True))
    return {name: {"says": name, "source": "assumption", **pool[name]} for name in chosen}
