"""Results read back: the plan that a file states, and the scenario behind it where that can be had."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fundalloc.errors import FundallocError
from fundalloc.facts.dimensions import Dimension, Dimensions
from fundalloc.scenario.loading import load
from fundalloc.scenario.plan_files import read_plan_file
from fundalloc.scenario.plans import PlanAmounts, read_plan


@dataclass(frozen=True)
class Result:
    """A result file: its amounts, and the scenario file behind them."""

    amounts: PlanAmounts
    source: Path | None
    settings: tuple[str, ...] = ()
    missing: str = ""
    """Why there is no scenario."""


def read_result(path: Path, folder: Path) -> Result:
    """Read a workbook, JSON or CSV result; a scenario that travels inside is unpacked into `folder`. Raises ScenarioError."""
    amounts = read_amounts(path)
    found = _named(path, amounts)
    if found is not None:
        return Result(amounts, found)
    return Result(amounts, None, missing=_why_not(path, amounts))


def read_amounts(path: Path) -> PlanAmounts:
    """Read the amounts of a plan without knowing its scenario: the ids are those in the file."""
    file = read_plan_file(path)
    names = ("instrument", "partnership", "area", "year")
    members = {name: tuple(dict.fromkeys(file.lines.column(name))) for name in names}
    dimensions = Dimensions(*(Dimension.build(name, members[name], {}) for name in names), ())
    return read_plan(path, dimensions, strict=False)


def _named(path: Path, amounts: PlanAmounts) -> Path | None:
    """Return the scenario file that a result names, when it is still there and still the same."""
    for candidate in (Path(amounts.scenario_file), path.parent / amounts.scenario_file):
        if not amounts.scenario_file or not candidate.is_file():
            continue
        try:
            if load(candidate, allow_outside=True).digest == amounts.digest:
                return candidate
        except FundallocError:
            continue
    return None


def _why_not(path: Path, amounts: PlanAmounts) -> str:
    if not amounts.scenario_file:
        return f"{path.name} does not carry its scenario"
    return f"{path.name} names {amounts.scenario_file}, which is not here or has changed since"
