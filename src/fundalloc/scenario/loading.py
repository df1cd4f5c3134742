"""Read a scenario file and everything it names; report every problem at once.

The order: text → tree (`document`) → merged with what it extends (`merging`) → tables (`tables`) → names → `adjust` →
facts (`assembly`) → rules → what only the whole shows (`consistency`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from fundalloc.errors import Place, Problem, ScenarioError, did_you_mean
from fundalloc.facts.dimensions import Dimension, Dimensions, year_dimension
from fundalloc.facts.entities import Area, Instrument, Partnership
from fundalloc.facts.facts import Facts
from fundalloc.facts.hierarchy import Hierarchy, build_hierarchy
from fundalloc.facts.selection import Clause
from fundalloc.rules import built_in_rules, kinds, parse_rule
from fundalloc.rules._kind import Kind
from fundalloc.scenario import assembly
from fundalloc.scenario.adjusting import adjust
from fundalloc.scenario.consistency import check_facts, check_rules
from fundalloc.scenario.document import Mapping, Scalar, Sequence, locate, parse_document, to_plain
from fundalloc.scenario.figures import figures_from_tables
from fundalloc.scenario.merging import Period, display_name, load_tree, merge, spread
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.sections import TOP_LEVEL, Head, check_steps, entries, problems_of, refused, validate

REQUIRED_TABLES = ("partnerships", "needs", "eligibility")


def load(path: str | Path, *, settings: Iterable[str] = (), allow_outside: bool = False) -> Scenario:
    """Read a scenario.

    `settings` are `KEY=VALUE` overrides with dotted keys and any YAML value; they count as a last child file.
    Files that the scenario names must lie in its folder or below, unless `allow_outside`.
    Raises ScenarioError with every problem found.
    """
    source = Path(path)
    folder = source.parent.resolve()

    def allowed(other: Path) -> bool:
        return allow_outside or other.resolve().is_relative_to(folder)

    tree = load_tree(source, allowed)
    for setting in settings:
        tree = merge(tree, _setting(setting, source.parent))
    return assemble(tree, source, allowed)


def _setting(text: str, folder: Path) -> Mapping:
    """Turn `a.b=value` into the tree {a: {b: value}}."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ScenarioError([Problem(Place("--set"), f"'{text}' is not KEY=VALUE", "such as --set rules.legal-floor.at_least=20%")])
    *parts, last = key.strip().split(".")
    nested = "".join(f"{'  ' * depth}{json.dumps(part)}:\n" for depth, part in enumerate(parts))
    document = f"{nested}{'  ' * len(parts)}{json.dumps(last)}: {value.strip()}\n"
    return spread(parse_document(document, f"--set {key.strip()}", folder))


def assemble(tree: Mapping, source: Path, allowed: Callable[[Path], bool]) -> Scenario:
    """Check a merged tree and build the scenario from it. Raises ScenarioError."""
    problems = [Problem(tree.keys[key], f"unknown key '{key}'", did_you_mean(key, TOP_LEVEL)) for key in tree.items if key not in TOP_LEVEL]
    missing = [key for key in ("areas", "instruments", *REQUIRED_TABLES) if key not in tree.items]
    problems += [Problem(Place(tree.place.file, 1, 1), f"'{key}' is missing", "write it here, or extend a scenario that has it") for key in missing]
    head = validate(Head, replace(tree, items={k: v for k, v in tree.items.items() if k in Head.model_fields}), problems)
    tables = assembly.Tables.read(tree, source.parent, allowed, problems)
    off: dict[str, dict[str, str]] = {}
    areas = _records(Area, "areas", tree, problems, off)
    raw_instruments = entries(tree, "instruments", problems, off)
    table = tables.get("partnerships")
    partnerships = assembly.build_partnerships(table, problems) if table and table.columns else []
    if head is None or problems and not (areas and partnerships and raw_instruments):
        raise ScenarioError(problems)
    hierarchy = _hierarchy(partnerships, problems)
    dimensions = _dimensions(head, raw_instruments, areas, partnerships, hierarchy, tables, off)
    tree = adjust(tree, tables, raw_instruments, dimensions, Period(dimensions.year.ids, tuple(map(str, head.closed))), problems)
    if table is not None:
        partnerships = assembly.build_partnerships(table, [])
    instruments = _records(Instrument, "instruments", tree, problems, {}, dimensions)
    if len(instruments) < len(raw_instruments):
        raise ScenarioError(problems)
    facts = _facts(head, tree, tables, instruments, areas, partnerships, hierarchy, dimensions, off, problems)
    rules, places = _rules(tree, source, allowed, dimensions, off, problems)
    if problems:
        raise ScenarioError(problems)
    scenario = Scenario(head, facts, tuple(rules), places, off, tree, tables.by_name, _digest(tree, tables), display_name(source))
    problems += check_rules(scenario)
    if problems:
        raise ScenarioError(problems)
    return scenario


def _hierarchy(partnerships: list[Partnership], problems: list[Problem]) -> Hierarchy:
    ids = [p.id for p in partnerships]
    if any("within" in p.message or "lies within" in p.message for p in problems):
        raise ScenarioError(problems)
    return build_hierarchy(ids, {p.id: p.within for p in partnerships if p.within in ids})


def _records(model: type, section: str, tree: Mapping, problems: list[Problem], off: dict[str, dict[str, str]], dimensions: Dimensions | None = None) -> list:  # type: ignore[type-arg]
    found = [validate(model, node, problems, extra={"id": key}, dimensions=dimensions) for key, node in entries(tree, section, problems, off).items()]
    return [record for record in found if record is not None]


def _dimensions(
    head: Head,
    instruments: dict[str, Mapping],
    areas: list[Area],
    partnerships: list[Partnership],
    hierarchy: Hierarchy,
    tables: assembly.Tables,
    off: dict[str, dict[str, str]],
) -> Dimensions:
    def tags(node: Mapping) -> list[str]:
        value = node.get("tags")
        listed = value.items if isinstance(value, Sequence) else [value]
        return [item.text for item in listed if isinstance(item, Scalar)]

    markers, needs = tables.get("markers"), tables.get("partnerships")
    dropped = [key[0] for key in needs.dropped] if needs else []
    return Dimensions(
        Dimension.build("instrument", instruments, {k: tags(n) for k, n in instruments.items()}, empty=off.get("instruments", ())),
        Dimension.build("partnership", [p.id for p in partnerships], {p.id: p.all_tags for p in partnerships}, hierarchy.groupings(), empty=dropped),
        Dimension.build("area", [a.id for a in areas], {a.id: a.tags for a in areas}, empty=off.get("areas", ())),
        year_dimension(head.years),
        tuple(dict.fromkeys(markers.column("marker"))) if markers else (),
    )


def _facts(
    head: Head,
    tree: Mapping,
    tables: assembly.Tables,
    instruments: list[Instrument],
    areas: list[Area],
    partnerships: list[Partnership],
    hierarchy: Hierarchy,
    dimensions: Dimensions,
    off: dict[str, dict[str, str]],
    problems: list[Problem],
) -> Facts:
    partnership_table = tables.by_name["partnerships"] if "partnerships" in tables.by_name else None
    dropped = [key[0] for key in partnership_table.dropped] if partnership_table else []
    switched_off = {"instrument": off.get("instruments", {}), "area": off.get("areas", {}), "partnership": dropped}
    references = assembly.References(dimensions, switched_off, problems)
    unreadable = [name for name in assembly.SPECS if name not in tables.by_name]
    if unreadable:
        raise ScenarioError(problems)
    eligible, effectiveness, eligibility = assembly.build_eligibility(tables.by_name["eligibility"], references)
    markers, coefficients = assembly.build_markers(tables.by_name["markers"], references)
    decided, places = assembly.build_decided(tables.by_name["decided"], references, head.round_to)
    memo = [instruments[i].counts == "memo" for i in decided.instrument]
    keep = assembly.np.array(memo, dtype=bool)
    for area in areas:
        if area.steps is not None:
            try:
                check_steps(area.steps)
            except PydanticCustomError as error:
                problems.append(refused(error, locate(tree, ("areas", area.id, "steps"))))
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
        needs=assembly.build_needs(tables.by_name["needs"], references),
        decided=decided.only(~keep),
        memo=decided.only(keep),
        steps=head.steps,
        exclude=tuple(_records(Clause, "exclude", tree, problems, off, dimensions)),
        allow=tuple(_records(Clause, "allow", tree, problems, off, dimensions)),
    )
    problems += check_facts(facts, tree, tables.by_name, [p for p, m in zip(places, memo, strict=True) if not m])
    return facts


def _rules(
    tree: Mapping, source: Path, allowed: Callable[[Path], bool], dimensions: Dimensions, off: dict[str, dict[str, str]], problems: list[Problem]
) -> tuple[list[Kind], dict[str, Place]]:
    rules, places = [], {}
    section = tree.mapping("rules")
    for rule_id, node in entries(tree, "rules", problems, off).items():
        assert section is not None
        places[rule_id] = section.keys[rule_id]
        if rule_id in kinds() and kinds()[rule_id].built_in:
            problems.append(Problem(section.keys[rule_id], f"'{rule_id}' cannot be the id of a rule", "the word names a built-in rule: choose another"))
            continue
        try:
            filled = figures_from_tables(node, source.parent, allowed)
            rules.append(parse_rule(rule_id, to_plain(filled), dimensions))
        except ScenarioError as error:
            problems += error.problems
        except ValidationError as error:
            word = node.text("kind") or ""
            problems += problems_of(error, filled, kinds().get(word))
        except PydanticCustomError as error:
            problems.append(refused(error, locate(node, ("kind",)) if node.get("kind") else section.keys[rule_id]))
    return [*rules, *built_in_rules()], places


def _digest(tree: Mapping, tables: assembly.Tables) -> str:
    resolved = {"scenario": to_plain(tree), "tables": {name: [t.columns, t.cells] for name, t in tables.by_name.items()}}
    return hashlib.sha256(json.dumps(resolved, sort_keys=True, ensure_ascii=True).encode()).hexdigest()
