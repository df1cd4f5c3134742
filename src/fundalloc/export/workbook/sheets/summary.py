"""The plan on one page, and one page for the cabinet: headline figures, sentences, charts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from fundalloc.errors import year_ranges
from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Fact, Formula, Sheet, Styled, plain
from fundalloc.export.workbook.sheets.chart_data import charts
from fundalloc.export.workbook.sheets.compare import changes
from fundalloc.export.workbook.sheets.free_money import whole_period
from fundalloc.export.workbook.sheets.inputs import DECIDED
from fundalloc.money import HARD_SPACE, IntArray
from fundalloc.plan.proof import PLACES, upwards
from fundalloc.plan.verify import AT_LIMIT, BREACH, MISSED
from fundalloc.plan.verify import DECIDED as BY_DECISION
from fundalloc.rules import built_in_rules

CABINET, CABINET_HEIGHT, CABINET_BARS = "Cabinet", 330, 8
SummaryRow = tuple[str, Cell, str]
"""Key in the catalogue, value with its style, key of the unit."""


def rows_of(book: Book) -> list[SummaryRow]:
    """Return the rows of the table: key, value with its style, key of the unit."""
    return [*_money(book), *_shape(book), *_rules(book), *_changes(book), *_quality(book)]


def build(book: Book) -> Sheet:
    """Return headline figures and two charts."""
    rows, counts = rows_of(book), book.plan.tally
    words = {"period": book.period, "demands": counts.demands, "built_in": book.plan.limits_tally.demands}
    words |= {"partnerships": len(book.leaves), "today": book.head.today}
    columns = (
        book.column("indicator", "text", [book.say(f"summary.{key}.says", **words) for key, _, _ in rows], width=60),
        book.column("value", "money", [cell for _, cell, _ in rows], width=28),
        book.column("unit", "note", [book.say(f"unit_of.{unit}") for _, _, unit in rows]),
        book.column("comment", "note", [book.say(f"summary.{key}.comment", **words) for key, _, _ in rows], width=98),
        book.column("summary_key", "code", [key for key, _, _ in rows], printed=False),
        book.column("as_text", "note", [as_text(book, cell, unit) for _, cell, unit in rows], printed=False),
    )
    facts = (Fact("", book.words("proof.inputs")),)
    return book.sheet("summary", "Summary", columns, facts=facts, money=False, charts=charts(book), frozen=False, one_page=True)


def _money(book: Book) -> Iterator[SummaryRow]:
    """What is planned: EU budget, partner and memo money apart."""
    facts, budget, eur = book.facts, book.kind_is("budget"), book.eur
    limits, left, planned = whole_period(book), book.plan.money_left, book.planned(budget)
    limited = [k for k in book.of_kind("budget") if k in limits]
    usable, spent = sum(limits[k] for k in limited), int(book.budget.sum())
    decided = int(book.budget_by("year", book.lines.decided).sum())
    most = book.sum_if_text("ByInstrument", "usable", budget)
    yield "planned", Styled(Formula(f"={planned}", eur(spent)), "total"), "money"
    yield "usable", Formula(f"={most}", eur(usable)), "money"
    for key, table in (("moved", left.moved), ("lapsed", left.lapsed), ("free", left.free)):
        if key == "free" or (key == "lapsed" and facts.closed) or (key == "moved" and np.any(table[limited, -1])):
            yield key, book.sum_if("ByInstrument", key, budget, value=eur(table[limited, -1].sum())), "money"
    yield "used", Styled(Formula(f"=IFERROR({planned}/{most},0)", spent / usable if usable else 0), "share"), "share"
    yield "decided", book.sum_if("Allocation", "decided", budget, value=eur(decided)), "money"
    new = f"={planned}-{book.sum_if_text('Allocation', 'decided', budget)}"
    yield "newly_planned", Formula(new, eur(spent - decided)), "money"
    if book.head.reconstructed:
        yield from _ahead(book)
    if book.of_kind("partner"):
        yield "partner", book.sum_if("Allocation", "planned", book.kind_is("partner"), value=eur(book.partner.sum())), "money"
    if len(facts.memo):
        yield "memo", book.sum_if(DECIDED, "amount", book.kind_is("memo"), value=eur(facts.memo.amount.sum())), "money"


def _ahead(book: Book) -> Iterator[SummaryRow]:
    """The same from today on: what is planned before is no proposal."""
    kinds = book.kind_is("budget"), ("year", quoted(f">={book.head.today}"))
    ahead = np.array(book.facts.years) >= book.head.today
    planned, decided = (int(steps[ahead].sum()) for steps in (book.budget.sum(axis=(0, 1)), book.budget_by("year", book.lines.decided)))
    yield "planned_ahead", book.sum_if("Allocation", "planned", *kinds, value=book.eur(planned)), "money"
    new = f"={book.planned(*kinds)}-{book.sum_if_text('Allocation', 'decided', *kinds)}"
    yield "new_ahead", Formula(new, book.eur(planned - decided)), "money"


def _shape(book: Book) -> Iterator[SummaryRow]:
    need, met = float(book.plan.coverage.need.sum()), float(book.plan.coverage.met.sum())
    if need:
        covered = f"=IFERROR(SUM({book.all('Needs', 'met')})/SUM({book.all('Needs', 'need')}),0)"
        yield "need", Formula(f"=SUM({book.all('Needs', 'need')})", need), "money"
        yield "coverage", Styled(Formula(covered, met / need), "share"), "share"
    totals, areas = book.budget.sum(axis=(1, 2)), book.budget.sum(axis=(0, 2))
    largest = max(book.leaves, key=lambda p: int(totals[p]))
    yield from _largest(book, "largest", ("ByPartnership", "partnership"), totals, book.label("partnership", largest))
    yield from _largest(book, "largest_area", ("ByArea", "label"), areas, book.label("area", int(np.argmax(areas))))


def _largest(book: Book, key: str, names: tuple[str, str], totals: IntArray, name: str) -> Iterator[SummaryRow]:
    """The name of the largest member, found in a table by its column of names, and its share."""
    column, whole = book.all(names[0], "eu_budget"), int(totals.sum())
    yield key, Styled(Formula(f"=INDEX({book.all(*names)},MATCH(MAX({column}),{column},0))", name), "right_text"), "name"
    share = f"=IFERROR(MAX({column})/SUM({column}),0)"
    yield f"{key}_share", Styled(Formula(share, int(totals.max()) / whole if whole else 0), "share"), "share"


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
        return book.spelt("number.percent", amount=(text, _half_up(value * 100)))
    rounded = f"ROUND(ROUND({here},6),0)"
    grouped = f'INT({rounded}/1000)&"{HARD_SPACE}"&RIGHT(1000+MOD({rounded},1000),3)'
    return Formula(f'=IF({rounded}<1000,{rounded}&"",{grouped})', whole_number(value))


def whole_number(value: float) -> str:
    """Return a number rounded half up as spreadsheets do, with a hard space before the last three digits."""
    rounded = int(_half_up(value))
    return str(rounded) if rounded < 1000 else f"{rounded // 1000}{HARD_SPACE}{rounded % 1000:03d}"


def _half_up(value: float) -> str:
    rounded = Decimal(repr(round(value, 6))).quantize(Decimal(1), ROUND_HALF_UP)
    return f"{rounded:f}" if rounded else "0"


def cabinet(book: Book) -> Sheet:
    """Return one page: sentences, what differs from the baseline or from decided money by area, two charts."""
    areas, after = book.areas, [book.eur(steps) for steps in book.budget.sum(axis=(0, 2))[book.areas]]
    if book.has_baseline:
        keys, before = ("baseline", "change"), [book.baseline_by("area")[a] for a in areas]
    else:
        keys, before = ("decided", "newly_planned"), [book.eur(steps) for steps in book.budget_by("area", book.lines.decided)[areas]]
    columns = (
        book.names_of("area", areas, 78, total="all", full=True),
        *changes(book, CABINET, "area", before, after, keys, "total", 26),
        book.shares_of(CABINET, after, 13, of="this_plan"),
        book.ids_of("area", areas),
    )
    said = (*_sentences(book), book.words("proof.inputs"), *_by_decision(book))
    facts, pictures = tuple(Fact("", sentence) for sentence in said), charts(book, CABINET_HEIGHT, CABINET_BARS)
    return book.sheet("cabinet", CABINET, columns, facts=facts, charts=pictures, frozen=False, one_page=True)


def _sentences(book: Book) -> Iterator[Cell]:
    """Sentences with live figures from the sheet Summary."""
    texts = {key: as_text(book, cell, unit) for key, cell, unit in rows_of(book)}
    words = {"period": book.period, "partnerships": len(book.leaves), "demands": whole_number(book.plan.tally.demands)}
    words |= {"past": year_ranges(book.head.reconstructed), "today": book.head.today}
    proof = ("proof", ("reached",)) if "reached" in texts or book.outside else ("proof_points", ("below_bound",))

    def found(key: str) -> tuple[str, object]:
        place = f"MATCH({quoted(key)},{book.all('Summary', 'summary_key')},0)"
        return f"INDEX({book.all('Summary', 'as_text')},{place})", texts[key].value

    for name, figures in (
        ("money", ("planned", "decided", "used", "free")),
        ("past", ("planned_ahead", "new_ahead")),
        ("largest", ("largest", "largest_share", "largest_area", "largest_area_share")),
        ("needs", ("need", "coverage")),
        ("rules", ("breach", "at_limit", "missed")),
        ("team", ("partner", "memo")),
        proof,
    ):
        if all(figure in texts for figure in figures):
            yield book.joined(f"cabinet.{name}", words, **{figure: found(figure) for figure in figures})


def _by_decision(book: Book) -> Iterator[Cell]:
    """More lines where decisions break demands: how many, and one for each that is named."""
    if book.plan.tally.by_decision:
        yield book.say("cabinet.by_decision", by_decision=book.plan.tally.by_decision)
        yield from book.by_decision("\n").split("\n")
