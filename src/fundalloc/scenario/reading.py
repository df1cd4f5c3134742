"""From a merged tree to a scenario: every part is read even when others are wrong, so that all problems come at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from fundalloc.errors import Place, Problem, Problems, ScenarioError, did_you_mean, nearest
from fundalloc.facts.dimensions import Dimension, Dimensions, year_dimension
from fundalloc.facts.entities import Area, Instrument, Partnership, Record, Transfer
from fundalloc.facts.facts import Facts
from fundalloc.facts.hierarchy import Hierarchy, build_hierarchy, find_cycle
from fundalloc.facts.selection import Clause
from fundalloc.rules import built_in_rules, kinds, parse_rule
from fundalloc.rules.kind import Kind
from fundalloc.scenario import assembly
from fundalloc.scenario.adjusting import adjust
from fundalloc.scenario.consistency import check_facts, check_rules
from fundalloc.scenario.document import Tree, display_name, locate, texts, to_plain
from fundalloc.scenario.inherited import Period
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sections import TOP_LEVEL, Head, entries, problems_of, refused, validate
from fundalloc.scenario.tables.references import References
from fundalloc.scenario.tables.specs import Tables
from fundalloc.scenario.tabulated_limits import fill_figures
from fundalloc.scenario.uncertain import misplaced

REQUIRED_TABLES = ("partnerships", "needs", "eligibility")

RecordT = TypeVar("RecordT", bound=Record)


def assemble(tree: Tree, source: Path, allowed: Callable[[Path], bool], *, expects_baseline: bool = False) -> Scenario:
    """Check a merged tree and build the scenario from it. Raises ScenarioError.

    Each part is read even when others are wrong; the rules are held against the facts once these are right.
    """
    problems = _top_level(tree)
    head = _head(tree, problems)
    tables = Tables.read(tree, source.parent, allowed, problems)
    tree = fill_figures(tree, source.parent, allowed, problems)
    off: dict[str, dict[str, str]] = {}
    raw_areas, raw_instruments = entries(tree, "areas", problems, off), entries(tree, "instruments", problems, off)
    partnerships = assembly.build_partnerships(tables["partnerships"], problems)
    if head is None or not (raw_areas and partnerships and raw_instruments):
        _each_alone(tree, problems)
        raise ScenarioError(problems)
    hierarchy = _hierarchy(partnerships)
    dimensions = _dimensions(head, tree, raw_instruments, raw_areas, partnerships, hierarchy, tables, off)
    tree = adjust(tree, tables, raw_instruments, dimensions, Period(dimensions.year.ids, tuple(map(str, head.closed))), problems)
    partnerships = assembly.build_partnerships(tables["partnerships"], Problems())
    facts = _facts(head, tree, tables, partnerships, hierarchy, dimensions, off, problems)
    sound = not problems
    rules, places = _rules(tree, dimensions, off, problems)
    if facts is None:
        raise ScenarioError(problems)
    scenario = Scenario(head, facts, tuple(rules), places, off, tree, tables.by_name, _digest(tree, tables), display_name(source))
    if expects_baseline:
        scenario = scenario.starting_from({})
    problems += check_rules(scenario) if sound else ()
    problems += misplaced(tree, tables.by_name)
    problems.tell()
    return scenario


def _top_level(tree: Tree) -> Problems:
    unknown = [key for key in tree.items if key not in TOP_LEVEL]
    missing = [key for key in ("areas", "instruments", *REQUIRED_TABLES) if key not in tree.items and not nearest(key, unknown)]
    place, hint = Place(tree.place.file, 1, 1), "write it here, or extend a scenario that has it"
    return Problems(
        [
            *(Problem(tree.keys[key], f"unknown key '{key}'", did_you_mean(key, TOP_LEVEL)) for key in unknown),
            *(Problem(place, f"'{key}' is missing", hint) for key in missing),
        ]
    )


def _head(tree: Tree, problems: Problems) -> Head | None:
    """Read the head; what is wrong in it is stood in for, so that the rest can be read too. None without years."""
    node = replace(tree, items={k: v for k, v in tree.items.items() if k in Head.model_fields})
    written = to_plain(node)
    try:
        return Head.model_validate(written)
    except ValidationError as error:
        problems += problems_of(error, node, Head)
        wrong = {item["loc"][0] for item in error.errors(include_url=False)}
    stand_ins = {"fundalloc": "1", "scenario": "unnamed", "title": "unnamed", "as_of": "2000-01-01"}
    right = {key: value for key, value in written.items() if key not in wrong}
    return None if "years" in wrong else Head.model_validate({**stand_ins, **right})


def _each_alone(tree: Tree, problems: Problems) -> None:
    """Look at entries and rules by themselves, when there is no whole to hold them against."""
    for model, section in ((Area, "areas"), (Instrument, "instruments"), (Clause, "exclude"), (Clause, "allow")):
        _records(model, section, tree, problems, {})
    _rules(tree, None, {}, problems)


def _hierarchy(partnerships: list[Partnership]) -> Hierarchy:
    ids = [p.id for p in partnerships]
    within = {p.id: p.within for p in partnerships if p.within in ids}
    return build_hierarchy(ids, {} if find_cycle(within) else within)


def _records(
    model: type[RecordT],
    section: str,
    tree: Tree,
    problems: Problems,
    off: dict[str, dict[str, str]],
    dimensions: Dimensions | None = None,
) -> list[RecordT]:
    written = entries(tree, section, problems, off).items()
    found = [validate(model, node, problems, extra={"id": key}, dimensions=dimensions) for key, node in written]
    return [record for record in found if record is not None]


def _dimensions(
    head: Head,
    tree: Tree,
    instruments: dict[str, Tree],
    areas: dict[str, Tree],
    partnerships: list[Partnership],
    hierarchy: Hierarchy,
    tables: Tables,
    off: dict[str, dict[str, str]],
) -> Dimensions:
    """Name everything; what is switched off stays known, with its tags, but picks nothing."""

    def switched_off(section: str) -> list[str]:
        nodes = tree.mapping(section)
        return [word for key in off.get(section, {}) for word in (key, *_tags(nodes.mapping(key) if nodes else None))]

    dropped = [word for row in tables["partnerships"].dropped for word in (row["id"], *row.get("tags", "").split())]
    return Dimensions(
        Dimension.build("instrument", instruments, {k: _tags(n) for k, n in instruments.items()}, empty=switched_off("instruments")),
        Dimension.build(
            "partnership", [p.id for p in partnerships], {p.id: p.all_tags for p in partnerships}, hierarchy.groupings(), empty=dropped
        ),
        Dimension.build("area", areas, {k: _tags(n) for k, n in areas.items()}, empty=switched_off("areas")),
        year_dimension(head.years),
        tuple(dict.fromkeys(tables["markers"].column("marker"))),
    )


def _tags(node: Tree | None) -> list[str]:
    return [text for text in texts(node.get("tags") if node else None) if ":" in text]


def _facts(
    head: Head,
    tree: Tree,
    tables: Tables,
    partnerships: list[Partnership],
    hierarchy: Hierarchy,
    dimensions: Dimensions,
    off: dict[str, dict[str, str]],
    problems: Problems,
) -> Facts | None:
    """Read everything that is so; None when an area or instrument could not be read."""
    areas = _records(Area, "areas", tree, problems, {})
    instruments = _records(Instrument, "instruments", tree, problems, {}, dimensions)
    references = References(dimensions, _switched_off(tables, off), problems)
    eligible, effectiveness, eligibility = assembly.build_eligibility(tables["eligibility"], references)
    markers, coefficients = assembly.build_markers(tables["markers"], references)
    decided, places = assembly.build_decided(tables["decided"], references, head.round_to)
    needs = assembly.build_needs(tables["needs"], references)
    exclude, allow = (tuple(_records(Clause, section, tree, problems, off, dimensions)) for section in ("exclude", "allow"))
    transfers = tuple(_records(Transfer, "transfers", tree, problems, off, dimensions))
    if len(areas) < len(dimensions.area.ids) or len(instruments) < len(dimensions.instrument.ids):
        return None
    memo = np.array([instruments[i].counts == "memo" for i in decided.instrument], dtype=bool)
    facts = Facts(
        years=head.years,
        closed=frozenset(head.closed),
        step=Fraction(head.round_to),
        instruments=tuple(instruments),
        partnerships=tuple(partnerships),
        areas=tuple(areas),
        hierarchy=hierarchy,
        dimensions=dimensions,
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
    problems += check_facts(facts, tree, tables.by_name, [p for p, m in zip(places, memo, strict=True) if not m])
    return facts


def _switched_off(tables: Tables, off: dict[str, dict[str, str]]) -> dict[str, Iterable[str]]:
    """Return {dimension: ids that are switched off}."""
    dropped = [row["id"] for row in tables["partnerships"].dropped]
    return {"instrument": off.get("instruments", {}), "area": off.get("areas", {}), "partnership": dropped}


def _rules(
    tree: Tree, dimensions: Dimensions | None, off: dict[str, dict[str, str]], problems: Problems
) -> tuple[list[Kind], dict[str, Place]]:
    rules, places = [], {}
    section = tree.mapping("rules")
    for rule_id, node in entries(tree, "rules", problems, off).items():
        assert section is not None
        places[rule_id] = section.keys[rule_id]
        if rule_id in kinds() and kinds()[rule_id].built_in:
            problems.add(section.keys[rule_id], f"'{rule_id}' cannot be the id of a rule", "the word names a built-in rule: choose another")
            continue
        try:
            rules.append(parse_rule(rule_id, to_plain(node), dimensions))
        except ValidationError as error:
            problems += problems_of(error, node, kinds().get(node.text("kind") or ""))
        except PydanticCustomError as error:
            at = (error.context or {})["at"]
            problems.append(refused(error, locate(node, at) if at[0] in node.items else section.keys[rule_id]))
    return [*rules, *built_in_rules()], places


def _digest(tree: Tree, tables: Tables) -> str:
    """Fingerprint of everything that is written, but not of where a baseline lies: its content is added when it is read."""
    written = replace(tree, items={key: node for key, node in tree.items.items() if key != "baseline"})
    resolved = {"scenario": to_plain(written), "tables": {name: [t.columns, t.cells] for name, t in tables.by_name.items()}}
    return hashlib.sha256(json.dumps(resolved, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
