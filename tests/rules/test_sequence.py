from math import inf

import pytest
from paper import AT_MOST, demanded, exact, limits, lines_like, measured, rule, terms

from cases import TWO_BY_TWO, write
from fundalloc.run import solve
from fundalloc.scenario.loading import load

FOLLOW = {"money": {"area": "returns"}, "after": {"area": "smuggling"}, "at_most": "80 %"}


def test_rows_cumulate_both_sides(tiny):
    follow = rule(tiny, "sequence", for_each="partnership", **FOLLOW)
    rows = terms(follow, tiny.lines)
    assert list(rows) == [(f"{p}|{t}", AT_MOST) for p in ("tunisia", "egypt", "sahel", "global") for t in (2025, 2026)]
    first = dict.fromkeys(lines_like(tiny.lines, "*|egypt|returns|2025"), 1.0)
    first |= dict.fromkeys(lines_like(tiny.lines, "*|egypt|smuggling|2025"), -0.8)
    assert rows["egypt|2025", AT_MOST] == pytest.approx(first)
    both = dict.fromkeys(lines_like(tiny.lines, "*|egypt|returns|*"), 1.0) | dict.fromkeys(
        lines_like(tiny.lines, "*|egypt|smuggling|*"), -0.8
    )
    assert rows["egypt|2026", AT_MOST] == pytest.approx(both)
    assert set(limits(follow, tiny.lines).values()) == {(-inf, 0.0)}


def test_findings_by_hand(tiny):
    assert measured(rule(tiny, "sequence", for_each="partnership", **FOLLOW), tiny.lines) == {
        ("tunisia|2025", AT_MOST): exact("0", "4", "4"),  # 80 % of 5
        ("tunisia|2026", AT_MOST): exact("0", "4", "4"),
        ("egypt|2025", AT_MOST): exact("3", "0", "-3"),  # the 2 for smuggling only come in 2026
        ("egypt|2026", AT_MOST): exact("3", "1.6", "-1.4"),
        ("sahel|2025", AT_MOST): exact("0", "8", "8"),
        ("sahel|2026", AT_MOST): exact("0", "8", "8"),
        ("global|2025", AT_MOST): exact("2", "0", "-2"),
        ("global|2026", AT_MOST): exact("2", "0", "-2"),
    }


def test_a_lag_shifts_what_comes_first(tiny):
    late = rule(tiny, "sequence", lag="1", **FOLLOW)
    rows = terms(late, tiny.lines)
    assert rows["2025", AT_MOST] == dict.fromkeys(lines_like(tiny.lines, "*|returns|2025"), 1.0)  # nothing came before
    expected = dict.fromkeys(lines_like(tiny.lines, "*|returns|*"), 1.0) | dict.fromkeys(lines_like(tiny.lines, "*|smuggling|2025"), -0.8)
    assert rows["2026", AT_MOST] == pytest.approx(expected)
    assert measured(late, tiny.lines) == {
        ("2025", AT_MOST): exact("5", "0", "-5"),  # 3 + 2
        ("2026", AT_MOST): exact("5", "12", "7"),  # 80 % of 5 + 10; the 2 of 2026 come too late
    }


def test_a_lag_stays_with_its_member(tiny):
    # What Egypt has for smuggling in the last year comes too late, and is nobody else's either.
    rows = terms(rule(tiny, "sequence", for_each="partnership", lag="1", **FOLLOW), tiny.lines)
    for member in ("tunisia", "egypt", "sahel", "global"):
        assert {key.split("|")[1] for year in (2025, 2026) for key in rows[f"{member}|{year}", AT_MOST]} == {member}
        assert not [key for key in rows[f"{member}|2026", AT_MOST] if key.endswith("smuggling|2026")]


def test_a_lag_beyond_the_period_allows_nothing(tiny):
    never = rule(tiny, "sequence", lag="20", **FOLLOW)
    assert {key: set(row.values()) for key, row in terms(never, tiny.lines).items()} == {("2025", AT_MOST): {1.0}, ("2026", AT_MOST): {1.0}}
    assert measured(never, tiny.lines) == {("2025", AT_MOST): exact("5", "0", "-5"), ("2026", AT_MOST): exact("5", "0", "-5")}


def test_marker_weights_on_both_sides_and_unless(tiny):
    follow = rule(
        tiny,
        "sequence",
        money={"area": "smuggling", "marker": "oda"},
        unless={"instrument": "amif"},
        after={"area": "legal-pathways", "marker": "oda"},
        at_most="150 %",
    )
    last = terms(follow, tiny.lines)["2026", AT_MOST]
    assert last["ndici|sahel|smuggling|2025"] == pytest.approx(0.6)
    assert "amif|egypt|smuggling|2026" not in last
    assert last["amif|egypt|legal-pathways|2026"] == pytest.approx(-0.75)  # half a euro of AMIF counts; `unless` does not touch `after`
    assert measured(follow, tiny.lines) == {
        ("2025", AT_MOST): exact("9", "2.25", "-6.75"),  # 0.6 × 15; 150 % of the Member States' 1.5
        ("2026", AT_MOST): exact("9", "8.25", "-0.75"),  # 150 % of 1.5 + 4
    }


def test_figures_per_member_bind_these_members_alone(tiny):
    some = rule(tiny, "sequence", for_each="partnership", **{**FOLLOW, "at_most": {"egypt": "50 %"}})
    assert demanded(some.demands(tiny.lines)) == [("egypt|2025", AT_MOST), ("egypt|2026", AT_MOST)]
    assert measured(some, tiny.lines)["egypt|2026", AT_MOST] == exact("3", "1", "-2")


def test_members_do_not_restrict_a_dimension_that_after_names(tiny):
    # Each partnership against smuggling in NDICI's region: all that was committed there for legal migration comes first, not its own.
    ids = ["tunisia", "egypt", "sahel"]
    fields = {"for_each": "partnership", "money": {"area": "smuggling"}, "at_most": "80 %"}
    wide = rule(tiny, "sequence", after={"area": "legal-pathways", "partnership": "north-africa"}, **fields)
    rows = terms(wide, tiny.lines)
    for member in ids:
        row = rows[f"{member}|2026", AT_MOST]
        expected = dict.fromkeys(lines_like(tiny.lines, f"*|{member}|smuggling|*"), 1.0)
        expected |= dict.fromkeys(lines_like(tiny.lines, "*|tunisia|legal-pathways|*", "*|egypt|legal-pathways|*"), -0.8)
        assert row == pytest.approx(expected)
    found = measured(wide, tiny.lines)
    assert found["sahel|2026", AT_MOST] == exact("10", "4.4", "-5.6")  # 80 % of 1.5 + 4
    assert found["tunisia|2025", AT_MOST] == exact("5", "1.2", "-3.8")  # 80 % of the 1.5 of 2025: the years always run
    own = rule(tiny, "sequence", after={"area": "legal-pathways"}, **fields)
    assert measured(own, tiny.lines)["sahel|2026", AT_MOST] == exact("10", "0", "-10")
    group = rule(tiny, "sequence", **{**fields, "for_each": ["route", "area"]}, after={"area": "legal-pathways", "year": "2025"})
    assert measured(group, tiny.lines)["east-med|smuggling|2026", AT_MOST] == exact("2", "1.2", "-0.8")


def test_a_line_on_both_sides_counts_the_difference(tiny):
    half = rule(tiny, "sequence", money={"instrument": "amif"}, after={}, at_most="50 %")
    assert terms(half, tiny.lines)["2025", AT_MOST]["amif|egypt|returns|2025"] == pytest.approx(0.5)
    assert measured(half, tiny.lines)["2025", AT_MOST] == exact("2", "10.75", "8.75")  # half of 21.5


def test_the_sentence_names_member_and_year(tiny):
    says = rule(tiny, "sequence", for_each="partnership", says="{partnership} by {year}", **FOLLOW)
    assert says.sentence(("egypt", "2026"), tiny.names()) == "Egypt by 2026"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"for_each": "year"}, (("for_each",), "a sequence runs over the years already", "take 'year' out of for_each")),
        ({"at_most": None, "at_least": "80 %"}, (("at_least",), "a sequence only has an upper limit", "write at_most")),
        ({"at_most": None, "exactly": "80 %"}, (("exactly",), "a sequence only has an upper limit", "write at_most")),
        (
            {"after": {"instrument": "guarantee"}},
            (("after",), "no allocation line can ever come first", "check the selection against the eligibility table"),
        ),
        (
            {"money": {"instrument": "guarantee"}},
            (
                ("money",),
                "no allocation line can ever count towards this rule",
                "check the selection against the eligibility table, or switch the rule off",
            ),
        ),
    ],
    ids=str,
)
def test_problems_of_the_rule(tiny, fields, said):
    written = {key: value for key, value in {**FOLLOW, **fields}.items() if value is not None}
    assert list(rule(tiny, "sequence", **written).problems_in(tiny.lines)) == [said]


@pytest.mark.parametrize("lag", ["-1", "1.5", "21", "soon"])
def test_a_lag_is_a_whole_number_of_years(tiny, lag):
    with pytest.raises(ValueError, match="lag"):
        rule(tiny, "sequence", lag=lag, **FOLLOW)


def test_what_must_follow_waits(tmp_path):
    # Two years, A has 10 each year and B 6 each year. B at most as much as A the year before: nothing in 2025, up to 6 in 2026.
    # B earns only half for South, but it frees A for North, so all of it is used: A 20, B 6.
    case = {**TWO_BY_TWO, "years": "2025-2026"}
    a, b = TWO_BY_TWO["instruments"].values()
    case["instruments"] = {"a": {**a, "ceiling": {"each": "5"}}, "b": {**b, "ceiling": {"each": "6"}}}
    follow = {"kind": "sequence", "money": {"instrument": "b"}, "after": {"instrument": "a"}, "lag": "1", "at_most": "60 %"}
    plan = solve(load(write(tmp_path, {**case, "rules": {"follow": {"says": "B follows A", "source": "assumption", **follow}}})))
    by_year = plan.total("instrument", "year").to_dict()
    assert by_year["b", 2025] == 0
    assert by_year["b", 2026] == pytest.approx(3)  # 60 % of A's 5 in 2025
    # Score on paper: South 6 at 2.0 and 3.6 at 1.2, 1.5 of it from B, so 8.1 from A; A's other 1.9 go to North at 1.0.
    assert plan.score == pytest.approx(12 + 4.32 + 1.9)
