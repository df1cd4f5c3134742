"""`fundalloc selftest`: the tool against answers worked out by hand, and against a second statement of the mathematics."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from fundalloc.cli.common import Output, new_table, output_options

if TYPE_CHECKING:
    from fundalloc.selftest.judge import Verdict


@click.command()
@click.option("--cases", default=100, show_default=True, type=click.IntRange(0), help="Random scenarios.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same scenarios.")
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
    from fundalloc.errors import NotVerified
    from fundalloc.selftest.dice import scenarios
    from fundalloc.selftest.judge import judge
    from fundalloc.selftest.known import known_answers

    with out.progress("By hand"):
        known = [(answer, judge(answer.case, answer)) for answer in known_answers()]
    with out.progress("At random"):
        random = [judge(case) for case in scenarios(cases, seed)]
    ends = Counter(verdict.end for verdict in random if not verdict.wrong)
    differ = [verdict for verdict in (*(verdict for _, verdict in known), *random) if verdict.wrong]
    out.json(
        {
            "known": [{"name": answer.name, "score": answer.score, "wrong": verdict.wrong} for answer, verdict in known],
            "random": {"cases": cases, "seed": seed, "agree": ends, "kinds": _kinds(random)},
            "differ": [{"wrong": verdict.wrong, "scenario": verdict.case} for verdict in differ],
        }
    )
    table = new_table("Worked out by hand", "Score", "", *(["Because"] if out.verbose else []))
    for answer, verdict in known:
        score = "no plan" if answer.score is None else f"{answer.score:g}"
        table.add_row(answer.name, score, "differs" if verdict.wrong else "agrees", *([answer.because] if out.verbose else []))
    out.table(table)
    out.say(f"\n{cases} random scenarios (seed {seed})")
    for end, count in ends.most_common():
        out.say(f"  {count:>5}  {end}")
    if out.verbose:
        out.say(f"  rules: {', '.join(f'{count} {kind}' for kind, count in _kinds(random).items())}")
    if differ:
        for verdict in differ:
            out.say(f"\n{verdict.text}")
        raise NotVerified(f"The tool and the plain statement differ on {len(differ)} of {len(known) + cases} scenarios.")
    out.say("The tool and the plain statement agree.")


def _kinds(verdicts: list[Verdict]) -> dict[str, int]:
    """Count the rules of each kind in what was solved on both sides."""
    return dict(sorted(Counter(rule["kind"] for verdict in verdicts for rule in verdict.case["rules"].values()).items()))
