"""The words that the program itself prints, one catalogue per language."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def languages() -> list[str]:
    """Return the languages that have a catalogue."""
    return sorted(p.name.removesuffix(".toml") for p in resources.files(__name__).iterdir() if p.name.endswith(".toml"))


@cache
def _catalogue(language: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__name__) / f"{language}.toml").read_text("utf-8"))


def label(key: str, language: str = "en", **values: object) -> str:
    """Return the text under a dotted key, with {placeholders} filled in. KeyError when it is missing."""
    found: Any = _catalogue(language)
    for part in key.split("."):
        found = found[part]
    return str(found).format(**values) if values else str(found)
