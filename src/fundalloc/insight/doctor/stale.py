"""Sources that were valid until a day before `as_of`."""

from __future__ import annotations

from collections.abc import Iterator

from fundalloc.errors import some
from fundalloc.facts.citation import Citation
from fundalloc.insight.doctor import Remark, warning
from fundalloc.scenario.document import locate
from fundalloc.scenario.scenario import Scenario


def stale_sources(scenario: Scenario) -> Iterator[Remark]:
    """Yield one remark for every such source, with all entries that rest on it, at the first of them."""
    facts, as_of = scenario.facts, scenario.head.as_of
    entries = {
        **{name: getattr(facts, name) for name in ("areas", "instruments", "transfers", "exclude", "allow")},
        "rules": scenario.written_rules,
    }
    stale: dict[Citation, list[tuple[str, str]]] = {}
    for section, those in entries.items():
        for one in those:
            if isinstance(one.source, Citation) and one.source.parts.get("valid_until", as_of) < as_of:
                stale.setdefault(one.source, []).append((section, one.id))
    for source, at in stale.items():
        says = f"{source} is out of date at {as_of}: {some([' '.join(path) for path in at])}"
        yield warning(locate(scenario.tree, (*at[0], "source")), says, "read it again, and write when and until when it is valid")
