"""The demands of all rules, live, and rules of the reader's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np

from fundalloc.errors import Place
from fundalloc.export.workbook.book import DIMENSIONS, Book, array, quoted
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet, Styled, Validation
from fundalloc.export.workbook.live_rules import SIGN, Live, about_one, live_rules, said_live
from fundalloc.money import half_up
from fundalloc.plan.evidence import possible_said
from fundalloc.plan.verify import AT_LIMIT, BREACH, DECIDED, MISSED, OK, Finding
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense

TABLE, OWN, NAMES = "Rules", "OwnRules", "Names"
ROWS, EVERYTHING = 8, "*"


def build(book: Book) -> Sheet:
    """Return every demand of every rule: amount, limit, headroom and status, live; and where it comes from."""
    paired = list(zip(book.plan.findings, live_rules(book), strict=True))
    paired, once = _added_up_once(book, paired) if book.left_out else (paired, [])
    columns = (*_printed(book, paired), *_typed(book, paired), *_measured(book, paired), *once)
    return book.sheet("rules", TABLE, columns, filtered=True, changed=("limit_input", "limit_as_run"), colour="input")


def _added_up_once(book: Book, paired: Sequence[tuple[Finding, Live]]) -> tuple[list[tuple[Finding, Live]], list[Column]]:
    """Of a plan of many lines, add up what several demands name in a column of its own, and look it up: sums are what takes time."""
    sums = [(k, text, value) for k, (f, x) in enumerate(paired) for text, value in ((x.amount, f.amount), (x.base, f.base))]
    named, cells, there = Counter(text for _, text, _ in sums), list[Cell]([None]) * len(paired), dict[str | None, str]()
    for k, text, value in sums:
        if text is not None and value is not None and "SUM" in text and named[text] > 1 and text not in there and cells[k] is None:
            cells[k], there[text] = Formula(f"={text}", float(value)), book.of_demand(k, "added_up")
    looked_up = [(f, replace(x, amount=there.get(x.amount, x.amount), base=there.get(x.base, x.base))) for f, x in paired]
    return looked_up, [book.column("added_up", "amount", cells, printed=False)]


def _printed(book: Book, paired: Sequence[tuple[Finding, Live]]) -> Iterator[Column]:
    """What a reader looks at: the demand, its amount and limit, and whether it holds."""
    findings = book.plan.findings
    room = "=" + _headroom(book, book.here(TABLE, "limit"), book.here(TABLE, "amount"))
    forces, sides = ([book.word("force", word) for word in ("hard", "soft", "watched")], [book.word("side", str(side)) for side in Sense])
    top = '=IF({out_of}="",1E+12,MAX(1,{limit_as_run}))'
    ceilings = {demand: key for key, demand in book.ceiling_demands.items()}
    yield book.column("rule", "strong", [f.rule.id for f in findings], width=22)
    yield book.column("says", "text", [said_live(book, f) for f in findings], width=56)
    yield book.column("force", "text", [book.word("force", force(f.rule)) for f in findings], width=book.room_for(*forces))
    yield book.column("side", "text", [book.word("side", str(f.sense)) for f in findings], width=book.room_for(*sides))
    yield book.column("amount", "amount", [_stored_or_live(x.amount, float(f.amount)) for f, x in paired], width=11)
    yield book.column("value", "share", [_value(book, f) for f in findings], width=9)
    yield book.column("limit_input", "input_figure", [_figure(f) for f in findings], width=11, entry=book.entry("limit", least=0, most=top))
    yield book.column("limit", "amount", [_limit(book, f, x, ceilings.get(k)) for k, (f, x) in enumerate(paired)], width=11)
    yield book.column("headroom", "amount", [Formula(room, half_up(f.headroom, book.headroom_places)) for f in findings], width=11)
    yield status_column(book, [Formula(_status(book), book.status(f.status)) for f in findings])
    worths, bases = book.plan.evidence.demands, book.plan.rules_table["price_basis"]
    for key, name in (("one_more", "more"), ("one_less", "less")):
        yield book.column(key, "price", [priced(getattr(worths[k], name)) if k in worths else None for k in range(len(findings))], width=11)
    yield book.column("price_basis", "note", [basis(book, k, word) for k, word in enumerate(bases)], width=26)


def _typed(book: Book, paired: Sequence[tuple[Finding, Live]]) -> Iterator[Column]:
    """What readers may write beside a demand, its unit and base, and whether it follows what they type."""
    none = [None] * len(paired)
    bases: list[Cell] = [None if f.base is None else _stored_or_live(x.base, float(f.base)) for f, x in paired]
    units = [book.word("unit_of", "money" if f.rule.in_money else f.rule.unit) for f, _ in paired]
    how = [book.word("measured", "live" if x.whole else "stored") for _, x in paired]
    yield book.column("comment_input", "input_text", none, width=36, printed=False, entry=book.entry("comment"))
    yield book.column("author_input", "input_text", none, width=16, printed=False, entry=book.entry("author"))
    yield book.column("unit", "note", units, width=13, printed=False)
    yield book.column("out_of", "amount", bases, printed=False)
    yield book.column("measured", "text", how, width=28, printed=False)


def _measured(book: Book, paired: Sequence[tuple[Finding, Live]]) -> Iterator[Column]:
    """Where a demand comes from, and what formulas and modellers need."""
    findings = book.plan.findings

    def hidden(key: str, style: str, cells: Iterable[Cell], width: float | None = None) -> Column:
        return book.column(key, style, cells, width=width, printed=False)

    yield hidden("negotiable", "note", [book.word("negotiable", f.rule.negotiable) for f in findings], 12)
    yield hidden("source", "note", [f.rule.source for f in findings], 60)
    yield hidden("kind", "text", [f.rule.named(book.language) for f in findings])
    yield hidden("demand", "integer", range(1, len(findings) + 1))
    yield hidden("member", "code", ["|".join(f.member) for f in findings])
    yield hidden("penalty", "points", [None if f.rule.soft is None else float(f.rule.soft) for f in findings])
    yield hidden("confidence", "note", [f.rule.confidence for f in findings])
    yield hidden("written_in", "code", [written_in(book, f.rule) for f in findings])
    yield hidden("limit_as_run", "amount", [_figure(f, "figure_share") for f in findings], 11)
    yield hidden("sign", "integer", [SIGN[f.sense] for f in findings], 9)
    yield hidden("room", "amount", [float(x.room) for _, x in paired])
    yield hidden("least_room", "amount", [_least_room(book, f) for f in findings])
    yield hidden("fiche_key", "code", about_one(book))
    yield hidden("if_broken", "text", [_if_broken(book, f, x) for f, x in paired])


def force(rule: Kind) -> str:
    """Return how strongly a rule holds: hard, soft or watched."""
    return "hard" if rule.hard else "watched" if rule.watch else "soft"


def priced(change: float) -> float | None:
    """Return what a limit is worth; None where it cannot move, or nobody asked."""
    return None if np.isnan(change) else float(change)


def basis(book: Book, position: int, basis: str) -> Cell:
    """Say what a price is: where it is none that was confirmed, and where a whole million is not possible."""
    words, worth = book.words, book.plan.evidence.demands.get(position)
    if worth is None:
        return (
            words(f"price.{basis.split(',')[0].replace(' ', '_')}", dual=words.signed(float(book.plan.prices[position]), 3))
            if basis
            else None
        )
    parts = [(key, possible_said(moved, words)) for key, moved in (("up", worth.up), ("down", worth.down)) if moved < 1]
    return "; ".join(words(f"price.{key}", what=what) for key, what in parts)


def status_column(book: Book, cells: Iterable[Cell], *others: str) -> Column:
    """Return a column of status words, live and coloured, wide enough for all of them and for some `others`."""
    styles = ((AT_LIMIT, "at_limit"), (BREACH, "breach"), (MISSED, "warning"), (DECIDED, "warning"))
    flags = tuple((book.status(word), style) for word, style in styles)
    width = book.room_for(*(book.status(word) for word in (OK, AT_LIMIT, MISSED, DECIDED, BREACH)), *others)
    return book.column("status", "text", cells, width=width, flags=(*flags, *((word, "warning") for word in others[1:])))


def written_in(book: Book, rule: Kind) -> str:
    """Return file and line of a rule, without the folder: the same on every machine."""
    place: Place | None = book.plan.scenario.places.get(rule.id)
    if place is None:
        return PurePath(book.plan.scenario.file).name
    name = PurePath(place.file).name
    return f"{name}:{place.line}" if place.line else f"{name} {place.cell}".strip()


def _stored_or_live(text: str | None, value: float) -> Cell:
    return value if text is None else Formula(f"={text}", value)


def _figure(finding: Finding, share: str = "input_share") -> Cell:
    return Styled(float(finding.figure), share) if finding.base is not None else float(finding.figure)


def _value(book: Book, finding: Finding) -> Cell:
    if finding.base is None:
        return None
    none = book.say("not_applicable")
    text = f"=IFERROR({book.here(TABLE, 'amount')}/{book.here(TABLE, 'out_of')},{quoted(none)})"
    return Formula(text, float(finding.amount / finding.base) if finding.base else none)


def _limit(book: Book, finding: Finding, live: Live, ceiling: tuple[str, ...] | None) -> Cell:
    """The limit as a formula of what is typed as limit, or stored where no simple formula gives it."""
    if live.limit == "stored":
        return float(finding.limit)
    text = "=" + _limit_text(book, live, book.here(TABLE, "out_of"), book.here(TABLE, "amount"))
    return Formula(text if ceiling is None else f"{text}+{_retyped(book, *ceiling)}", float(finding.limit))


def _retyped(book: Book, instrument: str, year: str) -> str:
    """By how much a ceiling typed on the sheet Instruments moves the limit that follows from it."""
    row = f"MATCH({quoted(book.codes['instrument'][instrument])},{book.all('Instruments', 'instrument_id')},0)"
    key = year if year.isdigit() else "total_ceiling"
    reserve, now, sent = (f"INDEX({book.all('Instruments', name)},{row})" for name in ("reserve", key, f"sent:{key}"))
    return f"IFERROR({whole_steps(now, reserve)}-{whole_steps(sent, reserve)},0)"


def whole_steps(ceiling: str, reserve: str) -> str:
    """Return the formula that takes the reserve off a ceiling and cuts it down to whole rounding steps."""
    return f"ROUNDDOWN(ROUND({ceiling}*(1-{reserve})/RoundingStep,6),0)*RoundingStep"


def _limit_text(book: Book, live: Live, base: str, amount: str) -> str:
    figure, sign, room = (book.here(TABLE, column) for column in ("limit_input", "sign", "room"))
    share, near = f"{figure}*{base}+{sign}*{room}", f"{base}+{sign}*MIN({figure}*{base},{room})"
    return {"figure": figure, "share": share, "or_nothing": f"IF({amount}=0,0,{figure})", "near": near}[live.limit]


def _headroom(book: Book, limit: str, amount: str) -> str:
    """Room on the right side of the limit; an exact rule has none, and is broken when it is off by more than its room.

    Rounded, so that no floating-point dust breaks a rule.
    """
    sign, room, left = book.here(TABLE, "sign"), book.here(TABLE, "room"), f"{limit}-{amount}"
    return f"ROUND(IF({sign}=0,MIN(0,{room}-ABS({left})),{sign}*({left})),{book.headroom_places})"


def _status(book: Book) -> str:
    left = book.here(TABLE, "headroom")
    words = f"{quoted(book.status(OK))},{quoted(book.status(AT_LIMIT))},{book.here(TABLE, 'if_broken')}"
    return f"=CHOOSE(1+({left}<{book.here(TABLE, 'least_room')})+({left}<0),{words})"


def _least_room(book: Book, finding: Finding) -> Cell:
    """Below this much headroom the limit counts as used up; a minimum size without money is simply not in use."""
    if not finding.rule.in_money:
        return 1
    step = float(book.facts.step)
    if finding.rule.or_nothing:
        return Formula(f"=IF({book.here(TABLE, 'amount')}=0,0,RoundingStep)", step if finding.amount else 0)
    return Formula("=RoundingStep", step)


def _if_broken(book: Book, finding: Finding, live: Live) -> Cell:
    """The word for a broken demand: by decision only where decided money alone breaks it, nothing could mend it, and it is no worse.

    All three follow the limit that is typed. Ceilings and absorption never give way to decided money.
    """
    breach, by_decision = book.status(BREACH), book.status(DECIDED)
    short, over = live.mended
    stuck = {Sense.AT_LEAST: not short, Sense.AT_MOST: not over, Sense.EXACTLY: not (short and over)}[finding.sense]
    if not finding.rule.hard:
        return book.status(MISSED)
    if finding.rule.built_in or not live.whole or not stuck:
        return by_decision if finding.status == DECIDED else breach
    decided = live.decided
    base, amount = ("0" if value is None else repr(float(value)) for value in (decided.base, decided.amount))
    limit = f"({_limit_text(book, live, base, amount)})"
    room = _headroom(book, limit, amount)
    side = {(True, False): f",{amount}>{limit}", (False, True): f",{amount}<{limit}"}.get(live.mended, "")
    text = f"=IF(AND({room}<0,{book.here(TABLE, 'headroom')}>={room}{side if finding.sense is Sense.EXACTLY else ''}),{{}},{{}})"
    held = decided.headroom < 0 and finding.headroom >= decided.headroom
    if finding.sense is Sense.EXACTLY:
        held = held and not (short if decided.amount < decided.limit else over)
    return Formula(text.format(quoted(by_decision), quoted(breach)), by_decision if held else breach)


def own_rules(book: Book) -> Sheet:
    """Return prepared rows without a limit: readers type who, what and how much, and see at once whether the plan keeps it."""
    years, none = book.facts.years, [None] * ROWS
    sides = tuple(book.word("side", str(sense)) for sense in (Sense.AT_LEAST, Sense.AT_MOST))
    bases = tuple(book.word("own_of", word) for word in ("amount", "budget", "partnership", "instrument"))
    year, empty = book.entry("year", least=years[0], most=f"={years[-1]}"), book.say("own_empty")
    amount = f"={book.planned(*_criteria(book, *DIMENSIONS))}"
    columns = (
        book.column("own_says", "input_text", none, width=40, entry=book.entry("comment")),
        *(book.column(f"own_{name}", "input_text", [EVERYTHING] * ROWS, width=19, entry=_pick(book, name)) for name in DIMENSIONS),
        book.column("own_from", "input_year", [years[0]] * ROWS, width=10, entry=year),
        book.column("own_to", "input_year", [years[-1]] * ROWS, width=10, entry=year),
        book.column("own_side", "input_text", [sides[0]] * ROWS, width=12, entry=book.entry("side", choices=sides)),
        book.column(
            "own_limit",
            "input_figure",
            none,
            width=12,
            entry=book.entry("own_limit", least=0, most=f"=IF({{own_of}}={quoted(bases[0])},1E+12,1)"),
        ),
        book.column("own_of", "input_text", [bases[0]] * ROWS, width=18, entry=book.entry("own_of", choices=bases)),
        book.column("amount", "amount", [Formula(amount, book.eur(book.plan.steps.sum()))] * ROWS, width=12),
        book.column("out_of", "amount", [_out_of(book, bases)] * ROWS, width=12),
        book.column("headroom", "amount", [Formula(_own_headroom(book, sides[1]), 0)] * ROWS, width=12),
        status_column(book, [Formula(_own_status(book, empty), empty)] * ROWS, empty, book.say("own_unknown")),
        book.column("author_input", "input_text", none, width=14, entry=book.entry("author")),
    )
    return book.sheet("own_rules", OWN, columns, extended=True, colour="input", one_page=True)


def names(book: Book) -> Sheet:
    """Return what own rules may name: ids, groupings and tags, in one column for each dimension."""
    known = {name: [EVERYTHING, *book.choices[name].values()] for name in DIMENSIONS}
    longest = max(map(len, known.values()))
    columns = (book.column(f"{name}_words", "code", [*words, *[None] * (longest - len(words))], width=34) for name, words in known.items())
    return book.sheet("names", NAMES, columns, money=False, colour="rest")


def _pick(book: Book, dimension: str) -> Validation:
    return replace(book.entry("pick"), listed=(NAMES, f"{dimension}_words"))


def _criteria(book: Book, *names: str) -> list[tuple[str, str]]:
    """The words of a line begin with two bars, so that nothing typed finds all of them, as a star does."""
    found = [(f"{name}_words", f'"*|"&{book.here(OWN, f"own_{name}")}&"|*"') for name in names]
    return [*found, ("year", f'">="&{book.here(OWN, "own_from")}'), ("year", f'"<="&{book.here(OWN, "own_to")}')]


def _out_of(book: Book, bases: Sequence[str]) -> Formula:
    """1 for an amount; otherwise what the limit is a share of: the EU budget, or all money of the same partnership or instrument."""
    budget = book.planned(book.kind_is("budget"), *_criteria(book))
    partnership, instrument = (book.planned(*_criteria(book, name)) for name in ("partnership", "instrument"))
    words = array(map(quoted, bases))
    return Formula(f"=CHOOSE(MATCH({book.here(OWN, 'own_of')},{words},0),1,{budget},{partnership},{instrument})", 1)


def _own_headroom(book: Book, at_most: str) -> str:
    limit = f"{book.here(OWN, 'own_limit')}*{book.here(OWN, 'out_of')}"
    sign = f"IF({book.here(OWN, 'own_side')}={quoted(at_most)},1,-1)"
    return f'=IF({book.here(OWN, "own_limit")}="",0,ROUND({sign}*({limit}-{book.here(OWN, "amount")}),6))'


def _own_status(book: Book, empty: str) -> str:
    left, words = book.here(OWN, "headroom"), ",".join(quoted(book.status(word)) for word in (OK, AT_LIMIT, BREACH))
    typed = {name: book.here(OWN, f"own_{name}") for name in DIMENSIONS}
    unknown = "+".join(f'({own}<>"")*(SUMPRODUCT(--({book.all(NAMES, f"{name}_words")}={own}))=0)' for name, own in typed.items())
    status = f"CHOOSE(1+({left}<RoundingStep)+({left}<0),{words})"
    chosen = f"IF({unknown}>0,{quoted(book.say('own_unknown'))},{status})"
    return f'=IF({book.here(OWN, "own_limit")}="",{quoted(empty)},{chosen})'
