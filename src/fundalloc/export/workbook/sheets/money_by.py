"""The EU budget by instrument, partnership, group of partnerships, area and year: per year, against need and ceilings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fundalloc.export.workbook.book import KINDS, Book, distinct, quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Series, Sheet
from fundalloc.export.workbook.line_sums import Boxes
from fundalloc.export.workbook.sheets.free_money import TABLE as FREE
from fundalloc.export.workbook.sheets.free_money import after_use
from fundalloc.export.workbook.sheets.inputs import COVERAGE, DECIDED, coverage_columns
from fundalloc.export.workbook.spelling import readable
from fundalloc.facts.facts import NO_LIMIT
from fundalloc.money import IntArray, Mask

AREA, ACTION, INSTRUMENT, PARTNERSHIP, YEAR, ROUTE = "ByArea", "ByAction", "ByInstrument", "ByPartnership", "ByYear", "ByRoute"
FIRST = ("route", "region")
"""Groups of partnerships that stand before all others."""


def instrument(book: Book) -> Sheet:
    """Return what each instrument spends per year, against its ceiling. Budget, partner and memo money are never added together."""
    years, order = book.facts.years, [k for counts in KINDS for k in book.of_kind(counts)]
    memo = book.facts.memo
    money = book.cube.sum(axis=(1, 2)) + book.facts.by_year(memo.instrument, memo.year, memo.amount)
    words = tuple(book.say(f"total.{counts}") for counts in _kinds(book))
    across, total = f"=SUM({INSTRUMENT}[[#This Row],[{years[0]}]:[{years[-1]}]])", money.sum(axis=1)
    columns = (
        book.column("instrument", "text", [book.label("instrument", k) for k in order], words, width=32),
        book.kinds_of(order),
        *(_year_column(book, order, money, t) for t in range(len(years))),
        book.column("total", "total", [Formula(across, book.eur(total[k])) for k in order], _kind_totals(book, book.title("total"), total)),
        *_ceiling_columns(book, order, total),
        book.ids_of("instrument", order),
    )
    return book.sheet("by_instrument", INSTRUMENT, columns, one_page=len(order) <= 24)


def _kinds(book: Book) -> list[str]:
    return [counts for counts in KINDS if book.of_kind(counts)]


def _year_column(book: Book, order: Sequence[int], money: IntArray, t: int) -> Column:
    here, heading = (book.own(INSTRUMENT, "instrument"), book.is_("year", t)), str(book.facts.years[t])
    planned = book.planned(*here)
    memo = book.sum_if_text(DECIDED, "amount", *here) if len(book.facts.memo) else ""
    texts = [memo if book.facts.instruments[k].counts == "memo" else planned for k in order]
    cells = [Formula(f"={text}", book.eur(money[k, t])) if text else 0 for k, text in zip(order, texts, strict=True)]
    return book.column("", "money", cells, _kind_totals(book, heading, money[:, t]), heading=heading)


def _kind_totals(book: Book, title: str, money: IntArray) -> tuple[Cell, ...]:
    return tuple(_kind_total(book, title, counts, book.eur(money[book.of_kind(counts)].sum())) for counts in _kinds(book))


def _kind_total(book: Book, title: str, counts: str, value: float) -> Formula:
    name, criterion = book.kind_is(counts)
    return Formula(f"=SUMIFS({INSTRUMENT}[{title}],{book.all(INSTRUMENT, name)},{criterion})", value)


def _ceiling_columns(book: Book, order: Sequence[int], money: IntArray) -> Iterator[Column]:
    """Usable ceiling, lapsed and free money and use over the whole period; nothing for money without a ceiling."""
    limits, none = book.limits, book.say("not_applicable")
    known = [k for k in order if k in limits]
    budget = [k for k in known if book.facts.instruments[k].counts == "budget"]

    def column(key: str, style: str, found: Iterable[Formula], total: Formula, **look: Any) -> Column:
        cells = dict(zip(known, found, strict=True))
        return book.column(key, style, [cells.get(k, none) for k in order], (total,), **look)

    most, spent = sum(limits[k] for k in budget), int(money[budget].sum())
    here = book.own(INSTRUMENT, "instrument"), ("year", quoted(book.say("whole_period")))
    usable = _kind_total(book, book.title("usable"), "budget", book.eur(most))
    yield column("usable", "money", [book.sum_if(FREE, "usable", *here, value=book.eur(limits[k])) for k in known], usable)
    for key, found in after_use(book, [here] * len(known), lambda table: table[known, -1]):
        whole = sum(float(cell.value) for k, cell in zip(known, found, strict=True) if k in budget)
        yield column(key, "money", found, _kind_total(book, book.title(key), "budget", whole))
    part = f"=IFERROR({book.here(INSTRUMENT, 'total')}/{book.here(INSTRUMENT, 'usable')},0)"
    all_spent = _kind_total(book, book.title("total"), "budget", 0)
    used = Formula(f"=IFERROR(({all_spent.text[1:]})/({usable.text[1:]}),0)", spent / most if most else 0)
    parts = [Formula(part, int(money[k]) / limits[k] if limits[k] else 0) for k in known]
    yield column("used", "share", parts, used, width=11, mark="bar")


def partnership(book: Book) -> Sheet:
    """Return what each partnership receives, and from which instrument, against its need."""
    money, here = book.budget.sum(axis=(1, 2))[book.leaves], book.own(PARTNERSHIP, "partnership")
    budget, partner = book.of_kind("budget"), book.of_kind("partner")
    taken = [book.title(c) for c in ("partnership", "eu_budget", "share_of_total", *COVERAGE, "partnership_id")]
    headings = distinct([book.label("instrument", k) for k in (*budget, *partner)], taken)
    given = [
        book.amounts("", book.planned(here, book.is_("instrument", k)), book.cube[k].sum(axis=(1, 2))[book.leaves], heading=heading)
        for k, heading in zip((*budget, *partner), headings, strict=True)
    ]
    columns = (
        book.names_of("partnership", book.leaves, 31, total="all"),
        *given[: len(budget)],
        book.amounts("eu_budget", f"SUM(BESIDE({len(budget)}))" if budget else "0", money, "total"),
        book.shares_of(PARTNERSHIP, money, 10),
        *given[len(budget) :],
        *coverage_columns(book, PARTNERSHIP, "partnership", book.leaves),
        *_ranges(book),
        book.ids_of("partnership", book.leaves),
    )
    return book.sheet("by_partnership", PARTNERSHIP, columns, rows="tall")


def partnership_years(book: Book) -> Sheet:
    """Return what each partnership receives in each year, with a small picture of it."""
    table, blank = "EachYear", [None] * len(book.leaves)
    columns = (
        book.names_of("partnership", book.leaves, 31, total="all"),
        *_per_year(book, table, "partnership", book.budget.sum(axis=1)[book.leaves]),
        book.column("over_years", "text", blank, width=20, mark="line"),
        book.ids_of("partnership", book.leaves),
    )
    return book.sheet("partnership_years", table, columns, portrait=True, one_page=len(book.leaves) <= 60)


def _ranges(book: Book) -> Iterator[Column]:
    """How firm the budget of every partnership is; nothing where nobody asked."""
    known, places = {f.partnership: f for f in book.plan.evidence.firmness}, book.plan.scenario.decimals
    if not known:
        return
    ids, firm, number = book.facts.dimensions.partnership.ids, book.say("firm.yes"), book.words.number
    found = [known.get(ids[k]) for k in book.leaves]
    said = [firm if f is None or f.firm else f"{number(f.least, places)} – {number(f.most, places)}" for f in found]
    yield book.column("range", "note", said, width=20)


def heat_map(book: Book) -> Sheet:
    """Return partnership × area at a glance: EU budget over the whole period."""
    table, money, areas = "HeatMap", book.budget.sum(axis=2)[book.leaves], book.areas
    headings = distinct(
        [book.label("area", a) for a in areas], [book.title(c) for c in ("partnership", "eu_budget", *COVERAGE, "partnership_id")]
    )

    def in_area(a: int, heading: str) -> Column:
        text = book.planned(book.own(table, "partnership"), book.is_("area", a), book.kind_is("budget"))
        return book.amounts("", text, money[:, a], heading=heading, width=13, mark="heat")

    columns = (
        book.names_of("partnership", book.leaves, 32, total="all"),
        *map(in_area, areas, headings),
        book.amounts("eu_budget", f"SUM(BESIDE({len(areas)}))", money.sum(axis=1), "total", width=12),
        *coverage_columns(book, table, "partnership", book.leaves),
        book.ids_of("partnership", book.leaves),
    )
    return book.sheet("heat_map", table, columns, portrait=len(book.leaves) > 24, one_page=len(book.leaves) <= 60)


def area(book: Book) -> Sheet:
    """Return how the money is split over the cooperation areas, per year, against need; stacked columns: one colour per area."""
    years, everyone = book.facts.years, book.areas
    columns = [
        book.names_of("area", everyone, 44, total="all", full=True),
        *_per_year(book, AREA, "area", book.budget.sum(axis=0)[everyone]),
        *_partner_money(book, book.own(AREA, "area"), book.partner.sum(axis=(0, 2))[everyone]),
        *coverage_columns(book, AREA, "area", everyone),
        book.column("label", "note", [book.label("area", a) for a in everyone], printed=False),
        book.ids_of("area", everyone),
    ]
    label, across_years = next(k for k, column in enumerate(columns) if column.key == "label"), (1, len(years))
    series = tuple(Series(AREA, (a, a), across_years, (a, label)) for a in range(len(everyone)))
    chart = book.chart("column", "areas", Series(AREA, (-1, -1), across_years), series)
    return book.sheet("by_area", AREA, columns, rows="tall", charts=(chart,), one_page=True)


def action(book: Book) -> Sheet | None:
    """Return how the money of areas is split over their actions, per year, with what is not broken down; None where none holds any."""
    area, money = book.facts.dimensions.area, book.cube[book.of_kind("budget")].sum(axis=(0, 1))
    if not area.within:
        return None
    everyone = [k for k in range(len(area.ids)) if not area.split[k] or money[k].any()]
    columns = (
        book.names_of("area", everyone, 36),
        book.names_of("action", everyone, 44, total="all", full=True),
        *_per_year(book, ACTION, "action", money[everyone]),
        book.ids_of("action", everyone),
    )
    return book.sheet("by_action", ACTION, columns, rows="tall", one_page=True)


def _per_year(book: Book, table: str, dimension: str, budget: IntArray) -> Iterator[Column]:
    """Yield the EU budget by member and year, its total, and the share of it."""
    years, here, total = book.facts.years, book.own(table, dimension), budget.sum(axis=1)
    for t, year in enumerate(years):
        yield book.amounts("", book.planned(here, book.is_("year", t), book.kind_is("budget")), budget[:, t], heading=str(year))
    yield book.amounts("eu_budget", f"SUM({table}[[#This Row],[{years[0]}]:[{years[-1]}]])", total, "total")
    yield book.shares_of(table, total, 10)


def _partner_money(book: Book, here: tuple[str, str], steps: IntArray) -> Iterator[Column]:
    if book.of_kind("partner"):
        yield book.amounts("partner_money", book.planned(here, book.kind_is("partner")), steps)


def year(book: Book) -> Sheet:
    """Return what is planned in each year: ceilings, decided and planned money, and whether it goes to countries, regions or the world."""
    years, budget, here = book.facts.years, book.kind_is("budget"), book.own(YEAR, "year")
    planned, decided = book.budget.sum(axis=(0, 1)), book.budget_by("year", book.lines.decided)
    new = f"{book.here(YEAR, 'eu_budget')}-{book.here(YEAR, 'decided')}"
    columns = (
        book.column("year", "label", list(years), (book.say("total.all"),), width=14),
        book.amounts("decided", book.sum_if_text("Allocation", "decided", here, budget), decided),
        book.amounts("newly_planned", new, planned - decided, width=13),
        book.amounts("eu_budget", book.planned(here, budget), planned, "total"),
        *_limits(book),
        *_levels(book),
        *_partner_money(book, here, book.partner.sum(axis=(0, 1))),
    )
    rows = (0, len(years) - 1)
    chart = book.chart("column", "year", Series(YEAR, rows, (0, 0)), tuple(Series(YEAR, rows, (k, k), (-1, k)) for k in (1, 2)))
    return book.sheet("by_year", YEAR, columns, charts=(chart,), one_page=True)


def _limits(book: Book) -> Iterator[Column]:
    """Usable ceilings of the year, what has lapsed and what is free; nothing when a budget instrument has no ceiling per year."""
    facts, budget = book.facts, book.of_kind("budget")
    usable = facts.ceilings.usable[budget]
    if not budget or np.any((usable == NO_LIMIT) & facts.commits[budget]):
        return
    here = book.own(YEAR, "year"), book.kind_is("budget")
    yield book.amounts("usable", book.sum_if_text(FREE, "usable", *here), np.maximum(usable, 0).sum(axis=0), total=False)
    for key, cells in after_use(book, [here] * len(facts.years), lambda table: table[budget, :-1].sum(axis=0)):
        yield book.column(key, "money", cells)


def _levels(book: Book) -> Iterator[Column]:
    boxes, years = Boxes(book), range(len(book.facts.years))
    for level in book.plan.scenario.head.levels:
        mask = book.facts.dimensions.partnership.masks.get(f"level:{level}")
        if mask is not None:
            texts = [boxes.total(book.box(instrument=book.of_kind("budget"), partnership=mask, year=[t])) for t in years]
            yield book.amounts("", texts, book.budget[mask].sum(axis=(0, 1)), heading=book.names["level"][level], width=13)


def route(book: Book) -> Sheet | None:
    """Return the sheet by routes, regions and every other tag group of partnerships; None when no partnership carries a tag."""
    groups = _groups(book)
    if not groups:
        return None
    areas, masks, boxes = book.areas, [mask for _, _, mask in groups], Boxes(book)
    taken = [book.title(c) for c in ("group", "group_value", "partnerships", "total_to_group", "share_of_total")]
    headings = distinct([book.label("area", a) for a in areas], taken)
    whole, sums = int(book.budget.sum()), [int(book.budget[mask].sum()) for mask in masks]
    share = f"=IFERROR({book.here(ROUTE, 'total_to_group')}/{book.planned(book.kind_is('budget'))},0)"
    named = [book.names.get(group, {}).get(value) or readable(value) for group, value, _ in groups]

    def in_area(a: int, heading: str) -> Column:
        covered = book.facts.dimensions.area.covers[a]
        texts = [boxes.total(book.box(instrument=book.of_kind("budget"), partnership=mask, area=covered)) for mask in masks]
        return book.amounts("", texts, [book.budget[mask][:, a].sum() for mask in masks], total=False, heading=heading, width=15)

    columns = (
        book.column("group", "strong", [book.word("group", group) for group, _, _ in groups], width=16),
        book.column("group_value", "text", named, width=34),
        book.column("partnerships", "number", [int(np.count_nonzero(mask[book.leaves])) for mask in masks], width=13),
        *map(in_area, areas, headings),
        book.amounts("total_to_group", f"SUM(BESIDE({len(areas)}))", sums, "total", total=False, width=14),
        book.column("share_of_total", "share", [Formula(share, s / whole if whole else 0) for s in sums], width=11, mark="bar"),
    )
    return book.sheet("by_route", ROUTE, columns, filtered=True, one_page=len(groups) <= 40)


def _groups(book: Book) -> list[tuple[str, str, Mask]]:
    """Return (group, value, the partnerships that carry it) of all tags of partnerships, routes and regions first."""
    dimension = book.facts.dimensions.partnership
    names = sorted(dimension.groups, key=lambda group: (FIRST.index(group) if group in FIRST else len(FIRST), group))
    return [(group, value, dimension.masks[f"{group}:{value}"]) for group in names for value in dimension.groups[group]]
