"""Known answers: small scenarios solved on paper, in `known.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml


@dataclass(frozen=True)
class Known:
    """A scenario whose best score was worked out by hand."""

    name: str
    because: str
    score: float | None
    """Before rounding; None: no plan can keep its rules."""
    case: Mapping[str, Any]


def known_answers() -> list[Known]:
    """Return them all, figures as text, exactly as written."""
    text = files("fundalloc.selftest").joinpath("known.yaml").read_text("utf-8")
    table = yaml.load(text, yaml.BaseLoader)
    out = []
    for name, entry in table["known"].items():
        score, because = entry.pop("score"), entry.pop("because")
        rules = {rule: {"says": rule, "source": "assumption", **asked} for rule, asked in entry.pop("rules", {}).items()}
        out.append(Known(name, because, None if score == "none" else float(score), table["scenario"] | entry | {"rules": rules}))
    return out
