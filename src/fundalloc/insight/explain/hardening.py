"""Soft targets treated as if they had to hold: the first step towards saying which of them clash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fundalloc.errors import UsageError, did_you_mean
from fundalloc.insight.explain.target import plain_word
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
