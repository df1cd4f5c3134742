"""From a merged tree to a scenario: every part is read even when others are wrong, so that all problems come at once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from fundalloc.doors.text import display_name
from fundalloc.errors import MANY, Place, Problems, ScenarioError, nearest
from fundalloc.facts.dimensions import Dimension, Dimensions, Hierarchy, build_hierarchy, find_circle
from fundalloc.facts.entities import Area, Instrument, Record, TransferRight
from fundalloc.facts.facts import Facts
from fundalloc.facts.selection import Clause
from fundalloc.rules import built_in_rules, kinds, parse_rule
from fundalloc.rules.kind import Kind
from fundalloc.scenario import assembly
from fundalloc.scenario.adjusting import adjust
from fundalloc.scenario.consistency import check_facts, check_past, check_rules
from fundalloc.scenario.document import Tree, locate, texts, to_plain
from fundalloc.scenario.inherited import Period
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sections import LEVELS, TOLD_TABLES, TOP_LEVEL, Head, entries
from fundalloc.scenario.tables.raw import Files
from fundalloc.scenario.tables.specs import fill_figures, names_of, read_tables
from fundalloc.scenario.tables.table import References, Table
from fundalloc.scenario.uncertain import misplaced
from fundalloc.scenario.validation import problems_of, refused, validate

REQUIRED_TABLES = ("partnerships", "needs", "eligibility")

RecordT = TypeVar("RecordT", bound=Record)


def assemble(tree: Tree, source: Path, files: Files, problems: Problems, *, expects_baseline: bool = False) -> Scenario:
    """Check a merged tree, each part even when others are wrong, and build the scenario from it. Raises ScenarioError.

    Recorded beside a result that exists, it need not say anything of years that are over: before version 0.2.0 no scenario did.
    """
    parts = _Assembly(tree, files, source, problems)
    parts.read_head_and_tables()
    parts.name_everything()
    parts.adjust()
    facts = parts.read_facts()
    parts.problems += () if files.recorded else check_past(parts.head, parts.tree)
    sound = not parts.problems
    rules, places = parts.read_rules()
    if facts is None:
        raise ScenarioError(parts.problems)
    return parts.hold_together(facts, rules, places, sound=sound, expects_baseline=expects_baseline)


class _Assembly:
    """A merged tree on its way to a scenario, stage by stage; every stage notes what is wrong and goes on."""

    head: Head
    hierarchy: Hierarchy
    dimensions: Dimensions | None = None

    def __init__(self, tree: Tree, files: Files, source: Path, problems: Problems) -> None:
        self.tree, self.source, self.files, self.problems = tree, source, files, problems
        self.off: dict[str, dict[str, str]] = {}

    def read_head_and_tables(self) -> None:
        """Read what stands alone. Raises ScenarioError where too little is there to hold the rest against."""
        self._check_keys()
        head = self._head()
        self.tables = read_tables(self.tree, self.files, self.problems)
        names = names_of(self.tree, self.tables["partnerships"])
        self.tree, self.figures = fill_figures(self.tree, self.files, self.problems, names)
        self.areas, self.instruments = self._entries("areas"), self._entries("instruments")
        self._check_actions()
        self.partnerships = assembly.build_partnerships(self.tables["partnerships"], head.levels if head else LEVELS, self.problems)
        needed = {"areas": self.areas, "partnerships": self.partnerships, "instruments": self.instruments}
        for section in (name for name, found in needed.items() if not (found or self.problems)):
            self.problems.add(self.tree.keys[section], f"nothing in '{section}'", "a plan needs one that is switched on")
        if head is None or not all(needed.values()):
            for model, section in ((Area, "areas"), (Instrument, "instruments"), (Clause, "exclude"), (Clause, "allow")):
                self._records(model, section)  # by themselves, when there is no whole to hold them against
            self.read_rules()
            raise ScenarioError(self.problems)
        self.head = head

    def name_everything(self) -> None:
        """Build the tree of partnerships and the four dimensions; what is switched off stays known, with its tags, but picks nothing."""
        ids = [p.id for p in self.partnerships]
        within = {p.id: p.within for p in self.partnerships if p.within in ids}
        self.hierarchy = build_hierarchy(ids, {} if find_circle(within.items()) else within)
        tags, groupings = {p.id: p.all_tags for p in self.partnerships}, self.hierarchy.groupings()
        dropped = [word for row in self.tables["partnerships"].dropped for word in (row["id"], *row.get("tags", "").split())]
        self.dimensions = Dimensions(
            self._named("instrument", self.instruments, "instruments"),
            Dimension.build("partnership", ids, tags, groupings, empty=dropped),
            self._named("area", self.areas, "areas"),
            Dimension.build("year", map(str, self.head.years), {}),
            tuple(dict.fromkeys(self.tables["markers"].column("marker"))),
        )

    def adjust(self) -> None:
        """Write the adjustments over tree and tables."""
        assert self.dimensions is not None
        period = Period(self.dimensions.year.ids, tuple(map(str, self.head.closed)))
        self.tree = adjust(self.tree, self.tables, self.instruments, self.dimensions, period, self.problems)
        self.partnerships = assembly.build_partnerships(self.tables["partnerships"], self.head.levels, Problems())

    def read_facts(self) -> Facts | None:
        """Read everything that is so; None when an area or instrument could not be read."""
        assert self.dimensions is not None
        head, tables = self.head, self.tables
        areas, instruments = self._records(Area, "areas"), self._records(Instrument, "instruments")
        dropped = [row["id"] for row in tables["partnerships"].dropped]
        off = {"instrument": self.off.get("instruments", {}), "area": self.off.get("areas", {}), "partnership": dropped}
        references = References(self.dimensions, off, self.problems)
        eligible, effectiveness, eligibility = assembly.build_eligibility(tables["eligibility"], references)
        markers, coefficients = assembly.build_markers(tables["markers"], references)
        decided, places = assembly.build_decided(tables["decided"], references, head.round_to)
        needs = assembly.build_needs(tables["needs"], references)
        exclude, allow = (tuple(self._records(Clause, section)) for section in ("exclude", "allow"))
        transfers = tuple(self._records(TransferRight, "transfers"))
        self.mandate = tuple(assembly.build_mandate(tables["mandate"], references, getattr(self.tree.mapping("rules"), "items", ())))
        if len(areas) < len(self.dimensions.area.ids) or len(instruments) < len(self.dimensions.instrument.ids):
            return None
        memo = np.array([instruments[i].counts == "memo" for i in decided.instrument], dtype=bool)
        facts = Facts(
            years=head.years,
            closed=frozenset(head.closed),
            step=Fraction(head.round_to),
            instruments=tuple(instruments),
            partnerships=tuple(self.partnerships),
            areas=tuple(areas),
            hierarchy=self.hierarchy,
            dimensions=self.dimensions,
            eligible=eligible,
            effectiveness=effectiveness,
            eligibility=eligibility,
            markers=markers,
            coefficients=coefficients,
            needs=needs,
            decided=decided.only(~memo),
            memo=decided.only(memo),
            bands=head.steps,
            exclude=exclude,
            allow=allow,
            transfers=transfers,
        )
        self.problems += check_facts(facts, self.tree, tables, [p for p, m in zip(places, memo, strict=True) if not m])
        return facts

    def read_rules(self) -> tuple[list[Kind], dict[str, Place]]:
        """Read the rules that are switched on, and where each stands; the built-in ones follow."""
        rules, places = [], {}
        section, packages = self.tree.mapping("rules"), self.tree.mapping("kinds_from")
        for rule_id, node in self._entries("rules").items():
            assert section is not None
            places[rule_id] = section.keys[rule_id]
            if rule_id in kinds() and kinds()[rule_id].built_in:
                message = f"'{rule_id}' cannot be the id of a rule"
                self.problems.add(section.keys[rule_id], message, "the word names a built-in rule: choose another")
                continue
            try:
                package = packages.text(node.text("kind") or "") if packages else None
                rules.append(rule := parse_rule(rule_id, to_plain(node), self.dimensions, package))
                if rule.soft == 0:
                    hint = "write watch: true for a rule that is only measured, soft: none to make an inherited one hard"
                    self.problems.remark(locate(node, ("soft",)), f"rule '{rule_id}' costs nothing to break: soft is 0", hint)
            except ValidationError as error:
                self.problems += problems_of(error, node, kinds().get(node.text("kind") or ""))
            except PydanticCustomError as error:
                at = (error.context or {})["at"]
                self.problems.append(refused(error, locate(node, at) if at[0] in node.items else section.keys[rule_id]))
        return [*rules, *built_in_rules()], places

    def hold_together(self, facts: Facts, rules: list[Kind], places: dict[str, Place], *, sound: bool, expects_baseline: bool) -> Scenario:
        """Build the scenario, and hold its rules against its facts where these are sound. Raises ScenarioError."""
        digest = _digest(self.tree, self.tables)
        name = display_name(self.source)
        scenario = Scenario(self.head, facts, tuple(rules), places, self.off, self.tree, self.tables, digest, name, figures=self.figures)
        if expects_baseline:
            scenario = scenario.starting_from({})
        self.problems += check_rules(scenario) if sound else ()
        self.problems += misplaced(self.tree, self.tables)
        self.problems.tell()
        return replace(scenario, remarks=tuple(dict.fromkeys(self.problems.remarks)), mandate=self.mandate)

    def _check_keys(self) -> None:
        unknown = [key for key in self.tree.items if key not in TOP_LEVEL]
        for key in unknown:
            self.problems.unknown(self.tree.keys[key], "key", key, TOP_LEVEL)
        for key in ("areas", "instruments", *REQUIRED_TABLES):
            if key not in self.tree.items and not nearest(key, unknown[:MANY]):
                place = self.tree.keys.get(key) or Place(self.tree.place.file, 1, 1)
                self.problems.add(place, f"'{key}' is missing", "write it here, or extend a scenario that has it")

    def _head(self) -> Head | None:
        """Read the head; what is wrong in it is stood in for, so that the rest can be read too. None without years."""
        node = replace(self.tree, items={k: v for k, v in self.tree.items.items() if k in Head.model_fields})
        written = to_plain(node)
        try:
            return Head.model_validate(written)
        except ValidationError as error:
            self.problems += problems_of(error, node, Head)
            wrong = {item["loc"][0] for item in error.errors(include_url=False)}
        stand_ins = {"fundalloc": "1", "scenario": "unnamed", "title": "unnamed", "as_of": "2000-01-01"}
        right = {key: value for key, value in written.items() if key not in wrong}
        return None if "years" in wrong else Head.model_validate({**stand_ins, **right})

    def _entries(self, section: str) -> dict[str, Tree]:
        """Return the entries that are on, as they are written; the actions of an area stand behind it."""
        found = entries(self.tree, section, self.problems, self.off)
        place = {key: k for k, key in enumerate(found)}
        return dict(sorted(found.items(), key=lambda one: (place.get(_holder(one[1]), place[one[0]]), _holder(one[1]) in place)))

    def _check_actions(self) -> None:
        """Note the actions that lie within nothing, or within another action."""
        for key, holder in ((key, _holder(node)) for key, node in self.areas.items() if _holder(node)):
            where = locate(self.areas[key], ("within",))
            if holder not in self.areas or holder == key:
                self.problems.unknown(where, "area", holder, [other for other in self.areas if other != key])
            elif _holder(self.areas[holder]):
                message = f"'{holder}' is an action itself, of '{_holder(self.areas[holder])}'"
                self.problems.add(where, message, "areas hold actions, and actions nothing: name an area")

    def _records(self, model: type[RecordT], section: str) -> list[RecordT]:
        written = self._entries(section).items()
        found = [validate(model, node, self.problems, self.dimensions, id=key) for key, node in written]
        return [record for record in found if record is not None]

    def _named(self, name: str, switched_on: dict[str, Tree], section: str) -> Dimension:
        nodes = self.tree.mapping(section)
        off = [word for key in self.off.get(section, {}) for word in (key, *_tags(nodes.mapping(key) if nodes else None))]
        within = {key: _holder(node) for key, node in switched_on.items() if name == "area" and _holder(node) in switched_on}
        families = {area: [area, *(key for key, holder in within.items() if holder == area)] for area in within.values()}
        tags = {key: _tags(node) for key, node in switched_on.items()}
        for key, holder in within.items():  # of a tag group that an action has not, it has the tags of its area
            own = {tag.split(":")[0] for tag in tags[key]}
            tags[key] = [*tags[key], *(tag for tag in tags[holder] if tag.split(":")[0] not in own)]
        return Dimension.build(name, switched_on, tags, families, off)


def _holder(node: Tree) -> str:
    return node.text("within") or ""


def _tags(node: Tree | None) -> list[str]:
    return [text for text in texts(node.get("tags") if node else None) if ":" in text]


def _digest(tree: Tree, tables: dict[str, Table]) -> str:
    """Fingerprint of everything that is written, but not of where a baseline lies: its content is added when it is read."""
    tables = {name: table for name, table in tables.items() if table.columns or name not in TOLD_TABLES}
    written = replace(tree, items={key: node for key, node in tree.items.items() if key != "baseline"})
    resolved = {"scenario": to_plain(written), "tables": {name: [t.columns, t.as_written] for name, t in tables.items()}}
    return hashlib.sha256(json.dumps(resolved, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
