"""The words that the program itself prints, one catalogue per language, and how each language writes numbers.

Every catalogue has the same keys and the same {placeholders}; a test holds them to that. There is no fallback: a text
that one language lacks is a KeyError, and a failing test before that.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

from fundalloc.money import euro


@cache
def languages() -> list[str]:
    """Return the languages that have a catalogue."""
    return sorted(p.name.removesuffix(".toml") for p in resources.files(__name__).iterdir() if p.name.endswith(".toml"))


FIRST = ("en", "bg", "fr", "de")
LANGUAGES = tuple(sorted(languages(), key=lambda code: (FIRST.index(code) if code in FIRST else len(FIRST), code)))
"""The same as messages and files list them: the oldest first."""


@cache
def _catalogue(language: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__name__) / f"{language}.toml").read_text("utf-8"))


def label(key: str, language: str = "en", **values: object) -> str:
    """Return the text under a dotted key, with {placeholders} filled in. KeyError when it is missing."""
    found: Any = _catalogue(language)
    for part in key.split("."):
        if not isinstance(found, dict):
            raise KeyError(key)
        found = found[part]
    return str(found).format(**values) if values else str(found)


def in_every_language(key: str) -> dict[str, str]:
    """Return a text in all languages, placeholders left as they are."""
    return {language: label(key, language) for language in languages()}


@dataclass(frozen=True)
class Words:
    """One language at work: its texts, and its way of writing amounts and shares."""

    language: str = "en"

    def __call__(self, key: str, **values: object) -> str:
        """Return the text under a dotted key, with {placeholders} filled in."""
        return label(key, self.language, **values)

    def word(self, group: str, word: str) -> str:
        """Return the text of a choice, or the word itself where the catalogue has none: a new rule kind, a solver's method."""
        key = re.sub(r"\W+", "_", word)
        try:
            return self(f"{group}.{key}")
        except KeyError:
            return word

    def number(self, value: float | Fraction, places: int) -> str:
        """Write a number with hard spaces between thousands and the decimal sign of the language."""
        return euro(value, places).replace(".", self("number.decimal"))

    def signed(self, value: float | Fraction, places: int) -> str:
        """Write a number with its sign; nothing in front of a zero."""
        text = self.number(value if value >= 0 else -value, places)
        zero = not any(digit in "123456789" for digit in text)
        return text if zero else f"{'+' if value > 0 else '-'}{text}"

    def money(self, value: float | Fraction, places: int) -> str:
        """Write EUR million in a sentence: `EUR 12.5 million`, `12,5 Mio. EUR`."""
        return self("number.money", amount=self.number(value, places))

    def share(self, value: float | Fraction, places: int = 0) -> str:
        """Write a share as a percentage."""
        return self("number.percent", amount=self.number(value * 100, places))
