"""What looks wrong in the data of a scenario although it can be read."""

from __future__ import annotations

from dataclasses import dataclass

from fundalloc.errors import Place

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong (error: no plan can exist) or looks wrong (warning)."""

    severity: str
    place: str
    says: str
    hint: str


def error(place: Place | str, says: str, hint: str) -> Remark:
    """Return a remark about something that leaves no plan."""
    return Remark(ERROR, str(place), says, hint)


def warning(place: Place | str, says: str, hint: str) -> Remark:
    """Return a remark about something worth a look."""
    return Remark(WARNING, str(place), says, hint)
