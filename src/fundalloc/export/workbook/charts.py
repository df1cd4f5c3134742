"""Charts, drawn from cells of the workbook, with a text for those who cannot see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fundalloc.export.workbook import theme
from fundalloc.export.workbook.content import Chart, Series, Sheet
from fundalloc.export.workbook.layout import GAP, Geometry, chart_lines

SMALL = {"name": theme.FONT, "size": 9, "color": theme.GREY}
UNSEEN = {"fill": {"none": True}, "border": {"none": True}}
VALUES: dict[str, Any] = {
    "num_font": SMALL,
    "num_format": "#,##0",
    "line": {"none": True},
    "major_gridlines": {"visible": True, "line": {"color": "#E3E6EC", "width": 0.75}},
}
NAMES = {"num_font": SMALL, "line": {"color": "#BFC5D2"}, "major_gridlines": {"visible": False}, "major_tick_mark": "none"}
"""Axes: of values, and of names."""


def add_charts(workbook: Any, worksheet: Any, sheet: Sheet, place: Geometry, all_places: Mapping[str, Geometry]) -> None:
    """Draw the charts of a sheet below its table, side by side where they fit."""
    for line, row in zip(chart_lines(sheet.charts), place.chart_rows, strict=True):
        offset = 0
        for chart in line:
            drawn = _draw(workbook, chart, all_places)
            width = int(place.pixels * chart.width) - (GAP if len(line) > 1 else 2)
            drawn.set_size({"width": width, "height": chart.height})
            worksheet.insert_chart(row, 0, drawn, {"x_offset": offset, "y_offset": 2, "description": chart.alt, "object_position": 2})
            offset += int(place.pixels * chart.width)


def _draw(workbook: Any, chart: Chart, places: Mapping[str, Geometry]) -> Any:
    joined = chart.kind == "scatter"
    subtype = {"subtype": "straight_with_markers" if joined else "stacked"}
    drawn = workbook.add_chart({"type": chart.kind, **({} if chart.beside else subtype)})
    unseen = [k for k, series in enumerate(chart.series) if series.hidden]
    for k, series in enumerate(chart.series):
        colour = theme.REST if series.rest else theme.SERIES[(k + chart.skipped - sum(u < k for u in unseen)) % len(theme.SERIES)]
        place = places[series.table]
        drawn.add_series(
            {
                "name": [place.name, place.first_row + series.name[0], series.name[1]],
                "categories": _range(chart.categories, places),
                "values": _range(series, places),
                **_look(chart.kind, colour),
                **(UNSEEN if series.hidden else {}),
            }
        )
    font = {"name": theme.FONT, "size": 11, "bold": True, "color": theme.BLUE}
    drawn.set_title({"name": chart.title, "name_font": font, "layout": {"x": 0.015, "y": 0.02}})
    # programs count the entries of upright and lying bars in different orders
    if (unseen and chart.kind == "bar") or (joined and len(chart.series) == 1):
        drawn.set_legend({"none": True})
    else:
        drawn.set_legend({"position": "bottom", "font": SMALL, **({"delete_series": unseen} if unseen else {})})
    drawn.set_chartarea({"border": {"color": theme.RULE}, "fill": {"color": "#FFFFFF"}})
    _set_axes(drawn, chart)
    return drawn


def _look(kind: str, colour: str) -> dict[str, Any]:
    if kind == "scatter":
        dots = {"type": "circle", "size": 5, "fill": {"color": colour}, "border": {"color": "#FFFFFF"}}
        return {"line": {"color": colour, "width": 2}, "marker": dots}
    return {"fill": {"color": colour}, "border": {"color": "#FFFFFF", "width": 0.75}, "gap": 45 if kind == "column" else 35}


def _set_axes(drawn: Any, chart: Chart) -> None:
    names = {**NAMES, **({"label_position": "low"} if chart.beside else {})}
    if chart.kind == "scatter":
        for place_axis, title, number in zip((drawn.set_x_axis, drawn.set_y_axis), chart.axes, chart.formats, strict=True):
            words = {"name": title, "name_font": {**SMALL, "bold": False}} if title else {}
            place_axis({**VALUES, **words, "num_format": number, "line": {"color": "#BFC5D2"}})
    elif chart.kind == "column":
        drawn.set_x_axis(names)
        drawn.set_y_axis(VALUES if chart.least is None else {**VALUES, "min": chart.least})
    else:
        drawn.set_x_axis(VALUES)
        drawn.set_y_axis({**names, "reverse": True, "crossing": "max", "interval_unit": 1})


def _range(series: Series, places: Mapping[str, Geometry]) -> list[str | int]:
    place = places[series.table]
    return [place.name, place.first_row + series.rows[0], series.columns[0], place.first_row + series.rows[1], series.columns[1]]
