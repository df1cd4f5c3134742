"""`fundalloc runs`: what was run before."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import click

from fundalloc.cli.options import Digits, output_options
from fundalloc.cli.output import Output, new_table
from fundalloc.errors import UsageError, counted
from fundalloc.money import euro

ledger_option = click.option("--ledger", metavar="FILE", help="Another ledger than the user's own (also: FUNDALLOC_LEDGER).")
_AGE = re.compile(r"^([0-9]+)\s*([hdw])$")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@click.group()
def runs() -> None:
    """List, show and prune the runs that the ledger keeps.

    Runs of several files enter the ledger, with the hash of their inputs; the same inputs are not solved again.

    \b
    fundalloc runs list
    fundalloc runs show 3fa9c1
    fundalloc runs prune --older-than 30d
    """


def _ledger(path: str | None) -> Path:
    from fundalloc.studies.ledger import default_ledger

    return Path(path) if path else default_ledger()


@runs.command("list")
@click.option("-n", "--number", default=30, show_default=True, type=Digits(1), help="How many, the newest first.")
@ledger_option
@output_options
def list_runs(number: int, ledger: str | None, out: Output) -> None:
    """List the newest runs."""
    from fundalloc.studies.ledger import Ledger

    with Ledger(_ledger(ledger)) as kept:
        entries = kept.entries(number)
    table = new_table("Run", "ended (UTC)", "scenario", "status", "score", "impact", "seconds", "file", middle=range(4, 7))
    for e in entries:
        score, impact = ("" if v is None else euro(v, 1) for v in (e.score, e.impact))
        table.add_row(e.key[:8], e.ended[:16].replace("T", "\u00a0"), e.scenario, e.status, score, impact, f"{e.seconds:.1f}", e.file)
    if entries:
        out.table(table)
    else:
        out.say("The ledger is empty. Runs of several files enter it: fundalloc run A.yaml B.yaml -n")
    out.result(runs=[e.as_dict() for e in entries])


@runs.command("show")
@click.argument("run")
@ledger_option
@output_options
def show_run(run: str, ledger: str | None, out: Output) -> None:
    """Show one run: RUN is the start of its key, or a scenario or file (then the newest)."""
    from fundalloc.studies.ledger import Ledger

    path = _ledger(ledger)
    with Ledger(path) as kept:
        found = kept.find(run)
        if not found:
            raise UsageError(f"No run '{run}' in {path}. See: fundalloc runs list")
        plan = kept.plan(found[0].key)
    entry = found[0]
    for name, value in entry.as_dict().items():
        if value not in (None, "", []):
            out.say(f"{name.replace('_', ' '):<10} {', '.join(value) if isinstance(value, list) else value}")
    missing = [f for f in entry.files if not Path(f).exists()]
    if missing:
        out.say(f"{'gone':<10} {', '.join(missing)}")
    out.say(f"{'plan':<10} {'kept: the same inputs are not solved again' if plan is not None else 'not kept'}")
    if len(found) > 1:
        out.say(f"{len(found) - 1} older: {', '.join(e.key[:8] for e in found[1:6])}")
    out.result(**entry.as_dict())


@runs.command("prune")
@click.option("--older-than", metavar="AGE", help="Drop runs that ended longer ago: 12h, 30d or 8w.")
@click.option("--missing", is_flag=True, help="Drop runs whose files are all gone.")
@click.option("--all", "everything", is_flag=True, help="Drop all runs.")
@ledger_option
@output_options
def prune_runs(older_than: str | None, missing: bool, everything: bool, ledger: str | None, out: Output) -> None:
    """Drop runs from the ledger. Files that they wrote stay."""
    from fundalloc.studies.ledger import Ledger

    if sum((older_than is not None, missing, everything)) != 1:
        raise click.UsageError("say which: --older-than 30d, --missing, or --all")
    age = None
    if older_than is not None:
        match = _AGE.match(older_than)
        if match is None:
            raise click.UsageError(f"--older-than {older_than}: write 12h, 30d or 8w")
        age = timedelta(**{_UNITS[match[2]]: int(match[1])})
    with Ledger(_ledger(ledger)) as kept:
        count = kept.prune(age, missing=missing)
    out.say(f"{counted(count, 'runs')} dropped; files that they wrote stay.")
    out.result(dropped=count)
