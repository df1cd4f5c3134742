"""Tables that others laid out: what the mapping says of them is what is read, to the euro, and nothing is dropped in silence."""

import csv
from fractions import Fraction

import openpyxl
import pytest
from click.testing import CliRunner

from cases import ROOT
from conftest import FIXED_TEXT
from fundalloc.cli import cli
from fundalloc.insight.doctor.examine import worth_knowing
from fundalloc.scenario.loading import load
from fundalloc.scenario.scenario import origins

NEEDS = FIXED_TEXT[FIXED_TEXT.index("\nneeds:") + 1 :].split("\n\n")[0]
DECIDED = FIXED_TEXT[FIXED_TEXT.index("\ndecided:") + 1 :].split("\n\n")[0]
PARTNERSHIPS = FIXED_TEXT[FIXED_TEXT.index("\npartnerships:") + 1 :].split("\n\n")[0]
COLUMNS = "columns: {partnership: Country, area: Area, need: Amount}"


def table(scenario, name):
    """The rows of a table as {column: text}, empty cells left out."""
    found = scenario.tables[name]
    return [{c: text for c, text in zip(found.columns, cells, strict=True) if text} for cells in found.cells]


@pytest.fixture
def needs(write, variant):
    """needs(text, mapping): the fixed case whose needs are a file of others."""

    def needs(text, mapping, name="t.csv"):
        write(name, text)
        return variant((NEEDS, f"needs: {{file: {name}, {mapping}}}"))

    return needs


def test_names_in_any_language_codes_and_units_are_read_exactly(write, variant):
    write("t.csv", "Country,Area,Amount,Comment\nTUN,Returns,12345678.25,by hand\nEgypt,Fighting migrant smuggling,1000,\n")
    text = "needs: {file: t.csv, columns: {partnership: Country, area: Area, need: Amount}, unit: USD thousand, rate: 0.92, ignore: [Com*]}"
    found = load(variant((NEEDS, text), ("name: Egypt", "name: Egypt, name.bg: Египет")))
    # 12 345 678.25 thousand US dollars at 0.92 are EUR 11 358.023 99 million
    assert table(found, "needs") == [
        {"partnership": "tunisia", "area": "returns", "need": "11358.02399", "source": "Comment: by hand"},
        {"partnership": "egypt", "area": "smuggling", "need": "0.92"},
    ]
    for written, member in (("  египет ", "egypt"), ("TN", "tunisia"), ("tun", "tunisia")):  # ISO codes of two and of three letters
        write("t.csv", f"Country,Area,Amount,Comment\n{written},RETURNS,1,\n")
        found = load(variant((NEEDS, text), ("name: Egypt", "name: Egypt, name.bg: Египет")))
        assert table(found, "needs")[0]["partnership"] == member


def test_every_value_knows_its_cell(needs):
    found = load(needs("a title\n\nCountry;Area;Amount\nTunisia;Returns;1.250,5\n", f"header: 3, {COLUMNS}, unit: EUR"))
    assert [(o.key, o.value, o.origin.rpartition("/")[2]) for o in origins(found, "needs")] == [
        ("1.partnership", "tunisia", "t.csv:4:1"),
        ("1.area", "returns", "t.csv:4:9"),
        ("1.need", "0.001251", "t.csv:4:17"),
    ]
    assert "rounded to the euro" in " ".join(worth_knowing(found))


ANNEX = """decided:
  file: annex.xlsx
  sheet: Annex I
  header: [4, 5]
  columns: {instrument: Instrument, partnership: Partner, area: Area, amount: "Commitments {year}"}
  years: columns
  decimal: ','
  always: {state: committed}
  codes: {NDICI: ndici, AMIF: amif}
  totals: ["Sub-total*", TOTAL]
  empty: [p.m., '-']
  ignore: [All years]
"""
ROOM = [("{2025: 30, 2026: 30}, total: 55", "{2025: 3000, 2026: 30}, total: 3030"), ("absorption: 14", "absorption: 2000")]


def test_an_annex_with_merged_headings_years_in_columns_and_totals(annex, variant):
    annex()
    found = load(variant((DECIDED, ANNEX), *ROOM))
    rows = [(r["instrument"], r["partnership"], r["area"], r["year"], Fraction(r["amount"])) for r in table(found, "decided")]
    assert rows == [
        ("ndici", "tunisia", "smuggling", "2025", Fraction(7, 2)),
        ("ndici", "tunisia", "returns", "2025", 1200),
        ("amif", "egypt", "returns", "2025", 2),
        ("amif", "egypt", "returns", "2026", Fraction(1, 2)),
    ]
    assert {r["source"] for r in table(found, "decided")} == {"¹ Current prices."}
    places = {o.key: o.origin.rpartition("!")[2] for o in origins(found, "decided")}
    assert (places["2.instrument"], places["2.amount"], places["4.year"], places["4.amount"]) == ("A7", "D7", "E5", "E9")
    assert "3 totals left out" not in " ".join(worth_knowing(found))
    assert "2 totals left out, 4 figures of them equal to their rows" in " ".join(worth_knowing(found))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"D10": 1205.6}, "annex.xlsx:Annex I!D10: the total 1205.6 is 0.1 more than its rows: those since the total before add up to 2"),
        ({"D8": "1 203,4"}, "Annex I!D8: the total 1203.4 is 0.1 less than its rows: those since the total before add up to 1203.5"),
        ({"D10": "=D8+D9"}, "Annex I!D10: a formula without a stored value: =D8+D9"),
        ({"D10": "about 1"}, "Annex I!D10: the total 'about 1' is not a number"),
        ({"D9": "n.a."}, "Annex I!D9: 'n.a.' is not a number"),
        ({"G6": 5}, "Annex I!G6: 1 cell without a heading"),
        ({"F5": "2027"}, "no heading is like"),
    ],
)
def test_what_is_wrong_in_an_annex_is_said_at_its_cell(cells, said, annex, variant, complaints):
    if said.startswith("no heading"):
        annex(D5="x", E5="y")
    else:
        annex(**cells)
    found = complaints(variant((DECIDED, ANNEX), *ROOM))
    assert sum(said in text for text in found) == 1, found


def test_a_figure_in_merged_cells_would_count_twice(annex, variant, complaints, tmp_path):
    annex()
    book = openpyxl.load_workbook(tmp_path / "annex.xlsx")
    book.active.merge_cells("D9:E9")
    book.save(tmp_path / "annex.xlsx")
    assert complaints(variant((DECIDED, ANNEX), *ROOM)) == [
        "annex.xlsx:Annex I!D9: a figure in merged cells: 2 (unmerge them, and write what each cell holds)"
    ]


HEAD = "Country,Area,Amount,Status\n"


@pytest.mark.parametrize(
    ("body", "mapping", "said"),
    [
        ("Tunisia,Returns,1,x\n", COLUMNS, "t.csv:1:21: 1 column neither mapped nor ignored: Status (map them, or ignore: [Status])"),
        (
            "Tunisa,Returns,1,x\nMars,Returns,1,x\nTunisa,Smuggling,2,x\n",
            f"{COLUMNS}, ignore: [Status]",
            "t.csv:2:1: no partnership has the name 'Tunisa' (did you mean 'tunisia'?), 'Mars' (codes: {Tunisa: id} says what they are, "
            "where: {…: {not: …}} leaves rows out)",
        ),
        (
            "Tunisia,Returns,1,x\n",
            COLUMNS.replace("Amount", "Amounts") + ", ignore: [Status]",
            "no heading 'Amounts' (did you mean 'Amount'?)",
        ),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, where: {{Status: Active}}", "no row has 'Active' in 'Status'"),
        ("Tunisia,Returns,1\n", f"{COLUMNS}, ignore: [Status]", "t.csv:2:1: 3 cells, but the heading has 4"),
        (
            "Tunisia,Returns,1,x\n",
            f"{COLUMNS}, ignore: [Status], unit: USD",
            "no rate for USD (say how many euro one unit of it is worth, such as rate: {USD: 0.92})",
        ),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], rate: 0.9", "a rate, but the amounts are in euro"),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], unit: dollars", "'dollars' is no unit"),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], totals: Sum*", "no total is like 'Sum*'"),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], header: 7", "there is no row 7"),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], encoding: klingon", "'klingon' is no encoding"),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], separator: ab", "'ab' is no separator"),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], always: {{need: 5}}", "'need' is mapped too"),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], colums: x", "unknown key 'colums'"),
        ("Tunisia,Returns,1,x\nTunisia,Returns,2,x\n", f"{COLUMNS}, ignore: [Status]", "'tunisia | returns' stands twice"),
        (
            "Tunisia,Returns,1,a\nTunisia,Returns,2,b\n",
            "columns: {partnership: Country, area: Area, need: Amount, confidence: Status}, sum: true",
            "'confidence' says 'b' here and 'a'",
        ),
        (
            "Tunisia,Returns,1,x\nTunisia,Returns,n.a.,x\n",
            f"{COLUMNS}, ignore: [Status], sum: true",
            "'need' says 'n.a.' here and '1' at t.csv:2:17, in rows that are added up (only amounts can be added up",
        ),
        (
            "Tunisia,Returns,5 %,x\nTunisia,Returns,5 %,x\n",
            f"{COLUMNS}, ignore: [Status], sum: true",
            "'need' says '5 %' here and '5 %' at t.csv:2:17, in rows that are added up",
        ),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], codes: t.csv", "t.csv:1:1: no column 'word' (a table of codes has"),
        (
            "Tunisia,Returns,1,x\nTunisia,Smuggling,1,x\n",
            f"{COLUMNS}, ignore: [Status], codes: {{Tunisia: tunisa}}",
            "t.csv:2:1: no partnership has the name 'tunisa' (did you mean 'tunisia'?)",
        ),
        ("Tunisia,Returns,1,x\n", f"{COLUMNS}, ignore: [Status], codes: [a]", "expected foreign words with our ids, or a file"),
        ("Tunisia,Returns,1,x\n", "columns: x", "expected keys with values"),
        ("Tunisia,Returns,1,\n", f"{COLUMNS}, currency: Status, rate: 0.9", "no rate for an empty cell"),
        (
            "Tunisia;Egypt,Returns,1,x;100\n",
            f"{COLUMNS}, split: {{column: Country, shares: Status}}",
            "2 members and the shares x;100",
        ),
        (
            "Tunisia;Egypt,Returns,1,-50;150\n",
            f"{COLUMNS}, split: {{column: Country, shares: Status}}",
            "2 members and the shares -50;150",
        ),
        (
            "Tunisia;Egypt,Returns,1,60;30\n",
            f"{COLUMNS}, split: {{column: Country, shares: Status}}",
            "2 members and the shares 60;30 (they must be as many, and add up to 100)",
        ),
    ],
)
def test_refusals_name_place_and_way_out(body, mapping, said, needs, complaints):
    found = complaints(needs(HEAD + body, mapping))
    assert sum(said in text for text in found) == 1, found


def test_rows_left_out_totals_and_sums_are_told(needs):
    body = "#country,#area,#value,#status\nTunisia,Returns,1,on\nTunisia,Returns,2.5,on\nEgypt,Returns,4,off\nTotal,,7.5,\n"
    found = load(needs(HEAD + body, f"{COLUMNS}, where: {{Status: {{not: off}}}}, totals: Total, sum: true"))
    assert table(found, "needs") == [{"partnership": "tunisia", "area": "returns", "need": "3.5"}]
    told = " ".join(worth_knowing(found))
    for words in (
        "a row of tags (HXL) is not read",
        "1 row left out by where: Status; 2 read",
        "1 total left out, 1 figure",
        "2 rows added up to 1",
    ):
        assert words in told


def test_totals_may_differ_by_what_was_rounded_if_that_is_said(needs, complaints):
    text = "Country,Area,Amount\nTunisia,Returns,1.4\nEgypt,Returns,1.4\nTotal,,3\n"
    assert "the total 3 is 0.2 more than its rows" in complaints(needs(text, f"{COLUMNS}, totals: Total"))[0]
    assert "0.2 more" in complaints(needs(text, f"{COLUMNS}, totals: {{like: Total, within: 0.1}}"))[0]
    found = load(needs(text, f"{COLUMNS}, totals: {{like: Total, within: 0.2}}"))
    assert "1 total in 'need' differ from their rows, by at most 0.2" in " ".join(worth_knowing(found))


def test_absorption_by_year_and_ids_made_of_names(write, variant):
    write("p.csv", "Country|2025|2026\nTunisia|1000000|2500000\nCôte d'Ivoire|5|6\n".encode("cp1252"))
    text = """partnerships:
  file: p.csv
  separator: '|'
  encoding: cp1252
  columns: {id: Country, name: Country, absorption: "{year}"}
  years: columns
  unit: EUR
  always: {level: bilateral}
"""
    start = FIXED_TEXT.index("\nneeds:") + 1
    needs = "needs: [{partnership: tunisia, area: returns, need: 1}, {partnership: cote-d-ivoire, area: returns, need: 1}]"
    whole = FIXED_TEXT[start:].split("\n\n")[0]
    path = variant((PARTNERSHIPS, text), (whole, needs), (DECIDED, "decided: []"))
    content = path.read_text("utf-8")
    path.write_text(content[: content.index("\nexclude:")] + "\n", "utf-8")
    path.write_text(path.read_text("utf-8").replace("    partners: [north-africa, sahel]\n", ""), "utf-8")
    found = {p.id: (str(p.name), p.absorption) for p in load(path).facts.partnerships}
    assert found == {
        "tunisia": ("Tunisia", {2025: 1, 2026: Fraction(5, 2)}),
        "cote-d-ivoire": ("Côte d'Ivoire", {2025: Fraction(5, 10**6), 2026: Fraction(6, 10**6)}),
    }


def test_activities_with_shares_of_recipients_and_currencies(write, variant):
    write("iati.csv", "to,share,start,value,currency\nTN;EG,60;40,2025-04-01,3500000.00,EUR\nTN,,2026-01-01,1200000,USD\n")
    text = """decided:
  file: iati.csv
  columns: {partnership: to, year: start, amount: value}
  split: {column: to, shares: share}
  years: dates
  unit: EUR
  currency: currency
  rate: {USD: 0.92}
  codes: codes.csv
  always: {instrument: ndici, area: smuggling, state: committed}
"""
    write("codes.csv", "word,id\nTN,tunisia\nEG,egypt\n")
    found = load(variant((DECIDED, text), ("round_to: 0.1", "round_to: 0.000001")))
    rows = [(r["partnership"], r["year"], r["amount"]) for r in table(found, "decided")]
    assert rows == [("tunisia", "2025", "2.1"), ("egypt", "2025", "1.4"), ("tunisia", "2026", "1.104")]
    assert "codes.csv" in found.sources.files


def test_limits_of_rules_changes_and_adjustments_work_on_a_mapped_table(write, variant, tmp_path):
    write("floors.csv", "Country,Floor in EUR\nTunisia,12000000\nEgypt,6500000\n")
    write("needs.csv", "Country,Area,Amount\nTunisia,Returns,1000\nEgypt,Returns,2000\n")
    limit = "at_least: {file: floors.csv, columns: {partnership: Country, floor: Floor in EUR}, column: floor, unit: EUR}"
    change = "change: [{partnership: egypt, area: returns, need: inherited + 50 %}]"
    mapped = f"needs: {{file: needs.csv, {COLUMNS}, unit: EUR thousand, {change}}}\nadjust: {{more: [{{partnership: tunisia, need: 7}}]}}"
    found = load(variant(("at_least: {tunisia: 12, egypt: 6.5}", limit), (NEEDS, mapped)))
    rule = next(rule for rule in found.rules if rule.id == "packages")
    assert [(d, f) for d, f in zip(rule.demands(found.lines).member, rule.demands(found.lines).figure, strict=True)] == [
        (("tunisia",), 12),
        (("egypt",), Fraction(13, 2)),
    ]
    assert [r["need"] for r in table(found, "needs")] == ["7", "3"]


def test_the_file_travels_in_the_workbook_and_comes_out_again(write, variant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("needs.txt", "Country|Area|Amount\nTunisia|Returns|1\nÉgypte|Returns|2\n".encode("cp1252"))
    mapping = f"needs: {{file: needs.txt, encoding: cp1252, separator: '|', {COLUMNS}, codes: {{Égypte: egypt}}}}"
    variant((NEEDS, mapping))
    for call in ("run scenario.yaml -o plan.xlsx", "extract plan.xlsx out", "compare scenario.yaml out/scenario.yaml"):
        done = CliRunner().invoke(cli, call.split())
        assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "needs.txt").read_bytes() == (tmp_path / "needs.txt").read_bytes()
    assert load(tmp_path / "out" / "scenario.yaml").digest == load(tmp_path / "scenario.yaml").digest


def test_compare_notices_a_change_in_a_mapped_file(write, variant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, need in (("a.csv", 1), ("b.csv", 2)):
        write(name, f"Country,Area,Amount\nTunisia,Returns,{need}\n")
        variant((NEEDS, f"needs: {{file: {name}, {COLUMNS}}}"), name=f"{name[0]}.yaml")
    done = CliRunner().invoke(cli, ["compare", "a.yaml", "b.yaml"])
    assert "needs" in done.output.partition("Inputs")[2], done.output


def test_the_cohesion_example_is_the_published_table():
    with (ROOT / "examples" / "cohesion" / "allocations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    words = {"less": "Less Developed Regions (€)", "middle": "Transition Regions (€)", "more": "More Developed Regions (€)"}
    sums = {key: sum(Fraction(row["Amount"]) for row in rows if row["Fund"] == word) / 10**6 for key, word in words.items()}
    found = load(ROOT / "examples" / "cohesion" / "cohesion.yaml")
    assert {i.id: i.ceiling.total for i in found.facts.instruments} == sums
    assert sum(Fraction(row["need"]) for row in table(found, "needs")) == sum(sums.values())
    assert len(table(found, "needs")) == 3 * 28


def test_a_table_of_our_own_in_another_unit_and_encoding(write, variant):
    write("needs.csv", "partnership\tarea\tneed\ntunisia\treturns\t1500\n".encode("utf-16"))
    found = load(variant((NEEDS, "needs: {file: needs.csv, unit: EUR thousand, encoding: utf-16, separator: tab}")))
    assert table(found, "needs") == [{"partnership": "tunisia", "area": "returns", "need": "1.5"}]


def test_a_child_changes_a_mapped_table_of_its_parent(write, variant):
    write("t.csv", "Country,Area,Amount\nTunisia,Returns,4\n")
    variant((NEEDS, f"needs: {{file: t.csv, {COLUMNS}}}"), name="parent.yaml")
    child = write("child.yaml", "extends: parent.yaml\nneeds: {change: [{partnership: tunisia, area: returns, need: inherited + 1}]}\n")
    assert table(load(child), "needs") == [{"partnership": "tunisia", "area": "returns", "need": "5"}]


def test_ranges_and_percentages_keep_their_meaning(needs):
    found = load(needs("Country,Area,Amount\nTunisia,Returns,1000..2000..4000\n", f"{COLUMNS}, unit: EUR thousand"))
    assert table(found, "needs")[0]["need"] == "1..2..4"


def test_what_the_scenario_says_of_every_row_is_in_its_own_unit(write, variant):
    write("t.csv", "Country,Area\nTunisia,Returns\n")
    mapping = "{file: t.csv, columns: {partnership: Country, area: Area}, unit: EUR, always: {need: 5}}"
    assert table(load(variant((NEEDS, f"needs: {mapping}"))), "needs")[0]["need"] == "5"


def test_a_span_may_reach_beyond_the_last_cell(annex, variant, tmp_path):
    annex()
    book = openpyxl.load_workbook(tmp_path / "annex.xlsx")
    book.active.unmerge_cells("A1:F1")
    book.active.merge_cells("A12:XFD13")
    book.save(tmp_path / "annex.xlsx")
    found = load(variant((DECIDED, ANNEX), *ROOM))
    assert {r["source"] for r in table(found, "decided")} == {"¹ Current prices."}


def test_a_word_that_two_codes_explain_is_refused(write, needs, complaints):
    write("codes.csv", "word,id\nMars,tunisia\nMARS,egypt\n")
    found = complaints(needs("Country,Area,Amount\nMars,Returns,1\n", f"{COLUMNS}, codes: codes.csv"))
    assert found == ["codes.csv:3:1: 'MARS' stands twice (keep one of the two)"]


def test_headings_that_stand_twice_are_ignored_together_but_never_read(needs, complaints):
    text = "Country,Area,Amount,Total,Total\nTunisia,Returns,1,2,3\n"
    assert table(load(needs(text, f"{COLUMNS}, ignore: [Total]")), "needs")[0]["need"] == "1"
    assert "the heading 'Total' stands 2 times" in complaints(needs(text, COLUMNS.replace("Amount", "Total") + ", ignore: [Amount]"))[0]
