"""The cover: what this is, who made it, whether it holds, and where to find what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from fundalloc.export.workbook.book import Book, quoted
from fundalloc.export.workbook.content import Fact, Formula, Sample, Sheet, Styled
from fundalloc.export.workbook.sheets.checks import failures
from fundalloc.export.workbook.spelling import allocation_file
from fundalloc.labels import Words
from fundalloc.money import HARD_SPACE, plain
from fundalloc.plan.verify import AT_LIMIT, BREACH, MISSED

MIGRATION = "migration"
"""The marker whose coefficients say what counts as migration money."""


def build(book: Book, others: Sequence[Sheet]) -> Sheet:
    """Return the cover of a workbook with these other sheets."""
    facts, samples = tuple(_facts(book)), tuple(_samples(book))
    return book.cover(others, title=book.within(book.head.title), facts=facts, samples=samples, samples_title=book.say("cover.key"))


def _facts(book: Book) -> Iterator[Fact]:
    head, say = book.head, book.say
    yield from _verdicts(book)
    if not book.live:
        count = f"{len(book.lines):,}".replace(",", HARD_SPACE)
        yield Fact(
            say("cover.lines"), Styled(say("cover.too_many_lines", count=count, file=allocation_file(book.plan.scenario.id)), "warning")
        )
    if head.illustrative:
        yield Fact(say("cover.data"), Styled(say("cover.illustrative"), "warning"))
    yield Fact(say("cover.standing"), say("cover.not_official"))
    if book.outside:
        yield Fact(say("cover.audience"), Styled(say("cover.for_outside"), "strong"))
    if head.description:
        yield Fact(say("cover.about"), book.within(head.description))
    yield Fact(say("cover.migration_money"), " ".join(filter(None, [_definition(book), _coefficients(book)])))
    yield Fact(say("cover.amounts"), say("cover.amounts_are", prices=_prices(book)))
    yield Fact(say("cover.scenario"), f"{head.scenario} · {book.plan.log.digest[:12]}")
    if head.author:
        yield Fact(say("cover.author"), head.author)
    yield Fact(say("cover.as_of"), Styled(_serial(head.as_of), "date"))
    state = book.word("scenario_state", head.state)
    marking = book.within(head.output.marking)
    yield Fact(say("cover.state"), f"{state} · {marking}" if marking else state)
    for name, text in book.footnotes:
        yield Fact(name, text)


def _definition(book: Book) -> str:
    return book.within(book.head.migration_money) or book.say("note.migration_money.means")


def _coefficients(book: Book) -> str:
    """The coefficients of the marker named migration, by area, where there is one."""
    facts = book.facts
    found = {e.keys[1]: e.value for e in facts.coefficients if e.keys[0] == MIGRATION and not e.keys[2]}
    if not found:
        return ""
    each = [f"{book.labels['area'][a.id]} {plain(found[a.id] * 100)}{HARD_SPACE}%" for a in facts.areas if a.id in found]
    return book.say("cover.coefficients", each=", ".join(each))


def _verdicts(book: Book) -> Iterator[Fact]:
    """The three live lines: checks, hard rules, targets."""
    say, findings = book.say, book.plan.findings
    passed = say("cover.all_checks_pass")
    fails = failures(book)
    failing = book.joined("cover.checks_fail", count=("FailedChecks", fails))
    shown = failing.value if fails else passed
    yield Fact(
        say("cover.checks"), Styled(Formula(f"=IF(FailedChecks=0,{quoted(passed)},{failing.text[1:]})", shown), "strong"), good=passed
    )
    broken = f"COUNTIF({book.all('Rules', 'status')},{quoted(book.status(BREACH))})"
    counts, limits = book.plan.tally, book.plan.limits_tally
    by_decision, key = counts.by_decision, "cover.rules_hold_but" if counts.by_decision else "cover.all_rules_hold"
    held = say(key, count=counts.hard - by_decision, by_decision=by_decision, built_in=limits.demands)
    some = sum(1 for f in findings if f.status == BREACH)
    breaches = book.joined("cover.rules_broken", count=(broken, some))
    shown = breaches.value if some else held
    yield Fact(say("cover.rules"), Styled(Formula(f"=IF({broken}=0,{quoted(held)},{breaches.text[1:]})", shown), "strong"), good=held)
    if by_decision:
        yield Fact(say("cover.by_decision"), Styled(say("cover.broken_by_decision", names=book.by_decision()), "warning"))
    if book.live:
        yield from _typed(book)
    soft, missed = counts.demands - counts.hard, counts.missed
    counted = f"COUNTIF({book.all('Rules', 'status')},{quoted(book.status(MISSED))})"
    yield Fact(say("cover.targets"), Styled(book.joined("cover.targets_missed", count=(counted, missed), all=(str(soft), soft)), "strong"))
    log, words = book.plan.log, Words(book.language)
    result = book.say("cover.result", status=book.plan.proof.status_text(words), solver=log.solver, version=log.version)
    yield Fact(say("cover.run"), result)


def _typed(book: Book) -> Iterator[Fact]:
    """What readers have changed: nothing yet, or how many adjustments and limits; and whether their own rules hold."""
    say, as_run = book.say, book.say("cover.as_optimised")
    adjusted = f"SUMPRODUCT(--({book.all('Allocation', 'adjustment')}<>0))"
    limits = f"SUMPRODUCT(--({book.all('Rules', 'limit_input')}<>{book.all('Rules', 'limit_as_run')}))"
    changed = book.joined("cover.changed", adjustments=(adjusted, 0), limits=(limits, 0))
    text = f"=IF({adjusted}+{limits}=0,{quoted(as_run)},{changed.text[1:]})"
    yield Fact(say("cover.plan"), Styled(Formula(text, as_run), "strong"), good=as_run, bad="warning")
    own, fine = f"COUNTIF({book.all('OwnRules', 'status')},{quoted(book.status(BREACH))})", say("cover.own_rules_hold")
    broken = book.joined("cover.own_rules_broken", count=(own, 0))
    yield Fact(
        say("cover.own_rules"), Styled(Formula(f"=IF({own}=0,{quoted(fine)},{broken.text[1:]})", fine), "text"), good=fine, bad="warning"
    )


def _prices(book: Book) -> str:
    """Return the price base in words: `constant 2018` keeps its year."""
    base, *year = book.head.prices.base.split()
    return " ".join([book.word("prices", base), *year])


def _serial(as_of: str) -> int:
    """Return a date as Excel counts it, so that it is shown in the reader's own way."""
    return (date.fromisoformat(as_of) - date(1899, 12, 30)).days


def _samples(book: Book) -> Iterator[Sample]:
    yield Sample(1234.5, "money", book.say("cover.sample_plain"))
    yield Sample(1234.5, "band_money", book.say("cover.sample_total"))
    yield Sample(0.0005, "input", book.say("cover.sample_input"))
    yield Sample(0, "money", book.say("cover.sample_zero"))
    for status, style in ((AT_LIMIT, "at_limit"), (MISSED, "warning"), (BREACH, "breach")):
        yield Sample(book.status(status), style, book.say(f"cover.sample_{style}"))
