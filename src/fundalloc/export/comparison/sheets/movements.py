"""Every movement of one instrument's money for one partnership and area, and how far it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fundalloc.compare.comparison import Pair
from fundalloc.compare.movements import BEYOND, DECISION, Clause, Movement
from fundalloc.export.comparison.pages import LINES, NAMED, PLACES, Pages
from fundalloc.export.workbook.content import Cell, Column, Formula, Sheet

TABLE = "Movements"


def build(pages: Pages) -> Sheet | None:
    """Return the sheet; None when nothing moves."""
    found = pages.found
    listed = [(pair, movement) for pair in found.pairs for movement in pair.movements.listed]
    if not listed:
        return None
    moved = [movement for _, movement in listed]
    members = {name: [getattr(movement, name) for movement in moved] for name in NAMED}
    reached = ((pages.say(f"reach.{DECISION}"), "at_limit"), (pages.say(f"reach.{BEYOND}"), "warning"))
    columns = (
        pages.column("variant", "strong", [pages.short(pair) for pair, _ in listed], width=24),
        pages.names_of("instrument", members["instrument"], 25),
        pages.names_of("partnership", members["partnership"], 36),
        pages.names_of("area", members["area"], 20),
        *_amounts(pages, listed),
        pages.column("reach", "text", [pages.say(f"reach.{m.reach}") for m in moved], width=26, flags=reached),
        *(pages.ids_of(name, members[name]) for name in NAMED),
    )
    words = {"clause": clause_text(pages, found.pairs[0].movements.clause)}
    return pages.sheet("movements", TABLE, columns, filtered=True, words=words)


def _amounts(pages: Pages, listed: Sequence[tuple[Pair, Movement]]) -> Iterator[Column]:
    """What was and what is, looked up among the lines; the change, what of it is needed, and what is a choice."""
    keys = [pages.title(f"{name}_id") for name in NAMED]
    conditions = ",".join(f"{pages.all(LINES, key)},{pages.here(TABLE, key)}" for key in keys)

    def looked_up(heading: str) -> str:
        return f"SUMIFS({pages.all(LINES, heading)},{conditions})"

    def less(one: str, other: str) -> str:
        return f"=ROUND({pages.here(TABLE, pages.title(one))}-{pages.here(TABLE, pages.title(other))},{PLACES})"

    before, change, choice = f"={looked_up(pages.sides[0])}", less("after", "before"), less("change", "needed")
    needed: list[Cell] = []
    for pair, m in listed:
        heading = pages.needed.get(pages.found.pairs.index(pair) + 1, "")
        needed.append(None if m.needed is None else Formula(f"=ROUND({looked_up(heading)},{PLACES})", float(m.needed)))
    rest: list[Cell] = [None if m.needed is None else Formula(choice, float(m.change - m.needed)) for _, m in listed]
    yield pages.column("before", "money", [Formula(before, float(m.before)) for _, m in listed], width=13)
    yield pages.column("after", "money", [Formula(f"={looked_up(pages.short(p))}", float(m.after)) for p, m in listed], width=13)
    yield pages.column("change", "change", [Formula(change, float(m.change)) for _, m in listed], width=13)
    yield pages.column("needed", "change", needed, width=13)
    yield pages.column("choice", "change", rest, width=13)


def clause_text(pages: Pages, clause: Clause) -> str:
    """Return how much is flexible, in words."""
    limits, key = clause.said(pages.words, pages.say("and")), "clause_of_rule" if clause.rule else "clause_assumed"
    return pages.say(key, limits=limits, rule=clause.rule, side=clause.side)
