from math import inf

from paper import AT_MOST, exact, limits, lines_like, measured, terms

from fundalloc.rules import built_in_rules
from fundalloc.scenario.loading import load


def absorption():
    return next(rule for rule in built_in_rules() if rule.kind == "absorption")


def test_rows(tiny):
    assert limits(absorption(), tiny.lines) == {
        (f"{partnership}|{year}", AT_MOST): (-inf, limit)
        for partnership, limit in (("tunisia", 14.0), ("egypt", 20.0), ("sahel", 20.0))  # nobody limits the global programme
        for year in (2025, 2026)
    }
    rows = terms(absorption(), tiny.lines)
    assert rows["egypt|2025", AT_MOST] == dict.fromkeys(lines_like(tiny.lines, "*|egypt|*|2025"), 1.0)
    assert "member-states|egypt|legal-pathways|2025" in rows["egypt|2025", AT_MOST]


def test_findings_by_hand(tiny):
    assert measured(absorption(), tiny.lines)["egypt|2025", AT_MOST] == exact("4.5", "20", "15.5")  # 3 + 1.5
    assert measured(absorption(), tiny.lines)["sahel|2025", AT_MOST] == exact("10", "20", "10")


def test_a_grouping_limits_its_whole_subtree(variant):
    scenario = load(variant(("{id: north-africa, name: North Africa}", "{id: north-africa, name: North Africa, absorption: 8}")))
    both = dict.fromkeys(lines_like(scenario.lines, "*|tunisia|*|2025", "*|egypt|*|2025"), 1.0)
    assert terms(absorption(), scenario.lines)["north-africa|2025", AT_MOST] == both
    assert measured(absorption(), scenario.lines)["north-africa|2025", AT_MOST] == exact("9.5", "8", "-1.5")  # 5 + 4.5
    assert measured(absorption(), scenario.lines)["north-africa|2026", AT_MOST] == exact("6", "8", "2")


def test_a_figure_per_year(variant):
    scenario = load(variant(("absorption: 14", "absorption: 14, absorption.2026: 0")))
    found = measured(absorption(), scenario.lines)
    assert found["tunisia|2025", AT_MOST] == exact("5", "14", "9")
    assert found["tunisia|2026", AT_MOST] == exact("4", "0", "-4")
    only_one = load(variant(("absorption: 14", "absorption.2026: 3")))
    assert [key for key, _ in limits(absorption(), only_one.lines) if key.startswith("tunisia")] == ["tunisia|2026"]


def test_absorption_is_cut_to_whole_steps(variant):
    scenario = load(variant(("absorption: 14", "absorption: 14.07")))
    assert limits(absorption(), scenario.lines)["tunisia|2025", AT_MOST] == (-inf, 14.0)
