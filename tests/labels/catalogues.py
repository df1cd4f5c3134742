"""The catalogues as flat texts by dotted key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

from fundalloc.labels import LANGUAGES

OTHERS = tuple(language for language in LANGUAGES if language != "en")


def texts(language: str) -> dict[str, Any]:
    """Return every text of a language by its dotted key; where there is one for other words too, a list of both."""
    raw = (resources.files("fundalloc.labels") / f"{language}.toml").read_text("utf-8")
    return dict(_flat(tomllib.loads(raw)))


def _flat(table: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


BOTH = {language: texts(language) for language in LANGUAGES}
TEXTS = {language: {key: text if isinstance(text, str) else text[0] for key, text in both.items()} for language, both in BOTH.items()}
AROUND_OTHER_WORDS = {language: {key: text[1] for key, text in both.items() if isinstance(text, list)} for language, both in BOTH.items()}
