"""What a scenario calls instruments, partnerships, areas and the EU budget in all that is shown; files keep the words of the format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from fundalloc.facts.fields import TOLD, Multilingual, Text, refuse
from fundalloc.labels import LANGUAGES, OWN, Language, OwnWord, alike

LONGEST = 30
"""Characters of a word."""


def _checked(words: dict[OwnWord, Text]) -> dict[OwnWord, Text]:
    for key, text in words.items():
        one, many = key.removesuffix("s"), f"{key.removesuffix('s')}s"
        if many in OWN and not words.keys() >= {one, many}:
            raise refuse(f"'{one}' and '{many}' come together", "write the word for one and the word for several", (key,))
        wrong = next((word for word in text.values() if len(word) > LONGEST or re.search(r"[{}|\[\]'\"#@*?~<>=\x00-\x1f]", word)), None)
        if wrong is not None:
            hint = f"it stands in headings and formulas: at most {LONGEST} characters, none of {{}}|[]'\"#@*?~<>="
            raise refuse(f"'{wrong}' cannot be shown everywhere", hint, (key,))
    same = next(filter(None, (alike(spoken(words, language)) for language in LANGUAGES)), None)
    if same is not None:
        raise refuse(f"two headings would be '{same}'", "write words that differ from each other and from all other headings")
    return words


def spoken(words: Mapping[OwnWord, Text], language: str) -> Language:
    """Return a language with a scenario's own words; one that it lacks is taken as every text of a scenario: English, or what there is."""
    return Language(language, {key: words[key].within(language) for key in OWN if key in words}, getattr(language, "former", False))


OwnWords = Annotated[dict[OwnWord, Multilingual], AfterValidator(_checked), TOLD]
