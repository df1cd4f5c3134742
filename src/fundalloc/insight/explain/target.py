"""What a question is about: words → lines of the ledger, or a rule and one of its members.

Words are ids, names, short labels or tags, in any order, separated by spaces, `/` or `|`: `amif/tunisia/returns/2025`,
`Tunisia "Legal migration"`, `signed-packages egypt`. Part of a name is enough when it can mean only one thing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fundalloc.errors import UsageError, counted, did_you_mean, some
from fundalloc.facts.dimensions import NAMES
from fundalloc.money import Mask
from fundalloc.rules.kind import Kind
from fundalloc.scenario.scenario import Scenario

RULE = "rule"
SHOWN = 8
"""Meanings that a message lists."""
Meaning = tuple[str, str]
"""One thing that words can mean: a dimension, or RULE, and its word: an id, a tag, a year."""


@dataclass(frozen=True)
class Target:
    """What a question is about."""

    scenario: Scenario
    words: dict[str, str] = field(default_factory=dict)
    """Dimension → the word that was named; with a rule, the words of its member."""
    rule: Kind | None = None

    @property
    def lines(self) -> Mask:
        """The lines that all named words pick. Shape (lines,)."""
        lines, dimensions = self.scenario.lines, self.scenario.facts.dimensions
        picks = [dimensions[name].masks[word][getattr(lines, name)] for name, word in self.words.items()]
        picked: Mask = np.logical_and.reduce([np.ones(len(lines), dtype=bool), *picks])
        return picked

    @property
    def demands(self) -> list[int]:
        """The positions of the rule's demands that the words pick."""
        assert self.rule is not None
        labels = [word.split(":", 1)[-1] for word in self.words.values()]
        members = self.rule.demands(self.scenario.lines).member
        return [k for k, member in enumerate(members) if all(label in member for label in labels)]

    @property
    def says(self) -> str:
        """The target in names."""
        names = self.scenario.labels()
        told = [names.get(name, {}).get(self.words[name], self.words[name]) for name in NAMES if name in self.words]
        return ", ".join([self.rule.id, *told] if self.rule is not None else told)


def find_target(scenario: Scenario, words: Sequence[str]) -> Target:
    """Return what the words mean. Raises UsageError when they mean nothing, or several things."""
    named: dict[str, str] = {}
    # words that / and | do not separate are single pieces, to be joined where that makes sense
    pieces = [piece.strip() for word in words for piece in re.split(r"[/|]", word) if piece.strip()]
    for meanings, said in _read(scenario, pieces):
        kind, word = _only(scenario, meanings, said, named, alone=len(pieces) == 1)
        named[kind] = word
    asked = named.pop(RULE, None)
    rule = next((rule for rule in scenario.rules if rule.id == asked), None)
    target = Target(scenario, named, rule)
    if rule is not None and not rule.watch and not target.demands:
        keys = sorted({"|".join(member) for member in rule.demands(scenario.lines).member})
        has = f"{counted(len(keys), 'members')}, such as {', '.join(keys[:3])}"
        raise UsageError(f"rule {rule.id} asks nothing of {target.says}; it has {has}")
    return target


def _only(scenario: Scenario, meanings: Sequence[Meaning], said: str, named: Mapping[str, str], alone: bool) -> Meaning:
    """Return what one of the words means beside what others named; a rule where nothing else does, if it does not stand alone."""
    free = [meaning for meaning in meanings if meaning[0] not in named]
    if not free:
        kind = meanings[0][0]
        raise UsageError(f"'{said}' names a second {scenario.own(kind)} beside '{named[kind]}'; ask about one at a time")
    if not alone:
        free = [meaning for meaning in free if meaning[0] != RULE] or free
    if len(free) > 1:
        raise UsageError(f"'{said}' can mean several things: {some([' '.join(m) for m in free], SHOWN)}. Name one of them.")
    return free[0]


def _read(scenario: Scenario, pieces: list[str]) -> Iterable[tuple[list[Meaning], str]]:
    """Yield the meanings of the longest runs of pieces that mean something, from left to right; else of words that begin so."""
    index = _index(scenario)
    position = 0
    while position < len(pieces):
        for end in range(len(pieces), position, -1):
            said = " ".join(pieces[position:end])
            exact = index.get(plain_word(said), [])
            if exact:
                yield exact, said
                position = end
                break
        else:
            said = pieces[position]
            start = plain_word(said)
            part = dict.fromkeys(m for word, meant in index.items() if word.startswith(start) or f" {start}" in word for m in meant)
            if not part:
                hint = f"name a line, {scenario.own('partnership, instrument, area')}, year or rule (`fundalloc show FILE` lists them)"
                raise UsageError(f"nothing here is called '{said}'; {did_you_mean(start, index) or hint}")
            yield list(part), said
            position += 1


def plain_word(text: str) -> str:
    """Return a word as it is compared: small letters, no accents, hyphens as spaces."""
    bare = unicodedata.normalize("NFKD", text.lower())
    return re.sub(r"[\s_-]+", " ", "".join(c for c in bare if not unicodedata.combining(c)).replace("ı", "i")).strip()


def _index(scenario: Scenario) -> dict[str, list[Meaning]]:
    """Return {plain word: meanings} for all ids, names, labels, tags, years and rules."""
    out: dict[str, dict[Meaning, None]] = {}
    names, labels = scenario.names(), scenario.labels()
    for dimension in scenario.facts.dimensions:
        for word in dimension.masks:
            for said in (word, names.get(dimension.name, {}).get(word, ""), labels.get(dimension.name, {}).get(word, "")):
                if said:
                    out.setdefault(plain_word(said), {})[dimension.name, word] = None
    for rule in scenario.rules:
        out.setdefault(plain_word(rule.id), {})[RULE, rule.id] = None
    return {word: list(meanings) for word, meanings in out.items()}
