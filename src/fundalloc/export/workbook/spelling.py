"""How texts are spelt: inside formulas, as headings, as ids in cells, as names of sheets, and shortened."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

SPECIAL = re.compile(r"[@,:.\[\]#'\"{}$^&*+=<>/\t\n-]")
"""Characters for which Excel wants a heading in brackets of its own."""


def safe_codes(ids: Sequence[str]) -> dict[str, str]:
    """Return ids as they stand in cells, none of which a formula takes for another or for a number."""
    seen: set[str] = set()
    codes = {}
    for position, name in enumerate(ids, start=1):
        doubtful = not name[0].isalpha() or name.casefold() in seen or name.casefold() in ("true", "false")
        codes[name] = f"no{position}_{name}" if doubtful else name
        seen.add(name.casefold())
    return codes


def quoted(text: str) -> str:
    """Return a text as it stands in a formula."""
    return '"' + text.replace('"', '""') + '"'


def array(items: Iterable[object], separator: str = ",") -> str:
    """Return a list of values in a formula."""
    return "{" + separator.join(map(str, items)) + "}"


def escaped(title: str) -> str:
    """Return a column heading as it stands in a structured reference."""
    return re.sub(r"(['\[\]#@])", r"'\1", title)


def shorten(text: str, most: int) -> str:
    """Return a text cut at a word, or within a very long one, with an ellipsis, when it is longer than `most` characters."""
    if len(text) <= most:
        return text
    at = text.rfind(" ", 0, most)
    return text[: at if at > most // 2 else most - 1].rstrip(" ,:;") + "…"


def distinct(titles: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """Return headings that differ even without regard to case, at most 250 characters long: repeated ones get a number."""
    seen = {t.casefold() for t in taken}
    out = []
    for title in titles:
        short = " ".join(title.split())[:240] or "-"
        unique, count = short, 1
        while unique.casefold() in seen:
            count += 1
            unique = f"{short} ({count})"
        seen.add(unique.casefold())
        out.append(unique)
    return out


def sheet_name(text: str, taken: Iterable[str] = ()) -> str:
    """Return a name that Excel takes: at most 31 characters, none of `[]:*?/\\`, no apostrophe at the ends, not yet taken."""
    clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", text)
    clean = " ".join(clean.split()).strip("' ") or "-"
    seen = {name.casefold() for name in taken}
    name, count = shorten(clean, 30) if len(clean) > 31 else clean, 1
    while name.casefold() in seen:
        count += 1
        name = f"{clean[: 31 - len(f' ({count})')].rstrip()} ({count})"
    return name


def sheet_names(said: Mapping[str, str]) -> dict[str, str]:
    """Return the names of sheets by key, cut to what Excel takes, and different even when cut."""
    names: dict[str, str] = {}
    for key, text in said.items():
        names[key] = sheet_name(text, names.values())
    return names


def whole_column(table: str, title: str) -> str:
    """Return the reference to a whole column of a table: `Allocation[Planned]`, `Compare[[Change, %]]`."""
    return f"{table}[[{escaped(title)}]]" if SPECIAL.search(title) else f"{table}[{escaped(title)}]"


def here(table: str, title: str) -> str:
    """Return the reference to a column in the formula's own row, shown as `[@Planned]`."""
    return f"{table}[[#This Row],[{escaped(title)}]]"


def allocation_file(scenario: str) -> str:
    """Return the name of the CSV file that holds the allocation of a scenario when it is too long for a sheet."""
    return f"{scenario}-allocation.csv"


def readable(tag: str) -> str:
    """Return a tag's value as words: `central-med` becomes `Central med`."""
    words = tag.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]
