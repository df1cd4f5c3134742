"""Fields that only rules have: a figure for all members or one for each, and what a rule is repeated for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from fundalloc.errors import did_you_mean
from fundalloc.facts.dimensions import WORDS, Dimensions
from fundalloc.facts.fields import inside, read_limit, refuse
from fundalloc.money import Figure


def _figures(raw: Any) -> dict[str, Figure]:
    if isinstance(raw, Mapping):
        if not raw:
            raise refuse("no figures", "write one figure, or one per member")
        return {str(key): inside(str(key), read_limit, value) for key, value in raw.items()}
    return {"": read_limit(raw)}


Figures = Annotated[
    dict[str, Figure],
    PlainValidator(_figures),
    WithJsonSchema(
        {"type": ["number", "string", "object"], "description": "a figure, a mapping by member, or {file: table.csv, column: name}"}
    ),
]


def _words(raw: Any, info: ValidationInfo) -> tuple[str, ...]:
    words = tuple(raw) if isinstance(raw, list | tuple) else (raw,)
    if not all(isinstance(word, str) for word in words):
        raise refuse("expected names of dimensions or tag groups", "such as for_each: partnership, or [partnership, year]")
    dimensions: Dimensions | None = (info.context or {}).get("dimensions")
    for word in words if dimensions else ():
        owners = dimensions.owner(word) if dimensions else []
        if word not in WORDS and not owners:
            raise refuse(f"cannot repeat for each '{word}'", did_you_mean(str(word), dimensions.for_each_words if dimensions else ()))
        if len(owners) > 1:
            raise refuse(f"the tag group '{word}' stands on {' and '.join(owners)}", "give the groups different names")
    if len(set(words)) < len(words):
        raise refuse("the same word twice", "name each dimension or tag group once")
    return words


ForEach = Annotated[
    tuple[str, ...],
    PlainValidator(_words),
    WithJsonSchema(
        {"type": ["string", "array"], "items": {"type": "string"}, "description": "a dimension (area, year …), action, or a tag group"}
    ),
]
