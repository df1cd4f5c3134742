"""Editors explain every key of a scenario file and show an example, which they themselves take."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema

from fundalloc.scenario.schema import json_schema


def keys_of(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key with its schema; conditions, which only repeat keys, left out."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and not path.endswith("/properties"):
            yield from ((f"{path}/{key}", one) for key, one in node["properties"].items())
        for name, value in node.items():
            if name not in ("if", "then"):
                yield from keys_of(value, f"{path}/{name}")
    elif isinstance(node, list):
        for k, value in enumerate(node):
            yield from keys_of(value, f"{path}/{k}")


def test_every_key_says_what_it_is_and_shows_an_example_that_is_taken():
    schema = json.loads(json.dumps(json_schema()))
    keys = dict(keys_of(schema))
    assert len(keys) > 350
    assert [path for path, one in keys.items() if len(one.get("description", "")) < 5] == []
    assert [path for path, one in keys.items() if not one.get("examples")] == []
    checker = jsonschema.Draft7Validator(schema)
    wrong = {
        path: error.message
        for path, one in keys.items()
        for example in one["examples"]
        for error in checker.evolve(schema={**one, "definitions": schema["definitions"]}).iter_errors(example)
    }
    assert wrong == {}


def test_examples_are_what_descriptions_end_with():
    keys = {path.rsplit("/", 1)[1]: one["examples"] for path, one in keys_of(json_schema())}
    assert keys["round_to"] == [0.1]
    assert keys["as_of"] == ["2026-11-23"]
    assert keys["ignore"] == [["Remarks", "Total*"]]
    assert keys["says"] == ["{partnership}: at least {limit}"]
