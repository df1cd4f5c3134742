"""`fundalloc frontier`: the trade-off between two objectives."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fundalloc.cli.options import Digits, Study, study_options, words_of
from fundalloc.cli.output import Output, new_table

if TYPE_CHECKING:
    from fundalloc.studies.frontier import Frontier


@click.command()
@click.argument("file")
@click.option("--between", required=True, metavar="A,B", help="Two of: impact, lowest_coverage, unallocated, change.")
@click.option(
    "--for-each", "for_each", default="", metavar="WHOM", help="Whose lowest coverage: partnership, area, a tag group; with commas."
)
@click.option("--points", default=25, show_default=True, type=Digits(3, 1000), help="How many corners at most.")
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
    from fundalloc.studies.frontier import find_frontier, write_corners

    goals = [word.strip().replace("-", "_") for word in between.split(",")]
    if len(goals) != 2:
        raise click.UsageError("--between takes two objectives, such as impact,lowest_coverage")
    with study.out.counting("corners") as tick:
        found = find_frontier(study.inputs.source(file), (goals[0], goals[1]), words_of(for_each), points, study.options, tick)
    study.say_title(found.scenario)
    _print(found, study.out)
    if folder is not None:
        call = write_corners(found, Path(folder))
        study.out.say(f"Wrote {len(found.corners)} scenarios; run one with: {call}")
    study.write(found.scenario, lambda language: frontier_report(found, language))


def _print(found: Frontier, out: Output) -> None:
    from fundalloc.studies.frontier import WORDS, shown

    first, second = found.goals
    one, other = (found.scenario.own(WORDS[goal]) for goal in found.goals)
    whose = f" of each {found.scenario.own(' × '.join(found.for_each))}" if "lowest_coverage" in found.goals else ""
    out.say(f"Efficient plans between {one} and {other}{whose}, before rounding\n")
    unit = {"lowest_coverage": "percentage point", "impact": "point"}.get(second, "EUR million")
    table = new_table("corner", one, other, f"{one} per {unit} to the next", "", middle=range(1, 4))
    for k, corner in enumerate(found.corners, start=1):
        rate = "" if math.isnan(corner.rate) else f"{corner.rate * (0.01 if second == 'lowest_coverage' else 1):,.3f}"
        table.add_row(str(k), shown(first, corner.first), shown(second, corner.second), rate, "← the bend" if corner.bend else "")
    out.table(table)
    if len(found.corners) == 1:
        out.say("\nThe two do not compete: one plan is the best for both.")
        return
    bend = found.bend
    if bend is not None:
        top, last = found.corners[0], found.corners[-1]
        got = (bend.second - top.second) / (last.second - top.second)
        paid = (top.first - bend.first) / (top.first - last.first)
        gained, lost = f"{got:.0%} of all that {other} can gain", f"{paid:.0%} of what it can cost in {one}"
        out.say(f"\nThe bend is corner {found.corners.index(bend) + 1}: {gained}, for {lost}.")
    more = f"More corners lie between; the curve is nowhere more than {found.gap:.1%} of its height above these lines."
    out.say("These are all corners." if found.complete else more)
