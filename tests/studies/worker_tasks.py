"""Tasks for other processes; nothing heavy is imported here, so that they start quickly."""

import os
import signal
import time
from pathlib import Path


def answer_or_die(task: tuple[int, str]) -> int:
    """Number 2 kills its process the first time, number 3 always."""
    number, folder = task
    marker = Path(folder) / f"tried-{number}"
    if (number == 2 and not marker.exists()) or number == 3:
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * 10


def count_and_wait(task: tuple[int, str]) -> int:
    """Leaves a mark when it is finished, and takes a while."""
    number, folder = task
    time.sleep(0.15)
    (Path(folder) / f"done-{number}").touch()
    return number * number
