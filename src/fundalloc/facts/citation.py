"""What an entry rests on: a text, or `{celex: 32021R0947, article: 17, read: 2026-11-27}`, printed as a citation in every language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from fundalloc.errors import did_you_mean
from fundalloc.facts.fields import TOLD, refuse
from fundalloc.labels import label

_DAY = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", "date", "write year-month-day, such as 2026-11-23"
_PARTS = {  # how it is written, what it is, and what to write; since 2015 all acts are cited in one way, which their number tells
    "celex": (
        r"3(201[5-9]|20[2-9][0-9])[RLD][0-9]{4}",
        "CELEX number of an act since 2015 (R, L or D)",
        "write it, or `text`, such as 32021R0947",
    ),
    "text": (r"(?s).+", "text", "say what it is, such as Council conclusions"),
    "article": (r"[0-9]+[a-z]*(\([0-9a-z]+\))*", "article", "write its number, such as 17 or 6(2)(a)"),
    "domain": ("EU|Euratom|EU, Euratom|CFSP", "domain of acts", "write EU, Euratom, CFSP or 'EU, Euratom', such as CFSP"),
    "read": _DAY,
    "valid_until": _DAY,
}


class Citation(str):
    """A source by its parts; as a text it is the English citation."""

    parts: Mapping[str, str]

    def __new__(cls, parts: Mapping[str, str]) -> Citation:
        """Return the citation of parts that were checked."""
        citation = super().__new__(cls, _said(parts, "en"))
        citation.parts = parts
        return citation

    def __reduce__(self) -> Any:
        """Return how another process makes it again."""
        return Citation, (self.parts,)


def cited(source: str, language: str) -> str:
    """Return a source as it is printed in a language; a text stays as it was written."""
    return _said(source.parts, language) if isinstance(source, Citation) else source


def _said(parts: Mapping[str, str], language: str) -> str:
    said, celex = parts.get("text", ""), parts.get("celex", "")
    if celex:
        domain = label(f"citation.domain.{parts.get('domain', 'EU').lower().replace(', ', '_')}", language)
        said = label(f"citation.act.{celex[5]}", language, domain=domain, number=f"{celex[1:5]}/{int(celex[6:])}")
    if "article" in parts:
        said = label("citation.article", language, act=said, article=parts["article"])
    dates = {key: ".".join(reversed(parts[key].split("-"))) for key in ("read", "valid_until") if key in parts}
    notes = ", ".join(label(f"citation.{key}", language, date=date) for key, date in dates.items())
    return f"{said} ({notes})" if notes else said


def _source(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if not isinstance(raw, Mapping) or ("celex" in raw) == ("text" in raw):
        raise refuse("expected a text, or an act by its number", "write {celex: 32021R0947, article: 17}, or {text: …, read: 2026-11-27}")
    for key, value in raw.items():
        if key not in _PARTS:
            raise refuse(f"unknown key '{key}'", did_you_mean(key, _PARTS), (key,))
        pattern, what, hint = _PARTS[key]
        if re.fullmatch(pattern, str(value)) is None:
            raise refuse(f"'{value}' is no {what}", hint, (key,))
    return Citation({key: str(value) for key, value in raw.items()})


_KEYS = {key: {"description": f"{what}: {hint}"} for key, (_, what, hint) in _PARTS.items()}
_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "object", "properties": _KEYS, "additionalProperties": False}]}
Origin = Annotated[str, PlainValidator(_source), WithJsonSchema(_SCHEMA), TOLD]
"""Where a figure comes from; no amount of any plan depends on it."""
