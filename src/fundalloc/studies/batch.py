"""Many scenario files, each solved once: in parallel, reusing what the ledger has, each failure on its own.

A file is read here, so that its hash is known before anything is solved; solving happens in a worker, here or on a
cluster; every result enters the ledger as soon as it is there, so that an interrupted batch continues where it stopped.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from fundalloc.errors import FundallocError, OutputError, Place, ScenarioError, and_more, out_of_memory
from fundalloc.plan.plan import Plan
from fundalloc.plan.record import RunRecord, plan_of
from fundalloc.plan.verify import verify
from fundalloc.pool import each
from fundalloc.run import Wanted, solve
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sources import Sources, fingerprint
from fundalloc.solvers import Options
from fundalloc.studies.ledger import Ledger, RecordedRun, code_fingerprint, now, run_key
from fundalloc.studies.variants import Source, restored
from fundalloc.versions import VERSION

WORST = (1, 7, 2, 6, 3, 4, 5, 0)
"""Exit codes from worst to best."""
INDEX = "index.xlsx"
"""Stands in the folder of a batch, beside the workbooks."""
Writer = Callable[[Plan, Source], Sequence[Path]]
"""Writes the files of a finished plan and returns them."""


@dataclass(frozen=True)
class Solved:
    """What a worker sends back: the record of the run, or what went wrong."""

    seconds: float
    record: str | None = None
    exit_code: int = 0
    status: str = ""
    message: str = ""

    @classmethod
    def failed(cls, error: BaseException, seconds: float = 0.0) -> Solved:
        """Return the exit code, the word and the first line of what went wrong."""
        error = out_of_memory(error) if isinstance(error, MemoryError) else error
        text = str(error).strip() or type(error).__name__
        if not isinstance(error, FundallocError):
            return cls(seconds, None, FundallocError.exit_code, FundallocError.ended, f"{type(error).__name__}: {text.splitlines()[0]}")
        more = (f"({more})" for more in and_more(error.problems, 1)) if isinstance(error, ScenarioError) else ()
        return cls(seconds, None, error.exit_code, error.ended, " ".join([text.splitlines()[0], *more]))


@dataclass(frozen=True)
class FileRun:
    """One file of a batch, finished."""

    entry: RecordedRun
    plan: Plan | None
    reused: bool = False
    unkept: str = ""
    """Why the ledger does not have it; empty when it does."""

    @property
    def book(self) -> str:
        """The name of its workbook; empty without one."""
        return next((Path(file).name for file in self.entry.files if file.endswith(".xlsx")), "")

    @property
    def planned(self) -> float:
        """EUR million of the budget that are planned; NaN without a plan."""
        return float("nan") if self.plan is None else float(self.plan.total("instrument", counts="budget").sum())


def book_names(files: Sequence[str], folder: Path) -> dict[str, Path]:
    """Name a workbook per scenario file after it; files of the same name get that of their folder in front."""
    stems = [Path(f).stem for f in files]
    taken = {INDEX.removesuffix(".xlsx")}
    out: dict[str, Path] = {}
    for file, stem in zip(files, stems, strict=True):
        if file in out:
            continue
        name = stem if stems.count(stem) == 1 or files.count(file) > 1 else f"{Path(file).resolve().parent.name}-{stem}"
        unique = next(text for text in chain([name], (f"{name}-{k}" for k in count(2))) if text.casefold() not in taken)
        taken.add(unique.casefold())
        out[file] = folder / f"{unique}.xlsx"
    return out


@dataclass(frozen=True)
class _Worker:
    """Solves one scenario in whatever process this is; what a user can put right comes back as words."""

    options: Options
    code: str
    evidence: Wanted

    def __call__(self, task: tuple[Source, Sources | None]) -> Solved:
        """Solve a source; where its files travel along, no file of this machine is needed."""
        started, (source, files) = time.perf_counter(), task
        if files is not None and code_fingerprint() != self.code:
            return Solved(0.0, None, 1, "wrong version", "the worker runs another version of fundalloc")
        try:
            with tempfile.TemporaryDirectory(prefix="fundalloc-") as folder:
                scenario = (restored(files, Path(folder)) if files else source).load()
                record = RunRecord.of(solve(scenario, self.options, evidence=self.evidence)).text()
        except FundallocError as error:
            return Solved.failed(error, time.perf_counter() - started)
        return Solved(time.perf_counter() - started, record)


def worst(codes: Sequence[int]) -> int:
    """Return the worst exit code."""
    return next((code for code in WORST if code in codes), 0)


def run_batch(
    sources: Sequence[Source],
    options: Options,
    ledger: Ledger,
    write: Writer,
    *,
    jobs: int | None = None,
    cluster: str | None = None,
    fresh: bool = False,
    evidence: Wanted = "",
) -> Generator[tuple[int, FileRun], None, None]:
    """Yield (position, outcome) as files are finished; `fresh` solves again what the ledger has, or has without the evidence."""
    limits = {"solver": options.solver, "method": options.method, "time_limit": options.time_limit, "gap": options.gap}
    words, with_all = (json.dumps(limits | ({"evidence": one} if one else {})) for one in (evidence, "all"))
    batch = _Batch(words, ledger, write)
    waiting: list[tuple[int, Scenario, str]] = []
    same: dict[str, list[int]] = {}
    for k, source in enumerate(sources):
        try:
            scenario = source.load()
        except FundallocError as error:
            yield k, batch.failed(source, None, run_key(f"unread {source}", words), Solved.failed(error))
            continue
        key = run_key(scenario.digest, words)
        plan = None if fresh else batch.kept(key, scenario) or batch.kept(run_key(scenario.digest, with_all), scenario)
        if plan is not None:
            yield k, batch.finished(source, plan, key, 0.0, reused=True)
        elif key in same:
            same[key].append(k)
        else:
            same[key] = []
            waiting.append((k, scenario, key))
    tasks = [(sources[k], None if cluster is None else scenario.sources) for k, scenario, _ in waiting]
    for n, answer in each(_Worker(options, code_fingerprint(), evidence), tasks, jobs, cluster):
        k, scenario, key = waiting[n]
        solved = answer if isinstance(answer, Solved) else Solved.failed(answer)
        yield k, batch.outcome(sources[k], scenario, key, solved, reused=False)
        for position in same[key]:
            yield position, batch.outcome(sources[position], sources[position].load(), key, solved, reused=True)


def made_from(plan: Plan, language: str) -> str:
    """Return the hash of all that a workbook is made from: the program, the plan, the language, the files that travel inside."""
    scenario, carried = plan.scenario, plan.scenario.sources or Sources("", {})
    how = json.dumps([scenario.file, language, carried.main, carried.settings, carried.baseline])
    return fingerprint(code_fingerprint(), RunRecord.of(plan).text(), how, *carried.files, *carried.files.values())


def read_back(record: str, scenario: Scenario, kept_in: str) -> Plan:
    """Build the plan of a record; nothing in it is taken on trust. Raises ScenarioError or NotVerified."""
    place = Place(kept_in)
    return plan_of(RunRecord.read(record, place), scenario, place, verify)


@dataclass(frozen=True)
class _Batch:
    options: str
    ledger: Ledger
    write: Writer

    def kept(self, key: str, scenario: Scenario) -> Plan | None:
        """Verify a kept plan again; None when it does not fit (or an earlier version kept it), and is then solved again."""
        record = self.ledger.plan(key)
        try:
            return None if record is None else read_back(record, scenario, str(self.ledger.path))
        except FundallocError:
            return None

    def outcome(self, source: Source, scenario: Scenario, key: str, solved: Solved, *, reused: bool) -> FileRun:
        """Take up what a worker sent back."""
        if solved.record is not None:
            try:
                plan = read_back(solved.record, scenario, source.path)
            except FundallocError as error:
                solved = Solved.failed(error, solved.seconds)
            else:
                return self.finished(source, plan, key, solved.seconds, reused=reused)
        return self.failed(source, scenario, key, solved)

    def finished(self, source: Source, plan: Plan, key: str, seconds: float, *, reused: bool) -> FileRun:
        """Write what was asked for, and enter the run; plans whose search a limit stopped are not kept for reuse."""
        stopped, files = plan.log.stopped, list[str]()
        ended = Solved(seconds, None, 5 if stopped else 0, plan.status, "the search was stopped at its limit" if stopped else "")
        try:
            files += map(str, self.write(plan, source))
        except Exception as error:  # a fault in writing one file must not stop the others
            ended = Solved.failed(error, seconds)
        entry = self._entry(source, plan.scenario, key, ended)
        entry = replace(entry, score=plan.score, impact=float(plan.coverage.impact.sum()), files=tuple(files))
        return self._kept(FileRun(entry, plan, reused), None if stopped else RunRecord.of(plan).text())

    def failed(self, source: Source, scenario: Scenario | None, key: str, solved: Solved) -> FileRun:
        """Enter a run without a plan."""
        entry = self._entry(source, scenario, key, solved)
        return self._kept(FileRun(entry, None))

    def _kept(self, outcome: FileRun, record: str | None = None) -> FileRun:
        """Enter an outcome; a ledger that cannot be written loses no plan, and says why it does not keep it."""
        try:
            self.ledger.record(outcome.entry, record)
        except OutputError as error:
            return replace(outcome, unkept=str(error))
        return outcome

    def _entry(self, source: Source, scenario: Scenario | None, key: str, solved: Solved) -> RecordedRun:
        digest, name, title = (scenario.digest, scenario.id, str(scenario.head.title)) if scenario else ("", "", "")
        return RecordedRun(
            key=key,
            digest=digest,
            code=code_fingerprint(),
            version=VERSION,
            options=self.options,
            file=source.path,
            scenario=name,
            title=title,
            ended=now(),
            seconds=round(solved.seconds, 3),
            status=solved.status,
            exit_code=solved.exit_code,
            message=solved.message,
        )
