"""A plan rolled forward: a folder with a scenario in which the years before a year are closed and hold what the plan gave them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from fundalloc.back.circulated import open_circulated
from fundalloc.errors import UsageError
from fundalloc.optimise.stages import Progress
from fundalloc.plan.handmade import broken_entries, broken_rules, measure_plan
from fundalloc.run import with_baseline
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import read_plan
from fundalloc.scenario.plans.files import named_scenario
from fundalloc.scenario.starters.rolling import check_year, roll_forward


def next_year(
    folder: Path, plan: str, year: int, scenario_file: str | None, *, allow_outside: bool, progress: Progress
) -> tuple[list[Path], list[str]]:
    """Write the scenario that goes on from a plan; return the files, and what the reader should know about the plan.

    The plan's own scenario is the one named, the one that a result names, or the one that travels inside a workbook.
    """
    with _scenario_of(plan, scenario_file) as source:
        with progress("Reading"):
            scenario = load(source, allow_outside=allow_outside, recorded=True)
        check_year(scenario, year)
        amounts = read_plan(plan, scenario.facts.dimensions)
        measured = measure_plan(with_baseline(scenario, progress=progress), amounts)
        notes = []
        if amounts.said("digest") and amounts.said("digest") != scenario.digest:
            notes.append(f"Note: the plan was made from another state of {source}, or with --set.")
        if broken := len(broken_rules(measured)) + len(broken_entries(measured)):
            notes.append(f"Note: the plan breaks {broken} demands that must hold; fundalloc run {source} --plan {plan} names them.")
        return roll_forward(scenario, Path(source), amounts, Path(plan), year, folder), notes


@contextmanager
def _scenario_of(plan: str, scenario_file: str | None) -> Iterator[str]:
    if scenario_file is not None or Path(plan).suffix.lower() != ".xlsx":
        yield scenario_file or named_scenario(plan)
        return
    sources = open_circulated(Path(plan)).sources
    if sources.settings or sources.baseline:
        raise UsageError(f"{plan} was run with --set or --baseline: extract its scenario, and name it with --scenario.")
    with TemporaryDirectory(prefix="fundalloc-") as name:
        sources.restore(Path(name))
        yield str(Path(name) / sources.main)
