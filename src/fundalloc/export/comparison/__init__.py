"""The comparison as a workbook: side by side, differences, which change moved what; any number of scenarios.

The same content classes, look and writer as the workbook of a plan. Every sum is a live formula over the sheet Lines,
stored with its value.
"""

from __future__ import annotations

from pathlib import Path

from fundalloc.compare.comparison import Comparison
from fundalloc.doors.writing import new_file
from fundalloc.errors import UsageError, did_you_mean
from fundalloc.export.comparison.pages import Pages
from fundalloc.export.comparison.sheets import build_sheets
from fundalloc.export.workbook.spelling import sheet_names
from fundalloc.export.workbook.writer import Paper, render
from fundalloc.labels import languages
from fundalloc.money import decimals
from fundalloc.versions import VERSION

NO_DATE = "2000-01-01"
"""Where no side says of which date it is: a workbook needs one, and the clock must not decide."""


def write_comparison(found: Comparison, path: str | Path, language: str | None = None) -> Path:
    """Write a comparison as an Excel workbook and return its path; the same comparison gives the same bytes.

    Raises OutputError when the file cannot be written, and then leaves nothing behind; UsageError for an unknown language.
    """
    content = comparison_bytes(found, language)
    with new_file(Path(path)) as fresh:
        fresh.write_bytes(content)
    return Path(path)


def comparison_bytes(found: Comparison, language: str | None = None) -> bytes:
    """Return the workbook as bytes."""
    pages = pages_of(found, language)
    sheets = build_sheets(pages)
    return render(sheets, sheet_names({sheet.key: pages.sheet_text(sheet.key, "name") for sheet in sheets}), paper_of(pages))


def pages_of(found: Comparison, language: str | None = None) -> Pages:
    """Return what sheets of a comparison need to know. Raises UsageError for an unknown language."""
    chosen = language or found.language
    if chosen not in languages():
        raise UsageError(f"no labels in '{chosen}': {did_you_mean(chosen, languages())}")
    return Pages(found, next((side.inputs.scenario.speaks(chosen) for side in found.sides if side.inputs), chosen))


def paper_of(pages: Pages) -> Paper:
    """Return what stands around every sheet of a comparison."""
    found = pages.found
    heads = [side.inputs.scenario.head for side in found.sides if side.inputs]
    date = max((side.outcome.as_of for side in found.sides if side.outcome.as_of), default=NO_DATE)
    prints = " ".join(side.outcome.digest[:8] or "–" for side in found.sides)
    return Paper(
        title=pages.heading,
        subject=pages.sheet_text("cover", "says", period=pages.period),
        author=", ".join(dict.fromkeys(head.author for head in heads if head.author)),
        keywords=f"{', '.join(f'{side.name} {side.outcome.digest[:12]}'.strip() for side in found.sides)}, fundalloc {VERSION}",
        as_of=date,
        marking=pages.marking,
        footer=f"{pages.say('footer')} · {date} · {prints}",
        past=pages.found.said_of_past,
        illustrative=pages.illustrative,
        language=pages.language,
        decimals=decimals(found.step),
    )
