"""The allocation, which every other sheet adds up, the weights of each euro in it, and the checks of every figure against it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fundalloc.export.workbook.book import DIMENSIONS, Book, quoted
from fundalloc.export.workbook.content import Column, Fact, Formula, Sheet, Styled
from fundalloc.export.workbook.line_sums import WEIGHTS, Weight, all_weights, weights
from fundalloc.export.workbook.plan_sums import FEW_LINES
from fundalloc.export.workbook.sheet_maker import TOLERANCE, Check
from fundalloc.money import IntArray, exact_product
from fundalloc.plan.sums import PLACES
from fundalloc.plan.verify import BREACH

TABLE = "Allocation"


def build(book: Book) -> Sheet:
    """Return one row per allocation line: `Planned` is the optimised amount and what a reader types as an adjustment.

    The columns at the right end say how much of a line counts towards needs and towards the markers that rules and the mandate use.
    """
    lines = book.shown
    amounts, none = [book.eur(s) for s in book.plan.steps[book.listed]], [None] * len(lines)
    planned = f"={book.here(TABLE, 'optimised')}+{book.here(TABLE, 'adjustment')}"
    baseline = np.round(lines.baseline.values, PLACES).tolist()
    less = book.entry("adjustment", least=book.title("optimised"))
    columns = (
        book.column("year", "integer", [lines.facts.years[t] for t in lines.year], width=8),
        book.names_of("instrument", lines.instrument, 27),
        book.names_of("partnership", lines.partnership, 38),
        *(book.names_of(name, lines.area, 22) for name in book.named[2:]),
        book.column("decided", "money", [book.eur(s) for s in lines.decided], width=12),
        book.column("optimised", "money", amounts, width=12),
        book.column("adjustment", "input_change", [0] * len(amounts), width=13, entry=less),
        book.column("planned", "total", [Formula(planned, value) for value in amounts], width=12),
        *([book.column("baseline", "money", baseline, width=12, printed=False)] if book.has_baseline else []),
        book.column("comment_input", "input_text", none, width=30, entry=book.entry("comment")),
        book.column("author_input", "input_text", none, width=14, entry=book.entry("author")),
        book.kinds_of(lines.instrument, printed=False),
        book.column("line_key", "code", lines.keys, width=58, printed=False),
        book.column("pair", "integer", (book.pairs.position[lines.instrument, lines.area] + 1).tolist(), printed=False),
        *(_weighted(book, weight) for weight in weights(book)),
        *(book.ids_of(name, getattr(lines, name)) for name in book.named),
        *(_picked_by(book, name, getattr(lines, name)) for name in DIMENSIONS),
    )
    money = int(book.with_money.sum())
    first = book.say("money_first") if len(lines) > max(FEW_LINES, money) else ""
    facts = tuple(Fact("", said) for said in (book.left_out, first) if said)
    look = {"filtered": True, "changed": ("adjustment", ""), "colour": "input", "facts": facts}
    return book.sheet("allocation", TABLE, columns, printed_rows=money if first else None, **look)


def _picked_by(book: Book, name: str, members: IntArray) -> Column:
    """Return the words that pick the member of every line, each between two bars, so that own rules find it by any of them."""
    masks, words = book.facts.dimensions[name].masks, book.choices[name]
    said = [f"||{'|'.join(code for word, code in words.items() if masks[word][k])}|" for k in range(len(book.facts.dimensions[name].ids))]
    return book.column(f"{name}_words", "code", [said[k] for k in members], printed=False)


def _weighted(book: Book, weight: Weight) -> Column:
    """Return what counts of every line: the planned amount times the coefficient of its instrument and area."""
    lines = book.shown
    product = f"={book.here(TABLE, 'planned')}*INDEX({weight.reference(book)},{book.here(TABLE, 'pair')})"
    parts = exact_product(book.plan.steps[book.listed], weight.coefficients.numerator[lines.instrument, lines.area])
    cells = [Formula(product, book.eur(s) / weight.coefficients.denominator) for s in parts]
    return book.column(weight.key, "money", cells, width=14, printed=False)


def coefficients(book: Book) -> Sheet:
    """Return how much of every euro counts, by instrument and area: effectiveness for needs, and every marker."""
    pairs, here = book.pairs, (book.own(WEIGHTS, "instrument"), book.own(WEIGHTS, book.lookup("area")))
    columns = (
        book.names_of("instrument", pairs.instrument, 27),
        *(book.names_of(name, pairs.area, 22) for name in book.named[2:]),
        book.amounts("planned", book.planned(*here), book.cube.sum(axis=(1, 3))[pairs.instrument, pairs.area], total=False),
        *(_weight(book, weight) for weight in all_weights(book)),
        book.kinds_of(pairs.instrument, printed=False),
        book.column("pair", "integer", list(range(1, len(pairs.instrument) + 1)), printed=False),
        book.ids_of("instrument", pairs.instrument),
        *(book.ids_of(name, pairs.area) for name in book.named[2:]),
    )
    return book.sheet("weights", WEIGHTS, columns, colour="rest")


def _weight(book: Book, weight: Weight) -> Column:
    heading, values = weight.coefficient_heading(book), weight.coefficients.values[book.pairs.instrument, book.pairs.area]
    return book.column("", "factor", np.round(values, 12).tolist(), width=13 if len(heading) > 8 else 10.5, heading=heading)


def checks(book: Book) -> Sheet:
    """Return live arithmetic checks: every figure of the workbook against the allocation, and the allocation against the export."""
    found = list(_checks(book))
    measures = book.column("measured_as", "note", [book.say(f"check.{key}.measures") for key, _, _ in found], width=72)
    step = Fact(book.say("check.step"), Styled(float(book.facts.step), "strong_factor"), "RoundingStep")
    listed = [(book.say(f"check.{key}.says"), text, value) for key, text, value in found]
    return book.checks(listed, _tolerance(book), 56, measures, facts=(step,))


def failures(book: Book) -> int:
    """Return how many checks fail in the workbook as written."""
    return sum(abs(value) > _tolerance(book) for _, _, value in _checks(book))


def _checks(book: Book) -> Iterator[Check]:
    plan = book.plan
    planned, decided, optimised = (book.all(TABLE, key) for key in ("planned", "decided", "optimised"))
    yield from _sums(book)
    yield "not_negative", f'COUNTIF({planned},"<0")', int((plan.steps < 0).sum())
    yield "decided_kept", f"SUMPRODUCT(--({planned}<{decided}-Tolerance))", int((plan.steps < plan.scenario.lines.decided).sum())
    yield "whole_steps", f"SUMPRODUCT(ABS({planned}-ROUND({planned}/RoundingStep,0)*RoundingStep))", 0
    lines = len(book.listed)
    yield ("lines_listed", f"MAX(0,{lines}-ROWS({planned}))", 0) if book.left_out else ("lines_kept", f"ROWS({planned})-{lines}", 0)
    yield "sum_kept", f"SUM({optimised})-{float(int(plan.steps.sum()) * book.facts.step)!r}", 0
    squares = float(sum(int(s) ** 2 for s in plan.steps) * plan.scenario.facts.step**2)
    yield "lines_unchanged", f"SUMSQ({optimised})-{squares!r}", 0
    exceeded = sum(row < -_tolerance(book) for row in plan.free_money["free"])
    yield "within_ceilings", f"SUMPRODUCT(--({book.all('FreeMoney', 'free')}<-Tolerance))", exceeded
    yield "no_breach", book.with_status("Rules", BREACH), sum(f.status == BREACH for f in plan.findings)


def _sums(book: Book) -> Iterator[Check]:
    """Every table of results against the allocation."""
    budget, everything = book.planned(book.kind_is("budget")), book.planned()
    not_memo = "kind_of_money", quoted("<>" + book.word("counts", "memo"))
    yield "by_instrument", f"{book.sum_if_text('ByInstrument', 'total', not_memo)}-{everything}", 0
    for key, table in (("by_partnership", "ByPartnership"), ("by_area", "ByArea"), ("heat_map", "HeatMap")):
        yield key, f"{book.sum_if_text(table, 'eu_budget')}-{budget}", 0
    if book.of_kind("partner"):
        yield "partner", f"{book.sum_if_text('ByArea', 'partner_money')}-{book.planned(book.kind_is('partner'))}", 0
    given = [k for k, i in enumerate(book.facts.instruments) if i.counts == "partner" and not i.planned]
    decides = "-".join([everything, *(book.planned(book.is_("instrument", k)) for k in given)])
    whole = book.sum_if_text("FreeMoney", "planned", ("year", quoted(book.say("whole_period"))))
    yield "free_money", f"{whole}-({decides})", 0


def _tolerance(book: Book) -> float:
    return min(TOLERANCE, float(book.facts.step) / 2)
