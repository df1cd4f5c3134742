"""Assumptions and sources: every figure of the scenario once, with where it comes from and how well it is founded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Sheet, Styled
from fundalloc.export.workbook.sheets.rules import written_in
from fundalloc.facts.dimensions import NAMES
from fundalloc.money import percent
from fundalloc.rules.kind import Kind

TABLE = "Sources"


@dataclass(frozen=True)
class _SourcedFigure:
    """One figure: what kind of figure, whose, how much, in which unit."""

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
    return book.sheet("sources", TABLE, columns, filtered=True, money=False, colour="input")


def _money(book: Book) -> Iterator[_SourcedFigure]:
    facts, names = book.facts, book.labels["instrument"]
    for i in facts.instruments:
        if i.ceiling is not None and i.ceiling.total is not None:
            whose = f"{names[i.id]}, {book.say('whole_period')}"
            yield _SourcedFigure("ceiling", whose, float(i.ceiling.total), "money", i.source, i.confidence)
        for year in facts.years:
            amount = i.ceiling.in_year(year) if i.ceiling is not None else None
            if amount is not None:
                yield _SourcedFigure("ceiling", f"{names[i.id]}, {year}", float(amount), "money", i.source, i.confidence)
        if i.reserve:
            yield _SourcedFigure("reserve", names[i.id], _percent(float(i.reserve)), "share", i.source, i.confidence)
        for key, profile in (("payment_profile", i.payment_profile), ("contracting_profile", i.contracting_profile)):
            if profile:
                whole = ", ".join(percent(share) for share in profile)
                yield _SourcedFigure(key, f"{names[i.id]}: {whole}", book.say("not_applicable"), "share", i.source, i.confidence)
        for year, amount in i.outstanding.items():
            yield _SourcedFigure("outstanding", f"{names[i.id]}, {year}", float(amount), "money", i.source, i.confidence)
    for transfer in facts.transfers:
        whose = f"{names[transfer.giving]} → {names[transfer.taking]}"
        yield _SourcedFigure("transfer", whose, _percent(float(transfer.at_most)), "share", transfer.source, transfer.confidence)


def _partnerships(book: Book) -> Iterator[_SourcedFigure]:
    facts, names, areas = book.facts, book.labels["partnership"], book.labels["area"]
    for p in facts.partnerships:
        for year in facts.years:
            amount = p.absorption_in(year)
            if amount is not None and (year == facts.years[0] or amount != p.absorption_in(year - 1)):
                yield _SourcedFigure("absorption", f"{names[p.id]}, {year}", float(amount), "money", p.source, p.confidence)
    needs = facts.needs
    for k in range(len(needs)):
        whose = f"{names[facts.partnerships[needs.partnership[k]].id]} · {areas[facts.areas[needs.area[k]].id]}"
        yield _SourcedFigure("need", whose, float(needs.need.values[k]), "money", needs.source[k], needs.confidence[k])


def _coefficients(book: Book) -> Iterator[_SourcedFigure]:
    facts, names, everything = book.facts, book.labels, book.say("all")
    for e in facts.eligibility:
        whose = f"{names['instrument'][e.keys[0]]} · {names['area'][e.keys[1]]}"
        yield _SourcedFigure("effectiveness", whose, float(e.value), "factor", e.source or book.within(e.reason), e.confidence)
    for e in facts.coefficients:
        where = names["area"].get(e.keys[1], everything), names["instrument"].get(e.keys[2], everything)
        yield _SourcedFigure(
            "coefficient", f"{book.word('marker', e.keys[0])} · {where[0]} · {where[1]}", float(e.value), "factor", e.source, e.confidence
        )


def _decided(book: Book) -> Iterator[_SourcedFigure]:
    facts, names = book.facts, book.labels
    for table in (facts.decided, facts.memo):
        for k in range(len(table)):
            ids = (("instrument", facts.instruments[table.instrument[k]].id), ("partnership", facts.partnerships[table.partnership[k]].id))
            whose = " · ".join(names[name][member] for name, member in ids)
            yield _SourcedFigure(
                "decided",
                f"{whose}, {facts.years[table.year[k]]}",
                book.eur(table.amount[k]),
                "money",
                table.source[k],
                table.confidence[k],
            )


def _rules(book: Book) -> Iterator[_SourcedFigure]:
    """One entry per rule and figure; a rule with different figures for its members has one for each of them."""
    findings = [f for f in book.plan.findings if not f.rule.built_in]
    for (_, _), group in groupby(findings, key=lambda f: (f.rule.id, str(f.sense))):
        same = list(group)
        for f in same if len({f.figure for f in same}) > 1 else same[:1]:
            figure = _percent(float(f.figure)) if f.base is not None else float(f.figure)
            unit = "share" if f.base is not None else "money" if f.rule.in_money else f.rule.unit
            said = f.said(book.names, book.language) if len({f.figure for f in same}) > 1 else _in_general(book, f.rule)
            yield _SourcedFigure(
                "limit",
                f"{said} ({book.word('side', str(f.sense))})",
                figure,
                unit,
                f.rule.source,
                f.rule.confidence,
                written_in(book, f.rule),
            )


def _in_general(book: Book, rule: Kind) -> str:
    """Return the sentence of a rule with the names of dimensions in place of members."""
    words = rule.words
    return rule.sentence([f"[{book.title(word).lower()}]" if word in NAMES else f"[{word}]" for word in words], {}, book.language)


def _percent(value: float) -> Cell:
    return Styled(value, "share")
