"""What an entry rests on: a text, or `{celex: 32021R0947, article: 17, read: 2026-11-27}`, printed as a citation in every language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from fundalloc.errors import did_you_mean
from fundalloc.facts.fields import TOLD, inside, read_date, refuse
from fundalloc.labels import label

DOMAINS = {"EU": "eu", "Euratom": "euratom", "EU, Euratom": "eu_euratom", "CFSP": "cfsp"}
"""What stands in brackets behind the kind of act → its key in the catalogues."""
_NUMBER = re.compile(r"3([0-9]{4})([RLD])([0-9]{4})")
_FIRST = 2015
"""Since then all acts are numbered as `(EU) 2021/947`; before that, in several ways that the number does not tell."""


class Citation(str):
    """A source by its parts; as a text it is the English citation."""

    parts: Mapping[str, str]

    def __new__(cls, parts: Mapping[str, str]) -> Citation:
        """Return the citation of parts that were checked."""
        citation = super().__new__(cls, _said(parts, "en"))
        citation.parts = dict(parts)
        return citation

    def __getnewargs__(self) -> tuple[Mapping[str, str]]:  # type: ignore[override]
        """Return what another process makes it of."""
        return (self.parts,)


def cited(source: str, language: str) -> str:
    """Return a source as it is printed in a language; a text stays as it was written."""
    return _said(source.parts, language) if isinstance(source, Citation) else source


def _said(parts: Mapping[str, str], language: str) -> str:
    act, found = parts.get("text", ""), _NUMBER.fullmatch(parts.get("celex", ""))
    if found is not None:
        domain = label(f"citation.domain.{DOMAINS[parts.get('domain', 'EU')]}", language)
        act = label(f"citation.act.{found[2]}", language, domain=domain, number=f"{found[1]}/{int(found[3])}")
    if "article" in parts:
        act = label("citation.article", language, act=act, article=parts["article"])
    dates = {key: ".".join(reversed(parts[key].split("-"))) for key in ("read", "valid_until") if key in parts}
    notes = ", ".join(label(f"citation.{key}", language, date=date) for key, date in dates.items())
    return f"{act} ({notes})" if notes else act


def _celex(raw: str) -> str:
    found = _NUMBER.fullmatch(raw)
    if found is None:
        hint = "such as 32021R0947: 3, the year, R, L or D, four digits; for anything else write `text`"
        raise refuse(f"'{raw}' is no CELEX number of a regulation, directive or decision", hint)
    if int(found[1]) < _FIRST:
        raise refuse(f"'{raw}' is of before {_FIRST}, when acts were cited in several ways", "write the citation as `text`")
    return raw


def _article(raw: str) -> str:
    if re.fullmatch(r"[0-9]+[a-z]*(\([0-9a-z]+\))*", raw) is None:
        raise refuse(f"'{raw}' is no article", "write its number, such as 17 or 6(2)(a)")
    return raw


def _domain(raw: str) -> str:
    if raw not in DOMAINS:
        raise refuse(f"'{raw}' is no domain of acts", did_you_mean(raw, DOMAINS))
    return raw


_PARTS = {"celex": _celex, "text": str, "article": _article, "domain": _domain, "read": read_date, "valid_until": read_date}


def _source(raw: Any) -> str:
    if isinstance(raw, str):
        return raw
    if not isinstance(raw, Mapping):
        raise refuse("expected a source", "write a text, or {celex: 32021R0947, article: 17, read: 2026-11-27}")
    unknown = next((key for key in raw if key not in _PARTS), None)
    if unknown is not None:
        raise refuse(f"unknown key '{unknown}'", did_you_mean(unknown, _PARTS), (unknown,))
    if ("celex" in raw) == ("text" in raw):
        raise refuse("a source is an act by its number or a text, one of them", "write `celex` or `text`")
    if "domain" in raw and "text" in raw:
        raise refuse("a text has no domain", "take `domain` out", ("domain",))
    return Citation({key: inside(key, read, str(raw[key])) for key, read in _PARTS.items() if key in raw})


_TEXT, _DATE = {"type": "string"}, {"type": "string", "format": "date"}
_KEYS = {
    "celex": {**_TEXT, "pattern": f"^{_NUMBER.pattern}$", "description": "number of a regulation, directive or decision since 2015"},
    "text": {**_TEXT, "description": "in place of `celex`: what is no such act"},
    "article": {"type": ["string", "integer"]},
    "domain": {"enum": list(DOMAINS)},
    "read": {**_DATE, "description": "when somebody last read it"},
    "valid_until": {**_DATE, "description": "`fundalloc check` names what is older than `as_of`"},
}
Origin = Annotated[
    str,
    PlainValidator(_source),
    WithJsonSchema({"anyOf": [_TEXT, {"type": "object", "properties": _KEYS, "additionalProperties": False}]}),
    TOLD,
]
"""Where a figure comes from; no amount of any plan depends on it."""
