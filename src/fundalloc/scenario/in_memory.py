"""Scenarios without files: a mapping and data frames become the texts that a planner would write, and are read like them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from fundalloc.errors import UsageError, did_you_mean
from fundalloc.money import plain
from fundalloc.scenario.sections import TABLES

if TYPE_CHECKING:
    import pandas as pd


def as_files(head: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> dict[Path, bytes]:
    """Return the files, the scenario first, as if they lay in the current folder. Raises UsageError for tables that nobody knows."""
    for name in tables:
        if name not in TABLES:
            raise UsageError(f"no table '{name}': {did_you_mean(name, TABLES)}")
        if name in head:
            raise UsageError(f"'{name}' is given twice: in the head, and as a table")
    whole = {**_simple(head), **{name: {"file": f"{name}.csv"} for name in tables}}
    text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=10_000)
    here = Path.cwd()
    return {here / "scenario.yaml": text.encode(), **{here / f"{name}.csv": _csv(table).encode() for name, table in tables.items()}}


def _simple(value: Any) -> Any:
    """Return a value in the words of YAML: exact numbers as decimals, everything else that it does not know as text."""
    if isinstance(value, Mapping):
        return {_simple(key): _simple(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_simple(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Fraction | Decimal):
        return plain(Fraction(value))
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _csv(table: pd.DataFrame) -> str:
    """Return a frame as CSV; named levels of its index are columns, nothing is an empty cell, whole numbers have no decimals."""
    named = table.reset_index() if any(name is not None for name in table.index.names) else table
    cells = {column: list(_cells(named[column].array)) for column in named.columns}
    return type(table)(cells).to_csv(index=False)


def _cells(values: Any) -> Iterator[str]:
    for value in values:
        if isinstance(value, float | np.floating):
            yield "" if value != value else plain(Fraction(repr(float(value)))) if np.isfinite(value) else str(value)
        else:
            yield "" if value is None or value != value else str(_simple(value))
