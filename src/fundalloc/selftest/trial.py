"""The whole selftest: answers worked out by hand and random scenarios, each solved on both sides and compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from fundalloc.selftest.dice import scenarios
from fundalloc.selftest.judge import Verdict, judge
from fundalloc.selftest.known import Known, known_answers


@dataclass(frozen=True)
class Trial:
    """What came of it."""

    known: tuple[tuple[Known, Verdict], ...]
    random: tuple[Verdict, ...]
    seed: int

    @property
    def ends(self) -> Counter[str]:
        """How the random scenarios ended on which both sides agree."""
        return Counter(verdict.end for verdict in self.random if not verdict.wrong)

    @property
    def differ(self) -> list[Verdict]:
        """Those on which the sides differ."""
        return [verdict for verdict in (*(verdict for _, verdict in self.known), *self.random) if verdict.wrong]

    @property
    def kinds(self) -> dict[str, int]:
        """How many rules of each kind were solved on both sides, at random."""
        return dict(sorted(Counter(rule["kind"] for verdict in self.random for rule in verdict.case["rules"].values()).items()))

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "known": [{"name": answer.name, "score": answer.score, "wrong": verdict.wrong} for answer, verdict in self.known],
            "random": {"cases": len(self.random), "seed": self.seed, "agree": self.ends, "kinds": self.kinds},
            "differ": [{"wrong": verdict.wrong, "scenario": verdict.case} for verdict in self.differ],
        }


def selftest(cases: int = 100, seed: int = 1, progress: Callable[[str], AbstractContextManager[object]] | None = None) -> Trial:
    """Hold the tool against a second, plain statement of the mathematics."""
    progress = progress or (lambda _: nullcontext())
    with progress("By hand"):
        known = tuple((answer, judge(answer.case, answer)) for answer in known_answers())
    with progress("At random"):
        return Trial(known, tuple(judge(case) for case in scenarios(cases, seed)), seed)
