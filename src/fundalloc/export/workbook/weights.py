"""How much of a euro counts towards what: effectiveness for needs, coefficients for markers, by instrument and area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fundalloc.export.workbook.book import Book, distinct
from fundalloc.money import Exact

TABLE = "Weights"
NEED = "towards_need"
OWN = ("instrument", "area", "pair", "planned", "effectiveness", "kind_of_money", "instrument_id", "area_id")
"""Columns of the sheet Weights besides the markers."""


@dataclass(frozen=True, eq=False)
class Weight:
    """One way of counting money. `marker` is empty for effectiveness."""

    marker: str
    coefficients: Exact
    """Shape (instruments, areas)."""

    @property
    def key(self) -> str:
        """The key of the column in Allocation that holds the weighted amounts."""
        return self.key_of(self.marker)

    @staticmethod
    def key_of(marker: str) -> str:
        """Return the key of the column of a marker; of effectiveness without one."""
        return f"marker:{marker}" if marker else NEED

    def coefficient_heading(self, book: Book) -> str:
        """Return the heading of the column in Weights."""
        if not self.marker:
            return book.title("effectiveness")
        markers = list(book.facts.markers)
        return distinct([book.word("marker", m) for m in markers], [book.title(key) for key in OWN])[markers.index(self.marker)]

    def reference(self, book: Book) -> str:
        """Return the reference to the coefficients, in the order of the pairs."""
        return book.named(TABLE, self.coefficient_heading(book))


def weights(book: Book) -> Sequence[Weight]:
    """Return effectiveness and the markers that rules use: those that every line must be weighted by."""
    used = {selection.marker for rule in book.plan.scenario.rules for selection in rule.selections}
    return [every for every in all_weights(book) if not every.marker or every.marker in used]


def all_weights(book: Book) -> Sequence[Weight]:
    """Return effectiveness and every marker of the scenario."""
    facts = book.facts
    return [Weight("", facts.effectiveness), *(Weight(marker, exact) for marker, exact in facts.markers.items())]
