"""Assumptions and sources: every figure of the scenario once, with where it comes from and how well it is founded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Sheet, Styled
from fundalloc.export.workbook.sheets.rules import written_in
from fundalloc.facts.dimensions import NAMES
from fundalloc.labels import own_words
from fundalloc.money import percent
from fundalloc.rules.kind import Kind


class _Figure(NamedTuple):
    """What kind of figure, whose, how much, in which unit; where it comes from and is written."""

    what: str
    whose: str
    figure: Cell
    unit: str
    source: str
    confidence: str
    where: str = ""


def build(book: Book) -> Sheet:
    """Return the sheet."""
    entries = [*_money(book), *_partnerships(book), *_coefficients(book), *_decided(book), *_rules(book)]
    none = book.say("not_stated")
    columns = (
        book.column("what", "strong", [book.say(f"figure.{e.what}") for e in entries], width=20),
        book.column("concerns", "text", [e.whose for e in entries], width=54),
        book.column("figure", "figure", [e.figure for e in entries], width=13),
        book.column("unit", "note", [book.word("unit_of", e.unit) for e in entries], width=16),
        book.column("source", "text", [e.source or none for e in entries], width=74),
        book.column("confidence", "note", [e.confidence or none for e in entries], width=14),
        book.column("written_in", "code", [e.where for e in entries], printed=False),
    )
    return book.sheet("sources", "Sources", columns, filtered=True, money=False, colour="rest")


def _of(entry: Any, what: str, whose: str, figure: Any, unit: str = "money") -> _Figure:
    """Return a figure of an entry that says its source and confidence; shares are shown as per cent."""
    shown = figure if isinstance(figure, str) else Styled(float(figure), "share") if unit == "share" else float(figure)
    return _Figure(what, whose, shown, unit, entry.source, entry.confidence)


def _money(book: Book) -> Iterator[_Figure]:
    facts, names = book.facts, book.labels["instrument"]
    for i in facts.instruments:
        name = names[i.id]
        if i.ceiling is not None and i.ceiling.total is not None:
            yield _of(i, "ceiling", f"{name}, {book.say('whole_period')}", i.ceiling.total)
        for year in facts.years:
            if i.ceiling is not None and (amount := i.ceiling.in_year(year)) is not None:
                yield _of(i, "ceiling", f"{name}, {year}", amount)
        if i.reserve:
            yield _of(i, "reserve", name, i.reserve, "share")
        for key, profile in (("payment_profile", i.payment_profile), ("contracting_profile", i.contracting_profile)):
            if profile:
                yield _of(i, key, f"{name}: {', '.join(map(percent, profile))}", book.say("not_applicable"), "share")
        for year, amount in i.outstanding.items():
            yield _of(i, "outstanding", f"{name}, {year}", amount)
    for transfer in facts.transfers:
        yield _of(transfer, "transfer", f"{names[transfer.giving]} → {names[transfer.taking]}", transfer.at_most, "share")


def _partnerships(book: Book) -> Iterator[_Figure]:
    facts, needs, years = book.facts, book.facts.needs, book.facts.years
    for p in facts.partnerships:
        for year in years:
            amount = p.absorption_in(year)
            if amount is not None and (year == years[0] or amount != p.absorption_in(year - 1)):
                yield _of(p, "absorption", f"{book.labels['partnership'][p.id]}, {year}", amount)
    for k, (partnership, area) in enumerate(zip(needs.partnership, needs.area, strict=True)):
        whose = f"{book.label('partnership', partnership)} · {book.label('area', area)}"
        yield _Figure("need", whose, float(needs.need.values[k]), "money", needs.source[k], needs.confidence[k])


def _coefficients(book: Book) -> Iterator[_Figure]:
    facts, instruments, areas, everything = book.facts, book.labels["instrument"], book.labels["area"], book.say("all")
    for e in facts.eligibility:
        whose = f"{instruments[e.keys[0]]} · {areas[e.keys[1]]}"
        yield _Figure("effectiveness", whose, float(e.value), "factor", e.source or book.within(e.reason), e.confidence)
    for e in facts.coefficients:
        where = f"{areas.get(e.keys[1], everything)} · {instruments.get(e.keys[2], everything)}"
        yield _of(e, "coefficient", f"{book.word('marker', e.keys[0])} · {where}", e.value, "factor")


def _decided(book: Book) -> Iterator[_Figure]:
    years = book.facts.years
    for table in (book.facts.decided, book.facts.memo):
        for k in range(len(table)):
            whose = f"{book.label('instrument', table.instrument[k])} · {book.label('partnership', table.partnership[k])}"
            yield _Figure(
                "decided", f"{whose}, {years[table.year[k]]}", book.eur(table.amount[k]), "money", table.source[k], table.confidence[k]
            )


def _rules(book: Book) -> Iterator[_Figure]:
    """One entry per rule and figure; a rule with different figures for its members has one for each of them."""
    findings = [f for f in book.plan.findings if not f.rule.built_in]
    for _, group in groupby(findings, key=lambda f: (f.rule.id, str(f.sense))):
        same = list(group)
        differ = len({f.figure for f in same}) > 1
        for f in same if differ else same[:1]:
            said = f.said(book.names, book.language) if differ else in_general(book, f.rule)
            unit = "share" if f.base is not None else "money" if f.rule.in_money else f.rule.unit
            figure = _of(f.rule, "limit", f"{said} ({book.word('side', str(f.sense))})", f.figure, unit)
            yield figure._replace(where=written_in(book, f.rule))


def in_general(book: Book, rule: Kind) -> str:
    """Return the sentence of a rule with the names of dimensions in place of members."""
    words = {name: book.title(name).lower() for name in NAMES} | dict(own_words(book.language))
    return rule.sentence([f"[{words.get(word, word)}]" for word in rule.words], {}, book.language)
