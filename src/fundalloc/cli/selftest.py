"""`fundalloc selftest`: the tool against answers worked out by hand, and against a second statement of the mathematics."""

from __future__ import annotations

import click

from fundalloc.cli.options import Digits, output_options
from fundalloc.cli.output import Output, new_table
from fundalloc.errors import NotVerified


@click.command()
@click.option("--cases", default=100, show_default=True, type=Digits(0), help="Random scenarios.")
@click.option("--seed", type=Digits(), default=1, show_default=True, help="The same seed gives the same scenarios.")
@output_options
def selftest(cases: int, seed: int, out: Output) -> None:
    """Hold the tool against a second, plain statement of the mathematics.

    Small scenarios with answers worked out by hand, then random ones with everything that a scenario may hold, are solved twice: by the
    tool, and from a statement in loops and fractions that another solver (CBC) works out, and that shares no code with the tool. Status,
    best score, and lawfulness and score of the finished plan must agree; amounts may differ where plans are equally good. A scenario
    on which they differ is printed, and the exit code is 7.

    \b
    fundalloc selftest
    fundalloc selftest --cases 500 --seed 7
    """
    from fundalloc.selftest.judge import selftest as held

    found = held(cases, seed, out.progress)
    out.result(**found.as_dict())
    table = new_table("Worked out by hand", "Score", "", *(["Because"] if out.verbose else []))
    for answer, verdict in found.known:
        score = "no plan" if answer.score is None else f"{answer.score:g}"
        table.add_row(answer.name, score, "differs" if verdict.wrong else "agrees", *([answer.because] if out.verbose else []))
    out.table(table)
    out.say(f"\n{len(found.random)} random scenarios (seed {found.seed})")
    for end, count in found.ends.most_common():
        out.say(f"  {count:>5}  {end}")
    if out.verbose:
        out.say(f"  rules: {', '.join(f'{count} {kind}' for kind, count in found.kinds.items())}")
    for verdict in found.differ:
        out.say(f"\n{verdict.text}")
    if found.differ:
        raise NotVerified(f"The tool and the plain statement differ on {len(found.differ)} of {len(found.known) + cases} scenarios.")
    out.say("The tool and the plain statement agree.")
