"""Formulas for money in motion: ceilings and transfers with what moves in and out, payments by the instruments' profiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

import numpy as np

from fundalloc.export.workbook.book import array, quoted
from fundalloc.export.workbook.candidate_sums import Candidate, Sums
from fundalloc.export.workbook.line_sums import PLANNED, in_year
from fundalloc.export.workbook.plan_sums import Box
from fundalloc.money import IntArray, Mask
from fundalloc.rules.kind import Kind

MOVES = "Moves"


def moved_money(sums: Sums, member: tuple[str, ...]) -> Iterator[Candidate]:
    """Yield what counts against a ceiling (lines, and what moves out less what moves in) or against a transfer's limit.

    `member` is (instrument, year or "total"), (transfer, "total") or ("from instrument", year).
    """
    facts = sums.book.facts
    moves = sums.book.lines.moves
    if len(member) != 2 or not len(moves):
        return
    name, year = member
    ids = list(facts.dimensions.instrument.ids)
    t = facts.years.index(int(year)) if year.isdigit() and int(year) in facts.years else None
    if name in ids:
        yield _ceiling(sums, ids.index(name), t)
    elif name in [transfer.id for transfer in facts.transfers]:
        position = [transfer.id for transfer in facts.transfers].index(name)
        yield _moved(sums, moves.transfer == position, [("move", quoted(name))])
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
    step = sums.book.facts.step
    text = sums.book.sum_if_text(MOVES, "amount", *criteria)
    return Candidate(text, tuple(int(ledger.moves[picked].sum()) * step for ledger in sums.ledgers))


def paid_money(sums: Sums, rule: Kind, box: Box, but: Box | None, t: int) -> Iterator[Candidate]:
    """Yield payments in one year: every year's commitments times the part that is paid so much later, and what is outstanding."""
    facts = sums.book.facts
    due = rule.due
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
