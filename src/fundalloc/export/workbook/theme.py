"""How a sheet looks: fonts, colours, number formats, paper. No content, no writer."""

from __future__ import annotations

from typing import Any

FONT, SIZE = "Arial", 10
BLUE, GOLD, GREY, RULE, BAND = "#003399", "#FFCC00", "#595959", "#D0D5DD", "#E9EEF8"
LINK = "#0B3D91"
BAR = "#AFC6EA"
FROM_ZERO: dict[str, Any] = {"min_type": "num", "min_value": 0}
SOLID: dict[str, Any] = {"type": "data_bar", "data_bar_2010": True, "bar_solid": True}
DATA_BAR = {**SOLID, **FROM_ZERO, "bar_color": BAR, "bar_border_color": BAR, "max_type": "num", "max_value": 1}
CHANGE_BAR = {**SOLID, "bar_color": "#9AD1CC", "bar_negative_color": "#D9A9BD", "bar_axis_color": "#595959", "bar_no_border": True}
"""Grows to the right where something rises, to the left where it falls; the number says the same."""
WHITE_TO_DARK: dict[str, Any] = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#5BB8B0"}
HEAT_SCALE = {**WHITE_TO_DARK, **FROM_ZERO, "max_type": "percentile", "max_value": 97}
"""One very large amount would leave all others white; so the darkest colour stands for the largest three per cent."""

SERIES = ("#12436D", "#28A197", "#801650", "#F46A25", "#5694CA", "#A285D1", "#3D3D3D", "#7A8B00")
"""Chart colours, in order: at least 3:1 against white; neighbours are parted by a white line."""
REST = "#8E8E8E"
"""The series that stands for everything else."""

TAB = {"result": BLUE, "input": GOLD, "check": "#0B5524", "rest": "#7F7F7F"}

ROW_HEIGHT, DENSE_ROW, RECORD_ROW, TALL_ROW, HEADER_HEIGHT, LINE_HEIGHT = 19.0, 16.5, 13.5, 24.0, 34.0, 12.75

FRAME_HEIGHTS = (30.0, 20.0, 5.0, 19.0)
"""Title, sentence, gold line, links."""

LEFT: dict[str, Any] = {"align": "left", "indent": 1, "valign": "vcenter"}
RIGHT: dict[str, Any] = {"align": "right", "valign": "vcenter"}
DASH = '"–"'
MARGIN = "_)_)"
"""Right margin of numbers, inside the number format: not every program keeps an indent on the right."""
WRAPPED = {**LEFT, "text_wrap": True}
HAIR = {"bottom": 1, "bottom_color": RULE}

SINGLE: dict[str, dict[str, Any]] = {
    "title": {"font_size": 18, "bold": True, "font_color": BLUE, **LEFT},
    "long_title": {"font_size": 13, "bold": True, "font_color": BLUE, **LEFT},
    "says": {"font_size": 11, "font_color": GREY, **LEFT},
    "gold": {"bg_color": GOLD},
    "back": {"font_color": LINK, "underline": 1, **LEFT},
    "unit": {"font_color": GREY, "italic": True, **RIGHT, "indent": 1},
    "header_text": {"bold": True, "font_color": "#FFFFFF", "bg_color": BLUE, **WRAPPED},
    "header_number": {"bold": True, "font_color": "#FFFFFF", "bg_color": BLUE, **RIGHT, "indent": 1, "text_wrap": True},
    "fact": {"font_color": GREY, **WRAPPED},
    "sentence": {"font_size": 11, **LEFT},
    "heading": {"font_size": 12, "bold": True, "font_color": BLUE, **LEFT},
}
"""Cells outside the table's body."""

BREACH = {"bold": True, "font_color": "#8F0B13", "bg_color": "#FADCDD"}
AT_LIMIT = {"font_color": "#0B2F6B", "bg_color": "#DCE6F7"}
PASS = {"font_color": "#0B5524", "bg_color": "#E2F2E6"}
WARNING = {"font_color": "#6B4300", "bg_color": "#FFF0D1"}
FLAGS: dict[str, dict[str, Any]] = {"at_limit": AT_LIMIT, "breach": BREACH, "pass": PASS, "warning": WARNING}
INPUTS = ("input", "input_change", "input_figure", "input_share", "input_year", "input_text", "input_money", "input_factor")
"""Styles of cells that readers may change."""
INPUT: dict[str, Any] = {"font_color": "#0B3D91", "bg_color": "#FFF9E0", "locked": False}
CHANGED = {"bold": True, "bg_color": "#FFE9A8"}
"""A row in which somebody has typed a change."""
TOTAL = {"bold": True, "bg_color": BAND, "top": 1, "top_color": BLUE, "bottom": 1, "bottom_color": BLUE}

LEFT_FORMATS = {
    "date": "d mmmm yyyy",
    "label": "0",
    "strong_factor": "0.0######",
    "left_number": "#,##0",
    "left_points": "#,##0.0000",
    "left_factor": "0.00##",
    "left_share": "0.0000%",
}
"""Number formats of cells that stand left."""


def number_formats(decimals: int) -> dict[str, str]:
    """Return the number format of every style that has one; money has exactly the decimals of the rounding step."""
    money = "#,##0" + ("." + "0" * decimals if decimals else "")

    def right(positive: str, zero: str = "", plus: str = "") -> str:
        return ";".join(section + MARGIN for section in (plus + positive, f"-{positive}", zero or positive, "@"))

    return {
        **LEFT_FORMATS,
        **dict.fromkeys(("money", "total", "band_money", "input_money"), right(money, DASH)),
        **dict.fromkeys(("change", "input_change"), right(money, DASH, "+")),
        **dict.fromkeys(("integer", "input_year", "right_text"), right("0")),
        "amount": right(money),
        "share": right("0.0%", DASH),
        "exact_share": right("0.0000%"),
        "exact_points": right("#,##0.0000"),
        "figure": right("#,##0.0##"),
        "points": right("#,##0.00", DASH),
        "price": right("0.000", DASH),
        "number": right("#,##0"),
        **dict.fromkeys(("factor", "input_factor"), right("0.00##")),
        "change_share": right("0.0%", DASH, "+"),
        "input": right("0.0######"),
        "input_figure": right("#,##0.0#####"),
        **dict.fromkeys(("input_share", "figure_share"), right("0.0#####%")),
        "difference": right("0.000"),
    }


NUMBERS = number_formats(0).keys() - LEFT_FORMATS
"""Styles whose cells and headings stand right."""


def body_style(style: str, decimals: int) -> dict[str, Any]:
    """Return the properties of a cell in a table."""
    properties: dict[str, Any] = {**(RIGHT if style in NUMBERS else WRAPPED), **HAIR}
    formats = number_formats(decimals)
    if style in formats:
        properties["num_format"] = formats[style]
    extra: dict[str, dict[str, Any]] = {
        **{bold: {"bold": True} for bold in ("total", "strong", "strong_factor")},
        "note": {"font_color": GREY},
        "code": {"font_color": GREY, "text_wrap": False},
        "link": {"font_color": LINK, "underline": 1},
        **dict.fromkeys(INPUTS, INPUT),
        **FLAGS,
        "band_money": {**TOTAL, **RIGHT},
    }
    return {**properties, **extra.get(style, {})}


def total_style(style: str, decimals: int) -> dict[str, Any]:
    """Return the properties of a cell in a total row or a subtotal."""
    return {**body_style(style, decimals), "font_color": "#000000", "underline": 0, **TOTAL}
