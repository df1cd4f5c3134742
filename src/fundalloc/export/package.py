"""Tables as CSV files in one folder, described by its `datapackage.json` (Frictionless Data Package): types, signs, keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fundalloc.doors.writing import new_folder
from fundalloc.labels import Words

if TYPE_CHECKING:
    import pandas as pd

PRIMARY = {
    "allocation": ["instrument", "partnership", "area", "year"],
    "coverage": ["partnership", "area"],
    "free-money": ["instrument", "year"],
    "payments": ["instrument", "year"],
    "rules": ["rule", "member", "sense"],
    "moves": ["key"],
    **{name: ["id"] for name in ("instruments", "partnerships", "areas")},
}
"""Table → the columns that tell its rows apart."""
FOREIGN = dict.fromkeys(("instrument", "from", "to"), "instruments")
FOREIGN |= {"partnership": "partnerships", **dict.fromkeys(("area", "action"), "areas")}
"""Column → the table whose `id` it names."""


@dataclass(frozen=True)
class Style:
    """How CSV files are written."""

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"


def excel_style(language: str) -> Style:
    """Return the style that Excel opens rightly by a double click where that language is set: byte-order mark, decimal sign, separator."""
    decimal = Words(language)("number.decimal")
    return Style(";" if decimal == "," else ",", decimal, "utf-8-sig")


def fill_table(table: pd.DataFrame, path: Path, style: Style = Style()) -> Path:
    """Write a table as CSV, twelve digits, where a door has made room for it; texts that look like formulas get an apostrophe.

    Three decimals get a 0 behind them: 1,2340 cannot be taken for thousands.
    """

    def tame(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value

    def digits(number: object) -> str:
        text = f"{number:.12g}"
        return (f"{text}0" if text[-4:-3] == "." else text).replace(".", style.decimal)

    table.map(tame).to_csv(path, index=False, sep=style.separator, encoding=style.encoding, lineterminator="\n", float_format=digits)
    return path


def write_folder(tables: Mapping[str, pd.DataFrame], folder: Path, made_by: str, digest: str, style: Style | None = None) -> list[Path]:
    """Write one CSV per table into a folder that is new or replaces one of ours. Raises OutputError."""
    style = style or Style()
    about = {f"{name}.csv": _resource(name, tables, style) for name in tables}
    with new_folder(folder, made_by, digest, about) as inside:
        return [folder / fill_table(table, inside / f"{name}.csv", style).name for name, table in tables.items()]


def _resource(name: str, tables: Mapping[str, pd.DataFrame], style: Style) -> dict[str, Any]:
    """Describe a table as the Data Package standard has it."""
    from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype

    fields: list[dict[str, Any]] = []
    for column, kind in tables[name].dtypes.items():
        word = (
            "boolean" if is_bool_dtype(kind) else "integer" if is_integer_dtype(kind) else "number" if is_numeric_dtype(kind) else "string"
        )
        fields.append({"name": str(column), "type": word, **({"decimalChar": style.decimal} if word == "number" else {})})
    links = [(field["name"], FOREIGN.get(field["name"])) for field in fields]
    schema: dict[str, Any] = {"fields": fields}
    if name in PRIMARY:
        actions = tables[name].get("action", ())  # a need that the actions of an area share has none
        if all(actions):
            schema["primaryKey"] = [*PRIMARY[name], *(["action"] * ("action" in tables[name]))]
    if foreign := [{"fields": [key], "reference": {"resource": to, "fields": ["id"]}} for key, to in links if to in tables]:
        schema["foreignKeys"] = foreign
    dialect = {"delimiter": style.separator, "lineTerminator": "\n"}
    return {"type": "table", "format": "csv", "mediatype": "text/csv", "encoding": style.encoding, "dialect": dialect, "schema": schema}
