"""One study, ready to be written: tables by name, headline facts, charts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from fundalloc.doors.writing import new_file
from fundalloc.export.package import write_folder
from fundalloc.export.tables import records
from fundalloc.export.workbook.book import distinct
from fundalloc.export.workbook.content import Cell, Chart, Column, Fact, FileLink, Series, Sheet, SheetTable, Styled
from fundalloc.export.workbook.layout import text_width
from fundalloc.export.workbook.sheet_maker import SheetMaker
from fundalloc.export.workbook.spelling import sheet_names
from fundalloc.export.workbook.writer import Paper, render
from fundalloc.labels import label
from fundalloc.scenario.scenario import Scenario
from fundalloc.versions import VERSION

FORMAT = "fundalloc.study/1"
STYLES = {
    **dict.fromkeys(("score", "change", "regret"), "points"),
    **dict.fromkeys(("price", "before", "after", "rate"), "price"),
    **dict.fromkeys(("coverage", "share", "missed_share", "broken_share", "binding_share"), "share"),
    "count": "number",
}
"""Styles of columns by name; numbers of other names are money, words are text."""
NAMED = 3
"""Scenarios that a title names."""
ROW_NAME = "corner"
"""Numbers that name a row."""


@dataclass(frozen=True)
class Drawn:
    """A chart of one table: two of its columns, or one against several."""

    key: str
    """Its texts stand under `study.chart.<key>`."""
    table: str
    along: str
    up: tuple[str, ...]
    formats: tuple[str, str] = ("#,##0", "#,##0")


@dataclass(frozen=True)
class Report(SheetMaker):
    """What a study found. Tables are written in this order; columns that are not in the catalogue keep their own names."""

    kind: str
    """Its texts stand under `study.<kind>`."""
    scenario: Scenario
    tables: Mapping[str, pd.DataFrame]
    facts: Sequence[tuple[str, str]] = ()
    """Key under `study.fact`, and what it says."""
    charts: Sequence[Drawn] = ()
    styles: Mapping[str, str] = field(default_factory=dict)
    """Styles of columns of this study, by name."""
    stated: Mapping[str, Any] = field(default_factory=dict)
    """Further plain values for JSON."""
    language: str = "en"
    headings: Mapping[str, str] = field(default_factory=dict)
    """Headings of columns that have them from elsewhere than the catalogue, by name."""
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Columns of tables that the workbook leaves out, so that it can be read; CSV and JSON have them."""
    others: Sequence[Scenario] = ()
    """What else was studied beside the scenario."""
    rounded: bool = False
    """Whether its figures are those of finished plans."""
    catalogue = "study"

    @property
    def years(self) -> Sequence[int]:
        """The years of the scenario."""
        return self.scenario.facts.years

    @property
    def name(self) -> str:
        """What was studied, of which scenario."""
        titles = list(dict.fromkeys(one.head.title.within(self.language) for one in (self.scenario, *self.others)))
        more = [f"+{len(titles) - NAMED}"] if len(titles) > NAMED else []
        return f"{self.say(f'{self.kind}.title')}: {' | '.join([*titles[:NAMED], *more])}"

    @property
    def paper(self) -> Paper:
        """What stands around every sheet."""
        head, digest, subject = self.scenario.head, self.scenario.digest, self.sheet_text("cover", "says")
        keywords = f"{head.scenario}, {digest}, fundalloc {VERSION}"
        paper = Paper.of(head, digest, keywords, self.name, subject, self.language, self.scenario.decimals)
        return replace(paper, footer=" · ".join([self.say(f"{self.kind}.title"), *_files(self)])) if self.others else paper

    def sheet_text(self, sheet: str, part: str, **values: object) -> str:
        """Return the title or sentence of a sheet; those of the cover are the study's own."""
        return self.say(f"{self.kind if sheet == 'cover' else sheet}.{part}")

    def title(self, column: str) -> str:
        """Return the heading of a column of the cover."""
        return label(f"workbook.column.{column}", self.language)

    def heading(self, column: str) -> str:
        """Return the heading of a column: from the catalogue, or its own name; `key: name` is a key and a name."""
        if column in self.headings:
            return self.headings[column]
        key, colon, name = column.partition(": ")
        try:
            return f"{label(f'study.column.{key}', self.language)}{colon}{name}"
        except KeyError:
            return column


def as_dict(report: Report) -> dict[str, Any]:
    """Return a study as plain values that diff well."""
    scenario = report.scenario
    return {
        "format": FORMAT,
        "study": report.kind,
        "scenario": {
            "id": scenario.id,
            "file": scenario.file,
            "digest": scenario.digest,
            "as_of": scenario.head.as_of,
            "reconstructed": list(scenario.head.reconstructed),
        },
        **report.stated,
        **{name: records(table) for name, table in report.tables.items()},
    }


def write_tables(report: Report, folder: str | Path) -> list[Path]:
    """Write one CSV per table into a folder that is new or one of ours. Raises OutputError."""
    named = {f"{report.kind}-{name.replace('_', '-')}": table for name, table in report.tables.items()}
    return write_folder(named, Path(folder), report.kind, report.scenario.digest)


def write_book(report: Report, path: str | Path) -> Path:
    """Write a study as a workbook: a cover, and a sheet per table. The same study gives the same bytes. Raises OutputError."""
    sheets = sheets_of(report)
    names = sheet_names({"cover": report.words("sheet.cover.name"), **{sheet.key: report.say(f"{sheet.key}.name") for sheet in sheets[1:]}})
    content = render(sheets, names, report.paper)
    with new_file(Path(path)) as fresh:
        fresh.write_bytes(content)
    return Path(path)


def sheets_of(report: Report) -> list[Sheet]:
    """Return the sheets of a study, the cover first."""
    sheets = [_sheet(report, name, table) for name, table in report.tables.items() if len(table)]
    return [_cover(report, sheets), *sheets]


def _files(report: Report) -> list[str]:
    """Return what tells the files of a study apart, each once."""
    return list(dict.fromkeys(f"{one.head.scenario} · {one.digest[:12]}" for one in (report.scenario, *report.others)))


def _cover(report: Report, sheets: Sequence[Sheet]) -> Sheet:
    head, language = report.scenario.head, report.language
    illustrative = [Fact(label("workbook.cover.data", language), Styled(label("workbook.cover.illustrative", language), "warning"))]
    facts = (
        *(Fact(report.say(f"fact.{key}"), text) for key, text in report.facts),
        *(illustrative if head.illustrative else []),
        *([Fact(label("workbook.cover.past", language), Styled(past, "warning"))] if (past := head.said_of_past(language)) else []),
        Fact(report.say("fact.before_rounding"), report.say("rounded" if report.rounded else "before_rounding")),
        Fact(report.words("report.line.unproved"), report.words("proof.inputs")),
        Fact(report.say("fact.scenario"), "; ".join(_files(report))),
    )
    return report.cover(sheets, (34, 92), title=report.name, facts=facts, one_page=True)


def _sheet(report: Report, name: str, table: pd.DataFrame) -> Sheet:
    table = table.drop(columns=list(report.left_out.get(name, ())))
    columns = tuple(_columns(report, name, table))
    key = f"{report.kind}_{name}"
    body = SheetTable("".join(part.capitalize() for part in key.split("_")), columns, filtered=len(table) > 20)
    charts = tuple(_chart(report, chart, body, table) for chart in report.charts if chart.table == name and len(table) > 1)
    title, says, unit = (report.say(f"{key}.{part}") for part in ("title", "says", "unit"))
    return Sheet(key, title, says, body, unit, charts=charts, one_page=len(table) <= 45)


def _columns(report: Report, sheet: str, table: pd.DataFrame) -> Iterable[Column]:
    titles = distinct(report.heading(str(name)) for name in table.columns)
    for title, name in zip(titles, table.columns, strict=True):
        cells = table[name].tolist()
        numeric = pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name])
        if name == ROW_NAME:
            cells, numeric = [str(value) for value in cells], False
        style = report.styles.get(f"{sheet}.{name}") or report.styles.get(str(name)) or STYLES.get(str(name)) or "money"
        words = "link" if name == "workbook" else "text"
        content = tuple(_cell(report, str(name), value) for value in cells)
        yield Column(title, style if numeric else words, content, width=_width(title) if numeric else None)


def _width(title: str) -> float:
    """Return a width at which a heading takes three lines at most."""
    return max(11.0, min(text_width(title) * 1.15 / 3 + 4.0, 26.0), *(text_width(word) * 1.1 + 2.5 for word in title.split()))


def _cell(report: Report, name: str, value: Any) -> Cell:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool):
        return report.say("yes" if value else "no")
    if name == "strategy":
        return report.heading(str(value))
    if name == "workbook":
        return FileLink(str(value))
    if name == "status":
        return report.words.word("proof", str(value))
    return value if isinstance(value, int | float) else str(value)


def _chart(report: Report, chart: Drawn, body: SheetTable, table: pd.DataFrame) -> Chart:
    names = [str(c) for c in table.columns]

    def series(column: str) -> Series:
        k = names.index(column)
        return Series(body.name, (0, len(table) - 1), (k, k), (-1, k))

    title, alt = (report.say(f"chart.{chart.key}.{part}") for part in ("title", "alt"))
    shown, axes = tuple(series(column) for column in chart.up), (report.heading(chart.along), report.heading(chart.up[0]))
    return Chart("scatter", title, alt, series(chart.along), shown, height=360, axes=axes, formats=chart.formats)
