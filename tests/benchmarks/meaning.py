"""What `core.yaml` means, as plain tables, for the modelling layers that are measured against fundalloc.

    maximise  sum priority x value_j x q_paj  -  penalty x sum miss_pa
    q_pa1 + q_pa2 + q_pa3                    <=  sum effectiveness x x        coverage, each partnership and area
    sum x                                    <=  ceiling_it                   each instrument and year
    sum x                                    <=  absorption_pt                each partnership and year
    sum x  -  total_p                         =  0                            each partnership
    sum x_pa - floor x total_p + miss_pa     >=  0                            each partnership and area
    fall x F_p,t-1 - plus <= F_pt            <=  growth x F_p,t-1 + plus      each partnership and year, F_pt the sum of its x
    x, miss >= 0,  0 <= q_paj <= share_j x need_pa

Every way states exactly these rows: none is helped or hindered by another formulation.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fundalloc.scenario.scenario import Scenario

Ints, Floats = NDArray[np.int64], NDArray[np.float64]
FLOOR, PENALTY, GROWTH, FALL, PLUS = 0.05, 0.5, 1.25, 0.75, 5.0


@dataclass(frozen=True)
class Core:
    """The tables. Lines run in parallel; the other arrays are indexed by partnership, area, instrument and year."""

    instrument: Ints
    partnership: Ints
    area: Ints
    year: Ints
    effectiveness: Floats
    """Shape (instruments, areas)."""
    need: Floats
    """Shape (partnerships, areas)."""
    priority: Floats
    """Shape (partnerships, areas)."""
    share: Floats
    """Shape (steps,)."""
    value: Floats
    """Shape (steps,)."""
    ceiling: Floats
    """Shape (instruments, years)."""
    absorption: Floats
    """Shape (partnerships, years)."""

    def __len__(self) -> int:
        return len(self.instrument)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Instruments, partnerships, areas, years."""
        return len(self.ceiling), len(self.need), self.need.shape[1], self.ceiling.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns that every way must arrive at."""
        i, p, a, t = self.sizes
        return p * a + i * t + p * t + p + p * a + 2 * p * (t - 1), len(self) + len(self.share) * p * a + p + p * a

    @property
    def worth(self) -> Floats:
        """Points per EUR million of met need. Shape (steps, partnerships, areas)."""
        return self.value[:, None, None] * self.priority

    @property
    def most(self) -> Floats:
        """The upper bound of every met need. Shape (steps, partnerships, areas)."""
        return self.share[:, None, None] * self.need

    def save(self, path: Path) -> None:
        """Write the tables to an .npz file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Core:
        """Read the tables back."""
        with np.load(path) as stored:
            return cls(**{field.name: stored[field.name] for field in fields(cls)})


def read_core(scenario: Scenario) -> Core:
    """Extract the tables of a generated `core.yaml`."""
    facts, lines = scenario.facts, scenario.lines
    leaves = np.flatnonzero([p.id in facts.leaf_ids for p in facts.partnerships])
    place = np.full(len(facts.partnerships), -1)
    place[leaves] = np.arange(len(leaves))
    need, priority = np.zeros((2, len(leaves), len(facts.areas)))
    at = place[facts.needs.partnership], facts.needs.area
    need[at], priority[at] = facts.needs.need.values, facts.needs.priority.values
    return Core(
        lines.instrument,
        place[lines.partnership],
        lines.area,
        lines.year,
        facts.effectiveness.values,
        need,
        priority,
        np.array([float(s.share) for s in facts.bands]),
        np.array([float(s.value) for s in facts.bands]),
        np.asarray(facts.euro(facts.ceilings.usable), dtype=float),
        np.asarray(facts.euro(facts.absorption[leaves]), dtype=float),
    )
