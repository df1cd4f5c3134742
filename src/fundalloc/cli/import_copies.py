"""`fundalloc import`: what colleagues changed and said in copies of a workbook, as scenario text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fundalloc.cli.options import output_options
from fundalloc.cli.output import Output

if TYPE_CHECKING:
    from fundalloc.back.import_copies import Returned

_SHOWN = 20
"""Broken and missed demands that are printed one by one."""


@click.command("import")
@click.argument("books", nargs=-1, required=True, metavar="BOOK.xlsx...")
@click.option("-o", "--output", metavar="FILE.yaml", help="Write a scenario that extends the original and keeps these changes.")
@output_options
def import_(books: tuple[str, ...], output: str | None, out: Output) -> None:
    """Return what colleagues changed and said in copies of one workbook: adjustments, limits, rules, comments.

    The result is scenario text: a variant that extends the original. `fundalloc run` on it keeps every adjusted amount
    exactly and completes the plan around them. Copies are merged; a cell that two of them changed differently is a
    conflict that names both (exit code 3). What the changes break, and by how much, is said on stderr.

    \b
    fundalloc import plan_JD.xlsx
    fundalloc import plan_JD.xlsx plan_MK.xlsx -o adjusted.yaml
    fundalloc run adjusted.yaml -o next.xlsx
    """
    from fundalloc.back.edits import as_values
    from fundalloc.back.import_copies import bring_back, made_by_import

    if output is not None and Path(output).suffix.lower() not in (".yaml", ".yml"):
        raise click.UsageError(f"-o {output}: a scenario ends in .yaml")
    if output is not None and Path(output).exists() and not made_by_import(Path(output)):
        raise click.UsageError(f"-o {output}: this file is there and was not written by `fundalloc import`; choose another name")
    with out.progress("Reading"):
        returned = bring_back([Path(book) for book in books])
    written = [] if output is None else returned.write(Path(output))
    broken = _broken(returned)
    values: dict[str, Any] = {**as_values(returned.edits), "broken": broken, "written": [str(path) for path in written]}
    out.result(**values, missed=[_said(returned, finding) for finding in returned.newly_missed])
    if output is None:
        out.say(returned.text().rstrip("\n"))
    for path in written:
        out.say(f"Wrote {path}")
    _report(returned, broken, output, out)


def _broken(returned: Returned) -> list[str]:
    """Return what must hold and does not hold with the changes, by how much."""
    from fundalloc.plan.handmade import broken_entries, broken_rules

    plan = returned.adjusted
    return [*(_said(returned, finding) for finding in broken_rules(plan)), *(str(entry) for entry in broken_entries(plan))]


def _said(returned: Returned, finding: Any) -> str:
    from fundalloc.plan.naming import how_broken

    plan = returned.adjusted
    said = finding.said(plan.scenario.names())
    return f"{said}: {how_broken(finding, plan.scenario.decimals)} ({finding.rule.id})"


def _report(returned: Returned, broken: list[str], output: str | None, out: Output) -> None:
    """Say on stderr what the changes do to the rules, and what to do next."""
    if not returned.edits:
        out.note("Nothing was changed or said.")
        return
    missed = returned.newly_missed
    for texts, one, many in (
        (broken, "1 demand that must hold is broken", "{} demands that must hold are broken"),
        (
            [_said(returned, finding) for finding in missed],
            "1 target is missed, or missed by more",
            "{} targets are missed, or missed by more",
        ),
    ):
        if texts:
            out.note(f"With these changes alone, {one if len(texts) == 1 else many.format(len(texts))}:")
            for text in texts[:_SHOWN]:
                out.note(f"  {text}")
            if len(texts) > _SHOWN:
                out.note(f"  and {len(texts) - _SHOWN} more")
    if returned.edits.changes and not broken:
        out.note("With these changes alone, everything that must hold still holds.")
    if returned.edits.changes and output is None:
        out.note("Run with -o FILE.yaml to keep these changes and to complete the plan around them.")
    elif output is not None:
        out.note(f"Next: fundalloc run {output} -o {Path(output).stem}.xlsx")
