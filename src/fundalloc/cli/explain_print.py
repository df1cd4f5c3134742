"""Answers on the terminal: headings beside their sentences, and plain values for JSON."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from fractions import Fraction
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from fundalloc.cli.output import Output

if TYPE_CHECKING:
    from fundalloc.insight.explain.text import Section, Writer

WIDTH = 110
MARGIN = 16


def print_sections(sections: list[Section], out: Output) -> None:
    """Print headings beside their sentences; a sentence that begins with spaces belongs to the one before."""
    for heading, sentences in sections:
        if not sentences:
            continue
        if len(heading) > MARGIN - 2:
            out.say(heading)
            heading = ""
        for sentence in sentences:
            inset = " " * (len(sentence) - len(sentence.lstrip(" ")))
            for line in wrap(sentence.strip(" "), WIDTH - MARGIN - len(inset), break_long_words=False, break_on_hyphens=False):
                out.say(f"{heading:<{MARGIN}}{inset}{line}")
                heading = ""


def plain(value: Any) -> Any:
    """Return an answer as plain values for JSON: rules by id, places as words, numbers that do not exist as null."""
    from fundalloc.insight.explain.target import Target
    from fundalloc.rules.kind import Kind

    if isinstance(value, Kind):
        return value.id
    if isinstance(value, Target):
        return {**value.words, **({"rule": value.rule.id} if value.rule else {})}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Fraction):
        return float(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value


def closing(writer: Writer, out: Output) -> None:
    """Print the sentence about switches, when there are any."""
    if writer.fixed_switches():
        out.say("\n" + "\n".join(wrap(writer.fixed_switches(), WIDTH)))
