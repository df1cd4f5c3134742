from fractions import Fraction

import pytest

from conftest import FIXED_TEXT
from fundalloc.scenario.loading import load

pytestmark = pytest.mark.lowest


def reserve(scenario, name):
    return next(i.reserve for i in scenario.facts.instruments if i.id == name)


def ceiling(scenario, name):
    found = next(i.ceiling for i in scenario.facts.instruments if i.id == name)
    return found.each, found.total


def needs(scenario):
    facts = scenario.facts
    rows = zip(facts.needs.partnership, facts.needs.area, facts.needs.need.values, facts.needs.priority.values, strict=True)
    return {(facts.partnerships[p].id, facts.areas[a].id): (float(n), float(w)) for p, a, n, w in rows}


def test_the_tiny_case(fixed):
    assert (fixed.id, str(fixed.head.title)) == ("tiny", "A made-up case, small enough to solve on paper")
    assert (fixed.facts.years, fixed.facts.step, fixed.decimals) == ((2025, 2026), Fraction(1, 10), 1)
    assert [i.id for i in fixed.facts.instruments] == ["ndici", "amif", "member-states", "guarantee"]
    assert [p.id for p in fixed.facts.partnerships] == ["north-africa", "tunisia", "egypt", "sahel", "global"]
    assert [rule.id for rule in fixed.written_rules] == ["legal-floor", "packages", "oda"]
    assert [rule.id for rule in fixed.rules[3:]] == ["absorption", "ceiling", "transfer"]
    assert ceiling(fixed, "ndici") == ({2025: 30, 2026: 30}, 55)
    assert reserve(fixed, "ndici") == Fraction(1, 20)
    assert needs(fixed)["tunisia", "smuggling"] == (12.0, 1.2)
    assert needs(fixed)["egypt", "smuggling"] == (15.0, 1.0)
    assert fixed.summary() == {"instruments": 4, "partnerships": 4, "areas": 3, "years": 2, "lines": 42, "rules": 3, "demands": 6}
    assert str(fixed.places["oda"]).endswith("fixed.yaml:101:3")


def test_the_same_files_give_the_same_digest_and_any_figure_another(fixed, write, variant):
    assert load(write("again.yaml", FIXED_TEXT)).digest == fixed.digest
    assert load(write("again.yaml", "# a comment\n" + FIXED_TEXT)).digest == fixed.digest
    assert load(variant(("need: 12.5", "need: 12.6"))).digest != fixed.digest


def test_figures_in_a_file_count_in_the_digest(variant, write):
    path = variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.csv, column: floor}"))
    write("floors.csv", "partnership,floor\ntunisia,12\negypt,6.5\n")
    before = load(path)
    write("floors.csv", "partnership,floor\ntunisia,12\negypt,6.6\n")
    assert load(path).digest != before.digest


def test_figures_from_a_table(fixed, variant, write, worksheet):
    there = fixed.rules[1].at_least
    write("floors.csv", "partnership,floor,note\ntunisia,12,x\negypt,6.5,\nsahel,,none\n")
    assert load(variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.csv, column: floor}"))).rules[1].at_least == there
    write("floors.csv", "partnership;floor\ntunisia;12,0\negypt;6,5\n")
    assert load(variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.csv, column: floor}"))).rules[1].at_least == there
    worksheet("floors.xlsx", "Floors", [["partnership", "floor"], ["tunisia", 12], ["egypt", 6.5]])
    assert load(variant(("{tunisia: 12, egypt: 6.5}", "{file: floors.xlsx#Floors, column: floor}"))).rules[1].at_least == there


def test_figures_of_two_dimensions_from_a_table(variant, write):
    write("floors.csv", "partnership,area,floor\ntunisia,returns,1\negypt,smuggling,2\n")
    path = variant(
        (
            "for_each: partnership\n    at_least: {tunisia: 12, egypt: 6.5}",
            "for_each: [partnership, area]\n    at_least: {file: floors.csv, column: floor}",
        )
    )
    assert load(path).rules[1].demands(load(path).lines).member == [("tunisia", "returns"), ("egypt", "smuggling")]


@pytest.mark.parametrize(
    ("setting", "read", "expected"),
    [
        ("round_to=0.5", lambda s: s.facts.step, Fraction(1, 2)),
        ("instruments.ndici.reserve=10 %", lambda s: reserve(s, "ndici"), Fraction(1, 10)),
        ("instruments.ndici.ceiling=inherited + 10 %", lambda s: ceiling(s, "ndici"), ({2025: 33, 2026: 33}, Fraction("60.5"))),
        ("instruments.ndici.ceiling.each.2026=12", lambda s: ceiling(s, "ndici")[0], {2025: 30, 2026: 12}),
        ("instruments.amif.ceiling.each.2026=0", lambda s: ceiling(s, "amif")[0], {2025: 10, 2026: 0}),
        ("instruments.amif.years=[2026]", lambda s: s.facts.instruments[1].years, (2026,)),
        ("rules.oda.soft=3", lambda s: s.rules[2].soft, 3),
        ("rules.oda.exactly=70%", lambda s: (s.rules[2].at_least, len(s.rules[2].exactly)), (None, 1)),
        ("rules.oda={off: true, reason: a test}", lambda s: s.switched_off["rules"], {"oda": "a test"}),
        ("title='A = b'", lambda s: str(s.head.title), "A = b"),
        (" author = me ", lambda s: s.head.author, "me"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings(write, setting, read, expected):
    assert read(load(write("scenario.yaml", FIXED_TEXT), settings=[setting])) == expected


def test_settings_apply_in_order_and_build_on_each_other(write):
    path = write("scenario.yaml", FIXED_TEXT)
    scenario = load(
        path, settings=["instruments.amif.ceiling.each=20", "instruments.amif.ceiling.each=inherited + 5", "author=a", "author=b"]
    )
    assert (ceiling(scenario, "amif")[0], scenario.head.author) == ({0: 25}, "b")


def test_a_setting_may_create_a_rule(write):
    rule = "rules.cap={kind: amount, says: Cap, money: {area: returns}, at_most: 9, source: assumption}"
    assert [r.id for r in load(write("scenario.yaml", FIXED_TEXT), settings=[rule]).written_rules] == [
        "legal-floor",
        "packages",
        "oda",
        "cap",
    ]


def adjusted(child, entry, head=""):
    return load(child(f"{head}adjust:\n  cut: [{entry}]\n"))


def test_adjust_ceilings(child):
    scenario = adjusted(child, '{instrument: "family:external", ceiling: inherited - 10 %, reason: cut}')
    assert ceiling(scenario, "ndici") == ({2025: 27, 2026: 27}, Fraction("49.5"))
    assert ceiling(scenario, "amif") == ({0: 10}, None)


def test_adjust_some_years(child):
    scenario = adjusted(child, "{instrument: [ndici, amif], year: 2026, ceiling: inherited - 10 %}")
    assert ceiling(scenario, "ndici") == ({2025: 30, 2026: 27}, Fraction("52.25"))  # half of the years' money: 5 % of 55
    assert ceiling(scenario, "amif") == ({2025: 10, 2026: 9}, None)


def test_adjust_takes_away_what_an_instrument_need_not_have(child, complaints):
    states = "instruments: {member-states: {ceiling: {each: {2025: 5}}}}\n"
    scenario = adjusted(child, "{instrument: [ndici], reserve: none}, {instrument: member-states, ceiling: none}", states)
    assert reserve(scenario, "ndici") == 0
    assert next(i.ceiling for i in scenario.facts.instruments if i.id == "member-states") is None
    assert scenario.remarks == ()
    for entry, said in (
        ("{instrument: [ndici, amif], reserve: none}", "'amif' has no reserve to adjust (narrow the selection)"),
        ("{instrument: ndici, year: 2026, ceiling: none}", "a new ceiling for some years only"),
        ("{instrument: ndici, reserve: none}, {instrument: ndici, reserve: none}", "'ndici' has no reserve to adjust"),
        ("{instrument: ndici, reserve: none}, {instrument: ndici, reserve: 6 %}", "reserve 'none' of ndici is changed twice"),
        ("{instrument: ndici, reserve: 6 %}, {instrument: ndici, reserve: none}", "reserve '6 %' of ndici is changed twice"),
        ("{instrument: ndici, ceiling: none}", "'ndici' has no ceiling (write ceiling:"),
        ("{instrument: ndici, ceiling: 'none'}", "'none' is not a number"),
    ):
        (found,) = complaints(child(f"adjust:\n  cut: [{entry}]\n"))
        assert said in found, found


def test_adjust_leaves_closed_years_alone(child):
    scenario = adjusted(child, "{instrument: [ndici, amif], ceiling: inherited - 10 %}", head="closed: 2025\n")
    assert ceiling(scenario, "ndici")[0] == {2025: 30, 2026: 27}
    assert ceiling(scenario, "amif")[0] == {2025: 10, 2026: 9}


def test_adjust_several_things_in_order(child):
    scenario = load(
        child("""\
        adjust:
          more: {instrument: amif, ceiling: inherited + 10 %, reserve: 20 %}
          less: [{instrument: amif, ceiling: inherited - 50 %}, {instrument: ndici, reserve: inherited + 100 %}]
          never: {off: true, reason: not now}
    """)
    )
    assert ceiling(scenario, "amif") == ({2025: Fraction("5.5"), 2026: Fraction("5.5")}, None)
    assert (reserve(scenario, "amif"), reserve(scenario, "ndici")) == (Fraction(1, 5), Fraction(1, 10))


def test_adjust_needs_and_priorities(child, fixed):
    scenario = adjusted(
        child, "{partnership: north-africa, area: [smuggling, returns], need: inherited + 10 %, priority: inherited + 50 %}"
    )
    before, after = needs(fixed), needs(scenario)
    assert after["tunisia", "smuggling"] == pytest.approx((13.2, 1.8))
    assert after["egypt", "returns"] == pytest.approx((8.8, 1.35))
    assert after["egypt", "smuggling"] == pytest.approx((16.5, 1.5))  # no priority written: 1
    untouched = [pair for pair in before if pair[0] in ("sahel", "global") or pair[1] == "legal-pathways"]
    assert {pair: after[pair] for pair in untouched} == {pair: before[pair] for pair in untouched}


def test_adjust_writes_a_column_that_no_row_had(write):
    text = (
        FIXED_TEXT.replace(", priority: 1.2", "")
        .replace(", priority: 0.9", "")
        .replace(", priority: 1.1", "")
        .replace(", priority: 0.7", "")
    )
    path = write("scenario.yaml", text + "adjust:\n  up: {area: returns, priority: 2}\n")
    assert {weight for (_, area), (_, weight) in needs(load(path)).items() if area == "returns"} == {2.0}
    assert {weight for (_, area), (_, weight) in needs(load(path)).items() if area != "returns"} == {1.0}


def test_adjust_absorption(child):
    scenario = adjusted(child, '{partnership: "status:full", absorption: inherited + 50 %}')
    assert [p.absorption for p in scenario.facts.partnerships] == [None, {0: 21}, {0: 30}, {0: 20}, None]


def test_what_is_switched_off_is_gone_but_still_known(child):
    scenario = load(
        child("""\
        instruments:
          amif: {off: true, reason: not this time}
          guarantee: {off: true, reason: shown elsewhere}
        areas:
          smuggling: {off: true, reason: another paper}
        partnerships:
          change: [{id: egypt, off: true, reason: suspended}]
        exclude:
          sahel-returns: {off: true, reason: opened}
        rules:
          oda: {off: true, reason: replaced}
          east:
            kind: amount
            says: East
            money: {partnership: [tunisia, "route:east-med"], instrument: [ndici, "family:home"]}
            at_most: 9
            source: assumption
    """)
    )
    assert [i.id for i in scenario.facts.instruments] == ["ndici", "member-states"]
    assert [a.id for a in scenario.facts.areas] == ["returns", "legal-pathways"]
    assert scenario.facts.leaf_ids == {"tunisia", "sahel", "global"}
    assert set(scenario.lines.keys) == {
        f"ndici|{partnership}|{area}|{year}"
        for partnership in ("tunisia", "sahel")
        for area in ("returns", "legal-pathways")
        for year in (2025, 2026)
    }
    assert sorted(needs(scenario)) == [("global", "returns"), ("sahel", "returns"), ("tunisia", "legal-pathways"), ("tunisia", "returns")]
    assert scenario.switched_off == {
        "areas": {"smuggling": "another paper"},
        "instruments": {"amif": "not this time", "guarantee": "shown elsewhere"},
        "exclude": {"sahel-returns": "opened"},
        "rules": {"oda": "replaced"},
    }
    packages = next(rule for rule in scenario.rules if rule.id == "packages")
    assert packages.demands(scenario.lines).member == [("tunisia",)]  # Egypt's figure stays written and waits


def test_switched_on_again(child, write):
    child("instruments: {amif: {off: true, reason: not this time}}\nrules: {oda: {off: true, reason: replaced}}\n", name="off.yaml")
    scenario = load(write("on.yaml", "extends: off.yaml\ninstruments: {amif: {off: false}}\nrules: {oda: {off: false}}\n"))
    assert [i.id for i in scenario.facts.instruments] == ["ndici", "amif", "member-states", "guarantee"]
    assert [rule.id for rule in scenario.written_rules] == ["legal-floor", "packages", "oda"]


def test_own_steps_of_an_area(variant):
    scenario = load(variant(("short: Legal}", "short: Legal, steps: [{share: 40 %, value: 2}, {share: 60 %, value: 0.5}]}")))
    smuggling, returns, legal = scenario.facts.returns
    assert smuggling == returns == scenario.head.steps
    assert [(step.share, step.value) for step in smuggling] == [
        (Fraction(1, 2), 1),
        (Fraction(3, 10), Fraction(3, 5)),
        (Fraction(1, 5), Fraction(3, 10)),
    ]
    assert [(step.share, step.value) for step in legal] == [(Fraction(2, 5), 2), (Fraction(3, 5), Fraction(1, 2))]


def test_texts_in_languages(variant):
    scenario = load(variant(("name: Legal migration channels", "name: {en: Legal channels, bg: Законна миграция}")))
    assert scenario.names()["area"]["legal-pathways"] == "Legal channels"
    assert scenario.names("bg")["area"] == {
        "smuggling": "Fighting migrant smuggling",
        "returns": "Return and reintegration",
        "legal-pathways": "Законна миграция",
    }
    assert scenario.labels("fr")["area"]["smuggling"] == "Smuggling"


def test_head_defaults_and_values(fixed, variant):
    assert (fixed.head.state, fixed.head.closed, fixed.head.prices.base) == ("draft", (), "current")
    assert [stage.goal for stage in fixed.head.objective] == ["impact"]
    text = "illustrative: true\nstate: for consultation\nclosed: [2025]\nprices: {base: constant 2018}\nexpect: {score: 12.5}\n"
    head = load(variant(("illustrative: true\n", text))).head
    assert (head.state, head.closed, head.prices.base, head.expect.score) == ("for consultation", (2025,), "constant 2018", Fraction(25, 2))


def test_markers_of_one_instrument_override_those_of_all(fixed):
    oda = fixed.facts.markers["oda"].values.tolist()  # areas: smuggling, returns, legal-pathways
    assert oda[0] == [0.6, 0.7, 1.0]
    assert oda[1] == [0.6, 0.7, 0.5]
    assert oda[2] == oda[3] == oda[0]


def test_effectiveness_and_its_default(fixed):
    assert fixed.facts.effectiveness.values.tolist() == [[1.0, 0.8, 1.0], [0.5, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    assert fixed.facts.eligible.tolist() == [[True] * 3, [True] * 3, [False] * 3, [False] * 3]


def test_rules_that_wait_for_each_other_are_named(complaints, child):
    path = child("""
        rules:
          first: {kind: sequence, says: a, money: {area: returns}, after: {area: smuggling}, at_most: 50 %, source: x}
          second: {kind: sequence, says: b, money: {area: smuggling}, after: {area: returns}, at_most: 50 %, source: x}
    """)
    assert complaints(path) == [
        "child.yaml:4:3: these rules wait for each other: first → second → first (let one of them come first, or narrow its `after`)"
    ]
