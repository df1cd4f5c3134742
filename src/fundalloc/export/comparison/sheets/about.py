"""What is compared, whether it adds up, what the words mean, and where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fundalloc.compare.outcome import BUDGET
from fundalloc.compare.sides import Side
from fundalloc.export.comparison.pages import Pages
from fundalloc.export.comparison.sheets import why
from fundalloc.export.comparison.sheets.changes import clause_text
from fundalloc.export.comparison.sheets.side_by_side import TABLES
from fundalloc.export.workbook.book import quoted
from fundalloc.export.workbook.content import Fact, Formula, Sheet, Styled
from fundalloc.export.workbook.sheet_maker import TOLERANCE

TERMS = ("amounts", "change", "movement", "flexible", "beyond", "decision", "shares", "set", "nearest", "asked", "markers", "score", "zero")


def cover(pages: Pages, others: Sequence[Sheet]) -> Sheet:
    """Return the cover of a workbook with these other sheets."""
    return pages.cover(others, title=pages.heading, facts=tuple(_facts(pages)), one_page=True)


def _facts(pages: Pages) -> Iterator[Fact]:
    word, found = pages.word, pages.found
    passed = word("cover.all_checks_pass")
    failing = f"{quoted(pages.say('checks_fail'))}&FailedChecks"
    yield Fact(word("cover.checks"), Styled(Formula(f"=IF(FailedChecks=0,{quoted(passed)},{failing})", passed), "strong"), good=passed)
    for name, side in zip(pages.sides, found.sides, strict=True):
        title = side.inputs.scenario.head.title.within(pages.language) if side.inputs else side.given
        yield Fact(pages.say("first_side", name=name) if side is found.first else name, title)
    if pages.illustrative:
        yield Fact(word("cover.data"), Styled(word("cover.illustrative"), "warning"))
    if past := found.said_of_past:
        yield Fact(word("cover.past"), Styled(past, "warning"))
    yield Fact(pages.words("report.line.unproved"), pages.words("proof.inputs"))
    yield Fact(word("cover.standing"), word("cover.not_official"))
    yield Fact(word("cover.amounts"), pages.say("amounts", period=pages.period))
    yield Fact(pages.say("reach_word"), clause_text(pages))
    for pair in found.pairs:
        if isinstance(pair.closest, str):
            reason = pages.words(f"compare.unknown.{pair.closest}", side=pages.short(pair))
            yield Fact(pages.title("needed"), pages.say("needed_unknown", reason=reason))
    if pages.attributions:
        yield Fact(pages.say("shares_word"), pages.say("shares_mean"))
    for pair in found.pairs:
        if isinstance(pair.attribution, str):
            yield Fact(pages.short(pair), pages.say("no_shares", reason=pair.attribution))


def checks(pages: Pages) -> Sheet:
    """Return live arithmetic checks: every table against the lines, and the shares against the changes that they explain."""
    return pages.checks([(says, text, 0) for says, text in _checks(pages)], TOLERANCE, 78)


def _checks(pages: Pages) -> Iterator[tuple[str, str]]:
    for k, side in enumerate(pages.sides):
        for dimension in ("partnership", "area", "year", "instrument"):
            says = pages.say("check.adds_up", table=pages.sheet_text(f"by_{dimension}", "name"), side=side)
            lines = pages.sum_of_lines(k, kind=None if dimension == "instrument" else BUDGET)
            yield says, f"SUM({pages.all(TABLES[dimension], side)})-{lines}"
    for pair, found in pages.attributions:
        position = pages.found.sides.index(pair.b)
        heading = pages.moving(position) if found.needed else pages.changes[position - 1]
        for dimension in filter(found.by, ("area", "partnership")):
            columns = [pages.all(why.PARTS, pages.title(key)) for key in ("amount", "variant", "by")]
            shares = f"SUMIFS({columns[0]},{columns[1]},{quoted(pages.short(pair))},{columns[2]},{quoted(pages.title(dimension))})"
            says = pages.say("check.shares", side=pages.short(pair), table=pages.sheet_text(f"by_{dimension}", "name"))
            yield says, f"{shares}-SUM({pages.all(TABLES[dimension], heading)})"


def notes(pages: Pages) -> Sheet:
    """Return what the words mean, and how movements are classed and changes shared out."""
    words = {"clause": clause_text(pages), "zero": "–", "first": pages.sides[0]}
    columns = (
        pages.column("term", "strong", [pages.say(f"note.{term}.term", **words) for term in TERMS], width=30),
        pages.column("means", "text", [pages.say(f"note.{term}.means", **words) for term in TERMS], width=112),
    )
    return pages.sheet("notes", "Notes", columns, money=False, colour="rest")


def sources(pages: Pages) -> Sheet:
    """Return what was compared: files, fingerprints, dates, and whether the plan was computed or read."""
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
    words, plan = pages.words, side.outcome.plan
    if plan is not None and side.solved and side not in pages.found.pulled:
        return plan.proof.status_text(words)
    return words.word("proof", side.outcome.status)
