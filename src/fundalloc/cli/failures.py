"""What went wrong, printed on stderr in the user's words, and the exit code that says so."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import click

from fundalloc.errors import (
    Conflict,
    FundallocError,
    Infeasible,
    NotRoundable,
    NotVerified,
    OutputError,
    ScenarioError,
    SolverFailed,
    UsageError,
)

if TYPE_CHECKING:
    from fundalloc.insight.diagnose import NoPlan

_CODES: list[tuple[type[FundallocError], int]] = [
    (ScenarioError, 3),
    (Infeasible, 4),
    (NotRoundable, 4),
    (SolverFailed, 5),
    (OutputError, 6),
    (NotVerified, 7),
    (UsageError, 2),
]


def exit_code(error: FundallocError) -> int:
    """Print the error and return its exit code."""
    if isinstance(error, ScenarioError):
        _print_problems(error)
    elif isinstance(error, Infeasible):
        _print_conflicts(error)
    else:
        click.echo(str(error), err=True)
    return next((code for kind, code in _CODES if isinstance(error, kind)), 1)


def _print_problems(error: ScenarioError) -> None:
    for problem in error.problems:
        click.echo(str(problem), err=True)
    count = len(error.problems)
    click.echo(f"{count} problem{'s' if count > 1 else ''}. Nothing was solved or written.", err=True)


def _print_conflicts(error: Infeasible) -> None:
    from fundalloc.insight.diagnose import NoPlan

    click.echo("No plan satisfies all rules.", err=True)
    if isinstance(error, NoPlan):
        _print_diagnosis(error)
    if not getattr(error, "files", []):
        click.echo("\nNothing was written.", err=True)


def _print_diagnosis(error: NoPlan) -> None:
    found = error.diagnosis
    if not found.clashes:
        click.echo("Before rounding to whole steps there would be one: try a smaller round_to.", err=True)
    for number, clash in enumerate(found.clashes, start=1):
        which = f" ({number} of {len(found.clashes)}{'' if found.complete else ' found'})" if len(found.clashes) > 1 else ""
        click.echo(f"\nThese {len(clash.members)} cannot hold together{which}:", err=True)
        _print_members(clash.members)
        if clash.bottleneck:
            _paragraph(clash.bottleneck)
    if not found.complete:
        click.echo("\nThere may be more such conflicts: the search was cut off.", err=True)
    if not found.thinned:
        click.echo("\nThe time ran out: some of these may not be needed for the conflict.", err=True)
    _print_repairs(error)


def _print_members(members: Sequence[Conflict]) -> None:
    """Print rule, sentence, place and source; a rule with several members is named once."""
    width = max(len(m.rule) for m in members)
    before = ""
    for member in members:
        words = [word for word in (member.negotiable, member.source) if word]
        click.echo(f"  {member.rule if member.rule != before else '':<{width}}  {member.says}", err=True)
        click.echo(f"  {'':<{width}}  {member.place}{'  (' + '; '.join(words) + ')' if words else ''}", err=True)
        before = member.rule


def _print_repairs(error: NoPlan) -> None:
    if not error.repairs:
        click.echo(
            "\nNo repair was found in time that holds in whole steps. Let one of these rules give way, or free more money.", err=True
        )
        return
    click.echo(
        "\nEach of these repairs alone gives a plan; million EUR that give way, practice before political rules, law last:", err=True
    )
    for number, repair in enumerate(error.repairs, start=1):
        amount = f"{float(repair.moved):,.1f}" if repair.moved >= Fraction(1, 20) or not repair.moved else f"{float(repair.moved):.6f}"
        if repair.members and not repair.moved:
            amount = f"{repair.members} fewer" if repair.members > 1 else "1"
        click.echo(f"  {number}  {amount:>8}  {repair.touches:<9}  {repair.changes[0].says}", err=True)
        for change in repair.changes[1:]:
            click.echo(f"  {'':>22}and {change.says}", err=True)
    if error.files:
        click.echo(f"\nWrote {', '.join(error.files)}. Each runs as it is: fundalloc run {error.files[0]}", err=True)
    else:
        click.echo("\nWith --repairs DIR each is written as a scenario that runs.", err=True)


def _paragraph(text: str) -> None:
    click.echo(textwrap.fill(text, 108, initial_indent="  ", subsequent_indent="  "), err=True)
