"""Figures per member: under all labels of a member, or under some of them where that is unambiguous."""

import json
from fractions import Fraction

import pytest
from paper import demanded, rule

from cases import TWO_BY_TWO, write
from fundalloc.errors import ScenarioError
from fundalloc.rules.statement import Sense
from fundalloc.scenario.loading import load

AREAS = {"returns": {"name": "Returns", "tags": ["category:ldr"]}, "skills": {"name": "Skills", "tags": ["category:other"]}}
PAIRS = ["returns", "skills"]
CASE = {
    **TWO_BY_TWO,
    "areas": AREAS,
    "eligibility": [{"instrument": i, "area": a} for i in "ab" for a in PAIRS],
    "needs": [{"partnership": p, "area": a, "need": "8"} for p in ("north", "south") for a in PAIRS],
}
FLOOR = {"kind": "amount", "says": "{category} {partnership}: {limit}", "source": "assumption", "for_each": ["category", "partnership"]}


def case(tmp_path, figures, **other):
    return write(tmp_path, {**CASE, "rules": {"floor": {**FLOOR, "at_least": figures}}, **other})


def asked(scenario):
    demands = scenario.rules[0].demands(scenario.lines)
    return {"|".join(member): figure for member, figure in zip(demands.member, demands.figure, strict=True)}


@pytest.mark.parametrize(
    ("figures", "wanted"),
    [
        ({"ldr": "1"}, {"ldr|north": 1, "ldr|south": 1}),
        ({"category:ldr": "1"}, {"ldr|north": 1, "ldr|south": 1}),
        ({"south": "1"}, {"ldr|south": 1, "other|south": 1}),
        ({"ldr": "1", "ldr|south": "2"}, {"ldr|north": 1, "ldr|south": 2}),  # what names more labels counts
        ({"category:ldr|partnership:south": "2"}, {"ldr|south": 2}),
        ({"ldr": "1", "south": "2", "ldr|south": "0.5"}, {"ldr|north": 1, "ldr|south": Fraction(1, 2), "other|south": 2}),
    ],
    ids=str,
)
def test_a_figure_holds_for_all_members_with_the_labels_that_it_names(tmp_path, figures, wanted):
    scenario = load(case(tmp_path, figures))
    assert asked(scenario) == wanted
    floor, key = scenario.rules[0], next(iter(figures))
    member = next(tuple(name.split("|")) for name in wanted if wanted[name] == Fraction(figures[key]))
    assert floor.path(member, Sense.AT_LEAST) == ("rules", "floor", "at_least", key)  # where `explain` says that it stands
    assert floor.sentence(member, {}).replace("\xa0", " ") == f"{' '.join(member)}: EUR {figures[key]} million"


def refusal(path):
    with pytest.raises(ScenarioError) as caught:
        load(path)
    (problem,) = caught.value.problems
    return problem.message, problem.hint


def test_an_id_of_two_words_asks_which_is_meant(tmp_path):
    areas = {**AREAS, "ldr": {"name": "Local", "tags": ["category:ldr"]}}
    floor = {**FLOOR, "says": "x", "for_each": ["category", "area"]}
    local = {**CASE, "areas": areas, "eligibility": [*CASE["eligibility"], {"instrument": "a", "area": "ldr"}]}
    wrong = write(tmp_path, {**local, "rules": {"floor": {**floor, "at_least": {"ldr": "1"}}}})
    assert refusal(wrong) == ("'ldr' can mean several things", "write category:ldr or area:ldr")
    right = write(tmp_path, {**local, "rules": {"floor": {**floor, "at_least": {"area:ldr": "1"}}}})
    assert asked(load(right)) == {"ldr|ldr": 1}


def test_two_keys_for_one_member_are_no_answer(tmp_path):
    message, hint = refusal(case(tmp_path, {"ldr": "1", "south": "2"}))
    assert message == "'ldr' and 'south' both set a figure for 'ldr|south'"
    assert hint == "write 'ldr|south' too: it counts before them"


@pytest.mark.parametrize(("key", "hint"), [("sout", "did you mean 'south'?"), ("ldr|sout", "did you mean 'ldr|south'?")])
def test_what_names_nothing_is_refused(tmp_path, key, hint):
    assert refusal(case(tmp_path, {key: "1"})) == (f"unknown member '{key}'", hint)


def test_what_is_switched_off_is_known(tmp_path):
    areas = {**AREAS, "skills": {**AREAS["skills"], "off": True, "reason": "a test"}}
    scenario = load(case(tmp_path, {"ldr": "1", "other": "2"}, areas=areas))
    assert asked(scenario) == {"ldr|north": 1, "ldr|south": 1}


def test_a_variant_changes_one_member_of_many(tmp_path):
    path = case(tmp_path, {"ldr": "1"})
    assert asked(load(path, settings=["rules.floor.at_least.ldr|south=3"])) == {"ldr|north": 1, "ldr|south": 3}
    child = tmp_path / "child.yaml"
    child.write_text(json.dumps({"extends": path.name, "rules": {"floor": {"at_least": {"ldr": "2"}}}}), "utf-8")
    assert asked(load(child)) == {"ldr|north": 2, "ldr|south": 2}


def test_one_word_may_be_written_out_too(tiny):
    packages = rule(tiny, "amount", for_each="partnership", at_least={"partnership:tunisia": "12"})
    assert list(packages.problems_in(tiny.lines)) == []
    assert demanded(packages.demands(tiny.lines)) == [("tunisia", Sense.AT_LEAST)]


def test_payments_of_a_year_go_before_those_of_a_member(tiny):
    cash = rule(
        tiny, "payments", for_each="instrument", money={"instrument": "ndici"}, at_most={"ndici": "20", "2025": "9", "year:2026": "8"}
    )
    assert list(cash.problems_in(tiny.lines)) == []
    assert [int(figure) for figure in cash.demands(tiny.lines).figure] == [9, 8]
