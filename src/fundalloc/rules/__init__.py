"""What must be so: one file per kind of rule. Read `kind.py` first.

The kinds are found by looking through this folder; a new file is a new kind, and nothing else needs to change.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from fundalloc.errors import did_you_mean
from fundalloc.facts.dimensions import Dimensions
from fundalloc.facts.fields import refuse
from fundalloc.labels import in_every_language
from fundalloc.rules.kind import Kind


@cache
def kinds() -> Mapping[str, type[Kind]]:
    """Return {word: class} for every kind in this folder."""
    found: dict[str, type[Kind]] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")):
        loaded = importlib.import_module(f"{__name__}.{module}")
        for value in vars(loaded).values():
            if isinstance(value, type) and issubclass(value, Kind) and value is not Kind and value.__module__ == loaded.__name__:
                found[value.kind] = value
    return found


def parse_rule(rule_id: str, raw: Mapping[str, Any], dimensions: Dimensions | None) -> Kind:
    """Build one rule from what was written.

    Raises pydantic's ValidationError with locations inside `raw`, or the error for an unknown kind at `kind`.
    """
    word = raw.get("kind")
    written = {word: kind for word, kind in kinds().items() if not kind.built_in}
    if word not in written:
        if word in kinds():
            raise refuse(f"kind '{word}' is built from the facts", "it is never written under rules", ("kind",))
        raise refuse(f"unknown kind '{word}'" if word else "'kind' is missing", did_you_mean(str(word), written), ("kind",))
    if "id" in raw:
        raise refuse("unknown key 'id'", "the name above is the id", ("id",))
    fields = {key: value for key, value in raw.items() if key not in ("kind", "off", "reason")}
    return written[word].model_validate({"id": rule_id, **fields}, context={"dimensions": dimensions})


def built_in_rules() -> list[Kind]:
    """Return the rules that every scenario has: ceilings and absorption."""
    built_in = {word: kind for word, kind in kinds().items() if kind.built_in}
    return [
        kind.model_validate({"id": word, **kind.EXAMPLES[0], "says": in_every_language(f"rule.{word}")}) for word, kind in built_in.items()
    ]
