from math import inf

import pytest
from paper import AT_LEAST, AT_MOST, EXACTLY, demanded, exact, limits, lines_like, measured, rule, terms

from cases import TWO_BY_TWO, write
from fundalloc.errors import ScenarioError
from fundalloc.scenario.loading import load

PACKAGES = {"for_each": "partnership", "at_least": {"tunisia": "12", "egypt": "6.5"}}


def test_rows_of_a_figure_per_member(tiny):
    packages = rule(tiny, "amount", **PACKAGES)
    tunisia, egypt = lines_like(tiny.lines, "*|tunisia|*"), lines_like(tiny.lines, "*|egypt|*")
    assert len(tunisia) == 12  # two instruments, three areas, two years
    assert len(egypt) == 13  # and the Member States' money
    assert terms(packages, tiny.lines) == {
        ("tunisia", AT_LEAST): dict.fromkeys(tunisia, 1.0),
        ("egypt", AT_LEAST): dict.fromkeys(egypt, 1.0),
    }
    assert limits(packages, tiny.lines) == {("tunisia", AT_LEAST): (12.0, inf), ("egypt", AT_LEAST): (6.5, inf)}


def test_findings_by_hand(tiny):
    assert measured(rule(tiny, "amount", **PACKAGES), tiny.lines) == {
        ("tunisia", AT_LEAST): exact("9", "12", "-3"),  # 5 + 4
        ("egypt", AT_LEAST): exact("6.5", "6.5", "0"),  # 3 + 2 + 1.5
    }


def test_a_member_without_a_figure_is_free(tiny):
    assert demanded(rule(tiny, "amount", **PACKAGES).demands(tiny.lines)) == [("tunisia", AT_LEAST), ("egypt", AT_LEAST)]


def test_marker_weights(tiny):
    oda = rule(tiny, "amount", for_each="year", money={"marker": "oda"}, at_least="4", at_most="90")
    rows, weight = terms(oda, tiny.lines), {"smuggling": 0.6, "returns": 0.7, "legal-pathways": 1.0}
    for year in ("2025", "2026"):
        expected = {key: weight[key.split("|")[2]] for key in lines_like(tiny.lines, f"*|{year}")}
        expected |= dict.fromkeys(lines_like(tiny.lines, f"amif|*|legal-pathways|{year}"), 0.5)
        assert rows[year, AT_LEAST] == pytest.approx(expected)
        assert rows[year, AT_MOST] == pytest.approx(expected)
    assert limits(oda, tiny.lines)["2025", AT_MOST] == (-inf, 90.0)
    assert measured(oda, tiny.lines) == {
        ("2025", AT_LEAST): exact("14", "4", "10"),  # 0.6 × (5 + 10) + 0.7 × (3 + 2) + 1.5
        ("2026", AT_LEAST): exact("5.2", "4", "1.2"),  # 4 + 0.6 × 2
        ("2025", AT_MOST): exact("14", "90", "76"),
        ("2026", AT_MOST): exact("5.2", "90", "84.8"),
    }


def test_lines_of_weight_zero_do_not_count(variant):
    scenario = load(variant(("area: smuggling, coefficient: 0.6", "area: smuggling, coefficient: 0")))
    (row,) = terms(rule(scenario, "amount", money={"marker": "oda"}, at_least="1"), scenario.lines).values()
    assert not [key for key in row if "smuggling" in key]
    assert len(row) == len(lines_like(scenario.lines, "*|returns|*", "*|legal-pathways|*"))


def test_unless_takes_lines_out(tiny):
    smuggling = rule(tiny, "amount", money={"area": "smuggling"}, unless={"partnership": "egypt"}, exactly="3")
    kept = lines_like(tiny.lines, "*|tunisia|smuggling|*", "*|sahel|smuggling|*", "*|global|smuggling|*")
    assert terms(smuggling, tiny.lines) == {("", EXACTLY): dict.fromkeys(kept, 1.0)}
    assert limits(smuggling, tiny.lines) == {("", EXACTLY): (3.0, 3.0)}
    assert measured(smuggling, tiny.lines) == {("", EXACTLY): exact("15", "3", "-12")}  # 5 + 10


def test_an_amount_is_exact_to_the_step(tiny):
    smuggling = rule(tiny, "amount", money={"area": "smuggling"}, exactly="3")
    assert measured(smuggling, tiny.lines, {"ndici|tunisia|smuggling|2025": "3"})["", EXACTLY] == exact("3", "3", "0")
    assert measured(smuggling, tiny.lines, {"ndici|tunisia|smuggling|2025": "3.1"})["", EXACTLY] == exact("3.1", "3", "-0.1")


def test_limit_zero(tiny):
    nothing = rule(tiny, "amount", money={"area": "returns"}, at_most="0")
    assert limits(nothing, tiny.lines) == {("", AT_MOST): (-inf, 0.0)}
    assert measured(nothing, tiny.lines) == {("", AT_MOST): exact("5", "0", "-5")}
    assert measured(nothing, tiny.lines, {}) == {("", AT_MOST): exact("0", "0", "0")}


def test_a_limit_between_two_steps_is_measured_exactly(tiny):
    odd = rule(tiny, "amount", money={"area": "returns"}, at_most="4.999")
    assert measured(odd, tiny.lines) == {("", AT_MOST): exact("5", "4.999", "-0.001")}


def test_a_member_without_a_line_is_skipped_and_listed(tiny):
    caps = rule(tiny, "amount", for_each="instrument", at_most={"guarantee": "1", "amif": "3"})
    assert measured(caps, tiny.lines) == {("amif", AT_MOST): exact("4", "3", "-1")}
    assert caps.skipped(tiny.lines) == [("guarantee",)]


def test_overlapping_tags_count_a_line_once_per_member(tiny):
    routes = rule(tiny, "amount", for_each="route", at_most="20")
    rows = terms(routes, tiny.lines)
    assert rows == {
        ("central-med", AT_MOST): dict.fromkeys(lines_like(tiny.lines, "*|tunisia|*", "*|egypt|*", "*|sahel|*"), 1.0),
        ("east-med", AT_MOST): dict.fromkeys(lines_like(tiny.lines, "*|egypt|*"), 1.0),
    }
    assert measured(routes, tiny.lines) == {
        ("central-med", AT_MOST): exact("25.5", "20", "-5.5"),  # 9 + 6.5 + 10
        ("east-med", AT_MOST): exact("6.5", "20", "13.5"),
    }


def test_nodes_all_adds_the_groupings(tiny):
    leaves = rule(tiny, "amount", for_each="partnership", at_most="30")
    nodes = rule(tiny, "amount", for_each="partnership", at_most="30", nodes="all")
    assert [member for member, _ in demanded(leaves.demands(tiny.lines))] == ["tunisia", "egypt", "sahel", "global"]
    assert [member for member, _ in demanded(nodes.demands(tiny.lines))] == ["north-africa", "tunisia", "egypt", "sahel", "global"]
    both = dict.fromkeys(lines_like(tiny.lines, "*|tunisia|*", "*|egypt|*"), 1.0)
    assert terms(nodes, tiny.lines)["north-africa", AT_MOST] == both
    assert measured(nodes, tiny.lines)["north-africa", AT_MOST] == exact("15.5", "30", "14.5")


def test_two_dimensions_make_one_row_per_combination_with_lines(tiny):
    caps = rule(tiny, "amount", for_each=["instrument", "area"], at_most={"ndici|returns": "2", "amif|returns": "9"})
    assert measured(caps, tiny.lines) == {
        ("ndici|returns", AT_MOST): exact("3", "2", "-1"),
        ("amif|returns", AT_MOST): exact("2", "9", "7"),
    }
    everything = rule(tiny, "amount", for_each=["instrument", "area"], at_most="9")
    assert ("member-states|legal-pathways", AT_MOST) in terms(everything, tiny.lines)
    assert ("member-states|returns",) not in {member for member, _ in terms(everything, tiny.lines)}
    assert ("member-states", "returns") in everything.skipped(tiny.lines)


def test_years_restrict_or_repeat(tiny):
    first = rule(tiny, "amount", money={"year": "2025"}, at_most="20")
    assert measured(first, tiny.lines) == {("", AT_MOST): exact("21.5", "20", "-1.5")}
    each = rule(tiny, "amount", for_each="year", at_most={"2026": "5"})
    assert measured(each, tiny.lines) == {("2026", AT_MOST): exact("6", "5", "-1")}


def test_decided_money_alone_does_not_move(tiny):
    fixed = rule(tiny, "amount", for_each="instrument", at_least="1")
    demands = fixed.demands(tiny.lines)
    measures = fixed.check(tiny.lines, demands, tiny.lines.decided)
    assert dict(zip([m for (m,) in demands.member], measures.open().up.tolist(), strict=True)) == {
        "ndici": True,
        "amif": True,
        "member-states": False,
    }


def test_sentence_names_the_member(tiny):
    packages = rule(tiny, "amount", says={"en": "{partnership}: signed", "fr": "{partnership} : signé ({member})"}, **PACKAGES)
    assert packages.sentence(("egypt",), tiny.names()) == "Egypt: signed"
    assert packages.sentence(("egypt",), tiny.names("fr"), "fr") == "Egypt : signé (Egypt)"


@pytest.mark.parametrize(
    ("tagged", "said"),
    [
        (("instruments", "areas"), "instrument and area"),
        (("instruments", "partnerships", "areas"), "instrument and partnership and area"),
    ],
)
def test_a_tag_group_of_several_dimensions_cannot_be_repeated(tmp_path, tagged, said):
    case = {**TWO_BY_TWO, "rules": {"r": {"kind": "amount", "says": "r", "source": "x", "for_each": "theme", "at_most": "5"}}}
    for section in tagged:
        entries = case[section]
        tag = {"tags": "theme:one"}
        case[section] = [{**e, **tag} for e in entries] if isinstance(entries, list) else {k: {**e, **tag} for k, e in entries.items()}
    with pytest.raises(ScenarioError, match=f"the tag group 'theme' stands on {said}"):
        load(write(tmp_path, case))
