"""The one clock: a run, or a study, with a time limit has one deadline, and everything that it asks a solver ends there.

No other clock decides anything. What must end by itself counts nodes, questions or attempts, so that the same scenario gives
the same answer on every machine.
"""

from __future__ import annotations

import time

now = time.monotonic


class Deadline:
    """A moment that many solves share. In another process, or on another machine, as much time is left as was left here."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = now() + seconds

    @property
    def left(self) -> float:
        """Seconds left, zero when it is over."""
        return max(self._at - now(), 0.0)

    def __reduce__(self) -> tuple[type[Deadline], tuple[float]]:
        return Deadline, (self.left,)
