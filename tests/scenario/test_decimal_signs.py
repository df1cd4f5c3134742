"""Which sign is decimal: never a guess, and where it is said or shown, thousands are read too."""

import json
from fractions import Fraction

import pytest
from click.testing import CliRunner

from conftest import FIXED_TEXT
from fundalloc.cli import cli
from fundalloc.errors import ScenarioError
from fundalloc.scenario.loading import load
from fundalloc.scenario.sections import TABLES as SECTIONS
from fundalloc.scenario.sections import TOLD_TABLES
from fundalloc.scenario.tables.specs import SPECS
from fundalloc.scenario.uncertain import find_spreads

pytestmark = pytest.mark.lowest

TABLES = {name: FIXED_TEXT[FIXED_TEXT.index(f"\n{name}:") + 1 :].split("\n\n")[0] for name in SECTIONS if name not in TOLD_TABLES}
ROWS = ["tunisia;returns", "egypt;returns", "sahel;returns"]


def needs(*figures):
    return "partnership;area;need\n" + "".join(f"{row};{figure}\n" for row, figure in zip(ROWS, figures, strict=False))


def read(path):
    found = load(path).facts.needs.need
    return [Fraction(int(n), found.denominator) for n in found.numerator]


SHOWN = {
    "a leading zero": (("0,125", "1,200"), ("0.125", "1.2")),
    "two digits": (("12,50", "1,200"), ("12.5", "1.2")),
    "four digits": (("1,2000", "1,200"), ("1.2", "1.2")),
    "four digits before it": (("1200,500", "1,200"), ("1200.5", "1.2")),
    "both signs": (("1.200,50", "1.200", "950"), ("1200.5", "1200", "950")),
    "both signs, points": (("1,200.50", "1,200", "950"), ("1200.5", "1200", "950")),
    "thousands twice": (("1.200.300", "1.200"), ("1200300", "1200")),
    "points": (("2.5", "1.200"), ("2.5", "1.2")),
    "ranges": (("80,5..120", "1..1,25"), ("100.25", "1.125")),
    "no sign at all": (("1200", "950"), ("1200", "950")),
    "a percent sign is no digit": (("0,5", "1,250"), ("0.5", "1.25")),
}


@pytest.mark.parametrize(("written", "meant"), SHOWN.values(), ids=SHOWN)
def test_a_column_that_shows_its_sign_is_read(variant, write, written, meant):
    write("needs.csv", needs(*written))
    assert read(variant((TABLES["needs"], "needs: {file: needs.csv}"))) == [Fraction(figure) for figure in meant]


USE = "(use one of them throughout)"
SAY = "(say it beside `file`: decimal: ',' makes it {}, decimal: '.' makes it {})"
REFUSED = {
    "only thousands or decimals": (
        ("1,200", "950", "1,050"),
        "2:17: thousands or decimals in 'need'? 1,200, 1,050 " + SAY.format("1.200", "1200"),
    ),
    "points": (("950", "1.200"), "3:15: thousands or decimals in 'need'? 1.200 " + SAY.format("1200", "1.200")),
    "a sign that is not the others'": (("12,5", "1.200"), "3:15: thousands or decimals in 'need'? 1.200 " + SAY.format("1200", "1.200")),
    "a range": (("1..1,200",), "2:17: thousands or decimals in 'need'? 1,200 " + SAY.format("1.200", "1200")),
    "both": (("12,5", "1,5", "2.5"), f"4:15: '2.5' has a decimal point where a decimal comma is expected {USE}"),
}


@pytest.mark.parametrize(("written", "message"), REFUSED.values(), ids=REFUSED)
def test_a_column_that_does_not_is_refused_once(variant, write, complaints, written, message):
    write("needs.csv", needs(*written))
    assert complaints(variant((TABLES["needs"], "needs: {file: needs.csv}"))) == [f"needs.csv:{message}"]


@pytest.mark.parametrize(("written", "meant"), [("1,200", Fraction(6, 5)), ("1.200", Fraction(6, 5))])
def test_beside_a_result_it_means_what_it_meant_to_version_0_1_0(variant, write, written, meant):
    """That version took either sign for the decimal one; workbooks of it carry such tables, and are verified, imported and compared."""
    write("needs.csv", needs(written))
    path = variant((TABLES["needs"], "needs: {file: needs.csv}"))
    with pytest.raises(ScenarioError):
        load(path)
    assert load(path, recorded=True).facts.needs.need.numerator[0] == meant * load(path, recorded=True).facts.needs.need.denominator


def test_more_than_three_are_counted(variant, write, complaints):
    rows = "".join(f"{p};{a};1,200\n" for p in ("tunisia", "egypt") for a in ("returns", "smuggling"))
    write("needs.csv", "partnership;area;need\n" + rows)
    (said,) = complaints(variant((TABLES["needs"], "needs: {file: needs.csv}")))
    assert "thousands or decimals in 'need'? 1,200, 1,200, 1,200 and 1 more" in said


def test_each_column_decides_for_itself(variant, write, complaints):
    write("needs.csv", "partnership;area;need;priority\ntunisia;returns;1,200;0,5\n")
    assert "'need'? 1,200" in complaints(variant((TABLES["needs"], "needs: {file: needs.csv}")))[0]
    write("needs.csv", "partnership;area;need;priority\ntunisia;returns;12,5;0.5\n")
    assert complaints(variant((TABLES["needs"], "needs: {file: needs.csv}")))[0].startswith("needs.csv:2:22: '0.5' has a decimal point")


@pytest.mark.parametrize(("sign", "meant"), [(",", Fraction(6, 5)), (".", 1200)])
def test_the_sign_can_be_said(variant, write, worksheet, complaints, sign, meant):
    write("needs.csv", needs("1,200"))
    path = variant((TABLES["needs"], f"needs: {{file: needs.csv, decimal: '{sign}'}}"))
    assert read(path) == [meant]
    write("needs.csv", 'partnership,area,need\ntunisia,returns,"1,200"\n')
    assert read(path) == [meant]
    variant((TABLES["needs"], f"needs: {{file: n.xlsx, decimal: '{sign}'}}"))
    worksheet("n.xlsx", "N", [["partnership", "area", "need"], ["tunisia", "returns", "1,200"], ["egypt", "returns", 1.125]])
    assert read(path) == [meant, Fraction(9, 8)]  # a number of a sheet has no sign that could be mistaken
    worksheet("n.xlsx", "N", [["partnership", "area", "need"], ["tunisia", "returns", {",": "0.5", ".": "0,5"}[sign]]])
    assert "is expected" in complaints(path)[0]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("{file: needs.csv, decimal: ;}", "62:35: ';' is no decimal sign (write decimal: ',' or decimal: '.')"),
        ("{rows: [], decimal: ','}", "62:28: a decimal sign is said of a file (such as {file: table.csv, decimal: ','})"),
    ],
)
def test_a_sign_that_is_none(variant, write, complaints, table, message):
    write("needs.csv", needs("1"))
    assert complaints(variant((TABLES["needs"], f"needs: {table}"))) == [f"scenario.yaml:{message}"]


@pytest.mark.parametrize("name", [name for name in SECTIONS if any(of.number for of in SPECS[name].values())])
def test_every_table_takes_it(name, fixed, variant, write):
    table = fixed.tables[name]
    numbers = [k for k, column in enumerate(table.columns) if column in SPECS[name] and SPECS[name][column].number]
    cells = [
        [f"{float(cell):.3f}".replace(".", ",") if k in numbers and cell else cell for k, cell in enumerate(row)] for row in table.cells
    ]
    write("t.csv", "\n".join(";".join(f'"{cell}"' for cell in row) for row in [table.columns, *cells]))
    assert (
        load(variant((TABLES[name], f"{name}: {{file: t.csv, decimal: ','}}"))).facts.needs.need.values.tolist()
        == fixed.facts.needs.need.values.tolist()
    )


def test_figures_of_rules_take_it(variant, write):
    write("floors.csv", "partnership;floor\ntunisia;1,200\negypt;6,500\n")
    for sign, floors in ((",", {"tunisia": Fraction(6, 5), "egypt": Fraction(13, 2)}), (".", {"tunisia": 1200, "egypt": 6500})):
        scenario = load(variant(("{tunisia: 12, egypt: 6.5}", f"{{file: floors.csv, column: floor, decimal: '{sign}'}}")))
        (rule,) = (rule for rule in scenario.rules if rule.id == "packages")
        assert {member: figure.value for member, figure in rule.at_least.items()} == floors


def test_decimal_commas_are_points_for_all_that_follows(variant, write):
    """Adjustments build on them, ranges are found for sampling; the fingerprint is that of the text, as it was before."""
    write("needs.csv", "partnership;area;need;priority\negypt;returns;7,25;1\ntunisia;returns;80,5..120;0,9\n")
    path = variant((TABLES["needs"], "needs: {file: needs.csv}"))
    scenario = load(path)
    assert scenario.digest == "877f49d7b47f15c0b9669d57829d61f2cf128b1b48b8946f621a24d9bbc5bf7c"
    assert [(u.key, str(u.spread)) for u in find_spreads(scenario.tree, scenario.tables)] == [("needs.tunisia.returns.need", "80.5..120")]
    adjusted = path.read_text() + "adjust:\n  more: {partnership: egypt, need: inherited + 20 %}\n"
    assert read(write("adjusted.yaml", adjusted)) == [Fraction(87, 10), Fraction(401, 4)]
    changed = "extends: scenario.yaml\nneeds: {change: [{partnership: egypt, area: returns, need: inherited + 0.5}]}\n"
    assert read(write("changed.yaml", changed)) == [Fraction(31, 4), Fraction(401, 4)]


def test_an_exported_plan_comes_back_in_every_style(tmp_path, variant):
    """Amounts with three decimals only: 1,125 would be a guess, so the export writes 1.1250."""
    path = variant(("round_to: 0.1", "round_to: 0.125"))
    run = CliRunner().invoke(cli, ["run", str(path), "--csv", str(tmp_path / "csv"), "-q"])
    assert run.exit_code == 0, run.output
    written = (tmp_path / "csv" / "allocation.csv").read_text()
    rows = [row.split(",") for row in written.splitlines()]
    at = [rows[0].index(name) for name in ("amount", "decided")]
    for sign in ",.":
        styled = [
            ";".join(cell.replace(".", sign) if k in at and number else cell for k, cell in enumerate(row))
            for number, row in enumerate(rows)
        ]
        (tmp_path / "allocation.csv").write_text("\n".join(styled))
        for result in (tmp_path / "allocation.csv", tmp_path / "csv" / "allocation.csv"):
            told = CliRunner().invoke(cli, ["run", str(path), "--plan", str(result), "--json"])
            amounts = {row["key"]: row["amount"] for row in json.loads(told.output)["result"]["allocation"]}
            assert amounts == {row[rows[0].index("key")]: float(row[at[0]]) for row in rows[1:] if float(row[at[0]])}


DIGITS = [
    ("sweep", "FILE", "--vary", "round_to=1..٣"),
    ("run", "FILE", "--time-limit", "１２"),
    ("run", "FILE", "--gap", "1_0"),
    ("compare", "FILE", "FILE", "--seed", "٣"),
    ("compare", "FILE", "FILE", "--min", "٣"),
    ("frontier", "FILE", "--points", "1_0"),
    ("robust", "FILE", "FILE", "--weights", "１,１"),
    ("robust", "FILE", "--samples", "５"),
    ("robust", "FILE", "--samples", "5", "--seed", "٣"),
    ("selftest", "--cases", "٣"),
    ("runs", "prune", "--older-than", "٣d"),
]


@pytest.mark.parametrize("words", DIGITS, ids=" ".join)
def test_options_take_the_digits_0_to_9_only(words, variant):
    path = str(variant())
    told = CliRunner().invoke(cli, [path if word == "FILE" else word for word in words])
    assert told.exit_code == 2, told.output


PLACES = {
    "a ceiling": ("ceiling: {each: 10}", "ceiling: {each: ١٠}"),
    "a year of a ceiling": ("{each: {2025: 30, 2026: 30}, total: 55}", "{each: {٢٠٢٥: 30, 2026: 30}, total: 55}"),
    "the years": ("years: 2025-2026", "years: ٢٠٢٥-2026"),
    "a date": ("as_of: 2024-11-25", "as_of: ٢٠٢٦-11-23"),
    "a column of a year": ("absorption: 14", "absorption.٢٠٢٥: 14"),
    "a column of no year": ("absorption: 14", "absorption.all: 14"),
    "a share": ("reserve: 5 %", "reserve: ٥ %"),
}


@pytest.mark.parametrize(("old", "new"), PLACES.values(), ids=PLACES)
def test_scenarios_take_the_digits_0_to_9_only(variant, complaints, old, new):
    assert complaints(variant((old, new)))
