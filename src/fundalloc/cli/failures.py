"""What went wrong, printed on stderr in the user's words, and the exit code that says so."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from fundalloc.cli.envelope import Answer
from fundalloc.cli.terminal import echo
from fundalloc.doors.writing import written
from fundalloc.errors import Conflict, FundallocError, Infeasible, ScenarioError, and_more, counted
from fundalloc.money import decimals, euro

if TYPE_CHECKING:
    from fundalloc.insight.conflict.diagnose import NoPlan
    from fundalloc.insight.conflict.repairs import Repair

WIDTH = 118
"""Characters of a line."""
SHOWN = 8
"""Members of one rule that are listed."""


def report(error: FundallocError) -> int:
    """Print the error, keep it for the JSON, and return its exit code."""
    Answer.current().failed(error)
    if isinstance(error, ScenarioError):
        echo(str(error), err=True)
        echo(f"{counted(len(error.problems), 'problems')}.{'' if written else ' Nothing was solved or written.'}", err=True)
    elif isinstance(error, Infeasible):
        _print_conflicts(error)
    else:
        echo(str(error), err=True)
    return error.exit_code


def _print_conflicts(error: Infeasible) -> None:
    from fundalloc.insight.conflict.diagnose import NoPlan

    of = getattr(error, "of", "")
    echo(f"No plan satisfies all rules{' of ' + of if of else ''}.", err=True)
    if isinstance(error, NoPlan):
        _print_diagnosis(error)
    if not written and not getattr(error, "files", []):
        echo("\nNothing was written.", err=True)


def _print_diagnosis(error: NoPlan) -> None:
    found = error.diagnosis
    if error.repairs:
        least = " and ".join(change.says for change in error.repairs[0].changes)
        how_many = f"{counted(len(found.clashes), 'conflicts')}, {counted(len(error.repairs), 'repairs')}"
        _print_wrapped(f"{how_many} below; the first: {least}.", "", "")
    if not found.clashes and not found.complete:
        echo("The time ran out before it was found why.", err=True)
    elif not found.clashes:
        echo("Before rounding to whole steps there would be one: try a smaller round_to.", err=True)
    for number, clash in enumerate(found.clashes, start=1):
        which = f" ({number} of {len(found.clashes)}{'' if found.complete else ' found'})" if len(found.clashes) > 1 else ""
        these = f"These {len(clash.members)} cannot hold together" if len(clash.members) > 1 else "This cannot hold"
        echo(f"\n{these}{which}:", err=True)
        _print_members(clash.members)
        if clash.bottleneck:
            _print_wrapped(clash.bottleneck)
        if clash.like:
            _print_wrapped(f"{clash.like} more like this, with other members of the same rules.")
    if found.clashes and not found.complete:
        echo("\nThere may be more such conflicts: the search was cut off.", err=True)
    if not found.thinned:
        echo("\nThe search was cut off: some of these may not be needed for the conflict.", err=True)
    _print_repairs(error)


def _print_members(members: Sequence[Conflict]) -> None:
    """Print rule, sentence, place and source; a rule with several members is named once."""
    width = max(len(m.rule) for m in members)
    indent = f"  {'':<{width}}  "
    for rule, same in groupby(members, key=lambda m: m.rule):
        alike = list(same)
        shown = alike if len(alike) <= SHOWN + 1 else alike[:SHOWN]
        for k, member in enumerate(shown):
            _print_wrapped(member.says, f"  {rule if k == 0 else '':<{width}}  ", indent)
            if k + 1 == len(shown) or shown[k + 1].place != member.place:
                words = [word for word in (member.negotiable, member.source) if word]
                _print_wrapped(f"{member.place}{'  (' + '; '.join(words) + ')' if words else ''}", indent, indent)
        for more in and_more(alike, len(shown), " of this rule"):
            echo(f"{indent}{more}", err=True)


def _print_repairs(error: NoPlan) -> None:
    if not error.repairs:
        echo("\nNo repair was found that holds in whole steps. Let one of these rules give way, or free more money.", err=True)
        return
    echo("\nEach of these repairs alone gives a plan; practice gives way before political rules, law last:", err=True)
    width = max(9, *(len(repair.touches) for repair in error.repairs))
    echo(f"     {'EUR m':>9}  {'score':>9}  {'touches':<{width}}  change", err=True)
    for number, repair in enumerate(error.repairs, start=1):
        score = euro(repair.score, 1) + "+" * repair.stopped
        first, later = f"  {number}  {_moved(repair):>9}  {score:>9}  {repair.touches:<{width}}  ", " " * (width + 29)
        for change in repair.changes:
            _print_wrapped(change.says, first, later)
            first = f"{later[:-4]}and "
    if any(repair.stopped for repair in error.repairs):
        echo("\n+ The search for this score was stopped at its limit: a run may reach more.", err=True)
    if error.files:
        echo(f"\nWrote {', '.join(error.files)}. Each runs as it is: fundalloc run {error.files[0]}", err=True)
    else:
        echo("\nWith --repairs DIR each is written as a scenario that runs.", err=True)


def _moved(repair: Repair) -> str:
    """Write what gives way: EUR million, or how many members of a count."""
    if repair.members and not repair.moved:
        return counted(repair.members, "members")
    return euro(repair.moved, 1 if repair.moved >= Fraction(1, 20) else max(6, decimals(repair.moved)))


def _print_wrapped(text: str, first: str = "  ", later: str = "  ") -> None:
    filled = textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)
    echo(filled, err=True)
