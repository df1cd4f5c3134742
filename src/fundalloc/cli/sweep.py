"""`fundalloc sweep`: one figure varied, or two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from fundalloc.cli.envelope import INFEASIBLE
from fundalloc.cli.options import Study, study_options
from fundalloc.cli.output import Output, new_table
from fundalloc.money import euro

if TYPE_CHECKING:
    from fundalloc.studies.sweep import Sweep

SHOWN = 12
"""Break points and movements that are printed; all of them stand in CSV and workbook."""


@click.command()
@click.argument("file")
@click.option(
    "--vary", "varied", multiple=True, required=True, metavar="KEY=FROM..TO:STEP", help="The figure to vary, and its values; at most two."
)
@click.option("--no-breaks", is_flag=True, help="Do not search for break points.")
@study_options
def sweep(file: str, varied: tuple[str, ...], no_breaks: bool, study: Study) -> None:
    """Vary one figure of a scenario, or two, and show what the score does.

    KEY is a dotted key as for --set: rules.legal-floor.at_least, instruments.amif.ceiling.each.2026, or a cell of a table
    such as needs.egypt.returns.need. FROM, TO and STEP are EUR million or shares; `inherited-20%..inherited+20%:5%` varies
    what the file says.

    \b
    fundalloc sweep plan.yaml --vary rules.legal-pathways-floor.at_least=2%..14%:2%
    fundalloc sweep plan.yaml --vary instruments.amif.ceiling=inherited-20%..inherited+20%:5% -o sweep.xlsx
    """
    from fundalloc.export.studies.sweep import sweep_report
    from fundalloc.studies.sweep import sweep as solve_sweep
    from fundalloc.studies.variants import parse_vary

    keys = [parse_vary(text) for text in varied]
    with study.out.counting("points") as tick:
        found = solve_sweep(study.inputs.source(file), keys, study.options, tick, search=not no_breaks)
    study.say_title(found.scenario)
    _print(found, study.out)
    study.write(found.scenario, lambda language: sweep_report(found, language))
    if not found.usable:
        study.out.end(INFEASIBLE, "No value of the figure leaves a plan that satisfies all hard rules.")


def _print(sweep: Sweep, out: Output) -> None:
    places = sweep.scenario.decimals
    for key, now in zip(sweep.keys, sweep.present, strict=True):
        unset = "as the file says by year or member" if key.inherited else "not set now"
        says = unset if now is None else f"now {now}"
        out.say(f"Varied: {key.key}  ({says}; score as written {euro(sweep.base.score, 1)})")
    out.say()
    headings = ["score", "change", *([f"per {sweep.unit}"] if sweep.slopes else []), "unallocated", "moved", "status"]
    table = new_table(*(key.key.rsplit(".", 1)[-1] for key in sweep.keys), *headings, numbers=len(headings))
    for k, point in enumerate(sweep.points):
        values = [key.shown(v.number) if "inherited" not in v.text else v.text for key, v in zip(sweep.keys, point.values, strict=True)]
        if math.isnan(point.score):
            table.add_row(*values, *[""] * (len(headings) - 1), point.status)
            continue
        slope = [f"{sweep.slopes[k]:+.3f}" if not math.isnan(sweep.slopes[k]) else ""] if sweep.slopes else []
        left = "-" if math.isnan(point.unallocated) else euro(point.unallocated, places)
        change = f"{point.score - sweep.base.score:+.1f}"
        table.add_row(*values, euro(point.score, 1), change, *slope, left, euro(point.moved, places), point.status)
    out.table(table)
    _print_breaks(sweep, out)
    _print_movements(sweep, out)


def _print_breaks(sweep: Sweep, out: Output) -> None:
    if not sweep.slopes:
        return
    key = sweep.keys[0]
    how = "exact, from the program's own slopes" if sweep.exact else "closed in on by bisection, as coefficients move"
    how += ", while the same actions are chosen" if sweep.base.switches is not None else ""
    if not sweep.breaks:
        none = "none found, but not everywhere was searched" if sweep.unsearched else "none: one more unit is worth the same throughout"
        out.say(f"\nBreak points  {none}")
        return
    listed = sorted(sorted(sweep.breaks, key=lambda b: -abs(b.after - b.before))[:SHOWN], key=lambda b: b.value)
    more = f", the {SHOWN} largest of {len(sweep.breaks)}" if len(sweep.breaks) > SHOWN else ""
    out.say(f"\nBreak points  ({how}{more}; score per {sweep.unit} before and after)")
    for b in listed:
        at = key.shown(round(b.value, 6)) + (f" ± {key.shown(round(b.within, 6))}" if b.within else "")
        out.say(f"  {at:<22} {b.before:+9.3f} → {b.after:+9.3f}   {b.reason or 'a step of met need is filled'}")
    if sweep.unsearched:
        where = "with smaller changes of the slope, or where decided money begins to break a limit"
        out.say(f"  There may be more, {where}: take a narrower range.")


def _print_movements(sweep: Sweep, out: Output) -> None:
    if len(sweep.usable) < 2:
        return
    names, places = sweep.scenario.labels(), sweep.scenario.decimals
    first, last = sweep.usable[0], sweep.usable[-1]
    ends = [" / ".join(key.shown(v.number) for key, v in zip(sweep.keys, p.values, strict=True)) for p in (first, last)]
    out.say(f"\nFrom {ends[0]} to {ends[1]}")
    moved = False
    said = {dimension: sweep.scenario.own(f"{dimension}s") for dimension in ("area", "partnership")}
    for dimension, plural in said.items():
        moves = [(name, amount) for name, amount in sweep.movements(dimension) if abs(amount) >= 0.5 * 10.0**-places]
        for word, sign in (("gain", 1), ("lose", -1)):
            shown = [f"{names[dimension][n]} {'+' if a > 0 else '-'}{euro(abs(a), places)}" for n, a in moves if a * sign > 0][:5]
            if shown:
                moved = True
                out.say(f"  {plural:<{max(12, *map(len, said.values()))}} {word}  {', '.join(shown)}")
    if not moved:
        out.say("  nobody gains or loses")
