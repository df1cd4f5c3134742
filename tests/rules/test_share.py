from math import inf

import pytest
from paper import AT_LEAST, AT_MOST, EXACTLY, exact, limits, lines_like, measured, rule, terms
from pydantic import ValidationError

from fundalloc.scenario.loading import load

FLOOR = {"for_each": "partnership", "money": {"area": "legal-pathways"}, "at_least": "10 %", "of": {}}


def test_rows_of_an_earmark(tiny):
    floor = rule(tiny, "share", unless={"partnership": "global"}, **FLOOR)
    rows = terms(floor, tiny.lines)
    assert set(rows) == {("tunisia", AT_LEAST), ("egypt", AT_LEAST), ("sahel", AT_LEAST)}
    for (member, _), row in rows.items():
        expected = dict.fromkeys(lines_like(tiny.lines, f"*|{member}|*"), -0.1)
        expected |= dict.fromkeys(lines_like(tiny.lines, f"*|{member}|legal-pathways|*"), 0.9)
        assert row == pytest.approx(expected)
    assert set(limits(floor, tiny.lines).values()) == {(0.0, inf)}


def test_findings_by_hand(tiny):
    assert measured(rule(tiny, "share", **FLOOR), tiny.lines) == {
        ("tunisia", AT_LEAST): exact("4", "0.9", "3.1"),  # 10 % of 9
        ("egypt", AT_LEAST): exact("1.5", "0.65", "0.85"),  # 10 % of 6.5
        ("sahel", AT_LEAST): exact("0", "1", "-1"),
        ("global", AT_LEAST): exact("0", "0.2", "-0.2"),
    }


def test_unless_leaves_the_base_alone(tiny):
    floor = rule(
        tiny,
        "share",
        money={"area": "legal-pathways"},
        unless={"instrument": "member-states"},
        at_least="20 %",
        of={"partnership": "egypt"},
    )
    assert measured(floor, tiny.lines) == {("", AT_LEAST): exact("4", "1.3", "2.7")}  # 4 without the 1.5; 20 % of 6.5
    assert terms(floor, tiny.lines)["", AT_LEAST]["member-states|egypt|legal-pathways|2025"] == pytest.approx(-0.2)


def test_members_do_not_restrict_a_dimension_that_of_names(tiny):
    widest = rule(tiny, "share", for_each=["area", "year"], at_most="60 %", of={"area": "all"})
    rows = terms(widest, tiny.lines)
    assert len(rows) == 6
    expected = dict.fromkeys(lines_like(tiny.lines, "*|2025"), -0.6) | dict.fromkeys(lines_like(tiny.lines, "*|returns|2025"), 0.4)
    assert rows["returns|2025", AT_MOST] == pytest.approx(expected)
    found = measured(widest, tiny.lines)
    assert found["smuggling|2025", AT_MOST] == exact("15", "12.9", "-2.1")  # 60 % of 21.5
    assert found["legal-pathways|2026", AT_MOST] == exact("4", "3.6", "-0.4")  # 60 % of 6


def test_a_tag_group_of_the_named_dimension_is_wide_too(tiny):
    routes = rule(tiny, "share", for_each=["route", "instrument"], at_most="80 %", of={"instrument": "all"})
    found = measured(routes, tiny.lines)
    assert found["central-med|ndici", AT_MOST] == exact("22", "20.4", "-1.6")  # 80 % of 25.5
    assert found["east-med|amif", AT_MOST] == exact("2", "5.2", "3.2")  # 80 % of 6.5
    assert found["east-med|member-states", AT_MOST] == exact("1.5", "5.2", "3.7")
    everyone = rule(tiny, "share", for_each="route", at_most="30 %", of={"partnership": "all"})
    assert measured(everyone, tiny.lines)["east-med", AT_MOST] == exact("6.5", "8.25", "1.75")  # 30 % of 27.5


def test_concentration_within_part_of_a_dimension(tiny):
    among = {"instrument": ["ndici", "amif"]}
    both = rule(tiny, "share", for_each="instrument", money=among, at_most="80 %", of=among)
    assert list(both.problems_in(tiny.lines)) == []
    assert measured(both, tiny.lines) == {
        ("ndici", AT_MOST): exact("22", "20.8", "-1.2"),  # 80 % of 26
        ("amif", AT_MOST): exact("4", "20.8", "16.8"),
    }


def test_marker_on_both_sides(tiny):
    oda = rule(tiny, "share", money={"instrument": "ndici", "marker": "oda"}, at_least="70 %", of={"instrument": "ndici"})
    row = terms(oda, tiny.lines)["", AT_LEAST]
    assert row["ndici|tunisia|smuggling|2025"] == pytest.approx(0.6 - 0.7)
    assert row["ndici|egypt|legal-pathways|2026"] == pytest.approx(1 - 0.7)
    assert measured(oda, tiny.lines) == {("", AT_LEAST): exact("15.1", "15.4", "-0.3")}  # 0.6 × 15 + 0.7 × 3 + 4; 70 % of 22
    of_oda = rule(tiny, "share", money={"area": "legal-pathways", "marker": "oda"}, at_least="50 %", of={"marker": "oda"})
    assert measured(of_oda, tiny.lines) == {("", AT_LEAST): exact("5.5", "9.6", "-4.1")}  # 4 + 1.5; half of 19.2


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"of": {"ceiling": {"instrument": "ndici"}}}, "27.5"),  # the total of 55, before the reserve, not 60 from the years
        ({"of": {"ceiling": {"instrument": "amif"}}}, "10"),  # 10 + 10: no total
        ({"of": {"ceiling": {"instrument": ["ndici", "amif"]}}}, "37.5"),
        ({"of": {"ceiling": {"instrument": "ndici", "year": "2025"}}}, "15"),
        ({"of": "40"}, "20"),
        ({"of": {"amount": "40"}}, "20"),
    ],
    ids=str,
)
def test_of_ceilings_and_amounts(tiny, fields, limit):
    half = rule(tiny, "share", money={"instrument": "ndici"}, at_most="50 %", **fields)
    assert terms(half, tiny.lines) == {("", AT_MOST): dict.fromkeys(lines_like(tiny.lines, "ndici|*"), 1.0)}
    assert limits(half, tiny.lines) == {("", AT_MOST): (-inf, float(limit))}
    assert measured(half, tiny.lines)["", AT_MOST] == (*exact("22", limit), exact(limit)[0] - 22)


def test_members_restrict_ceilings(tiny):
    yearly = rule(
        tiny, "share", for_each=["instrument", "year"], money={"instrument": ["ndici", "amif"]}, at_most="50 %", of={"ceiling": {}}
    )
    assert measured(yearly, tiny.lines) == {
        ("ndici|2025", AT_MOST): exact("18", "15", "-3"),
        ("ndici|2026", AT_MOST): exact("4", "15", "11"),
        ("amif|2025", AT_MOST): exact("2", "5", "3"),
        ("amif|2026", AT_MOST): exact("2", "5", "3"),
    }
    all_year = rule(
        tiny, "share", for_each="year", money={"instrument": "amif"}, at_most="50 %", of={"ceiling": {"instrument": "amif", "year": "all"}}
    )
    assert limits(all_year, tiny.lines) == {("2025", AT_MOST): (-inf, 10.0), ("2026", AT_MOST): (-inf, 10.0)}


def test_an_exact_share_holds_to_within_one_step_of_the_amount(tiny):
    half = rule(tiny, "share", money={"area": "smuggling"}, exactly="50 %", of={})
    assert limits(half, tiny.lines) == {("", EXACTLY): (-0.1, 0.1)}

    def headroom(smuggling, returns):
        ledger = {"ndici|tunisia|smuggling|2025": smuggling, "ndici|tunisia|returns|2025": returns}
        return measured(half, tiny.lines, ledger)["", EXACTLY][2]

    assert headroom("1", "1") == 0
    assert headroom("1", "1.1") == 0  # 0.05 off
    assert headroom("1", "1.2") == 0  # 0.1 off: one step
    assert headroom("1", "1.3") == exact("-0.05")[0]


def test_an_exact_share_of_a_constant_holds_to_within_one_step_too(tiny):
    quarter = rule(tiny, "share", money={"area": "returns"}, exactly="25.2 %", of="40")  # 10.08
    assert limits(quarter, tiny.lines) == {("", EXACTLY): (pytest.approx(9.98), pytest.approx(10.18))}
    for amount, off in (("10", "0"), ("10.1", "0"), ("9.9", "-0.08"), ("10.2", "-0.02")):
        assert measured(quarter, tiny.lines, {"ndici|tunisia|returns|2025": amount})["", EXACTLY] == exact(amount, "10.08", off)


def test_limit_zero(tiny):
    none = rule(tiny, "share", money={"area": "returns"}, at_most="0 %", of={})
    assert {key: value for key, value in terms(none, tiny.lines)["", AT_MOST].items() if value} == dict.fromkeys(
        lines_like(tiny.lines, "*|returns|*"), 1.0
    )
    assert measured(none, tiny.lines) == {("", AT_MOST): exact("5", "0", "-5")}


def test_money_outside_its_base_may_exceed_it(tiny):
    matching = rule(tiny, "share", money={"instrument": "amif"}, at_least="150 %", of={"instrument": "member-states"})
    assert list(matching.problems_in(tiny.lines)) == []
    assert measured(matching, tiny.lines) == {("", AT_LEAST): exact("4", "2.25", "1.75")}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"of": {}, "at_most": "90 %"}, (("of",), "'of' is the same money", "a share of itself is always 100 %: widen 'of'")),
        (
            {"of": {}, "money": {"area": "returns"}, "at_most": "120 %"},
            (("at_most",), "a share above 100 %: 120 %", "a part cannot exceed the whole: write 100 % or less"),
        ),
        ({"of": {}, "money": {"area": "returns"}, "at_most": "1.5"}, (("at_most",), "a share above 100 %: 1.5", "write 1.5 %")),
        (
            {"of": {"ceiling": {"area": "returns"}}, "at_most": "10 %"},
            (("of",), "ceilings belong to instruments and years only", "name only instrument and year under 'ceiling'"),
        ),
        (
            {"of": {"ceiling": {"instrument": "member-states"}}, "at_most": "10 %"},
            (
                ("of",),
                "these instruments have no ceiling that counts",
                "take memo money, and a partner's given money, out of 'money' or 'of'",
            ),
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_problems_of_the_rule(tiny, fields, said):
    ((path, message, hint),) = rule(tiny, "share", **fields).problems_in(tiny.lines)
    assert (path, message.replace("\u00a0", " "), hint) == said


def test_a_total_alone_is_no_yearly_base(variant):
    scenario = load(variant(("ceiling: {each: 10}", "ceiling: 20")))
    yearly = rule(scenario, "share", for_each="year", money={"instrument": "amif"}, at_most="50 %", of={"ceiling": {"instrument": "amif"}})
    assert [message for _, message, _ in yearly.problems_in(scenario.lines)] == ["instrument 'amif' has no ceiling for these years"]


def test_ceilings_are_those_of_planned_instruments_before_their_reserve(tiny):
    # 55 of NDICI and 20 of AMIF: the Member States' money is given, the guarantee is memo; NDICI's reserve of 5 % counts too.
    whole = rule(tiny, "share", money={"area": "returns"}, at_most="10 %", of={"ceiling": {}})
    assert list(whole.problems_in(tiny.lines)) == []
    assert limits(whole, tiny.lines) == {("", AT_MOST): (-inf, 7.5)}
    each = rule(tiny, "share", for_each="instrument", at_most="50 %", of={"ceiling": {}})
    assert [message for _, message, _ in each.problems_in(tiny.lines)] == ["'member-states' has no ceiling that counts"]


NORTH = {
    "for_each": "partnership",
    "money": {"instrument": "ndici", "area": "legal-pathways"},
    "at_least": "20 %",
    "of": {"without": "area"},
}


def test_without_leaves_a_dimension_of_money_open(tiny):
    floor = rule(tiny, "share", unless={"partnership": "sahel"}, **NORTH)
    assert list(floor.problems_in(tiny.lines)) == []
    rows = terms(floor, tiny.lines)
    assert set(rows) == {("tunisia", AT_LEAST), ("egypt", AT_LEAST)}
    for (member, _), row in rows.items():  # NDICI alone: neither AMIF's money nor the Member States'
        expected = dict.fromkeys(lines_like(tiny.lines, f"ndici|{member}|*"), -0.2)
        expected |= dict.fromkeys(lines_like(tiny.lines, f"ndici|{member}|legal-pathways|*"), 0.8)
        assert row == pytest.approx(expected)
    assert measured(floor, tiny.lines) == {
        ("tunisia", AT_LEAST): exact("4", "1.8", "2.2"),  # 20 % of 9
        ("egypt", AT_LEAST): exact("0", "0.6", "-0.6"),  # 20 % of 3
    }


def test_without_is_the_same_as_writing_it_out(tiny):
    for money, unless, without, written in (
        ({"instrument": "ndici", "area": "returns"}, None, "area", {"instrument": "ndici"}),
        ({"instrument": "ndici", "area": "returns", "year": "2025"}, None, ["area", "year"], {"instrument": "ndici"}),
        ({"instrument": "ndici", "marker": "oda"}, None, "marker", {"instrument": "ndici"}),
        ({"area": "returns", "marker": "oda"}, None, "area", {"marker": "oda"}),
        ({"area": ["returns", "smuggling"]}, {"area": "smuggling", "partnership": "egypt"}, "area", {}),  # Egypt's returns are money
    ):
        pair = [rule(tiny, "share", money=money, unless=unless, at_most="30 %", of=of) for of in ({"without": without}, written)]
        assert measured(pair[0], tiny.lines) == measured(pair[1], tiny.lines), money
    # What `unless` takes out of every area stays out: Egypt's 6.5 of 27.5.
    but_egypt = rule(tiny, "share", money={"area": "returns"}, unless={"partnership": "egypt"}, at_most="50 %", of={"without": "area"})
    assert measured(but_egypt, tiny.lines)["", AT_MOST] == exact("2", "10.5", "8.5")


def test_members_do_not_restrict_what_is_left_open(tiny):
    fields = {"for_each": ["area", "year"], "money": {"instrument": ["ndici", "amif"]}, "at_most": "60 %"}
    open_areas, named = (
        rule(tiny, "share", of=of, **fields) for of in ({"without": "area"}, {"instrument": ["ndici", "amif"], "area": "all"})
    )
    assert measured(open_areas, tiny.lines) == measured(named, tiny.lines)
    assert measured(open_areas, tiny.lines)["returns|2025", AT_MOST] == exact("5", "12", "7")  # 60 % of 20


@pytest.mark.parametrize(
    ("of", "message", "hint"),
    [
        ({"without": "aera"}, "cannot leave 'aera' open", "did you mean 'area'?"),
        ({"without": []}, "nothing is left open", "name one of them, such as area, or write a selection"),
        (
            {"without": "area", "year": "2025"},
            "'without' stands alone under 'of'",
            "everything else is that of 'money': write {without: area}",
        ),
    ],
    ids=str,
)
def test_without_names_dimensions_and_stands_alone(tiny, of, message, hint):
    with pytest.raises(ValidationError) as caught:
        rule(tiny, "share", money={"area": "returns"}, at_most="30 %", of=of)
    context = caught.value.errors()[0]["ctx"]
    assert (context["message"], context["hint"]) == (message, hint)


def test_without_must_open_something(tiny):
    ((path, message, _),) = rule(tiny, "share", money={"area": "returns"}, at_most="30 %", of={"without": "year"}).problems_in(tiny.lines)
    assert (path, message) == (("of",), "'of' is the same money")


def remarks_on(scenario, **fields):
    return [f"{message} ({hint})" for _, message, hint in rule(scenario, "share", **fields).remarks_on(scenario.lines)]


def test_a_base_that_money_can_never_fill_is_doubted(tiny):
    money = {"instrument": "ndici", "area": "legal-pathways"}
    (said,) = remarks_on(tiny, money=money, at_least="20 %", of={})
    assert "'of' also holds money that can never be 'money': instrument amif, member-states (write of: {without: area}" in said
    assert remarks_on(tiny, money=money, at_most="20 %", of={}) == []  # an upper limit leaves nothing unspent
    assert remarks_on(tiny, money=money, at_least="20 %", of={"without": "area"}) == []
    assert remarks_on(tiny, money=money, at_least="20 %", of={"instrument": "all"}) == []  # said in so many words
    assert remarks_on(tiny, money=money, at_least="20 %", of={}, watch="true") == []
    assert remarks_on(tiny, money={"area": "returns"}, at_least="20 %", of={}) == []  # a plain earmark
    assert remarks_on(tiny, money={"area": "returns"}, unless={"partnership": "egypt"}, at_least="20 %", of={}) != []
    assert (
        remarks_on(tiny, for_each="partnership", money={"area": "returns"}, unless={"partnership": "egypt"}, at_least="20 %", of={}) == []
    )
