"""Every movement of one instrument's money for one partnership and area, and how far it reaches."""

from __future__ import annotations

from fundalloc.compare.movements import BEYOND, DECISION, Clause
from fundalloc.export.comparison.pages import LINES, PLACES, Pages
from fundalloc.export.workbook.content import Formula, Sheet

TABLE = "Movements"


def build(pages: Pages) -> Sheet | None:
    """Return the sheet; None when nothing moves."""
    found = pages.found
    listed = [(pair, movement) for pair in found.pairs for movement in pair.movements.listed]
    if not listed:
        return None
    cells = (("instrument_id", "instrument"), ("partnership_id", "partnership"), ("area_id", "area"))
    criteria = [(pages.all(LINES, pages.title(key)), pages.here(TABLE, pages.title(key))) for key, _ in cells]
    conditions = ",".join(f"{column},{here}" for column, here in criteria)
    first = f"=SUMIFS({pages.all(LINES, pages.sides[0])},{conditions})"
    other = {pages.short(pair): f"=SUMIFS({pages.all(LINES, pages.short(pair))},{conditions})" for pair in found.pairs}
    of = {pair.b.name: k for k, pair in enumerate(found.pairs, start=1)}
    change = f"=ROUND({pages.here(TABLE, pages.title('after'))}-{pages.here(TABLE, pages.title('before'))},{PLACES})"
    needed = {k: f"=ROUND(SUMIFS({pages.all(LINES, heading)},{conditions}),{PLACES})" for k, heading in pages.needed.items()}
    rest = f"=ROUND({pages.here(TABLE, pages.title('change'))}-{pages.here(TABLE, pages.title('needed'))},{PLACES})"
    columns = (
        pages.column("variant", "strong", [pages.short(pair) for pair, _ in listed], width=24),
        pages.column("instrument", "text", [found.name("instrument", m.instrument) for _, m in listed], width=25),
        pages.column("partnership", "text", [found.name("partnership", m.partnership) for _, m in listed], width=36),
        pages.column("area", "text", [found.name("area", m.area) for _, m in listed], width=20),
        pages.column("before", "money", [Formula(first, float(m.before)) for _, m in listed], width=13),
        pages.column("after", "money", [Formula(other[pages.short(pair)], float(m.after)) for pair, m in listed], width=13),
        pages.column("change", "change", [Formula(change, float(m.change)) for _, m in listed], width=13),
        pages.column(
            "needed",
            "change",
            [None if m.needed is None else Formula(needed[of[pair.b.name]], float(m.needed)) for pair, m in listed],
            width=13,
        ),
        pages.column(
            "choice", "change", [None if m.needed is None else Formula(rest, float(m.change - m.needed)) for _, m in listed], width=13
        ),
        pages.column(
            "reach",
            "text",
            [pages.say(f"reach.{m.reach}") for _, m in listed],
            width=26,
            flags=((pages.say(f"reach.{DECISION}"), "at_limit"), (pages.say(f"reach.{BEYOND}"), "warning")),
        ),
        *(pages.column(key, "code", [pages.code(name, getattr(m, name)) for _, m in listed], printed=False) for key, name in cells),
    )
    return pages.sheet("movements", TABLE, columns, filtered=True, words={"clause": clause_text(pages, found.pairs[0].movements.clause)})


def clause_text(pages: Pages, clause: Clause) -> str:
    """Return how much is flexible, in words."""
    limits, key = clause.said(pages.words, pages.say("and")), "clause_of_rule" if clause.rule else "clause_assumed"
    return pages.say(key, limits=limits, rule=clause.rule, side=clause.side)
