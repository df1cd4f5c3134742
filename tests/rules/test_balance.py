from fractions import Fraction
from math import inf

import pytest
from paper import AT_LEAST, AT_MOST, EXACTLY, demanded, exact, limits, measured, rule, terms

from fundalloc.scenario.loading import load

# Needs: Tunisia 12 + 10 + 8 = 30, Egypt 15 + 8 + 12.5 = 35.5, Sahel 20 + 9 = 29, global 6; together 100.5.
# Coverage money of the ledger: Tunisia 5 + 4 = 9, Egypt 0.8 × 3 + 0.5 × 2 + 1.5 = 4.9, Sahel 10, global 2; together 25.9.
NEEDS = {"tunisia": Fraction(30), "egypt": Fraction("35.5"), "sahel": Fraction(29), "global": Fraction(6)}
MONEY = {"tunisia": Fraction(9), "egypt": Fraction("4.9"), "sahel": Fraction(10), "global": Fraction(2)}


def effectiveness(key):
    return {("ndici", "returns"): 0.8, ("amif", "smuggling"): 0.5}.get((key.split("|")[0], key.split("|")[2]), 1.0)


def test_rows(tiny):
    fair = rule(tiny, "balance", for_each="partnership", at_least="60 %", at_most="170 %")
    rows = terms(fair, tiny.lines)
    assert len(rows) == 8
    for member, need in (("tunisia", 30), ("global", 6)):
        for sense, share in ((AT_LEAST, 0.6), (AT_MOST, 1.7)):
            expected = {key: effectiveness(key) * (("|" + member + "|" in key) - share * need / 100.5) for key in tiny.lines.keys}
            assert rows[member, sense] == pytest.approx(expected)
    assert limits(fair, tiny.lines)["egypt", AT_LEAST] == (0.0, inf)
    assert limits(fair, tiny.lines)["egypt", AT_MOST] == (-inf, 0.0)


def test_findings_by_hand(tiny):
    fair = rule(tiny, "balance", for_each="partnership", at_least="60 %")
    found = measured(fair, tiny.lines)
    for member, need in NEEDS.items():
        limit = Fraction("0.6") * need * Fraction("25.9") / Fraction("100.5")
        assert found[member, AT_LEAST] == (MONEY[member], limit, MONEY[member] - limit)
    assert round(float(found["egypt", AT_LEAST][1]), 4) == 5.4893
    assert found["egypt", AT_LEAST][2] < 0 < found["sahel", AT_LEAST][2]


def test_a_figure_for_one_member_still_compares_with_all(tiny):
    fair = rule(tiny, "balance", for_each="partnership", at_least={"egypt": "60 %"})
    limit = Fraction("0.6") * Fraction("35.5") * Fraction("25.9") / Fraction("100.5")
    assert measured(fair, tiny.lines) == {("egypt", AT_LEAST): (Fraction("4.9"), limit, Fraction("4.9") - limit)}
    row = terms(fair, tiny.lines)["egypt", AT_LEAST]
    assert row["ndici|sahel|smuggling|2026"] == pytest.approx(-0.6 * 35.5 / 100.5)


def test_areas_of_some_partnerships(tiny):
    areas = rule(tiny, "balance", for_each="area", money={"partnership": "level:bilateral"}, at_least="50 %")
    # Needs 27, 18 and 20.5, together 65.5; coverage money 5 + 1 = 6, 2.4 and 5.5, together 13.9.
    found = measured(areas, tiny.lines)
    assert found["smuggling", AT_LEAST][:2] == (6, Fraction("0.5") * 27 * Fraction("13.9") / Fraction("65.5"))
    assert found["returns", AT_LEAST][:2] == (Fraction("2.4"), Fraction("0.5") * 18 * Fraction("13.9") / Fraction("65.5"))
    assert found["legal-pathways", AT_LEAST][0] == Fraction("5.5")
    assert not [key for key in terms(areas, tiny.lines)["returns", AT_LEAST] if "sahel" in key or "global" in key]


def test_unless_takes_needs_out_with_their_money(tiny):
    fair = rule(tiny, "balance", for_each="partnership", unless={"area": "returns"}, at_least="100 %")
    # Needs 20, 27.5 and 20, together 67.5; coverage money 9, 2.5 and 10, together 21.5. Global needs nothing else.
    found = measured(fair, tiny.lines)
    assert [member for member, _ in found] == ["tunisia", "egypt", "sahel"]
    assert found["tunisia", AT_LEAST][:2] == (9, 20 * Fraction("21.5") / Fraction("67.5"))


def test_unless_of_an_instrument_leaves_the_needs(tiny):
    fair = rule(tiny, "balance", for_each="partnership", unless={"instrument": "amif"}, at_least="100 %")
    # Money without AMIF: 9, 3.9, 10 and 0, together 22.9; global has lines (the exception) and its need of 6.
    assert measured(fair, tiny.lines)["global", AT_LEAST][:2] == (0, 6 * Fraction("22.9") / Fraction("100.5"))


def test_members_without_need_are_left_out(tiny):
    smuggling = rule(tiny, "balance", for_each="partnership", money={"area": "smuggling"}, at_least="50 %")
    assert [member for member, _ in demanded(smuggling.demands(tiny.lines))] == ["tunisia", "egypt", "sahel"]
    assert smuggling.skipped(tiny.lines) == [("global",)]
    assert not [key for key in terms(smuggling, tiny.lines)["egypt", AT_LEAST] if "|global|" in key]


def test_an_overlapping_tag_group(tiny):
    routes = rule(tiny, "balance", for_each="route", at_least="50 %")
    # Central: needs 94.5, money 23.9. East (Egypt again): 35.5 and 4.9. Together 130 and 28.8.
    assert measured(routes, tiny.lines)["east-med", AT_LEAST][:2] == (
        Fraction("4.9"),
        Fraction("0.5") * Fraction("35.5") * Fraction("28.8") / 130,
    )


def test_exactly_holds_to_within_one_step(tiny):
    two = {"partnership": ["tunisia", "sahel"], "area": "smuggling"}  # needs 12 and 20
    equal = rule(tiny, "balance", for_each="partnership", money=two, exactly="100 %")
    ledger = {"ndici|tunisia|smuggling|2025": "3.7", "ndici|sahel|smuggling|2025": "6.3"}  # fair: 3.75 and 6.25
    assert measured(equal, tiny.lines, ledger) == {
        ("tunisia", EXACTLY): exact("3.7", "3.75", "0"),
        ("sahel", EXACTLY): exact("6.3", "6.25", "0"),
    }
    ledger = {"ndici|tunisia|smuggling|2025": "4", "ndici|sahel|smuggling|2025": "6"}
    assert measured(equal, tiny.lines, ledger)["tunisia", EXACTLY] == exact("4", "3.75", "-0.15")


def test_limit_zero_never_binds(tiny):
    loose = rule(tiny, "balance", for_each="partnership", at_least="0 %")
    assert all(limit == 0 and headroom >= 0 for _, limit, headroom in measured(loose, tiny.lines).values())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"for_each": "year"}, "needs are known per partnership and area only"),
        ({"for_each": ["partnership", "family"]}, "needs are known per partnership and area only"),
        ({}, "needs are known per partnership and area only"),
        ({"for_each": "area", "money": {"marker": "oda"}}, "a balance compares coverage; a marker has no need"),
    ],
    ids=str,
)
def test_problems_of_the_rule(tiny, fields, message):
    assert [said for _, said, _ in rule(tiny, "balance", at_least="60 %", **fields).problems_in(tiny.lines)] == [message]


def test_without_any_need_there_is_nothing_to_balance(variant):
    scenario = load(variant(("  - {partnership: global, area: returns, need: 6, priority: 0.7}\n", "")))
    lonely = rule(scenario, "balance", for_each="partnership", money={"partnership": "global"}, at_least="60 %")
    assert [said for _, said, _ in lonely.problems_in(scenario.lines)] == ["no member of this rule has a need"]
    assert len(lonely.demands(scenario.lines)) == 0


def test_a_member_with_given_money_alone_counts_and_is_doubted(tiny):
    # By instrument's kind: money of the Member States reaches Egypt's legal pathways only, and all of it is given.
    given = rule(tiny, "balance", for_each="partnership", money={"instrument": "member-states"}, at_least="60 %")
    assert list(measured(given, tiny.lines)) == [("egypt", AT_LEAST)]
    areas = {
        "for_each": "area",
        "money": {"instrument": ["amif", "member-states"]},
        "unless": {"instrument": "amif", "area": "legal-pathways"},
    }
    mixed = rule(tiny, "balance", at_least="60 %", **areas)
    rows = terms(mixed, tiny.lines)
    assert rows["legal-pathways", AT_LEAST]["member-states|egypt|legal-pathways|2025"] > 0
    assert rows["legal-pathways", AT_LEAST]["amif|tunisia|returns|2025"] < 0  # the others' money raises what is asked of it
    ((path, message, _),) = mixed.remarks_on(tiny.lines)
    assert (path, message.split(":")[0]) == (("money",), "'legal-pathways' has decided money alone")
    assert list(rule(tiny, "balance", at_most="160 %", **areas).remarks_on(tiny.lines)) == []
    assert list(rule(tiny, "balance", for_each="partnership", at_least="60 %").remarks_on(tiny.lines)) == []
