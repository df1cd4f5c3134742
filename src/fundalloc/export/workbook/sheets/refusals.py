"""Who may not receive what, and why: every reason once, with the combinations that it bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Sheet
from fundalloc.money import Mask

TABLE = "Refusals"
MOST_NAMES = 8
"""Longer lists of names are cut, and say how many more there are."""


@dataclass(frozen=True)
class _Refusal:
    """One reason: names of what it bars, and how many combinations of instrument, partnership, area and year."""

    instruments: str
    partnerships: str
    areas: str
    years: str
    reason: str
    source: str
    count: int


def build(book: Book) -> Sheet | None:
    """Return the sheet; None when nothing is refused."""
    rows = list(_refusals(book))
    if not rows:
        return None
    columns = (
        book.column("reason", "text", [r.reason for r in rows], width=58),
        book.column("instrument", "text", [r.instruments for r in rows], width=34),
        book.column("partnership", "text", [r.partnerships for r in rows], width=44),
        book.column("area", "text", [r.areas for r in rows], width=26),
        book.column("year", "label", [r.years for r in rows], width=12),
        book.column("combinations", "number", [r.count for r in rows], width=14),
        book.column("source", "note", [r.source for r in rows], width=36),
    )
    return book.sheet("refusals", TABLE, columns, filtered=True, money=False, colour="input")


def _refusals(book: Book) -> Iterator[_Refusal]:
    """Yield the reasons in the order in which they are asked: exceptions, the eligibility table, partners, years."""
    facts, lines = book.facts, book.lines
    planned = np.array([i.planned for i in facts.instruments])
    leaves = np.isin(np.arange(len(facts.partnerships)), book.leaves)
    open_ = planned[:, None, None, None] & leaves[None, :, None, None]
    left: NDArray[np.bool_] = np.broadcast_to(open_, [len(d.ids) for d in facts.dimensions]).copy()
    left[tuple(code[lines.eligible] for code in lines.codes)] = False
    allowed = np.einsum("ia,ip,it,pt->ipat", facts.eligible, facts.partners, facts.instrument_years, facts.partnership_years)
    for clause in facts.exclude:
        barred = left & allowed & _box(clause.masks(facts.dimensions))
        if barred.any():
            yield _row(book, barred, book.within(clause.reason), clause.source or clause.id)
            left &= ~barred
    table = np.broadcast_to(~facts.eligible[:, None, :, None], left.shape)
    served = np.broadcast_to(~facts.partners[:, :, None, None], left.shape)
    for key, refused in (("not_eligible", table), ("not_served", served)):
        for i, instrument in enumerate(facts.instruments):
            barred = left & refused & _only(left.shape, i)
            if barred.any():
                yield _row(book, barred, book.say(f"refusal.{key}"), instrument.source)
                left &= ~barred
    years = np.broadcast_to(~facts.instrument_years[:, None, None, :], left.shape)
    for key, barred in (("not_in_year", left & years), ("no_money_in_year", left & ~years)):
        if barred.any():
            yield _row(book, barred, book.say(f"refusal.{key}"), "")


def _box(masks: Sequence[Mask]) -> NDArray[np.bool_]:
    i, p, a, t = masks
    return np.asarray(i[:, None, None, None] & p[None, :, None, None] & a[None, None, :, None] & t[None, None, None, :])


def _only(shape: tuple[int, ...], instrument: int) -> NDArray[np.bool_]:
    return np.asarray((np.arange(shape[0]) == instrument)[:, None, None, None])


def _row(book: Book, barred: NDArray[np.bool_], reason: str, source: str) -> _Refusal:
    masks = [np.asarray(barred.any(axis=tuple(k for k in range(4) if k != axis))) for axis in range(4)]
    names = [_names(book, name, mask) for name, mask in zip(("instrument", "partnership", "area"), masks[:3], strict=True)]
    return _Refusal(names[0], names[1], names[2], _years(book, masks[3]), reason, source, int(np.count_nonzero(barred)))


def _names(book: Book, dimension: str, mask: Mask) -> str:
    facts = book.facts
    everyone = {
        "instrument": [k for k, i in enumerate(facts.instruments) if i.planned],
        "partnership": book.leaves,
        "area": list(range(len(facts.areas))),
    }[dimension]
    picked = [k for k in everyone if mask[k]]
    if len(picked) == len(everyone) > 1:
        return book.say("all")
    shown = [book.labels[dimension][facts.dimensions[dimension].ids[k]] for k in picked[:MOST_NAMES]]
    rest = len(picked) - len(shown)
    return ", ".join(shown) + (book.say("and_more", count=rest) if rest else "")


def _years(book: Book, mask: Mask) -> str:
    years = [book.facts.years[int(k)] for k in np.flatnonzero(mask)]
    return f"{years[0]}-{years[-1]}" if len(years) > 1 and years[-1] - years[0] == len(years) - 1 else ", ".join(map(str, years))
