"""Instruments as a table mean what they mean as a mapping, are changed like it, and say where each value stands."""

import json
from fractions import Fraction

import pytest
from click.testing import CliRunner

from cases import TINY
from conftest import FIXED_TEXT
from fundalloc.cli import cli
from fundalloc.errors import ScenarioError
from fundalloc.facts.entities import Instrument
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import origins
from fundalloc.scenario.tables.specs import SPECS

MAPPING = FIXED_TEXT[FIXED_TEXT.index("\ninstruments:") + 1 :].split("\n\n")[0]
FULL = """\
instruments:
  ndici:
    name: {en: NDICI-Global Europe, fr: NDICI Europe dans le monde}
    short: NDICI
    source: Regulation (EU) 2021/947
    confidence: F
    note: 55 of 79
    footnote: Made up
    budget_line: 14 02 01
    counts: budget
    years: 2025-2026
    ceiling: {each: {2025: 30, 2026: 30.5}, total: 55}
    reserve: 5 %
    last_resort: 0.05
    carry_over: {share: 50 %}
    partners: [north-africa, sahel]
    tags: [family:external, pillar:one]
    payment_profile: [20 %, 50 %, 30 %]
    contracting_profile: [60 %, 40 %]
    outstanding: {2025: 4, 2027: 2.5}
""" + MAPPING[MAPPING.index("  amif:") :]
COLUMNS = (
    "id,name,name.fr,short,source,confidence,note,footnote,budget_line,counts,years,ceiling.2025,ceiling.2026,ceiling,ceiling.each,reserve,"
    "last_resort,carry_over,partners,tags,payment_profile,contracting_profile,outstanding.2025,outstanding.2027"
)
ROWS = [
    "ndici,NDICI-Global Europe,NDICI Europe dans le monde,NDICI,Regulation (EU) 2021/947,F,55 of 79,Made up,14 02 01,budget,2025-2026,"
    "30,30.5,55,,5 %,0.05,50 %,north-africa sahel,family:external pillar:one,20 % 50 % 30 %,60% 40%,4,2.5",
    "amif,AMIF thematic facility,,,assumption,,,,,,,,,,10,,,,,family:home,,,,",
    "member-states,Member States,,,assumption,,,,,partner,,,,,,,,,,family:team-europe,,,,",
    "guarantee,Guarantees,,,assumption,,,,,memo,,,,,,,,,,,,,,",
]
CSV = "\n".join([COLUMNS, *ROWS]) + "\n"


@pytest.fixture
def tabled(variant, write):
    """tabled(text): the fixed scenario with this table of instruments."""

    def made(text=CSV, *changes, section="instruments: {file: instruments.csv}"):
        write("instruments.csv", text)
        return variant((MAPPING, section), *changes)

    return made


def limits(scenario):
    return {i.id: i.ceiling and (i.ceiling.each, i.ceiling.total) for i in scenario.facts.instruments}


def test_every_key_of_an_instrument_is_a_column():
    assert set(SPECS["instruments"]) == set(Instrument.model_fields)


def test_csv_worksheet_and_rows_mean_what_the_mapping_means(tabled, variant, write, worksheet):
    there = load(variant((MAPPING, FULL))).facts.instruments
    assert load(tabled()).facts.instruments == there
    semicolons = CSV.replace(",", ";").replace("30.5", "30,5").replace("0.05", "0,05").replace(";2.5\n", ";2,5\n")
    assert load(tabled(semicolons)).facts.instruments == there
    cells = [line.split(",") for line in CSV.splitlines()]
    worksheet("book.xlsx", "I", [[float(c) if c.replace(".", "", 1).isdigit() else c or None for c in row] for row in cells])
    assert load(variant((MAPPING, "instruments: {file: 'book.xlsx#I'}"))).facts.instruments == there
    inline = json.dumps([{c: v for c, v in zip(cells[0], row, strict=True) if v} for row in cells[1:]])
    assert load(variant((MAPPING, f"instruments: {inline}"))).facts.instruments == there
    assert load(variant((MAPPING, f"instruments: {{rows: {inline}}}"))).facts.instruments == there


@pytest.mark.parametrize(
    ("old", "new", "row", "cell", "message"),
    [
        ("30.5", "thirty", 2, "thirty,", "'thirty' is not a number"),
        ("5 %", "-5 %", 2, "-5 %,", "a share cannot be negative: -5 %"),
        ("20 % 50 % 30 %", "20 % 50 %", 2, "20 % 50 %,", "the profile adds up to 70\xa0%, not 100 %"),
        ("family:home", "home", 3, "home,", "'home' is not a tag"),
        ("partner,", "partners,", 4, "partners,", "'partners' is not allowed here"),
        ("sahel,", "sahal,", 2, "north-africa sahal,", "unknown partnership 'sahal'"),
        ("guarantee,Guarantees,,,assumption", "guarantee,Guarantees,,,", 5, ",,,,,memo", "'source' is missing"),
        ("guarantee,Guarantees", "amif,Guarantees", 5, "amif,", "'amif' stands twice; first at instruments.csv:3:1"),
        ("name.fr", "name.xx", 1, "name.xx,", "unknown language 'xx'"),
        ("reserve", "reserved", 1, "reserved,", "unknown column 'reserved'"),
        ("ceiling.2025", "ceiling.2035", 2, "30,30.5", "the year 2035 is outside the period"),
        ("30.5,55,,", "30.5,55,7,", 2, "7,5 %", "'ceiling.each' says again what another column says"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tabled, tmp_path, monkeypatch, old, new, row, cell, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError) as caught:
        load(tabled(CSV.replace(old, new)))
    (problem,) = caught.value.problems
    place = problem.place
    assert (place.file, place.line, place.excerpt[place.column - 1 :][: len(cell)]) == ("instruments.csv", row, cell)
    assert problem.message.startswith(message)


def test_a_missing_column_is_one_problem(tabled):
    with pytest.raises(ScenarioError) as caught:
        load(tabled("\n".join(",".join(row.split(",")[:4]) for row in CSV.splitlines()) + "\n"))
    assert [p.message for p in caught.value.problems] == ["the column 'source' is missing"]


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("instruments: {file: instruments.csv}", "nothing in 'instruments'"),
        ("instruments: {}", "nothing in 'instruments'"),
        ("instruments: {a: {off: true, reason: x}}", "nothing in 'instruments'"),
        ("instruments: {file: other.csv}", "no such file: other.csv"),
        ("instruments: {file: instruments.csv, change: [{name: x}]}", "a change without 'id'"),
        ("instruments: {file: instruments.csv, fiel: y}", "'fiel' must be keys with values"),
    ],
)
def test_no_instruments_are_no_silence(tabled, section, said):
    with pytest.raises(ScenarioError) as caught:
        load(tabled(COLUMNS + "\n", section=section))
    assert [problem.message for problem in caught.value.problems] == [said]
    assert caught.value.problems[0].place.line


def test_changes_of_a_table(tabled):
    section = """instruments:
  file: instruments.csv
  change:
    - {id: ndici, ceiling.2026: inherited + 5, ceiling: inherited - 10 %}
    - {id: ndici, ceiling.2026: inherited + 1, tags: "family:external pillar:two"}
    - {id: guarantee, off: true, reason: a test}
    - {id: fresh, name: Fresh, source: assumption, ceiling: 3}
  amif: {ceiling: {each: 12}}"""
    scenario = load(tabled(CSV, ("  - {instrument: guarantee", "  # - {instrument: guarantee"), section=section))
    assert limits(scenario) == {
        "ndici": ({2025: 30, 2026: Fraction("36.5")}, Fraction("49.5")),
        "amif": ({0: 12}, None),
        "member-states": None,
        "fresh": (None, 3),
    }
    assert scenario.facts.instruments[0].tags == ("family:external", "pillar:two")
    assert scenario.switched_off["instruments"] == {"guarantee": "a test"}


def test_variants_over_a_table_and_a_table_over_variants(tabled, tmp_path, write):
    base = tabled().name
    write("child.yaml", f"extends: {base}\ninstruments: {{change: [{{id: amif, ceiling.each: inherited + 20 %}}]}}\n")
    assert limits(load(tmp_path / "child.yaml"))["amif"] == ({0: 12}, None)
    write("named.yaml", f"extends: {base}\ninstruments: {{amif: {{ceiling: {{each: inherited - 1}}}}}}\n")
    assert limits(load(tmp_path / "named.yaml"))["amif"] == ({0: 9}, None)
    write("mapped.yaml", f"extends: {TINY.resolve()}\ninstruments: {{change: [{{id: ndici, ceiling.2025: inherited + 1}}]}}\n")
    assert limits(load(tmp_path / "mapped.yaml", allow_outside=True))["ndici"] == ({2025: 31, 2026: 30}, 55)
    write(
        "other.csv",
        CSV.replace("AMIF thematic facility", "Other").replace("guarantee,Guarantees,,,assumption,,,,,memo,,,,,,,,,,,,,,\n", ""),
    )
    write("other.yaml", f"extends: {base}\ninstruments: {{file: other.csv}}\ndecided: []\n")
    assert [str(i.name) for i in load(tmp_path / "other.yaml").facts.instruments] == ["NDICI-Global Europe", "Other", "Member States"]
    by_setting = load(tmp_path / base, settings=["instruments={file: other.csv}", "decided=[]"])
    assert [str(i.name) for i in by_setting.facts.instruments] == ["NDICI-Global Europe", "Other", "Member States"]


def test_adjust_set_and_show_know_the_cells(tabled):
    scenario = load(tabled(CSV, ("rules:\n", "adjust: {cut: [{instrument: ndici, year: 2026, ceiling: inherited - 10 %}]}\nrules:\n")))
    # 10 % less in 2026 are 3.05 of 60.5: the total of 55 shrinks in proportion.
    each, total = limits(scenario)["ndici"]
    assert (each, total) == ({2025: 30, 2026: Fraction("27.45")}, Fraction("52.227272727"))
    plain = load(tabled(), settings=["instruments.amif.ceiling.each=11"])
    assert limits(plain)["amif"] == ({0: 11}, None)
    shown = {o.key: (o.value, o.origin) for o in origins(plain, "instruments")}
    value, origin = shown["instruments.ndici.ceiling.each.2026"]
    assert (value, origin.endswith("instruments.csv:2:133")) == ("30.5", True)
    assert shown["instruments.amif.ceiling.each"] == ("11", "--set instruments.amif.ceiling.each")


def test_a_change_of_a_total_knows_what_is_below(tabled, tmp_path, write):
    fresh = "{id: fresh, name: Fresh, source: assumption, ceiling: 3}, {id: fresh, ceiling: inherited + 2}"
    write("child.yaml", f"extends: {tabled().name}\ninstruments: {{change: [{fresh}]}}\n")
    assert limits(load(tmp_path / "child.yaml"))["fresh"] == (None, 5)
    write(
        "mapped.yaml", f"extends: {tabled().name}\ninstruments: {{amif: {{ceiling: 18}}, change: [{{id: amif, ceiling: inherited - 1}}]}}\n"
    )
    with pytest.raises(ScenarioError, match="nothing is inherited here"):  # changes of a table come before what stands beside it
        load(tmp_path / "mapped.yaml")


def test_compare_sees_no_difference_between_the_two_forms(tabled, variant, tmp_path):
    rows = [line.split(",") for line in CSV.splitlines()]
    total, each = COLUMNS.split(",").index("ceiling"), COLUMNS.split(",").index("ceiling.each")
    rows[2][total], rows[2][each] = "18", ""
    tabled("".join(",".join(row) + "\n" for row in rows)).rename(tmp_path / "table.yaml")
    mapping = variant(
        (MAPPING, FULL.replace("ceiling: {each: 10}", "ceiling: 18").replace("[60 %, 40 %]", "[60%, 40%]")), name="mapping.yaml"
    )
    done = CliRunner().invoke(cli, ["compare", str(mapping), str(tmp_path / "table.yaml"), "--exit-code"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "texts that differ: 0" in done.output


def test_the_workbook_carries_the_table(tabled, tmp_path):
    def call(*words):
        done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    path = tabled()
    call("run", path, "-o", tmp_path / "plan.xlsx")
    assert "the file is, byte for byte, the one that its scenario and record give" in call("verify", tmp_path / "plan.xlsx")
    call("extract", tmp_path / "plan.xlsx", tmp_path / "out")
    assert (tmp_path / "out" / "instruments.csv").read_text("utf-8") == CSV
    assert load(next((tmp_path / "out").glob("*.yaml"))).facts.instruments == load(path).facts.instruments


ANNEX = """\
Annex 1;;;;
Fund;Name of the fund;2025;2026;Kept back
ndici;NDICI;30.234,5;30.000,5;5 %
amif;AMIF;10.000,0;10.000,0;0 %
Total;;40.234,5;40.001,0;
"""
MAPPED = (
    "instruments:\n  file: instruments.csv\n  header: 2\n  unit: EUR thousand\n  always: {source: Annex 1}\n"
    "  columns: {id: Fund, name: Name of the fund, ceiling.2025: '2025', ceiling.2026: '2026', reserve: Kept back}\n"
    "  totals: {column: Fund, like: [Total]}\n"
    "  member-states: {name: Member States, source: assumption, counts: partner}\n"
    "  guarantee: {name: Guarantees, source: assumption, counts: memo}\n"
)


def test_a_table_that_others_laid_out(tabled, complaints):
    scenario = load(tabled(ANNEX.replace("40.001,0", "40.000,5"), section=MAPPED))
    ndici = next(i for i in scenario.facts.instruments if i.id == "ndici")
    assert ndici.ceiling.each == {2025: Fraction("30.2345"), 2026: Fraction("30.0005")}
    assert ndici.reserve == Fraction(1, 20)
    assert [complaint for complaint in complaints(tabled(ANNEX, section=MAPPED)) if "the total 40001" in complaint]
