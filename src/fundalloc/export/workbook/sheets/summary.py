"""The plan on one page, and one page for the cabinet: headline figures, sentences, charts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Fact, Formula, Sheet, Styled, plain
from fundalloc.export.workbook.layout import SENTENCE_SIZE, text_width
from fundalloc.export.workbook.sheets.chart_data import charts
from fundalloc.export.workbook.sheets.compare import changes
from fundalloc.export.workbook.sheets.inputs import DECIDED
from fundalloc.insight.brief import rounded, whole_number
from fundalloc.insight.fairness import fairness
from fundalloc.money import HARD_SPACE
from fundalloc.plan.proof import PLACES, upwards
from fundalloc.plan.verify import AT_LIMIT, BREACH, MISSED
from fundalloc.plan.verify import DECIDED as BY_DECISION
from fundalloc.rules import built_in_rules

CABINET, CABINET_HEIGHT, CABINET_BARS, NAMED = "Cabinet", 200, 5, 3
SummaryRow = tuple[str, Cell, str]
"""Key in the catalogue, value with its style, key of the unit."""


def rows_of(book: Book) -> list[SummaryRow]:
    """Return the rows of the table: key, value with its style, key of the unit."""
    return [*_money(book), *_shape(book), *_rules(book), *_changes(book), *_quality(book)]


def build(book: Book) -> Sheet:
    """Return headline figures and two charts."""
    rows, counts = rows_of(book), book.plan.tally
    words = {"period": book.period, "demands": counts.demands, "built_in": book.plan.limits_tally.demands}
    words |= {"partnerships": len(book.leaves), "today": book.head.today, "fairness": book.brief.fairness}
    columns = (
        book.column("indicator", "text", [book.say(f"summary.{key}.says", **words) for key, _, _ in rows], width=60),
        book.column("value", "money", [cell for _, cell, _ in rows], width=28),
        book.column("unit", "note", [book.say(f"unit_of.{unit}") for _, _, unit in rows]),
        book.column("comment", "note", [book.say(f"summary.{key}.comment", **words) for key, _, _ in rows], width=98),
        book.column("summary_key", "code", [key for key, _, _ in rows], printed=False),
        book.column("as_text", "note", [as_text(book, cell, unit) for _, cell, unit in rows], printed=False),
    )
    facts = (Fact("", book.words("proof.inputs")),)
    return book.sheet("summary", "Summary", columns, facts=facts, money=False, frozen=False, one_page=True)


def _money(book: Book) -> Iterator[SummaryRow]:
    """What is planned: EU budget, partner and memo money apart."""
    budget, told = book.kind_is("budget"), book.brief.figures
    planned, decided = book.planned(budget), book.sum_if_text("Allocation", "decided", budget)
    most = book.sum_if_text("ByInstrument", "usable", budget)
    yield "planned", Styled(Formula(f"={planned}", told["planned"]), "total"), "money"
    yield "usable", Formula(f"={most}", told["usable"]), "money"
    for key in ("moved", "lapsed", "free"):
        if key in told:
            yield key, book.sum_if("ByInstrument", key, budget, value=told[key]), "money"
    yield "used", Styled(Formula(f"=IFERROR({planned}/{most},0)", told["used"]), "share"), "share"
    yield "decided", Formula(f"={decided}", told["decided"]), "money"
    yield "newly_planned", Formula(f"={planned}-{decided}", told["newly_planned"]), "money"
    if book.head.reconstructed:
        ahead = budget, ("year", quoted(f">={book.head.today}"))
        new = f"={book.planned(*ahead)}-{book.sum_if_text('Allocation', 'decided', *ahead)}"
        yield "planned_ahead", book.sum_if("Allocation", "planned", *ahead, value=told["planned_ahead"]), "money"
        yield "new_ahead", Formula(new, told["new_ahead"]), "money"
    if "partner" in told:
        yield "partner", book.sum_if("Allocation", "planned", book.kind_is("partner"), value=told["partner"]), "money"
    if "memo" in told:
        yield "memo", book.sum_if(DECIDED, "amount", book.kind_is("memo"), value=told["memo"]), "money"


def _shape(book: Book) -> Iterator[SummaryRow]:
    told = book.brief.figures
    if "need" in told:
        covered = f"=IFERROR(SUM({book.all('Needs', 'met')})/SUM({book.all('Needs', 'need')}),0)"
        yield "need", Formula(f"=SUM({book.all('Needs', 'need')})", told["need"]), "money"
        yield "coverage", Styled(Formula(covered, told["coverage"]), "share"), "share"
    if (now := fairness(book.plan)[0]) is not None:
        lowest = Formula(f"=MIN({book.all('ByPartnership', 'coverage')})", now.coverage)
        yield from (("gini", Styled(now.gini, "factor"), "factor"), ("lowest_coverage", Styled(lowest, "share"), "share"))
    for key, *names in (("largest", "ByPartnership", "partnership"), ("largest_area", "ByArea", "label")):
        column = book.all(names[0], "eu_budget")
        text = f"=INDEX({book.all(*names)},MATCH(MAX({column}),{column},0))"
        yield key, Styled(Formula(text, book.brief.largest[key]), "right_text"), "name"
        share = f"=IFERROR(MAX({column})/SUM({column}),0)"
        yield f"{key}_share", Styled(Formula(share, told[f"{key}_share"]), "share"), "share"


def _rules(book: Book) -> Iterator[SummaryRow]:
    """How many rules have each status that matters."""
    counts, limits = book.plan.tally, book.plan.limits_tally
    status, kind = book.all("Rules", "status"), book.all("Rules", "kind")
    yours = "".join(f",{kind},{quoted('<>' + book.word('kind', rule.kind))}" for rule in built_in_rules())
    for key, word, count in (
        ("at_limit", AT_LIMIT, counts.at_limit),
        ("missed", MISSED, counts.missed),
        ("by_decision", BY_DECISION, counts.by_decision),
        ("breach", BREACH, counts.broken),
    ):
        yield key, Styled(Formula(f"=COUNTIFS({status},{quoted(book.status(word))}{yours})", count), "number"), "rules"
    apart = f"={book.with_status('Rules', BREACH)}-COUNTIFS({status},{quoted(book.status(BREACH))}{yours})"
    yield "limits_broken", Styled(Formula(apart, limits.broken), "number"), "rules"


def _quality(book: Book) -> Iterator[SummaryRow]:
    proof = book.plan.proof
    yield "score", Styled(book.plan.score, "points"), "points"
    if proof.bound is None:
        return
    yield "bound", Styled(upwards(proof.bound), "exact_points"), "points"
    if proof.reached is not None:
        yield "reached", Styled(float(proof.reached), "exact_share"), "share"
    if proof.parts is not None:
        yield "below_bound", Styled(float(proof.parts.whole), "exact_points"), "points"


def _changes(book: Book) -> Iterator[SummaryRow]:
    """What readers have typed, and against the baseline if there is one."""
    if book.has_baseline:
        lines = book.lines
        budget = np.isin(lines.instrument, book.of_kind("budget"))
        before = int(lines.baseline.numerator[budget].sum()) / lines.baseline.denominator
        kind = book.kind_is("budget")
        text = f"={book.planned(kind)}-{book.sum_if_text('Allocation', 'baseline', kind)}"
        yield "change", Styled(Formula(text, round(book.eur(book.budget.sum()) - before, 9)), "change"), "money"
    yield "adjustments", Styled(Formula(f"=SUMPRODUCT(--({book.all('Allocation', 'adjustment')}<>0))", 0), "number"), "lines"
    text = f"=SUMPRODUCT(--({book.all('Rules', 'limit_input')}<>{book.all('Rules', 'limit_as_run')}))"
    yield "limits_changed", Styled(Formula(text, 0), "number"), "rules"


def as_text(book: Book, cell: Cell, unit: str) -> Formula:
    """The figure as it stands in a sentence, the same wherever the file is opened: whole numbers with hard spaces, whole per cent."""
    here, value = book.here("Summary", "value"), plain(cell)
    if not isinstance(value, int | float):
        return Formula(f"={here}", str(value or ""))
    if isinstance(cell, Styled) and cell.style in ("exact_share", "exact_points"):  # as the run found it, digit by digit
        words = book.words
        text = words.share(value, PLACES) if unit == "share" else words.number(value, PLACES)
        return Formula(f"={quoted(text)}", text)
    if unit == "share":
        text = f"ROUND(ROUND({here}*100,6),0)"
        return book.spelt("number.percent", amount=(text, rounded(value * 100)))
    return Formula(f"={as_whole(here)}", whole_number(value))


def as_whole(amount: str) -> str:
    """Return the formula of an amount as text: rounded to whole numbers, with a hard space before the last three digits."""
    whole = f"ROUND(ROUND({amount},6),0)"
    grouped = f'INT({whole}/1000)&"{HARD_SPACE}"&RIGHT(1000+MOD({whole},1000),3)'
    return f'IF({whole}<1000,{whole}&"",{grouped})'


def cabinet(book: Book) -> Sheet:
    """Return one page: sentences, what differs from the baseline or from decided money by area, two charts."""
    areas, after = book.areas, [book.eur(steps) for steps in book.budget.sum(axis=(0, 2))[book.areas]]
    if book.has_baseline:
        keys, before = ("baseline", "change"), [book.baseline_by("area")[a] for a in areas]
    else:
        keys, before = ("decided", "newly_planned"), [book.eur(steps) for steps in book.budget_by("area", book.lines.decided)[areas]]
    brief = book.brief
    kept = book.words("firmness.kept")  # on lines of their own what is longer than the page is wide
    firm, fair = brief.firmness.replace(f" {kept}", f"\n{kept}"), brief.fairness.replace(" (", "\n(", 1)
    said = (*sentences(book), *_missed(book), *filter(None, f"{firm}\n{fair}".split("\n")), *_by_decision(book), *brief.caveats)
    longest = max(text_width(str(plain(cell))) for cell in said) * SENTENCE_SIZE
    columns = (
        book.names_of("area", areas, min(max(78, longest - 70), 130), total="all", full=True),
        *changes(book, CABINET, "area", before, after, keys, "total", 26),
        book.shares_of(CABINET, after, 13, of="this_plan"),
        book.ids_of("area", areas),
    )
    facts, pictures = tuple(Fact("", sentence) for sentence in said), charts(book, CABINET_HEIGHT, CABINET_BARS)
    return book.sheet("cabinet", CABINET, columns, facts=facts, charts=pictures, frozen=False, one_page=True)


def sentences(book: Book) -> Iterator[Formula]:
    """The sentences of the brief; their figures are live where the sheet Summary has them."""
    texts = {key: as_text(book, cell, unit) for key, cell, unit in rows_of(book)}

    def found(key: str) -> tuple[str, object]:
        place = f"MATCH({quoted(key)},{book.all('Summary', 'summary_key')},0)"
        return f"INDEX({book.all('Summary', 'as_text')},{place})", texts[key].value

    for said in (book.brief.asked, *book.brief.sentences, *book.brief.standing):
        live = {key: found(key) for key in said.values if key in texts}
        yield book.spelt(f"brief.{said.key}", said.values, **live)


def _missed(book: Book) -> Iterator[Cell]:
    """The pledges and targets that fall shortest, with what they are to reach and what they reach now."""
    missed = book.brief.missed
    for short in missed[:NAMED]:
        finding, status = book.plan.findings[short.at], book.of_demand(short.at, "status")
        amount = as_whole(book.of_demand(short.at, "amount")), whole_number(float(finding.amount))
        said = book.spelt("brief.missed", {"says": short.says, "limit": finding.asks(0, book.language)}, amount=amount)
        yield Formula(f'={status}&": "&{said.text[1:]}', f"{book.status(MISSED)}: {said.value}")
    if len(missed) > NAMED:
        yield book.say("missed_more", count=len(missed) - NAMED)


def _by_decision(book: Book) -> Iterator[Cell]:
    """More lines where decisions break demands: how many, and one for each that is named."""
    if book.plan.tally.by_decision:
        yield book.words("brief.by_decision", by_decision=book.plan.tally.by_decision)
        yield from book.by_decision("\n").split("\n")
