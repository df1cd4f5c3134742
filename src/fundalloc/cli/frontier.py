"""`fundalloc frontier`: the trade-off between two objectives."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fundalloc.cli.options import Study, study_options, words_of
from fundalloc.cli.output import Output, new_table

if TYPE_CHECKING:
    from fundalloc.studies.frontier import Frontier

WORDS = {"impact": "score", "lowest_coverage": "lowest coverage", "unallocated": "planned EU budget", "change": "moved money"}


@click.command()
@click.argument("file")
@click.option("--between", required=True, metavar="A,B", help="Two of: impact, lowest_coverage, unallocated, change.")
@click.option(
    "--for-each", "for_each", default="", metavar="WHOM", help="Whose lowest coverage: partnership, area, a tag group; with commas."
)
@click.option("--points", default=25, show_default=True, type=click.IntRange(3, 1000), help="How many corners at most.")
@click.option("--write", "folder", metavar="DIR", help="Write a scenario file per corner, ready to run, into this folder.")
@study_options
def frontier(file: str, between: str, for_each: str, points: int, folder: str | None, study: Study) -> None:
    """Find the efficient plans between two objectives: no other plan is better in one and as good in the other.

    Corners are exact for the linear program; between two of them the trade-off is a straight line. The bend is the corner
    beyond which more of one costs most of the other.

    \b
    fundalloc frontier plan.yaml --between impact,lowest_coverage
    fundalloc frontier plan.yaml --between impact,change --baseline plan-2025.json -o frontier.xlsx --write corners
    """
    from fundalloc.export.studies.frontier import frontier_report
    from fundalloc.studies.frontier import find_frontier

    goals = [word.strip().replace("-", "_") for word in between.split(",")]
    if len(goals) != 2:
        raise click.UsageError("--between takes two objectives, such as impact,lowest_coverage")
    with study.out.counting("corners") as tick:
        found = find_frontier(study.inputs.source(file), (goals[0], goals[1]), words_of(for_each), points, study.options, tick)
    study.say_title(found.scenario)
    _print(found, study.out)
    if folder is not None:
        _write_scenarios(found, Path(folder), study.out)
    study.write(found.scenario, lambda language: frontier_report(found, language))


def _print(found: Frontier, out: Output) -> None:
    first, second = found.goals
    whose = f" of each {' × '.join(found.for_each)}" if "lowest_coverage" in found.goals else ""
    out.say(f"Efficient plans between {WORDS[first]} and {WORDS[second]}{whose}, before rounding\n")
    table = new_table("corner", WORDS[first], WORDS[second], f"{WORDS[first]} per {_unit(second)} to the next", "", numbers=0)
    for column in table.columns[1:4]:
        column.justify = "right"
    for k, corner in enumerate(found.corners, start=1):
        rate = "" if math.isnan(corner.rate) else f"{corner.rate * (0.01 if second == 'lowest_coverage' else 1):,.3f}"
        table.add_row(str(k), _shown(first, corner.first), _shown(second, corner.second), rate, "← the bend" if corner.bend else "")
    out.table(table)
    if len(found.corners) == 1:
        out.say("\nThe two do not compete: one plan is the best for both.")
        return
    bend = found.bend
    if bend is not None:
        k = found.corners.index(bend)
        top, last = found.corners[0], found.corners[-1]
        got = (bend.second - top.second) / (last.second - top.second)
        paid = (top.first - bend.first) / (top.first - last.first)
        gained, lost = f"{got:.0%} of all that {WORDS[second]} can gain", f"{paid:.0%} of what it can cost in {WORDS[first]}"
        out.say(f"\nThe bend is corner {k + 1}: {gained}, for {lost}.")
    out.say(
        "These are all corners."
        if found.complete
        else f"More corners lie between; the curve is nowhere more than {found.gap:.1%} of its height above these lines."
    )


def _unit(goal: str) -> str:
    return "percentage point" if goal == "lowest_coverage" else "point" if goal == "impact" else "EUR million"


def _shown(goal: str, value: float) -> str:
    from fundalloc.money import euro

    return f"{value:.2%}" if goal == "lowest_coverage" else euro(abs(value) if goal == "change" else value, 1)


def _write_scenarios(found: Frontier, folder: Path, out: Output) -> None:
    """Write a file per corner that extends the scenario and asks for that corner's plan."""
    import json

    from fundalloc.doors.writing import new_file, together, writing_into
    from fundalloc.studies.frontier import settings_for

    with writing_into(folder):
        base = Path(os.path.relpath(found.source.path, folder)).as_posix()
    inside = Path(found.source.path).resolve().is_relative_to(folder.resolve())
    with together():
        for k, corner in enumerate(found.corners, start=1):
            path = folder / f"corner-{k:02d}.yaml"
            goals = ", ".join(f"{WORDS[g]} {_shown(g, v)}" for g, v in zip(found.goals, (corner.first, corner.second), strict=True))
            title = f"{found.scenario.head.title}: corner {k}, {goals}"
            lines = [
                f"# Corner {k} of the frontier between {found.goals[0]} and {found.goals[1]}{' (the bend)' if corner.bend else ''}.",
                f"extends: {json.dumps(base)}",
                f"scenario: {found.scenario.id[:48]}-corner-{k}",
                f"title: {json.dumps(title, ensure_ascii=False)}",
                f"objective: {json.dumps(settings_for(found, k - 1)['objective'])}",
            ]
            with new_file(path) as fresh:
                fresh.write_text("\n".join(lines) + "\n", "utf-8")
    outside = "" if inside else " --allow-outside"
    extra = "".join(f" --set {setting}" for setting in found.source.settings) + (
        f" --baseline {found.source.baseline}" if found.source.baseline else ""
    )
    out.say(f"Wrote {len(found.corners)} scenarios; run one with: fundalloc run {folder / 'corner-01.yaml'}{outside}{extra} -n")
