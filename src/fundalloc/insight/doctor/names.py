"""Names that are one thing written twice, tags that are probably typing mistakes, country codes that do not exist."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from fundalloc.errors import Place
from fundalloc.insight.doctor import Remark, warning
from fundalloc.scenario.document import locate, to_plain
from fundalloc.scenario.scenario import Scenario

SHORTEST = 5
"""Letters that a tag must have before another one that is nearly the same looks like a mistake."""

ISO3 = frozenset(
    """
    ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM BLR BLZ BMU BOL
    BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM
    DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY
    HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY
    LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM
    NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU
    SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON
    TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE XKX
    """.split()  # noqa: SIM905 a table is read more easily than a list
)
"""ISO 3166-1 alpha-3, and XKX, which is in use for Kosovo* without being part of it."""


def unknown_codes(scenario: Scenario) -> Iterator[Remark]:
    """Yield country codes that do not exist, and those that stand twice."""
    table = scenario.tables["partnerships"]
    seen: dict[str, str] = {}
    for partnership in scenario.facts.partnerships:
        code = partnership.iso3
        if not code:
            continue
        place = table.place(table.column("id").index(partnership.id), "iso3")
        if code not in ISO3:
            says = f"'{partnership.id}': no country has the ISO code {code}"
            yield warning(place, says, "write the three letters of ISO 3166-1, such as EGY")
        elif code in seen:
            says = f"'{partnership.id}' and '{seen[code]}' have the same ISO code {code}"
            yield warning(place, says, "one partner twice, or a wrong code")
        seen.setdefault(code, partnership.id)


def twins(scenario: Scenario) -> Iterator[Remark]:
    """Yield names that are the same but for accents and signs, tags that are nearly the same, and rules that ask the same."""
    facts, tree, table = scenario.facts, scenario.tree, scenario.tables["partnerships"]
    ids = table.column("id")
    yield from _same("partnerships", [(p.id, str(p.name), table.place(ids.index(p.id), "name")) for p in facts.partnerships])
    for section, entries in (("instruments", facts.instruments), ("areas", facts.areas)):
        yield from _same(section, [(e.id, str(e.name), locate(tree, (section, e.id), key=True)) for e in entries])
    yield from _tags("partnerships", {p.id: p.all_tags for p in facts.partnerships}, lambda name: table.place(ids.index(name), "tags"))
    yield from _tags("instruments", {i.id: i.tags for i in facts.instruments}, lambda name: locate(tree, ("instruments", name, "tags")))
    yield from _same_rules(scenario)


def _same(what: str, named: Iterable[tuple[str, str, Place]]) -> Iterator[Remark]:
    seen: dict[str, str] = {}
    for member, name, place in named:
        for key in dict.fromkeys((_letters(name), _letters(member))):
            other = seen.setdefault(key, member)
            if other != member:
                says = f"{what}: '{member}' and '{other}' have nearly the same name ({name.strip()})"
                yield warning(place, says, "one of them twice? Give them different names")
                break


def _letters(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", "".join(c for c in decomposed if not unicodedata.combining(c)))


def _tags(what: str, tags: Mapping[str, Sequence[str]], place: Callable[[str], Place]) -> Iterator[Remark]:
    """Yield tags of a group that stand once and differ by one letter from one that stands often."""
    counts = Counter(tag for listed in tags.values() for tag in listed if ":" in tag)
    often = [tag for tag, count in counts.items() if count >= 3]
    for member, listed in tags.items():
        for tag in listed:
            group, _, value = tag.partition(":")
            near = [other for other in often if other.startswith(f"{group}:") and _one_letter(value, other.partition(":")[2])]
            if near and counts[tag] == 1:
                yield warning(place(member), f"{what}: '{member}' alone has the tag {tag}", f"did you mean {near[0]}?")


def _one_letter(a: str, b: str) -> bool:
    """Return whether two words differ by one letter added, lost or changed; digits may differ."""
    if a == b or min(len(a), len(b)) < SHORTEST or abs(len(a) - len(b)) > 1:
        return False
    head = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) == len(b):
        return a[head + 1 :] == b[head + 1 :] and not (a[head].isdigit() or b[head].isdigit())
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[head + 1 :] == shorter[head:] and not longer[head].isdigit()


def _same_rules(scenario: Scenario) -> Iterator[Remark]:
    section = scenario.tree.mapping("rules")
    seen: dict[str, str] = {}
    for rule in scenario.written_rules:
        node = section.mapping(rule.id) if section else None
        if node is None:
            continue
        asked = {k: v for k, v in to_plain(node).items() if k not in ("says", "source", "confidence", "negotiable", "off", "reason")}
        other = seen.setdefault(repr(sorted(asked.items())), rule.id)
        if other != rule.id:
            yield warning(scenario.places[rule.id], f"rules '{rule.id}' and '{other}' ask the same", "keep one of them")
