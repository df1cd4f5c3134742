"""Formulas with their values on several ledgers: sums of lines, numbers of active members, average coverage, money in motion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fundalloc.export.workbook.book import Book, array, quoted
from fundalloc.export.workbook.line_sums import BASELINE, NEED, PLANNED, Boxes, Cubes, columns_for, common, in_year, listed, one_by_one
from fundalloc.export.workbook.plan_sums import Box
from fundalloc.facts.dimensions import AXIS, WORDS
from fundalloc.money import IntArray, Mask
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense

NEEDS, MOVES = "Needs", "Moves"
MOST_TERMS = 12
"""More members than this are counted by a list, never by a sum of terms."""


@dataclass(frozen=True)
class Candidate:
    """A formula without equals sign, and what it comes to on each ledger."""

    text: str
    values: tuple[Fraction, ...]


@dataclass(frozen=True)
class Sums:
    """Formulas over the sheet Allocation and what they come to."""

    book: Book
    boxes: Boxes
    ledgers: tuple[Cubes, Cubes]

    def money(self, box: Box, but: Box | None = None, column: str = PLANNED) -> Candidate:
        """Return the sum of a box, without the lines that also lie in another."""
        taken = [ledger.sum(common(box, but), column) if but is not None else 0 for ledger in self.ledgers]
        values = tuple(ledger.sum(box, column) - less for ledger, less in zip(self.ledgers, taken, strict=True))
        return Candidate(self.boxes.difference(box, but, column), values)

    def of_marker(self, boxes: tuple[Box, Box | None], marker: str | None) -> Iterator[Candidate]:
        """Yield the sums that money weighted by a marker, or by none, may be."""
        yield from (self.money(*boxes, column) for column in columns_for(marker))


def count_active(sums: Sums, rule: Kind, sense: Sense, box: Box, but: Box | None) -> Iterator[Candidate]:
    """Yield the number of members of `counting` that have money, or enough of it towards a lower limit."""
    if rule.counted is None:
        return
    word, facts = rule.counted.word, sums.book.facts
    least = rule.counted.least or facts.step if sense is Sense.AT_LEAST else Fraction(0)
    enough = f">={float(least)!r}-Tolerance" if least else ">Tolerance"
    if word in WORDS and but is None:
        yield from _count_listed(sums, rule, AXIS[word], box, least, enough)
    yield from _count_terms(sums, rule, word, (box, but), least, enough)


def _count_listed(sums: Sums, rule: Kind, word: str, box: Box, least: Fraction, enough: str) -> Iterator[Candidate]:
    """Yield the number of members of a dimension, counted by a list of their ids."""
    inside, column = [part for part in one_by_one(box, word) if sums.boxes.has_lines(part)], columns_for(rule.money.marker)[0]
    values = tuple(Fraction(sum(_active(ledger.sum(part, column), least) for part in inside)) for ledger in sums.ledgers)
    found = sums.boxes.criteria(box, frozenset({word}))
    if found is not None and not found[1]:
        key = "year" if word == "year" else f"{sums.book.lookup(word)}_id"
        members = np.any([getattr(part, word) for part in inside], axis=0)
        text = sums.book.sum_if_text("Allocation", column, *found[0], (key, listed(sums.book, word, members)))
        yield Candidate(f"SUMPRODUCT(--({text}{enough}))", values)


def _count_terms(sums: Sums, rule: Kind, word: str, boxes: tuple[Box, Box | None], least: Fraction, enough: str) -> Iterator[Candidate]:
    """Yield a sum with one comparison per member: tag groups, and members from which something is taken out."""
    box, but = boxes
    parts = [sums.money(part, but, columns_for(rule.money.marker)[0]) for part in _each(sums, word, box)]
    if len(parts) <= MOST_TERMS:
        text = "+".join(f"({part.text}{enough})" for part in parts)
        yield Candidate(text, tuple(Fraction(sum(_active(part.values[k], least) for part in parts)) for k in range(2)))


def _each(sums: Sums, word: str, box: Box) -> Iterator[Box]:
    """Yield what of a box has lines, member by member of a dimension or a tag group."""
    dimension = sums.book.facts.dimensions.of(word)
    axis = AXIS[dimension.name]
    for name in dimension.members if word in WORDS else dimension.groups[word]:
        mask = dimension.masks[name if word in WORDS else f"{word}:{name}"]
        part = box._replace(**{axis: getattr(box, axis) & mask})
        if sums.boxes.has_lines(part):
            yield part


def risen_money(sums: Sums, box: Box, but: Box | None) -> Iterator[Candidate]:
    """Yield what rises above the baseline plan, added up over the members of a dimension."""
    for parts in (list(_each(sums, word, box)) for word in WORDS):
        rises = [(sums.money(part, but), sums.money(part, but, BASELINE)) for part in parts[: MOST_TERMS + 1]]
        values = [sum((max(now.values[k] - then.values[k], Fraction(0)) for now, then in rises), Fraction(0)) for k in range(2)]
        if 0 < len(parts) <= MOST_TERMS:
            yield Candidate("+".join(f"MAX(0,{now.text}-({then.text}))" for now, then in rises), tuple(values))


def _active(amount: Fraction, least: Fraction) -> bool:
    return amount >= least if least else amount > 0


def average(sums: Sums, everyone: tuple[Box, Box | None], member: tuple[Box, Box | None]) -> Candidate:
    """Return what a member would receive at the average coverage: its need, as a part of all needs, of all coverage money."""
    money = sums.money(*everyone, NEED)
    (own, own_need), (all_, all_need) = _needs(sums.book, *member), _needs(sums.book, *everyone)
    part = own_need / all_need if all_need else Fraction(0)
    return Candidate(f"({money.text})*({own})/({all_})", tuple(part * value for value in money.values))


def _needs(book: Book, box: Box, but: Box | None) -> tuple[str, Fraction]:
    """Return the formula and the value of the needs of a box's partnerships and areas."""
    text, value = _need(book, box)
    if but is None or not (but.instrument.all() and but.year.all()):
        return text, value
    less, taken = _need(book, common(box, but))
    return (f"{text}-{less}", value - taken) if taken else (text, value)


def _need(book: Book, box: Box) -> tuple[str, Fraction]:
    needs = book.facts.needs
    criteria, lists = [], 0
    for name in ("partnership", "area"):
        mask, position = getattr(box, name), getattr(needs, name)
        wanted = np.unique(position[mask[position]])
        if len(wanted) == len(np.unique(position)):
            continue
        single = len(wanted) == 1
        only = np.isin(np.arange(len(mask)), wanted)
        one = book.is_(book.lookup(name), int(wanted[0]))[1] if single else listed(book, name, only, ";" if lists else ",")
        criteria.append((f"{book.lookup(name)}_id", one))
        lists += not single
    inside = box.partnership[needs.partnership] & box.area[needs.area]
    value = Fraction(int(needs.need.numerator[inside].sum()), needs.need.denominator)
    text = book.sum_if_text(NEEDS, "need", *criteria)
    return (f"SUMPRODUCT({text})" if lists else text), value


def moved_money(sums: Sums, member: tuple[str, ...]) -> Iterator[Candidate]:
    """Yield what counts against a ceiling (lines, and what moves out less what moves in) or against a transfer's limit.

    `member` is (instrument, year or "total"), (transfer, "total") or ("from instrument", year).
    """
    facts, moves = sums.book.facts, sums.book.lines.moves
    if len(member) != 2 or not len(moves):
        return
    name, year = member
    ids, transfers = list(facts.dimensions.instrument.ids), [transfer.id for transfer in facts.transfers]
    t = facts.years.index(int(year)) if year.isdigit() and int(year) in facts.years else None
    if name in ids:
        yield _ceiling(sums, ids.index(name), t)
    elif name in transfers:
        yield _moved(sums, moves.transfer == transfers.index(name), [("move", quoted(name))])
    elif name.removeprefix("from ") in ids and t is not None:
        giving = ids.index(name.removeprefix("from "))
        picked = np.zeros(len(moves), dtype=bool)
        picked[moves.transfers] = True
        criteria = [("kind", quoted(sums.book.word("move", "transfer"))), ("from_id", sums.book.is_("instrument", giving)[1])]
        yield _moved(sums, picked & (moves.source == giving) & (moves.year == t), [*criteria, sums.book.is_("year", t)])


def _ceiling(sums: Sums, instrument: int, t: int | None) -> Candidate:
    """Lines of an instrument in a year (None: the whole period), plus what leaves it, less what arrives."""
    book, moves = sums.book, sums.book.lines.moves
    box = book.box(instrument=[instrument], **({} if t is None else {"year": [t]}))
    transfer = np.zeros(len(moves), dtype=bool)
    transfer[moves.transfers] = True
    arrives = np.where(transfer, moves.year, moves.year + 1)
    own = book.is_("instrument", instrument)[1]
    leaving, coming = (moves.source == instrument), (moves.target == instrument)
    out, into = [("from_id", own)], [("to_id", own)]
    if t is None:
        leaving, coming = leaving & transfer, coming & transfer
        only = ("kind", quoted(book.word("move", "transfer")))
        out, into = [*out, only], [*into, only]
    else:
        leaving, coming = leaving & (moves.year == t), coming & (arrives == t)
        out, into = [*out, book.is_("year", t)], [*into, ("year_in", book.is_("year", t)[1])]
    parts = [(sums.money(box), 1), (_moved(sums, leaving, out), 1), (_moved(sums, coming, into), -1)]
    parts = [(part, sign) for (part, sign), some in zip(parts, (True, leaving.any(), coming.any()), strict=True) if some]
    text = "".join(("-" if sign < 0 else "+" * bool(k)) + part.text for k, (part, sign) in enumerate(parts))
    return Candidate(text, tuple(sum((sign * part.values[k] for part, sign in parts), Fraction(0)) for k in range(2)))


def _moved(sums: Sums, picked: Mask, criteria: list[tuple[str, str]]) -> Candidate:
    values = tuple(int(ledger.moves[picked].sum()) * sums.book.facts.step for ledger in sums.ledgers)
    return Candidate(sums.book.sum_if_text(MOVES, "amount", *criteria), values)


def paid_money(sums: Sums, rule: Kind, box: Box, but: Box | None, t: int) -> Iterator[Candidate]:
    """Yield payments in one year: every year's commitments times the part that is paid so much later, and what is outstanding."""
    facts, due = sums.book.facts, rule.due
    if due is None or but is not None:
        return
    year = facts.years[t]
    own = [facts.instruments[int(k)] for k in np.flatnonzero(box.instrument)]
    inherited = sum((i.outstanding.get(year, Fraction(0)) for i in own if i.counts != "memo"), Fraction(0))
    # a rule without a figure of its own takes the instruments', where it looks at whole ones
    for outstanding in [due.get(year, due.get(0, Fraction(0)))] if due else dict.fromkeys([inherited, Fraction(0)]):
        yield from _paid_money(sums, box, t, outstanding)


def _paid_money(sums: Sums, box: Box, t: int, outstanding: Fraction) -> Iterator[Candidate]:
    parts, values = [], [outstanding, outstanding]
    for members in _same_profile(sums.book.facts.payment_profiles.numerator, box.instrument):
        some = box._replace(instrument=np.isin(np.arange(len(box.instrument)), members))
        shares = _shares(sums, some, t, members[0])
        if not shares:
            continue
        text = _weighted(sums, some, shares)
        if text is None:
            return
        parts.append(text)
        for k, ledger in enumerate(sums.ledgers):
            values[k] += sum((share * ledger.sum(in_year(some, year)) for year, share in shares.items()), Fraction(0))
    fixed = [repr(float(outstanding))] if outstanding or not parts else []
    yield Candidate("+".join([*parts, *fixed]), tuple(values))


def _shares(sums: Sums, box: Box, t: int, instrument: int) -> dict[int, Fraction]:
    """Return which part of each year's commitments is paid in a year, by position; only of years that have any in the box."""
    profiles = sums.book.facts.payment_profiles
    years = [u for u in range(t + 1) if box.year[u] and t - u < profiles.numerator.shape[1]]
    parts = {u: Fraction(int(profiles.numerator[instrument, t - u]), profiles.denominator) for u in years}
    return {u: part for u, part in parts.items() if part and sums.boxes.has_lines(in_year(box, u))}


def _weighted(sums: Sums, box: Box, shares: Mapping[int, Fraction]) -> str | None:
    """Return the formula of each year's commitments times its share; None where the box needs more lists than a formula takes."""
    found = sums.boxes.criteria(box._replace(year=np.isin(np.arange(len(box.year)), list(shares))), frozenset({"year"}))
    if found is None or len(found[1]) > 1:
        return None
    glue = ";" if found[1] else ","
    years, weights = array((sums.book.facts.years[u] for u in shares), glue), array(map(float, shares.values()), glue)
    return f"SUMPRODUCT({sums.book.sum_if_text('Allocation', PLANNED, *found[0], ('year', years))}*{weights})"


def _same_profile(profiles: IntArray, instruments: Mask) -> list[list[int]]:
    """Group the instruments of a mask by their payment profile."""
    groups: dict[bytes, list[int]] = {}
    for k in np.flatnonzero(instruments):
        groups.setdefault(profiles[k].tobytes(), []).append(int(k))
    return list(groups.values())
