"""The reports of `fundalloc explain`: the price list of rules, the value of money, another scenario, soft rules made hard."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from fundalloc.cli.explain_print import MARGIN, WIDTH, closing, plain, print_sections
from fundalloc.cli.output import Output, new_table

if TYPE_CHECKING:
    from fundalloc.insight.explain.bench import Bench
    from fundalloc.scenario.scenario import Scenario

LISTED = 12
PAIRS = 10


def as_if_hard(scenario: Scenario, what: tuple[str, ...], out: Output) -> None:
    """Say which soft rules could not hold together if they had to."""
    from fundalloc.insight.explain.hardening import as_if_hard
    from fundalloc.insight.explain.words import points

    found = as_if_hard(scenario, what, out.progress)
    names, several = found.rules, len(found.rules) > 1
    out.result(**found.as_dict())
    count = f"{len(names)} soft rules" if several else f"soft rule {names[0]}"
    if found.clashes is None:
        out.say(f"The {count} could be hard: a plan that keeps {'them' if several else 'it'} exists, before rounding.")
        out.say(f"It would score {points(found.score, 1)}; the best plan as things stand {points(found.before, 1)}, penalties paid.")
        return
    out.say(f"If the {count} had to hold, no plan would exist. What clashes: {', '.join(found.blamed)}.")
    for number, clash in enumerate(found.clashes.clashes, start=1):
        which = f"Clash {number}: these {len(clash.members)}" if len(found.clashes.clashes) > 1 else "These"
        out.say(f"\n{which} cannot hold together")
        for member in clash.members:
            mark = "soft" if member.rule in names else "hard"
            print_sections([(f"  {mark}", [f"{member.says} ({member.rule})", f"  {member.place}"])], out)
    if not found.clashes.complete:
        out.say("\nThe list is cut off: there are more clashes.")


def prices(bench: Bench, out: Output) -> None:
    """Print what every rule costs."""
    from fundalloc.insight.explain.prices import price_list
    from fundalloc.insight.explain.text import Writer
    from fundalloc.insight.explain.words import points
    from fundalloc.money import euro

    found, writer = price_list(bench), Writer(bench)
    rows: list[Any] = found.rules.to_dict("records")
    out.result(**plain({"money": found.money, "rules": rows, "pairs": found.pairs}))
    free = [row["rule"] for row in rows if row["points"] <= bench.slight]
    out.say(f"{bench.scenario.head.title}: what the rules cost")
    out.say("Each rule is switched off in turn, and the scenario solved again.\n")
    table = new_table("Rule", "", "", "points", "million EUR", numbers=2)
    for row in rows:
        if row["points"] > bench.slight:
            force = f"{row['enforced']}, {row['negotiable']}"
            table.add_row(row["says"], row["rule"], force, euro(row["points"], 2), euro(row["euro"], bench.scenario.decimals))
    out.table(table)
    out.say("\nmillion EUR: the money that earns as many points at the margin. One million more, spread over the EU budget in")
    out.say(f"proportion to the ceilings, earns {points(found.money)}.")
    if free:
        out.say("")
        print_sections([("Cost nothing", [", ".join(free) + "."])], out)
    if found.pairs:
        out.say("\nThese cost more together than apart: as long as one holds, dropping the other changes little.")
        for pair in found.pairs[:PAIRS]:
            out.say(f"  {pair.first} and {pair.second}: {points(pair.together)} together, {points(pair.apart)} apart")
    else:
        out.say("\nNo two of the dearest rules, and of those that are at their limit, cost more together than apart.")
    closing(writer, out)


def value(bench: Bench, out: Output) -> None:
    """Print what money is worth, and the ladder."""
    from fundalloc.insight.explain.text import Writer
    from fundalloc.insight.explain.value import budget_ladder, value_of_money
    from fundalloc.money import euro

    money, ladder, writer = value_of_money(bench), budget_ladder(bench), Writer(bench)
    out.result(**plain({"instruments": money.to_dict("records"), "ladder": ladder}))
    out.say(f"{bench.scenario.head.title}: what money is worth\n")
    table = new_table("Instrument", "usable", "planned", "1 million more", "1 million less", numbers=4)
    rows: list[Any] = money.to_dict("records")
    for row in rows:
        amounts = (writer.money(row["ceiling"]), writer.money(row["planned"]))
        table.add_row(writer.short["instrument"][row["instrument"]], *amounts, _signed(row["more"]), _signed(row["less"]))
    out.table(table)
    out.say("\nIn points of score. Money of several years goes, or is taken, where that is best.\n")
    rungs = new_table("EU budget", "million EUR", "score", "enters", "leaves", "gets less", numbers=5)
    for rung in ladder:
        score = "no plan" if math.isnan(rung.score) else euro(rung.score, 1)
        counts = (str(len(x)) if x else "-" for x in (rung.enters, rung.leaves, rung.losers))
        rungs.add_row(f"{float(rung.factor):.0%}", writer.money(rung.money), score, *counts)
    out.table(rungs)
    out.say("\nEvery size is compared with the one above it in the table. Decided money stays whatever the size.")
    for rung in ladder:
        for heading, pairs in (("enters", rung.enters), ("leaves", rung.leaves)):
            if pairs:
                named = [f"{writer.names['partnership'][p]}, {writer.short['area'][a]}" for p, a in pairs]
                print_sections([(f"{float(rung.factor):.0%} {heading}", [_some(named)])], out)
    for rung in ladder:
        if rung.losers:
            lost = [f"{writer.names['partnership'][p]} {writer.money(-amount)}" for p, amount in rung.losers]
            warning = f"more money takes something away from {len(lost)}: {_some(lost)}"
            print_sections([(f"{float(rung.factor):.0%} warning", [warning])], out)
    closing(writer, out)


def _some(names: list[str]) -> str:
    more = f"; and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return "; ".join(names[:LISTED]) + more + "."


def _signed(points: float) -> str:
    if math.isnan(points):
        return "no plan"
    return "-" if points == 0 else f"{points:+.2f}"


def against(scenario: Scenario, what: tuple[str, ...], other: str, allow_outside: bool, out: Output) -> None:
    """Print why the target gets another amount than there. Raises Infeasible when no plan exists here."""
    from fundalloc.compare.why_less import CHOICE, why_other
    from fundalloc.errors import UsageError
    from fundalloc.insight.explain.target import find_target
    from fundalloc.insight.explain.text import Writer

    if not what:
        raise UsageError("--against needs WHAT: a line, pair, partnership, instrument or area")
    target = find_target(scenario, what)
    if target.rule is not None:
        raise UsageError(f"--against compares amounts, and {target.rule.id} is a rule: name a line, pair, partnership, instrument or area")
    bench, found = why_other(scenario, target, other, allow_outside, out.progress)
    writer = Writer(bench)
    out.result(**(report := found.as_dict()))
    here, there, split = report["here"], report["there"], report["parts"]
    if here == there:
        out.say(f"{target.says}: {writer.million(here)}, here and in {other}.")
    else:
        difference = f"{writer.money(abs(here - there))} {'less' if here < there else 'more'}"
        out.say(f"{target.says}: {writer.million(here)} here, {writer.money(there)} in {other}: {difference}.")
    if split and not any(split.values()):
        out.say(f"They differ in {', '.join(split)}, which moves nothing here.")
        return
    for group, part in split.items():
        out.say(f"  {group:<{MARGIN}}{'+' if part >= 0 else '-'}{writer.money(abs(part))}")
    if split:
        how = f"Each part is an average over all orders in which the groups can be exchanged ({report['solved']} programs solved): they"
        settled = "Amounts are those of the equally good plans closest to the one there, before rounding."
        settled += f" No input asks for the {CHOICE}: it lies among plans that are equally good here." if CHOICE in split else ""
        out.say("\n".join(wrap(f"{how} add up, and no order is preferred. {settled}", WIDTH)))
    else:
        out.say(f"No split: {report['reason']}.")
