"""Edits as scenario text: a variant that extends the original and keeps every edit exactly, with its origin.

An adjusted amount becomes a hard rule of kind `amount` with `exactly`, named after its line: it is explained, priced and
blamed like any other rule, and adjusting the same line again later replaces it. A changed limit replaces the figure where it
was written; a rule that was added is a rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path, PurePath
from typing import Any

from fundalloc.back.edits import Adjustment, Edits, LimitChange, Said
from fundalloc.errors import Problems
from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.fields import ID_PATTERN
from fundalloc.labels import in_every_language
from fundalloc.money import DECIMALS, ceil_steps, plain
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import Finding
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense
from fundalloc.scenario.document import to_plain, too_long
from fundalloc.scenario.loading import setting_tree
from fundalloc.scenario.scenario import Scenario

YamlTree = dict[str, Any]
_WORD = re.compile(r"[A-Za-z][\w.-]*")
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?( %)?|[0-9]{4}-[0-9]{4}")
_LONGEST_ID = 60

PUT_BACK = "change it in the scenario file, and put the limit of the workbook back"

MARK = "# What colleagues changed and said in"
"""How every variant begins that is made here."""


def variant_text(edits: Edits, plan: Plan, *, extends: str, baseline: str = "", settings: tuple[str, ...] = ()) -> str:
    """Return the variant as YAML. Raises ScenarioError for limits that no scenario file could state.

    `extends` and `baseline` are the names of files as the variant will see them; `settings` are the overrides under
    which the original was run.
    """
    scenario = plan.scenario
    head: YamlTree = {"extends": extends, "scenario": f"{scenario.id[:51]}-adjusted", "title": _title(scenario)}
    if scenario.head.reconstructed:
        head["past"] = "reconstructed"  # files of version 0.1.0 do not say so
    if baseline:
        head["baseline"] = baseline
    tree: YamlTree = {}
    for setting in settings:
        _lay_over(tree, to_plain(setting_tree(setting, Path())))
    origins: dict[tuple[str, str], str] = {}
    problems = Problems()
    for adjustment in edits.adjustments.values():
        name = adjusted_rule(adjustment.line)
        tree.setdefault("rules", {})[name] = _fixed(adjustment, scenario, problems)
        origins["rules", name] = adjustment.said.where
    for change in edits.limits.values():
        patch = _limit(change, plan, edits, problems)
        _lay_over(tree, patch)
        for section, entries in patch.items():
            for key in entries if isinstance(entries, dict) else ():
                said = f"{change.figure(change.before)} before, changed {change.said.by}"
                origins[section, key] = "; ".join(filter(None, [origins.get((section, key)), said]))
    for rule in edits.rules.values():
        tree.setdefault("rules", {})[rule.id] = {**rule.written, "source": _source("added", rule.said, problems), "negotiable": "political"}
        origins["rules", rule.id] = rule.said.where
    problems.tell()
    return "\n".join([*_comments(edits, scenario), *_yaml({**head, **tree}, origins), ""])


def adjusted_rule(line: str) -> str:
    """Return the id of the rule that holds an adjusted line."""
    name = f"adjusted-{line.replace('|', '-')}"
    if re.fullmatch(ID_PATTERN, name):
        return name
    short = re.sub(r"[^A-Za-z0-9_.-]", "", name)
    return f"{short[: _LONGEST_ID - 9]}-{sum(ord(c) * 31**k for k, c in enumerate(line)) % 16**8:08x}"


def _source(done: str, said: Said, problems: Problems) -> str:
    """Return who did something and what they said of it."""
    if long := too_long(text := f"{done} {said.by}"):
        problems.add(said.places[0], *long)
    return text


def _fixed(adjustment: Adjustment, scenario: Scenario, problems: Problems) -> YamlTree:
    ids, names = adjustment.line.split("|"), scenario.labels()
    shown = [" ".join(names[name].get(key, key).split()) if name in names else key for name, key in zip(NAMES, ids, strict=True)]
    return {
        "kind": "amount",
        "says": re.sub(r"[{}]", "", f"{', '.join(shown)}: {plain(adjustment.after)} instead of {plain(adjustment.before)}, as adjusted"),
        "money": dict(zip(NAMES, ids, strict=True)),
        "exactly": plain(adjustment.after),
        "source": _source("adjusted", adjustment.said, problems),
        "negotiable": "practice",
    }


def _title(scenario: Scenario) -> Any:
    adjusted = in_every_language("workbook.adjusted_plan")
    return {lang: f"{text} ({adjusted.get(lang, adjusted['en'])})" for lang, text in dict(scenario.head.title).items()}


def _limit(change: LimitChange, plan: Plan, edits: Edits, problems: Problems) -> YamlTree:
    """Return the part of a scenario file that states a changed limit; what is kept back, a reserve, comes on top of it."""
    rule, place = next(r for r in plan.scenario.rules if r.id == change.rule), change.said.places[0]
    if not rule.built_in:
        return {"rules": {rule.id: {change.side: _figures(change, rule, plan, edits, problems)}}}
    section, owner, *keys = rule.path(change.member, Sense.AT_MOST)
    if section not in ("instruments", "partnerships"):
        problems.add(place, f"the limit of a {rule.kind} follows from other figures", PUT_BACK)
        return {}
    kept = rule.kept_back(change.member, plan.scenario.facts)
    if kept == 1:
        problems.add(place, "all of this instrument is kept in reserve", "change the reserve in the scenario file")
        return {}
    euro = Fraction(1, 10**DECIMALS)
    figure = plain(ceil_steps(change.after / (1 - kept), euro) * euro)
    if section == "partnerships":
        return {section: {"change": [{"id": owner, keys[0]: figure}]}}
    entry: Any = figure
    for key in reversed(keys):
        entry = {key: entry}
    return {section: {owner: entry}}


def _figures(change: LimitChange, rule: Kind, plan: Plan, edits: Edits, problems: Problems) -> str | dict[str, str]:
    """Return the figures of one side of a rule after all edits: one for all members, or one per member or repetition."""
    demands = {f.member: f for f in plan.findings if f.rule.id == rule.id and f.sense.field == change.side}
    written = next(set(figures) for sense, figures in rule.limits() if sense.field == change.side)
    by_key: dict[str, set[str]] = {}
    for member, finding in demands.items():
        edit = edits.limits.get((rule.id, *member, str(finding.sense)))
        figure = change.figure(finding.figure) if edit is None else edit.what
        by_key.setdefault(_figure_key(finding, written, len(rule.for_each)), set()).add(figure)
    if written == {""} and len(set.union(*by_key.values())) == 1:
        return change.what
    own = _figure_key(demands[change.member], written, len(rule.for_each))
    if len(by_key[own]) > 1:
        message = f"one figure holds for all years and sides of {own or rule.id}: it cannot be changed for one of them alone"
        hint = "change the other rows of it alike, or write the rule in the scenario file"
        problems.add(change.said.places[0], message, hint)
    return {key: next(iter(values)) for key, values in by_key.items() if written == {""} or key == own}


def _figure_key(finding: Finding, written: set[str], repeated: int) -> str:
    whole, short = "|".join(finding.member), "|".join(finding.member[:repeated])
    return whole if whole in written or not repeated else short


def check_limits(edits: Edits, variant: Scenario, findings: tuple[Finding, ...]) -> None:
    """Raise ScenarioError when the variant does not have a limit that somebody typed: other parts of it would change it."""
    stated = {(f.rule.id, *f.member, str(f.sense)): f.figure for f in findings}
    hint = f"amounts are whole multiples of {plain(variant.facts.step)}, and the scenario's own `adjust` applies: change it in its file"
    problems = Problems()
    for key, edit in edits.limits.items():
        if stated.get(key) != edit.after:
            then = f"the scenario then has {edit.figure(stated[key])}" if key in stated else "the scenario then has no such limit"
            problems.add(edit.said.places[0], f"a limit of {edit.what} cannot be stated: {then}", hint)
    problems.tell()


def _comments(edits: Edits, scenario: Scenario) -> Iterator[str]:
    counts = [(len(edits.adjustments), "amount", "adjusted"), (len(edits.limits), "limit", "changed"), (len(edits.rules), "rule", "added")]
    said = [f"{count} {what}{'s' if count > 1 else ''} {done}" for count, what, done in counts if count]
    files = ", ".join(_one_line(PurePath(name).name) for name in edits.files)
    yield f"{MARK} {files}: {', '.join(said) or 'nothing was changed'}."
    yield f"# The original: {scenario.id}, fingerprint {scenario.digest[:12]}. Amounts are EUR million."
    for remark in edits.comments:
        yield f"# On {_one_line(remark.about)}, {_one_line(remark.said.by)}"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _yaml(tree: Mapping[str, Any], origins: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Write a tree: sections and their entries in blocks, what is deeper in one line each."""
    for key, value in tree.items():
        if not isinstance(value, dict) or key == "title":
            yield f"{_key(key)}: {_flow(value)}"
            continue
        yield f"{_key(key)}:"
        for name, entry in value.items():
            if (key, name) in origins:
                yield f"  # {_one_line(origins[key, name])}"
            if isinstance(entry, dict) and len(entry) > 1:
                yield f"  {_key(name)}:"
                for part, content in entry.items():
                    yield f"    {_key(part)}: {_flow(content)}"
            else:
                yield f"  {_key(name)}: {_flow(entry)}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    simple = _PLAIN.fullmatch(text) or (_WORD.fullmatch(text) and text not in ("true", "false", "null", "Null", "NULL"))
    return text if simple else json.dumps(text, ensure_ascii=False)


def _key(text: str) -> str:
    return text if re.fullmatch(r"[\w.-]+", text) and text.isascii() else json.dumps(text, ensure_ascii=False)


def _lay_over(tree: YamlTree, other: Mapping[str, Any]) -> None:
    """Lay one tree over another, key by key; lists of changes add up."""
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            _lay_over(tree[key], value)
        elif key == "change" and isinstance(value, list) and isinstance(tree.get(key), list):
            tree[key] = [*tree[key], *value]
        else:
            tree[key] = value
