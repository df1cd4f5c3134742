"""`fundalloc alternatives`: plans as different as possible at almost no loss."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fundalloc.cli.options import Digits, Study, share_of, study_options, words_of
from fundalloc.cli.output import Output, new_table
from fundalloc.errors import FundallocError
from fundalloc.money import euro

if TYPE_CHECKING:
    from fundalloc.studies.alternatives import Alternatives

SHOWN = 12


@click.command()
@click.argument("file")
@click.option("--within", default="1%", show_default=True, metavar="SHARE", help="Score that the plans may lose.")
@click.option("-n", "--number", default=5, show_default=True, type=Digits(1, 50), help="How many plans.")
@click.option("--by", default="instrument,partnership", show_default=True, help="What one amount is: dimensions, with commas.")
@click.option("--write", "folder", metavar="DIR", help="Round and verify each plan, and write it as CSV into a folder of this folder.")
@click.option("-j", "--jobs", type=Digits(min=1), metavar="N", help="Processes for the ranges; all cores by default.")
@study_options
def alternatives(file: str, within: str, number: int, by: str, folder: str | None, jobs: int | None, study: Study) -> None:
    """Find plans that are as different as possible at almost no loss of score, and the range of every amount.

    Each plan is named by what distinguishes it: closest to the baseline, most even, fewest instruments … The ranges hold
    for every plan within the loss, also for those not shown.

    \b
    fundalloc alternatives plan.yaml --within 1% -n 5
    fundalloc alternatives plan.yaml --within 0.1% --by partnership,area -o alternatives.xlsx
    """
    from fundalloc.export.studies.alternatives import alternatives_report
    from fundalloc.studies.alternatives import find_alternatives

    with study.out.counting("amounts") as tick:
        found = find_alternatives(study.inputs.source(file), share_of(within, "--within"), number, words_of(by), study.options, jobs, tick)
    study.say_title(found.scenario)
    _print(found, study.out)
    if folder is not None:
        _write_plans(found, Path(folder), study.out)
    study.write(found.scenario, lambda language: alternatives_report(found, language))


def _print(found: Alternatives, out: Output) -> None:
    scenario, places = found.scenario, found.scenario.decimals
    out.say(f"Plans that lose at most {found.within:.2%} of the score, before rounding\n")
    areas = [area for area in scenario.facts.areas if not area.within]
    table = new_table("Plan", "score", "moved", "lowest coverage", "pairs", numbers=4)
    money = new_table("Plan", *(str(area.label) for area in areas), numbers=len(areas))
    for plan in found.plans:
        pairs, lowest = f"{-plan.traits['fewest instruments']:.0f}", f"{plan.traits['most even']:.0%}"
        table.add_row(plan.name, euro(plan.score, 1), euro(plan.moved, places), lowest, pairs)
        money.add_row(plan.name, *(euro(plan.traits[f"most for {area.label}"], places) for area in areas))
    out.table(table)
    pairs = scenario.own("instruments × partnerships")
    out.say(f"moved: EUR million that sit elsewhere than in the best plan; pairs: {pairs} with money\n")
    out.table(money)
    out.say()
    names = scenario.labels()
    ranges = new_table(f"Widest ranges ({scenario.own(' × '.join(found.by))})", "best plan", "from", "to", numbers=3)
    for r in sorted(found.ranges, key=lambda r: r.low - r.high)[:SHOWN]:
        said = " × ".join(names.get(d, {}).get(i, i) for d, i in zip(found.by, r.ids, strict=True))
        ranges.add_row(said, euro(r.best, places), euro(r.low, places), euro(r.high, places))
    out.table(ranges)
    total = len(found.ranges)
    verdict = "the plan leaves little choice" if found.same > total * 0.8 else "the plan is one of many"
    out.say(f"\nThe same in every such plan: {found.same} of {total} amounts; {verdict}")


def _write_plans(found: Alternatives, folder: Path, out: Output) -> None:
    """Round and verify each plan as `fundalloc run` does, and write its tables."""
    from fundalloc.export.tables import write_csv
    from fundalloc.studies.warm_plans import finish

    for k, plan in enumerate(found.plans):
        target = folder / f"{k}-{plan.file_name if k else 'best'}"
        try:
            with out.progress("Rounding"):
                finished = finish(found.scenario, found.program, plan.values)
        except FundallocError as error:
            out.note(f"{plan.name}: {str(error).splitlines()[0]}")
            continue
        write_csv(finished, target)
        out.say(f"Wrote {target}  (score {finished.score:.1f}; measure it with fundalloc run {found.source.path} --plan {target})")
