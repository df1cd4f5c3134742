"""Models whose fields are described by the strings below them.

Descriptions serve `fundalloc rules` and the JSON Schema alone. Pydantic's own `use_attribute_docstrings` would read the source
of every model at every start, a tenth of the time of a short command; so the source is read when somebody asks.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler


class Documented(BaseModel):
    """A model that finds the descriptions of its fields in its source, and is built when it is first used."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def field_docs(cls) -> dict[str, str]:
        """Return the string below each field, in the order of the fields; fields without one are left out."""
        found: dict[str, str] = {}
        for model in reversed(cls.__mro__):
            if issubclass(model, Documented) and model is not Documented:
                found.update(_strings_below(model))
        return {name: found[name] for name in cls.model_fields if name in found}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the properties of the JSON Schema."""
        schema = handler(core)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in cls.field_docs().items():
            properties[cls.model_fields[name].alias or name]["description"] = text
        return schema


@cache
def _strings_below(model: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(body.body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }
