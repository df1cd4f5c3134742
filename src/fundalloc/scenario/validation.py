"""Nodes held against models: what pydantic finds wrong becomes problems with places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from fundalloc.errors import MANY, Place, Problem, Problems, did_you_mean, nearest
from fundalloc.facts.dimensions import Dimensions
from fundalloc.scenario.document import Node, Tree, locate, to_plain

ModelT = TypeVar("ModelT", bound=BaseModel)


def validate(model: type[ModelT], node: Node, problems: Problems, dimensions: Dimensions | None, **given: Any) -> ModelT | None:
    """Build a model from a node and what else is given; on errors add one problem each and return None."""
    plain = to_plain(node)
    if isinstance(plain, dict):
        for key in given.keys() & plain:
            problems.add(locate(node, (key,), key=True), f"unknown key '{key}'", "the name above is the id")
        plain |= given
    try:
        return model.model_validate(plain, context={"dimensions": dimensions})
    except ValidationError as error:
        problems += problems_of(error, node, model)
    return None


def problems_of(error: ValidationError, node: Node, model: type[BaseModel] | None = None) -> Iterator[Problem]:
    """Turn pydantic's errors into problems with the place of the value or key concerned."""
    found = error.errors(include_url=False)
    unknown = [item["loc"] for item in found if item["type"] == "extra_forbidden"]
    for item in found:
        location, kind, context = item["loc"], item["type"], item.get("ctx", {})
        if kind == "extra_forbidden":
            few = fields_at(model, location[:-1]) if model and len(unknown) <= MANY else ()
            yield Problem(locate(node, location, key=True), f"unknown key '{location[-1]}'", did_you_mean(str(location[-1]), few))
        elif kind == "missing":
            if not nearest(str(location[-1]), (str(other[-1]) for other in unknown[:MANY] if other[:-1] == location[:-1])):
                taken = _taken(node, location)
                where = taken or locate(node, location[:-1])
                message, hint = ("cannot be taken away", "write it") if taken else ("is missing", "add it")
                yield Problem(where, f"'{location[-1]}' {message}", hint)
        elif kind == "refused":
            yield Problem(locate(node, (*location, *context["at"])), str(context["message"]), str(context["hint"]))
        elif kind == "literal_error":
            yield Problem(locate(node, location), f"'{item['input']}' is not allowed here", f"expected {context['expected']}")
        else:
            otherwise = (item["msg"][0].lower() + item["msg"][1:], f"found {str(item['input'])[:60]!r}")
            yield Problem(locate(node, location), *_EXPECTED.get(kind, otherwise))


def _taken(node: Node, location: tuple[int | str, ...]) -> Place | None:
    """Return where a key was taken away by `none`: its place is known, and nothing stands there."""
    for part in location[:-1]:
        node = node.items.get(str(part), node) if isinstance(node, Tree) else node
    return node.keys.get(str(location[-1])) if isinstance(node, Tree) else None


_EXPECTED = {
    "string_type": ("expected a text", "put true and false in quotes when they are words"),
    "tuple_type": ("expected a list", "write it in brackets: […]"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), ("expected keys with values", "such as {…}")),
}
"""Pydantic's error types in the planner's words: message and hint."""


def fields_at(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the field names of the model that stands at a location; where a value has several shapes, of the shape that is written."""
    found = [(model, False)]
    for part in location:
        if inside := [shape for one, _ in found for shape in _models_in(one.model_fields.get(str(part)))]:
            found = inside
        elif isinstance(part, int):
            found = [(one, False) for one, listed in found if listed]
    shapes = [one for one, listed in found if not listed] or [one for one, _ in found]
    return list(dict.fromkeys(name for one in shapes for name in one.model_fields if name != "id"))


def _models_in(kind: Any, listed: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """Yield the models that a field or a type may hold, and whether they are entries of a list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind, listed
    inner = (kind.annotation, *kind.metadata) if isinstance(kind, FieldInfo) else get_args(kind)
    if isinstance(kind, BeforeValidator):
        inner = (kind.json_schema_input_type,)
    for one in inner:
        yield from _models_in(one, listed or get_origin(kind) is tuple)


def refused(error: PydanticCustomError, place: Place) -> Problem:
    """Turn an error of `refuse` into a problem."""
    context = error.context or {}
    return Problem(place, str(context.get("message", error)), str(context.get("hint", "")))
