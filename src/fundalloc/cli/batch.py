"""`fundalloc run` with several files: in parallel, with a line each, an index and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fundalloc.cli.envelope import INTERRUPTED
from fundalloc.cli.output import Output, new_table
from fundalloc.cli.terminal import echo

if TYPE_CHECKING:
    from fundalloc.plan.plan import Plan
    from fundalloc.solvers import Options
    from fundalloc.studies.batch import Outcome
    from fundalloc.studies.variants import Source

INDEX = "index.xlsx"


@dataclass(frozen=True)
class Batch:
    """How several files are solved."""

    options: Options
    jobs: int | None = None
    cluster: str | None = None
    ledger: str | None = None
    fresh: bool = False


def run_many(sources: Sequence[Source], target: Path | None, how: Batch, out: Output) -> int:
    """Solve scenario files and return the exit code of the worst.

    The target is a folder that takes a workbook each and the index; for one file, its workbook.
    """
    from fundalloc.doors.writing import check_writable, writing_into
    from fundalloc.studies.batch import run_batch, worst
    from fundalloc.studies.ledger import Ledger, default_ledger

    folder = target if len(sources) > 1 else None
    books = {} if target is None else {sources[0].path: target}
    if folder is not None:
        with writing_into(folder):
            books = book_names([s.path for s in sources], folder)
    for book in books.values():
        check_writable(book)

    def write(plan: Plan, source: Source) -> list[Path]:
        if source.path not in books:
            return []
        from fundalloc.export.workbook import write_workbook

        write_workbook(plan, books[source.path], out.words(plan.scenario).language)
        return [books[source.path]]

    done: dict[int, Outcome] = {}
    with Ledger(Path(how.ledger) if how.ledger else default_ledger()) as kept:
        batch = run_batch(sources, how.options, kept, write, jobs=how.jobs, cluster=how.cluster, fresh=how.fresh)
        try:
            for position, outcome in batch:
                done[position] = outcome
                _line(outcome, len(done), len(sources), out)
        except KeyboardInterrupt:
            batch.close()
            text = f"Interrupted. {len(done)} of {len(sources)} are done and kept: the same command continues."
            echo(text, err=True)
            out.answer.problem(INTERRUPTED, text)
            return INTERRUPTED
    outcomes = [done[k] for k in sorted(done)]
    _summary(outcomes, out)
    if folder is not None:
        _write_index(outcomes, folder, out)
    if out.as_json:
        _keep(outcomes, out)
    return worst([o.entry.exit_code for o in outcomes])


def book_names(files: Sequence[str], folder: Path) -> dict[str, Path]:
    """Name a workbook per scenario file after it; files of the same name get that of their folder in front."""
    stems = [Path(f).stem for f in files]
    taken = {INDEX.removesuffix(".xlsx")}
    out: dict[str, Path] = {}
    for file, stem in zip(files, stems, strict=True):
        if file in out:
            continue
        name = stem if stems.count(stem) == 1 or files.count(file) > 1 else f"{Path(file).resolve().parent.name}-{stem}"
        unique, count = name, 1
        while unique.casefold() in taken:
            count += 1
            unique = f"{name}-{count}"
        taken.add(unique.casefold())
        out[file] = folder / f"{unique}.xlsx"
    return out


def _line(outcome: Outcome, done: int, of: int, out: Output) -> None:
    """Say on stderr what was finished."""
    entry = outcome.entry
    how = "unchanged, reused" if outcome.reused else f"{entry.seconds:.1f} s"
    out.note(f"[{done}/{of}] {entry.file}: {entry.status} ({how})" + (f": {entry.message}" if entry.message else ""))


def _keep(outcomes: Sequence[Outcome], out: Output) -> None:
    """Keep plans for the JSON, and what went wrong with the others."""
    from fundalloc.errors import Place
    from fundalloc.export.tables import as_dict

    out.result(runs=[as_dict(o.plan) if o.plan is not None else o.entry.as_dict() for o in outcomes])
    for entry in (o.entry for o in outcomes if o.entry.exit_code):
        out.answer.problem(entry.exit_code, entry.message or entry.status, place=Place(entry.file))


def _summary(outcomes: Sequence[Outcome], out: Output) -> None:
    from fundalloc.money import euro

    table = new_table("Scenario", "status", "score", "impact", "planned", "workbook", numbers=0)
    for column in table.columns[2:5]:
        column.justify = "right"
    for outcome in outcomes:
        entry, plan = outcome.entry, outcome.plan
        books = [f for f in entry.files if f.endswith(".xlsx")]
        cells = ["", "", ""]
        if plan is not None:
            budget = float(plan.total("instrument", counts="budget").sum())
            cells = [euro(plan.score, 1), euro(float(entry.impact or 0.0), 1), euro(budget, plan.scenario.decimals)]
        table.add_row(entry.scenario or entry.file, entry.status, *cells, Path(books[0]).name if books else "")
    out.table(table)
    reused = sum(o.reused for o in outcomes)
    failed = sum(o.entry.exit_code not in (0, 5) for o in outcomes)
    said = [f"{len(outcomes)} scenario{'s' if len(outcomes) > 1 else ''}", f"{len(outcomes) - reused - failed} solved"]
    said += [f"{reused} unchanged and reused (--fresh solves them again)"] if reused else []
    said += [f"{failed} failed, see above"] if failed else []
    out.say("\n" + ", ".join(said))


def _write_index(outcomes: Sequence[Outcome], folder: Path, out: Output) -> None:
    from fundalloc.export.studies.index import index_report
    from fundalloc.export.studies.report import write_book

    plans = [o.plan for o in outcomes if o.plan is not None]
    if not plans:
        return
    with out.progress("Writing"):
        write_book(index_report(outcomes, plans[0].scenario, out.words(plans[0].scenario).language), folder / INDEX)
    out.say(f"Wrote {folder / INDEX} and {sum(bool(o.entry.files) for o in outcomes)} workbooks")
