from fractions import Fraction

import pytest

from fundalloc.errors import Problems
from fundalloc.scenario.document import parse_document, to_plain
from fundalloc.scenario.loading import load
from fundalloc.scenario.merging import merge, spread

YEARS = "years: 2021-2024\n"


def tree(text, folder):
    return spread(parse_document(text, "s.yaml", folder))


@pytest.fixture
def merged(tmp_path):
    """merged(parent, child): both laid over each other, as plain Python."""
    return lambda parent, child: to_plain(merge(tree(YEARS + parent, tmp_path), tree(child, tmp_path), Problems()))


def changed(merged, parent, child, closed=""):
    """What a ceiling becomes in a child file."""
    return merged(f"{closed}instruments: {{x: {{ceiling: {parent}}}}}", f"instruments: {{x: {{ceiling: {child}}}}}")["instruments"]["x"][
        "ceiling"
    ]


def test_mappings_merge_key_by_key_and_lists_are_replaced(merged):
    assert merged("a: {b: 1, c: {d: 2, e: 3}}\nl: [1, 2]", "a: {c: {e: 4}, f: 5}\nl: [3]") == {
        "years": "2021-2024",
        "a": {"b": "1", "c": {"d": "2", "e": "4"}, "f": "5"},
        "l": ["3"],
    }


def test_years_are_spread_first_and_the_child_wins_for_its_years_only(merged):
    ceiling = changed(merged, "{each: {2021-2023: 10, 2024: 20}, total: 50}", "{each: {2022-2024: 30}}")
    assert ceiling == {"each": {"2021": "10", "2022": "30", "2023": "30", "2024": "30"}, "total": "50"}


def test_one_amount_for_each_year_is_spread_before_single_years_change(merged):
    assert changed(merged, "{each: 10, total: 40}", "{each: {2023: 5}}") == {
        "each": {"2021": "10", "2022": "10", "2023": "5", "2024": "10"},
        "total": "40",
    }


@pytest.mark.parametrize(
    ("inherited", "written", "expected"),
    [
        ("exactly: 5", "at_least: 3", {"at_least": "3"}),
        ("exactly: 5", "at_most: 3", {"at_most": "3"}),
        ("at_least: 5, at_most: 7", "exactly: 6", {"exactly": "6"}),
        ("at_least: 5", "at_most: 7", {"at_least": "5", "at_most": "7"}),
    ],
)
def test_a_limit_drops_the_inherited_one_that_it_excludes(merged, inherited, written, expected):
    assert merged(f"rules: {{r: {{{inherited}}}}}", f"rules: {{r: {{{written}}}}}")["rules"]["r"] == expected


def test_a_word_of_that_name_elsewhere_drops_nothing(merged):
    assert merged("areas: {exactly: {name: a}, at_least: {name: b}}", "areas: {exactly: {name: c}}")["areas"] == {
        "exactly": {"name": "c"},
        "at_least": {"name": "b"},
    }


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("10", "inherited + 800", "810"),
        ("10", "inherited - 2.5", "7.5"),
        ("10", "inherited - 10 %", "9"),
        ("10", "inherited+5", "15"),
        ("0.1", "inherited + 0.2", "0.3"),
        ("10", "'inherited + 1'", "11"),
        ("{each: {2021-2024: 10}, total: 30}", "inherited + 10 %", {"each": {str(y): "11" for y in range(2021, 2025)}, "total": "33"}),
        # 8 more in proportion: the years have 10 + 30, the total grows by the same 8.
        (
            "{each: {2021: 10, 2022: 30}, total: 35}",
            "inherited + 8",
            {"each": {"2021": "12", "2022": "36"}, "total": "43"},
        ),
        # One amount for each of four years is four amounts.
        ("{each: 10, total: 30}", "inherited + 8", {"each": {str(y): "12" for y in range(2021, 2025)}, "total": "38"}),
        ("{total: 30}", "inherited - 3", {"total": "27"}),
        ("{each: 10}", "{each: inherited + 1}", {"each": "11"}),
        ("{each: 10, total: 30}", "{total: inherited + 1}", {"each": "10", "total": "31"}),
        ("{each: {2021: 10, 2022: 20}}", "{each: {2022: inherited + 1}}", {"each": {"2021": "10", "2022": "21"}}),
    ],
    ids=str,
)
def test_amounts_that_build_on_inherited_ones(merged, parent, child, expected):
    assert changed(merged, parent, child) == expected


@pytest.mark.parametrize(
    ("parent", "child", "expected"),
    [
        ("{each: {2021: 10, 2022: 20, 2023: 10, 2024: 30}}", "inherited - 50 %", {"2021": "10", "2022": "20", "2023": "5", "2024": "15"}),
        ("{each: {2021: 10, 2022: 20, 2023: 10, 2024: 30}}", "inherited + 8", {"2021": "10", "2022": "20", "2023": "12", "2024": "36"}),
        ("{each: 10}", "inherited + 10 %", {"2021": "10", "2022": "10", "2023": "11", "2024": "11"}),
        ("{each: 10}", "{each: {2021-2024: inherited + 1}}", {"2021": "10", "2022": "10", "2023": "11", "2024": "11"}),
        ("{each: 10}", "{each: {2022: 3}}", {"2021": "10", "2022": "3", "2023": "10", "2024": "10"}),  # an amount itself may be corrected
    ],
    ids=str,
)
def test_closed_years_stay_as_they_are(merged, parent, child, expected):
    assert changed(merged, parent, child, closed="closed: 2021-2022\n")["each"] == expected


def test_a_total_changes_with_the_open_part_of_its_years(merged):
    # Open years hold 40 of 60, so 30 % less there is 20 % less of the total.
    ceiling = changed(merged, "{each: {2021: 20, 2022-2024: 40}, total: 100}", "inherited - 30 %", closed="closed: 2021\n")
    assert ceiling["each"] == {"2021": "20", "2022": "28", "2023": "28", "2024": "28"}
    assert Fraction(ceiling["total"]) == round(100 - 30 * Fraction(120, 140), 9)


def test_a_share_stays_a_share(merged):
    assert (
        merged("instruments: {x: {reserve: 5 %}}", "instruments: {x: {reserve: inherited + 20 %}}")["instruments"]["x"]["reserve"] == "6 %"
    )
    assert merged("rules: {r: {at_least: 10 %}}", "rules: {r: {at_least: inherited + 5 %}}")["rules"]["r"]["at_least"] == "10.5 %"


def test_a_text_that_only_begins_with_inherited_is_a_text(merged):
    assert merged("a: {note: x}", "a: {note: inherited from the regulation}")["a"]["note"] == "inherited from the regulation"


def test_a_child_that_says_nothing_new_changes_nothing(fixed, child):
    same = load(child(""))
    assert same.lines.keys == fixed.lines.keys
    assert same.lines.upper.tolist() == fixed.lines.upper.tolist()
    assert same.facts.needs.need.values.tolist() == fixed.facts.needs.need.values.tolist()
    assert [rule.id for rule in same.rules] == [rule.id for rule in fixed.rules]
    assert same.head == fixed.head


def test_every_value_keeps_the_place_where_it_was_written(child):
    scenario = load(child("instruments:\n  ndici:\n    reserve: 10 %\n"))
    ndici = scenario.tree.mapping("instruments").mapping("ndici")
    assert str(ndici.get("reserve").place).endswith("child.yaml:4:14")
    assert str(ndici.get("name").place).endswith("tiny.yaml:20:11")
    assert str(ndici.keys["reserve"]).endswith("child.yaml:4:5")


def test_a_chain_and_a_list(child, write):
    child("author: Two\ntitle: Two\ninstruments: {amif: {reserve: 10 %}}\n", name="two.yaml")
    write("three.yaml", "extends: two.yaml\ntitle: Three\n")
    three = load(write("four.yaml", "extends: three.yaml\n"))
    assert (str(three.head.title), three.head.author, three.facts.instruments[1].reserve) == ("Three", "Two", Fraction(1, 10))
    write("colour.yaml", "author: Colour\nround_to: 0.5\n")
    listed = load(write("listed.yaml", "extends: [two.yaml, colour.yaml]\nstate: adopted\n"))
    assert (listed.head.author, listed.head.state, str(listed.head.title), listed.facts.step) == (
        "Colour",
        "adopted",
        "Two",
        Fraction(1, 2),
    )


def test_changes_add_up_along_the_chain(child, write):
    child("needs: {change: [{partnership: egypt, area: returns, need: inherited + 2}]}\n", name="two.yaml")
    text = "extends: two.yaml\nneeds: {change: [{partnership: egypt, area: returns, need: inherited + 10 %, priority: 2}]}\n"
    scenario = load(write("three.yaml", text))
    assert need(scenario, "egypt", "returns") == (Fraction(11), Fraction(2))  # (8 + 2) × 1.1
    assert str(scenario.tables["needs"].place(4, "need")).endswith("three.yaml:2:60")
    assert str(scenario.tables["needs"].place(4, "partnership")).endswith("tiny.yaml:67:19")


def need(scenario, partnership, area):
    facts = scenario.facts
    for k, (p, a) in enumerate(zip(facts.needs.partnership, facts.needs.area, strict=True)):
        if (facts.partnerships[p].id, facts.areas[a].id) == (partnership, area):
            exact = (facts.needs.need, facts.needs.priority)
            return tuple(Fraction(int(e.numerator[k]), e.denominator) for e in exact)
    return None


def test_a_change_adds_and_drops_rows(child):
    scenario = load(
        child("""\
        needs:
          change:
            - {partnership: global, area: smuggling, need: 3}
            - {partnership: global, area: returns, off: true, reason: Ended}
            - {partnership: sahel, area: returns, priority: inherited + 50 %}
    """)
    )
    assert need(scenario, "global", "smuggling") == (3, 1)
    assert need(scenario, "global", "returns") is None
    assert need(scenario, "sahel", "returns") == (9, Fraction(3, 2))
    assert need(scenario, "egypt", "smuggling") == (15, 1)
    assert len(scenario.facts.needs) == 9


def test_new_rows_replace_a_table(child, write):
    assert len(load(child("needs: [{partnership: egypt, area: returns, need: 1}]\n")).facts.needs) == 1
    write("needs.csv", "partnership,area,need\negypt,returns,1\nsahel,smuggling,2\n")
    assert len(load(child("needs: {file: needs.csv}\n")).facts.needs) == 2


def test_the_expected_score_is_not_inherited(write, child):
    child("expect: {score: 12}\n", name="two.yaml")
    assert load(write("three.yaml", "extends: two.yaml\n")).head.expect is None
    assert load(write("four.yaml", "extends: two.yaml\nexpect: {score: 13}\n")).head.expect.score == 13


def test_one_change_of_a_parent_need_not_be_a_list(merged):
    parent = "needs: {rows: [{partnership: egypt, area: a, need: 1}], change: {partnership: egypt, area: a, need: 2}}"
    child = "needs: {change: {partnership: egypt, area: a, priority: 3}}"
    assert merged(parent, child)["needs"]["change"] == [
        {"partnership": "egypt", "area": "a", "need": "2"},
        {"partnership": "egypt", "area": "a", "priority": "3"},
    ]
