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
    """List, show, name and prune the runs that the ledger keeps.

    Runs of several files enter the ledger, with the hash of their inputs; the same inputs are not solved again.

    \b
    fundalloc runs list
    fundalloc runs show 3fa9c1
    fundalloc runs prune --older-than 30d
    fundalloc runs name plan.xlsx adopted-2026-11
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


@runs.command("name")
@click.argument("run")
@click.argument("name")
@click.option("--force", is_flag=True, help="Give the name to this plan although another one has it.")
@ledger_option
@output_options
def name_run(run: str, name: str, force: bool, ledger: str | None, out: Output) -> None:
    """Keep the plan of RUN under NAME, and take NAME from now on wherever a plan is taken.

    RUN is a result (.xlsx, .json), or a run of the ledger: the start of its key, or its scenario or file (then the newest).

    \b
    fundalloc runs name plan.xlsx adopted-2026-11
    fundalloc run proposal.yaml --baseline adopted-2026-11 -o proposal.xlsx
    fundalloc compare adopted-2026-11 proposal.yaml
    """
    from fundalloc.export.tables import to_json
    from fundalloc.studies.named import name_plan

    with out.progress("Reading"):
        found = name_plan(run, name, to_json, ledger=_ledger(ledger), replace=force)
    scenario, inputs = found.scenario or "not named", found.digest[:12] or "not stated"
    out.say(f"{name}: plan {found.plan[:12]}, scenario {scenario} with inputs {inputs}")
    out.say(f"Kept as {found.file}")
    out.result(**found.as_dict())


@runs.command("names")
@click.option("--forget", metavar="NAME", help="Take this name away, with the copy that it stands for.")
@output_options
def list_names(forget: str | None, out: Output) -> None:
    """List the plans that have a name, each with the hashes of its amounts and of its scenario's inputs."""
    from fundalloc.studies import named

    gone = None if forget is None else named.forget(forget)
    found = list(named.named_plans())
    table = new_table("Name", "scenario", "plan", "inputs", "file")
    for one in found:
        table.add_row(one.name, one.scenario, one.plan[:12], one.digest[:12], one.file)
    if gone is not None:
        out.say(f"Forgotten: {gone.name}")
    elif found:
        out.table(table)
    else:
        out.say("No plan has a name. Give one: fundalloc runs name plan.xlsx adopted-2026-11")
    out.result(names=[one.as_dict() for one in found])
