"""The JSON Schema of scenario files, for editors, from the models that read them; nothing is required: who extends may leave all out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from inspect import getdoc
from typing import Any

import yaml

from fundalloc.facts.entities import Area, Instrument, Record, TransferRight
from fundalloc.facts.selection import Clause
from fundalloc.rules import kinds
from fundalloc.scenario.sections import GOALS, TABLES, TOP_LEVEL, Head
from fundalloc.scenario.tables.layout import LAYOUT_KEYS, Layout
from fundalloc.scenario.tables.specs import SPECS

_OFF = {
    "off": {"type": "boolean", "description": "true switches it off, with a reason"},
    "reason": {"type": "string", "description": "why it is switched off, such as decided in 2027"},
}
_SAID = {
    "extends": "scenario file or files that this one builds on, such as baseline.yaml",
    "fundalloc": "version of the file format, such as 1",
    "areas": "what the money is for, by id, such as {returns: {name: Returns}}",
    "instruments": "where it comes from, by id, such as {amif: {name: AMIF, source: assumption, ceiling: 100}}",
    "transfers": "money that may move between instruments, such as {home: {from: amif, to: ndici, at_most: 5 %, source: assumption}}",
    "exclude": "lines that are barred, by id, such as {no-returns: {area: returns, year: 2025, reason: Not yet agreed}}",
    "allow": "lines that are open whatever bars them, by id, such as {pilot: {area: returns, partnership: egypt, reason: Pilot project}}",
    "adjust": "changes to inherited figures, by id, such as {cut: {ceilings: all, by: -10 %, reason: What if}}",
    "rules": "what must be so, by id, such as {floor: {kind: amount, says: Returns, money: {area: returns}, at_least: 5, source: s}}",
    "impact": "the score, such as {give: 1 %}",
    "lowest_coverage": "the smallest met part of a need, such as {for_each: partnership}",
    "unallocated": "money that is left, which is to be little, such as {give: 1 %}",
    "change": "money that moves from the plan to start from, which is to be little, such as {give: 1 %}",
    "fair": "the smallest coverage, then the next smallest, and so on, such as {for_each: partnership}",
}
"""What no model says of a key."""
_EXAMPLE = re.compile(r".*\bsuch as (.+?)(?: or .*|;.*)?\.?", re.DOTALL)
"""A description ends with what may be written."""
_PLAIN = ("Base", "InstrumentCeiling")
"""Models that may also be written as a single number."""
_TABLE_ROWS = {"type": "array", "items": {"type": "object"}}
_ROWS = "its rows, where they stand in the scenario itself, such as [{partnership: egypt, area: returns, need: 9}]"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a scenario file."""
    definitions: dict[str, Any] = {}
    properties = _properties(Head, definitions)
    properties["extends"] = {"type": ["string", "array"], "items": {"type": "string"}}
    properties["fundalloc"] = {"enum": [1, "1"]}
    named: dict[str, type[Record]] = {
        "areas": Area,
        "instruments": Instrument,
        "transfers": TransferRight,
        "exclude": Clause,
        "allow": Clause,
    }
    properties |= {section: _named(_entry(model, definitions)) for section, model in named.items()}
    properties["adjust"] = {"type": "object", "additionalProperties": {"type": ["array", "object"]}}
    properties["rules"] = _named(_rule(definitions))
    definitions["Layout"] = {"properties": _properties(Layout, definitions)}
    for name in TABLES:
        properties[name] = _table(name)
    table = _table("instruments")
    either = {**_TABLE_ROWS, "type": ["object", "array"], "properties": table["anyOf"][0]["properties"]}
    properties["instruments"] |= either
    for name in _PLAIN:
        definitions[name] = {"anyOf": [{"type": ["number", "string"]}, definitions[name]]}
    definitions["Stage"] = _stage(definitions["Stage"])
    assert set(properties) == set(TOP_LEVEL), set(properties) ^ set(TOP_LEVEL)
    for name in properties.keys() & _SAID.keys():
        properties[name]["description"] = _SAID[name]
    whole = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "fundalloc scenario",
        "type": "object",
        "properties": dict(sorted(properties.items())),
        "additionalProperties": False,
        "definitions": definitions,
    }
    _show(whole, definitions)
    return whole


def _show(node: Any, definitions: Mapping[str, Any]) -> None:
    """Give every key the description and the example of what it holds, where it has none of its own."""
    if isinstance(node, list):
        for item in node:
            _show(item, definitions)
    elif isinstance(node, dict):
        for one in node.get("properties", {}).values():
            for key in ("description", "examples") if one else ():
                if key not in one and (found := next(_found(key, one, definitions), None)) is not None:
                    one[key] = found
        for key, value in node.items():
            _show(list(value.values()) if key in ("properties", "definitions") else value, definitions)


def _found(key: str, one: Any, definitions: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what a schema, or what it refers to, says under a key."""
    if key in one:
        yield one[key]
    if key == "examples":
        yield from _examples(one)
    refers = one["$ref"].split("/")[1:] if "$ref" in one else []
    referred: Any = {"definitions": definitions}
    for part in refers:
        referred = referred[part]
    for other in [referred] if refers else one.get("anyOf", ()):
        yield from _found(key, other, definitions)


def _keyed(read: Any) -> Any:
    """Return an example with all keys as texts, as JSON has them."""
    return {str(key): _keyed(value) for key, value in read.items()} if isinstance(read, dict) else read


def _examples(one: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield the example with which a description ends, or the first word that is taken."""
    if shown := _EXAMPLE.fullmatch(one.get("description", "")):
        read = yaml.safe_load(shown[1])
        yield [shown[1] if isinstance(read, date) else _keyed(read)]
    yield from ([word] for word in one.get("enum", ())[:1])
    yield from ([word] for word in (one.get("const"), one.get("type") == "boolean") if word)


def _properties(model: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    schema = _lasting(model.model_json_schema(ref_template="#/definitions/{model}"))
    for name, definition in schema.pop("$defs", {}).items():
        if name not in definitions and "properties" in definition:
            definition["properties"] = _may_go(definition)
        definition.pop("required", None)
        definitions.setdefault(name, definition)
    return _may_go(schema)


def _may_go(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a model; `none` may stand for all that need not be there, and takes away what is inherited."""
    must = {"fundalloc", *schema.get("required", ())}
    return {name: one if name in must or _takes_any_text(one) else _or_none(one) for name, one in schema["properties"].items()}


def _takes_any_text(one: dict[str, Any]) -> bool:
    return "string" in one.get("type", ()) and not {"pattern", "format", "enum", "const"} & set(one)


def _or_none(one: dict[str, Any]) -> dict[str, Any]:
    told = {"description": one["description"]} if "description" in one else {}
    return {"anyOf": [{key: value for key, value in one.items() if key != "description"}, {"const": "none"}], **told}


def _lasting(schema: Any) -> Any:
    """Leave out what pydantic renders in another way from version to version: defaults, and titles made of names."""
    if isinstance(schema, list):
        return [_lasting(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    named = {key: {name: _lasting(item) for name, item in schema[key].items()} for key in ("properties", "$defs") if key in schema}
    return {**{key: _lasting(value) for key, value in schema.items() if key not in ("default", "title")}, **named}


def _entry(model: type[Record], definitions: dict[str, Any]) -> dict[str, Any]:
    properties = _properties(model, definitions)
    properties.pop("id", None)
    return {"type": "object", "properties": {**_OFF, **properties}, "additionalProperties": False}


def _stage(definition: dict[str, Any]) -> dict[str, Any]:
    """A stage is a word, or a word with its options: `{lowest_coverage: {for_each: partnership}, give: 1 %}`."""
    options = {name: definition["properties"][name] for name in ("for_each", "give")}
    inner = {"type": "object", "properties": options, "additionalProperties": False}
    words = {
        "type": "object",
        "properties": {**{goal: {**inner, "description": _SAID[goal]} for goal in GOALS}, **options},
        "additionalProperties": False,
    }
    return {"anyOf": [{"enum": list(GOALS)}, words]}


def _rule(definitions: dict[str, Any]) -> dict[str, Any]:
    """Every key of every kind; once the kind is written, only the keys of that kind."""
    written = {word: kind for word, kind in kinds().items() if not kind.built_in}
    by_kind = {word: _entry(kind, definitions)["properties"] for word, kind in written.items()}
    every = {key: value for properties in by_kind.values() for key, value in properties.items()}
    word = {"enum": list(written), "description": "; ".join(f"{w}: {getdoc(k)}" for w, k in written.items())}
    return {
        "type": "object",
        "properties": {"kind": word, **every},
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
                "then": {"properties": {"kind": {}, **{name: {} for name in properties}}, "additionalProperties": False},
            }
            for kind, properties in by_kind.items()
        ],
    }


def _named(entry: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": entry}


def _table(name: str) -> dict[str, Any]:
    table = {
        "type": "object",
        "properties": {
            "file": {"type": "string", "description": "table.csv, or book.xlsx#Sheet, such as needs.csv"},
            "decimal": {"enum": [",", "."], "description": "the decimal sign of its figures, where they do not show it"},
            "rows": {**_TABLE_ROWS, "description": _ROWS},
            "expect": {"type": "object", "description": "control total after `change`, such as {rows: 9, sum: {need: 100.5}}"},
            "replaces": {"type": "boolean", "description": "true: it is meant to stand in place of the whole inherited table"},
            "change": {
                "type": ["array", "object"],
                "items": {"type": "object"},
                "description": "rows to change, add or switch off, such as [{partnership: egypt, area: returns, need: 12}]",
            },
            **{key: {"$ref": f"#/definitions/Layout/properties/{key}"} for key in LAYOUT_KEYS},
        },
        "additionalProperties": False,
    }
    return {"anyOf": [table, _TABLE_ROWS], "description": f"{name}: {', '.join(SPECS[name])}; such as {{file: {name}.csv}}"}
