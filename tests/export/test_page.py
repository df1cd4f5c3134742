"""One page for the browser: the workbook's figures, nothing loaded, nothing of a scenario obeyed."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from cases import TINY, TWO_BY_TWO
from fundalloc.export.page import write_page
from fundalloc.export.workbook import write_workbook
from fundalloc.labels import LANGUAGES, label
from fundalloc.plan.plan import Plan
from fundalloc.run import solve
from fundalloc.scenario.loading import load

HOSTILE = "</title></script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}\u202egnihsif\u2066"


@dataclass
class Seen(HTMLParser):
    """What a browser would find: elements with their attributes, and the cells of every table."""

    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text: list[str] | None = None
        self.raw: dict[str, str] = {}
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "table":
            self.rows = self.tables[str(dict(attrs)["id"])] = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.text = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self.text is not None:
            self.rows[-1].append(" ".join("".join(self.text).replace("\u00a0", " ").split()))
            self.text = None
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in ("style", "script"):
            self.raw[self.inside] = self.raw.get(self.inside, "") + data
        elif self.text is not None:
            self.text.append(data)


def seen(file: Path) -> Seen:
    """Return what is on a page."""
    found = Seen()
    found.feed(file.read_text("utf-8"))
    found.close()
    return found


@pytest.fixture(scope="module")
def plan() -> Plan:
    return solve(load(TINY))


@pytest.fixture(scope="module")
def page(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(plan, tmp_path_factory.mktemp("page") / "page.html", "en")


def amounts(rows: list[list[str]], column: int) -> Iterator[float]:
    yield from (0.0 if row[column] == "–" else float(row[column].replace(" ", "")) for row in rows)


def test_bars_say_what_is_decided_planned_and_missing_and_add_up(page: Path) -> None:
    """Need of 100.5 less 71.6 met: 26 of 35.5 in Egypt, 24 of 30 in Tunisia and so on; 72.2 of the EU budget, 5.5 of it decided."""
    head, *rows, total = seen(page).tables["partnerships"]
    assert head[2:] == ["Decided", "Newly planned", "Member States’ contributions", "Need not met"]
    assert [row[0] for row in rows] == ["Sahel regional programme", "Egypt", "Tunisia", "Global programme"]
    assert total[2:5] == ["5.5", "66.7", "1.5"]
    for column in range(2, 6):
        assert sum(amounts(rows, column)) == pytest.approx(float(total[column]))
    missing = list(amounts(rows, 5))
    assert missing == sorted(missing, reverse=True)


def test_tables_are_those_of_the_workbook(plan: Plan, page: Path, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(write_workbook(plan, tmp_path / "plan.xlsx"), data_only=True)["By partnership"]
    cells = {str(row[0].value): [cell.value for cell in row] for row in sheet.iter_rows()}
    head, *rows = seen(page).tables["by_partnership"]
    written = {"0.0": "–", "0.0%": "–"}
    for row in rows:
        shown = [value for value in cells[row[0]] if isinstance(value, int | float)]
        assert len(row) - 1 == len(shown) == len(head) - 1
        for text, value in zip(row[1:], shown, strict=True):
            plain = f"{value:.1%}" if text.endswith("%") or "%" in head[row.index(text)] else f"{value:.1f}"
            assert text == written.get(plain, plain), (row, shown)


def test_ways_of_the_money_add_up_on_every_side(page: Path) -> None:
    _, *rows = seen(page).tables["sankey-table"]
    left = sum(amounts([row for row in rows if row[0] in ("NDICI-Global Europe", "AMIF thematic facility")], 2))
    right = sum(amounts([row for row in rows if row[1] in ("Smuggling", "Returns", "Legal")], 2))
    assert left == pytest.approx(72.2)
    assert right == pytest.approx(72.2)


def test_actions_are_a_column_of_their_own(tmp_path: Path) -> None:
    """All 16 of two-by-two go to returns, and there to its one action."""
    case = TWO_BY_TWO | {"areas": {"returns": {"name": "Returns"}, "flights": {"name": "Flights", "within": "returns"}}}
    (tmp_path / "case.yaml").write_text(json.dumps(case), "utf-8")
    _, *rows = seen(write_page(solve(load(tmp_path / "case.yaml")), tmp_path / "page.html", "en")).tables["sankey-table"]
    assert ["Returns", "Flights", "16.0"] in rows


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_page_and_the_same_bytes_twice(plan: Plan, tmp_path: Path, language: str) -> None:
    first, second = (write_page(plan, tmp_path / f"{name}.html", language).read_bytes() for name in "ab")
    assert first == second
    assert f'<html lang="{language}">' in first.decode()
    assert label("page.sankey.title", language) in first.decode()


def test_it_loads_nothing_and_its_policy_names_what_runs(page: Path) -> None:
    found = seen(page)
    policy = next(str(attrs["content"]) for _, attrs in found.elements if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    for kind in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(found.raw[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    for tag, attrs in found.elements:
        assert not {"src", "style", "srcset", "action"} & attrs.keys(), tag
        assert str(attrs.get("href", "#")).startswith("#"), attrs
    assert not re.search(r"https?:|url\(|@import", page.read_text("utf-8"))


def test_hostile_names_are_text(tmp_path: Path) -> None:
    case = json.loads(json.dumps(TWO_BY_TWO)) | {"title": HOSTILE, "author": HOSTILE}
    for members in (case["partnerships"], case["areas"].values(), case["instruments"].values()):
        for member in members:
            member["name"] = f"{member['name']} {HOSTILE}"
    case["rules"] = {"floor": {"kind": "amount", "says": HOSTILE.replace("{{ 7*7 }}", ""), "source": HOSTILE, "at_least": "1", "money": {}}}
    (tmp_path / "case.yaml").write_text(json.dumps(case), "utf-8")
    found = seen(write_page(solve(load(tmp_path / "case.yaml")), tmp_path / "page.html", "en"))
    tags = [tag for tag, _ in found.elements]
    assert tags.count("script") == 1
    assert "img" not in tags
    assert not [name for _, attrs in found.elements for name in attrs if name.startswith("on")]
    text = (tmp_path / "page.html").read_text("utf-8")
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", text)
    assert "{{ 7*7 }}" in text
    assert found.tables["partnerships"][1][0].startswith("North </title></script><script>alert(1)</script>")


def test_for_outside_it_leaves_out_prices_and_points(plan: Plan, page: Path, tmp_path: Path) -> None:
    outside = write_page(plan, tmp_path / "outside.html", "en", "outside")
    heading = label("workbook.column.one_more").replace("\u00a0", " ")
    assert heading in seen(page).tables["rules-table"][0]
    assert heading not in seen(outside).tables["rules-table"][0]
    assert label("workbook.column.penalty") not in outside.read_text("utf-8")
    assert label("page.rules.price") not in outside.read_text("utf-8")


def test_one_drawn_number_is_written_as_its_style_does() -> None:
    from fundalloc.export.page.content import Formats
    from fundalloc.labels import Words

    english, german = Formats(Words("en"), 1), Formats(Words("de"), 1)
    assert [english.text(value, "money") for value in (0, 1234.5, -2.25)] == ["–", "1\u00a0234.5", "-2.3"]
    assert [english.text(value, "change") for value in (0, 4, -4)] == ["–", "+4.0", "-4.0"]
    assert (english.text(0.125, "share"), german.text(0.125, "share")) == ("12.5%", "12,5\u00a0%")
    assert (english.text(2025, "integer"), english.text(0.3, "figure_share"), english.text(1.25, "factor")) == ("2025", "30.0%", "1.25")
