"""Variants of one scenario file, each named by the same `KEY=VALUE` settings that `--set` takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from fundalloc.errors import UsageError
from fundalloc.money import NotANumber, parse_figure, plain
from fundalloc.scenario.document import Scalar, Tree
from fundalloc.scenario.inherited import INHERITED
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sources import Sources
from fundalloc.scenario.tables.specs import KEYS

Tick = Callable[[int, int], None]
"""Called with how many parts are done, and of how many."""
MOST = 10_000
"""Values of one key at most."""
HOW = "write KEY=FROM..TO:STEP, such as rules.legal-floor.at_least=5%..30%:5%"
_RANGE = re.compile(r"^(?P<low>.+?)\.\.(?P<high>.+?)(:(?P<step>[^:]+))?$")
PARTS = 10
"""Into so many parts a range is cut that names no distance."""


@dataclass(frozen=True)
class Source:
    """A scenario file and how it is read; every variant of it is read the same way."""

    path: str
    settings: tuple[str, ...] = ()
    allow_outside: bool = False
    baseline: str | None = None

    @classmethod
    def of(cls, given: Source | str | Path) -> Source:
        """Return a source, also of the name of a file. Raises UsageError for anything else."""
        if isinstance(given, str | Path):
            return cls(str(given))
        if not isinstance(given, Source):
            raise UsageError(f"a study takes a Source or the name of a scenario file, not {type(given).__name__}")
        return given

    def load(self, *more: str) -> Scenario:
        """Read the file with further settings on top. Raises ScenarioError."""
        return load(self.path, settings=(*self.settings, *more), allow_outside=self.allow_outside, baseline=self.baseline)


def restored(files: Sources, folder: Path) -> Source:
    """Write the files of a scenario below a folder and return the source that reads it from there."""
    folder = folder / "files"  # who writes clears up in the folder above, which is thus nobody else's
    files.restore(folder)
    baseline = str(folder / files.baseline) if files.baseline else None
    return Source(str(folder / files.main), files.settings, files.outside, baseline)


@dataclass(frozen=True)
class Value:
    """One value of a varied key: as a number, and as the text that `--set` takes."""

    number: Fraction
    text: str


@dataclass(frozen=True)
class Vary:
    """A key and the values it takes, in order."""

    key: str
    values: tuple[Value, ...]
    share: bool
    """Whether the numbers are shares: 3/20 is printed as 15 %; otherwise they are EUR million."""
    inherited: bool
    """Whether they are laid on what the file says, as `inherited ±` does."""

    def setting(self, value: Value) -> str:
        """Return the setting that gives the key this value."""
        return f"{self.key}={value.text}"

    def shown(self, number: Fraction | float) -> str:
        """Print a number of this key."""
        exact = Fraction(number).limit_denominator(10**6)
        return f"{plain(exact * 100)} %" if self.share else plain(exact)


def parse_vary(text: str) -> Vary:
    """Read `KEY=FROM..TO:STEP` or `KEY=A,B,C`. A percent sign may stand on any of the figures; it then holds for all.

    `inherited - 20 %..inherited + 20 %:5 %` varies what the file says. Raises UsageError.
    """
    key, equals, written = text.partition("=")
    if not equals or not key.strip():
        raise UsageError(f"--vary {text}: no key and values; {HOW}")
    found = _RANGE.match(written.strip())
    ends = [_end(part, text) for part in (filter(None, found.group("low", "high", "step")) if found else written.split(","))]
    percent, inherited = any(is_percent for _, is_percent, _ in ends), any(on_top for _, _, on_top in ends)
    numbers = [value / 100 if percent and not is_percent else value for value, is_percent, _ in ends]
    if found is not None:
        low, high, *step = numbers
        numbers = _numbers(low, high, step[0] if step else (high - low) / PARTS, text)
    return Vary(key.strip(), tuple(Value(n, _written(n, percent, inherited)) for n in numbers), percent, inherited)


def _end(written: str, text: str) -> tuple[Fraction, bool, bool]:
    """Return a figure, whether it is a percentage, and whether it is laid on what the file says."""
    bare, sign, inherited = written.strip(), 1, False
    if (match := INHERITED.match(bare)) and match["figure"]:
        bare, inherited = match["figure"], True
        sign = -1 if match["sign"] == "-" else 1
    elif bare == "inherited":
        return Fraction(0), False, True
    try:
        figure = parse_figure(bare)
    except NotANumber as error:
        raise UsageError(f"--vary {text}: {error}; {HOW}") from None
    return sign * figure.value, figure.percent, inherited


def _numbers(low: Fraction, high: Fraction, step: Fraction, text: str) -> list[Fraction]:
    if low == high:
        raise UsageError(f"--vary {text}: both ends are the same; {HOW}")
    if step == 0 or (step < 0) != (high < low):
        step = -step
    if step == 0:
        raise UsageError(f"--vary {text}: the step is zero; {HOW}")
    count = (high - low) // step
    if count >= MOST:
        raise UsageError(f"--vary {text}: more than {MOST} values; take a larger step")
    numbers = [low + k * step for k in range(count + 1)]
    return numbers if numbers[-1] == high else [*numbers, high]


def _written(number: Fraction, percent: bool, inherited: bool) -> str:
    rounded = round(number, 9)
    figure = f"{plain(abs(rounded) * 100)} %" if percent else plain(abs(rounded))
    if inherited:
        return f"inherited {'-' if rounded < 0 else '+'} {figure}"
    return figure if rounded >= 0 else f"-{figure}"


def present_value(scenario: Scenario, key: str) -> str | None:
    """Return what the scenario says under a dotted key, as text; None where it says nothing there, or more than a figure."""
    parts = key.split(".")
    keys = KEYS.get(parts[0], ())
    if keys and len(parts) >= len(keys) + 2:
        table, wanted, column = scenario.tables[parts[0]], parts[1 : 1 + len(keys)], ".".join(parts[1 + len(keys) :])
        owners = [table.column(name) for name in keys]
        found = [k for k in range(len(table.cells)) if [owner[k] for owner in owners] == wanted]
        return (table.column(column)[found[0]] or None) if found else None
    node: Any = scenario.tree
    for part in parts:
        node = node.items.get(part) if isinstance(node, Tree) else None
    return node.text if isinstance(node, Scalar) else None


def with_plan_to_start_from(scenario: Scenario, like: Scenario) -> Scenario:
    """Give a variant the baseline plan that the scenario it varies has, instead of solving that plan again."""
    if scenario.baseline is None:
        return scenario
    return replace(scenario, facts=replace(scenario.facts, baseline=like.facts.baseline), baseline=None)
