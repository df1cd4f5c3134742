"""The cover: what is compared, whether it adds up, and where to find what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fundalloc.export.comparison.pages import Pages
from fundalloc.export.comparison.sheets.movements import clause_text
from fundalloc.export.workbook.book import quoted
from fundalloc.export.workbook.content import Fact, Formula, Sheet, Styled
from fundalloc.labels import label


def build(pages: Pages, others: Sequence[Sheet]) -> Sheet:
    """Return the cover of a workbook with these other sheets."""
    return pages.cover(others, title=pages.heading, facts=tuple(_facts(pages)), one_page=True)


def _facts(pages: Pages) -> Iterator[Fact]:
    word, found = pages.word, pages.found
    passed = word("cover.all_checks_pass")
    failing = f"{quoted(pages.say('checks_fail'))}&FailedChecks"
    yield Fact(word("cover.checks"), Styled(Formula(f"=IF(FailedChecks=0,{quoted(passed)},{failing})", passed), "strong"), good=passed)
    for name, side in zip(pages.sides, found.sides, strict=True):
        title = side.inputs.scenario.head.title.within(pages.language) if side.inputs else side.given
        yield Fact(pages.say("first_side", name=name) if side is found.first else name, title)
    if pages.illustrative:
        yield Fact(word("cover.data"), Styled(word("cover.illustrative"), "warning"))
    yield Fact(word("cover.standing"), word("cover.not_official"))
    yield Fact(word("cover.amounts"), pages.say("amounts", period=pages.period))
    yield Fact(pages.say("reach_word"), clause_text(pages, found.pairs[0].movements.clause))
    for pair in found.pairs:
        if isinstance(pair.closest, str):
            reason = label(f"compare.unknown.{pair.closest}", pages.language, side=pages.short(pair))
            yield Fact(pages.title("needed"), pages.say("needed_unknown", reason=reason))
    if pages.attributions:
        yield Fact(pages.say("shares_word"), pages.say("shares_mean"))
    unknown = [pair for pair in found.pairs if isinstance(pair.attribution, str)]
    for pair in unknown:
        yield Fact(pages.short(pair), pages.say("no_shares", reason=pair.attribution))
