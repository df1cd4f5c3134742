"""Fixtures of these tests: the tiny case and a variant of it, as files and compared. A plugin, as conftest names only tests/conftest.py."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from cases import TINY
from fundalloc.compare import Comparison, compare_files

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


@pytest.fixture(scope="session")
def two_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tiny case and its variant."""
    folder = tmp_path_factory.mktemp("two")
    return write_tiny(folder), write_variant(folder)


@pytest.fixture(scope="session")
def found(two_files: tuple[Path, Path]) -> Comparison:
    """Their comparison, with the shares of every change."""
    return compare_files(*map(str, two_files))
