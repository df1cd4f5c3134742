"""Scenario → LinearProgram, the one verb between what people mean and what a solver reads."""

from __future__ import annotations

import numpy as np

from fundalloc.model.linear_program import Builder, LinearProgram
from fundalloc.model.objective import add_impact
from fundalloc.scenario.scenario import Scenario


def compile_program(scenario: Scenario) -> LinearProgram:
    """State a scenario as a linear program. Columns 0 … len(lines)-1 are the lines, in EUR million."""
    lines = scenario.lines
    decided = np.asarray(scenario.facts.euro(lines.decided), dtype=float)
    unlimited = lines.upper == np.iinfo(np.int64).max
    upper = np.where(unlimited, np.inf, np.asarray(scenario.facts.euro(np.where(unlimited, 0, lines.upper)), dtype=float))
    builder = Builder(np.zeros(len(lines)), decided, np.maximum(upper, decided))
    add_impact(builder, lines)
    for rule in scenario.rules:
        builder.add_rule(rule, lines)
    return builder.finish(len(lines), len(scenario.facts.needs))
