"""The objective as written: stages in order, and how settling chooses among good plans."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from pydantic import model_validator

from fundalloc.facts.entities import Record
from fundalloc.facts.fields import Share, refuse
from fundalloc.rules._fields import ForEach


class Settle(Record):
    """How settling chooses among good plans."""

    stay_close: Share = Fraction(0)
    """Relative score that may be given up to move less money."""


MEASURED = ("impact", "lowest_coverage", "unallocated", "change")
"""Goals that one figure measures."""
GOALS = (*MEASURED, "fair")
OF_MEMBERS = ("lowest_coverage", "fair")
"""Goals that ask whose coverage counts."""


class Stage(Record):
    """One objective stage: a word, or a word with its options."""

    goal: Literal["impact", "lowest_coverage", "unallocated", "change", "fair"]
    for_each: ForEach = ()
    """For lowest_coverage and fair: whose coverage counts."""
    give: Share = Fraction(0)
    """Relative value that later stages may give up."""

    @model_validator(mode="before")
    @classmethod
    def _word(cls, raw: Any) -> Any:
        if isinstance(raw, str):
            return {"goal": raw}
        if isinstance(raw, dict) and "goal" not in raw:
            goal = next((key for key in raw if key in GOALS), None)
            if goal is None:
                raise refuse("no stage named", f"expected one of: {', '.join(GOALS)}")
            other = next((key for key in raw if key in GOALS and key != goal), None)
            if other is not None:
                raise refuse("two stages in one entry", f"write [{{{goal}: …}}, {{{other}: …}}]", (other,))
            return {"goal": goal, **_options(goal, raw[goal]), **{k: v for k, v in raw.items() if k != goal}}
        return raw

    @model_validator(mode="after")
    def _whose(self) -> Stage:
        if self.goal in OF_MEMBERS and not self.for_each:
            raise refuse(f"{self.goal} of whom?", f"write {{{self.goal}: {{for_each: partnership}}}}")
        if self.goal not in OF_MEMBERS and self.for_each:
            raise refuse(f"'{self.goal}' is one figure for the whole plan", "take 'for_each' out")
        return self


def _options(goal: str, raw: Any) -> dict[str, Any]:
    """Return what was written behind the word of a stage."""
    if isinstance(raw, dict):
        return raw
    hint = f"write {{{goal}: {{for_each: partnership}}}}" if goal in OF_MEMBERS else f"write {goal}, or {{{goal}: {{give: 1 %}}}}"
    raise refuse(f"'{goal}' takes options, not '{raw}'", hint, (goal,))


def impact_first(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """Shadow prices, the certificate and the status speak of the score, so it comes first."""
    if not stages:
        raise refuse("no stage", "write objective: [impact]")
    if stages[0].goal != "impact":
        goal = stages[0].goal
        hint = f"to put {goal} before it, let impact give way: [{{impact: {{give: 100 %}}}}, {goal}, impact]"
        raise refuse(f"the first stage is '{goal}': shadow prices and the proof speak of impact, so it comes first", hint, (0,))
    return stages
