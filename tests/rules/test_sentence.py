"""No sentence contradicts its limit: figures in sentences are those in force, in every language, and figures of their own are told."""

import re

import numpy as np
import pytest

from cases import SHIPPED, TINY, TWO_BY_TWO, spaced, write
from fundalloc.compare.overrides import Written, find_overrides
from fundalloc.errors import ScenarioError
from fundalloc.insight.doctor.figures import figures_in_sentences
from fundalloc.insight.explain.bench import Bench
from fundalloc.insight.explain.prices import general_sentence
from fundalloc.insight.explain.words import asked_amounts
from fundalloc.labels import languages
from fundalloc.plan.naming import limit_texts
from fundalloc.plan.verify import measure_rules
from fundalloc.scenario.loading import load

SHARE = {"kind": "share", "of": {"area": "all"}, "money": {"instrument": "a"}}
MONEY = {"kind": "amount", "source": "assumption", "at_most": "1234.5"}


def loaded(tmp_path, **rule):
    return load(write(tmp_path, {**TWO_BY_TWO, "rules": {"r": {"source": "assumption", **rule}}}))


def said(scenario, language="en"):
    names, none = scenario.names(language), np.zeros(len(scenario.lines.ledger.decided), dtype=np.int64)
    return [spaced(f.said(names, language)) for f in measure_rules(scenario, none) if not f.rule.built_in]


def test_the_sentence_follows_a_limit_that_is_set():
    scenario = load(TINY, settings=["rules.oda.at_least=80 %"])
    (rule,) = [r for r in scenario.rules if r.id == "oda"]
    assert spaced(general_sentence(rule, "en")) == "At least 80 % of NDICI money is development aid"


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "At most EUR 1 234.5 million"),
        ("bg", "At most 1 234,5 млн. EUR"),
        ("fr", "At most 1 234,5 millions d’EUR"),
        ("de", "At most 1 234,5 Mio. EUR"),
    ],
)
def test_amounts_as_each_language_writes_them(tmp_path, language, sentence):
    assert said(loaded(tmp_path, **MONEY, says="At most {limit}"), language) == [sentence]


def test_one_million_in_french(tmp_path):
    assert said(loaded(tmp_path, **{**MONEY, "at_most": "1"}, says="{limit}"), "fr") == ["1 million d’EUR"]


def test_every_member_has_its_own_figure(tmp_path):
    rule = {"kind": "amount", "for_each": "partnership", "at_most": {"north": "3", "south": "4.25"}, "says": "{partnership}: {limit}"}
    scenario = loaded(tmp_path, **rule)
    assert said(scenario) == ["North: EUR 3 million", "South: EUR 4.25 million"]
    assert spaced(general_sentence(scenario.written_rules[0], "en")) == "Each partnership: EUR 3 million–EUR 4.25 million"


def test_two_sides_have_two_figures(tmp_path):
    rule = {"kind": "balance", "for_each": "partnership", "at_least": "50 %", "at_most": "170 %"}
    both = loaded(tmp_path, **rule, says="{partnership}: between {at_least} and {at_most}")
    assert set(said(both)) == {"North: between 50 % and 170 %", "South: between 50 % and 170 %"}
    own = loaded(tmp_path, **rule, says="{partnership}: {limit}")
    assert said(own) == ["North: 50 %", "South: 50 %", "North: 170 %", "South: 170 %"]


def test_payments_have_a_figure_per_year_and_changes_their_slack(tmp_path):
    instruments = {"a": {"name": "A", "source": "assumption", "ceiling": {"each": "10"}, "payment_profile": ["100 %"]}}
    case = {**TWO_BY_TWO, "years": "2026-2027", "instruments": instruments, "eligibility": [{"instrument": "a", "area": "returns"}]}
    rules = {
        "paid": {"kind": "payments", "says": "{year}: {limit}", "at_most": {"2026": "5", "2027": "6"}, "source": "assumption"},
        "steady": {"kind": "change", "says": "{at_most} and {plus}", "at_most": "130 %", "plus": "2", "source": "assumption"},
    }
    assert said(load(write(tmp_path, {**case, "rules": rules}))) == [
        "2026: EUR 5 million",
        "2027: EUR 6 million",
        "130 % and EUR 2 million",
    ]


def test_numbers_of_members_stand_alone(tmp_path):
    rule = {"kind": "count", "for_each": "partnership", "counting": "instrument", "at_most": "1", "says": "{partnership}: {limit}"}
    assert said(loaded(tmp_path, **rule)) == ["North: 1", "South: 1"]


def test_a_corridor(tmp_path):
    plan = write(tmp_path, {**TWO_BY_TWO, "scenario": "first"}, "first.yaml")
    rule = {"kind": "deviation", "for_each": "instrument", "within": "20 %", "amount": "10", "source": "assumption"}
    case = {**TWO_BY_TWO, "baseline": plan.name, "rules": {"r": {**rule, "says": "{limit}"}, "s": {**rule, "says": "{within}, {amount}"}}}
    rules = load(write(tmp_path, case)).written_rules
    assert [spaced(r.sentence(("a",), {})) for r in rules] == ["20 % / EUR 10 million", "20 %, EUR 10 million"]


def test_a_figure_that_the_rule_does_not_have_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match=re.escape("{at_least} has no figure in this rule")):
        loaded(tmp_path, **MONEY, says="{at_least}")


def test_compare_says_the_new_figure(tmp_path):
    one = write(tmp_path, {**TWO_BY_TWO, "rules": {"r": {**MONEY, "at_most": "9", "says": "At most {limit}"}}}, "one.yaml")
    two = write(tmp_path, {**TWO_BY_TWO, "rules": {"r": {**MONEY, "at_most": "8", "says": "At most {limit}"}}}, "two.yaml")
    (override,) = (o for o in find_overrides(*(Written.of(load(path).tree, path) for path in (one, two))) if o.path[0] == "rules")
    assert spaced(override.said("en")) == "at_most: 9 → 8; At most EUR 8 million"


# -- the doctor ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [TINY, *SHIPPED], ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_shipped_sentences_carry_no_figure_of_their_own(path):
    scenario = load(path)
    assert list(figures_in_sentences(scenario)) == []
    for rule in scenario.written_rules:
        assert set(rule.says) in ({"en"}, set(languages()))
        assert len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in rule.says.values()}) == 1


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"says": "At most EUR 1 234.5 million"}, "carries EUR 1 234.5 million as text"),
        ({"says": {"en": "At most {limit}", "de": "Höchstens 900 Mio. EUR"}}, "says 900 Mio., its limit is 1234.5"),
        ({**SHARE, "at_most": "7 %", "says": "Up to 7% of it"}, "carries 7% as text"),
        ({**SHARE, "at_most": "12 %", "says": "7 % of it"}, "says 7 %, its limit is 12 %"),
        ({"kind": "count", "counting": "instrument", "at_most": "1", "says": "At most 1 instrument"}, "carries 1 as text"),
    ],
)
def test_figures_of_their_own_are_told(tmp_path, rule, found):
    (remark,) = figures_in_sentences(loaded(tmp_path, **{**MONEY, **rule}))
    assert found in spaced(remark.says)
    assert "{limit}" in remark.hint


@pytest.mark.parametrize(
    "rule",
    [
        {"says": "Money of 2021-2027 under Article 30 of Regulation (EU) 2021/947"},
        {**SHARE, "at_most": "12 %", "says": "{limit} of EUR 79 462 million"},
        {"kind": "count", "counting": "instrument", "at_most": "1", "says": "Pillar 2: {limit} in 2026"},
    ],
)
def test_years_articles_and_bases_are_left_alone(tmp_path, rule):
    assert list(figures_in_sentences(loaded(tmp_path, **{**MONEY, **rule}))) == []


# -- what is asked in EUR million ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"within": "20 %"}, ["at least EUR 8.0 million (10.0 less 20 %)", "at most EUR 12.0 million (10.0 plus 20 %)"]),
        ({"within": "20 %", "amount": "1"}, ["at least EUR 9.0 million (10.0 less 1.0)", "at most EUR 11.0 million (10.0 plus 1.0)"]),
        ({"at_least": "80 %"}, ["at least EUR 8.0 million (80 % of 10.0)"]),
    ],
)
def test_a_deviation_is_told_in_money(tmp_path, rule, expected):
    # The plan that it starts from spends all 10 of A.
    plan = write(tmp_path, {**TWO_BY_TWO, "scenario": "first"}, "first.yaml")
    about = {"kind": "deviation", "says": "A", "money": {"instrument": "a"}, "source": "assumption", **rule}
    bench = Bench(load(write(tmp_path, {**TWO_BY_TWO, "baseline": plan.name, "rules": {"r": about}})))
    (own,) = [r for r in bench.scenario.rules if r.id == "r"]
    demands = own.demands(bench.lines)
    assert [f"{sense} {spaced(text)}" for sense, text in zip(demands.sense, asked_amounts(bench, own), strict=True)] == expected
    assert [spaced(text) for text in limit_texts(bench.scenario, own, demands, range(len(demands)))] == [
        line.split(" ", 2)[2] for line in expected
    ]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        # One decimal would say "0.2 (0.2 plus 20 %)": neither is so.
        ("0.15", ["0.12 (0.15 less 20 %)", "0.18 (0.15 plus 20 %)"]),
        ("9", ["7.2 (9.0 less 20 %)", "10.8 (9.0 plus 20 %)"]),
        ("10.3", ["8.2 (10.3 less 20 %)", "12.4 (10.3 plus 20 %)"]),  # 8.24 and 12.36
    ],
)
def test_small_amounts_have_the_decimals_that_make_them_true(tmp_path, before, expected):
    (tmp_path / "plan.csv").write_text(f"instrument,partnership,area,year,amount\na,north,returns,2026,{before}\n", "utf-8")
    about = {"kind": "deviation", "says": "A", "money": {"instrument": "a"}, "within": "20 %", "source": "assumption"}
    scenario = load(write(tmp_path, {**TWO_BY_TWO, "baseline": "plan.csv", "rules": {"r": about}}))
    none = np.zeros(len(scenario.lines.ledger.decided), dtype=np.int64)
    assert [spaced(f.asks(1)) for f in measure_rules(scenario, none) if not f.rule.built_in] == expected
