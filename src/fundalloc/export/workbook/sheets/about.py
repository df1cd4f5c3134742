"""What the workbook is, what its words mean, and how to make it again: cover, notes, run log, and the scenario that travels inside."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import PurePath
from typing import Any

from fundalloc.export import on_request as asked
from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Cell, Fact, Formula, Sheet, Styled, Swatch
from fundalloc.export.workbook.layout import Geometry, fit
from fundalloc.export.workbook.sheets.allocation import failures
from fundalloc.export.workbook.sheets.changes import as_sent, count, typed
from fundalloc.export.workbook.sheets.summary import sentences
from fundalloc.export.workbook.spelling import allocation_file
from fundalloc.insight.formulation import formulation
from fundalloc.labels import own_words
from fundalloc.money import HARD_SPACE, plain
from fundalloc.plan.proof import upwards
from fundalloc.plan.record import RunRecord
from fundalloc.plan.verify import AT_LIMIT, BREACH, MISSED
from fundalloc.scenario.workbooks.embedded import RECORD, pack

MIGRATION = "migration"
"""The marker whose coefficients say what counts as migration money."""
GROUPS = {"fiche": "look_up", "rules": "look_up", "allocation": "type", "checks": "type", "instruments": "inputs", "notes": "record"}
"""Sheets that begin a group of the contents; what stands before them is to be read, and printed."""
TERMS = (
    "commitments", "migration_money", "kinds_of_money", "ceiling", "decided", "need", "effectiveness", "coverage", "priority",
    "rule", "force", "status_ok", "status_at_limit", "status_missed", "status_decided", "status_breach", "shadow_price", "score",
    "proof", "live", "try_it", "own_rules", "rounding", "zero", "not_applicable", "codes", "confidence", "original",
)  # fmt: skip
"""What the notes explain, in order."""


def cover(book: Book, others: Sequence[Sheet]) -> Sheet:
    """Return the cover of a workbook with these other sheets: the message, the sheets in groups, then whether the sums are right."""
    look: dict[str, Any] = {"below": tuple(_verdicts(book)), "samples": tuple(_samples(book)), "samples_title": book.say("cover.key")}
    return book.cover(others, heads=_heads(book, others), title=book.within(book.head.title), facts=tuple(_facts(book)), **look)


def _heads(book: Book, others: Sequence[Sheet]) -> dict[str, tuple[str, str]]:
    """Return what begins each group of sheets, by the key of its first one; those to be read are the print set."""
    read: list[Sheet] = []
    heads, group = {}, ""
    for sheet in others:
        begins = GROUPS.get(sheet.key, group or "read")
        if begins != group:
            heads[sheet.key], group = (book.say(f"group_of.{begins}"), ""), begins
        read += [sheet] if group == "read" else []
    decimals = book.plan.scenario.decimals
    pages = 2 + sum(fit(sheet, Geometry.of(sheet, "", decimals)).pages for sheet in read)
    printing = book.say("print_set", pages=pages, first=book.sheet_text("cover", "name"), last=book.sheet_text(read[-1].key, "name"))
    heads[read[0].key] = (heads[read[0].key][0], printing)
    return heads


def _facts(book: Book) -> Iterator[Fact]:
    head, say = book.head, book.say
    asked, headline, *_ = sentences(book)
    yield Fact(say("cover.decision"), Styled(asked, "strong"))
    yield Fact(say("cover.message"), Styled(headline, "strong"))
    if contact := book.within(head.output.contact):
        yield Fact(say("cover.contact"), contact)
    if head.output.reply_by:
        yield Fact(say("cover.reply_by"), Styled(_days(head.output.reply_by), "date"))
    if not book.live:
        count, file = f"{len(book.lines):,}".replace(",", HARD_SPACE), allocation_file(book.plan.scenario.id)
        yield Fact(say("cover.lines"), Styled(say("cover.too_many_lines", count=count, file=file), "warning"))
    elif book.left_out:
        yield Fact(say("cover.lines"), book.left_out)
    if head.illustrative:
        yield Fact(say("cover.data"), Styled(say("cover.illustrative"), "warning"))
    if past := head.said_of_past(book.language):
        yield Fact(say("cover.past"), Styled(past, "warning"))
    yield Fact(book.words("report.line.unproved"), book.words("proof.inputs"))
    yield Fact(say("cover.standing"), say("cover.not_official"))
    if book.outside:
        yield Fact(say("cover.audience"), Styled(say("cover.for_outside"), "strong"))
    if head.description:
        yield Fact(say("cover.about"), book.within(head.description))
    definition = book.within(head.migration_money) or say("note.migration_money.means")
    yield Fact(say("cover.migration_money"), " ".join(filter(None, [definition, _coefficients(book)])))
    base, *year = head.prices.base.split()  # `constant 2018` keeps its year
    yield Fact(say("cover.amounts"), say("cover.amounts_are", prices=" ".join([book.word("prices", base), *year])))
    yield Fact(say("cover.scenario"), f"{head.scenario} · {book.plan.log.digest[:12]}")
    if head.author:
        yield Fact(say("cover.author"), head.author)
    yield Fact(say("cover.as_of"), Styled(_days(head.as_of), "date"))
    state, marking = book.word("scenario_state", head.state), book.within(head.output.marking)
    yield Fact(say("cover.state"), f"{state} · {marking}" if marking else state)
    yield from (Fact(name, text) for name, text in book.footnotes)


def _days(iso: str) -> int:
    """Return a date as Excel counts, so that readers see it in their own way."""
    return (date.fromisoformat(iso) - date(1899, 12, 30)).days


def _coefficients(book: Book) -> str:
    """The coefficients of the marker named migration, by area, where there is one."""
    found = {e.keys[1]: e.value for e in book.facts.coefficients if e.keys[0] == MIGRATION and not e.keys[2]}
    each = [f"{book.labels['area'][a.id]} {plain(found[a.id] * 100)}{HARD_SPACE}%" for a in book.facts.areas if a.id in found]
    return book.say("cover.coefficients", each=", ".join(each)) if found else ""


def _verdicts(book: Book) -> Iterator[Fact]:
    """The live lines: checks, hard rules, what readers have changed, targets."""
    say, counts, log = book.say, book.plan.tally, book.plan.log
    yield _verdict(book, "checks", {"count": ("FailedChecks", failures(book))}, "cover.checks_fail", say("cover.all_checks_pass"))
    by_decision, key = counts.by_decision, "cover.rules_hold_but" if counts.by_decision else "cover.all_rules_hold"
    held = say(key, count=counts.hard - by_decision, by_decision=by_decision, built_in=book.plan.limits_tally.demands)
    broken = book.with_status("Rules", BREACH), sum(f.status == BREACH for f in book.plan.findings)
    yield _verdict(book, "rules", {"count": broken}, "cover.rules_broken", held)
    if by_decision:
        yield Fact(say("cover.by_decision"), Styled(say("cover.broken_by_decision", names=book.by_decision()), "warning"))
    if book.live:
        yield from _typed(book)
    soft, missed = counts.demands - counts.hard, (book.with_status("Rules", MISSED), counts.missed)
    yield Fact(say("cover.targets"), Styled(book.joined("cover.targets_missed", count=missed, all=(str(soft), soft)), "strong"))
    status = book.plan.proof.status_text(book.words)
    yield Fact(say("cover.run"), say("cover.result", status=status, solver=log.solver, version=log.version))


def _verdict(
    book: Book, key: str, counts: Mapping[str, tuple[str, int]], failing: str, good: str, style: str = "strong", **bad: Any
) -> Fact:
    """Return a line that is good as long as all counts, pairs of formula and value, are zero; `failing` names the text that it has else."""
    fails, found = book.joined(failing, None, **counts), "+".join(formula for formula, _ in counts.values())
    wrong = any(value for _, value in counts.values())
    cell = Formula(f"=IF({found}=0,{quoted(good)},{fails.text[1:]})", fails.value if wrong else good)
    return Fact(book.say(f"cover.{key}"), Styled(cell, style), good=good, **bad)


def _typed(book: Book) -> Iterator[Fact]:
    """What readers have changed: nothing yet, or how many adjustments, limits and inputs; and whether their own rules hold."""
    say, columns, names = book.say, typed(book), ("adjustments", "limits", "others")
    parts = (columns[:1], columns[1:2], columns[2:])
    changed = {name: (count(book, part), 0) for name, part in zip(names, parts, strict=True)}
    yield _verdict(book, "plan", changed, "cover.changed", say("cover.as_optimised"), bad="warning")
    unknown = f"COUNTIF({book.all('OwnRules', 'status')},{quoted(say('own_unknown'))})"
    own = {"count": (book.with_status("OwnRules", BREACH), 0), "unknown": (unknown, 0)}
    yield _verdict(book, "own_rules", own, "cover.own_rules_broken", say("cover.own_rules_hold"), "text", bad="warning")


def _samples(book: Book) -> Iterator[Swatch]:
    plain_one, total = ("plain", 1234.5, "money"), ("total", 1234.5, "band_money")
    for key, content, style in (plain_one, total, ("input", 0.0005, "input"), ("zero", 0, "money")):
        yield Swatch(content, style, book.say(f"cover.sample_{key}"))
    for status, style in ((AT_LIMIT, "at_limit"), (MISSED, "warning"), (BREACH, "breach")):
        yield Swatch(book.status(status), style, book.say(f"cover.sample_{style}"))


def notes(book: Book) -> Sheet:
    """Return definitions, status words, rounding: what a reader must know to trust the figures."""
    own = {"migration_money": book.within(book.head.migration_money)}
    step = f"{round(float(book.facts.step) * 1_000_000):,}".replace(",", HARD_SPACE)
    words = {"step": step, "zero": "–", "none": book.say("none"), "na": book.say("not_applicable")}
    texts = [own.get(term) or book.say(f"note.{term}.means", **words) for term in TERMS]
    footnotes = dict(book.footnotes)
    columns = (
        book.column("term", "strong", [*(book.say(f"note.{term}.term", **words) for term in TERMS), *footnotes], width=30),
        book.column("means", "text", [*texts, *footnotes.values()], width=112),
    )
    return book.sheet("notes", "Notes", columns, money=False, colour="rest")


def mathematics(book: Book) -> Sheet:
    """Return the formulation: sets, figures, variables, objective, every rule with its indices, stages."""
    sizes = {key: getattr(book.plan.log, key) for key in ("rows", "columns", "terms", "switches")}
    stated = formulation(book.plan.scenario, sizes, book.words, outside=book.outside)
    columns = (
        book.column("what", "strong", [one.part for one in stated], width=17),
        book.column("item", "text", [one.titled for one in stated], width=28),
        book.column("formula", "text", ["\n".join(one.formulas) for one in stated], width=66),
        book.column("says", "text", [one.says for one in stated], width=46),
        book.column("figure", "note", [one.figures for one in stated], width=42),
    )
    return book.sheet("formulation", "Formulation", columns, money=False, colour="rest")


def run_log(book: Book) -> Sheet:
    """Return how to make the same file again: scenario, fingerprint, versions, solver, result."""
    plan, log = book.plan, book.plan.log
    items: list[tuple[str, Cell]] = [
        ("scenario", plan.scenario.id),
        ("file", PurePath(plan.scenario.file).name),
        ("digest", log.digest),
        ("as_of", plan.scenario.head.as_of),
        *([("words", json.dumps(own, ensure_ascii=False))] if (own := dict(own_words(book.language))) else []),
        ("version", f"fundalloc {log.version}"),
        ("solver", log.solver),
        ("method", book.word("method", log.method)),
        ("status", plan.proof.status_text(book.words)),
        ("iterations", Styled(log.iterations, "left_number")),
        ("program_score", Styled(log.program_score, "left_points")),
        *_proof(book),
        ("score", Styled(plan.score, "left_points")),
        ("penalty", Styled(plan.penalty, "left_points")),
        ("rounded_lines", Styled(log.rounded_lines, "left_number")),
        ("largest_move", Styled(log.largest_move, "left_factor")),
        *((key, Styled(getattr(log, key), "left_number")) for key in ("rows", "columns", "terms", "switches")),
        *((key, Styled(count, "left_number")) for key, count in plan.scenario.summary().items()),
        ("built_in", Styled(plan.limits_tally.demands, "left_number")),
    ]
    read = {} if book.outside else plan.scenario.passports  # they name columns and sums that must not leave the house
    said = [book.say(f"log.{key}") for key, _ in items] + [book.say("log.table", table=name) for name in read]
    columns = (
        book.column("item", "strong", said, width=44),
        book.column("what", "text", [*(cell for _, cell in items), *(_as_read(book, table) for table in read.values())], width=82),
    )
    facts = (as_sent(book),) if book.live else ()
    return book.sheet("run_log", "RunLog", columns, facts=facts, money=False, colour="rest", portrait=True, one_page=True)


def _as_read(book: Book, passport: Mapping[str, Any]) -> str:
    sums = ", ".join(f"{column} {total}" for column, total in passport["sums"].items())
    return book.say("log.as_read", **{**passport, "columns": ", ".join(passport["columns"]), "sums": sums or "–"})


def _proof(book: Book) -> Iterator[tuple[str, Cell]]:
    """The certificate and what lies between its bound and the score, and beside it what the solver itself claims."""
    proof = book.plan.proof
    if search := proof.search_text(book.words):
        yield "search", search
    if undone := proof.undone_text(book.words):
        yield "undone", undone
    if book.plan.log.bound is not None:
        yield "solver_bound", Styled(book.plan.log.bound, "left_points")
    if proof.bound is not None:
        yield "certified_bound", Styled(upwards(proof.bound), "left_points")
        if proof.reached is not None:
            yield "reached", Styled(float(proof.reached), "left_share")
        if proof.parts is not None:
            parts = proof.parts
            listed = (("below", parts.whole), ("gap", parts.gap), ("given_up", parts.given_up), ("lost_by_rounding", parts.rounding))
            yield from ((key, Styled(float(part), "left_points")) for key, part in listed)
        yield "decided_cost", Styled(proof.as_dict()["decided"] or 0.0, "left_points")


def scenario_files(book: Book) -> Sheet | None:
    """Return the scenario's files, line by line, and the record of the run: all that `verify`, `import` and `extract` need.

    None for a scenario that was not read from files.
    """
    sources = book.plan.scenario.sources
    if sources is None:
        return None
    carrier = {
        "scenario": sources.main,
        "settings": list(sources.settings),
        "baseline": sources.baseline,
        "language": book.language,
        "asked": asked.pack(book.asked),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sources.files.items()},
    }
    rows = list(pack({**sources.files, RECORD: RunRecord.of(book.plan, carrier).text().encode()}))
    columns = (
        book.column("file_name", "code", [row.file for row in rows], width=34),
        book.column("file_line", "integer", [row.number for row in rows], width=10),
        book.column("file_form", "code", [row.form for row in rows], width=10),
        book.column("file_content", "code", [row.content for row in rows], width=110),
    )
    return book.sheet("scenario_files", "ScenarioFiles", columns, filtered=True, money=False, colour="rest")
