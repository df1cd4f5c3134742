"""What went wrong, printed on stderr in the user's words, and the exit code that says so."""

from __future__ import annotations

import click

from fundalloc.errors import (
    FundallocError,
    Infeasible,
    NotRoundable,
    NotVerified,
    OutputError,
    ScenarioError,
    SolverFailed,
    UsageError,
)

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
    click.echo("No plan satisfies all rules.", err=True)
    if error.conflicts:
        click.echo(f"\nThese {len(error.conflicts)} cannot hold together:", err=True)
        rule_width = max(len(c.rule) for c in error.conflicts)
        for conflict in error.conflicts:
            click.echo(f"  {conflict.rule:<{rule_width}}  {conflict.says}\n  {'':<{rule_width}}  {conflict.place}", err=True)
        click.echo("\nThere may be more such conflicts. Let one of these rules give way, make it soft, or free more money.", err=True)
    click.echo("Nothing was written.", err=True)
