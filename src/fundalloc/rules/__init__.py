"""What must be so: one file per kind of rule. Read `kind.py` first.

The kinds are found by looking through this folder; a new file is a new kind, and nothing else needs to change. Other
packages add theirs with an entry point of the group `fundalloc.rules` that bears the kind's word.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from fundalloc.errors import UsageError, did_you_mean
from fundalloc.facts.dimensions import Dimensions
from fundalloc.facts.fields import refuse
from fundalloc.labels import in_every_language
from fundalloc.rules.kind import Kind

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "fundalloc.rules"
"""The entry points under which other packages offer kinds: `word = "package.module:Class"`."""


@cache
def kinds() -> Mapping[str, type[Kind]]:
    """Return {word: class} for every kind in this folder, then for those of other packages."""
    from importlib.metadata import entry_points

    found: dict[str, type[Kind]] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")):
        loaded = importlib.import_module(f"{__name__}.{module}")
        for value in vars(loaded).values():
            if isinstance(value, type) and issubclass(value, Kind) and value is not Kind and value.__module__ == loaded.__name__:
                found[value.kind] = value
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        found[point.name] = _from_package(point, found)
    return found


def _from_package(point: EntryPoint, taken: Mapping[str, type[Kind]]) -> type[Kind]:
    """Load a kind of another package; UsageError where it is none, so that no rule of a scenario goes unread."""
    whose = f"The kind of rule '{point.name}' ({point.value}) of the package '{point.dist.name if point.dist else '?'}'"
    try:
        kind = point.load()
    except Exception as error:  # whatever a stranger's module raises
        raise UsageError(f"{whose} cannot be loaded: {error}. Repair or uninstall the package.") from error
    wrong = None
    if not (inspect.isclass(kind) and issubclass(kind, Kind)):
        wrong = "is no class derived from fundalloc.rules.kind.Kind"
    elif inspect.isabstract(kind):
        wrong = f"lacks {' and '.join(sorted(kind.__abstractmethods__))}"
    elif kind.kind != point.name:
        wrong = f"calls itself '{kind.kind}'"
    elif kind.built_in:
        wrong = "is built_in, but the facts set only the rules of this package"
    elif point.name in taken:
        wrong = "has the word of another kind"
    if wrong:
        raise UsageError(f"{whose} {wrong}. Correct or uninstall the package.")
    found: type[Kind] = kind
    found.package = point.dist.name if point.dist else point.value
    return found


def parse_rule(rule_id: str, raw: Mapping[str, Any], dimensions: Dimensions | None, package: str | None = None) -> Kind:
    """Build one rule from what was written; `package` is said to have a kind that is not here.

    Raises pydantic's ValidationError inside `raw`, for an unknown kind at `kind`.
    """
    word = raw.get("kind", "")
    if not isinstance(word, str):
        raise refuse("expected the word of one kind", "such as kind: amount", ("kind",))
    written = {word: kind for word, kind in kinds().items() if not kind.built_in}
    if word not in written:
        if word in kinds():
            raise refuse(f"kind '{word}' is built from the facts", "it is never written under rules", ("kind",))
        if package:
            hint = f"the scenario says that it is in the package {package}: install that, if you trust it"
            raise refuse(f"the kind '{word}' is not installed here", hint, ("kind",))
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
