"""The words that the program itself prints, one catalogue per language, and how each language writes numbers.

Every catalogue has the same keys and the same {placeholders}; a test holds them to that. There is no fallback: a text
that one language lacks is a KeyError, and a failing test before that.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from fundalloc.money import euro


@cache
def languages() -> list[str]:
    """Return the languages that have a catalogue."""
    return sorted(p.name.removesuffix(".toml") for p in resources.files(__name__).iterdir() if p.name.endswith(".toml"))


FIRST = ("en", "bg", "fr", "de")
LANGUAGES = tuple(sorted(languages(), key=lambda code: (FIRST.index(code) if code in FIRST else len(FIRST), code)))
"""The same as messages and files list them: the oldest first."""


@cache
def _written(language: str) -> dict[str, str]:
    """Return a catalogue as it is written, by heading: parsing all of it in all languages takes a quarter of a short command."""
    head, *parts = re.split(r"(?m)^\[([\w.]+)\]$", (resources.files(__name__) / f"{language}.toml").read_text("utf-8"))
    return {"": head, **dict(zip(parts[::2], parts[1::2], strict=True))}


@cache
def _below(heading: str, language: str) -> dict[str, Any]:
    """Return what stands below a heading of a catalogue."""
    return tomllib.loads(_written(language)[heading])


@cache
def _former(language: str) -> dict[str, str]:
    """Return what version 0.1.0 called otherwise, by dotted key, as far as its workbooks are read back."""
    file = resources.files(__name__) / "former" / f"{language}.toml"
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


OwnWord = Literal["instrument", "instruments", "partnership", "partnerships", "area", "areas", "total"]
OWN = get_args(OwnWord)
"""The words that a scenario may have of its own."""


class Language(str):
    """The code of a language, and the words that a scenario has in it in place of the program's own: {key under `words`: word}."""

    own: Mapping[str, str]
    former: bool
    """Whether it is spoken as version 0.1.0 spoke it, to read what that wrote."""

    def __new__(cls, code: str, own: Mapping[str, str] | None = None, former: bool = False) -> Language:
        """Return the code, which is a text as any other, with the words."""
        spoken = super().__new__(cls, code)
        spoken.own, spoken.former = dict(own or {}), former
        return spoken


def own_words(language: str) -> Mapping[str, str]:
    """Return the words that a scenario has of its own in a language: none in a plain code."""
    return language.own if isinstance(language, Language) else {}


def label(key: str, language: str = "en", **values: object) -> str:
    """Return the text under a dotted key, with {placeholders} filled in. KeyError when it is missing.

    Where a scenario has words of its own, they stand in place of ours. A text around which they would have to be inflected has a
    second wording, which names them without article, genitive or adjective.
    """
    if getattr(language, "former", False) and key in _former(str(language)):
        return _former(str(language))[key]
    parts = key.split(".")
    depth = next(n for n in range(len(parts), -1, -1) if ".".join(parts[:n]) in _written(str(language)))
    found: Any = _below(".".join(parts[:depth]), str(language))
    for part in parts[depth:]:
        if not isinstance(found, dict):
            raise KeyError(key)
        found = found[part]
    text = str(found[bool(own_words(language))] if isinstance(found, list) else found)
    text = text if key.startswith("workbook.group.") else in_own_words(text, language)  # a Talent Partnership keeps its name
    return text.format(**values) if values else text


def alike(language: Language) -> str | None:
    """Return a text that two columns, or kinds of money, have with a scenario's own words and have not with ours; None if all differ."""
    groups = (("workbook", "column"), ("workbook", "counts"), ("comparison", "column"), ("study", "column"))
    for book, group in groups if language.own else ():
        seen: dict[str, str] = {}
        for key in _below(f"{book}.{group}", str(language)):
            ours, own = (label(f"{book}.{group}.{key}", spoken) for spoken in (str(language), language))
            if seen.setdefault(own.casefold(), ours) != ours:
                return own
    return None


def in_own_words(text: str, language: str) -> str:
    """Return a text of ours, its placeholders not yet filled in, with the words that a scenario has of its own in this language."""
    own = own_words(language)
    return _with_words(text, str(language), tuple(own.items())) if own else text


@cache
def _with_words(text: str, language: str, own: tuple[tuple[str, str], ...]) -> str:
    ours, given = _below("", language)["words"], dict(own)

    def put(found: re.Match[str]) -> str:
        word, before = str(found.lastgroup), text[: found.start()].rstrip()
        begins = ours[word][0].islower() or before[-1:] in ("", ".", "?", "!")  # in German, nouns have a capital anywhere
        capital = begins and found[0][0].isupper()
        return given[word][0].upper() + given[word][1:] if capital else given[word]

    spelt = "|".join(f"(?P<{word}>{ours[word]})" for word in given)
    return re.sub(rf"(?<![\w{{-])(?:{spelt})(?![\w-])", put, text, flags=re.IGNORECASE)


def spellings(key: str, spoken: Iterable[str] = ()) -> list[str]:
    """Return how a text is, or was, written in some languages, by default in all: what is read back may be of an earlier version."""
    every = spoken or [Language(language, former=former) for former in (False, True) for language in languages()]
    return list(dict.fromkeys(label(key, language) for language in every))


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
