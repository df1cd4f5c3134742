"""How a sheet is made of keys of the catalogue: what the workbook of a plan and that of a comparison have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from fundalloc.export.workbook.content import Cell, Chart, Column, Fact, Formula, Link, Series, Sheet, SheetTable, Styled, Validation
from fundalloc.export.workbook.spelling import here, quoted, whole_column
from fundalloc.labels import Words

TOLERANCE = 0.0005
"""EUR million: half of the smallest amount that is ever printed with three decimals."""
Check = tuple[str, str, float]
"""What it says, or its key in the catalogue; the formula of the difference, and what that comes to."""


class SheetMaker(ABC):
    """Columns and sheets whose texts stand in the catalogue under their keys."""

    language: str
    catalogue: ClassVar = "workbook"
    """Where in the catalogue its texts stand."""

    @abstractmethod
    def sheet_text(self, sheet: str, part: str, **values: object) -> str:
        """Return the name, title or sentence of a sheet."""

    @property
    @abstractmethod
    def years(self) -> Sequence[int | str]:
        """The years of the plan, or of all plans."""

    def say(self, key: str, **values: object) -> str:
        """Return a text of the catalogue."""
        return self.words(f"{self.catalogue}.{key}", **values)

    def status(self, word: str) -> str:
        """Return the printed word of a status."""
        return self.words(f"status.{word.replace(' ', '_')}")

    def title(self, column: str) -> str:
        """Return the heading of a column."""
        return self.say(f"column.{column}")

    @property
    def words(self) -> Words:
        """Texts and numbers as the language writes them."""
        return Words(self.language)

    @property
    def period(self) -> str:
        """The years as printed: 2021-2027."""
        return "-".join(str(year) for year in (*self.years[:1], *self.years[1:][-1:]))

    def column(
        self,
        key: str,
        style: str,
        cells: Iterable[Cell],
        totals: tuple[Cell, ...] = (),
        width: float | None = None,
        printed: bool = True,
        mark: Literal["", "bar", "heat", "change", "line"] = "",
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
        says = self.sheet_text(key, "says", period=self.period, **look.pop("words", {}))
        shape = {name: look.pop(name) for name in ("strong", "rows", "extended", "changed") if name in look}
        body, title = SheetTable(table, tuple(columns), filtered, **shape), look.pop("title", None) or self.sheet_text(key, "title")
        return Sheet(key, title, says, body, self.words("workbook.unit") if money else "", **look)

    def chart(
        self, kind: Literal["column", "bar"], key: str, categories: Series, series: tuple[Series, ...], *, said: str = "", **look: Any
    ) -> Chart:
        """Return a chart whose texts stand in the catalogue under `chart`, as they may name the {period} and what `words` hold."""
        words = {"period": self.period, **look.pop("words", {})}
        title, alt = (self.say(f"chart.{key}_{part}", **words) for part in ("title", "alt"))
        return Chart(kind, title + said, alt, categories, series, **look)

    def checks(self, checks: Sequence[Check], tolerance: float, width: float, *more: Column, facts: tuple[Fact, ...] = ()) -> Sheet:
        """Return the sheet of arithmetic checks."""
        word, table = self.words, "Checks"
        passed, failed = word("workbook.check.passed"), word("workbook.check.failed")
        result = f"=IF(ABS({here(table, self.title('difference'))})<=Tolerance,{quoted(passed)},{quoted(failed)})"
        results = [passed if abs(value) <= tolerance else failed for _, _, value in checks]
        columns = (
            self.column("check", "text", [says for says, _, _ in checks], width=width),
            self.column("difference", "difference", [Formula(f"={text}", value) for _, text, value in checks], width=16),
            self.column("must_be", "note", [word("workbook.check.must_be")] * len(checks), width=24),
            self.column("result", "text", [Formula(result, r) for r in results], width=13, flags=((passed, "pass"), (failed, "breach"))),
            *more,
        )
        failures = Formula(f"=COUNTIF({whole_column(table, self.title('result'))},{quoted(failed)})", results.count(failed))
        first = Fact(word("workbook.check.failures"), Styled(failures, "integer"), "FailedChecks")
        facts = (first, Fact(word("workbook.check.tolerance"), Styled(tolerance, "strong_factor"), "Tolerance"), *facts)
        return self.sheet("checks", table, columns, money=False, colour="check", facts=facts, one_page=True)

    def cover(
        self,
        others: Sequence[Sheet],
        widths: tuple[float, float] = (32, 86),
        heads: Mapping[str, tuple[str, str]] | None = None,
        **look: Any,
    ) -> Sheet:
        """Return the first sheet, with a link to each of the others; `heads` are rows that begin a group, by the key of its first sheet."""
        rows: list[tuple[Cell, str]] = []
        for sheet in others:
            rows += [heads[sheet.key]] if heads and sheet.key in heads else []
            rows.append((Link(sheet.key), self.sheet_text(sheet.key, "answers")))
        columns = (
            self.column("sheet", "link", [link for link, _ in rows], width=widths[0]),
            self.column("answers", "text", [says for _, says in rows], width=widths[1]),
        )
        look["strong"] = frozenset(k for k, (link, _) in enumerate(rows) if not isinstance(link, Link))
        return self.sheet("cover", "Contents", columns, money=False, portrait=True, frozen=False, cover=True, **look)
