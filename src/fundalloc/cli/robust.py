"""`fundalloc robust`: one plan for several futures, or for figures given as ranges."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from fundalloc.cli.options import Digits, Study, study_options, words_of
from fundalloc.cli.output import Output, new_table
from fundalloc.errors import counted, some
from fundalloc.money import NotANumber, euro, parse_figure

if TYPE_CHECKING:
    from fundalloc.studies.robust import Robust, Strategy
    from fundalloc.studies.sampling import Samples

SAID = {"expected": "best on average", "worst": "best lowest score", "regret": "smallest regret"}
SHOWN = 8


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--common-until", type=Digits(), metavar="YEAR", help="Last year that is committed in common; by default the year of as_of.")
@click.option("--criterion", type=click.Choice(tuple(SAID)), default="regret", show_default=True, help="Whose amounts are shown.")
@click.option("--weights", default="", metavar="W,W,…", help="How likely each future is; by default all alike.")
@click.option("--samples", type=Digits(2, 100_000), metavar="N", help="One file: solve N samples of its uncertain figures.")
@click.option("--seed", type=Digits(), default=1, show_default=True, help="The same seed draws the same samples.")
@click.option("--by", default="instrument,partnership", show_default=True, help="Samples: what one amount is, dimensions with commas.")
@click.option("-j", "--jobs", type=Digits(min=1), metavar="N", help="Samples: processes; all cores by default.")
@click.option("--cluster", metavar="tcp://HOST:PORT", help="Samples: solve them on the workers of this Dask scheduler.")
@study_options
def robust(
    files: tuple[str, ...],
    common_until: int | None,
    criterion: str,
    weights: str,
    samples: int | None,
    seed: int,
    by: str,
    jobs: int | None,
    cluster: str | None,
    study: Study,
) -> None:
    """Find amounts to commit now that do well in several futures, or see what uncertain figures do to a plan.

    With several scenario files, each is one future: the first years are committed in common, the rest is kept for later.
    With one file and --samples, its figures given as ranges (need: 80..120, or 80..95..120 with the most likely value) are
    drawn again and again.

    \b
    fundalloc robust baseline.yaml ten-percent-cut.yaml new-needs.yaml --common-until 2026
    fundalloc robust uncertain.yaml --samples 1000 --seed 7 -o risk.xlsx
    """
    from fundalloc.export.studies.robust import robust_report, samples_report

    sources = [study.inputs.source(file) for file in files]
    if samples is not None:
        from fundalloc.studies.sampling import sample

        if len(files) > 1:
            raise click.UsageError("--samples takes one scenario file")
        with study.out.counting("samples") as tick:
            drawn = sample(sources[0], samples, seed, words_of(by), study.options, jobs, cluster, tick)
        study.say_title(drawn.scenario)
        _print_samples(drawn, study.out)
        study.write(drawn.scenario, lambda language: samples_report(drawn, language))
        return
    if len(files) == 1:
        raise click.UsageError("name at least two scenarios, or add --samples for figures given as ranges")
    from fundalloc.studies.robust import solve_robust

    with study.out.counting("checks") as tick:
        found = solve_robust(sources, common_until, _weights(weights), study.options, tick)
    _print_robust(found, criterion, study.out)
    study.write(found.scenarios[0], lambda language: robust_report(found, criterion, language))


def _weights(text: str) -> list[float]:
    try:
        return [float(parse_figure(part.rstrip("%")).value) for part in words_of(text)]
    except NotANumber:
        raise click.UsageError(f"--weights {text}: write numbers with commas, such as 2,1,1") from None


def _print_robust(found: Robust, criterion: str, out: Output) -> None:
    out.say(f"Committed in common until {found.until} ({found.shared} allocation lines), then each future on its own; before rounding\n")
    letters = [chr(ord("A") + k % 26) for k in range(len(found.names))]
    for letter, name, score, weight in zip(letters, found.names, found.best, found.weights, strict=True):
        out.say(f"  {letter}  {name}: {euro(score, 1)} if it were known, weight {weight:.0%}")
    out.say()
    _print_strategies(found, letters, criterion, out)
    out.say(f"\nKnowing the future today would be worth {euro(found.value_of_knowing, 1)} points on average.")
    out.say(f"\nUnder '{SAID[criterion]}', EUR million")
    _print_commitments(found, found.strategy(criterion), letters, out)


def _print_strategies(found: Robust, letters: list[str], criterion: str, out: Output) -> None:
    bets = {name: f"bet on {letter}" for letter, name in zip(letters, found.names, strict=True)}
    headings = ["expected score", *(f"regret in {letter}" for letter in letters), "largest regret"]
    table = new_table("Strategy", *headings, numbers=len(headings))
    for strategy in found.strategies:
        name, figures = strategy.name, (found.expected(strategy), found.largest_regret(strategy))
        cells = ["no plan" if math.isnan(r) else euro(r, 1) for r in found.regret(strategy)]
        average, largest = ("-" if math.isnan(figure) else euro(figure, 1) for figure in figures)
        table.add_row(SAID.get(name) or bets[name], average, *cells, largest, style="bold" if name == criterion else None)
    out.table(table)


def _print_commitments(found: Robust, chosen: Strategy, letters: list[str], out: Output) -> None:
    places, whose = found.scenarios[0].decimals, found.scenarios[0].own("Partnership")
    names, totals = found.scenarios[0].names()["partnership"], dict[str, float]()
    for (_, partnership, _, _), amount in chosen.now.items():
        totals[partnership] = totals.get(partnership, 0.0) + amount
    later = [found.later(chosen, k, "partnership") for k in range(len(found.names))]
    amounts = new_table(whose, "commit now", *(f"later in {letter}" for letter in letters), numbers=1 + len(letters))
    for key, amount in sorted(totals.items(), key=lambda item: -item[1])[:SHOWN]:
        amounts.add_row(names.get(key, key), euro(amount, places), *(euro(part.get(key, 0.0), places) for part in later))
    amounts.add_row("Total", euro(sum(totals.values()), places), *(euro(sum(part.values()), places) for part in later), style="bold")
    out.table(amounts)


def _print_samples(found: Samples, out: Output) -> None:
    count = len(found.samples)
    out.say(f"{count} samples of {len(found.uncertain)} uncertain figures, seed {found.seed}; before rounding\n")
    if len(found.scores):
        low, _, middle, _, high = found.percentiles(found.scores)
        ends = f"{euro(low, 1)} … {euro(middle, 1)} … {euro(high, 1)}"
        out.say(f"Score        {ends}  (5 %, median, 95 %); as written {euro(found.base.score, 1)}")
    if found.failed:
        clash = f"; {', '.join(found.conflicts)} clash" if found.conflicts else ""
        out.say(f"No plan      in {found.failed} of {count} samples ({found.failed / count:.1%}){clash}")
        for problem in list(dict.fromkeys(s.problem for s in found.samples if s.problem))[:3]:
            out.say(f"  unreadable {problem}")
    else:
        out.say("No plan      never: every sample has a plan that keeps all hard rules")
    _print_swings(found, found.scenario.decimals, out)
    _print_amounts(found, found.scenario.decimals, out)
    _print_risks(found, out)
    influence = found.influence()[:5]
    if influence:
        out.say("\nWhat matters most for the score (rank correlation)")
        for key, value in influence:
            out.say(f"  {value:+.2f}  {key}")


def _print_risks(found: Samples, out: Output) -> None:
    names, rules = found.scenario.labels(), {rule.id: rule for rule in found.scenario.rules}
    risks = [r for r in found.at_risk() if r[1] > 0 or r[2] > 0][:SHOWN]
    out.say("\nRules at risk" if risks else "\nRules at risk  none")
    for (rule, member), missed, broken, _ in risks:
        said = rules[rule].sentence(tuple(member.split("|")) if member else (), names)
        out.say(f"  {broken:>6.1%} broken if the plan stays as written, {missed:>6.1%} missed by the best plan   {said} ({rule})")


def _print_swings(found: Samples, places: int, out: Output) -> None:
    """Say how many partnerships keep what the plan gives them whatever the uncertain figures turn out to be, and name the others."""
    from fundalloc.studies.sampling import STEADY

    swings, names = found.swings(), found.scenario.labels()["partnership"]
    if not swings:
        return
    loose = [f"{names[s.partnership]} {euro(s.least, places)} … {euro(s.most, places)}" for s in swings if not s.steady]
    kept = f"{len(swings) - len(loose)} of {found.scenario.own(counted(len(swings), 'partnerships'))}"
    rest = f"; not {some(loose)}" if loose else ""
    out.say(f"Steady       in 9 of 10 samples {kept} stay within {STEADY:.0%} of the plan as written{rest}")


def _print_amounts(found: Samples, places: int, out: Output) -> None:
    members, table = found.amounts()
    if not len(table):
        return
    names, written = found.scenario.labels(), found.base.total(*found.by)
    low, middle, high = found.percentiles(table)[::2].tolist()
    order = sorted(range(len(members)), key=lambda k: low[k] - high[k])[:SHOWN]
    out.say()
    listed = new_table(
        f"Least certain amounts ({found.scenario.own(' × '.join(found.by))})", "as written", "5 %", "median", "95 %", numbers=4
    )
    for k in order:
        said = " × ".join(names.get(d, {}).get(i, i) for d, i in zip(found.by, members[k], strict=True))
        listed.add_row(said, euro(written.get(members[k], 0.0), places), *(euro(part[k], places) for part in (low, middle, high)))
    out.table(listed)
