"""Inputs that differ: by key, old and new value, and where each is written."""

from __future__ import annotations

from fundalloc.compare.inputs import Difference
from fundalloc.export.comparison.pages import Pages
from fundalloc.export.workbook.content import Sheet

TABLE = "InputChanges"


def build(pages: Pages) -> Sheet | None:
    """Return the sheet; None when no input differs. A pair whose inputs are not known has one row that says why."""
    rows: list[tuple[str, Difference]] = []
    for pair in pages.found.pairs:
        if isinstance(pair.inputs, str):
            unknown = Difference(pages.say("inputs_unknown", reason=pair.inputs), None, None, "", "", words=True)
            rows.append((pages.short(pair), unknown))
        else:
            order = {override.key: k for k, override in enumerate(reversed(pair.overrides))}
            rows += [(pages.short(pair), d) for d in sorted(pair.inputs, key=lambda d: (d.words, -order.get(d.override, -1)))]
    if not rows:
        return None
    nothing = pages.say("nothing")
    columns = (
        pages.column("variant", "strong", [side for side, _ in rows], width=24),
        pages.column("override", "text", [d.override for _, d in rows], width=34),
        pages.column("key", "text", [d.key for _, d in rows], width=52),
        pages.column("old", "text", [nothing if d.old is None else d.old for _, d in rows], width=26),
        pages.column("new", "text", [nothing if d.new is None else d.new for _, d in rows], width=26),
        pages.column("figure", "note", [pages.say("text" if d.words else "figure") for _, d in rows], width=12),
        pages.column("old_origin", "code", [short_place(d.old_place) for _, d in rows], printed=False),
        pages.column("new_origin", "code", [short_place(d.new_place) for _, d in rows], printed=False),
    )
    return pages.sheet("inputs", TABLE, columns, filtered=True, money=False, colour="input")


def short_place(place: str) -> str:
    """Return a place without folders, the same on every machine; a revision stays."""
    head, _, file = place.rpartition("/")
    revision = head.partition(":")[0] if ":" in head and not head.startswith("/") else ""
    return f"{revision}:{file}" if revision else file
