"""Edits as scenario text: a variant that extends the original and keeps every edit exactly, with its origin.

An adjusted amount becomes a hard rule of kind `amount` with `exactly`, named after its line: it is explained, priced and
blamed like any other rule, and adjusting the same line again later replaces it. A changed limit replaces the figure where it
was written; a rule that was added is a rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from itertools import count
from pathlib import Path, PurePath
from typing import Any

from fundalloc.back.edits import AGREE, Edits, Keys, Said, TypedChange
from fundalloc.back.figures import figures
from fundalloc.doors.text import too_long
from fundalloc.errors import Problems
from fundalloc.facts.dimensions import NAMES
from fundalloc.facts.fields import ID_PATTERN
from fundalloc.labels import in_every_language
from fundalloc.money import DECIMALS, ceil_steps, plain
from fundalloc.plan.plan import Plan
from fundalloc.plan.verify import Finding
from fundalloc.rules.kind import Kind
from fundalloc.rules.statement import Sense
from fundalloc.scenario.document import to_plain
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
    for (line,), adjustment in edits.adjustments.items():
        name = adjusted_rule(line)
        tree.setdefault("rules", {})[name] = _fixed(line, adjustment, scenario, problems)
        origins["rules", name] = adjustment.said.where
    written: dict[tuple[str, ...], tuple[Any, Said]] = {}
    for change, patch in _patches(edits, plan, problems):
        for path, value in _leaves(patch):
            other, first = written.setdefault(path, (value, change.said))
            if other != value:
                problems.add(change.said.places[0], f"{' '.join(path)}: {value} here, but {other} in {first.places[0]}", AGREE)
        _lay_over(tree, patch)
        for section, entries in patch.items():
            for key in entries:
                origins[section, key] = "; ".join(
                    filter(None, [origins.get((section, key)), f"{change.was} before, changed {change.said.by}"])
                )
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


def _fixed(line: str, adjustment: TypedChange, scenario: Scenario, problems: Problems) -> YamlTree:
    ids, names = line.split("|"), scenario.labels()
    shown = [" ".join(names[name].get(key, key).split()) if name in names else key for name, key in zip(NAMES, ids, strict=True)]
    return {
        "kind": "amount",
        "says": re.sub(r"[{}]", "", f"{', '.join(shown)}: {adjustment.what} instead of {adjustment.was}, as adjusted"),
        "money": dict(zip((*NAMES[:2], scenario.facts.dimensions.lowest, *NAMES[3:]), ids, strict=True)),
        "exactly": adjustment.what,
        "source": _source("adjusted", adjustment.said, problems),
        "negotiable": "practice",
    }


def _title(scenario: Scenario) -> Any:
    adjusted = in_every_language("workbook.adjusted_plan")
    return {lang: f"{text} ({adjusted.get(lang, adjusted['en'])})" for lang, text in dict(scenario.head.title).items()}


def _limit(key: Keys, change: TypedChange, plan: Plan, edits: Edits, problems: Problems) -> YamlTree:
    """Return the part of a scenario file that states a changed limit; what is kept back, a reserve, comes on top of it."""
    rule, place, member = next(r for r in plan.scenario.rules if r.id == key[0]), change.said.places[0], key[1:-1]
    if not rule.built_in:
        return {"rules": {rule.id: {key[-1]: _figures(key, change, rule, plan, edits, problems)}}}
    section, owner, *keys = rule.path(member, Sense.AT_MOST)
    if section not in ("instruments", "partnerships"):
        problems.add(place, f"the limit of a {rule.kind} follows from other figures", PUT_BACK)
        return {}
    kept = rule.kept_back(member, plan.scenario.facts)
    if kept == 1:
        problems.add(place, "all of its money is kept in reserve", "change the reserve in the scenario file")
        return {}
    euro = Fraction(1, 10**DECIMALS)
    figure = plain(ceil_steps(change.after / (1 - kept), euro) * euro)
    if section == "partnerships":
        return {section: {"change": [{"id": owner, keys[0]: figure}]}}
    return _nested([section, owner, *keys], figure)


def _nested(path: Sequence[str], value: Any) -> YamlTree:
    """Return a value inside the sections of its path."""
    return reduce(lambda inner, key: {key: inner}, reversed(path), value)


def _patches(edits: Edits, plan: Plan, problems: Problems) -> Iterator[tuple[TypedChange, YamlTree]]:
    """Yield each changed limit and figure with the part of a scenario file that states it."""
    yield from ((change, _limit(key, change, plan, edits, problems)) for key, change in edits.limits.items())
    yield from ((change, _figure(path, change, plan.scenario)) for path, change in edits.figures.items())


def _figure(path: Keys, change: TypedChange, scenario: Scenario) -> YamlTree:
    """Return the part of a scenario file that states a need, a priority or a ceiling; over adjusted ones, as an adjustment too."""
    section, first, *_, last = path
    names = {"partnership": first, "area": path[2]} if section == "needs" else {"instrument": first, "year": last}
    adjusted = scenario.tree.mapping("adjust")
    if adjusted is not None and (section == "needs" or (last != "total" and change.before is not None)):
        more = change.after - (change.before or 0)
        by = {last: change.what} if section == "needs" else {"ceiling": f"inherited {'-' if more < 0 else '+'} {plain(abs(more))}"}
        free = (f"typed-{'-'.join(path[1:])}{k or ''}" for k in count())
        return {"adjust": {next(name for name in free if name not in adjusted.items): [{**names, **by}]}}
    return {section: {"change": [{**names, last: change.what}]}} if section == "needs" else _nested(path, change.what)


def _leaves(tree: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every figure of a part of a scenario file with its path; in a list of changes, that of a row is what names the row."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        elif isinstance(value, list):
            for *names, (last, figure) in (list(entry.items()) for entry in value):
                yield (*path, *(str(name) for _, name in names), last), figure
        else:
            yield (*path, str(key)), value


def _figures(key: Keys, change: TypedChange, rule: Kind, plan: Plan, edits: Edits, problems: Problems) -> str | dict[str, str]:
    """Return the figures of one side of a rule after all edits: one for all members, or one per member or repetition."""
    demands = {f.member: f for f in plan.findings if f.rule.id == rule.id and f.sense.field == key[-1]}
    written = next(set(figures) for sense, figures in rule.limits() if sense.field == key[-1])
    by_key: dict[str, set[str]] = {}
    for member, finding in demands.items():
        edit = edits.limits.get((rule.id, *member, finding.sense.field))
        figure = change.figure(finding.figure) if edit is None else edit.what
        by_key.setdefault(_figure_key(finding, written, len(rule.for_each)), set()).add(figure)
    if written == {""} and len(set.union(*by_key.values())) == 1:
        return change.what
    own = _figure_key(demands[key[1:-1]], written, len(rule.for_each))
    if len(by_key[own]) > 1:
        message = f"one figure holds for all years and sides of {own or rule.id}: it cannot be changed for one of them alone"
        hint = "change the other rows of it alike, or write the rule in the scenario file"
        problems.add(change.said.places[0], message, hint)
    return {key: next(iter(values)) for key, values in by_key.items() if written == {""} or key == own}


def _figure_key(finding: Finding, written: set[str], repeated: int) -> str:
    whole, short = "|".join(finding.member), "|".join(finding.member[:repeated])
    return whole if whole in written or not repeated else short


def check_stated(edits: Edits, variant: Scenario, findings: tuple[Finding, ...]) -> None:
    """Raise ScenarioError when the variant does not have a limit or a figure that somebody typed: other parts of it would change it."""
    limits, now = {(f.rule.id, *f.member, f.sense.field): f.figure for f in findings}, figures(variant)
    hint = f"amounts are whole multiples of {plain(variant.facts.step)}, and the scenario's own `adjust` applies: change it in its file"
    problems = Problems()
    for what, edits_of, found in (("limit", edits.limits, limits), ("figure", edits.figures, now)):
        for key, edit in edits_of.items():
            if (value := found.get(key)) != edit.after:
                then = f"no such {what}" if value is None else edit.figure(value)
                problems.add(edit.said.places[0], f"a {what} of {edit.what} cannot be stated: the scenario then has {then}", hint)
    problems.tell()


def _comments(edits: Edits, scenario: Scenario) -> Iterator[str]:
    counts = [(len(edits.adjustments), "amount", "adjusted"), (len(edits.limits), "limit", "changed")]
    counts += [(len(edits.figures), "figure", "typed over"), (len(edits.rules), "rule", "added")]
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
