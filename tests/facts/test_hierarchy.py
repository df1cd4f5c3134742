import pytest

from fundalloc.facts.dimensions import build_hierarchy, find_circle
from fundalloc.scenario.loading import load

WITHIN = {"africa": "", "north": "africa", "tunisia": "north", "egypt": "north", "sahel": "africa", "world": ""}


@pytest.fixture
def tree():
    return build_hierarchy(WITHIN, WITHIN)


def test_leaves_in_the_order_given(tree):
    assert tree.leaves() == ["tunisia", "egypt", "sahel", "world"]
    assert build_hierarchy(reversed(WITHIN), WITHIN).leaves() == ["world", "sahel", "egypt", "tunisia"]


def test_subtrees(tree):
    assert tree.groupings() == {"africa": ["tunisia", "egypt", "sahel"], "north": ["tunisia", "egypt"]}


def test_above_nearest_first(tree):
    assert tree.above("egypt") == ["north", "africa"]
    assert tree.above("world") == []


@pytest.mark.parametrize(
    ("within", "cycle"),
    [
        (WITHIN, None),
        ({}, None),
        ({"a": "a"}, ["a", "a"]),
        ({"a": "b", "b": "a"}, ["a", "b", "a"]),
        ({"x": "c", "y": "b", "b": "y"}, ["y", "b", "y"]),
        ({"x": "a", "a": "b", "b": "c", "c": "a"}, ["a", "b", "c", "a"]),
    ],
)
def test_cycles(within, cycle):
    assert find_circle(within.items()) == cycle


def test_nested_groupings_in_a_scenario(variant):
    scenario = load(
        variant(
            (
                "{id: north-africa, name: North Africa}",
                "{id: africa, name: Africa, absorption: 30}\n  - {id: north-africa, name: North Africa, within: africa}",
            ),
            ("level: regional, absorption", "level: regional, within: africa, absorption"),
            ("partners: [north-africa, sahel]", "partners: africa"),
        )
    )
    assert scenario.facts.dimensions.partnership.members == ("tunisia", "egypt", "sahel", "global")
    served = {key.split("|")[1] for key in scenario.lines.keys if key.startswith("ndici")}
    assert served == {"tunisia", "egypt", "sahel", "global"}  # global by exception
    assert "ndici|global|returns|2025" not in scenario.lines.keys
