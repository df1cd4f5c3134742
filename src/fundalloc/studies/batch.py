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
from pathlib import Path
from typing import Any

from fundalloc.errors import (
    FundallocError,
    Infeasible,
    NotRoundable,
    NotVerified,
    OutputError,
    Place,
    ScenarioError,
    SolverFailed,
    UsageError,
)
from fundalloc.plan.plan import Plan
from fundalloc.plan.record import Record, plan_of
from fundalloc.plan.verify import verify
from fundalloc.pool import each
from fundalloc.run import solve
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sources import Sources
from fundalloc.solvers import Options
from fundalloc.studies.ledger import Ledger, RecordedRun, code_fingerprint, now, run_key
from fundalloc.studies.variants import Source, restored
from fundalloc.versions import VERSION

CODES: tuple[tuple[type[FundallocError], int, str], ...] = (
    (ScenarioError, 3, "has problems"),
    (Infeasible, 4, "infeasible"),
    (NotRoundable, 4, "not roundable"),
    (SolverFailed, 5, "stopped"),
    (OutputError, 6, "not written"),
    (NotVerified, 7, "not verified"),
    (UsageError, 2, "wrong call"),
)
"""What a failure is called, and its exit code."""
WORST = (1, 7, 2, 6, 3, 4, 5, 0)
"""Exit codes from worst to best."""
Writer = Callable[[Plan, Source], Sequence[Path]]
"""Writes the files of a finished plan and returns them."""


@dataclass(frozen=True)
class Task:
    """What a worker needs to solve one scenario; with `sources`, it needs no file of this machine."""

    source: Source
    options: Options
    code: str
    sources: Sources | None = None


@dataclass(frozen=True)
class Solved:
    """What a worker sends back: the record of the run, or what went wrong."""

    record: str | None
    seconds: float
    exit_code: int = 0
    status: str = ""
    message: str = ""
    code: str = ""


@dataclass(frozen=True)
class Outcome:
    """One file of a batch, finished."""

    entry: RecordedRun
    plan: Plan | None
    reused: bool = False


def solve_task(task: Task) -> Solved:
    """Solve one scenario in whatever process this is; what a user can put right comes back as words."""
    started = time.perf_counter()
    code = code_fingerprint()
    if task.sources is not None and code != task.code:
        return Solved(None, 0.0, 1, "wrong version", "the worker runs another version of fundalloc", code)
    try:
        with tempfile.TemporaryDirectory(prefix="fundalloc-") as folder:
            source = task.source if task.sources is None else restored(task.sources, Path(folder))
            record = Record.of(solve(source.load(), task.options)).text()
    except FundallocError as error:
        code_, status, message = failure(error)
        return Solved(None, time.perf_counter() - started, code_, status, message, code)
    return Solved(record, time.perf_counter() - started, code=code)


def failure(error: BaseException) -> tuple[int, str, str]:
    """Return the exit code, the word and the first line of what went wrong."""
    text = str(error).strip() or type(error).__name__
    for kind, code, word in CODES:
        if isinstance(error, kind):
            more = f" (and {len(error.problems) - 1} more)" if isinstance(error, ScenarioError) and len(error.problems) > 1 else ""
            return code, word, text.splitlines()[0] + more
    return 1, "failed", f"{type(error).__name__}: {text.splitlines()[0]}" if not isinstance(error, FundallocError) else text.splitlines()[0]


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
) -> Generator[tuple[int, Outcome], None, None]:
    """Yield (position, outcome) as files are finished; `fresh` solves again what the ledger has."""
    words = json.dumps({"solver": options.solver, "method": options.method, "time_limit": options.time_limit, "gap": options.gap})
    waiting: list[tuple[int, Scenario, str]] = []
    same: dict[str, list[int]] = {}
    for k, source in enumerate(sources):
        try:
            scenario = source.load()
        except FundallocError as error:
            yield k, _failed(source, None, "", words, Solved(None, 0.0, *failure(error)), ledger)
            continue
        key = run_key(scenario.digest, words)
        kept = None if fresh else ledger.plan(key)
        plan = None if kept is None else _reused(kept, scenario, ledger)
        if plan is not None:
            yield k, _finished(source, plan, key, words, 0.0, ledger, write, reused=True)
        elif key in same:
            same[key].append(k)
        else:
            same[key] = []
            waiting.append((k, scenario, key))
    tasks = [_task(sources[k], scenario, options, cluster is not None) for k, scenario, _ in waiting]
    for n, answer in each(solve_task, tasks, jobs, cluster):
        k, scenario, key = waiting[n]
        solved = answer if isinstance(answer, Solved) else Solved(None, 0.0, *failure(answer))
        for position in (k, *same[key]):
            again = position != k
            seen = scenario if not again else sources[position].load()
            yield position, _outcome(sources[position], seen, key, words, solved, ledger, write, reused=again)


def _task(source: Source, scenario: Scenario, options: Options, travels: bool) -> Task:
    return Task(source, options, code_fingerprint(), scenario.sources if travels else None)


def read_back(record: str, scenario: Scenario, kept_in: str) -> Plan:
    """Build the plan of a record; nothing in it is taken on trust. Raises ScenarioError or NotVerified."""
    place = Place(kept_in)
    return plan_of(Record.read(record, place), scenario, place, verify)


def _reused(kept: str, scenario: Scenario, ledger: Ledger) -> Plan | None:
    """Verify a kept plan again; None when it does not fit (or an earlier version kept it), and is then solved again."""
    try:
        return read_back(kept, scenario, str(ledger.path))
    except FundallocError:
        return None


def _outcome(
    source: Source, scenario: Scenario, key: str, words: str, solved: Solved, ledger: Ledger, write: Writer, *, reused: bool
) -> Outcome:
    if solved.record is None:
        return _failed(source, scenario, key, words, solved, ledger)
    try:
        plan = read_back(solved.record, scenario, source.path)
    except FundallocError as error:
        return _failed(source, scenario, key, words, replace(solved, **_named(error)), ledger)
    return _finished(source, plan, key, words, solved.seconds, ledger, write, reused=reused, record=solved.record)


def _named(error: BaseException) -> dict[str, Any]:
    code, status, message = failure(error)
    return {"exit_code": code, "status": status, "message": message}


def _finished(
    source: Source,
    plan: Plan,
    key: str,
    words: str,
    seconds: float,
    ledger: Ledger,
    write: Writer,
    *,
    reused: bool,
    record: str | None = None,
) -> Outcome:
    """Write what was asked for, and enter the run; plans whose search a limit stopped are not kept for reuse."""
    stopped = plan.log.stopped
    code, status, message = 5 if stopped else 0, plan.status, "the search was stopped at its limit" if stopped else ""
    files: Sequence[Path] = ()
    try:
        files = write(plan, source)
    except Exception as error:  # a fault in writing one file must not stop the others
        code, status, message = failure(error)
    entry = _entry(source, plan.scenario, key, words, Solved(None, seconds, code, status, message))
    entry = replace(entry, score=plan.score, impact=float(plan.coverage.impact.sum()), files=tuple(str(f) for f in files))
    ledger.record(entry, None if stopped else record or Record.of(plan).text())
    return Outcome(entry, plan, reused)


def _failed(source: Source, scenario: Scenario | None, key: str, words: str, solved: Solved, ledger: Ledger) -> Outcome:
    entry = _entry(source, scenario, key or run_key(f"unread {source}", words), words, solved)
    ledger.record(entry)
    return Outcome(entry, None)


def _entry(source: Source, scenario: Scenario | None, key: str, words: str, solved: Solved) -> RecordedRun:

    return RecordedRun(
        key=key,
        digest=scenario.digest if scenario else "",
        code=code_fingerprint(),
        version=VERSION,
        options=words,
        file=source.path,
        scenario=scenario.id if scenario else "",
        title=str(scenario.head.title) if scenario else "",
        ended=now(),
        seconds=round(solved.seconds, 3),
        status=solved.status,
        exit_code=solved.exit_code,
        score=None,
        impact=None,
        message=solved.message,
        files=(),
    )
