"""Batches: each file once, reuse, failures on their own, the ledger, interruption; and a real Dask cluster on loopback."""

from __future__ import annotations

import copy
import os
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from worker_tasks import answer_or_die, count_and_wait

from cases import TINY, TWO_BY_TWO, write
from fundalloc.errors import NotVerified, OutputError, SolverFailed, UsageError, out_of_memory
from fundalloc.export.tables import to_json
from fundalloc.plan.record import RunRecord
from fundalloc.pool import Died, each
from fundalloc.run import solve
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options
from fundalloc.studies import batch as batch_module
from fundalloc.studies.batch import read_back, run_batch, worst
from fundalloc.studies.ledger import Ledger
from fundalloc.studies.sampling import sample
from fundalloc.studies.variants import Source


def variant(folder: Path, ceiling: int, name: str | None = None) -> Source:
    case = copy.deepcopy(TWO_BY_TWO)
    case["scenario"] = f"two-{ceiling}"
    case["instruments"]["a"]["ceiling"] = str(ceiling)
    return Source(str(write(folder, case, name or f"two-{ceiling}.yaml")))


def run_all(sources, ledger, **options):
    found = dict(run_batch(sources, Options(), ledger, lambda plan, source: [], **{"jobs": 1, **options}))
    return [found[k] for k in sorted(found)]


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger" / "runs.sqlite") as opened:
        yield opened


# --- the record of a run -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TINY])
def test_a_plan_survives_the_way_there_and_back(path):
    plan = solve(load(path))
    back = read_back(RunRecord.of(plan).text(), load(path), "here")
    assert to_json(back) == to_json(plan)
    assert back.certificate.bound == plan.certificate.bound


def test_a_tampered_record_is_not_believed(tmp_path):
    plan = solve(variant(tmp_path, 10).load())
    record = RunRecord.of(plan)
    more = replace(record, amounts={key: str(100 * float(amount)) for key, amount in record.amounts.items()})
    with pytest.raises(NotVerified, match="ceiling"):
        read_back(more.text(), plan.scenario, "here")


def test_a_bound_that_needs_no_price_is_proved_again_too(tmp_path):
    """All needs are met and no limit binds, so no row has a price: the bound is the sum of what the needs are worth."""
    source = variant(tmp_path, 1000)
    plan = solve(source.load("instruments.b.ceiling=1000"))
    assert plan.certificate is not None
    assert not plan.certificate.duals
    back = read_back(RunRecord.of(plan).text(), plan.scenario, "here")
    assert back.certificate == plan.certificate
    assert back.status == plan.status == "optimal"


# --- batches -----------------------------------------------------------------------------------------------------------


def test_the_same_inputs_are_solved_once_and_reuse_is_said(tmp_path, ledger, monkeypatch):
    sources = [variant(tmp_path, 10), variant(tmp_path, 12)]
    first = run_all(sources, ledger)
    assert [o.reused for o in first] == [False, False]
    monkeypatch.setattr(batch_module, "solve", lambda *_: pytest.fail("solved again"))
    second = run_all(sources, ledger)
    assert [o.reused for o in second] == [True, True]
    assert [to_json(o.plan) for o in second] == [to_json(o.plan) for o in first]


def test_a_copy_under_another_name_is_the_same_run(tmp_path, ledger):
    found = run_all([variant(tmp_path, 10), variant(tmp_path, 10, "copy.yaml")], ledger)
    assert [o.reused for o in found] == [False, True]
    assert found[0].entry.key == found[1].entry.key


@pytest.mark.parametrize("change", ["inputs", "options", "code", "fresh"])
def test_what_changes_is_solved_again(tmp_path, ledger, monkeypatch, change):
    source = variant(tmp_path, 10)
    run_all([source], ledger)
    options = {}
    if change == "inputs":
        source = Source(source.path, ("instruments.b.ceiling=5",))
    elif change == "code":
        monkeypatch.setattr(batch_module, "code_fingerprint", lambda: "other")
        monkeypatch.setattr("fundalloc.studies.ledger.code_fingerprint", lambda: "other")
    elif change == "fresh":
        options["fresh"] = True
    if change == "options":
        found = list(run_batch([source], Options(method="ipm"), ledger, lambda plan, source: [], jobs=1))
        assert not found[0][1].reused
    else:
        assert not run_all([source], ledger, **options)[0].reused


def test_a_failure_does_not_stop_the_rest(tmp_path, ledger):
    impossible = copy.deepcopy(TWO_BY_TWO)
    impossible["rules"] = {"r": {"kind": "amount", "says": "r", "source": "x", "at_least": "99"}}
    broken = tmp_path / "broken.yaml"
    broken.write_text("scenario: [", "utf-8")
    sources = [
        Source(str(broken)),
        Source(str(write(tmp_path, impossible, "impossible.yaml"))),
        variant(tmp_path, 10),
        Source(str(tmp_path / "missing.yaml")),
    ]
    found = run_all(sources, ledger)
    assert [o.entry.exit_code for o in found] == [3, 4, 0, 3]
    assert [o.entry.status for o in found] == ["has problems", "infeasible", "optimal", "has problems"]
    assert found[2].plan.score == pytest.approx(19.72)
    assert worst([o.entry.exit_code for o in found]) == 3
    assert len(ledger.entries()) == 4


def test_a_book_that_cannot_be_written_does_not_stop_the_rest(tmp_path, ledger):
    def refuse(plan, source):
        if "10" in source.path.rsplit("/", 1)[-1]:
            raise OutputError("Cannot write it.")
        return [Path("fine.xlsx")]

    found = dict(run_batch([variant(tmp_path, 10), variant(tmp_path, 12)], Options(), ledger, refuse, jobs=1))
    assert [found[k].entry.exit_code for k in (0, 1)] == [6, 0]
    assert found[1].entry.files == ("fine.xlsx",)


def test_an_interrupted_batch_continues_where_it_stopped(tmp_path, ledger):
    sources = [variant(tmp_path, ceiling) for ceiling in (8, 9, 10, 11)]
    going = run_batch(sources, Options(), ledger, lambda plan, source: [], jobs=1)
    next(going), next(going)
    going.close()
    assert [o.reused for o in run_all(sources, ledger)] == [True, True, False, False]


def test_processes_give_the_same_as_one(tmp_path, ledger):
    sources = [variant(tmp_path, ceiling) for ceiling in (8, 9, 10)]
    many = run_all(sources, ledger, jobs=2)
    with Ledger(tmp_path / "other.sqlite") as other:
        one = run_all(sources, other, jobs=1)
    assert [to_json(o.plan) for o in many] == [to_json(o.plan) for o in one]


def test_a_process_that_dies_loses_nothing(tmp_path):
    tasks = [(n, str(tmp_path)) for n in range(5)]
    found = dict(each(answer_or_die, tasks, jobs=2))
    assert {k: v for k, v in found.items() if k != 3} == {0: 0, 1: 10, 2: 20, 4: 40}
    assert isinstance(found[3], Died)


# --- the ledger --------------------------------------------------------------------------------------------------------


def test_the_ledger_lists_finds_and_prunes(tmp_path, ledger):
    run_all([variant(tmp_path, 10), variant(tmp_path, 12)], ledger)
    entries = ledger.entries()
    assert {e.scenario for e in entries} == {"two-10", "two-12"}
    assert all(len(e.digest) == 64 and e.score > 0 and e.impact > 0 for e in entries)
    assert [e.scenario for e in ledger.find(entries[0].key[:6])] == [entries[0].scenario]
    assert [e.scenario for e in ledger.find("two-12")] == ["two-12"]
    assert ledger.find("nothing") == []
    assert ledger.prune(timedelta(days=1)) == 0
    assert ledger.prune(None) == 2
    assert ledger.entries() == []


def test_runs_whose_files_are_gone_can_be_pruned(tmp_path, ledger):
    kept, gone = tmp_path / "kept.xlsx", tmp_path / "gone.xlsx"
    kept.touch()
    writer = {"two-10.yaml": kept, "two-12.yaml": gone}
    list(run_batch([variant(tmp_path, 10), variant(tmp_path, 12)], Options(), ledger, lambda p, s: [writer[Path(s.path).name]], jobs=1))
    assert ledger.prune(None, missing=True) == 1
    assert [e.scenario for e in ledger.entries()] == ["two-10"]


@pytest.mark.parametrize("kept", [b"\x00", zlib.compress(b'{"steps": [100], "moves": []}')], ids=["spoilt", "as earlier versions kept it"])
def test_a_record_that_cannot_be_read_is_solved_again(tmp_path, ledger, kept):
    run_all([variant(tmp_path, 10)], ledger)
    base = sqlite3.connect(ledger.path)
    with base:
        base.execute("update runs set record = ?", (kept,))
    base.close()
    assert not run_all([variant(tmp_path, 10)], ledger)[0].reused


def test_a_file_that_is_no_ledger_is_said(tmp_path):
    (tmp_path / "notes.txt").write_text("not a database " * 100, "utf-8")
    with pytest.raises(OutputError, match="Cannot use the ledger"):
        Ledger(tmp_path / "notes.txt")


# --- a ledger that is old, new, damaged or busy -------------------------------------------------------------------------


def solved_with(path, sources):
    with Ledger(path) as ledger:
        return run_all(sources, ledger)


def test_a_ledger_of_before_versions_is_taken_over(tmp_path):
    """It has no number and the same columns: what it keeps is reused, and it gets its number."""
    sources, path = [variant(tmp_path, 8)], tmp_path / "old.sqlite"
    solved_with(path, sources)
    with sqlite3.connect(path) as base:
        base.execute("pragma user_version = 0")
    assert [o.reused for o in solved_with(path, sources)] == [True]
    assert sqlite3.connect(path).execute("pragma user_version").fetchone() == (1,)


def test_a_newer_ledger_is_read_and_not_written(tmp_path):
    path = tmp_path / "newer.sqlite"
    solved_with(path, [variant(tmp_path, 8)])
    with sqlite3.connect(path) as base:
        base.execute("pragma user_version = 9")
        base.execute("alter table runs add column later text")
    base.close()
    before = path.read_bytes()
    first, second = solved_with(path, [variant(tmp_path, 8), variant(tmp_path, 9)])
    assert (first.reused, second.reused) == (True, False)
    assert second.plan is not None
    assert "a newer version of fundalloc wrote it" in second.unkept
    assert path.read_bytes() == before
    with Ledger(path) as ledger, pytest.raises(OutputError, match="a newer version"):
        ledger.prune(None)


def test_a_plan_is_not_lost_with_a_ledger_that_is_busy_or_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr("fundalloc.studies.ledger.PATIENCE", 0)
    path = tmp_path / "busy.sqlite"
    solved_with(path, [variant(tmp_path, 8)])
    with Ledger(path) as ledger:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin exclusive")
        (outcome,) = run_all([variant(tmp_path, 9)], ledger)
        assert outcome.plan is not None
        assert "database is locked" in outcome.unkept
        other.execute("rollback")
        other.close()
    with sqlite3.connect(path) as base:
        base.execute("update runs set files = '{not json', record = 'no blob'")
    base.close()
    with Ledger(path) as ledger:
        assert [entry.files for entry in ledger.entries()] == [()]
        assert [o.reused for o in run_all([variant(tmp_path, 8)], ledger)] == [False]
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
    (outcome,) = solved_with(path, [variant(tmp_path, 9)])
    assert outcome.plan is not None
    assert "Cannot write the ledger" in outcome.unkept


def test_a_computer_with_too_little_memory_is_told_so():
    with pytest.raises(MemoryError) as raised:
        np.empty(2**58)
    text = str(out_of_memory(raised.value))
    assert text.startswith("The memory is too small: no room for 2.00 EiB for an array with shape (288230376151711744,)")
    failed = batch_module.Solved.failed(MemoryError("std::bad_alloc"))
    assert (failed.exit_code, failed.message.partition(". ")[0]) == (5, "The memory is too small: the solver's own tables")


# --- a cluster ---------------------------------------------------------------------------------------------------------


@contextmanager
def dask_cluster(workers: int):
    """A real scheduler and real worker processes on loopback."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    scheduler = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    started = [scheduler]
    try:
        address = ""
        for line in scheduler.stderr:
            if "Scheduler at:" in line:
                address = line.split("Scheduler at:")[1].split()[0]
                break
        for _ in range(workers):
            command = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
            started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
        yield address, started[1:], scheduler
    finally:
        for process in started:
            process.kill()
            process.wait()
        scheduler.stderr.close()


def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(tmp_path):
    """Two real workers, one killed while it works: every result comes once; batches on the cluster equal local ones."""
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed: pip install -e '.[cluster]'")
    tasks = [(n, str(tmp_path)) for n in range(16)]
    with dask_cluster(2) as (address, workers, _):
        found: list[tuple[int, object]] = []
        for k, result in each(count_and_wait, tasks, cluster=address):
            found.append((k, result))
            if len(found) == 4:
                workers[0].kill()
        assert sorted(found) == [(n, n * n) for n in range(16)]
        sources = [variant(tmp_path, ceiling) for ceiling in (8, 9, 10)]
        with Ledger(tmp_path / "cluster.sqlite") as ledger, Ledger(tmp_path / "local.sqlite") as local:
            far, near = run_all(sources, ledger, cluster=address), run_all(sources, local)
            assert [to_json(o.plan) for o in far] == [to_json(o.plan) for o in near]
            assert len(ledger.entries()) == 3
        uncertain = Source(sources[0].path, ("instruments.a.ceiling=8..12",))
        far_samples, near_samples = (sample(uncertain, 6, 7, jobs=1, cluster=c).samples for c in (address, None))
        assert [s.score for s in far_samples] == pytest.approx([s.score for s in near_samples], abs=1e-9)
    assert len(list(tmp_path.glob("done-*"))) == 16


def test_workers_that_share_a_disk_do_not_clear_each_other_away(tmp_path, monkeypatch):
    """Between making its folder and locking it a worker may lose it to another that clears up in the same folder."""
    made, source = tempfile.mkdtemp, variant(tmp_path, 10)

    def cleared_away(*args, **named):
        folder = made(*args, **named)
        if Path(folder).name.startswith(".") and Path(folder).parent == tmp_path:
            Path(folder).rmdir()
        return folder

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "mkdtemp", cleared_away)
    worker = batch_module._Worker(Options(), batch_module.code_fingerprint(), "")
    assert worker((source, source.load().sources)).status == ""


def test_a_killed_scheduler_is_said(tmp_path):
    """What came before stays; nothing waits for ever for what comes no more."""
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed: pip install -e '.[cluster]'")
    found = []
    with dask_cluster(1) as (address, _, scheduler):
        results = each(count_and_wait, [(n, str(tmp_path)) for n in range(8)], cluster=address)
        found.append(next(results))
        scheduler.kill()
        with pytest.raises(SolverFailed, match=r"is gone\. What was finished is kept"):
            found.extend(results)
    assert 0 < len(found) < 8


def test_an_encrypted_scheduler_needs_certificates():
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed: pip install -e '.[cluster]'")
    with pytest.raises(UsageError, match=r"No certificates for tls://127\.0\.0\.1:1: name them in Dask's settings"):
        list(each(count_and_wait, [], cluster="tls://127.0.0.1:1"))


def test_no_scheduler_is_said(monkeypatch):
    pytest.importorskip("distributed", reason="the extra `cluster` is not installed: pip install -e '.[cluster]'")
    monkeypatch.setattr("fundalloc.pool.PATIENCE", 1)
    with pytest.raises(UsageError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        list(each(count_and_wait, [(1, "")], cluster="tcp://127.0.0.1:9"))
