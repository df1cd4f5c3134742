"""Needs that show their arithmetic: indicator x parameter x factor + adjustment, worked out by hand."""

from fractions import Fraction

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from cases import TINY
from fundalloc.cli import cli
from fundalloc.scenario.loading import load

ROWS = """partnership,area,need,indicator,parameter,factor,adjustment,terms,terms.de,reason
tunisia,smuggling,12.0,3,4,,,routes x EUR million,Routen x Mio. EUR,
tunisia,returns,10,3.181,3,1.1,-0.5,,,counted twice
egypt,returns,8,,,,8,,,an estimate
sahel,returns,9,,,,,,,
global,returns,6,2,2,2,,,,
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "needs.csv").write_text(ROWS, "utf-8")
    text = TINY.read_text("utf-8")
    start, end = text.index("needs:\n"), text.index("decided:\n")
    (tmp_path / "tiny.yaml").write_text(f"{text[:start]}needs: {{file: needs.csv}}\n\n{text[end:]}", "utf-8")
    return tmp_path


def test_terms_give_the_need_to_the_decimals_that_needs_have(folder):
    scenario = load(folder / "tiny.yaml")
    derived = scenario.facts.needs.derived
    # 3 x 4 = 12; 3.181 x 3 x 1.1 - 0.5 = 9.9973, which is 10 in whole numbers; 8; nothing told; 2 x 2 x 2 = 8, not 6
    assert [told and told.comes_to for told in derived] == [12, Fraction("9.9973"), 8, None, 8]
    (remark,) = scenario.remarks
    assert (str(remark.place), remark.message) == (f"{folder / 'needs.csv'}:6:16", "the need is 6, but its terms come to 8 (2 x 2 x 2)")


def test_finer_needs_ask_for_finer_terms(folder):
    (folder / "needs.csv").write_text(ROWS.replace("sahel,returns,9,", "sahel,returns,9.25,"), "utf-8")
    assert [remark.place.line for remark in load(folder / "tiny.yaml").remarks] == [6]  # 9.9973 is within 0.005 of 10
    (folder / "needs.csv").write_text(ROWS.replace("sahel,returns,9,", "sahel,returns,9.255,"), "utf-8")
    assert [remark.place.line for remark in load(folder / "tiny.yaml").remarks] == [3, 6]


def test_what_a_change_makes_of_a_need_is_one_more_adjustment(folder):
    child = "extends: tiny.yaml\nscenario: child\nneeds: {change: [{partnership: tunisia, area: returns, need: inherited + 20 %}]}\n"
    (folder / "child.yaml").write_text(child, "utf-8")
    told = load(folder / "child.yaml").facts.needs.derived[1]
    assert (told.comes_to, told.adjustment) == (12, 12 - Fraction("10.4973"))
    assert str(told.reason) == "counted twice; child.yaml:3"


def test_a_finer_figure_of_a_change_asks_nothing_of_others_and_its_own_terms_must_hold(folder):
    rows = "{partnership: sahel, area: returns, need: 9.123}, {partnership: global, area: returns, need: 7.5, indicator: 3}"
    (folder / "child.yaml").write_text(f"extends: tiny.yaml\nscenario: child\nneeds: {{change: [{rows}]}}\n", "utf-8")
    (remark,) = load(folder / "child.yaml").remarks
    assert remark.message == "the need is 7.5, but its terms come to 12 (3 x 2 x 2)"


def test_explain_opens_a_need(folder):
    found = CliRunner().invoke(cli, ["explain", str(folder / "tiny.yaml"), "tunisia", "returns"])
    assert "It is 3.181 x 3 x 1.1 - 0.5 = 9.9973, rounded: counted twice." in found.stdout
    found = CliRunner().invoke(cli, ["explain", str(folder / "tiny.yaml"), "tunisia", "smuggling"])
    assert "It is 3 x 4: routes x EUR million." in found.stdout


def test_the_sheet_needs_computes_them_and_travels(folder):
    book = folder / "plan.xlsx"
    assert CliRunner().invoke(cli, ["run", str(folder / "tiny.yaml"), "-o", str(book), "--lang", "de", "-q"]).exit_code == 0
    rows = [
        row
        for row in load_workbook(book, data_only=True)["Bedarf"].iter_rows(values_only=True)
        if "Parameter" in row or row[1] == "Returns"
    ]
    heading, tunisia = rows[0], rows[1]
    shown = dict(zip(heading, tunisia, strict=True))
    assert [shown[k] for k in ("Kennzahl", "Parameter", "Faktor des Bedarfs", "Anpassung des Bedarfs")] == [3.181, 3, 1.1, -0.5]
    assert shown["Nach seinen Bestandteilen"] == pytest.approx(9.9973)
    assert "byte for byte" in CliRunner().invoke(cli, ["verify", str(book)]).stdout
    assert CliRunner().invoke(cli, ["extract", str(book), str(folder / "out")]).exit_code == 0
    assert (folder / "out" / "needs.csv").read_text("utf-8") == ROWS


def test_terms_move_no_amount_and_keep_the_fingerprint_of_amounts(folder):
    (folder / "bare.csv").write_text("\n".join(",".join(line.split(",")[:3]) for line in ROWS.splitlines()) + "\n", "utf-8")
    told = load(folder / "tiny.yaml").facts.needs
    bare = load(folder / "tiny.yaml", settings=["needs={file: bare.csv}"]).facts.needs
    assert (told.need.numerator == bare.need.numerator).all()
    assert not any(bare.derived)
