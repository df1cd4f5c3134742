"""What was promised and what it comes to: pledges to partnerships, markers and policy fields, Team Europe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from fundalloc.export.workbook.book import Book, distinct, quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet, Styled
from fundalloc.export.workbook.line_sums import WEIGHTS, Weight, all_weights
from fundalloc.export.workbook.live_rules import said_there
from fundalloc.export.workbook.sheets.inputs import DECIDED
from fundalloc.export.workbook.sheets.rules import force, status_column
from fundalloc.money import IntArray, exact_product, half_up

PLEDGES, POLICY_FIELDS, TEAM_EUROPE = "Pledges", "PolicyFields", "TeamEurope"
MOST_DEMANDS = 12
"""A rule with more demands than this about one marker is shown on the sheet Rules alone."""


def pledges(book: Book) -> Sheet:
    """Return what was promised to whom, what is decided and planned towards it, and what is still missing."""
    told = book.brief.pledges
    findings = [book.plan.findings[pledge.at] for pledge in told]
    gap = f"=MAX(0,{book.here(PLEDGES, 'promised')}-{book.here(PLEDGES, 'planned')})"

    def found(column: str, values: Iterable[float | str]) -> list[Formula]:
        return [Formula(f"={book.of_demand(one.at, column)}", value) for one, value in zip(told, values, strict=True)]

    columns = (
        book.column("pledge", "text", [said_there(book, one.at) for one in told], width=58),
        book.column("promised", "money", found("limit_input", (one.promised for one in told))),
        book.column("decided", "money", [one.decided for one in told], given=True),
        book.column("planned", "total", found("amount", (one.planned for one in told))),
        book.column("gap", "money", [Formula(gap, one.gap) for one in told]),
        status_column(book, found("status", (book.status(one.status) for one in told))),
        book.column("force", "text", [book.word("force", force(f.rule)) for f in findings], width=10),
        *book.founded([f.rule for f in findings], 46, 13),
    )
    return book.sheet("pledges", PLEDGES, columns, one_page=len(told) <= 24)


def policy_fields(book: Book) -> Sheet:
    """Return how much of the EU budget counts towards each marker, and the targets that rules set for it."""
    rows, none = list(_marker_demands(book)), book.say("not_applicable")
    total, counted = book.eur(book.budget.sum()), [_counted(book, weight) for weight, _ in rows]
    share = f"=IFERROR({book.here(POLICY_FIELDS, 'counts_towards')}/{book.planned(book.kind_is('budget'))},0)"
    budget = f"({book.all(WEIGHTS, 'kind_of_money')}={book.kind_is('budget')[1]})*{book.all(WEIGHTS, 'planned')}"
    towards = [Formula(f"=SUMPRODUCT({budget}*{w.reference(book)})", v) for (w, _), v in zip(rows, counted, strict=True)]
    targets = [none if demand is None else said_there(book, demand) for _, demand in rows]

    def found(column: str, without: str = none) -> list[Cell]:
        return [without if demand is None else _found(book, demand, column) for _, demand in rows]

    columns = (
        book.column("policy_field", "strong", [book.word("marker", weight.marker) for weight, _ in rows], width=30),
        book.column("counts_towards", "total", towards, width=13),
        book.column("share_of_budget", "share", [Formula(share, v / total if total else 0) for v in counted], width=12, mark="bar"),
        book.column("target", "text", targets, width=54),
        book.column("limit_share", "share", found("limit_input"), width=10),
        book.column("reached_of_base", "share", found("value"), width=10),
        book.column("headroom", "amount", found("headroom"), width=12),
        status_column(book, found("status", book.say("no_target"))),
    )
    return book.sheet("policy_fields", POLICY_FIELDS, columns, one_page=len(rows) <= 30)


def _marker_demands(book: Book) -> Iterator[tuple[Weight, int | None]]:
    """Yield every marker with the position of each demand about it, or with None."""
    findings = book.plan.findings
    for weight in all_weights(book):
        about = [k for k, f in enumerate(findings) if f.rule.money.marker == weight.marker]
        demands = Counter(findings[k].rule.id for k in about)
        shown: list[int | None] = [k for k in about if demands[findings[k].rule.id] <= MOST_DEMANDS]
        yield from ((weight, k) for k in (shown or [None]) if weight.marker)


def _counted(book: Book, weight: Weight) -> float:
    budget = book.of_kind("budget")
    steps = exact_product(book.cube.sum(axis=(1, 3))[budget], weight.coefficients.numerator[budget])
    return book.eur(np.sum(steps)) / weight.coefficients.denominator


def _found(book: Book, demand: int, column: str) -> Cell:
    """Look up a demand on the sheet Rules; its target and what is reached of it are amounts where the rule is about no share."""
    finding = book.plan.findings[demand]
    if finding.base is None and column in ("limit_input", "value"):
        key, amount = ("limit_input", finding.figure) if column == "limit_input" else ("amount", finding.amount)
        return Styled(Formula(f"={book.of_demand(demand, key)}", float(amount)), "amount")
    value: float | str = book.status(finding.status)
    if column == "value":
        value = float(finding.amount / finding.base) if finding.base else 0.0
    elif column != "status":
        value = float(finding.figure) if column == "limit_input" else half_up(finding.headroom, book.headroom_places)
    return Formula(f"={book.of_demand(demand, column)}", value)


def team_europe(book: Book) -> Sheet:
    """Return EU budget and Member States side by side, and memo money apart, never added to either."""
    facts, partner = book.facts, book.of_kind("partner")
    given: IntArray = np.zeros((len(facts.instruments), len(facts.partnerships)), dtype=np.int64)
    np.add.at(given, (facts.memo.instrument, facts.memo.partnership), facts.memo.amount)
    memo, money = [k for k in book.of_kind("memo") if given[k].sum()], book.cube.sum(axis=(2, 3))
    shown = [p for p in book.leaves if money[partner, p].sum() or given[memo, p].sum()]
    here, ours = book.own(TEAM_EUROPE, "partnership"), book.budget.sum(axis=(1, 2))[shown]
    taken = [book.title(c) for c in ("partnership", "eu_budget", "together", "eu_share", "partnership_id")]
    headings = iter(distinct([book.label("instrument", k) for k in (*partner, *memo)], taken))

    def gives(instruments: Sequence[int], steps: IntArray, text: Callable[..., str]) -> list[Column]:
        return [
            book.amounts("", text(here, book.is_("instrument", k)), steps[k, shown], heading=next(headings), width=14) for k in instruments
        ]

    columns = (
        book.names_of("partnership", shown, 46, total="shown", full=True),
        book.amounts("eu_budget", book.planned(here, book.kind_is("budget")), ours, width=14),
        *gives(partner, money, book.planned),
        *_together(book, ours, ours + money[partner][:, shown].sum(axis=0), len(partner) + 1),
        *gives(memo, given, lambda *criteria: book.sum_if_text(DECIDED, "amount", *criteria)),
        book.ids_of("partnership", shown),
    )
    return book.sheet("team_europe", TEAM_EUROPE, columns, one_page=len(shown) <= 40)


def _together(book: Book, ours: IntArray, joint: IntArray, count: int) -> tuple[Column, Column]:
    """Return the sum of the EU budget and partners, and the part of the EU budget in it, where partners give anything."""
    alone, own, both = book.say("not_applicable"), book.here(TEAM_EUROPE, "eu_budget"), book.here(TEAM_EUROPE, "together")
    share = f"=IF({own}={both},{quoted(alone)},{own}/{both})"
    parts = [alone if all_ == eu else int(eu) / int(all_) for eu, all_ in zip(ours, joint, strict=True)]
    return (
        book.amounts("together", f"SUM(BESIDE({count}))", joint, "total", width=14),
        book.column("eu_share", "share", [Formula(share, part) for part in parts], width=12, mark="bar"),
    )
