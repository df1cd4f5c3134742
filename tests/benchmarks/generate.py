"""Made-up scenarios of any size, in the tool's own format: a YAML file and its tables, the same for the same seed.

    python tests/benchmarks/generate.py DIR --lines 100000 --seed 7

Writes `core.yaml` (ceilings, absorption, area shares, change from year to year: what every peer states too) and `full.yaml`, which
extends it with floors, an ODA share, fair shares, concentration and decided money. The figures describe nothing real.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

YEARS = range(2021, 2028)
AREAS = ("refugees", "opportunities", "smuggling", "returns", "legal-pathways")
GROUPS = 10
"""Groupings of partnerships; every instrument serves half of them."""
ELIGIBLE = 0.8
"""Share of (instrument, area) that may be funded."""
ODA = {"refugees": 1.0, "opportunities": 1.0, "smuggling": 0.6, "returns": 0.7, "legal-pathways": 0.9}


@dataclass(frozen=True)
class Size:
    """How many of what: about 10 000 lines are 10 instruments and 72 partnerships, 1 000 000 are 40 and 1 800."""

    instruments: int
    partnerships: int

    @classmethod
    def of(cls, lines: int) -> Size:
        """Return the numbers that give about so many lines."""
        instruments = max(4, round(10 * (lines / 10_000) ** 0.3))
        per_pair = 0.5 * ELIGIBLE * len(AREAS) * len(YEARS)
        return cls(instruments, max(GROUPS, round(lines / (instruments * per_pair))))


def generate(folder: Path, lines: int, seed: int) -> Path:
    """Write a scenario of about so many lines and return the path of its full variant."""
    folder.mkdir(parents=True, exist_ok=True)
    random, size = np.random.default_rng(seed), Size.of(lines)
    instruments = [f"instrument-{k:02}" for k in range(size.instruments)]
    partnerships = [f"partnership-{k:04}" for k in range(size.partnerships)]
    wealth = random.lognormal(0.0, 0.6, size.partnerships)
    wanted = np.round(np.outer(wealth, random.uniform(0.5, 1.5, len(AREAS))) * random.uniform(20, 300, (size.partnerships, len(AREAS))), 1)
    wanted[random.random(wanted.shape) < 0.05] = 0.0
    absorption = np.round(wanted.sum(axis=1) / len(YEARS) * random.uniform(0.7, 1.3, size.partnerships) + 1, 1)
    _partnerships(folder, partnerships, absorption, random)
    _write(
        folder / "needs.csv",
        ("partnership", "area", "need", "priority"),
        ((p, a, f"{wanted[k, j]:.1f}", f"{random.uniform(0.6, 1.5):.2f}") for k, p in enumerate(partnerships) for j, a in enumerate(AREAS)),
    )
    _write(folder / "eligibility.csv", ("instrument", "area", "effectiveness"), _eligibility(instruments, random))
    _write(folder / "markers.csv", ("marker", "area", "coefficient"), (("oda", area, str(value)) for area, value in ODA.items()))
    ceilings = random.uniform(0.4, 0.8, size.instruments) * float(wanted.sum()) / size.instruments / len(YEARS)
    served = _served(size.instruments, random)
    (folder / "core.yaml").write_text(_core(instruments, ceilings, served), encoding="utf-8")
    (folder / "full.yaml").write_text(FULL, encoding="utf-8")
    _decided(folder, partnerships, wanted, ceilings, served, random)
    return folder / "full.yaml"


def _served(instruments: int, random: np.random.Generator) -> list[list[int]]:
    """Return which groupings each instrument serves; the first two together serve all, so that nobody is left out."""
    halves = random.permutation(GROUPS)
    rest = [random.choice(GROUPS, GROUPS // 2, replace=False) for _ in range(instruments - 2)]
    return [sorted(int(g) for g in half) for half in (halves[: GROUPS // 2], halves[GROUPS // 2 :], *rest)]


def _partnerships(folder: Path, ids: Sequence[str], absorption: np.ndarray, random: np.random.Generator) -> None:
    rows = [(f"group-{g}", f"Group {g}", "", "", "", "") for g in range(GROUPS)]
    for k, partnership in enumerate(ids):
        tags = f"route:route-{random.integers(5)} income:{('low', 'middle', 'high')[random.integers(3)]}"
        rows.append((partnership, f"Partnership {k}", "bilateral", f"group-{k % GROUPS}", f"{absorption[k]:.1f}", tags))
    _write(folder / "partnerships.csv", ("id", "name", "level", "within", "absorption", "tags"), rows)


def _eligibility(instruments: Sequence[str], random: np.random.Generator) -> Iterable[Sequence[str]]:
    for k, instrument in enumerate(instruments):
        for area in AREAS:
            if k < 2 or random.random() < ELIGIBLE:
                yield instrument, area, str(random.choice((1.0, 0.9, 0.8)))


def _decided(
    folder: Path,
    partnerships: Sequence[str],
    wanted: np.ndarray,
    ceilings: np.ndarray,
    served: Sequence[Sequence[int]],
    random: np.random.Generator,
) -> None:
    """Commit a little money of the first instrument in the first year to some of its partnerships."""
    own = [k for k in range(len(partnerships)) if k % GROUPS in served[0] and wanted[k].sum() > 0]
    chosen = sorted(random.choice(own, max(1, len(own) // 5), replace=False))
    amount = min(2.0, np.floor(ceilings[0] * 5 / len(chosen)) / 10)
    rows = ((partnerships[k], AREAS[int(random.integers(len(AREAS)))]) for k in chosen)
    _write(
        folder / "decided.csv",
        ("instrument", "partnership", "area", "year", "amount", "state", "decision"),
        (("instrument-00", p, a, str(YEARS[0]), f"{amount:.1f}", "committed", "made-up decision") for p, a in rows),
    )


def _core(instruments: Sequence[str], ceilings: np.ndarray, served: Sequence[Sequence[int]]) -> str:
    areas = "".join(f"  {area}: {{name: {area.replace('-', ' ')}}}\n" for area in AREAS)
    entries = "".join(
        f"  {name}: {{name: {name}, source: assumption, ceiling: {{each: {ceilings[k]:.1f}}}, "
        f"partners: [{', '.join(f'group-{g}' for g in served[k])}], tags: [family:family-{k % 4}]}}\n"
        for k, name in enumerate(instruments)
    )
    return CORE.format(first=YEARS[0], last=YEARS[-1], areas=areas, instruments=entries)


CORE = """fundalloc: 1
scenario: benchmark-core
title: A made-up scenario for measuring speed
as_of: 2020-01-01
years: {first}-{last}
round_to: 0.001
illustrative: true
areas:
{areas}instruments:
{instruments}partnerships: {{file: partnerships.csv}}
needs: {{file: needs.csv}}
eligibility: {{file: eligibility.csv}}
markers: {{file: markers.csv}}
steps: [{{share: 50 %, value: 1.0}}, {{share: 30 %, value: 0.6}}, {{share: 20 %, value: 0.3}}]
rules:
  area-share:
    kind: share
    says: "{{partnership}}: at least 5 % of its money for {{area}}"
    for_each: [partnership, area]
    at_least: 5 %
    of: {{area: all}}
    source: assumption
    soft: 0.5
  steady:
    kind: change
    says: "{{partnership}}: at most 25 % up or down from year to year"
    for_each: partnership
    at_least: 75 %
    at_most: 125 %
    plus: 5
    source: assumption
"""
FULL = """fundalloc: 1
scenario: benchmark-full
extends: core.yaml
decided: {file: decided.csv}
rules:
  floor: {kind: amount, says: "{partnership}: at least EUR 20 million", for_each: partnership, at_least: 20, soft: 1, source: assumption}
  oda:
    kind: share
    says: "{instrument}: at least 60 % is development aid"
    for_each: instrument
    money: {marker: oda}
    at_least: 60 %
    of: {}
    source: assumption
    soft: 1
  fair:
    kind: balance
    says: "{partnership}: no less than half of what is fair"
    for_each: partnership
    at_least: 50 %
    soft: 0.3
    source: assumption
  concentration:
    kind: share
    says: "{route}: at most 60 % of {instrument}"
    for_each: [route, instrument]
    at_most: 60 %
    of: {partnership: all}
    source: assumption
"""


def _write(path: Path, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(rows)


def main() -> None:
    """Read the command line and write a scenario."""
    parser = argparse.ArgumentParser(description="Write a made-up scenario of any size.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=10_000, help="about how many allocation lines (default 10 000)")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    print(generate(asked.folder, asked.lines, asked.seed))


if __name__ == "__main__":
    main()
