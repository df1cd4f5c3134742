"""Workbooks that a spreadsheet program has recalculated and saved, as every one does that opens them, still verify."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cases import IN_SINGLE_EUROS, TINY, write
from export.books import recalculated_files
from fundalloc.cli import cli
from fundalloc.export.workbook import plan_sums

RETURNS = TINY.with_name("tiny-returns.yaml")
# Every language with every option, every option with every scenario; `single-euros` is written by the test.
# `de-many` leaves out lines without money.
BOOKS: dict[str, tuple[Path | str, tuple[str, ...]]] = {
    "en": (TINY, ("--lang", "en")),
    "en-prices": (RETURNS, ("--lang", "en", "--prices")),
    "en-ranges": ("single-euros", ("--lang", "en", "--ranges")),
    "bg-baseline": (RETURNS, ("--lang", "bg", "--baseline", str(TINY))),
    "bg-both": (TINY, ("--lang", "bg", "--prices", "--ranges")),
    "bg": ("single-euros", ("--lang", "bg")),
    "de-both": (RETURNS, ("--lang", "de", "--prices", "--ranges")),
    "de-prices": ("single-euros", ("--lang", "de", "--prices")),
    "de-baseline": (TINY, ("--lang", "de", "--baseline", str(RETURNS))),
    "fr-baseline": (TINY, ("--lang", "fr", "--baseline", str(RETURNS))),
    "fr-ranges": (RETURNS, ("--lang", "fr", "--ranges")),
    "de-many": (RETURNS, ("--lang", "de", "--baseline", str(TINY))),
    "fr-tight": (TINY, ("--lang", "fr", "--set", "rules.oda.at_least=77.7777777%", "--set", "round_to=0.000001")),
}


def run(name: str, *words: str) -> str:
    with pytest.MonkeyPatch.context() as patch:
        if name.endswith("-many"):
            patch.setattr(plan_sums, "MANY_LINES", 3)
        result = CliRunner().invoke(cli, list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def recalculated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("recalculated")
    own = {"single-euros": write(folder, IN_SINGLE_EUROS)}
    books = [folder / f"{name}.xlsx" for name in BOOKS]
    for book, (scenario, options) in zip(books, BOOKS.values(), strict=True):
        run(book.stem, "run", str(own.get(str(scenario), scenario)), *options, "-o", str(book))
    return dict(zip(BOOKS, recalculated_files(books, folder), strict=True))


@pytest.mark.parametrize("name", BOOKS)
def test_a_recalculated_workbook_verifies(name: str, recalculated: dict[str, Path]) -> None:
    assert "every formula, amount and limit is as it was written" in run(name, "verify", str(recalculated[name]))
