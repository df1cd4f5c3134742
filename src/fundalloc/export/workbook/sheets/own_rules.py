"""Rules of the reader's own: type who, what and how much, and see at once whether the plan keeps it."""

from __future__ import annotations

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Formula, Sheet
from fundalloc.export.workbook.sheets.allocation import LONGEST_AUTHOR, LONGEST_COMMENT
from fundalloc.export.workbook.sheets.rules import status_column
from fundalloc.rules.statement import Sense

TABLE = "OwnRules"
ROWS = 8
EVERYTHING = "*"
SELECTIONS = ("instrument", "partnership", "area")


def build(book: Book) -> Sheet:
    """Return the sheet: prepared rows without a limit."""
    facts = book.facts
    any_ = [EVERYTHING] * ROWS
    none = [None] * ROWS
    sides = tuple(book.word("side", str(sense)) for sense in (Sense.AT_LEAST, Sense.AT_MOST))
    picks = book.entry("pick", longest=120)
    columns = (
        book.column("own_says", "input_text", none, width=40, entry=book.entry("comment", longest=LONGEST_COMMENT)),
        *(book.column(f"own_{name}", "input_text", any_, width=19, entry=picks) for name in SELECTIONS),
        book.column("own_from", "input_year", [facts.years[0]] * ROWS, width=10, entry=book.entry("year", least=0)),
        book.column("own_to", "input_year", [facts.years[-1]] * ROWS, width=10, entry=book.entry("year", least=0)),
        book.column("own_side", "input_text", [sides[0]] * ROWS, width=12, entry=book.entry("side", choices=sides)),
        book.column("own_limit", "input_figure", none, width=12, entry=book.entry("own_limit", least=0)),
        book.column(
            "own_of", "input_text", [book.word("own_of", "amount")] * ROWS, width=18, entry=book.entry("own_of", choices=_bases(book))
        ),
        book.column("amount", "amount", _amounts(book), width=12),
        book.column("out_of", "amount", _out_of(book), width=12),
        book.column("headroom", "amount", [Formula(_headroom(book, sides[1]), 0)] * ROWS, width=12),
        status_column(book, [Formula(_status(book), book.say("own_empty"))] * ROWS, book.say("own_empty")),
        book.column("author_input", "input_text", none, width=14, entry=book.entry("author", longest=LONGEST_AUTHOR)),
    )
    return book.sheet("own_rules", TABLE, columns, extended=True, colour="input", one_page=True)


def _bases(book: Book) -> tuple[str, ...]:
    """What a limit may be a share of: nothing, the EU budget, or all money of the same partnership or instrument."""
    return tuple(book.word("own_of", word) for word in ("amount", "budget", "partnership", "instrument"))


def _criteria(book: Book, *names: str) -> list[tuple[str, str]]:
    found = [(f"{name}_id", book.here(TABLE, f"own_{name}")) for name in names]
    years = [("year", f'">="&{book.here(TABLE, "own_from")}'), ("year", f'"<="&{book.here(TABLE, "own_to")}')]
    return [*found, *years]


def _amounts(book: Book) -> list[Cell]:
    text = book.planned(*_criteria(book, *SELECTIONS))
    return [Formula(f"={text}", book.eur(book.plan.steps.sum()))] * ROWS


def _out_of(book: Book) -> list[Cell]:
    """1 for an amount; otherwise the money that the limit is a share of."""
    budget = book.planned(book.kind_is("budget"), *_criteria(book))
    partnership, instrument = (book.planned(*_criteria(book, name)) for name in ("partnership", "instrument"))
    words = "{" + ",".join(quoted(word) for word in _bases(book)) + "}"
    return [Formula(f"=CHOOSE(MATCH({book.here(TABLE, 'own_of')},{words},0),1,{budget},{partnership},{instrument})", 1)] * ROWS


def _headroom(book: Book, at_most: str) -> str:
    limit = f"{book.here(TABLE, 'own_limit')}*{book.here(TABLE, 'out_of')}"
    sign = f"IF({book.here(TABLE, 'own_side')}={quoted(at_most)},1,-1)"
    return f'=IF({book.here(TABLE, "own_limit")}="",0,ROUND({sign}*({limit}-{book.here(TABLE, "amount")}),6))'


def _status(book: Book) -> str:
    left = book.here(TABLE, "headroom")
    words = f"{quoted(book.status('ok'))},{quoted(book.status('at limit'))},{quoted(book.status('breach'))}"
    chosen = f"CHOOSE(1+({left}<RoundingStep)+({left}<0),{words})"
    return f'=IF({book.here(TABLE, "own_limit")}="",{quoted(book.say("own_empty"))},{chosen})'
