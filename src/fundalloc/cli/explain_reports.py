"""Answers of `fundalloc explain` on the terminal, headings beside their sentences, and its reports: prices, value, against, as if hard."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from fractions import Fraction
from textwrap import wrap
from typing import Any

from fundalloc.cli.output import Output, new_table
from fundalloc.errors import UsageError, and_more
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.place import explain_place
from fundalloc.insight.explain.prices import general_sentence, price_list
from fundalloc.insight.explain.rule import explain_rule, overview
from fundalloc.insight.explain.target import Target, find_target
from fundalloc.insight.explain.text import Section, Writer
from fundalloc.insight.explain.value import budget_ladder, value_of_money
from fundalloc.insight.explain.words import points
from fundalloc.money import euro
from fundalloc.rules.kind import Kind
from fundalloc.scenario.scenario import Scenario

LISTED = 12
PAIRS = 10
WIDTH = 110
MARGIN = 16


def print_sections(sections: list[Section], out: Output) -> None:
    """Print headings beside their sentences; a sentence that begins with spaces belongs to the one before."""
    for heading, sentences in sections:
        if not sentences:
            continue
        if len(heading) > MARGIN - 2:
            out.say(heading)
            heading = ""
        for sentence in sentences:
            inset = " " * (len(sentence) - len(sentence.lstrip(" ")))
            for line in wrap(sentence.strip(" "), WIDTH - MARGIN - len(inset), break_long_words=False, break_on_hyphens=False):
                out.say(f"{heading:<{MARGIN}}{inset}{line}")
                heading = ""


def plain(value: Any) -> Any:
    """Return an answer as plain values for JSON: rules by id, places as words, numbers that do not exist as null."""
    if isinstance(value, Kind):
        return value.id
    if isinstance(value, Target):
        return {**value.words, **({"rule": value.rule.id} if value.rule else {})}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value


def answer(bench: Bench, what: tuple[str, ...], out: Output) -> None:
    """Print why a target gets what it gets; without one, what binds as a whole."""
    writer = Writer(bench)
    if not what:
        whole = overview(bench)
        _tell(whole, str(bench.scenario.head.title), writer.overview(whole), writer, out)
        return
    target = find_target(bench.scenario, what)
    if target.rule is not None:
        ruled = explain_rule(bench, target)
        _tell(ruled, f"{target.says}: {general_sentence(target.rule, bench.scenario.speaks())}", writer.rule(ruled), writer, out)
        return
    place = explain_place(bench, target)
    _tell(place, target.says, writer.place(place), writer, out)


def _tell(found: object, title: str, sections: list[Section], writer: Writer, out: Output) -> None:
    out.result(**plain(found))
    out.say(title)
    print_sections(sections, out)
    closing(writer, out)


def closing(writer: Writer, out: Output) -> None:
    """Print the sentence about switches, when there are any."""
    if writer.fixed_switches():
        out.say("\n" + "\n".join(wrap(writer.fixed_switches(), WIDTH)))


def as_if_hard(scenario: Scenario, what: tuple[str, ...], out: Output) -> None:
    """Say which soft rules could not hold together if they had to."""
    from fundalloc.insight.explain import hardening

    found = hardening.as_if_hard(scenario, what, out.progress)
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
    spread = bench.scenario.own("spread over the EU budget in")
    out.say(f"\nmillion EUR: the money that earns as many points at the margin. One million more, {spread}")
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
    rows: list[Any] = value_of_money(bench).to_dict("records")
    ladder, writer = budget_ladder(bench), Writer(bench)
    out.result(**plain({"instruments": rows, "ladder": ladder}))
    out.say(f"{bench.scenario.head.title}: what money is worth\n")
    table = new_table(bench.scenario.own("Instrument"), "usable", "planned", "1 million more", "1 million less", numbers=4)
    for row in rows:
        amounts = (writer.money(row["ceiling"]), writer.money(row["planned"]))
        table.add_row(writer.short["instrument"][row["instrument"]], *amounts, _signed(row["more"]), _signed(row["less"]))
    out.table(table)
    out.say("\nIn points of score. Money of several years goes, or is taken, where that is best.\n")
    rungs = new_table(bench.scenario.own("EU budget"), "million EUR", "score", "enters", "leaves", "gets less", numbers=5)
    for rung in ladder:
        score = "no plan" if math.isnan(rung.score) else euro(rung.score, 1)
        counts = (str(len(x)) if x else "-" for x in (rung.enters, rung.leaves, rung.losers))
        rungs.add_row(f"{float(rung.factor):.0%}", writer.money(rung.money), score, *counts)
    out.table(rungs)
    out.say("\nEvery size is compared with the one above it in the table. Decided money stays whatever the size.")
    names = writer.names["partnership"]
    for rung in ladder:
        for heading, pairs in (("enters", rung.enters), ("leaves", rung.leaves)):
            moved = [f"{names[p]}, {writer.short['area'][a]}" for p, a in pairs]
            print_sections([(f"{float(rung.factor):.0%} {heading}", [_some(moved)] if moved else [])], out)
    for rung in ladder:
        lost = [f"{names[p]} {writer.money(-amount)}" for p, amount in rung.losers]
        warning = [f"more money takes something away from {len(lost)}: {_some(lost)}"] if lost else []
        print_sections([(f"{float(rung.factor):.0%} warning", warning)], out)
    closing(writer, out)


def _some(names: list[str]) -> str:
    return "; ".join([*names[:LISTED], *and_more(names, LISTED)]) + "."


def _signed(points: float) -> str:
    if math.isnan(points):
        return "no plan"
    return "-" if points == 0 else f"{points:+.2f}"


def against(scenario: Scenario, what: tuple[str, ...], other: str, allow_outside: bool, out: Output) -> None:
    """Print why the target gets another amount than there. Raises Infeasible when no plan exists here."""
    places = scenario.own("partnership, instrument or area")
    if not what:
        raise UsageError(f"--against needs WHAT: a line, pair, {places}")
    from fundalloc.compare.why_less import CHOICE, why_other

    target = find_target(scenario, what)
    if target.rule is not None:
        raise UsageError(f"--against compares amounts, and {target.rule.id} is a rule: name a line, pair, {places}")
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
