"""The way of the money, drawn: instrument → partnership → area → action; and the same ways as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fundalloc.export.page.content import PageTable, Picture, Shape, Shown
from fundalloc.export.workbook.book import Book
from fundalloc.money import IntArray

MOST = 24
"""Partnerships that have a bar of their own; the others share one."""
WIDTH, LEAST, NODE, ROW, TOP, SIDE = 1080.0, 400.0, 14.0, 14.0, 30.0, 215.0
"""Of the drawing, with its least height; of a bar; of a name; and the room for headings, and for names on both sides."""
LOOKS = 8


class _Way(NamedTuple):
    column: int
    start: int
    end: int
    steps: int


@dataclass(frozen=True)
class _Columns:
    """The bars by column: what each stands for, and how much; and the ways between neighbours."""

    titles: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    sums: tuple[IntArray, ...]
    ways: tuple[_Way, ...]


def drawn(book: Book) -> tuple[Picture, PageTable]:
    """Return the drawing of the EU budget, and the table that is its equal."""
    columns = _columns(book)
    height = max(2 * ROW * max(map(len, columns.names)), LEAST) + TOP
    words = book.words
    picture = Picture(
        *("sankey", words("page.sankey.title"), words("page.sankey.alt"), (WIDTH, height)),
        list(_shapes(book, columns, height)),
        followed=True,
    )
    return picture, _table(book, columns)


def _columns(book: Book) -> _Columns:
    """Collect the bars that hold money, in the order of the scenario; partnerships by size."""
    budget, area = book.of_kind("budget"), book.facts.dimensions.area
    money = book.cube[budget].sum(axis=3)  # instruments, partnerships, areas and actions
    people, named = _people(book, money.sum(axis=(0, 2)))
    by = np.einsum("ipa,np->ina", money, people)
    instruments = np.flatnonzero(by.any(axis=(1, 2)))
    holding = np.asarray(area.holder) == np.array(book.areas)[:, None]
    of_areas = np.einsum("ina,ba->nb", by, holding.astype(np.int64))
    kept = np.flatnonzero(of_areas.any(axis=0))
    names = [tuple(book.label("instrument", budget[k]) for k in instruments), named, tuple(book.label("area", book.areas[n]) for n in kept)]
    flows, words = [by.sum(axis=2)[instruments], of_areas[:, kept]], ["instrument", "partnership", "area"]
    if area.within:
        totals, labels = by.sum(axis=(0, 1)), book.plan.scenario.labels(book.language)["action"]
        actions = np.flatnonzero(totals)
        names.append(tuple(labels[area.ids[k]] for k in actions))
        flows.append(np.where(holding[kept][:, actions], totals[actions], 0))
        words.append("action")
    sums = (flows[0].sum(axis=1), *(flow.sum(axis=0) for flow in flows))
    ways = [_Way(c, int(i), int(k), int(flow[i, k])) for c, flow in enumerate(flows) for i, k in np.argwhere(flow > 0)]
    return _Columns(tuple(map(book.title, words)), tuple(names), sums, tuple(ways))


def _people(book: Book, sizes: IntArray) -> tuple[IntArray, tuple[str, ...]]:
    """Return which partnerships each bar stands for, the largest first and the others together, and the names of the bars."""
    order = sorted((p for p in book.leaves if sizes[p]), key=lambda p: (-int(sizes[p]), p))
    own, rest = (order, []) if len(order) <= MOST + 1 else (order[:MOST], order[MOST:])
    people = np.zeros((len(own) + bool(rest), len(sizes)), dtype=np.int64)
    people[range(len(own)), own] = 1
    people[len(own) :, rest] = 1
    others = [book.words("page.others", count=len(rest))] if rest else []
    return people, (*(book.label("partnership", p) for p in own), *others)


def _shapes(book: Book, columns: _Columns, height: float) -> Iterator[Shape]:
    count, whole = len(columns.names), int(columns.sums[0].sum())
    if not whole:
        return
    scale = min((height - TOP - ROW * len(names)) / whole for names in columns.names)
    spread = (WIDTH - 2 * SIDE - NODE) / (count - 1)
    places: list[list[tuple[float, float, float]]] = []
    for c, sums in enumerate(columns.sums):
        sizes = [max(int(s) * scale, 1.0) for s in sums]
        free = height - TOP - sum(sizes)
        gap, y = free / max(len(sizes), 1), TOP
        places.append([])
        for size in sizes:
            places[-1].append((SIDE + spread * c, round(y + gap / 2, 2), round(size, 2)))
            y += size + gap
    used = [[[0.0, 0.0] for _ in names] for names in columns.names]
    for way in columns.ways:
        (x1, y1, _), (x2, y2, _) = places[way.column][way.start], places[way.column + 1][way.end]
        thick, middle = max(way.steps * scale, 0.4), (x1 + NODE + x2) / 2
        a = y1 + used[way.column][way.start][1] + thick / 2
        b = y2 + used[way.column + 1][way.end][0] + thick / 2
        used[way.column][way.start][1] += thick
        used[way.column + 1][way.end][0] += thick
        look = f"s{way.start % LOOKS}" if way.column == 0 else "srest"
        ends = {"data-from": f"{way.column}-{way.start}", "data-to": f"{way.column + 1}-{way.end}"}
        path = f"M{x1 + NODE:.1f} {a:.1f}C{middle:.1f} {a:.1f} {middle:.1f} {b:.1f} {x2:.1f} {b:.1f}"
        names = columns.names[way.column][way.start], columns.names[way.column + 1][way.end]
        attributes = {"class": f"way {look}", "d": path, "stroke-width": f"{thick:.2f}", **ends}
        yield Shape("path", attributes, title=f"{' → '.join(names)}: {_amount(book, way.steps)}")
    for c, those in enumerate(columns.names):
        yield Shape("text", {"class": "axis", "x": round(SIDE + spread * c, 1), "y": 14}, columns.titles[c])
        for k, name in enumerate(those):
            yield _node(book, c, k, places[c][k], name, int(columns.sums[c][k]), last=c == count - 1)


def _node(book: Book, c: int, k: int, place: tuple[float, float, float], name: str, steps: int, *, last: bool) -> Shape:
    x, y, size = place
    short = name if len(name) <= 26 else f"{name[:25]}…"
    text = f"{short} {_amount(book, steps)}"
    left = {"x": round(x - 6, 1), "text-anchor": "end"} if c == 0 else {"x": round(x + NODE + 6, 1)}
    button = {"class": "node", "tabindex": 0, "role": "button", "aria-pressed": "false", "data-node": f"{c}-{k}"}
    inside = (
        Shape("rect", {"class": f"c{k % LOOKS}" if c == 0 else "bar", "x": x, "y": y, "width": NODE, "height": size}),
        Shape("text", {**left, "y": round(y + size / 2 + 4, 1)}, text),
    )
    return Shape("g", {**button, "aria-label": f"{name}: {_amount(book, steps)}"}, inside=inside)


def _amount(book: Book, steps: int) -> str:
    return book.words.number(book.eur(steps), book.plan.scenario.decimals)


def _table(book: Book, columns: _Columns) -> PageTable:
    headings = [(book.title("from"), False), (book.title("to"), False), (book.title("amount"), True)]
    rows: Sequence[Sequence[Shown]] = [
        [
            Shown(columns.names[way.column][way.start]),
            Shown(columns.names[way.column + 1][way.end]),
            Shown(_amount(book, way.steps), book.eur(way.steps)),
        ]
        for way in columns.ways
    ]
    return PageTable("sankey-table", book.words("page.sankey.table"), headings, rows, closed=True)
