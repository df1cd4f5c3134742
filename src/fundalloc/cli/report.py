"""A plan on the terminal: short tables, bars, and the sentence that matters last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fundalloc.cli.common import Output, new_table
from fundalloc.insight.unallocated import explain_unallocated
from fundalloc.money import euro
from fundalloc.plan.handmade import HAND_MADE
from fundalloc.plan.verify import BREACH

if TYPE_CHECKING:
    from fundalloc.plan.plan import Plan

BAR = 24
MOVERS = 3
TOP = 12
"""Partnerships that the table names before it adds up the rest."""


def print_plan(plan: Plan, out: Output) -> None:
    """Print a plan."""
    head = plan.scenario.head
    out.say(f"{head.title}{'  (illustrative data)' if head.illustrative else ''}")
    out.say(f"Commitments {plan.scenario.facts.years[0]}-{plan.scenario.facts.years[-1]}, million EUR, {head.prices.base} prices\n")
    _instruments(plan, out)
    _partnerships(plan, out)
    _areas(plan, out)
    _rules(plan, out)
    _against_baseline(plan, out)
    _closing(plan, out)


def _eur(plan: Plan, value: float) -> str:
    return "-" if np.isnan(value) else euro(value, plan.scenario.decimals)


def _instruments(plan: Plan, out: Output) -> None:
    facts = plan.scenario.facts
    labels = plan.scenario.labels()["instrument"]
    free = plan.free_money[plan.free_money["year"] == 0].set_index("instrument")
    table = new_table("Instrument", "ceiling", "reserve", "decided", "planned", "free", "used", numbers=6)
    for name, row in free.iterrows():
        used = "-" if np.isnan(row["ceiling"]) or row["ceiling"] == 0 else f"{row['planned'] / row['ceiling']:.0%}"
        cells = [_eur(plan, row[column]) for column in ("ceiling", "reserve", "decided", "planned", "free")]
        table.add_row(labels[str(name)], *cells, used)
    budget = [i.id for i in facts.instruments if i.counts == "budget"]
    sums = free[free.index.isin(budget)].sum(numeric_only=True)
    table.add_section()
    cells = [_eur(plan, sums[column]) for column in ("ceiling", "reserve", "decided", "planned", "free")]
    table.add_row("EU budget", *cells, f"{sums['planned'] / sums['ceiling']:.0%}" if sums["ceiling"] else "-", style="bold")
    given = plan.total("instrument", counts="partner")
    for name, amount in given.items():
        if str(name) not in free.index:
            table.add_row(f"{labels[str(name)]} (given)", "", "", "", _eur(plan, float(amount)), "", "")
    memo = int(facts.memo.amount.sum())
    if memo:
        table.add_row("Memo: loans, guarantees, agencies (never added)", "", "", "", _eur(plan, float(facts.euro(memo))), "", "")
    out.table(table)
    out.say()


def _partnerships(plan: Plan, out: Output) -> None:
    totals = plan.total("partnership").sort_values(ascending=False)
    names, coverage = plan.scenario.names()["partnership"], plan.coverage_by("partnership")["coverage"]
    table = new_table("Partnership", "", "need met", "planned", numbers=2)
    highest = float(totals.iloc[0]) if len(totals) else 1.0
    for key, amount in totals.head(TOP).items():
        met = coverage[str(key)]
        table.add_row(
            names[str(key)],
            _bar(float(amount) / highest if highest else 0),
            "-" if np.isnan(met) else f"{met:.0%}",
            _eur(plan, float(amount)),
        )
    rest = totals.iloc[TOP:]
    if len(rest):
        table.add_row(f"{len(rest)} more", "", "", _eur(plan, float(rest.sum())))
    table.add_row("Total", "", "", _eur(plan, float(totals.sum())), style="bold")
    out.table(table)
    out.say()


def _areas(plan: Plan, out: Output) -> None:
    totals, names = plan.total("area"), plan.scenario.labels()["area"]
    coverage = plan.coverage_by("area")["coverage"]
    table = new_table("Area", "", "need met", "share", "planned", numbers=3)
    whole, highest = float(totals.sum()), float(totals.max())
    for area in plan.scenario.facts.areas:
        amount = float(totals.get(area.id, 0.0))
        met = coverage[area.id]
        share = f"{amount / whole:.1%}" if whole else "-"
        table.add_row(
            names[area.id], _bar(amount / highest if highest else 0), "-" if np.isnan(met) else f"{met:.0%}", share, _eur(plan, amount)
        )
    out.table(table)
    out.say()


def _bar(part: float) -> str:
    return "#" * round(BAR * part)


def _rules(plan: Plan, out: Output) -> None:
    counts = plan.counts_by_status()
    written = len(plan.scenario.written_rules)
    broken = sum(f.status == BREACH for f in plan.findings)
    words = [
        f"{counts['ok'] + counts['at limit']} kept, {counts['at limit']} of them at their limit",
        f"{counts['missed']} missed (soft or watched)",
    ]
    if counts["decided"]:
        words.append(f"{counts['decided']} broken by decided money alone")
    out.say(f"Rules        {written} rules, {sum(counts.values())} demands: {', '.join(words)}, {broken} broken")
    names = plan.scenario.names()
    missed = [f for f in plan.findings if f.status in ("missed", "decided") and not f.rule.watch]
    for finding in sorted(missed, key=lambda f: f.headroom)[:6]:
        said = finding.rule.sentence(finding.member, names)
        out.say(
            f"  missed     {said}: {_eur(plan, float(finding.amount))} instead of {_eur(plan, float(finding.limit))} ({finding.rule.id})"
        )
    priced = [(abs(p), p, f) for f, p in zip(plan.findings, plan.prices, strict=True) if not f.rule.built_in and abs(p) > 1e-6]
    for _, price, finding in sorted(priced, key=lambda item: -item[0])[:3]:
        out.say(f"  dearest    {finding.rule.sentence(finding.member, names)}: {price:+.2f} points per extra EUR million of its limit")


def _against_baseline(plan: Plan, out: Output) -> None:
    """Say how much moves against the baseline plan, and who gains and who loses most."""
    if plan.scenario.facts.baseline is None:
        return
    lines, names = plan.scenario.lines, plan.scenario.names()["partnership"]
    change = plan.amounts - lines.baseline.values
    by_partnership = np.bincount(lines.partnership, weights=change, minlength=len(plan.scenario.facts.partnerships))
    moved, total = float(np.abs(change).sum()) / 2, float(change.sum())
    out.say(f"Baseline     {_signed(plan, total)} in total, {_eur(plan, moved)} moved between lines")
    order = np.argsort(by_partnership, kind="stable")
    for word, positions in (("gain", order[::-1][:MOVERS]), ("lose", order[:MOVERS])):
        sign = 1 if word == "gain" else -1
        shown = [k for k in positions if sign * by_partnership[k] > 0]
        if shown:
            listed = (f"{names[plan.scenario.facts.partnerships[k].id]} {_signed(plan, float(by_partnership[k]))}" for k in shown)
            out.say(f"  {word:<10} {', '.join(listed)}")


def _signed(plan: Plan, value: float) -> str:
    text = _eur(plan, abs(value))
    return text if float(text.replace("\u00a0", "")) == 0 else f"{'+' if value > 0 else '-'}{text}"


def _closing(plan: Plan, out: Output) -> None:
    labels, log = plan.scenario.labels()["instrument"], plan.log
    made_by_hand = plan.status == HAND_MADE
    for left in explain_unallocated(plan):
        reason = "" if made_by_hand else f": {left.reason}"
        out.say(f"Unallocated  {labels[left.instrument]} {_eur(plan, left.amount)}{reason}")
    if made_by_hand:
        out.say(f"Score        {euro(plan.score, 1)} points; hand-made, not optimised")
        return
    out.say(f"Score        {euro(plan.score, 1)} points; {plan.status}, {log.solver} ({log.method})")
    if plan.certificate is not None:
        reached = f"this one reaches {1 - plan.certificate.gap:.4%} of that"
        out.say(f"Proof        no lawful plan can exceed {euro(plan.certificate.bound, 1)} points; {reached}")
    moved = f"{log.rounded_lines} lines were not whole; largest move EUR {euro(log.largest_move, plan.scenario.decimals + 2)} million"
    out.say(f"Rounding     {moved}; every hard rule recomputed and kept")
