"""Which program this is, and what it has changed in the meaning of a scenario, version by version."""

from __future__ import annotations

import re
from dataclasses import dataclass

__version__ = VERSION = "0.2.0.dev0"


@dataclass(frozen=True)
class Meaning:
    """A change of what a scenario, or a figure of a result, means."""

    since: str
    """The first version that means it so."""
    says: str
    figures: tuple[str, ...] = ()
    """What an older result may state differently for this reason and still be right: `score`, `certificate`, `rules.status` …"""


MEANINGS: tuple[Meaning, ...] = (
    Meaning("0.2.0", "The program states switches (minimum sizes, counts) more tightly, so its proved bound is lower.", ("certificate",)),
    Meaning("0.2.0", "The proved bound carries what decided money costs under soft rules, as the score always did.", ("certificate",)),
    Meaning(
        "0.2.0",
        "Hard limits are cut to what whole steps reach, and exact shares have one step of room, before anything is solved: "
        "the proved bound is lower, or higher where a soft share is exact.",
        ("certificate",),
    ),
    Meaning(
        "0.2.0", "Plans are called optimal only where that is proved, else within a gap; a certificate's gap is in points.", ("status",)
    ),
    Meaning("0.2.0", "A demand that decided money alone breaks for good is broken by decision, and new money may not make it worse."),
    Meaning("0.2.0", "A count takes members as active from the amount written under `active` on, also where a marker weights the money."),
)


def later(version: str) -> tuple[Meaning, ...]:
    """Return what has changed in meaning since a version wrote a result; nothing for a text that is no version."""
    return tuple(meaning for meaning in MEANINGS if before(version, meaning.since))


def before(version: str, since: str) -> bool:
    """Return whether a version came before another; a text that is no version did not."""
    return () < _numbers(version) < _numbers(since)


def _numbers(version: str) -> tuple[int, ...]:
    """Return 0, 2, 0 for `0.2.0.dev0`: a version on its way counts as that version."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")[:3]) if found else ()
