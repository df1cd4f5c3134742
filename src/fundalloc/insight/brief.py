"""What a plan comes to, said once: figures, sentences, who gains and who loses, what is missed. Sheets, pages and notes only lay it out.

Money is that of the EU budget, in EUR million, unless a name says otherwise; needs are met with the money of Member States too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import NamedTuple

import numpy as np

from fundalloc.errors import year_ranges
from fundalloc.insight.fairness import fairness_said
from fundalloc.labels import Words
from fundalloc.money import HARD_SPACE, IntArray
from fundalloc.plan.evidence import firmness_said
from fundalloc.plan.ledger import measure_coverage
from fundalloc.plan.proof import PLACES
from fundalloc.plan.sums import ExactSums
from fundalloc.plan.verify import AT_LIMIT, BREACH, MISSED, Finding, measure_rule
from fundalloc.rules.statement import Sense

MOVERS = 3
"""How many partnerships that gain, or lose, are named."""
_SHARES = ("used", "coverage", "coverage_undecided", "largest_share", "largest_area_share")
_SENTENCES = {
    "money": ("decided", "newly_planned", "used", "free"),
    "past": ("new_ahead",),
    "largest": ("largest", "largest_share", "largest_area", "largest_area_share"),
    "needs": ("need", "coverage"),
    "undecided": ("coverage_undecided",),
    "rules": ("breach", "at_limit", "missed"),
    "team": ("partner", "memo"),
    "proof": ("reached",),
    "proof_below": ("below_bound",),
}
"""The sentences in their order, each with the figures that it needs; it is left out where one of them does not exist."""


class Telling(NamedTuple):
    """A sentence: its key in the catalogue, and what stands in its placeholders."""

    key: str
    values: Mapping[str, str]

    def text(self, words: Words) -> str:
        """Return the sentence."""
        return words(f"brief.{self.key}", **self.values)


class Recipient(NamedTuple):
    """One partnership, EUR million."""

    id: str
    name: str
    label: str
    decided: float
    new: float
    planned: float
    partner: float
    """What Member States and others give."""
    need: float
    met: float
    """With all money, each euro as far as it has effect."""
    missing: float
    """The need that is not met, rounded as it is printed, so that rows add up."""
    change: float
    """Against the baseline; NaN without one."""


class Shortfall(NamedTuple):
    """A target or monitored requirement that is missed; `at` is the position of the finding."""

    at: int
    says: str
    amount: str
    limit: str
    rule: str
    pledge: bool


class Pledge(NamedTuple):
    """A lower limit on the money of somebody, and what is decided and planned towards it, EUR million; `at` as above."""

    at: int
    says: str
    promised: float
    decided: float
    planned: float
    gap: float
    status: str


@dataclass(frozen=True)
class Brief:
    """What is to be told of a plan; texts are in the language of `words`."""

    words: Words
    title: str
    asked: Telling
    """The decision that is sought, or that none is."""
    figures: Mapping[str, float]
    """EUR million, shares and counts, by what the sentences call them."""
    largest: Mapping[str, str]
    """The names of the largest partnership and area."""
    sentences: tuple[Telling, ...]
    """The first is the headline."""
    rows: tuple[Recipient, ...]
    """Partnerships that may receive money, or have a need, by the need that is not met."""
    gains: tuple[Recipient, ...]
    losses: tuple[Recipient, ...]
    """Against the baseline, the largest first."""
    standing: tuple[Telling, ...]
    """Who gains and who loses, in sentences; without a baseline, who receives most and who has least of the need met."""
    missed: tuple[Shortfall, ...]
    pledges: tuple[Pledge, ...]
    caveats: tuple[str, ...]
    firmness: str = ""
    """How firm the amounts are; empty until ranges are computed."""
    fairness: str = ""


def brief_of(sums: ExactSums, words: Words, *, outside: bool = False) -> Brief:
    """Build what is to be told of a plan; for outside, nothing that is measured in points."""
    head, language, found, largest = (
        sums.head,
        words.language,
        dict([*_money(sums), *_shape(sums), *_rules(sums)]),
        _largest(sums, words.language),
    )
    if outside or "reached" in found:
        found.pop("below_bound", None)
    texts = {**largest, **{key: figure_text(key, value, words) for key, value in found.items()}}
    texts |= {"period": year_ranges(sums.facts.years), "partnerships": str(len(sums.leaves))}
    texts |= {"demands": whole_number(sums.plan.tally.demands), "past": year_ranges(head.reconstructed), "today": str(head.today)}
    said = tuple(Telling(key, texts) for key, needed in _SENTENCES.items() if all(name in texts for name in needed))
    rows = tuple(sorted(_rows(sums, language), key=lambda row: -row.missing))
    least = 0.5 * 10.0**-sums.plan.scenario.decimals  # what is printed as 0.0 is no change
    gains, losses = (
        tuple([r for r in sorted(rows, key=lambda r: -sign * r.change) if sign * r.change >= least][:MOVERS]) for sign in (1, -1)
    )
    illustrative = words("workbook.cover.illustrative") if head.illustrative else ""
    caveats = tuple(filter(None, (illustrative, head.said_of_past(language), words("proof.inputs"))))
    standing = tuple(_standing(sums, words, rows, gains, losses))
    missed, pledges = tuple(_missed(sums, words)), tuple(_pledges(sums, language))
    how = firmness_said(sums.plan, words), fairness_said(sums.plan, words)
    lists = said, rows, gains, losses, standing, missed, pledges, caveats
    return Brief(words, head.title.within(language), _asked(sums), found, largest, *lists, *how)


def _asked(sums: ExactSums) -> Telling:
    """Say what there is to decide: new money in years that are not over."""
    ahead = [t for t, year in enumerate(sums.facts.years) if year >= sums.head.today and year not in sums.facts.closed]
    new = int((sums.budget.sum(axis=(0, 1)) - sums.budget_by("year", sums.lines.decided))[ahead].sum())
    if sums.head.state == "adopted" or not new:
        return Telling("asked_adopted" if sums.head.state == "adopted" else "asked_none", {})
    years = [year for t, year in enumerate(sums.facts.years) if t in ahead]
    return Telling("asked", {"new": whole_number(sums.eur(new)), "years": year_ranges(years)})


def _money(sums: ExactSums) -> Iterator[tuple[str, float]]:
    """What is planned: EU budget, partner and memo money apart."""
    facts, eur, left = sums.facts, sums.eur, sums.plan.money_left
    limited = [k for k in sums.of_kind("budget") if k in sums.limits]
    usable, planned = sum(sums.limits[k] for k in limited), sums.budget.sum(axis=(0, 1))
    decided, spent = sums.budget_by("year", sums.lines.decided), int(planned.sum())
    yield from (("planned", eur(spent)), ("usable", eur(usable)), ("used", spent / usable if usable else 0.0))
    for key, table in (("moved", left.moved), ("lapsed", left.lapsed), ("free", left.free)):
        if key == "free" or (key == "lapsed" and facts.closed) or (key == "moved" and np.any(table[limited, -1])):
            yield key, eur(table[limited, -1].sum())
    yield from (("decided", eur(decided.sum())), ("newly_planned", eur(spent - int(decided.sum()))))
    if sums.head.reconstructed:
        ahead = np.array(facts.years) >= sums.head.today
        yield from (("planned_ahead", eur(planned[ahead].sum())), ("new_ahead", eur((planned - decided)[ahead].sum())))
    if sums.of_kind("partner"):
        yield "partner", eur(sums.partner.sum())
    if len(facts.memo):
        yield "memo", eur(facts.memo.amount.sum())


def _shape(sums: ExactSums) -> Iterator[tuple[str, float]]:
    """Needs, and the largest partnership and area."""
    coverage, years = sums.plan.coverage, np.array(sums.facts.years)
    if need := float(coverage.need.sum()):
        ahead = years[sums.lines.year] >= sums.head.today
        undecided = measure_coverage(sums.lines, np.where(ahead, sums.lines.decided, sums.plan.steps))
        yield from (("need", need), ("coverage", float(coverage.met.sum()) / need))
        yield "coverage_undecided", float(undecided.met.sum()) / need
    for key, (_, amounts) in _by_size(sums).items():
        yield f"{key}_share", int(amounts.max()) / int(amounts.sum()) if amounts.sum() else 0.0


def _by_size(sums: ExactSums) -> dict[str, tuple[str, IntArray]]:
    return {"largest": ("partnership", sums.budget.sum(axis=(1, 2))), "largest_area": ("area", sums.budget.sum(axis=(0, 2)))}


def _largest(sums: ExactSums, language: str) -> dict[str, str]:
    """Return the labels of the largest partnership and area, each on one line."""
    labels, out = sums.plan.scenario.labels(language), {}
    for key, (name, amounts) in _by_size(sums).items():
        some = sums.leaves if name == "partnership" else sums.areas
        id_ = sums.facts.dimensions[name].ids[some[int(np.argmax(amounts[some]))]]
        out[key] = " ".join(labels[name][id_].split())
    return out


def _rules(sums: ExactSums) -> Iterator[tuple[str, float]]:
    counts, proof = sums.plan.tally, sums.plan.proof
    yield from ((AT_LIMIT.replace(" ", "_"), counts.at_limit), (MISSED, counts.missed), (BREACH, counts.broken))
    if proof.reached is not None:
        yield "reached", float(proof.reached)
    if proof.parts is not None:
        yield "below_bound", float(proof.parts.whole)


def figure_text(key: str, value: float, words: Words) -> str:
    """Write a figure as it stands in sentences: whole numbers and per cent, but how close to the best a plan is digit by digit."""
    if key in ("reached", "below_bound"):
        return words.share(value, PLACES) if key == "reached" else words.number(value, PLACES)
    return words("number.percent", amount=rounded(value * 100)) if key in _SHARES else whole_number(value)


def whole_number(value: float) -> str:
    """Return a number rounded half up as spreadsheets do, with a hard space before the last three digits."""
    whole = int(rounded(value))
    return str(whole) if whole < 1000 else f"{whole // 1000}{HARD_SPACE}{whole % 1000:03d}"


def rounded(value: float) -> str:
    """Return a whole number, rounded half up as spreadsheets do."""
    whole = Decimal(repr(round(value, 6))).quantize(Decimal(1), ROUND_HALF_UP)
    return f"{whole:f}" if whole else "0"


def _rows(sums: ExactSums, language: str) -> Iterator[Recipient]:
    """Yield every partnership that may receive money, or has a need."""
    scenario, eur = sums.plan.scenario, sums.eur
    names, labels = scenario.names(language)["partnership"], scenario.labels(language)["partnership"]
    covered, before = sums.plan.covered("partnership"), sums.baseline_by("partnership")
    money, decided = (sums.budget_by("partnership", amounts) for amounts in (sums.plan.steps, sums.lines.decided))
    partner: IntArray = sums.partner.sum(axis=(1, 2))
    for k, id_ in enumerate(sums.facts.dimensions.partnership.ids):
        need, met, _ = covered.get(id_, (0.0, 0.0, 0.0))
        if k in sums.leaves or need:
            change = round(eur(money[k]) - before[k], 9) if sums.has_baseline else float("nan")
            amounts = (eur(decided[k]), eur(money[k] - decided[k]), eur(money[k]), eur(partner[k]))
            yield Recipient(
                id_, names[id_], " ".join(labels[id_].split()), *amounts, need, met, round(max(need - met, 0.0), scenario.decimals), change
            )


def _standing(sums: ExactSums, words: Words, rows: Sequence[Recipient], *movers: Sequence[Recipient]) -> Iterator[Telling]:
    places = sums.plan.scenario.decimals
    most = [row for row in sorted(rows, key=lambda row: -row.new) if row.new > 0][:MOVERS]
    least = sorted((row for row in rows if row.need), key=lambda row: row.met / row.need)[:MOVERS]
    gain, lose = ([f"{row.label} {words.signed(row.change, places)}" for row in some] for some in movers)
    found = {
        "gain": gain,
        "lose": lose,
        "most_new": [f"{row.label} {words.number(row.new, places)}" for row in most],
        "least_met": [f"{row.label} {words('number.percent', amount=rounded(100 * row.met / row.need))}" for row in least],
    }
    if sums.has_baseline and not (gain or lose):
        yield Telling("same", {})
    for key in ("gain", "lose") if sums.has_baseline else ("most_new", "least_met"):
        if found[key]:
            yield Telling(key, {"names": ", ".join(found[key])})


def _missed(sums: ExactSums, words: Words) -> Iterator[Shortfall]:
    """Yield what is missed, monitored or not, the worst first."""
    scenario, language = sums.plan.scenario, words.language
    names, found = scenario.names(language), [(k, f) for k, f in enumerate(sums.plan.findings) if f.status == MISSED]
    for k, finding in sorted(found, key=lambda one: one[1].headroom):
        places = scenario.decimals if finding.rule.in_money else 0
        amount, limit = words.number(finding.amount, places), finding.asks(places, language)
        yield Shortfall(k, finding.said(names, language), amount, limit, finding.rule.id, promises(finding))


def promises(finding: Finding) -> bool:
    """Whether it is a pledge: a lower limit in EUR million on the money of somebody."""
    rule = finding.rule
    named = rule.money.partnership is not None or "partnership" in rule.for_each
    return rule.plain_sum and named and finding.sense is Sense.AT_LEAST and rule.money.marker is None


def _pledges(sums: ExactSums, language: str) -> Iterator[Pledge]:
    """Yield every pledge, with what the decided money alone comes to."""
    lines, names = sums.lines, sums.plan.scenario.names(language)
    ledger = np.concatenate([lines.decided, np.zeros(len(lines.moves), dtype=np.int64)])
    for rule, group in groupby(enumerate(sums.plan.findings), key=lambda found: found[1].rule):
        promised = [(at, k, finding) for at, (k, finding) in enumerate(group) if promises(finding)]
        measured = measure_rule(rule, lines, ledger) if promised else []
        for at, k, f in promised:
            amounts = (float(f.figure), float(measured[at].amount), float(f.amount), max(0.0, float(f.figure - f.amount)))
            yield Pledge(k, f.said(names, language), *amounts, f.status)
