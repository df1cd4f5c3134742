"""A plan on the terminal, found or made by hand: short tables, bars, and the sentence that matters last; in the language asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from fundalloc.cli.output import Output, new_table
from fundalloc.facts.dimensions import ACTION
from fundalloc.insight.brief import Brief, brief_of
from fundalloc.insight.explain.unallocated import explain_unallocated
from fundalloc.insight.payments import payments, payments_by_year
from fundalloc.money import finer
from fundalloc.plan.evidence import firmness_said, worth_said
from fundalloc.plan.handmade import HAND_MADE
from fundalloc.plan.naming import named_by_decision
from fundalloc.plan.proof import PLACES
from fundalloc.plan.sums import ExactSums

if TYPE_CHECKING:
    from rich.table import Table

    from fundalloc.insight.handmade import Broken, Distance
    from fundalloc.plan.plan import Plan

BAR = 24
TOP = 12
"""Partnerships that the table names before it adds up the rest."""
FACTS = ["ahead", "rules", "by_decision", "missed", "dearest", "prices", "firm", "baseline", "gain", "lose", "unallocated", "score"]
FACTS += ["search", "proof", "gap", "decided", "unproved", "rounding", "broken", "best_plan", "distance"]
"""What the lines below the tables begin with."""


@dataclass
class _PlanReport:
    """One plan, one place to print to; names are by dimension and id."""

    plan: Plan
    out: Output

    def __post_init__(self) -> None:
        self.words = self.out.words(self.plan.scenario)
        self.names = self.plan.scenario.names(self.words.language)
        self.labels = self.plan.scenario.labels(self.words.language)

    @cached_property
    def brief(self) -> Brief:
        """What is told of the plan on every page."""
        return brief_of(ExactSums(self.plan), self.words)

    @cached_property
    def width(self) -> int:
        """Where the text of a line begins: after the longest of its first words."""
        return max(len(self.words(f"report.line.{fact}")) for fact in FACTS) + 2

    def eur(self, value: float) -> str:
        """Write EUR million with the decimals of the rounding step; a dash where there is none."""
        return "-" if np.isnan(value) else self.words.number(value, self.plan.scenario.decimals)

    def part(self, value: float, places: int = 0) -> str:
        """Write a share; a dash where there is none."""
        return "-" if np.isnan(value) else self.words.share(value, places)

    def column(self, *keys: str) -> list[str]:
        """Return headings of a table; an empty key has none."""
        return [self.words(f"report.column.{key}") if key else "" for key in keys]

    def table(self, table: Table) -> None:
        """Print a table, and a blank line."""
        self.out.table(table)
        self.out.say()

    def line(self, fact: str, text: str, within: bool = False) -> None:
        """Print one line: what it is about, and the text; `within` sets it under the line before."""
        start = self.words(f"report.line.{fact}")
        self.out.say(f"{'  ' + start if within else start:<{self.width}}{text}")


def print_plan(plan: Plan, out: Output) -> None:
    """Print a plan, unless JSON or silence was asked for."""
    if not out.speaks:
        return
    report = _PlanReport(plan, out)
    head, words, years = plan.scenario.head, report.words, plan.scenario.facts.years
    title = head.title.within(words.language)
    out.say(words("report.title", title=title) if head.illustrative else title)
    base, *year = head.prices.base.split()
    prices = " ".join([words(f"workbook.prices.{base}"), *year])
    out.say(words("report.subtitle", period=f"{years[0]}-{years[-1]}", prices=prices))
    out.say(f"{past}\n" if (past := head.said_of_past(words.language)) else "")
    _instruments(report)
    _partnerships(report)
    _areas(report)
    if out.verbose:
        _payments(report)
    _ahead(report)
    _rules(report)
    _against_baseline(report)
    _closing(report)


def _instruments(report: _PlanReport) -> None:
    plan, words = report.plan, report.words
    labels, facts = report.labels["instrument"], plan.scenario.facts
    free = [{**row, "moved": row["transferred_in"] - row["transferred_out"]} for row in plan.free_whole]
    every = ("ceiling", "reserve", "moved", "decided", "planned", "lapsed", "free")
    columns = [
        name for name in every if name not in ("moved", "lapsed") or any(row[name] > 0 or row[name] < 0 for row in free)
    ]  # so that every row adds up
    table = new_table(*report.column("instrument", *columns, "used"), numbers=len(columns) + 1)
    for row in free:
        table.add_row(labels[row["instrument"]], *_amounts_and_share(report, row, columns))
    budget = [i.id for i in facts.instruments if i.counts == "budget"]
    sums = {name: float(np.nansum([row[name] for row in free if row["instrument"] in budget])) for name in every}
    table.add_section()
    table.add_row(words("report.budget"), *_amounts_and_share(report, sums, columns), style="bold")
    partners, shown = plan.sums("instrument", counts="partner").items(), {row["instrument"] for row in free}
    beside = [(words("report.given", instrument=labels[name]), amount) for name, amount in partners if name not in shown]
    memo = int(facts.memo.amount.sum())
    for what, amount in [*beside, *([(words("report.memo"), float(facts.euro(memo)))] if memo else [])]:
        table.add_row(what, *(report.eur(amount) if column == "planned" else "" for column in columns), "")
    report.table(table)


def _amounts_and_share(report: _PlanReport, row: Mapping[str, float], columns: list[str]) -> list[str]:
    used = row["planned"] / row["ceiling"] if row["ceiling"] else float("nan")
    return [*(report.eur(row[column]) for column in columns), report.part(used)]


def _partnerships(report: _PlanReport) -> None:
    plan, words = report.plan, report.words
    totals = sorted(plan.sums("partnership").items(), key=itemgetter(1), reverse=True)
    coverage = plan.covered("partnership")
    table = new_table(*report.column("partnership", _whose(plan), "need_met", "amount"), numbers=2)
    highest = totals[0][1] if totals else 1.0
    for key, amount in totals[:TOP]:
        met, name = report.part(coverage[key][-1]), report.names["partnership"][key]
        table.add_row(name, _bar(amount, highest), met, report.eur(amount))
    if rest := [amount for _, amount in totals[TOP:]]:
        table.add_row(words("report.more", count=len(rest)), "", "", report.eur(sum(rest)))
    table.add_row(words("report.total"), "", "", report.eur(sum(amount for _, amount in totals)), style="bold")
    report.table(table)


def _areas(report: _PlanReport) -> None:
    plan = report.plan
    totals, coverage = plan.sums("area"), plan.covered("area")
    table = new_table(*report.column("area", _whose(plan), "need_met", "share", "amount"), numbers=3)
    whole, highest = sum(totals.values()), max(totals.values(), default=0.0)
    dimension, actions = plan.scenario.facts.dimensions.area, plan.sums(ACTION)
    for area in dimension.ids:
        alone = area in dimension.within
        amount = (actions if alone else totals).get(area, 0.0)
        share = report.part(amount / whole if whole else float("nan"), 1)
        bar, met, name = (
            _bar(amount, highest),
            report.part(coverage[area][-1] if area in coverage else float("nan")),
            report.labels["area"][area],
        )
        table.add_row(*(f"  {name}", "", "") if alone else (name, bar, met), share, report.eur(amount))
    report.table(table)


def _whose(plan: Plan) -> str:
    """Return the heading of bars of money, which says whose money it is."""
    return "planned_with" if any(i.counts == "partner" for i in plan.scenario.facts.instruments) else "planned"


def _payments(report: _PlanReport) -> None:
    """Print payments by year, all instruments with a profile together; nothing when there is none."""
    rows = payments_by_year(payments(report.plan))
    columns = ("committed", "paid", "outstanding", *(["at_risk"] if any(row.at_risk is not None for row in rows) else []))
    table = new_table(*report.column("payments", *columns), numbers=len(columns))
    for row in rows:
        cells = [getattr(row, column) for column in columns]
        table.add_row(str(row.year), *("-" if cell is None else report.eur(float(cell)) for cell in cells))
    if rows:
        report.table(table)


def _bar(amount: float, highest: float) -> str:
    return "#" * round(BAR * (amount / highest)) if highest else ""


def _rules(report: _PlanReport) -> None:
    plan, words, language = report.plan, report.words, report.words.language
    counts, limits = plan.tally, plan.limits_tally
    numbers = {"rules": len(plan.scenario.written_rules), "built_in": limits.demands, "built_in_broken": limits.broken}
    key = "report.says.rules_decided" if counts.by_decision else "report.says.rules"
    report.line("rules", words(key, kept=counts.kept, **numbers, **counts._asdict()))
    if counts.by_decision:
        report.line("by_decision", named_by_decision(plan.by_decision, plan.scenario, words), within=True)
    for missed in [one for one in report.brief.missed if not plan.findings[one.at].rule.watch][:6]:
        report.line("missed", words("report.says.missed", **missed._asdict()), within=True)
    for position in plan.evidence.dearest:
        finding, worth = plan.findings[position], plan.evidence.demands[position]
        sides = {"more": worth_said(worth.more, worth.up, words), "less": worth_said(worth.less, worth.down, words)}
        report.line("dearest", words("report.says.dearest", says=finding.said(report.names, language), **sides), within=True)
    if plan.evidence.dearest:
        report.line("prices", " ".join([words("price.how"), *([words("firmness.kept")] if plan.log.switches else [])]), within=True)
    if said := firmness_said(plan, words):
        report.line("firm", said)


def _ahead(report: _PlanReport) -> None:
    """Say what is planned from today on, where years before are planned anew."""
    plan, head = report.plan, report.plan.scenario.head
    if not head.reconstructed:
        return
    lines = plan.allocation[(plan.allocation["counts"] == "budget") & (plan.allocation["year"] >= head.today)]
    planned, decided = (float(lines[column].sum()) for column in ("amount", "decided"))
    says = {"today": head.today, "planned": report.words.money(planned, plan.scenario.decimals), "new": report.eur(planned - decided)}
    report.line("ahead", report.words("report.says.ahead", **says))


def _against_baseline(report: _PlanReport) -> None:
    """Say how much moves against the baseline plan, and who gains and who loses most."""
    plan = report.plan
    if plan.scenario.facts.baseline is None:
        return
    lines, places = plan.scenario.lines, plan.scenario.decimals
    change = plan.amounts - lines.baseline.values
    total, moved = report.words.signed(float(change.sum()), places), report.eur(lines.moved(plan.amounts))
    report.line("baseline", report.words("report.says.baseline", change=total, moved=moved))
    for fact, movers in (("gain", report.brief.gains), ("lose", report.brief.losses)):
        if movers:
            report.line(fact, ", ".join(f"{row.name} {report.words.signed(row.change, places)}" for row in movers), within=True)


def _closing(report: _PlanReport) -> None:
    plan, words, log = report.plan, report.words, report.plan.log
    made_by_hand = plan.status == HAND_MADE
    for left in explain_unallocated(plan, words):
        named = {"instrument": report.labels["instrument"][left.instrument], "amount": report.eur(left.amount)}
        key = "report.says.unallocated_plain" if made_by_hand else "report.says.unallocated"
        report.line("unallocated", words(key, **named, reason=left.reason))
    score = words.number(plan.score, PLACES)
    if made_by_hand:
        report.line("score", words("report.says.score", score=score, how=words("report.hand_made")))
        return
    proof, method = plan.proof, words.word("workbook.method", log.method)
    solved = words("report.says.solved", status=proof.status_text(words), solver=log.solver, method=method)
    report.line("score", words("report.says.score", score=score, how=solved))
    bound = "" if plan.certificate is None else proof.bound_text(words)
    for fact, text in (("search", proof.search_text(words)), ("note", proof.undone_text(words)), ("proof", bound)):
        if text:
            report.line(fact, text)
    for fact, text in (("gap", proof.parts_text(words)), ("decided", proof.decided_text(words))):
        if text:
            report.line(fact, text, within=True)
    if report.brief.fairness:
        report.line("fairness", report.brief.fairness)
    report.line("unproved", words("proof.inputs"))
    move = words.money(log.largest_move, plan.scenario.decimals + 2)
    key = "report.says.rounding_but" if plan.tally.by_decision else "report.says.rounding"
    report.line("rounding", words(key, lines=log.rounded_lines, move=move, by_decision=plan.tally.by_decision))


def print_broken(plan: Plan, broken: Sequence[Broken], out: Output) -> None:
    """Print every hard demand and decision that a hand-made plan breaks, and by how much."""
    report = _PlanReport(plan, out)
    report.line("broken", report.words("report.says.broken", count=len(broken)) if broken else report.words("report.says.broken_none"))
    for one in broken:
        report.line("broken_one", one.how, within=True)


def print_distance(plan: Plan, found: Distance, out: Output) -> None:
    """Print what parts a hand-made plan from the best: score, money to move, and the partnerships that differ most."""
    report = _PlanReport(plan, out)
    words, names = report.words, report.names["partnership"]
    if found.best is None:
        report.line("best_plan", words("report.says.no_best", reason=found.reason))
        return
    key = "report.says.best_more" if found.missing >= 0 else "report.says.best_less"
    report.line("best_plan", words(key, score=words.number(found.best.score, PLACES), difference=words.number(abs(found.missing), PLACES)))
    report.line("distance", words("report.says.distance", amount=words.money(found.move, finer(plan.scenario.decimals, found.move))))
    table = new_table(*report.column("partnership", "this_plan", "best_plan", "difference"), numbers=3)
    for partnership, *amounts in found.partnerships:
        table.add_row(names[partnership], *map(report.eur, amounts))
    if found.partnerships:
        out.say()
        out.table(table)
