import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundalloc.facts.dimensions import Dimension
from fundalloc.facts.selection import Base, Clause, Selection, build_members


def chosen(scenario, cls=Selection, **fields):
    return cls.model_validate(fields, context={"dimensions": scenario.facts.dimensions})


def partnerships(scenario, choice):
    ids = scenario.facts.dimensions.partnership.ids
    mask = scenario.facts.dimensions.partnership.mask(chosen(scenario, partnership=choice).partnership)
    return [name for name, picked in zip(ids, mask, strict=True) if picked]


@pytest.mark.parametrize(
    ("choice", "picked"),
    [
        ("egypt", ["egypt"]),
        ("north-africa", ["tunisia", "egypt"]),  # a subtree: what lies within, not the grouping itself
        ("route:east-med", ["egypt"]),
        ("status:full", ["tunisia", "egypt", "global"]),
        ("level:regional", ["sahel"]),
        (["egypt", "global"], ["egypt", "global"]),
        (["route:east-med", "level:regional"], ["egypt", "sahel"]),
        ({"route": "central-med", "level": "bilateral"}, ["tunisia", "egypt"]),
        ({"route": ["east-med", "central-med"], "status": "limited"}, ["sahel"]),
        ([{"level": "bilateral", "route": "east-med"}, "global"], ["egypt", "global"]),
        ({"level": "global", "route": "east-med"}, []),
        ("all", ["north-africa", "tunisia", "egypt", "sahel", "global"]),
        (["egypt", "all"], ["north-africa", "tunisia", "egypt", "sahel", "global"]),
    ],
    ids=str,
)
def test_choices(tiny, choice, picked):
    assert partnerships(tiny, choice) == picked


@pytest.mark.parametrize(
    ("year", "picked"),
    [
        ("2025", [True, False]),
        ("2025-2026", [True, True]),
        (["2026"], [False, True]),
        (["2025", "2026"], [True, True]),
        ("all", [True, True]),
        (2026, [False, True]),
    ],
    ids=str,
)
def test_years(tiny, year, picked):
    assert chosen(tiny, year=year).masks(tiny.facts.dimensions)[3].tolist() == picked


def test_nothing_named_is_everything(tiny):
    assert tiny.lines.select(chosen(tiny)).all()
    assert chosen(tiny).named == frozenset()


def test_keys_mean_and(tiny):
    picked = tiny.lines.select(
        chosen(tiny, instrument="family:home", partnership="route:east-med", area=["returns", "legal-pathways"], year="2026")
    )
    assert [key for key, k in zip(tiny.lines.keys, picked, strict=True) if k] == [
        "amif|egypt|returns|2026",
        "amif|egypt|legal-pathways|2026",
    ]


def test_a_number_is_an_amount_and_a_mapping_is_not(tiny):
    assert chosen(tiny, Base, area="returns").amount is None
    assert Base.model_validate("12.5").amount == 12.5
    assert chosen(tiny, Base, ceiling={"instrument": "ndici"}).ceiling == chosen(tiny, instrument="ndici")


def test_without_dimensions_words_are_taken_as_written():
    assert Selection.model_validate({"area": "anything", "marker": "any"}).area == ("anything",)


def test_a_clause_names_something(tiny):
    with pytest.raises(ValueError, match="names no instrument, partnership, area or year"):
        chosen(tiny, Clause, id="x", reason="y")


def members(scenario, for_each, **options):
    found = build_members(for_each, scenario.facts.dimensions, **options)
    return found, ["|".join(name) for name in found.names(found.codes)]


def test_members_of_dimensions_and_tag_groups(tiny):
    assert members(tiny, ())[1] == [""]
    assert members(tiny, ("partnership",))[1] == ["tunisia", "egypt", "sahel", "global"]
    assert members(tiny, ("partnership",), nodes_all=True)[1] == ["north-africa", "tunisia", "egypt", "sahel", "global"]
    assert members(tiny, ("route",))[1] == ["central-med", "east-med"]
    assert members(tiny, ("year", "route"))[1] == ["2025|central-med", "2025|east-med", "2026|central-med", "2026|east-med"]


def test_keep_maps_to_the_combination_without_the_other_dimensions(tiny):
    found, names = members(tiny, ("year", "route"))
    kept = found.keep(frozenset({"partnership"}))
    assert [names[code] for code in kept] == ["2025|central-med", "2025|east-med"] * 2
    assert found.keep(frozenset({"year", "partnership"})).tolist() == [0, 1, 2, 3]
    assert found.keep(frozenset()).tolist() == [0, 0, 0, 0]


def test_groups_count_a_line_once_per_label_that_covers_it(tiny):
    found, names = members(tiny, ("route", "area"))
    grouped = tiny.lines.group(chosen(tiny, instrument="amif", year="2026"), found)
    pairs = [(names[m], tiny.lines.keys[k]) for m, k in zip(grouped.member, grouped.line, strict=True)]
    assert ("central-med|returns", "amif|egypt|returns|2026") in pairs
    assert ("east-med|returns", "amif|egypt|returns|2026") in pairs
    assert ("east-med|returns", "amif|tunisia|returns|2026") not in pairs
    assert len(pairs) == len(set(pairs)) == 3 * 3 + 3  # three partnerships on the central route and Egypt again, three areas


DIMENSION = Dimension.build(
    "partnership",
    ["x", "a", "b", "c"],
    {"a": ["t:1", "u:1"], "b": ["t:1"], "c": ["t:2"], "x": ["t:2"]},
    {"x": ["a", "b"]},
    empty=["gone", "t:3"],
)
WORDS = st.sampled_from(["x", "a", "b", "c", "t:1", "t:2", "u:1", "gone", "t:3", "all"])
MEANING = {"x": "ab", "a": "a", "b": "b", "c": "c", "t:1": "ab", "t:2": "c", "u:1": "a", "gone": "", "t:3": "", "all": "xabc"}


@given(st.lists(WORDS, min_size=1, max_size=4))
def test_lists_mean_or(words):
    picked = {name for name, k in zip(DIMENSION.ids, DIMENSION.mask(tuple(words)), strict=True) if k}
    assert picked == {name for word in words for name in MEANING[word]}


@given(st.dictionaries(st.sampled_from("tu"), st.lists(st.sampled_from("123"), min_size=1, max_size=2), min_size=1))
def test_mappings_mean_and(groups):
    groups = {g: [v for v in values if g == "t" or v == "1"] or ["1"] for g, values in groups.items()}
    picked = {name for name, k in zip(DIMENSION.ids, DIMENSION.mask((tuple((g, tuple(v)) for g, v in groups.items()),)), strict=True) if k}
    expected = set("xabc")
    for group, values in groups.items():
        expected &= {name for value in values for name in MEANING[f"{group}:{value}"]}
    assert picked == expected


def test_dimension_words():
    assert DIMENSION.members == ("a", "b", "c")
    assert DIMENSION.groups == {"t": ("1", "2"), "u": ("1",)}
    assert DIMENSION.picks_nothing("gone")
    assert not DIMENSION.picks_nothing("a")
    assert not DIMENSION.picks_nothing("never heard of")
