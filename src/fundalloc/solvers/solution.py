"""What a solver returns, in our words: status, values, shadow prices with one sign, and how it was done."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from fundalloc.model.linear_program import Floats


class Status(StrEnum):
    """The five outcomes; the same words everywhere."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    ERROR = "error"


@dataclass(frozen=True)
class Options:
    """How to solve: which solver, and when to stop."""

    solver: str = "highs"
    """`highs` (arrays, default), or the name of any solver that PuLP reaches, such as `cbc` or `highs-pulp`."""
    method: str = ""
    """For HiGHS: simplex or ipm; empty: chosen by size."""
    time_limit: float | None = None
    """Seconds."""
    gap: float | None = None
    """Relative gap at which an integer search may stop."""
    presolve: bool = True
    """For HiGHS: whether to shrink the program first; a start next to the answer is faster without."""
    start: Floats | None = None
    """Values from which a search may start; NaN where the solver may choose."""


@dataclass(frozen=True)
class Solution:
    """A solver's answer. `values` and `prices` are empty unless the status is optimal or feasible."""

    status: Status
    objective: float = 0.0
    values: Floats = field(default_factory=lambda: np.zeros(0))
    prices: Floats = field(default_factory=lambda: np.zeros(0))
    """Per row: score gained per extra EUR million of its limit (positive for ceilings, negative for floors)."""
    solver: str = ""
    method: str = ""
    iterations: int = 0
    seconds: float = 0.0
    bound: float | None = None
    """The best score that the solver has not excluded; equals the objective when optimal."""
    message: str = ""

    @property
    def usable(self) -> bool:
        """Whether there are values to read."""
        return self.status in (Status.OPTIMAL, Status.FEASIBLE)
