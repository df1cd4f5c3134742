"""Soft targets treated as if they had to hold: the first step towards saying which of them clash."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from fundalloc.errors import Infeasible, UsageError, did_you_mean
from fundalloc.insight.conflict.diagnose import Diagnosis, diagnose
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.target import plain_word
from fundalloc.optimise.stages import Progress
from fundalloc.scenario.scenario import Scenario


def hardened(scenario: Scenario, wanted: Sequence[str] = ()) -> tuple[Scenario, list[str]]:
    """Return the scenario with soft rules made hard (all, or those named by id), and their ids. Raises UsageError."""
    soft = {plain_word(rule.id): rule.id for rule in scenario.written_rules if rule.soft is not None}
    names = []
    for word in wanted:
        if plain_word(word) not in soft:
            hard = any(plain_word(rule.id) == plain_word(word) for rule in scenario.rules)
            why = "is no soft rule" if hard else "is no rule here"
            raise UsageError(f"'{word}' {why}; {did_you_mean(word, soft.values()) or 'no rule of this scenario is soft'}")
        names.append(soft[plain_word(word)])
    chosen = names or list(soft.values())
    if not chosen:
        raise UsageError("no rule of this scenario is soft")
    rules = tuple(rule.model_copy(update={"soft": None}) if rule.id in chosen else rule for rule in scenario.rules)
    return replace(scenario, rules=rules), chosen


@dataclass(frozen=True)
class AsIfHard:
    """What comes of soft rules that have to hold."""

    rules: tuple[str, ...]
    score: float = math.nan
    """What the best plan scores then; nan when none exists."""
    before: float = math.nan
    """What it scores as things stand."""
    clashes: Diagnosis | None = None
    """Why no plan exists; None when one does."""

    @property
    def blamed(self) -> list[str]:
        """The rules asked about that clash, each once."""
        members = [m.rule for clash in self.clashes.clashes for m in clash.members] if self.clashes else []
        return [name for name in dict.fromkeys(members) if name in self.rules]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        found = self.clashes or Diagnosis(())
        members = [clash.members for clash in found.clashes]
        clashes = [{"soft": [m.rule for m in own if m.rule in self.rules], "members": [asdict(m) for m in own]} for own in members]
        scores = {} if self.clashes else {"score": self.score, "before": self.before}
        return {"as_if_hard": list(self.rules), "complete": found.complete, "clashes": clashes, **scores}


def as_if_hard(scenario: Scenario, wanted: Sequence[str], progress: Progress) -> AsIfHard:
    """Say which soft rules (all, or those named) could not hold together if they had to. Raises UsageError."""
    hard, names = hardened(scenario, wanted)
    try:
        with progress("Solving"), ThreadPoolExecutor(1) as second:  # the solver lets other threads run
            as_it_is = second.submit(Bench, scenario)
            return AsIfHard(tuple(names), Bench(hard).score, as_it_is.result().score)
    except Infeasible:
        pass
    with progress("Diagnosing"):
        return AsIfHard(tuple(names), clashes=diagnose(hard))
