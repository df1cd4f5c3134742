"""How to make the same file again: scenario, fingerprint, versions, solver, result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

from fundalloc.export.workbook.book import Book
from fundalloc.export.workbook.content import Cell, Sheet, Styled
from fundalloc.labels import Words
from fundalloc.plan.proof import upwards


def build(book: Book) -> Sheet:
    """Return the sheet."""
    plan, log = book.plan, book.plan.log
    summary = plan.scenario.summary()
    items: list[tuple[str, Cell]] = [
        ("scenario", plan.scenario.id),
        ("file", PurePath(plan.scenario.file).name),
        ("digest", log.digest),
        ("as_of", plan.scenario.head.as_of),
        ("version", f"fundalloc {log.version}"),
        ("solver", log.solver),
        ("method", book.word("method", log.method)),
        ("status", plan.proof.status_text(Words(book.language))),
        ("iterations", _whole(log.iterations)),
        ("program_score", _points(log.program_score)),
        *_proof(book),
        ("score", _points(plan.score)),
        ("penalty", _points(plan.penalty)),
        ("rounded_lines", _whole(log.rounded_lines)),
        ("largest_move", Styled(log.largest_move, "left_factor")),
        ("rows", _whole(log.rows)),
        ("columns", _whole(log.columns)),
        ("terms", _whole(log.terms)),
        ("switches", _whole(log.switches)),
        *((key, _whole(count)) for key, count in summary.items()),
        ("built_in", _whole(plan.limits_tally.demands)),
    ]
    columns = (
        book.column("item", "strong", [book.say(f"log.{key}") for key, _ in items], width=44),
        book.column("what", "text", [cell for _, cell in items], width=82),
    )
    return book.sheet("run_log", "RunLog", columns, money=False, colour="rest", portrait=True, one_page=True)


def _proof(book: Book) -> Iterator[tuple[str, Cell]]:
    """The certificate and what lies between its bound and the score, and beside it what the solver itself claims."""
    proof = book.plan.proof
    if search := proof.search_text(Words(book.language)):
        yield "search", search
    if undone := proof.undone_text(Words(book.language)):
        yield "undone", undone
    if book.plan.log.bound is not None:
        yield "solver_bound", _points(book.plan.log.bound)
    if proof.bound is not None:
        yield "certified_bound", _points(upwards(proof.bound))
        if proof.reached is not None:
            yield "reached", Styled(float(proof.reached), "left_share")
        if proof.parts is not None:
            parts = proof.parts
            listed = (("below", parts.whole), ("gap", parts.gap), ("given_up", parts.given_up), ("lost_by_rounding", parts.rounding))
            yield from ((key, _points(float(part))) for key, part in listed)
        yield "decided_cost", _points(proof.as_dict()["decided"] or 0.0)


def _whole(value: int) -> Cell:
    return Styled(value, "left_number")


def _points(value: float) -> Cell:
    return Styled(value, "left_points")
