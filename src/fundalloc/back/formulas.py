"""Sums over the sheet Allocation, read back as selections: what a colleague's own rule measures.

=SUMIFS(Allocation[Planned],Allocation[Partnership ID],"egypt",Allocation[Year],">=2024")
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fundalloc.labels import label
from fundalloc.scenario.scenario import Scenario
from fundalloc.scenario.workbooks.cells import titles

PLANNED, YEAR, KIND = "planned", "year", "kind_of_money"
NAMED = ("instrument", "partnership", "area")
IDS = {f"{name}_id": name for name in (*NAMED, "action")}
_COLUMN = re.compile(r"Allocation\[((?:'.|[^'\]])*)\]")
_SUM = re.compile(r"=(?:SUMPRODUCT\()?(SUMIFS?|SUM)\((.*?)\)\)?", re.DOTALL)
_LIST = re.compile(r"\{(.*)\}", re.DOTALL)


class NotUnderstood(ValueError):
    """A formula that is no plain sum over the allocation; the message says what is not understood."""


@dataclass(frozen=True)
class Reader:
    """Reads formulas of one workbook."""

    scenario: Scenario
    language: str
    codes: Mapping[str, Mapping[str, str]]
    """Per dimension: id → id as it stands in cells."""
    markers: Mapping[str, str]
    """Heading of a weighted column → marker."""

    @cached_property
    def headings(self) -> dict[str, str]:
        """Heading → column key."""
        keys = (PLANNED, YEAR, KIND, *IDS, *IDS.values())
        return {text: key for key, text in titles(keys, self.language).items()}

    def selection(self, formula: str) -> dict[str, Any]:
        """Return the selection that a formula sums, as it is written under `money`. Raises NotUnderstood."""
        match = _SUM.fullmatch(formula.strip())
        if match is None:
            raise NotUnderstood("it is not one SUMIFS over the sheet Allocation")
        summed, *criteria = _arguments(match[2])
        column = self._column(summed)
        out: dict[str, Any] = {}
        if column in self.markers:
            out["marker"] = self.markers[column]
        elif self.headings.get(column) != PLANNED:
            raise NotUnderstood(f"it sums '{column}', not the planned amounts")
        if (match[1] == "SUM") != (not criteria) or len(criteria) % 2 or match[1] == "SUMIF":
            raise NotUnderstood("its criteria are no pairs of column and value")
        years: list[str] = []
        for place, value in zip(criteria[::2], criteria[1::2], strict=True):
            dimension, members = self._criterion(self._column(place), _values(value))
            if dimension == YEAR:
                years += members
            elif dimension in out:
                raise NotUnderstood(f"it selects by {self.scenario.own(dimension)} twice")
            else:
                out[dimension] = members[0] if len(members) == 1 else members
        return {**out, YEAR: self._years(years)} if years else out

    def _criterion(self, heading: str, values: list[str]) -> tuple[str, list[str]]:
        """Return the dimension that a criterion selects by, and the ids; years as they stand there. Raises NotUnderstood."""
        key = self.headings.get(heading, "")
        if key == YEAR:
            return YEAR, values
        if key == KIND:
            return "instrument", [i for word in values for i in self._of_kind(word)]
        if key in IDS or key in IDS.values():
            dimension = IDS.get(key, key)
            return dimension, [self.member(dimension, text) for text in values]
        raise NotUnderstood(f"'{heading}' is no column that a rule can select by")

    def _column(self, text: str) -> str:
        match = _COLUMN.fullmatch(text.strip())
        if match is None:
            raise NotUnderstood(f"'{text.strip()}' is no column of the table Allocation")
        return re.sub(r"'(.)", r"\1", match[1])

    def member(self, dimension: str, text: str) -> str:
        """Return the id that a text names: an id as it stands in cells, or a short name. Raises NotUnderstood."""
        named = self.scenario.labels(self.language)[dimension]
        for member, code in self.codes[dimension].items():
            if text.casefold() in (code.casefold(), " ".join(named.get(member, "").split()).casefold()):
                return member
        raise NotUnderstood(f"'{text}' is no {self.scenario.own(dimension)} of the scenario")

    def _of_kind(self, word: str) -> list[str]:
        found = [i.id for i in self.scenario.facts.instruments if label(f"workbook.counts.{i.counts}", self.language) == word]
        if not found:
            raise NotUnderstood(f"'{word}' is no kind of money")
        return found

    def _years(self, criteria: list[str]) -> list[str] | str:
        first, last = self.scenario.facts.years[0], self.scenario.facts.years[-1]
        single = []
        for text in criteria:
            match = re.fullmatch(r"(>=|<=|>|<|=)?\s*([0-9]{4})", text)
            if match is None:
                raise NotUnderstood(f"'{text}' is no year")
            year = int(match[2])
            if match[1] in (">=", ">"):
                first = max(first, year + (match[1] == ">"))
            elif match[1] in ("<=", "<"):
                last = min(last, year - (match[1] == "<"))
            else:
                single.append(str(year))
        if single:
            return single[0] if len(single) == 1 else single
        return f"{first}-{last}" if first < last else str(first)


def _arguments(text: str) -> list[str]:
    """Split the arguments of a function at its commas, not at those inside quotes, brackets and braces."""
    out, depth, quoted, start = [], 0, False, 0
    for k, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "[{(":
            depth += 1
        elif not quoted and character in "]})":
            depth -= 1
        elif character == "," and not quoted and depth == 0:
            out.append(text[start:k])
            start = k + 1
    return [*out, text[start:]]


def _values(text: str) -> list[str]:
    match = _LIST.fullmatch(text.strip())
    parts = re.split(r"[,;](?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", match[1]) if match else [text]
    return [_unquoted(part.strip()) for part in parts]


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    if re.fullmatch("[0-9]+", text):
        return text
    raise NotUnderstood(f"'{text}' is neither a text in quotes nor a year")
