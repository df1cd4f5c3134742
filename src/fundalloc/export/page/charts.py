"""The charts of a workbook, drawn from the same cells: stacked columns and bars, waterfalls, curves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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


@dataclass(frozen=True)
class _Frame:
    """The room of columns, or of bars that lie, and the scale of their values."""

    lying: bool
    count: int
    ticks: Sequence[float]

    @property
    def left(self) -> float:
        """Where the room begins."""
        return 230.0 if self.lying else LEFT

    @property
    def bottom(self) -> float:
        """Where it ends below."""
        return TOP + 22.0 * self.count if self.lying else HEIGHT - BOTTOM

    @property
    def room(self) -> float:
        """What each column or bar has of it, its distance to the next included."""
        return (self.bottom - TOP if self.lying else WIDTH - RIGHT - self.left) / max(self.count, 1)

    def at(self, value: float) -> float:
        """Return where a value stands; what is beyond the axis, at its end."""
        first, last = (self.left, WIDTH - RIGHT - 20) if self.lying else (self.bottom, TOP)
        low, high = self.ticks[0], self.ticks[-1]
        return round(first + (min(max(value, low), high) - low) / ((high - low) or 1) * (last - first), 2)

    def grid(self, formats: Formats) -> Iterator[Shape]:
        """Yield a line and a number for every tick."""
        for tick in self.ticks:
            text, here = _written(tick, _step(self.ticks), formats), self.at(tick)
            if self.lying:
                yield Shape("line", {"class": "grid", "x1": here, "x2": here, "y1": TOP, "y2": self.bottom})
                yield Shape("text", {"x": here, "y": self.bottom + 16, "text-anchor": "middle"}, text)
            else:
                yield Shape("line", {"class": "grid", "x1": self.left, "x2": WIDTH - RIGHT, "y1": here, "y2": here})
                yield Shape("text", {"x": self.left - 8, "y": here + 4, "text-anchor": "end"}, text)


def _stacks(
    chart: Chart, along: Sequence[str], values: Sequence[Sequence[float]], names: Sequence[str], looks: Sequence[str], formats: Formats
) -> Iterator[Shape]:
    """Yield columns, or bars that lie; parts below zero are stacked downwards."""
    frame = _Frame(chart.kind == "bar", len(along), _scale(chart, values))
    yield from frame.grid(formats)
    for k, name in enumerate(along):
        begin, size = (TOP if frame.lying else frame.left) + frame.room * (k + 0.15), frame.room * 0.7
        thick, sums = size / len(values) if chart.beside else size, {True: 0.0, False: 0.0}
        for n, value in [(n, series[k]) for n, series in enumerate(values) if isfinite(series[k]) and series[k]]:
            base = 0.0 if chart.beside else sums[value > 0]
            sums[value > 0] = base + value
            low, high = sorted((frame.at(base), frame.at(base + value)))
            if looks[n] == "unseen" or low == high:
                continue
            across, along_it = (round(begin + thick * n * chart.beside, 2), round(thick, 2)), (low, round(high - low, 2))
            (x, width), (y, height) = (along_it, across) if frame.lying else (across, along_it)
            place = {"x": x, "y": y, "width": width, "height": height}
            yield Shape("rect", {"class": looks[n], **place}, title=f"{name}, {names[n]}: {formats.text(value, 'money')}")
        yield from _label(name, begin + size / 2, frame.lying, frame.room, frame.bottom, frame.left)


def _scale(chart: Chart, values: Sequence[Sequence[float]]) -> list[float]:
    """Return the ticks that hold every column: its highest part where they stand beside each other, else their sum."""
    whole: Callable[[Iterable[float]], float] = partial(max, default=0.0) if chart.beside else sum
    columns = [[value for value in column if isfinite(value)] for column in zip(*values, strict=True)]
    highest = max((whole([max(value, 0.0) for value in column]) for column in columns), default=0.0)
    lowest = max((whole([max(-value, 0.0) for value in column]) for column in columns), default=0.0)
    return _ticks(-lowest if chart.least is None else chart.least, highest)


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
