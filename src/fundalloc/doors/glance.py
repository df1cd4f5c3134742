"""What an interactive session shows of an object: one line, and in a notebook a small table below it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from html import escape

MOST_ROWS = 30
"""Rows that a notebook shows of a table."""


class Glance(ABC):
    """An object that shows itself; dataclasses of it say `repr=False`."""

    @property
    @abstractmethod
    def headline(self) -> str:
        """What it is, on one line."""

    @abstractmethod
    def glance(self) -> list[Sequence[object]]:
        """Return the rows of its table, the headings first."""

    def __repr__(self) -> str:
        return f"<{self.headline}>"

    def _repr_html_(self) -> str:
        headings, *rows = self.glance()
        body = "".join(_row("td", row) for row in rows[:MOST_ROWS])
        more = f"<p>and {len(rows) - MOST_ROWS} more</p>" if len(rows) > MOST_ROWS else ""
        return f"<p><b>{escape(self.headline)}</b></p><table><thead>{_row('th', headings)}</thead><tbody>{body}</tbody></table>{more}"


def _row(tag: str, cells: Iterable[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(str(cell))}</{tag}>' for cell in cells)}</tr>"
