"""What is worth a look in a scenario although it stops nothing: members that rules skip, needs that no money reaches."""

from __future__ import annotations

import numpy as np

from fundalloc.model.compile import compile_program
from fundalloc.model.health import numerical_troubles
from fundalloc.model.objective import pair_of_line
from fundalloc.money import plain
from fundalloc.run import with_baseline
from fundalloc.scenario.scenario import Scenario

SHOWN = 3
"""How many names a notice lists before it says "and n more"."""


def notices(scenario: Scenario) -> list[str]:
    """Return the notices of a scenario as sentences."""
    program = compile_program(with_baseline(scenario))
    return [*numerical_troubles(program), *_unreachable_needs(scenario), *_skipped_members(scenario), *_crooked_ceilings(scenario)]


def _unreachable_needs(scenario: Scenario) -> list[str]:
    needs, dimensions = scenario.facts.needs, scenario.facts.dimensions
    reached = np.zeros(len(needs), dtype=bool)
    pair = pair_of_line(scenario.lines)
    reached[pair[pair >= 0]] = True
    missing = np.flatnonzero(~reached & (needs.need.numerator > 0))
    names = [f"{dimensions.partnership.ids[needs.partnership[k]]} × {dimensions.area.ids[needs.area[k]]}" for k in missing]
    return [f"{len(names)} needs without any allocation line: {_some(names)}"] if names else []


def _skipped_members(scenario: Scenario) -> list[str]:
    out = []
    for rule in scenario.written_rules:
        skipped = ["|".join(member) for member in rule.skipped(scenario.lines)]
        if skipped:
            out.append(f"rule {rule.id} skips {len(skipped)} members without money that counts: {_some(skipped)}")
    return out


def _crooked_ceilings(scenario: Scenario) -> list[str]:
    facts = scenario.facts
    crooked = [
        i.id
        for i in facts.instruments
        if i.ceiling
        and any((amount / facts.step).denominator != 1 for amount in (*(i.ceiling.each or {}).values(), i.ceiling.total or facts.step))
    ]
    return [f"ceilings cut down to whole steps of {plain(facts.step)}: {_some(crooked)}"] if crooked else []


def _some(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
