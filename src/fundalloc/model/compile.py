"""Scenario → LinearProgram, the one verb between what people mean and what a solver reads."""

from __future__ import annotations

import numpy as np

from fundalloc.model.linear_program import Builder, LinearProgram
from fundalloc.model.objective import add_impact
from fundalloc.scenario.scenario import Scenario


def compile_program(scenario: Scenario) -> LinearProgram:
    """State a scenario as a linear program. Columns 0 … len(lines)-1 are the lines, in EUR million.

    Undecided lines have no upper bound of their own: ceilings limit them as rows, and a bound that repeats a row would
    take over its shadow price.
    """
    lines = scenario.lines
    decided = np.asarray(scenario.facts.euro(lines.decided), dtype=float)
    upper = np.where(lines.fixed, decided, np.inf)
    builder = Builder(np.zeros(len(lines)), decided, upper)
    add_impact(builder, lines)
    for rule in scenario.rules:
        builder.add_rule(rule, lines)
    return builder.finish(len(lines), len(scenario.facts.needs))
