"""Tables as CSV: the package beside them says all that another reader needs, and what Excel wrote comes back as the same plan."""

import csv
import io
import json
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from cases import TINY
from fundalloc.cli import cli
from fundalloc.export.package import excel_style
from fundalloc.scenario.loading import load
from fundalloc.scenario.plans.amounts import read_plan

pytestmark = pytest.mark.lowest
GERMAN = ("--csv-style", "excel", "--lang", "de")


def call(*words, code=0):
    done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same plan, with moves, in both styles."""
    home = tmp_path_factory.mktemp("csv")
    moving = ("--set", "instruments.ndici.carry_over.share=50 %", "--set", "round_to=0.001")
    for name, style in (("plain", GERMAN[2:]), ("excel", GERMAN)):
        call("run", TINY, *moving, "--csv", home / name, *style, "-q")
    return home


def read(folder: Path) -> dict[str, list[dict[str, object]]]:
    """Read every table as its package says, and nothing else."""
    out = {}
    for table in json.loads((folder / "datapackage.json").read_text("utf-8"))["resources"]:
        text = (folder / table["path"]).read_bytes().decode(table["encoding"])
        heading, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=table["dialect"]["delimiter"])
        fields = table["schema"]["fields"]
        assert [field["name"] for field in fields] == heading, table["name"]
        read_as = {"integer": int, "string": str, "number": Fraction, "boolean": {"True": True, "False": False}.__getitem__}
        signs = [field.get("decimalChar", "") for field in fields]
        cells = [[cell.replace(sign, ".") if sign else cell for cell, sign in zip(row, signs, strict=True)] for row in rows]
        values = [[read_as[f["type"]](cell) if cell else None for f, cell in zip(fields, row, strict=True)] for row in cells]
        out[table["name"]] = [dict(zip(heading, row, strict=True)) for row in values]
    return out


@pytest.mark.parametrize("style", ["plain", "excel"])
def test_the_package_tells_types_signs_and_keys(folders, style):
    package = json.loads((folders / style / "datapackage.json").read_text("utf-8"))
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert {path.name for path in (folders / style).glob("*.csv")} == {table["path"] for table in package["resources"]}
    tables, linked = read(folders / style), set()
    assert "moves" in tables
    for table in package["resources"]:
        rows, schema = tables[table["name"]], table["schema"]
        keys = [tuple(row[column] for column in schema["primaryKey"]) for row in rows] if "primaryKey" in schema else []
        assert len(set(keys)) == len(keys), table["name"]
        for key in schema.get("foreignKeys", []):
            reference = key["reference"]
            known = {tuple(row[c] for c in reference["fields"]) for row in tables[reference["resource"]]}
            assert {tuple(row[c] for c in key["fields"]) for row in rows} <= known, table["name"]
            linked.add((table["name"], *key["fields"]))
    assert {("allocation", "area"), ("coverage", "partnership"), ("moves", "to"), ("memo", "instrument")} <= linked


def test_both_styles_say_the_same(folders):
    assert read(folders / "plain") == read(folders / "excel")
    written = (folders / "excel" / "allocation.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfinstrument;partnership;")
    assert b";3,5;" in written
    assert b"3.5" not in written


def test_excel_takes_what_its_language_takes():
    styles = [(s.separator, s.decimal, s.encoding) for s in map(excel_style, ("de", "fr", "bg", "en"))]
    assert styles == [(";", ",", "utf-8-sig")] * 3 + [(",", ".", "utf-8-sig")]


def test_a_plan_comes_back_from_either(folders, tmp_path):
    scenario = load(TINY)
    plans = [read_plan(folders / style, scenario.facts.dimensions) for style in ("plain", "excel")]
    assert plans[0].amounts == plans[1].amounts
    assert plans[0].moves == plans[1].moves
    assert any(amount % Fraction(1, 10) for amount in plans[1].amounts.values())  # three decimals, where 1,234 could be a thousand
    settings = ("--set", "instruments.ndici.carry_over.share=50 %", "--set", "round_to=0.001")
    told = [call("run", TINY, *settings, "--plan", folders / style).stdout.replace(style, "") for style in ("plain", "excel")]
    assert told[0] == told[1]
    base = load(TINY, baseline=folders / "excel").starting_amounts()
    assert base == load(TINY, baseline=folders / "plain" / "allocation.csv").starting_amounts()
    call("run", TINY, "--baseline", folders / "excel", "-o", tmp_path / "plan.xlsx", "-q")
    call("verify", tmp_path / "plan.xlsx")
    call("extract", tmp_path / "plan.xlsx", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("datapackage.json")] == ["datapackage.json"]


def test_verify_reads_what_excel_opens(tmp_path):
    call("run", TINY, "--csv", tmp_path / "csv", *GERMAN, "-q")
    assert "all hold" in call("verify", tmp_path / "csv" / "allocation.csv", TINY).stdout
    call("new", tmp_path / "next", "--from", tmp_path / "csv", "--year", 2026, "--scenario", TINY)
    assert {file.name for file in (tmp_path / "next" / "csv").iterdir()} == {"allocation.csv", "datapackage.json"}  # the sign goes along
    assert load(next((tmp_path / "next").glob("*.yaml"))).facts.closed == {2025}


def test_the_sign_that_the_package_names_is_obeyed(folders, tmp_path):
    (tmp_path / "allocation.csv").write_text('instrument,partnership,area,year,amount\nndici,tunisia,smuggling,2025,"6,345"\n', "utf-8")
    fields = [{"name": "amount", "type": "number", "decimalChar": ","}]
    package = {"resources": [{"name": "a", "path": "allocation.csv", "schema": {"fields": fields}}]}
    (tmp_path / "datapackage.json").write_text(json.dumps(package), "utf-8")
    assert read_plan(tmp_path, load(TINY).facts.dimensions).amounts == {("ndici", "tunisia", "smuggling", "2025"): Fraction("6.345")}


def test_names_are_in_the_language_asked_for(tmp_path):
    words = ("--set", "areas.returns.name={en: Returns, de: Rückkehr}", "--set", "rules.packages.says={en: Package, de: Paket}")
    call("run", TINY, *words, "--csv", tmp_path / "csv", "--lang", "de", "-q")
    found = read(tmp_path / "csv")
    assert "Rückkehr" in {row["area_name"] for row in found["allocation"]} & {row["name"] for row in found["areas"]}
    assert {row["says"] for row in found["rules"] if row["rule"] == "packages"} == {"Paket"}


def test_a_style_without_tables_is_a_wrong_call():
    assert "--csv-style is about the tables of --csv" in call("run", TINY, "-n", "--csv-style", "excel", code=2).output


def test_a_table_saved_anew_with_another_sign_shows_it_itself(tmp_path):
    call("run", TINY, "--csv", tmp_path / "csv", "-q")
    table = tmp_path / "csv" / "allocation.csv"
    before = read_plan(tmp_path / "csv", load(TINY).facts.dimensions).amounts
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    with table.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([[cell.replace(".", ",") for cell in row] for row in rows])
    assert read_plan(tmp_path / "csv", load(TINY).facts.dimensions).amounts == before
