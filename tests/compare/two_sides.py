"""Fixtures of these tests: the two sides that most of them look at, solved once. A plugin, as conftest names only tests/conftest.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from compared import write_tiny, write_variant

from fundalloc.compare import Comparison, compare_files


@pytest.fixture(scope="session")
def two_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The tiny case and its variant."""
    folder = tmp_path_factory.mktemp("two")
    return write_tiny(folder), write_variant(folder)


@pytest.fixture(scope="session")
def found(two_files: tuple[Path, Path]) -> Comparison:
    """Their comparison, with the shares of every change."""
    return compare_files(*map(str, two_files))
