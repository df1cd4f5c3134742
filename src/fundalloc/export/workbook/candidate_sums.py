"""Formulas with their values on several ledgers: sums of lines, numbers of active members, average coverage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.line_sums import NEED, PLANNED, Boxes, Ledger, columns_for, common, listed, one_by_one
from fundalloc.export.workbook.plan_sums import Box
from fundalloc.facts.dimensions import NAMES
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense

NEEDS = "Needs"
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
    ledgers: tuple[Ledger, Ledger]

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
    if word in NAMES and but is None:
        yield from _count_listed(sums, rule, word, box, least, enough)
    yield from _count_terms(sums, rule, word, (box, but), least, enough)


def _count_listed(sums: Sums, rule: Kind, word: str, box: Box, least: Fraction, enough: str) -> Iterator[Candidate]:
    """Yield the number of members of a dimension, counted by a list of their ids."""
    inside, column = [part for part in one_by_one(box, word) if sums.boxes.has_lines(part)], columns_for(rule.money.marker)[0]
    values = tuple(Fraction(sum(_active(ledger.sum(part, column), least) for part in inside)) for ledger in sums.ledgers)
    found = sums.boxes.criteria(box, frozenset({word}))
    if found is not None and not found[1]:
        key = "year" if word == "year" else f"{word}_id"
        members = np.any([getattr(part, word) for part in inside], axis=0)
        text = sums.book.sum_if_text("Allocation", column, *found[0], (key, listed(sums.book, word, members)))
        yield Candidate(f"SUMPRODUCT(--({text}{enough}))", values)


def _count_terms(sums: Sums, rule: Kind, word: str, boxes: tuple[Box, Box | None], least: Fraction, enough: str) -> Iterator[Candidate]:
    """Yield a sum with one comparison per member: tag groups, and members from which something is taken out."""
    dimensions = sums.book.facts.dimensions
    dimension = dimensions[word] if word in NAMES else dimensions[dimensions.owner(word)[0]]
    names = dimension.members if word in NAMES else dimension.groups[word]
    box, but = boxes
    parts = []
    for name in names:
        mask = dimension.masks[name if word in NAMES else f"{word}:{name}"]
        part = box._replace(**{dimension.name: getattr(box, dimension.name) & mask})
        if sums.boxes.has_lines(part):
            parts.append(sums.money(part, but, columns_for(rule.money.marker)[0]))
    if len(parts) <= MOST_TERMS:
        text = "+".join(f"({part.text}{enough})" for part in parts)
        yield Candidate(text, tuple(Fraction(sum(_active(part.values[k], least) for part in parts)) for k in range(2)))


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
        criteria.append((f"{name}_id", book.is_(name, int(wanted[0]))[1] if single else listed(book, name, only, ";" if lists else ",")))
        lists += not single
    inside = box.partnership[needs.partnership] & box.area[needs.area]
    value = Fraction(int(needs.need.numerator[inside].sum()), needs.need.denominator)
    text = book.sum_if_text(NEEDS, "need", *criteria)
    return (f"SUMPRODUCT({text})" if lists else text), value
