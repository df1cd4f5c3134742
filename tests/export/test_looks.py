"""Pages in a real browser: axe-core, keyboard alone, twice the size, paper, dark. Skipped without Chromium and the extra `looks`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cases import TINY
from fundalloc.cli import cli

sync_api = pytest.importorskip("playwright.sync_api", reason="pages are looked at with the extra 'looks'")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pages are looked at with the extra 'looks'")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="pages are looked at in Chromium, which is not installed")
RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    shutil.copy(TINY, folder)
    more = "extends: tiny.yaml\nscenario: less\ntitle: Less\ninstruments: {amif: {ceiling: {each: 8}}}\n"
    (folder / "less.yaml").write_text(more, "utf-8")
    for call in (
        ["run", str(folder / "less.yaml"), "--baseline", str(folder / "tiny.yaml"), "--html", str(folder / "plan.html"), "--lang", "bg"],
        ["compare", str(folder / "tiny.yaml"), str(folder / "less.yaml"), "--html", str(folder / "compare.html")],
        ["sweep", str(TINY), "--vary", "instruments.amif.ceiling.each=8..12:2", "--html", str(folder / "sweep.html")],
    ):
        assert CliRunner().invoke(cli, [*call, "-q"]).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def opened(browser: Any, file: Path, width: int = 1280, **look: Any) -> tuple[Any, list[str]]:
    """Open a page; the list collects whatever it asks for or complains of."""
    page = browser.new_context(viewport={"width": width, "height": 900}, **look).new_page()
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("request", lambda request: heard.append(request.url))
    page.goto(file.as_uri())
    return page, heard


@pytest.mark.parametrize(("name", "scheme"), [("plan", "light"), ("plan", "dark"), ("compare", "light"), ("sweep", "dark")])
def test_axe_finds_nothing_and_nothing_is_loaded(browser: Any, folder: Path, name: str, scheme: str) -> None:
    file = folder / f"{name}.html"
    page, heard = opened(browser, file, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate("for (const one of document.querySelectorAll('#years ~ details, section > details:first-of-type')) one.open = true")
    found = (
        axe.Axe()
        .run(page, options=RULES if scheme == "light" else {"resultTypes": ["violations"], "runOnly": ["color-contrast"]})
        .response["violations"]
    )
    assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found] == []
    assert heard == [file.as_uri()]


def test_money_is_followed_by_keyboard_alone(browser: Any, folder: Path) -> None:
    page, _ = opened(browser, folder / "plan.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('node')"):
            break
    page.keyboard.press("Enter")
    chosen = page.evaluate("document.querySelectorAll('.way.on').length")
    assert chosen == page.evaluate("document.querySelectorAll('[data-from=\"0-0\"]').length") > 0
    assert page.locator("#sankey-told li").count() == chosen + 1
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.node") == "0-1"
    page.keyboard.press("Escape")
    assert page.evaluate("document.querySelectorAll('.way.on').length") == 0


def test_tables_are_sorted_and_searched_by_keyboard(browser: Any, folder: Path) -> None:
    page, _ = opened(browser, folder / "plan.html")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    button = page.locator("#sources thead th:nth-child(3) button")
    button.focus()
    page.keyboard.press("Enter")
    shown = page.evaluate("[...document.querySelectorAll('#sources tbody tr')].map(row => +(row.cells[2].dataset.n ?? -1e99))")
    assert shown == sorted(shown, reverse=True)
    assert page.locator("#sources thead th:nth-child(3)").get_attribute("aria-sort") == "descending"
    page.locator(".find:has(+ .scroll #sources) input").fill("AMIF")
    seen = page.evaluate("[...document.querySelectorAll('#sources tbody tr')].filter(row => !row.hidden).map(row => row.textContent)")
    assert 0 < len(seen) < len(shown)
    assert all("AMIF" in text for text in seen)


def test_at_four_times_the_size_the_page_itself_does_not_scroll_sideways(browser: Any, folder: Path) -> None:
    """1280 pixels at 400 % are 320: wide tables and drawings scroll inside their frames."""
    for width in (640, 320):
        page, _ = opened(browser, folder / "plan.html", width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_paper_has_the_message_and_not_the_menu(browser: Any, folder: Path) -> None:
    page, _ = opened(browser, folder / "plan.html")
    page.emulate_media(media="print")
    assert page.locator("#brief").is_visible()
    assert not page.locator("nav").is_visible()
    pages = page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n") or page.pdf(prefer_css_page_size=True).count(b"/Type /Page")
    assert 1 <= pages <= 5


def test_nothing_moves_for_those_who_ask_for_that(browser: Any, folder: Path) -> None:
    still, _ = opened(browser, folder / "plan.html", reduced_motion="reduce")
    moving, _ = opened(browser, folder / "plan.html", reduced_motion="no-preference")
    speed = "getComputedStyle(document.querySelector('.way')).transitionDuration"
    assert (still.evaluate(speed), moving.evaluate(speed)) == ("0s", "0.15s")
