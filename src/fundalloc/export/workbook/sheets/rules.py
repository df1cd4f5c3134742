"""Every demand of every rule: amount, limit, headroom and status, live; and where it comes from."""

from __future__ import annotations

from fractions import Fraction
from pathlib import PurePath

import numpy as np

from fundalloc.errors import Place
from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Formula, Sheet, Styled, Table
from fundalloc.export.workbook.live import Live, live_rules
from fundalloc.plan.verify import AT_LIMIT, BREACH, DECIDED, MISSED, OK, Finding
from fundalloc.rules._kind import Kind, Sense

TABLE = "Rules"
SIGN = {Sense.AT_MOST: 1, Sense.AT_LEAST: -1, Sense.EXACTLY: 0}


def build(book: Book) -> Sheet:
    """Return the sheet."""
    findings, live = book.plan.findings, live_rules(book)
    paired = list(zip(findings, live, strict=True))
    table = Table(
        TABLE,
        (
            book.column("rule", "strong", [f.rule.id for f in findings], width=24),
            book.column("says", "text", [f.rule.sentence(f.member, book.names, book.language) for f in findings], width=60),
            book.column("force", "text", [book.word("force", force(f.rule)) for f in findings], width=10),
            book.column("side", "text", [book.word("side", str(f.sense)) for f in findings], width=10),
            book.column("amount", "amount", [_stored_or_live(x.amount, float(f.amount)) for f, x in paired]),
            book.column("out_of", "amount", [None if f.base is None else _stored_or_live(x.base, float(f.base)) for f, x in paired]),
            book.column("value", "share", [_value(book, f) for f in findings], width=11),
            book.column("required", "amount", [_required(f) for f in findings], width=11),
            book.column("limit", "amount", [_limit(book, f) for f in findings]),
            book.column("headroom", "amount", [Formula(_headroom(book), float(f.headroom)) for f in findings]),
            book.column("status", "text", [Formula(_status(book), book.status(f.status)) for f in findings], width=12, flags=flags(book)),
            book.column("shadow_price", "price", [price(float(p)) for p in book.plan.prices], width=11),
            book.column("negotiable", "note", [book.word("negotiable", f.rule.negotiable) for f in findings], width=12, printed=False),
            book.column("source", "note", [f.rule.source for f in findings], width=60, printed=False),
            book.column("kind", "text", [book.word("kind", f.rule.kind) for f in findings], printed=False),
            book.column("member", "code", ["|".join(f.member) for f in findings], printed=False),
            book.column("penalty", "points", [None if f.rule.soft is None else float(f.rule.soft) for f in findings], printed=False),
            book.column("confidence", "note", [f.rule.confidence for f in findings], printed=False),
            book.column("written_in", "code", [written_in(book, f.rule) for f in findings], printed=False),
            book.column("measured", "text", [book.word("measured", _measured(x)) for x in live], printed=False),
            book.column("sign", "integer", [SIGN[f.sense] for f in findings], width=9, printed=False),
            book.column("room", "amount", [float(_room(book, f)) for f in findings], printed=False),
            book.column("if_broken", "text", [_if_broken(book, f) for f in findings], printed=False),
        ),
        filtered=True,
    )
    return Sheet("rules", book.sheet_text("rules", "title"), book.sheet_text("rules", "says"), table, unit=book.say("unit"))


def force(rule: Kind) -> str:
    """Return how strongly a rule holds: hard, soft or watched."""
    return "hard" if rule.hard else "watched" if rule.watch else "soft"


def price(value: float) -> float | None:
    """Return a shadow price without the solver's last digits; None where there is none."""
    return None if np.isnan(value) else round(value, 6) + 0.0


def flags(book: Book) -> tuple[tuple[str, str], ...]:
    """Return the words that colour a status cell."""
    return tuple(
        (book.status(word), style)
        for word, style in ((AT_LIMIT, "at_limit"), (BREACH, "breach"), (MISSED, "warning"), (DECIDED, "warning"))
    )


def written_in(book: Book, rule: Kind) -> str:
    """Return file and line of a rule, without the folder: the same on every machine."""
    place: Place | None = book.plan.scenario.places.get(rule.id)
    if place is None:
        return PurePath(book.plan.scenario.file).name
    name = PurePath(place.file).name
    return f"{name}:{place.line}" if place.line else f"{name} {place.cell}".strip()


def _stored_or_live(text: str | None, value: float) -> Cell:
    return value if text is None else Formula(f"={text}", value)


def _measured(live: Live) -> str:
    return "live" if live.amount is not None else "stored"


def _value(book: Book, finding: Finding) -> Cell:
    if finding.base is None:
        return None
    none = book.say("not_applicable")
    text = f"=IFERROR({book.here(TABLE, 'amount')}/{book.here(TABLE, 'out_of')},{quoted(none)})"
    return Formula(text, float(finding.amount / finding.base) if finding.base else none)


def _required(finding: Finding) -> Cell:
    return Styled(float(finding.figure), "share") if finding.base is not None else float(finding.figure)


def _limit(book: Book, finding: Finding) -> Cell:
    """The limit as a formula of what is required, or stored where the kind's limit is none."""
    base, required, amount = (book.here(TABLE, column) for column in ("out_of", "required", "amount"))
    if finding.rule.or_nothing:
        return Formula(f"=IF({amount}=0,0,{required})", float(finding.limit))
    share = None if finding.base is None else finding.figure * finding.base + SIGN[finding.sense] * _room(book, finding)
    if finding.limit != (finding.figure if share is None else share):
        return float(finding.limit)
    text = f"=IF(ISNUMBER({base}),{required}*{base}+{book.here(TABLE, 'sign')}*{book.here(TABLE, 'room')},{required})"
    return Formula(text, float(finding.limit))


def _headroom(book: Book) -> str:
    """Room on the right side of the limit; an exact rule has none, and is broken when it is off by more than its room."""
    sign, room = book.here(TABLE, "sign"), book.here(TABLE, "room")
    left = f"{book.here(TABLE, 'limit')}-{book.here(TABLE, 'amount')}"
    return f"=ROUND(IF({sign}=0,MIN(0,{room}-ABS({left})),{sign}*({left})),7)"


def _status(book: Book) -> str:
    left = book.here(TABLE, "headroom")
    words = f"{quoted(book.status(OK))},{quoted(book.status(AT_LIMIT))},{book.here(TABLE, 'if_broken')}"
    return f"=CHOOSE(1+({left}<RoundingStep)+({left}<0),{words})"


def _room(book: Book, finding: Finding) -> Fraction:
    """By how much the limit is wider than the share alone; for an exact share, how far it may be off."""
    if finding.base is None:
        return Fraction(0)
    if finding.sense is Sense.EXACTLY:
        return book.plan.scenario.facts.step
    return abs(finding.limit - finding.figure * finding.base)


def _if_broken(book: Book, finding: Finding) -> str:
    return book.status(MISSED if not finding.rule.hard else DECIDED if finding.status == DECIDED else BREACH)
