"""`fundalloc intake`: what it finds in a foreign table; with its gaps filled in, the mapping is read, and without, it is refused."""

import pytest
from click.testing import CliRunner

from conftest import FIXED_TEXT
from fundalloc.cli import cli
from fundalloc.errors import Problems, ScenarioError
from fundalloc.scenario.document import to_plain
from fundalloc.scenario.loading import load
from fundalloc.scenario.merging import load_tree

IATI = """\
iati_identifier,recipient_country_code,recipient_country_percentage,budget_period_start_iso_date,budget_value,budget_value_currency
XI-1,TN;EG,60;40,2025-04-01,3500000.00,EUR
XI-2,TN,100,2026-01-01,1200000,USD
"""
CRS = """Year|DonorName|RecipientName|PurposeName|USD_Commitment|USD_Disbursement
2025|EU Institutions|Tunisia|Migration|3.785411|1.2
2025|EU Institutions|Türkiye|Migration…|12.5|
"""
APPEALS = """countryCode,cluster,requirements,funding
#country+code,#sector+cluster+name,#value+funding+required+usd,#value+funding+total+usd
TUN,Protection,1500000,3
TUN,Protection - Children,500000,
EGY,Health,2000000,5
"""


@pytest.fixture
def intake(write, tmp_path, monkeypatch):
    """intake(file, table): the mapping that is proposed for the fixed case."""
    monkeypatch.chdir(tmp_path)
    write("fixed.yaml", FIXED_TEXT)

    def intake(file, table):
        done = CliRunner().invoke(cli, ["intake", file, "--as", table, "--in", "fixed.yaml"])
        assert done.exit_code == 0, done.output
        return done.stdout

    return intake


@pytest.fixture
def filled(write):
    """filled(proposed, table, (gap, filled in), …): the rows that are read, after they were refused with a gap left."""

    def filled(proposed, table, *gaps):
        start = FIXED_TEXT.index(f"\n{table}:") + 1
        before, after = FIXED_TEXT[:start], FIXED_TEXT[start:].partition("\n\n")[2]
        before = before.replace("{2025: 30, 2026: 30}, total: 55", "{2025: 3000, 2026: 30}, total: 3030").replace(
            "absorption: 14", "absorption: 2000"
        )
        before = before.replace("round_to: 0.1", "round_to: 0.000001")
        for gap, text in gaps:
            with pytest.raises(ScenarioError):
                load(write("scenario.yaml", f"{before}{proposed}\n{after}"))
            assert proposed.count(gap) == 1, (gap, proposed)
            proposed = proposed.replace(gap, text)
        assert "…" not in proposed.replace("Migration…", "")
        found = load(write("scenario.yaml", f"{before}{proposed}\n{after}")).tables[table]
        return [{c: text for c, text in zip(found.columns, cells, strict=True) if text} for cells in found.cells]

    return filled


def figures(rows, *columns):
    return [tuple(row[c] for c in columns) for row in rows]


def test_an_annex(annex, intake, filled):
    annex()
    proposed = intake("annex.xlsx", "decided")
    for line in (
        "header: [4, 5]",
        "columns: {instrument: Instrument, partnership: Partner, area: Area, amount: 'Commitments {year}'}",
        "years: columns",
        "unit: EUR million  # from '(EUR million)'",
        "decimal: ','",
        "empty: ['p.m.', '-']",
        "totals: [Sub-total Tunisia, TOTAL]",
        "ignore: [All years]",
    ):
        assert f"\n  {line}" in proposed, line
    gaps = [("state: …", "state: committed")] + [
        (f"{word}: …", f"{word}: {word.lower()}") for word in ("NDICI", "AMIF") if f"{word}: …" in proposed
    ]
    rows = filled(proposed, "decided", *gaps)
    assert figures(rows, "instrument", "area", "year", "amount")[1:] == [
        ("ndici", "returns", "2025", "1200.0"),
        ("amif", "returns", "2025", "2"),
        ("amif", "returns", "2026", "0.5"),
    ]


def test_an_iati_extract(write, intake, filled):
    write("iati.csv", IATI)
    always = "always: {instrument: …, area: …, state: …}"
    gaps = [("rate: {USD: …}", "rate: {USD: 0.92}")]  # country codes of two letters are known
    said = (
        always.replace("instrument: …", "instrument: ndici").replace("area: …", "area: smuggling").replace("state: …", "state: committed")
    )
    rows = filled(intake("iati.csv", "decided"), "decided", (always, said), *gaps)
    assert figures(rows, "partnership", "year", "amount") == [
        ("tunisia", "2025", "2.1"),
        ("egypt", "2025", "1.4"),
        ("tunisia", "2026", "1.104"),
    ]


def test_a_crs_extract_in_another_encoding(write, intake, filled):
    write("crs.txt", CRS.encode("cp1252"))
    proposed = intake("crs.txt", "decided")
    assert "encoding: cp1252" in proposed
    assert "separator: '|'" in proposed
    always = "always: {instrument: …, area: …, state: …}"
    said = "always: {instrument: ndici, area: smuggling, state: committed}"
    rows = filled(proposed, "decided", (always, said), ("rate: {USD: …}", "rate: {USD: 0.92}"), ("Türkiye: …", "Türkiye: egypt"))
    # 3.785411 and 12.5 million US dollars at 0.92: 3.482 578 12 is rounded to the euro
    assert figures(rows, "partnership", "year", "amount") == [("tunisia", "2025", "3.482578"), ("egypt", "2025", "11.5")]


def test_appeals_with_a_row_of_tags(write, intake, filled):
    write("appeals.csv", APPEALS)
    proposed = intake("appeals.csv", "needs")
    assert "unit: USD  # from '#value funding required usd'" in proposed
    gaps = [("rate: {USD: …}", "rate: 0.5")]
    gaps += [
        (f"{word}: …", f"{word}: {area}")
        for word, area in (("Protection", "returns"), ("Protection - Children", "returns"), ("Health", "smuggling"))
    ]
    proposed = proposed.replace("  codes:", "  sum: true\n  codes:")
    rows = filled(proposed, "needs", *gaps)
    assert figures(rows, "partnership", "area", "need") == [("tunisia", "returns", "1"), ("egypt", "smuggling", "1")]


def test_partnerships_of_a_long_table(write, intake):
    write("long.csv", "Member state;Fund;Amount\nPoland;A (€);5\nPoland;B (€);6\nPoland;Total (€);11\n")
    assert intake("long.csv", "partnerships").splitlines() == [
        "partnerships:",
        "  file: long.csv",
        "  columns: {id: Member state, name: Member state}",
        "  always: {level: …}  # in no column: what it is in every row, or map it above",
        "  sum: true  # several rows have the same keys: they are added up",
        "  totals: {column: Fund, like: ['Total (€)']}  # checked against their rows",
        "  ignore: [Amount]",
    ]


@pytest.mark.parametrize("text", ["", "a,b,c\n", "only words\nand more\n"])
def test_where_there_is_no_table_it_says_so(text, write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("t.csv", text)
    done = CliRunner().invoke(cli, ["intake", "t.csv", "--as", "needs"])
    assert (done.exit_code, done.stdout) == (3, "")
    assert "t.csv" in done.output


def test_an_output_is_written_once(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("sub/t.csv", "Country,Sector,Requirements\nTunisia,Returns,2.5\n")
    for code, said in ((0, "Wrote needs.yaml"), (2, "name a new file")):
        done = CliRunner().invoke(cli, ["intake", "sub/t.csv", "--as", "needs", "-o", "needs.yaml"])
        assert (done.exit_code, said in done.output) == (code, True), done.output
    assert "file: sub/t.csv" in (tmp_path / "needs.yaml").read_text("utf-8")


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("Betrag (Mio. EUR)", "EUR million"),
        ("Montant (en milliards d'euros)", "EUR billion"),
        ("Montant (milliers €)", "EUR thousand"),
        ("Сума (млн. EUR)", "EUR million"),
        ("Requirements (US$m)", "USD million"),
        ("Amount in EUR", "EUR"),
        ("EUR '000", "EUR thousand"),
        ("Some figure", "…"),
    ],
)
def test_units_are_known_by_their_words(heading, unit, write, intake):
    write("t.csv", f"Country;Area;{heading}\nTunisia;Returns;1,5\n")
    lines = [line.strip() for line in intake("t.csv", "needs").splitlines()]
    assert next(line for line in lines if line.startswith("unit:")).partition("  #")[0] == f"unit: {unit}"
    assert any(line.startswith("columns: {partnership: Country, area: Area, need: ") for line in lines)


def test_line_ends_in_cells_do_not_break_the_mapping(write, intake):
    write("t.csv", 'Country,"Area\nof work",Amount (EUR)\n"Tunisia","Big\nproject",1\n')
    proposed = intake("t.csv", "needs")
    assert "area: Area of work" in proposed
    assert "    Big project: …" in proposed


def test_instruments(write, intake):
    rows = (
        "Annual report",
        "Instrument;Legal base;Budget (EUR thousand)",
        "Asylum Fund;Reg. 1;1 200,5",
        "Border Fund;Reg. 2;800",
        "Total;;2 000,5",
    )
    write("funds.csv", "\n".join(rows))
    proposed = intake("funds.csv", "instruments")
    for line in ("columns: {id: Instrument, name: Instrument, ceiling: Budget (EUR thousand)}", "unit: EUR thousand", "totals: [Total]"):
        assert line in proposed, proposed
    start = "fundalloc: 1\n" + proposed.replace("always: {source: …}", "always: {source: the report}")
    found = load_tree(write("funds.yaml", start), lambda _: True, Problems()).mapping("instruments")
    ceilings = {name: to_plain(node)["ceiling"] for name, node in found.items.items()}
    assert ceilings == {"asylum-fund": "1.2005", "border-fund": "0.8"}
