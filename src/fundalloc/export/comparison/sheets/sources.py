"""What was compared: files, fingerprints, dates, and whether the plan was computed or read."""

from __future__ import annotations

from fundalloc.compare.sides import Side
from fundalloc.export.comparison.pages import Pages
from fundalloc.export.workbook.content import Sheet
from fundalloc.labels import Words


def build(pages: Pages) -> Sheet:
    """Return the sheet."""
    sides, pulled = pages.found.sides, pages.found.pulled
    titles = [side.inputs.scenario.head.title.within(pages.language) if side.inputs else "" for side in sides]
    plans = [pages.say("pulled" if side in pulled else "solved" if side.solved else "read") for side in sides]
    columns = (
        pages.column("name", "strong", pages.sides, width=28),
        pages.column("scenario_title", "text", titles, width=56),
        pages.column("given", "code", [side.given.replace("\\", "/").rsplit("/", 1)[-1] for side in sides], width=36),
        pages.column("as_of", "text", [side.outcome.as_of for side in sides], width=13),
        pages.column("plan_is", "text", plans, width=28),
        pages.column("solver_status", "text", [_status(pages, side) for side in sides], width=30),
        pages.column("inputs_are", "note", [side.missing or pages.say("known") for side in sides], width=40),
        pages.column("fingerprint", "code", [side.outcome.digest for side in sides], printed=False),
    )
    return pages.sheet("sources", "Sources", columns, money=False, colour="rest")


def _status(pages: Pages, side: Side) -> str:
    """The status in the book's language: with its gap where the plan is known, else the word that the file states."""
    words, plan = Words(pages.language), side.outcome.plan
    return (
        plan.proof.status_text(words)
        if plan is not None and side.solved and side not in pages.found.pulled
        else words.word("proof", side.outcome.status)
    )
