"""What may be typed into a cell, in the words of the library that writes it."""

from __future__ import annotations

from typing import Any

from fundalloc.export.workbook.content import Validation


def validation(entry: Validation, least: str) -> dict[str, Any]:
    """Return the data validation of an entry, cut to the lengths that Excel takes."""
    shown = {"input_message": entry.prompt[:255], "error_message": entry.error[:255], "ignore_blank": True}
    if entry.choices:
        return {"validate": "list", "source": list(entry.choices), **shown}
    if entry.longest:
        return {"validate": "length", "criteria": "<=", "value": entry.longest, **shown}
    return {"validate": "decimal", "criteria": ">=", "value": least if least.startswith("=") else float(least), **shown}
