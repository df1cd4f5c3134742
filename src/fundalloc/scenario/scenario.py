"""The scenario: facts, rules and objective, checked and frozen; and where every value of it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from fundalloc.doors.glance import Glance
from fundalloc.errors import Place, Problem, UsageError, counted, did_you_mean
from fundalloc.facts.dimensions import Line
from fundalloc.facts.entities import Named
from fundalloc.facts.facts import Baseline, Facts
from fundalloc.facts.lines import Lines, build_lines
from fundalloc.facts.selection import MandateRow
from fundalloc.labels import Language, in_own_words, label
from fundalloc.money import Exact, decimals
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import WHOLE_PERIOD
from fundalloc.scenario.document import Node, Tree, scalars
from fundalloc.scenario.own_words import spoken
from fundalloc.scenario.sections import LEVELS, Head
from fundalloc.scenario.sources import Sources
from fundalloc.scenario.tables.control import passports
from fundalloc.scenario.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Scenario(Glance):
    """One scenario file, read, merged and checked. Every step of a run starts from it."""

    head: Head
    facts: Facts
    rules: tuple[Kind, ...]
    """The rules as written, and after them the ceilings and absorption."""
    places: Mapping[str, Place]
    """Rule id → where it is written."""
    switched_off: Mapping[str, Mapping[str, str]]
    """Section → {id: reason}."""
    tree: Tree
    """The file after `extends`, every value with its place."""
    tables: Mapping[str, Table]
    digest: str
    """SHA-256 of the resolved scenario."""
    file: str
    figures: Mapping[str, Table] = field(default_factory=dict)
    """The tables that hold figures of rules, per member, by what they fill: `rules.<id>.at_least`."""
    mandate: tuple[MandateRow, ...] = ()
    """What the plan answers; no amount depends on it."""
    remarks: tuple[Problem, ...] = ()
    """What looks wrong in how it is written, and does not stop."""
    baseline: Scenario | None = None
    """The scenario whose plan this one starts from, while it is not yet solved."""
    sources: Sources | None = None
    """The files it was read from, as they were; None for a scenario that was not read from files."""

    @classmethod
    def from_tables(cls, head: Mapping[str, Any], **tables: pd.DataFrame) -> Scenario:
        """Read a scenario from a mapping and frames, `needs=frame, …`, with the checks and messages of a file.

        Frames have the columns of the tables in CSV; a problem is placed in `needs.csv`, whose line 1 has the headings. Raises
        ScenarioError with every problem found, UsageError for a table that there is not.
        """
        from fundalloc.scenario.loading import load_tables  # it makes scenarios

        return load_tables(head, tables)

    def starting_from(self, amounts: Mapping[Line, Fraction], elsewhere: Fraction = Fraction(0)) -> Scenario:
        """Return this scenario with a baseline plan: EUR million by the four ids; what has other ids joins `elsewhere`."""
        positions = [{member: k for k, member in enumerate(d.ids)} for d in self.facts.dimensions]
        known = [(ids, amount) for ids, amount in amounts.items() if all(i in p for i, p in zip(ids, positions, strict=True))]
        codes = [np.array([p[ids[k]] for ids, _ in known], dtype=np.int64) for k, p in enumerate(positions)]
        elsewhere += sum(amounts.values(), Fraction(0)) - sum((amount for _, amount in known), Fraction(0))
        plan = Baseline(codes[0], codes[1], codes[2], codes[3], Exact.of(amount for _, amount in known), elsewhere)
        return replace(self, facts=replace(self.facts, baseline=plan))

    def starting_amounts(self) -> dict[Line, Fraction]:
        """Return the baseline plan, EUR million by four ids, as `starting_from` takes it: what it has elsewhere under empty ids."""
        start, dimensions = self.facts.baseline, self.facts.dimensions
        if start is None:
            return {}
        columns = [np.array(d.ids, dtype=object)[getattr(start, d.name)] for d in dimensions]
        amounts = [Fraction(int(n), start.amount.denominator) for n in start.amount.numerator]
        keys = zip(*columns, strict=True)
        known = {(i, p, a, t): amount for (i, p, a, t), amount in zip(keys, amounts, strict=True) if amount}
        return {**known, ("", "", "", ""): start.elsewhere} if start.elsewhere else known

    @property
    def id(self) -> str:
        """Short name of the scenario."""
        return self.head.scenario

    @property
    def decimals(self) -> int:
        """Decimals that an amount in EUR million needs at the rounding step."""
        return decimals(self.facts.step)

    @cached_property
    def lines(self) -> Lines:
        """The allocation lines."""
        return build_lines(self.facts)

    @cached_property
    def passports(self) -> dict[str, dict[str, Any]]:
        """What was read of every table."""
        return passports(self.every_table)

    @property
    def every_table(self) -> dict[str, Table]:
        """The tables of the scenario, and after them those of rules."""
        return {**self.tables, **self.figures}

    @property
    def written_rules(self) -> tuple[Kind, ...]:
        """The rules of the file, without ceilings and absorption."""
        return tuple(rule for rule in self.rules if not rule.built_in)

    def names(self, language: str = "en") -> dict[str, dict[str, str]]:
        """Return {dimension or tag group: {id or value: name}} for sentences and headings; a value without a name has none."""
        groups = {"level": {level: label(f"workbook.level.{level}", language) for level in LEVELS}}
        for group, named in self.head.tag_names.items():
            groups[group] = groups.get(group, {}) | {value: name.within(language) for value, name in named.items()}
        groups |= {dimension: {one.id: one.name.within(language) for one in members} for dimension, members in self._named.items()}
        groups["action"] = self._actions(groups["area"], language)
        return {**groups, "year": {WHOLE_PERIOD: label("rule.total", language)}, "transfer": self._transfers(language)}

    @property
    def _named(self) -> dict[str, Sequence[Named]]:
        return {"instrument": self.facts.instruments, "partnership": self.facts.partnerships, "area": self.facts.areas}

    def _actions(self, names: Mapping[str, str], language: str) -> dict[str, str]:
        """Return what areas and actions are called by themselves: money of an area that holds actions is not broken down."""
        holding = {area: names[area] for area in self.facts.dimensions.area.within.values()}
        alone = {area: label("rule.not_broken_down", language, area=name) for area, name in holding.items()}
        return {**names, **alone, **{f"area:{area}": name for area, name in holding.items()}}

    def _transfers(self, language: str) -> dict[str, str]:
        names = {i.id: i.label.within(language) for i in self.facts.instruments}
        ways = {t.id: {"giving": names[t.giving], "taking": names[t.taking]} for t in self.facts.transfers}
        moves = {key: label("rule.moves", language, **way) for key, way in ways.items()}
        return moves | {f"from {i}": label("rule.all_moves", language, giving=name) for i, name in names.items()}

    def speaks(self, language: str | None = "en") -> Language:
        """Return a language, its own where none is asked for, with the words that this scenario has of its own."""
        return spoken(self.head.words, language or self.head.output.language)

    def own(self, text: str) -> str:
        """Return an English text of ours in the words of this scenario."""
        return in_own_words(text, self.speaks())

    def labels(self, language: str = "en") -> dict[str, dict[str, str]]:
        """Return {dimension: {id: short label}} for narrow columns."""
        short = {dimension: {one.id: one.label.within(language) for one in members} for dimension, members in self._named.items()}
        return {**self.names(language), **short, "action": self._actions(short["area"], language)}

    def where(self, rule: Kind) -> str:
        """Return file:line:column of a rule; for ceilings and absorption the section they come from."""
        place = self.places.get(rule.id)
        return str(place) if place else f"{self.file}: {rule.source}"

    @property
    def headline(self) -> str:
        """Its id and the counts of what it holds."""
        return f"Scenario {self.id}: {', '.join(counted(number, what) for what, number in self.summary().items())}"

    def glance(self) -> list[Sequence[object]]:
        """Return how many there are of everything."""
        return [("of", "number"), *self.summary().items()]

    def summary(self) -> dict[str, Any]:
        """Return the counts that every command prints first."""
        facts = self.facts
        return {
            "instruments": len(facts.instruments),
            "partnerships": len(facts.leaf_ids),
            "areas": len(facts.dimensions.area.members),
            "years": len(facts.years),
            "lines": len(self.lines),
            "rules": len(self.written_rules),
            "demands": sum(len(rule.demands(self.lines)) for rule in self.written_rules),
        }


class Origin(NamedTuple):
    """One value: its dotted key, its text, and where it was written."""

    key: str
    value: str
    origin: str


def origins(scenario: Scenario, key: str | None = None, file: str = "") -> list[Origin]:
    """Return the values under a dotted key, or all; of a table the rows that hold every word behind its name. Raises UsageError."""
    parts = key.split(".") if key else []
    if parts and parts[0] in scenario.tables:
        return _origins_of_rows(scenario.tables[parts[0]], set(parts[1:]))
    node: Node = scenario.tree
    for k, part in enumerate(parts):
        known = node.items if isinstance(node, Tree) else {}
        if part not in known:
            raise UsageError(f"No '{'.'.join(parts[: k + 1])}' in {file or scenario.file}. {did_you_mean(part, known)}".rstrip())
        node = known[part]
    if key:
        return _origins_below(node, key)
    found = {name: _origins_below(value, name) for name, value in scenario.tree.items.items()}
    for name, table in scenario.tables.items():
        if name in found:
            found[name] = [Origin(name, f"{len(table.cells)} rows", f"{table.name} (fundalloc show FILE {name})")]
    return [*chain.from_iterable(found.values())]


def _origins_of_rows(table: Table, wanted: set[str]) -> list[Origin]:
    rows = ((row, column, text) for row, cells in enumerate(table.cells) if wanted <= set(cells) for column, text in enumerate(cells))
    return [Origin(f"{row + 1}.{table.columns[k]}", text, str(table.place(row, k))) for row, k, text in rows if text]


def _origins_below(node: Node, name: str) -> list[Origin]:
    return [Origin(".".join(path), leaf.text, str(leaf.place)) for path, leaf in scalars(node, (name,))]
