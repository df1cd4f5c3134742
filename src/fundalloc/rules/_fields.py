"""Fields that only rules have: a figure for all members or one for each, and what a rule is repeated for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainValidator, ValidationInfo, WithJsonSchema

from fundalloc.errors import did_you_mean
from fundalloc.facts.dimensions import NAMES, Dimensions
from fundalloc.facts.fields import inside, read_limit, refuse
from fundalloc.money import Figure

if TYPE_CHECKING:
    from fundalloc.rules.kind import Kind


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


def partial_keys(written: Iterable[str], words: Sequence[str]) -> list[str]:
    """Return the keys of figures that do not spell out all labels of a member: `returns`, `area:returns`."""
    return [key for key in written if key and (":" in key or key.count("|") + 1 < len(words))]


def keys_of(rule: Kind, member: Sequence[str], written: Mapping[str, Figure], partial: Sequence[str]) -> list[str]:
    """Return the keys under which the figure of a member stands: all its labels, else those that name most of them, else that for all.

    Of two that name as many, one with a year of the rule's own goes before; several are a mistake, which `problems_in` tells.
    """
    whole = "|".join(member[: len(rule.keyed)])
    if whole in written:
        return [whole]
    labels = list(zip(rule.keyed, member, strict=False))
    ranks = {key: (key.count("|"), _names(key.split("|")[-1], labels[len(rule.for_each) :])) for key in partial if _names(key, labels)}
    return [key for key, rank in ranks.items() if rank == max(ranks.values())] or [""] * ("" in written)


def _names(key: str, labels: Iterable[tuple[str, str]]) -> bool:
    """Return whether the parts of a key name some of these labels, in their order."""
    rest = iter(labels)
    return all(any(part in (label, f"{word}:{label}") for word, label in rest) for part in key.split("|"))


def _words(raw: Any, info: ValidationInfo) -> tuple[str, ...]:
    words = tuple(raw) if isinstance(raw, list | tuple) else (raw,)
    dimensions: Dimensions | None = (info.context or {}).get("dimensions")
    for word in words if dimensions else ():
        owners = dimensions.owner(word) if dimensions else []
        if word not in NAMES and not owners:
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
        {"type": ["string", "array"], "items": {"type": "string"}, "description": "instrument, partnership, area, year, or a tag group"}
    ),
]
