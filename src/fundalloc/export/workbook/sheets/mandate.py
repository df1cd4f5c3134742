"""The political mandate: every statement with what answers it, live."""

from __future__ import annotations

from collections import Counter

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Fact, Formula, Sheet
from fundalloc.export.workbook.line_sums import Boxes, columns_for
from fundalloc.export.workbook.plan_sums import Box
from fundalloc.export.workbook.sheets.inputs import concern
from fundalloc.export.workbook.sheets.rules import status_column
from fundalloc.facts.citation import cited
from fundalloc.facts.dimensions import WORDS
from fundalloc.insight.mandate import MONEY, NO_MONEY, RULE, WORST_FIRST, Backing, backing
from fundalloc.rules._sentence import names_of


def build(book: Book) -> Sheet:
    """Return what answers each statement; nothing is added up, because money may serve several of them."""
    rows = list(backing(book.plan, book.language))
    (common, times), *_ = Counter((row.source, row.confidence) for row in rows).most_common(1) or [(("", ""), 0)]
    shared = bool(common[0]) and times > 1
    own = [row._replace(source="", confidence="") if shared and (row.source, row.confidence) == common else row for row in rows]
    texts = [row.text if k == 0 or row.statement != rows[k - 1].statement else None for k, row in enumerate(rows)]
    columns = (
        book.column("item", "strong", [row.statement for row in rows], width=10),
        book.column("says", "text", texts, width=54),
        book.column("concerns", "text", [_concerns(book, row) for row in rows], width=58),
        book.column("amount", "total", [_amount(book, row) for row in rows], width=13),
        status_column(book, [_status(book, row) for row in rows]),
        book.column("rules_kept", "text", [_kept(book, row) for row in rows], width=11),
        *book.founded(own, 40),
    )
    said = cited(common[0], book.language), book.word("confidence", cited(common[1], book.language))
    facts = (Fact("", book.say("source_of_others", source=" · ".join(filter(None, said)))),) if shared else ()
    return book.sheet("mandate", "Mandate", columns, facts=facts)


def _concerns(book: Book, row: Backing) -> Cell:
    """What the money is about, the rule with its sentence without figures, which readers may change, or what is to be known."""
    if row.answer != RULE:
        return concern(book, row.money) if row.money else row.what
    for rule in (rule for rule in book.plan.scenario.rules if rule.id == row.what):
        members = [book.title(word) if word in WORDS else book.word("group", word) for word in rule.words]
        return f"{rule.id}: {rule.sentence(members, {}, book.language, figures=dict.fromkeys(names_of(rule), '…'))}"
    return f"{row.what}: {book.plan.scenario.switched_off['rules'][row.what]}"


def _amount(book: Book, row: Backing) -> Cell:
    none = book.say("no_money")
    if row.money is None:
        return none if row.answer == NO_MONEY else None
    text = Boxes(book).total(Box(*row.money.masks(book.facts.dimensions)), columns_for(row.money.marker)[0])
    return Formula(f"=IF({text}=0,{quoted(none)},{text})", row.amount if row.answer == MONEY else none)


def _status(book: Book, row: Backing) -> Cell:
    """The worst status that any demand of the rule has on the sheet Rules; while it is off there is none."""
    if not row.demands:
        return book.say("not_applicable") if row.answer == RULE else None
    text = quoted(book.status(WORST_FIRST[-1]))
    for word in WORST_FIRST[-2::-1]:
        text = f"IF({_count(book, row, word)}>0,{quoted(book.status(word))},{text})"
    return Formula(f"={text}", book.status(row.status))


def _kept(book: Book, row: Backing) -> Cell:
    text = "+".join(_count(book, row, word) for word in WORST_FIRST[-2:])
    return Formula(f'={text}&"/{row.demands}"', f"{row.kept}/{row.demands}") if row.demands else None


def _count(book: Book, row: Backing, word: str) -> str:
    """Return the formula of how many demands of the rule have a status, however the sheet Rules is sorted."""
    number, last = book.all("Rules", "demand"), row.first + row.demands
    return f'COUNTIFS({number},">{row.first}",{number},"<={last}",{book.all("Rules", "status")},{quoted(book.status(word))})'
