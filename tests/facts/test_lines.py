"""Eligible lines worked out by hand, and the sentences that refuse the others."""

import numpy as np
import pytest

from fundalloc.facts.lines import exception, refusal
from fundalloc.scenario.loading import load


def position(scenario, key):
    return tuple(d.index(word) for d, word in zip(scenario.facts.dimensions, key.split("|"), strict=True))


def refused(scenario, key):
    return refusal(scenario.facts, position(scenario, key))


def line(scenario, key):
    """(decided steps, eligible, fixed) of a line, or None when there is no such line."""
    lines = scenario.lines
    if key not in lines.keys:
        return None
    k = lines.keys.index(key)
    return int(lines.decided[k]), bool(lines.eligible[k]), bool(lines.fixed[k])


def eligible_by_hand():
    """Every line of the tiny case: NDICI for North Africa and the Sahel, AMIF for everybody, and the exceptions."""
    keys = []
    for instrument, partnerships in (("ndici", ["tunisia", "egypt", "sahel", "global"]), ("amif", ["tunisia", "egypt", "sahel", "global"])):
        for partnership in partnerships:
            for area in ("smuggling", "returns", "legal-pathways"):
                for year in ("2025", "2026"):
                    if (instrument, partnership) == ("ndici", "global") and (area, year) != ("smuggling", "2026"):
                        continue  # not among its partners, except where allowed
                    if (partnership, area, year) == ("sahel", "returns", "2025"):
                        continue  # excluded
                    keys.append(f"{instrument}|{partnership}|{area}|{year}")
    return [*keys, "member-states|egypt|legal-pathways|2025"]  # decided money


def test_all_lines_in_order(tiny):
    assert tiny.lines.keys == eligible_by_hand()
    assert len(tiny.lines) == 42


def test_order_is_by_instrument_partnership_area_and_year(tiny):
    codes = list(zip(*(code.tolist() for code in tiny.lines.codes), strict=True))
    assert codes == sorted(codes)


def test_decided_money_states(tiny):
    assert line(tiny, "ndici|tunisia|smuggling|2025") == (35, True, False)  # committed: at least
    assert line(tiny, "amif|global|returns|2025") == (20, True, True)  # locked: exactly
    assert line(tiny, "member-states|egypt|legal-pathways|2025") == (15, False, True)  # given, and not eligible
    assert line(tiny, "guarantee|egypt|legal-pathways|2026") is None  # memo money is shown, never counted
    assert tiny.facts.memo.amount.tolist() == [400]
    assert tiny.facts.decided.amount.tolist() == [35, 20, 15]


def test_decisions_on_one_line_add_up_and_one_exact_fixes_it(variant):
    more = "  - {instrument: ndici, partnership: tunisia, area: smuggling, year: 2025, amount: 1.2, state: %s, decision: Second}\n"
    old = "  - {instrument: amif, partnership: global, area: returns"
    assert line(load(variant((old, more % "committed" + old))), "ndici|tunisia|smuggling|2025") == (47, True, False)
    assert line(load(variant((old, more % "locked" + old))), "ndici|tunisia|smuggling|2025") == (47, True, True)


def test_a_locked_zero_bars_new_money(variant):
    scenario = load(variant(("amount: 2, state: locked", "amount: 0, state: locked")))
    assert line(scenario, "amif|global|returns|2025") == (0, True, True)


def test_decided_money_stays_where_new_money_is_barred(variant):
    scenario = load(variant(("partnership: sahel, area: returns, year: 2025, reason:", "partnership: tunisia, area: smuggling, reason:")))
    assert line(scenario, "ndici|tunisia|smuggling|2025") == (35, False, True)
    assert line(scenario, "ndici|tunisia|smuggling|2026") is None
    assert line(scenario, "ndici|sahel|returns|2025") == (0, True, False)


def test_closed_years_are_fixed_to_decided_money(variant):
    scenario = load(variant(("years: 2025-2026", "years: 2025-2026\nclosed: 2025")))
    lines = scenario.lines
    first = lines.year == 0
    assert lines.fixed[first].all()
    assert not lines.fixed[~first].any()
    assert line(scenario, "ndici|tunisia|smuggling|2025") == (35, True, True)
    assert np.array_equal(lines.upper[first], lines.decided[first])


def test_upper_bounds(tiny):
    upper = dict(zip(tiny.lines.keys, tiny.lines.upper.tolist(), strict=True))
    assert upper["ndici|tunisia|returns|2025"] == 140  # absorption of 14
    assert upper["ndici|egypt|returns|2025"] == 200
    assert upper["ndici|global|smuggling|2026"] == 285  # the ceiling less reserve
    assert upper["amif|tunisia|returns|2025"] == 100
    assert upper["amif|global|returns|2025"] == 20
    assert upper["member-states|egypt|legal-pathways|2025"] == 15


def test_years_of_instruments_and_partnerships(variant):
    scenario = load(
        variant(("ceiling: {each: 10}", "ceiling: {each: 10}\n    years: 2026"), ("amount: 2, state: locked", "amount: 0, state: locked"))
    )
    assert {key.split("|")[3] for key in scenario.lines.keys if key.startswith("amif")} == {"2026"}
    scenario = load(variant(("absorption: 14", "absorption: 14, years: 2025")))
    assert {key.split("|")[3] for key in scenario.lines.keys if "tunisia" in key} == {"2025"}
    assert refused(scenario, "amif|tunisia|returns|2026") == "Tunisia takes no money in 2026"


def test_partners_by_tag_list_mapping_and_all(variant):
    def served(choice):
        scenario = load(variant(("partners: [north-africa, sahel]", f"partners: {choice}")))
        return [p for p in ("tunisia", "egypt", "sahel", "global") if line(scenario, f"ndici|{p}|legal-pathways|2025")]

    assert served('"status:full"') == ["tunisia", "egypt", "global"]
    assert served("level:bilateral") == ["tunisia", "egypt"]
    assert served("{route: central-med, status: limited}") == ["sahel"]
    assert served("[egypt, {route: central-med, level: regional}]") == ["egypt", "sahel"]
    assert served("all") == ["tunisia", "egypt", "sahel", "global"]


def test_free_partner_money_is_planned(variant):
    scenario = load(
        variant(
            ("    counts: partner\n", "    counts: partner\n    free: true\n    ceiling: 5\n"),
            ("needs:", "  - {marker: oda, area: returns, instrument: amif, coefficient: 0}\n\nneeds:"),
        )
    )
    assert refused(scenario, "member-states|egypt|legal-pathways|2025") == (
        "Member States may not fund Legal migration channels: no entry in the eligibility table"
    )
    scenario = load(
        variant(
            ("    counts: partner\n", "    counts: partner\n    free: true\n    ceiling: 5\n"),
            (
                "  - {instrument: amif, area: smuggling",
                "  - {instrument: member-states, area: returns}\n  - {instrument: amif, area: smuggling",
            ),
        )
    )
    assert line(scenario, "member-states|sahel|returns|2026") == (0, True, False)


def test_memo_money_is_never_planned(variant):
    scenario = load(
        variant(
            ("  - {instrument: amif, area: smuggling", "  - {instrument: guarantee, area: returns}\n  - {instrument: amif, area: smuggling")
        )
    )
    assert not [key for key in scenario.lines.keys if key.startswith("guarantee")]


def test_allow_wins_over_exclude_partners_and_the_eligibility_table(variant):
    scenario = load(
        variant(
            ("  - {instrument: ndici, area: smuggling}\n", ""),
            ("year: 2025, reason: Cooperation starts in 2026}", "reason: Suspended}\n  everywhere: {area: smuggling, reason: Nowhere}"),
            (
                "allow:\n",
                "allow:\n  sahel-2025: {instrument: amif, partnership: sahel, area: returns, year: 2025, reason: Voluntary return}\n",
            ),
        )
    )
    assert line(scenario, "ndici|global|smuggling|2026") == (0, True, False)  # no pair, no partner, excluded: allowed
    assert line(scenario, "amif|sahel|returns|2025") == (0, True, False)
    assert line(scenario, "amif|sahel|returns|2026") is None
    assert line(scenario, "ndici|sahel|returns|2025") is None


def test_allow_opens_no_grouping_and_no_partner_money(variant):
    scenario = load(variant(("allow:\n", "allow:\n  wide: {area: returns, reason: All}\n")))
    assert refused(scenario, "ndici|north-africa|returns|2025") == "North Africa is a grouping: money goes to those within it"
    assert refused(scenario, "member-states|egypt|returns|2025") == "Member States is partner money: only what is decided counts"
    assert refused(scenario, "ndici|global|returns|2025") is None


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("ndici|tunisia|smuggling|2025", None),
        ("ndici|global|smuggling|2026", None),
        ("ndici|global|smuggling|2025", "NDICI-Global Europe does not serve Global programme (instruments.ndici.partners)"),
        ("amif|sahel|returns|2025", "Cooperation starts in 2026 (sahel-returns)"),
        ("ndici|north-africa|returns|2025", "North Africa is a grouping: money goes to those within it"),
        ("member-states|egypt|returns|2025", "Member States is partner money: only what is decided counts"),
        ("guarantee|egypt|returns|2025", "Guarantees is memo money: only what is decided counts"),
    ],
)
def test_refusals(tiny, key, sentence):
    assert refused(tiny, key) == sentence


def test_more_refusals(variant):
    scenario = load(
        variant(
            ("  - {instrument: ndici, area: returns, effectiveness: 0.8}\n", ""),
            ("reserve: 5 %", "reserve: 5 %\n    years: 2025"),
            ("reason: Cooperation starts in 2026", "reason: Cooperation starts in 2026, source: Council conclusions"),
        )
    )
    assert (
        refused(scenario, "ndici|egypt|returns|2025")
        == "NDICI-Global Europe may not fund Return and reintegration: no entry in the eligibility table"
    )
    assert refused(scenario, "ndici|egypt|smuggling|2026") == "NDICI-Global Europe may not commit in 2026"
    assert refused(scenario, "amif|sahel|returns|2025") == "Cooperation starts in 2026 (sahel-returns: Council conclusions)"


def test_every_refusal_agrees_with_the_lines(tiny):
    eligible = {key for key, may in zip(tiny.lines.keys, tiny.lines.eligible, strict=True) if may}
    dimensions = tiny.facts.dimensions
    for i, instrument in enumerate(dimensions.instrument.ids):
        for p, partnership in enumerate(dimensions.partnership.ids):
            for a, area in enumerate(dimensions.area.ids):
                for t, year in enumerate(dimensions.year.ids):
                    key = f"{instrument}|{partnership}|{area}|{year}"
                    assert (refusal(tiny.facts, (i, p, a, t)) is None) == (key in eligible), key


def test_exceptions_say_why(tiny):
    opened = exception(tiny.facts, position(tiny, "ndici|global|smuggling|2026"))
    assert opened == "Worldwide information campaign (global-smuggling)"
    assert exception(tiny.facts, position(tiny, "ndici|global|smuggling|2025")) is None
