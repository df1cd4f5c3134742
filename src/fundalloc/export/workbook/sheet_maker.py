"""How a sheet is made of keys of the catalogue: what the workbook of a plan and that of a comparison have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from fundalloc.export.workbook.content import Cell, Chart, Column, Link, Series, Sheet, Table, Validation


class SheetMaker(ABC):
    """Columns and sheets whose texts stand in the catalogue under their keys."""

    @abstractmethod
    def say(self, key: str, **values: object) -> str:
        """Return a text of the catalogue."""

    @abstractmethod
    def title(self, column: str) -> str:
        """Return the heading of a column."""

    @abstractmethod
    def sheet_text(self, sheet: str, part: str, **values: object) -> str:
        """Return the name, title or sentence of a sheet."""

    @property
    @abstractmethod
    def period(self) -> str:
        """The years as printed: 2021-2027."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """The unit of amounts, for the corner of a sheet."""

    def column(
        self,
        key: str,
        style: str,
        cells: Iterable[Cell],
        totals: tuple[Cell, ...] = (),
        width: float | None = None,
        printed: bool = True,
        mark: Literal["", "bar", "heat", "change"] = "",
        flags: tuple[tuple[str, str], ...] = (),
        entry: Validation | None = None,
        heading: str = "",
        given: bool = False,
    ) -> Column:
        """Return a column whose heading is in the catalogue, or is given: a name or a year of the scenario."""
        named = (heading, "") if heading else (self.title(key), key)
        return Column(named[0], style, tuple(cells), totals, width, printed, mark, flags, named[1], entry, given)

    def sheet(self, key: str, table: str, columns: Iterable[Column], *, money: bool = True, filtered: bool = False, **look: Any) -> Sheet:
        """Return a sheet with one table, its title and sentence from the catalogue.

        Its sentence may name {period} and whatever `words` hold. Without `money` no unit is shown. What else is given
        is a field of Table or of Sheet.
        """
        words = {"period": self.period, **look.pop("words", {})}
        shape = {name: look.pop(name) for name in ("strong", "rows", "extended", "changed") if name in look}
        body = Table(table, tuple(columns), filtered, **shape)
        title, says = look.pop("title", None) or self.sheet_text(key, "title"), self.sheet_text(key, "says", **words)
        return Sheet(key, title, says, body, self.unit if money else "", **look)

    def chart(
        self, kind: Literal["column", "bar"], key: str, categories: Series, series: tuple[Series, ...], *, said: str = "", **look: Any
    ) -> Chart:
        """Return a chart whose texts stand in the catalogue under `chart`, as they may name the {period} and what `words` hold."""
        words = {"period": self.period, **look.pop("words", {})}
        title, alt = (self.say(f"chart.{key}_{part}", **words) for part in ("title", "alt"))
        return Chart(kind, title + said, alt, categories, series, **look)

    def cover(self, others: Sequence[Sheet], **look: Any) -> Sheet:
        """Return the first sheet, with a link to each of the others."""
        columns = (
            self.column("sheet", "link", [Link(sheet.key) for sheet in others], width=32),
            self.column("answers", "text", [self.sheet_text(sheet.key, "answers") for sheet in others], width=86),
        )
        return self.sheet("cover", "Contents", columns, money=False, portrait=True, frozen=False, cover=True, **look)
