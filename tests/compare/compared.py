"""The tiny case and a variant of it, as files."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

from cases import TINY

VARIANT = """
    fundalloc: 1
    scenario: variant
    title: A variant
    extends: tiny.yaml
    instruments:
      amif: {ceiling: {each: {2026: 14}}}
    needs: {change: [{partnership: egypt, area: returns, need: inherited + 4}]}
    adjust:
      more: [{area: returns, priority: inherited + 40 %, reason: Returns first}]
    rules:
      legal-floor: {at_least: 30 %}
      smuggling-cap:
        kind: amount
        says: "{partnership}: little against smuggling"
        for_each: partnership
        money: {area: smuggling}
        at_most: 8
        soft: 3
        source: assumption
"""
OVERRIDES = ["instruments.amif.ceiling", "needs.egypt|returns", "adjust.more", "rules.legal-floor", "rules.smuggling-cap"]


def write_tiny(folder: Path, name: str = "tiny.yaml") -> Path:
    """Copy the tiny case into a folder."""
    path = folder / name
    path.write_text(TINY.read_text("utf-8"), "utf-8")
    return path


def write_variant(folder: Path, text: str = VARIANT, name: str = "variant.yaml") -> Path:
    """Write a variant beside the tiny case."""
    path = folder / name
    path.write_text(dedent(text).lstrip(), "utf-8")
    return path
