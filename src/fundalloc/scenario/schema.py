"""The JSON Schema of scenario files, for editors, from the models that read them; nothing is required: who extends may leave all out."""

from __future__ import annotations

from inspect import getdoc
from typing import Any

from fundalloc.facts.entities import Area, Instrument, Record, TransferRight
from fundalloc.facts.selection import Clause
from fundalloc.rules import kinds
from fundalloc.scenario.sections import GOALS, TABLES, TOP_LEVEL, Head
from fundalloc.scenario.tables.layout import LAYOUT_KEYS, Layout
from fundalloc.scenario.tables.specs import SPECS

_OFF = {"off": {"type": "boolean"}, "reason": {"type": "string", "description": "why it is switched off"}}
_PLAIN = ("Base", "InstrumentCeiling")
"""Models that may also be written as a single number."""
_TABLE_ROWS = {"type": "array", "items": {"type": "object"}}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a scenario file."""
    definitions: dict[str, Any] = {}
    properties = _properties(Head, definitions)
    builds_on = "scenario file or files this one builds on"
    properties["extends"] = {"type": ["string", "array"], "items": {"type": "string"}, "description": builds_on}
    properties["fundalloc"] = {"enum": [1, "1"], "description": "version of the file format"}
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
    properties["instruments"] |= {**either, "description": f"names with entries, or a table of {table['description']}"}
    for name in _PLAIN:
        definitions[name] = {"anyOf": [{"type": ["number", "string"]}, definitions[name]]}
    definitions["Stage"] = _stage(definitions["Stage"])
    assert set(properties) == set(TOP_LEVEL), set(properties) ^ set(TOP_LEVEL)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "fundalloc scenario",
        "type": "object",
        "properties": dict(sorted(properties.items())),
        "additionalProperties": False,
        "definitions": definitions,
    }


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
    words = {"type": "object", "properties": {**dict.fromkeys(GOALS, inner), **options}, "additionalProperties": False}
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
            "file": {"type": "string", "description": "table.csv, or book.xlsx#Sheet"},
            "decimal": {"enum": [",", "."], "description": "the decimal sign of its figures, where they do not show it"},
            "rows": _TABLE_ROWS,
            "expect": {"type": "object", "description": "control total after `change`: {rows: 9, sum: 100.5}, or sum: {need: 100.5}"},
            "replaces": {"type": "boolean", "description": "true: it is meant to stand in place of the whole inherited table"},
            "change": {"type": ["array", "object"], "items": {"type": "object"}, "description": "rows to change, add or switch off"},
            **{key: {"$ref": f"#/definitions/Layout/properties/{key}"} for key in LAYOUT_KEYS},
        },
        "additionalProperties": False,
    }
    return {"anyOf": [table, _TABLE_ROWS], "description": f"{name}: {', '.join(SPECS[name])}"}
