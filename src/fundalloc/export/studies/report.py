"""One study, ready to be written: tables by name, headline facts, charts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from fundalloc.doors.writing import new_file, new_folder
from fundalloc.export.tables import fill_table
from fundalloc.export.workbook.book import distinct
from fundalloc.export.workbook.content import Cell, Chart, Column, Fact, FileLink, Link, Series, Sheet, Styled, Table
from fundalloc.export.workbook.layout import text_width
from fundalloc.export.workbook.writer import Paper, render
from fundalloc.labels import Words, label
from fundalloc.scenario.scenario import Scenario
from fundalloc.versions import VERSION

FORMAT = "fundalloc.study/1"
STYLES = {
    "score": "points",
    "bound": "points",
    "change": "points",
    "price": "price",
    "before": "price",
    "after": "price",
    "rate": "price",
    "regret": "points",
    "coverage": "share",
    "share": "share",
    "probability": "share",
    "missed_share": "share",
    "broken_share": "share",
    "binding_share": "share",
    "count": "number",
    "seconds": "factor",
}
"""Styles of columns by name; numbers of other names are money, words are text."""
LABELS = ("corner", "sample")
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
    dots: bool = False
    """Points that are not joined."""


@dataclass(frozen=True)
class Report:
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

    def say(self, key: str, **values: object) -> str:
        """Return a text of the catalogue, under `study`."""
        return label(f"study.{key}", self.language, **values)

    def heading(self, column: str) -> str:
        """Return the heading of a column: from the catalogue, or its own name; `key: name` is a key and a name."""
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
        "scenario": {"id": scenario.id, "file": scenario.file, "digest": scenario.digest, "as_of": scenario.head.as_of},
        **report.stated,
        **{name: [{k: _plain(v) for k, v in row.items()} for row in table.to_dict("records")] for name, table in report.tables.items()},
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.12g}") if math.isfinite(value) else None
    return value


def write_tables(report: Report, folder: str | Path) -> list[Path]:
    """Write one CSV per table into a folder that is new or one of ours. Raises OutputError."""
    target = Path(folder)
    named = {f"{report.kind}-{name.replace('_', '-')}.csv": table for name, table in report.tables.items()}
    with new_folder(target, report.kind, report.scenario.digest) as inside:
        return [target / fill_table(table, inside / name).name for name, table in named.items()]


def write_book(report: Report, path: str | Path) -> Path:
    """Write a study as a workbook: a cover, and a sheet per table. The same study gives the same bytes. Raises OutputError."""
    target = Path(path)
    content = book_bytes(report)
    with new_file(target) as fresh:
        fresh.write_bytes(content)
    return target


def book_bytes(report: Report) -> bytes:
    """Return the workbook as bytes."""
    sheets = [_sheet(report, name, table) for name, table in report.tables.items() if len(table)]
    cover = _cover(report, sheets)
    names = {"cover": label("sheet.cover.name", report.language), **{s.key: report.say(f"{s.key}.name") for s in sheets}}
    return render([cover, *sheets], names, _paper(report))


def _cover(report: Report, sheets: Sequence[Sheet]) -> Sheet:
    head, language = report.scenario.head, report.language
    contents = Table(
        "Contents",
        (
            Column(label("workbook.column.sheet", language), "link", [Link(s.key) for s in sheets], width=34),
            Column(label("workbook.column.answers", language), "text", [report.say(f"{s.key}.answers") for s in sheets], width=92),
        ),
    )
    illustrative = [Fact(label("workbook.cover.data", language), Styled(label("workbook.cover.illustrative", language), "warning"))]
    facts = [
        *(Fact(report.say(f"fact.{key}"), text) for key, text in report.facts),
        *(illustrative if head.illustrative else []),
        Fact(report.say("fact.before_rounding"), report.say("before_rounding")),
        Fact(report.say("fact.scenario"), f"{head.scenario} · {report.scenario.digest[:12]}"),
    ]
    title = f"{report.say(f'{report.kind}.title')}: {head.title.within(language)}"
    return Sheet(
        "cover",
        title,
        report.say(f"{report.kind}.says"),
        contents,
        facts=tuple(facts),
        portrait=True,
        frozen=False,
        one_page=True,
        cover=True,
    )


def _sheet(report: Report, name: str, table: pd.DataFrame) -> Sheet:
    columns = tuple(_columns(report, table))
    key = f"{report.kind}_{name}"
    body = Table("".join(part.capitalize() for part in key.split("_")), columns, filtered=len(table) > 20)
    charts = tuple(_chart(report, chart, body, table) for chart in report.charts if chart.table == name and len(table) > 1)
    return Sheet(
        key,
        report.say(f"{key}.title"),
        report.say(f"{key}.says"),
        body,
        unit=report.say(f"{key}.unit"),
        charts=charts,
        one_page=len(table) <= 45,
    )


def _columns(report: Report, table: pd.DataFrame) -> Iterable[Column]:
    titles = distinct(report.heading(str(name)) for name in table.columns)
    for title, name in zip(titles, table.columns, strict=True):
        cells = table[name].tolist()
        numeric = pd.api.types.is_numeric_dtype(table[name]) and not pd.api.types.is_bool_dtype(table[name])
        if name in LABELS:
            cells, numeric = [str(value) for value in cells], False
        style = report.styles.get(str(name)) or STYLES.get(str(name)) or "money"
        words = "link" if name == "workbook" else "text"
        content = tuple(_cell(report, str(name), value) for value in cells)
        yield Column(title, style if numeric else words, content, width=_width(title) if numeric else None)


def _width(title: str) -> float:
    """Return a width at which a heading takes three lines at most."""
    return max(11.0, min(text_width(title) * 1.15 / 3 + 4.0, 26.0), *(text_width(word) * 1.1 + 2.5 for word in title.split()))


def _cell(report: Report, name: str, value: Any) -> Cell:
    if hasattr(value, "item"):
        value = value.item()
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool):
        return report.say("yes" if value else "no")
    if name == "strategy":
        return report.heading(str(value))
    if name == "workbook":
        return FileLink(str(value))
    if name == "status":
        return Words(report.language).word("proof", str(value))
    return value if isinstance(value, int | float) else str(value)


def _chart(report: Report, chart: Drawn, body: Table, table: pd.DataFrame) -> Chart:
    names = [str(c) for c in table.columns]
    rows = (0, len(table) - 1)

    def series(column: str) -> Series:
        k = names.index(column)
        return Series(body.name, rows, (k, k), (-1, k), rest=chart.dots)

    said = {part: report.say(f"chart.{chart.key}.{part}") for part in ("title", "alt", "along", "up")}
    return Chart(
        "scatter",
        said["title"],
        said["alt"],
        series(chart.along),
        tuple(series(column) for column in chart.up),
        height=360,
        axes=(said["along"], said["up"]),
        formats=chart.formats,
    )


def _paper(report: Report) -> Paper:
    head, language = report.scenario.head, report.language
    state = Words(language).word("workbook.scenario_state", head.state)
    said = [label("workbook.cover.illustrative", language)] if head.illustrative else []
    return Paper(
        title=f"{report.say(f'{report.kind}.title')}: {head.title.within(language)}",
        subject=report.say(f"{report.kind}.says"),
        author=head.author,
        comments=" ".join([*said, label("workbook.cover.not_official", language)]),
        keywords=f"{head.scenario}, {report.scenario.digest}, fundalloc {VERSION}",
        created=datetime.fromisoformat(head.as_of),
        marking=head.output.marking.within(language) if head.output.marking else state,
        footer=f"{head.scenario} · {head.as_of} · {report.scenario.digest[:12]}",
        page=label("workbook.page", language),
        back=label("workbook.back", language),
        decimals=report.scenario.decimals,
    )
