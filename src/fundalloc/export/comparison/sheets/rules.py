"""Rules that hold in one plan and not in the other, and all others whose status differs."""

from __future__ import annotations

from fundalloc.compare.comparison import Pair
from fundalloc.compare.measures import RuleChange
from fundalloc.compare.outcome import Measured
from fundalloc.export.comparison.pages import Pages
from fundalloc.export.workbook.content import Cell, Sheet
from fundalloc.labels import label

TABLE = "RuleChanges"


def build(pages: Pages) -> Sheet | None:
    """Return the sheet; None when no status differs, or nothing is known."""
    listed = [(pair, change) for pair in pages.found.pairs for change in pair.rules or ()]
    if not listed:
        return None
    kept, missed = pages.say("kept_now"), pages.say("missed_now")
    columns = (
        pages.column("variant", "strong", [pages.short(pair) for pair, _ in listed], width=24),
        pages.column("rule", "text", [change.demand[0] for _, change in listed], width=28),
        pages.column("says", "text", [change.says for _, change in listed], width=64),
        pages.column("in_first", "text", [_status(pages, change.before, change.asked_before) for _, change in listed], width=22),
        pages.column("room_in_first", "amount", [_room(change.before) for _, change in listed], width=14, given=True),
        pages.column("in_variant", "text", [_status(pages, change.after, change.asked_after) for _, change in listed], width=22),
        pages.column("room_in_variant", "amount", [_room(change.after) for _, change in listed], width=14, given=True),
        pages.column(
            "what_happened",
            "text",
            [_happened(pages, change) for _, change in listed],
            width=18,
            flags=((kept, "pass"), (missed, "warning")),
        ),
        pages.column("member", "code", [change.demand[1] for _, change in listed], printed=False),
        pages.column("force", "note", [_force(pages, pair, change) for pair, change in listed], printed=False),
    )
    return pages.sheet("rules", TABLE, columns, filtered=True)


def _happened(pages: Pages, change: RuleChange) -> str:
    """Say whether a demand is kept or missed now; one that crosses among equally good plans only did neither."""
    if change.crossed and change.needed is False:
        return pages.say("reach.choice")
    return pages.say("other" if not change.crossed else "kept_now" if change.better else "missed_now")


def _status(pages: Pages, measured: Measured | None, asked: bool) -> str:
    if measured is None:
        return pages.say("not_asked")
    word = label(f"status.{measured.status.replace(' ', '_')}", pages.language)
    return word if asked else pages.say("would_be", status=word)


def _room(measured: Measured | None) -> Cell:
    return None if measured is None or measured.headroom is None else round(measured.headroom, 6) + 0.0


def _force(pages: Pages, pair: Pair, change: RuleChange) -> str:
    measured = change.after or change.before
    return pages.word(f"force.{measured.force}") if measured and measured.force else ""
