"""What texts of others must not do to a terminal: move its cursor, change its colours, turn the order of letters round."""

from __future__ import annotations

import re

CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no text may hold, halves of characters among it; tabs and ends of lines are none of them."""
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")
"""Controls, and the marks that change the order in which letters are shown."""


def visible(text: str) -> str:
    r"""Write what a terminal would obey instead of showing as `\u001b`; inside JSON this is the same text."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
