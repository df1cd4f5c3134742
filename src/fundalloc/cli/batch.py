"""`fundalloc run` with several files: in parallel, with a line each, an index and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fundalloc.cli.envelope import INTERRUPTED
from fundalloc.cli.options import new_book
from fundalloc.cli.output import Output, new_table
from fundalloc.cli.terminal import echo
from fundalloc.doors.writing import writing_into
from fundalloc.errors import Place, counted
from fundalloc.money import euro

if TYPE_CHECKING:
    from fundalloc.plan.plan import Plan
    from fundalloc.run import Wanted
    from fundalloc.solvers import Options
    from fundalloc.studies.batch import FileRun
    from fundalloc.studies.ledger import Ledger
    from fundalloc.studies.variants import Source


@dataclass(frozen=True)
class Many:
    """How several files are solved, or one that is to be kept."""

    jobs: int | None
    cluster: str | None
    ledger: str | None
    fresh: bool

    @property
    def asked(self) -> bool:
        """Whether even one file goes this way."""
        return self.ledger is not None or self.cluster is not None


def run_many(
    sources: Sequence[Source], target: Path | None, options: Options, many: Many, out: Output, *, force: bool, evidence: Wanted
) -> int:
    """Solve scenario files and return the exit code of the worst.

    The target is a folder that takes a workbook each and the index; for one file, its workbook.
    """
    from fundalloc.studies.batch import made_from, run_batch, worst
    from fundalloc.studies.ledger import Ledger, default_ledger

    def write(plan: Plan, source: Source) -> list[Path]:
        if source.path not in books:
            return []
        from fundalloc.export.workbook import write_workbook

        book, language = books[source.path], out.words(plan.scenario).language
        made = made_from(plan, language)
        if kept.as_written(book, made):
            return [book]
        written = write_workbook(plan, book, language)
        kept.wrote(written, made)
        return [written]

    done: dict[int, FileRun] = {}
    with Ledger(Path(many.ledger) if many.ledger else default_ledger()) as kept:
        books = _books(sources, target, force, kept)
        batch = run_batch(sources, options, kept, write, jobs=many.jobs, cluster=many.cluster, fresh=many.fresh, evidence=evidence)
        try:
            for position, outcome in batch:
                _note(outcome, list(done.values()), len(sources), out)
                done[position] = outcome
        except KeyboardInterrupt:
            batch.close()
            text = f"Interrupted. {len(done)} of {len(sources)} are done and kept: the same command continues."
            echo(text, err=True)
            out.answer.problem(INTERRUPTED, text)
            return INTERRUPTED
    outcomes = [done[k] for k in sorted(done)]
    _summary(outcomes, out)
    if target is not None and len(sources) > 1:
        _write_index(outcomes, target, out)
    if out.as_json:
        _keep(outcomes, out)
    return worst([o.entry.exit_code for o in outcomes])


def _books(sources: Sequence[Source], target: Path | None, force: bool, kept: Ledger) -> dict[str, Path]:
    """Return the workbook of every scenario file, each where it can be written."""
    from fundalloc.studies.batch import INDEX, book_names

    books = {} if target is None else {sources[0].path: target}
    if target is not None and len(sources) > 1:
        with writing_into(target):
            books = book_names([s.path for s in sources], target)
        new_book(target / INDEX, force)
    for book in books.values():
        new_book(book, force or kept.as_written(book))
    return books


def _note(outcome: FileRun, before: Sequence[FileRun], count: int, out: Output) -> None:
    """Say how one file ended, and once why its plan is not kept."""
    entry, how = outcome.entry, "unchanged, reused" if outcome.reused else f"{outcome.entry.seconds:.1f} s"
    more = f": {entry.message}" if entry.message else ""
    out.note(f"[{len(before) + 1}/{count}] {entry.file}: {entry.status} ({how}){more}")
    for remark in outcome.plan.scenario.remarks if outcome.plan is not None else ():
        out.note(f"warning: {remark}")
    if outcome.unkept and outcome.unkept not in {o.unkept for o in before}:
        out.note(f"{outcome.unkept} The plans are not kept for reuse.")


def _keep(outcomes: Sequence[FileRun], out: Output) -> None:
    """Keep plans for the JSON, and what went wrong with the others."""
    from fundalloc.export.tables import as_dict

    out.result(runs=[as_dict(o.plan) if o.plan is not None else o.entry.as_dict() for o in outcomes])
    for entry in (o.entry for o in outcomes if o.entry.exit_code):
        out.answer.problem(entry.exit_code, entry.message or entry.status, place=Place(entry.file))


def _summary(outcomes: Sequence[FileRun], out: Output) -> None:
    table = new_table("Scenario", "status", "score", "impact", "planned", "workbook", middle=range(2, 5))
    for outcome in outcomes:
        entry, plan, cells = outcome.entry, outcome.plan, ["", "", ""]
        if plan is not None:
            cells = [euro(plan.score, 1), euro(float(entry.impact or 0.0), 1), euro(outcome.planned, plan.scenario.decimals)]
        table.add_row(entry.scenario or entry.file, entry.status, *cells, outcome.book)
    out.table(table)
    reused = sum(o.reused for o in outcomes)
    failed = sum(o.entry.exit_code not in (0, 5) for o in outcomes)
    said = [counted(len(outcomes), "scenarios"), f"{len(outcomes) - reused - failed} solved"]
    said += [f"{reused} unchanged and reused (--fresh solves them again)"] if reused else []
    said += [f"{failed} failed, see above"] if failed else []
    out.say("\n" + ", ".join(said))


def _write_index(outcomes: Sequence[FileRun], folder: Path, out: Output) -> None:
    from fundalloc.export.studies.index import index_report
    from fundalloc.export.studies.report import write_book
    from fundalloc.studies.batch import INDEX

    plans = [o.plan for o in outcomes if o.plan is not None]
    if not plans:
        return
    with out.progress("Writing"):
        path = write_book(index_report(outcomes, plans[0].scenario, out.words(plans[0].scenario).language), folder / INDEX)
    out.say(f"Wrote {path} and {sum(bool(o.entry.files) for o in outcomes)} workbooks")
