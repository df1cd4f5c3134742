"""Many independent tasks: on all cores of this machine, or on the workers of a Dask scheduler.

Each task is a picklable value for a function that both sides can import. Results come as they are finished. A task whose
process dies is tried once more on its own; what a task raises is returned, so that one failure does not stop the rest.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from fundalloc.errors import FundallocError, SolverFailed, UsageError

T = TypeVar("T")
R = TypeVar("R")

PATIENCE = 15
"""Seconds to wait for a scheduler."""


class Died(FundallocError):
    """The process that ran a task ended without an answer."""


def cores() -> int:
    """Return how many processes may run at once."""
    usable = getattr(os, "process_cpu_count", None)
    return int((usable() if usable else len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) or 1)


def each(
    function: Callable[[T], R], tasks: Sequence[T], jobs: int | None = None, cluster: str | None = None
) -> Iterator[tuple[int, R | BaseException]]:
    """Yield (position of the task, its result or what it raised) as they are finished; each task exactly once.

    `cluster` is the address of a Dask scheduler, such as tcp://host:8786. Raises UsageError when it cannot be reached.
    """
    if cluster is not None:
        yield from _on_cluster(function, tasks, cluster)
        return
    workers = min(jobs or cores(), len(tasks))
    if workers <= 1:
        for k, task in enumerate(tasks):
            yield k, _guarded(function, task)
        return
    unfinished = set(range(len(tasks)))
    for k, result in _in_processes(function, tasks, sorted(unfinished), workers):
        if not isinstance(result, BrokenProcessPool):
            unfinished.discard(k)
            yield k, result
    for k in sorted(unfinished):
        for _, result in _in_processes(function, tasks, [k], 1):
            yield k, Died("the process ended without an answer, twice") if isinstance(result, BrokenProcessPool) else result


def _guarded(function: Callable[[T], R], task: T) -> R | BaseException:
    try:
        return function(task)
    except Exception as error:
        return error


def _in_processes(
    function: Callable[[T], R], tasks: Sequence[T], chosen: Sequence[int], workers: int
) -> Iterator[tuple[int, R | BaseException]]:
    """Run some tasks in fresh processes; when one dies, all that were not finished come back as BrokenProcessPool."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _ignore_interrupts)
    try:
        waiting: dict[Future[R], int] = {pool.submit(function, tasks[k]): k for k in chosen}
        while waiting:
            finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in finished:
                error = future.exception()
                yield waiting.pop(future), error if error is not None else future.result()
    except (KeyboardInterrupt, GeneratorExit):
        for process in list((getattr(pool, "_processes", None) or {}).values()):
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the main process, which ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _on_cluster(function: Callable[[T], R], tasks: Sequence[T], address: str) -> Iterator[tuple[int, R | BaseException]]:
    """Send the tasks to a Dask scheduler; it gives the tasks of a worker that dies to another."""
    try:
        import distributed

        dask: Any = distributed
    except ImportError:
        raise UsageError("--cluster needs the package distributed: python -m pip install 'fundalloc[cluster]'") from None
    try:
        client: Any = dask.Client(address, timeout=PATIENCE)
    except TypeError:  # what Dask says of a tls:// address without certificates
        raise UsageError(f"No certificates for {address}: name them in Dask's settings, distributed.comm.tls (ca-file, client)") from None
    except (OSError, ValueError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(f"No Dask scheduler answers at {address}: {reason}") from None
    lost = f"The Dask scheduler at {address} is gone. What was finished is kept: the same command goes on where it stopped."
    try:
        futures = {client.submit(function, task, pure=False, retries=1): k for k, task in enumerate(tasks)}
        for future in dask.as_completed(futures):
            if future.cancelled() or client.status != "running":
                raise SolverFailed("cluster", lost)
            raised = future.exception(timeout=PATIENCE)
            yield futures[future], raised if raised is not None else future.result(timeout=PATIENCE)
    except (OSError, TimeoutError, CancelledError) as error:
        raise SolverFailed("cluster", f"{lost} ({type(error).__name__})") from None
    finally:
        client.close(timeout=1)
