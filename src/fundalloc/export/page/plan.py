"""The page about a plan: its own pictures and the tables of its workbook, with the same figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import isfinite

import numpy as np

from fundalloc.export.page import sankey
from fundalloc.export.page.charts import pictures_of
from fundalloc.export.page.content import Bar, Formats, PageTable, Picture, Section, Shape, Shown, section_of, shade
from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet, plain
from fundalloc.export.workbook.outside import for_outside
from fundalloc.export.workbook.sheets import about, compare, mandate, money_by, on_request, sources, targets
from fundalloc.export.workbook.sheets.rules import basis, force
from fundalloc.insight.brief import Recipient
from fundalloc.insight.mandate import WORST_FIRST
from fundalloc.money import IntArray
from fundalloc.plan.verify import AT_LIMIT, OK, Finding

LARGEST = 8
"""Partnerships whose years are drawn."""
CLOSED, PRINTED = ("sources", "notes", "amount_ranges"), ("pledges", "compare_partnership")
"""Sheets whose tables are closed until they are opened, and those that are on paper too."""
FLAGS = {"at limit": "at_limit", "missed": "warning", "decided": "warning", "breach": "breach"}


def sections_of(book: Book) -> Iterator[Section]:
    """Yield the sections of the page, the most important first."""
    formats = Formats(book.words, book.plan.scenario.decimals)
    yield _lead(book)
    yield _partnerships(book)
    yield from _sheets(book, formats, *[lambda b, name=name: compare.build(b, name) for name in compare.COMPARED])
    picture, table = sankey.drawn(book)
    words = book.words
    yield Section("money", picture.title, (words("page.sankey.says"),), words("workbook.unit"), [picture], [table], printed=False)
    yield from _sheets(book, formats, money_by.heat_map)
    yield _coverage(book)
    yield _years(book)
    yield from _sheets(book, formats, targets.pledges, targets.policy_fields)
    yield _rules(book)
    yield from _sheets(book, formats, mandate.build)
    yield _each(book)
    yield from _sheets(
        book,
        formats,
        *(money_by.instrument, money_by.partnership, money_by.area, money_by.action, money_by.year, targets.team_europe),
        *(on_request.rule_prices, on_request.value_of_money, on_request.budget_ladder, on_request.ranges, about.notes, sources.build),
    )


def _sheets(book: Book, formats: Formats, *builders: object) -> Iterator[Section]:
    """Yield sheets of the workbook as sections, and of those for outside only what may leave the house."""
    built = [sheet for builder in builders if (sheet := builder(book)) is not None and sheet.table.height]  # type: ignore[operator]
    shown: Sequence[Sheet] = for_outside(book, built) if book.outside else built
    waterfall = compare.waterfall(book)
    for sheet in shown:
        section = section_of(sheet, formats, pictures_of(sheet, [*shown, *([waterfall] if waterfall else [])], formats))
        tables = [replace(table, closed=sheet.key in CLOSED) for table in section.tables]
        says = (*section.says, *([book.words("page.heat.says")] if sheet.key == "heat_map" else []))
        yield replace(section, says=says, tables=tables, printed=sheet.key in PRINTED)


def _lead(book: Book) -> Section:
    """The message: what is sought, the headline, who gains and loses, what is missed, how firm it is, what is not proved."""
    brief, words = book.brief, book.words
    parts = []
    if brief.missed:
        shown = [[Shown(m.says), Shown(m.amount), Shown(m.limit)] for m in brief.missed]
        headings = [(book.title("says"), False), (words("page.came_to"), True), (words("page.asked_for"), True)]
        parts.append(PageTable("missed", words("page.missed"), headings, shown))
    said = [brief.asked, *brief.sentences[:1], *brief.standing, *brief.sentences[1:]]
    texts = [one.text(words) for one in said]
    if by_decision := book.by_decision():
        texts.append(f"{words('brief.by_decision', by_decision=book.plan.tally.by_decision)} {by_decision}")
    firm = [text for text in (brief.firmness, brief.fairness) if text]
    return Section("brief", words("page.brief"), [*texts, *firm], tables=parts)


def _partnerships(book: Book) -> Section:
    """One bar per partnership: decided, newly planned, given by others, need not met; the most missing first."""
    rows, words, places = book.brief.rows, book.words, book.plan.scenario.decimals
    others = any(row.partner for row in rows)
    kinds = ("decided", "newly_planned", *(["partner_money"] if others else []), "not_met")
    names = [words("page.not_met") if kind == "not_met" else book.title(kind) for kind in kinds]

    def parts(row: Recipient) -> list[float]:
        return [row.decided, row.new, *([row.partner] if others else []), row.missing]

    longest = max((sum(parts(row)) for row in rows), default=0.0) or 1.0

    def amounts(values: Sequence[float]) -> list[Shown]:
        return [Shown(words.number(value, places) if value else "–", value) for value in values]

    def bar(values: Sequence[float]) -> Shown:
        starts = np.cumsum([0.0, *values]) / longest * 100
        bars = [Bar(round(float(starts[k]), 2), round(100 * v / longest, 2), kinds[k]) for k, v in enumerate(values) if v]
        return Shown("", sum(values), "long", tuple(bars))

    shown = [[Shown(row.name), bar(parts(row)), *amounts(parts(row))] for row in rows]
    totals = [round(sum(parts(row)[k] for row in rows), places) for k in range(len(kinds))]
    headings = [(book.title("partnership"), False), (words("page.bar"), False), *((name, True) for name in names)]
    total = [Shown(book.say("total.all")), Shown(""), *amounts(totals)]
    table = PageTable("partnerships", words("page.partnerships.title"), headings, shown, [total])
    says = words("page.partnerships.says")
    return Section("needs", table.caption, (says,), words("workbook.unit"), tables=[table], legend=list(zip(kinds, names, strict=True)))


def _coverage(book: Book) -> Section:
    """How much of each need is met, and the same colour for the same part of it."""
    needs, coverage, words = book.facts.needs, book.plan.coverage, book.words
    holder = book.facts.dimensions.area.holder
    grid = np.zeros((2, len(book.facts.partnerships), len(book.facts.areas)))
    np.add.at(grid[0], (needs.partnership, np.asarray(holder)[needs.area]), coverage.need)
    np.add.at(grid[1], (needs.partnership, np.asarray(holder)[needs.area]), coverage.met)
    people = [p for p in range(grid.shape[1]) if grid[0, p].any()]

    def part(need: float, met: float) -> Shown:
        if not need:
            return Shown("")
        return Shown(words.share(met / need, 0), met / need, shade(met / need))

    everyone = [*((book.full_name("partnership", p), grid[:, p]) for p in people), (book.say("total.all"), grid.sum(axis=1))]
    rows = [[Shown(name), *(part(*found[:, a]) for a in book.areas), part(*found.sum(axis=1))] for name, found in everyone]
    headings = [(book.title("partnership"), False), *((book.label("area", a), True) for a in book.areas), (book.title("total"), True)]
    table = PageTable("coverage", words("page.coverage.title"), headings, rows[:-1], rows[-1:])
    return Section("coverage-section", table.caption, (words("page.coverage.says"),), tables=[table], printed=False)


def _years(book: Book) -> Section:
    """Small multiples: years by area of the largest partnerships, each on a scale of its own; and the same as a table."""
    words, years, sizes = book.words, book.facts.years, book.budget.sum(axis=(1, 2))
    largest = sorted((p for p in book.leaves if sizes[p]), key=lambda p: (-int(sizes[p]), p))[:LARGEST]
    pictures: list[Picture] = []
    rows: list[list[Shown]] = []
    for p in largest:
        money, name = book.budget[p], book.full_name("partnership", p)
        said = ", ".join(f"{year} {_eur(book, money[:, t].sum())}" for t, year in enumerate(years))
        pictures.append(Picture(f"years-{len(pictures)}", name, f"{name}: {said}", (240, 120), list(_columns(book, money))))
        for a in book.areas:
            if money[a].any():
                cells = [Shown(_eur(book, steps), book.eur(steps)) for steps in (*money[a], money[a].sum())]
                rows.append([Shown(name), Shown(book.label("area", a)), *cells])
    of_years = [*((str(year), True) for year in years), (book.title("total"), True)]
    headings = [(book.title("partnership"), False), (book.title("area"), False), *of_years]
    table = PageTable("years-table", words("page.years.table"), headings, rows, closed=True)
    legend = [(f"c{n % 8}", book.label("area", a)) for n, a in enumerate(book.areas)]
    says = words("page.years.says", count=len(largest))
    return Section("years", words("page.years.title"), (says,), words("workbook.unit"), pictures, [table], legend=legend, printed=False)


def _columns(book: Book, money: IntArray) -> Iterator[Shape]:
    room, highest = 232 / len(book.facts.years), int(money.sum(axis=0).max()) or 1
    yield Shape("line", {"class": "grid", "x1": 4, "x2": 236, "y1": 16, "y2": 16})
    yield Shape("text", {"x": 236, "y": 12, "text-anchor": "end"}, _eur(book, highest))
    for t, year in enumerate(book.facts.years):
        bottom = 100.0
        for n, a in enumerate(book.areas):
            size = round(int(money[a, t]) / highest * 84, 2)
            if size:
                bottom = round(bottom - size, 2)
                place = {"x": round(4 + room * t + room * 0.12, 2), "y": bottom, "width": round(room * 0.76, 2), "height": size}
                yield Shape("rect", {"class": f"c{n % 8}", **place}, title=f"{year}, {book.label('area', a)}: {_eur(book, money[a, t])}")
        yield Shape("text", {"x": round(4 + room * (t + 0.5), 2), "y": 115, "text-anchor": "middle"}, f"’{year % 100:02d}")


def _eur(book: Book, steps: object) -> str:
    value = book.eur(steps)
    return book.words.number(value, book.plan.scenario.decimals) if value else "–"


def _rules(book: Book) -> Section:
    """Every rule once: what it says, how strongly it holds, how many requirements it makes and how many hold, and what it costs."""
    words, plan = book.words, book.plan
    rows = []
    for _, found in groupby(enumerate(plan.findings), key=lambda one: one[1].rule.id):
        group = list(found)
        if not group[0][1].rule.built_in:
            rows.append(_rule(book, group))
    headings = [(book.title("rule"), False), (book.title("says"), False), (book.title("force"), False), (book.title("status"), False)]
    prices = [] if book.outside else [*((book.title(key), True) for key in ("one_more", "one_less")), (book.title("price_basis"), False)]
    headings += [(words("page.kept"), True), *prices, (book.title("source"), False)]
    says = (words("page.rules.says"), *([] if book.outside else [words("page.rules.price")]))
    table = PageTable("rules-table", words("page.rules.title"), headings, rows)
    return Section("rules", table.caption, says, tables=[table], printed=False)


def _rule(book: Book, group: Sequence[tuple[int, Finding]]) -> list[Shown]:
    rule, statuses = group[0][1].rule, [finding.status for _, finding in group]
    worst = min(statuses, key=WORST_FIRST.index)
    kept = sum(status in (OK, AT_LIMIT) for status in statuses)
    says = group[0][1].said(book.names, book.language) if len(group) == 1 else sources.in_general(book, rule)
    cells = [Shown(rule.id), Shown(says), Shown(book.word("force", force(rule))), Shown(book.status(worst), None, FLAGS.get(worst, ""))]
    cells.append(Shown(f"{kept}/{len(group)}", kept / len(group)))
    return [*cells, *([] if book.outside else _prices(book, [k for k, _ in group])), Shown(rule.source)]


def _prices(book: Book, positions: Sequence[int]) -> list[Shown]:
    """What a limit is worth, of the requirement whose limit is worth most, and what that figure is: as on the sheet Rules."""
    worths, places = book.plan.evidence.demands, Formats(book.words, book.plan.scenario.decimals)

    def most(k: int) -> float:
        return max((abs(v) for v in worths[k][:2] if isfinite(v)), default=0.0) if k in worths else -1.0

    k = max(positions, key=most)
    found = [v if isfinite(v) else None for v in worths[k][:2]] if k in worths else [None, None]
    shown = [Shown("") if v is None else Shown(places.text(v, "price"), v) for v in found]
    return [*shown, Shown(str(plain(basis(book, k, book.plan.rules_table["price_basis"][k])) or ""))]


def _each(book: Book) -> Section:
    """A closed section for every partnership: its money by area and year, its needs, and what the rules ask for it."""
    words, about_it = book.words, dict[str, list[int]]()
    for k, finding in enumerate(book.plan.findings):
        for member in () if finding.rule.built_in else finding.member:
            about_it.setdefault(member, []).append(k)
    parts = []
    for row in sorted(book.brief.rows, key=lambda row: row.name):
        p = book.facts.dimensions.partnership.ids.index(row.id)
        tables = [*_by_area(book, p, row), *_by_year(book, p, row), *_asked(book, p, row, about_it.get(row.id, []))]
        if tables:
            parts.append(Section(f"p{p}", f"{row.name}: {words.number(row.planned, book.plan.scenario.decimals)}", tables=tables))
    return Section("each", words("page.each.title"), (words("page.each.says"),), words("workbook.unit"), parts=parts, printed=False)


def _by_area(book: Book, p: int, row: Recipient) -> list[PageTable]:
    needs, holder, places = book.facts.needs, np.asarray(book.facts.dimensions.area.holder), book.plan.scenario.decimals
    mine, money = needs.partnership == p, book.budget[p].sum(axis=1)
    values = (book.plan.coverage.need, book.plan.coverage.met)
    need, met = (np.bincount(holder[needs.area[mine]], value[mine], len(holder)) for value in values)

    def cells(a: int) -> list[Shown]:
        return [Shown(book.words.number(v, places) if v else "–", v) for v in (need[a], met[a])]

    rows = [[Shown(book.label("area", a)), _sum(book, money[a]), *cells(a)] for a in book.areas if money[a] or need[a]]
    headings = [(book.title("area"), False), *((book.title(key), True) for key in ("planned", "need", "met"))]
    return [PageTable(f"p{p}-areas", book.words("page.by_area", name=row.name), headings, rows)] if rows else []


def _by_year(book: Book, p: int, row: Recipient) -> list[PageTable]:
    money = book.cube[:, p].sum(axis=1)
    some = [k for k in range(len(money)) if money[k].any()]
    rows = [[Shown(book.label("instrument", k)), *(_sum(book, s) for s in (*money[k], money[k].sum()))] for k in some]
    headings = [(book.title("instrument"), False), *((str(year), True) for year in book.facts.years), (book.title("total"), True)]
    return [PageTable(f"p{p}-years", book.words("page.by_instrument", name=row.name), headings, rows)] if rows else []


def _sum(book: Book, steps: object) -> Shown:
    return Shown(_eur(book, steps), book.eur(steps))


def _asked(book: Book, p: int, row: Recipient, positions: Sequence[int]) -> list[PageTable]:
    """What rules ask for a partnership, with amount, limit and status."""
    if not positions:
        return []
    places, shown = book.plan.scenario.decimals, []
    for k in positions:
        finding = book.plan.findings[k]
        decimals = places if finding.rule.in_money else 0
        amount, limit = book.words.number(finding.amount, decimals), book.words.number(finding.limit, decimals)
        status = Shown(book.status(finding.status), None, FLAGS.get(finding.status, ""))
        says = finding.said(book.names, book.language)
        shown.append([Shown(says), Shown(amount, float(finding.amount)), Shown(limit, float(finding.limit)), status])
    headings = [(book.title("says"), False), (book.title("amount"), True), (book.title("limit"), True), (book.title("status"), False)]
    return [PageTable(f"p{p}-rules", book.words("page.by_rule", name=row.name), headings, shown)]
