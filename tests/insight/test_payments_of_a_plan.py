"""Payments, outstanding commitments and money at risk: one case on paper, and what must hold of any plan."""

import json
from fractions import Fraction

import pytest
from click.testing import CliRunner

from cases import TINY, TWO_BY_TWO, write
from fundalloc.cli import cli
from fundalloc.export.tables import as_dict, tables, write_csv
from fundalloc.insight.doctor.examine import examine
from fundalloc.insight.payments import COLUMNS, payments, payments_by_year, payments_table
from fundalloc.run import solve
from fundalloc.scenario.loading import load


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A commits 8 in 2026 and 4 in 2027, B commits 3 in 2026, all of it locked. A has earlier commitments to pay.

    A's contracts follow financing agreements: those of 2026 are due by the end of 2030, and a tenth of them comes later.
    """
    a, b = TWO_BY_TWO["instruments"].values()
    lines = [("a", "north", "2026", "5"), ("a", "south", "2026", "3"), ("a", "south", "2027", "4"), ("b", "south", "2026", "3")]
    columns = ("instrument", "partnership", "year", "amount")
    decided = [{**dict(zip(columns, line, strict=True)), "area": "returns", "state": "locked", "decision": "Made up"} for line in lines]
    profiles = {
        "payment_profile": ["50 %", "30 %", "10 %", "0 %", "0 %", "0 %", "10 %"],
        "contracting_profile": ["60 %", "20 %", "10 %", "0 %", "0 %", "0 %", "10 %"],
        "contracting": "agreement",
    }
    case = {
        **TWO_BY_TWO,
        "years": "2026-2027",
        "closed": "2026-2027",
        "instruments": {
            "a": {**a, "ceiling": "12", **profiles, "outstanding": {"2026": "2", "2028": "1"}},
            "b": {**b, "payment_profile": ["100 %"]},
            "c": {**b, "name": "C, without a profile"},
        },
        "decided": decided,
    }
    return write(tmp_path_factory.mktemp("payments"), case)


@pytest.fixture(scope="module")
def plan(path):
    return solve(load(path))


def written(*amounts):
    return tuple(None if amount is None else Fraction(amount) for amount in amounts)


# A: 8 is paid 4, 2.4, 0.8, 0, 0, 0, 0.8 and 4 is paid 2, 1.2, 0.4, 0, 0, 0, 0.4;
# 3 are left from before. By the end of n+4 90 % are contracted.
ON_PAPER = {
    ("a", 2026): written("8", "6", "5", "0"),  # 4 and 2 from before; 3 + 8 - 6
    ("a", 2027): written("4", "4.4", "4.6", "0"),  # 2.4 + 2
    ("a", 2028): written("0", "3", "1.6", "0"),  # 0.8 + 1.2 and 1 from before
    ("a", 2029): written("0", "0.4", "1.2", "0"),
    ("a", 2030): written("0", "0", "1.2", "0.8"),  # at risk: a tenth of the 8 of 2026
    ("a", 2031): written("0", "0", "1.2", "0.4"),  # at risk: a tenth of the 4 of 2027
    ("a", 2032): written("0", "0.8", "0.4", "0"),
    ("a", 2033): written("0", "0.4", "0", "0"),
    ("b", 2026): written("3", "3", "0", None),
    **{("b", year): written("0", "0", "0", None) for year in range(2027, 2034)},
}


def test_on_paper(plan):
    rows = payments(plan)
    assert {(row.instrument, row.year): (row.committed, row.paid, row.outstanding, row.at_risk) for row in rows} == ON_PAPER
    assert [(row.year, row.paid, row.outstanding, row.at_risk) for row in payments_by_year(rows)] == [
        (2026, 9, 5, 0),
        (2027, Fraction("4.4"), Fraction("4.6"), 0),
        (2028, 3, Fraction("1.6"), 0),
        (2029, Fraction("0.4"), Fraction("1.2"), 0),
        (2030, 0, Fraction("1.2"), Fraction("0.8")),
        (2031, 0, Fraction("1.2"), Fraction("0.4")),
        (2032, Fraction("0.8"), Fraction("0.4"), 0),
        (2033, Fraction("0.4"), 0, 0),
    ]


@pytest.mark.parametrize(
    ("contracting", "risks"),
    [
        ("direct", {2027: "1.6", 2028: "0.8"}),  # legal commitments by n+1: a fifth comes later
        ("instalments", {2031: "0.8", 2032: "0.4"}),  # paid by n+5: a tenth is not
        ("none", {}),  # the scenario does not say, so nothing is promised
    ],
)
def test_each_way_of_contracting_has_its_own_deadline(path, contracting, risks):
    scenario = load(path, settings=[f"instruments.a.contracting={contracting}"])
    rows = [row for row in payments(solve(scenario)) if row.instrument == "a"]
    assert {row.year: row.at_risk for row in rows if row.at_risk} == {year: Fraction(amount) for year, amount in risks.items()}
    assert {row.contracting for row in rows} == {"" if contracting == "none" else contracting}
    said = [remark.says for remark in examine(scenario)]
    assert ("'a' does not say when contracts are due: no money is shown as at risk" in said) is (contracting == "none")


def test_nothing_without_profiles(tmp_path):
    plan = solve(load(write(tmp_path, TWO_BY_TWO)))
    assert payments(plan) == []
    assert "payments" not in tables(plan)
    assert payments_table(plan).columns.tolist() == list(COLUMNS)
    assert as_dict(plan)["payments"] == []


def test_everything_committed_is_paid_in_the_end():
    plan = solve(load(TINY))
    rows = payments(plan)
    by_instrument = {i.id: [row for row in rows if row.instrument == i.id] for i in plan.scenario.facts.instruments if i.payment_profile}
    committed = plan.total("instrument")
    for name, mine in by_instrument.items():
        assert float(sum(row.committed for row in mine)) == pytest.approx(committed[name])
        assert sum(row.paid for row in mine) == sum(row.committed for row in mine)
        assert mine[-1].outstanding == 0
        assert all(row.outstanding >= 0 for row in mine)
    assert {row.year for row in rows} == {2025, 2026, 2027, 2028}  # NDICI pays for three years


def test_a_payments_rule_measures_the_same(tmp_path):
    # The rule adds up payments by its own arithmetic, within the period.
    rule = "rules.cash={kind: payments, says: x, source: x, for_each: instrument, money: {instrument: [ndici, amif]}, at_most: 99}"
    plan = solve(load(TINY, settings=[rule]))
    paid = {(row.instrument, str(row.year)): row.paid for row in payments(plan)}
    measured = {f.member: f.amount for f in plan.findings if f.rule.id == "cash"}
    assert len(measured) == 4
    assert all(paid[member] == amount for member, amount in measured.items())


def test_csv_and_json(plan, tmp_path):
    write_csv(plan, tmp_path)
    first, *rest = (tmp_path / "payments.csv").read_text("utf-8").splitlines()
    assert first == "instrument,year,committed,paid,outstanding,at_risk,contracting"
    assert rest[:3] == ["a,2026,8,6,5,0,agreement", "a,2027,4,4.4,4.6,0,agreement", "a,2028,0,3,1.6,0,agreement"]
    assert rest[4] == "a,2030,0,0,1.2,0.8,agreement"
    assert rest[8] == "b,2026,3,3,0,,"
    rows = json.loads(json.dumps(as_dict(plan)))["payments"]
    assert rows[1] == {
        "instrument": "a",
        "year": 2027,
        "committed": 4,
        "paid": 4.4,
        "outstanding": 4.6,
        "at_risk": 0,
        "contracting": "agreement",
    }
    assert rows[8]["at_risk"] is None


def test_on_the_terminal(path):
    def printed(*arguments):
        return CliRunner().invoke(cli, ["run", "-n", *map(str, arguments)], catch_exceptions=False).output

    plain, more = printed(path), printed(path, "-v")
    assert "Payments by year" not in plain
    assert [line.split() for line in more.splitlines() if line[:4] in ("2030", "2031")] == [
        ["2030", "0.0", "0.0", "1.2", "0.8"],
        ["2031", "0.0", "0.0", "1.2", "0.4"],
    ]
    assert "past deadline" not in printed(TINY, "-v")  # nobody says when contracts are signed


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("contracting_profile=[50 %, 40 %]", "the profile adds up to 90 %, not 100 % (let the shares add up to 100 %)"),
        ("payment_profile=[50 %, 60 %]", "the profile adds up to 110 %, not 100 % (let the shares add up to 100 %)"),
        ("payment_profile=[50, 50]", "a share cannot be above 100 %: 50 (write 50 %)"),
        ("outstanding=5", "in which years are earlier commitments paid? (write {2021: 120, 2022: 60})"),
        ("outstanding={2024: 5, 2027: 3}", "the year 2024 is before the period (payments are shown from 2025 on)"),
        (
            "contracting_profile=[50 %, 50 %]",
            "by the end of year 0 after a commitment 60 % of it are paid, but only 50 % contracted (let contracts come before payments)",
        ),
        ("outstanding={2026: -5}", "an amount cannot be negative: -5 (write zero or more)"),
    ],
    ids=str,
)
def test_bad_input(complaints, setting, said):
    (message,) = complaints(TINY, settings=[f"instruments.amif.{setting}"])
    assert message.replace("\u00a0", " ").endswith(said)


@pytest.mark.parametrize("key", ["contracting_profile=[100 %]", "contracting=direct", "outstanding={2025: 3}"])
def test_what_needs_a_payment_profile(complaints, tmp_path, key):
    path = write(tmp_path, {**TWO_BY_TWO, "years": "2025-2026"})
    (message,) = complaints(path, settings=[f"instruments.a.{key}"])
    word = key.split("=")[0]
    assert f"'{word}' without a payment_profile (write one too" in message
