"""The charts of a workbook, drawn from the same cells: stacked columns and bars, waterfalls, curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import floor, isfinite, log10

from fundalloc.export.page.content import Formats, Picture, Shape
from fundalloc.export.workbook.content import Chart, Series, Sheet, SheetTable, plain

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760.0, 330.0, 76.0, 12.0, 12.0, 92.0
LOOKS = 8
"""How many colours series have."""


def pictures_of(sheet: Sheet, sheets: Sequence[Sheet], formats: Formats) -> list[Picture]:
    """Return the charts of a sheet, whose figures may stand in other ones."""
    tables = {one.table.name: one.table for one in sheets}
    return [_picture(f"{sheet.key}-{k}", chart, tables, formats) for k, chart in enumerate(sheet.charts)]


def _cells(series: Series, tables: Mapping[str, SheetTable]) -> list[object]:
    table = tables[series.table]
    return [
        table.columns[column].title if row < 0 else plain(table.columns[column].cells[row])
        for row in range(series.rows[0], series.rows[1] + 1)
        for column in range(series.columns[0], series.columns[1] + 1)
    ]


def _numbers(series: Series, tables: Mapping[str, SheetTable]) -> list[float]:
    return [float(cell) if isinstance(cell, int | float) else float("nan") for cell in _cells(series, tables)]


def _name(series: Series, tables: Mapping[str, SheetTable], formats: Formats) -> str:
    row, column = series.name
    found = tables[series.table].columns[column]
    return found.title if row < 0 else formats.shown(found.cells[row], found).text


def _picture(key: str, chart: Chart, tables: Mapping[str, SheetTable], formats: Formats) -> Picture:
    seen, looks = 0, []
    for series in chart.series:
        looks.append("unseen" if series.hidden else "rest" if series.rest else f"c{(seen + chart.skipped) % LOOKS}")
        seen += not series.hidden
    values = [_numbers(series, tables) for series in chart.series]
    names = [_name(series, tables, formats) for series in chart.series]
    if chart.kind == "scatter":
        shapes = list(_curves(chart, _numbers(chart.categories, tables), values, looks, formats))
    else:
        along = [str(cell if cell is not None else "") for cell in _cells(chart.categories, tables)]
        shapes = list(_stacks(chart, along, values, names, looks, formats))
    legend = [(look, name) for look, name in zip(looks, names, strict=True) if look != "unseen"]
    height = TOP + 22.0 * len(values[0]) + 30 if chart.kind == "bar" else HEIGHT
    return Picture(key, chart.title, chart.alt, (WIDTH, height), shapes, legend if len(legend) > 1 else ())


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers from at most `low` to at least `high`."""
    spread = (high - low) or abs(high) or 1.0
    unit = 10.0 ** floor(log10(spread / 4))
    step = next(unit * k for k in (1, 2, 5, 10) if spread / (unit * k) <= 6)
    first = floor(low / step + 1e-9)
    ticks = [round(first * step, 9)]
    while ticks[-1] < high - 1e-9 * spread:
        ticks.append(round(ticks[-1] + step, 9))
    return ticks


def _written(value: float, step: float, formats: Formats) -> str:
    places = max(0, -floor(log10(step))) if step < 1 else 0
    return formats.words.signed(value, places) if value < 0 else formats.words.number(value, places)


def _stacks(
    chart: Chart, along: Sequence[str], values: Sequence[Sequence[float]], names: Sequence[str], looks: Sequence[str], formats: Formats
) -> Iterator[Shape]:
    """Yield columns, or bars that lie; parts below zero are stacked downwards."""
    lying, count = chart.kind == "bar", len(along)
    up = [sum(max(series[k], 0.0) for series in values if isfinite(series[k])) for k in range(count)]
    down = [sum(min(series[k], 0.0) for series in values if isfinite(series[k])) for k in range(count)]
    ticks = _ticks(chart.least if chart.least is not None else min([0.0, *down]), max([0.0, *up]))
    low, high, step = ticks[0], ticks[-1], ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    left = 230.0 if lying else LEFT
    bottom = TOP + 22.0 * count if lying else HEIGHT - BOTTOM
    first, last = (left, WIDTH - RIGHT - 20) if lying else (bottom, TOP)

    def at(value: float) -> float:
        return round(first + (min(max(value, low), high) - low) / ((high - low) or 1) * (last - first), 2)

    for tick in ticks:
        text = _written(tick, step, formats)
        if lying:
            yield Shape("line", {"class": "grid", "x1": at(tick), "x2": at(tick), "y1": TOP, "y2": bottom})
            yield Shape("text", {"x": at(tick), "y": bottom + 16, "text-anchor": "middle"}, text)
        else:
            yield Shape("line", {"class": "grid", "x1": left, "x2": WIDTH - RIGHT, "y1": at(tick), "y2": at(tick)})
            yield Shape("text", {"x": left - 8, "y": at(tick) + 4, "text-anchor": "end"}, text)
    room = (bottom - TOP if lying else WIDTH - RIGHT - left) / max(count, 1)
    for k, name in enumerate(along):
        begin, size, sums = (TOP if lying else left) + room * (k + 0.15), room * 0.7, {True: 0.0, False: 0.0}
        thick = size / len(values) if chart.beside else size
        for n, (series, look) in enumerate(zip(values, looks, strict=True)):
            value = series[k]
            if not isfinite(value) or not value:
                continue
            base = 0.0 if chart.beside else sums[value > 0]
            sums[value > 0] = base + value
            ends = sorted((at(base), at(base + value)))
            if look == "unseen" or ends[0] == ends[1]:
                continue
            across = round(begin + thick * n * chart.beside, 2), round(thick, 2)
            along_it = ends[0], round(ends[1] - ends[0], 2)
            (x, width), (y, height) = (along_it, across) if lying else (across, along_it)
            place = {"x": x, "y": y, "width": width, "height": height}
            yield Shape("rect", {"class": look, **place}, title=f"{name}, {names[n]}: {formats.text(value, 'money')}")
        yield from _label(name, begin + size / 2, lying, room, bottom, left)


def _label(name: str, middle: float, lying: bool, room: float, bottom: float, left: float) -> Iterator[Shape]:
    """Yield what names a column or bar: upright where there is room, else turned."""
    short = name if len(name) <= 34 else f"{name[:33]}…"
    if lying:
        yield Shape("text", {"x": left - 8, "y": round(middle + 4, 2), "text-anchor": "end"}, short)
    elif len(short) * 6.5 <= room:
        yield Shape("text", {"x": round(middle, 2), "y": bottom + 18, "text-anchor": "middle"}, short)
    else:
        short = short if len(short) <= 20 else f"{short[:19]}…"
        turned = {"text-anchor": "end", "transform": f"rotate(-38 {middle:.2f} {bottom + 14})"}
        yield Shape("text", {"x": round(middle + 4, 2), "y": bottom + 14, **turned}, short)


def _curves(
    chart: Chart, along: Sequence[float], values: Sequence[Sequence[float]], looks: Sequence[str], formats: Formats
) -> Iterator[Shape]:
    """Yield points joined by straight lines."""
    known = [v for series in values for v in series if isfinite(v)]
    across = _ticks(min(along), max(along))
    ticks = _ticks(min(known), max(known)) if known else [0.0, 1.0]
    bottom = HEIGHT - BOTTOM + 30

    def place(x: float, y: float) -> tuple[float, float]:
        right, high = (across[-1] - across[0]) or 1, (ticks[-1] - ticks[0]) or 1
        here = LEFT + 10 + (x - across[0]) / right * (WIDTH - RIGHT - LEFT - 30)
        return round(here, 2), round(bottom - (y - ticks[0]) / high * (bottom - TOP - 18), 2)

    for tick in ticks:
        _, y = place(across[0], tick)
        yield Shape("line", {"class": "grid", "x1": LEFT, "x2": WIDTH - RIGHT, "y1": y, "y2": y})
        yield Shape("text", {"x": LEFT - 8, "y": y + 4, "text-anchor": "end"}, _written(tick, _step(ticks), formats))
    for tick in across:
        x, _ = place(tick, ticks[0])
        yield Shape("text", {"x": x, "y": bottom + 18, "text-anchor": "middle"}, _written(tick, _step(across), formats))
    yield Shape("text", {"x": LEFT, "y": TOP, "class": "axis"}, chart.axes[1])
    yield Shape("text", {"x": WIDTH - RIGHT, "y": bottom + 38, "text-anchor": "end", "class": "axis"}, chart.axes[0])
    for series, look in zip(values, looks, strict=True):
        points = [place(x, y) for x, y in zip(along, series, strict=True) if isfinite(x) and isfinite(y)]
        for (x1, y1), (x2, y2) in pairwise(points):
            yield Shape("line", {"class": f"joined {look}", "x1": x1, "x2": x2, "y1": y1, "y2": y2})
        for x, y in points:
            yield Shape("circle", {"class": look, "cx": x, "cy": y, "r": 4})


def _step(ticks: Sequence[float]) -> float:
    return ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
