"""Read a scenario file and everything it names; report every problem at once.

The order: text → tree (`document`) → merged with what it extends (`merging`) → tables (`table_specs`) → names → `adjust` →
facts (`assembly`) → rules → what only the whole shows (`consistency`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from fundalloc.errors import Place, Problem, ScenarioError, did_you_mean, nearest
from fundalloc.facts.dimensions import Dimension, Dimensions, year_dimension
from fundalloc.facts.entities import Area, Instrument, Partnership, Record, Transfer
from fundalloc.facts.facts import Facts
from fundalloc.facts.hierarchy import Hierarchy, build_hierarchy, find_cycle
from fundalloc.facts.selection import Clause
from fundalloc.rules import built_in_rules, kinds, parse_rule
from fundalloc.rules._kind import Kind
from fundalloc.scenario import assembly
from fundalloc.scenario.adjusting import adjust
from fundalloc.scenario.consistency import check_facts, check_rules
from fundalloc.scenario.document import Mapping, Scalar, display_name, locate, parse_document, texts, to_plain
from fundalloc.scenario.figures import fill_figures
from fundalloc.scenario.merging import Period, load_tree, merge, spread
from fundalloc.scenario.plans import read_plan
from fundalloc.scenario.references import References
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sections import TOP_LEVEL, Head, entries, problems_of, refused, validate
from fundalloc.scenario.table_specs import Tables

REQUIRED_TABLES = ("partnerships", "needs", "eligibility")

RecordT = TypeVar("RecordT", bound=Record)


def load(path: str | Path, *, settings: Iterable[str] = (), allow_outside: bool = False, baseline: str | Path | None = None) -> Scenario:
    """Read a scenario.

    `settings` are `KEY=VALUE` overrides with dotted keys and any YAML value; they count as a last child file.
    Files that the scenario names must lie in its folder or below, unless `allow_outside`. `baseline` names the plan to
    start from (a scenario, JSON, CSV or workbook, anywhere), instead of the one that the scenario names.
    Raises ScenarioError with every problem found.
    """
    if baseline is None:
        return _load(Path(path), settings, allow_outside, ())
    start = Path(os.path.relpath(baseline, Path(path).parent)).as_posix()
    return _load(Path(path), [*settings, f"baseline={json.dumps(start)}"], allow_outside, (), Path(baseline).resolve())


def _load(source: Path, settings: Iterable[str], allow_outside: bool, chain: tuple[Path, ...], extra: Path | None = None) -> Scenario:
    """Read one scenario; `extra` may lie anywhere, because the caller named it."""
    folder = source.parent.resolve()

    def allowed(other: Path) -> bool:
        return allow_outside or other.resolve() == extra or other.resolve().is_relative_to(folder)

    tree = load_tree(source, allowed)
    for setting in settings:
        tree = merge(tree, _setting(setting, source.parent))
    return _start(tree, source, allowed, lambda path: _load(path, (), allow_outside, (*chain, source.resolve())), chain)


def _start(
    tree: Mapping, source: Path, allowed: Callable[[Path], bool], load_baseline: Callable[[Path], Scenario], chain: tuple[Path, ...]
) -> Scenario:
    """Assemble a scenario with the plan that it starts from: another scenario, solved later, or amounts in a file."""
    node = tree.get("baseline")
    if not isinstance(node, Scalar):
        return assemble(tree, source, allowed)
    path = source.parent / node.text
    problem = None
    if not allowed(path):
        problem = Problem(node.place, f"'{node.text}' lies outside the scenario's folder", "move it there, or use --allow-outside")
    elif not path.exists():
        problem = Problem(node.place, f"no such file: {node.text}", "name a scenario, or a plan as JSON, CSV or workbook")
    elif path.resolve() in (*chain, source.resolve()):
        problem = Problem(node.place, "a circle of baselines", "a scenario cannot start from its own plan")
    if problem:
        raise ScenarioError([problem])
    scenario = assemble(tree, source, allowed, expects_baseline=True)
    if path.suffix.lower() in (".yaml", ".yml"):
        return replace(scenario, baseline=load_baseline(path))
    return scenario.starting_from(read_plan(path, scenario.facts.dimensions, strict=False).amounts)


def _setting(text: str, folder: Path) -> Mapping:
    """Turn `a.b=value` into the tree {a: {b: value}}."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ScenarioError([Problem(Place("--set"), f"'{text}' is not KEY=VALUE", "such as --set rules.legal-floor.at_least=20%")])
    *parts, last = key.strip().split(".")
    nested = "".join(f"{'  ' * depth}{json.dumps(part, ensure_ascii=False)}:\n" for depth, part in enumerate(parts))
    document = f"{nested}{'  ' * len(parts)}{json.dumps(last, ensure_ascii=False)}: {value.strip()}\n"
    return spread(parse_document(document, f"--set {key.strip()}", folder, positions=False))


def assemble(tree: Mapping, source: Path, allowed: Callable[[Path], bool], *, expects_baseline: bool = False) -> Scenario:
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
    partnerships = assembly.build_partnerships(tables["partnerships"], [])
    facts = _facts(head, tree, tables, partnerships, hierarchy, dimensions, off, problems)
    sound = not problems
    rules, places = _rules(tree, dimensions, off, problems)
    if facts is None:
        raise ScenarioError(problems)
    scenario = Scenario(head, facts, tuple(rules), places, off, tree, tables.by_name, _digest(tree, tables), display_name(source))
    if expects_baseline:
        scenario = scenario.starting_from({})
    problems += check_rules(scenario) if sound else ()
    if problems:
        raise ScenarioError(problems)
    return scenario


def _top_level(tree: Mapping) -> list[Problem]:
    unknown = [key for key in tree.items if key not in TOP_LEVEL]
    missing = [key for key in ("areas", "instruments", *REQUIRED_TABLES) if key not in tree.items and not nearest(key, unknown)]
    place, hint = Place(tree.place.file, 1, 1), "write it here, or extend a scenario that has it"
    return [
        *(Problem(tree.keys[key], f"unknown key '{key}'", did_you_mean(key, TOP_LEVEL)) for key in unknown),
        *(Problem(place, f"'{key}' is missing", hint) for key in missing),
    ]


def _head(tree: Mapping, problems: list[Problem]) -> Head | None:
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


def _each_alone(tree: Mapping, problems: list[Problem]) -> None:
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
    tree: Mapping,
    problems: list[Problem],
    off: dict[str, dict[str, str]],
    dimensions: Dimensions | None = None,
) -> list[RecordT]:
    written = entries(tree, section, problems, off).items()
    found = [validate(model, node, problems, extra={"id": key}, dimensions=dimensions) for key, node in written]
    return [record for record in found if record is not None]


def _dimensions(
    head: Head,
    tree: Mapping,
    instruments: dict[str, Mapping],
    areas: dict[str, Mapping],
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


def _tags(node: Mapping | None) -> list[str]:
    return [text for text in texts(node.get("tags") if node else None) if ":" in text]


def _facts(
    head: Head,
    tree: Mapping,
    tables: Tables,
    partnerships: list[Partnership],
    hierarchy: Hierarchy,
    dimensions: Dimensions,
    off: dict[str, dict[str, str]],
    problems: list[Problem],
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
        steps=head.steps,
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
    tree: Mapping, dimensions: Dimensions | None, off: dict[str, dict[str, str]], problems: list[Problem]
) -> tuple[list[Kind], dict[str, Place]]:
    rules, places = [], {}
    section = tree.mapping("rules")
    for rule_id, node in entries(tree, "rules", problems, off).items():
        assert section is not None
        places[rule_id] = section.keys[rule_id]
        if rule_id in kinds() and kinds()[rule_id].built_in:
            problems.append(
                Problem(section.keys[rule_id], f"'{rule_id}' cannot be the id of a rule", "the word names a built-in rule: choose another")
            )
            continue
        try:
            rules.append(parse_rule(rule_id, to_plain(node), dimensions))
        except ValidationError as error:
            problems += problems_of(error, node, kinds().get(node.text("kind") or ""))
        except PydanticCustomError as error:
            at = (error.context or {})["at"]
            problems.append(refused(error, locate(node, at) if at[0] in node.items else section.keys[rule_id]))
    return [*rules, *built_in_rules()], places


def _digest(tree: Mapping, tables: Tables) -> str:
    resolved = {"scenario": to_plain(tree), "tables": {name: [t.columns, t.cells] for name, t in tables.by_name.items()}}
    return hashlib.sha256(json.dumps(resolved, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
