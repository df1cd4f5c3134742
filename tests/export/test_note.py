"""The note: what it says against figures worked out by hand, its structure for screen readers, and its bytes."""

import io
import json
import sys
import zipfile

import docx
import pytest
from click.testing import CliRunner

from cases import TWO_BY_TWO
from fundalloc.cli import cli
from fundalloc.errors import UsageError
from fundalloc.export.note import note_bytes, write_note
from fundalloc.export.on_request import ask
from fundalloc.export.workbook.book import Book
from fundalloc.labels import LANGUAGES, label
from fundalloc.run import solve
from fundalloc.scenario.loading import load

PARTS = ("note.asked", "page.brief", "note.standing", "page.missed", "note.firm", "page.caveats", "note.terms", "note.sources")
PROMISE = {"kind": "amount", "says": "{partnership}: as promised", "source": "A letter", "for_each": "partnership", "soft": "0.001"}
CASE = TWO_BY_TWO | {"illustrative": True, "title": "Two <b>by</b> two", "rules": {"promise": PROMISE | {"at_least": {"north": "5"}}}}


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    file = tmp_path_factory.mktemp("note") / "case.yaml"
    file.write_text(json.dumps(CASE), "utf-8")
    return solve(load(file))


def book_of(plan, language="en"):
    return Book(plan, plan.scenario.speaks(language), False, ask(plan))


def read(plan, language="en"):
    return docx.Document(io.BytesIO(note_bytes(book_of(plan, language))))


def call(*options):
    return CliRunner().invoke(cli, ["run", "case.yaml", *options], catch_exceptions=False)


def rows(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_it_says_what_is_sought_who_receives_and_what_is_missed(plan):
    """North has 3.4 of its 8, South 12.6, which meet 9.6 of its 12; promised to North were 5."""
    note = read(plan)
    texts = [paragraph.text.replace("\u00a0", " ") for paragraph in note.paragraphs]
    assert "Two <b>by</b> two" in texts
    assert "For decision: EUR 16 million of the EU budget, newly planned for 2026." in texts
    received, missed = map(rows, note.tables)
    assert received == [
        ["Partnership", "Decided", "Newly planned", "Need not met"],
        ["North", "0.0", "3.4", "4.6"],
        ["South", "0.0", "12.6", "2.4"],
        ["Total", "0.0", "16.0", "7.0"],
    ]
    assert [cell.paragraphs[0].alignment for cell in note.tables[0].rows[1].cells] == [0, 2, 2, 2]  # figures stand right
    assert missed == [["Asked for", "Planned", "Limit"], ["North: as promised · Pledge", "3.4", "5.0"]]
    assert any(text.startswith("A letter") for text in texts)
    assert "Illustrative data: not for quotation." in texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_tables_and_language_are_there_for_whoever_listens(plan, language):
    note = read(plan, language)
    headings = [paragraph.text for paragraph in note.paragraphs if paragraph.style.name == "Heading 1"]
    assert headings == [label(part, language) for part in PARTS]
    for table in note.tables:
        said = {child.tag.rpartition("}")[2]: child for child in table._tbl.tblPr}
        assert all(len(next(iter(said[name].attrib.values()))) > 20 for name in ("tblCaption", "tblDescription"))
        assert "tblHeader" in table.rows[0]._tr.xml
    assert f'w:lang w:val="{language}"' in note.styles["Normal"].element.xml
    assert note.core_properties.language == language


def test_the_same_plan_gives_the_same_bytes_without_a_clock(plan):
    first, second = note_bytes(book_of(plan)), note_bytes(book_of(plan))
    assert first == second
    assert {entry.date_time[0] for entry in zipfile.ZipFile(io.BytesIO(first)).infolist()} == {1980}
    assert str(docx.Document(io.BytesIO(first)).core_properties.modified).startswith(plan.scenario.head.as_of)


def test_run_writes_it_beside_the_workbook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "case.yaml").write_text(json.dumps(CASE), "utf-8")
    assert "Wrote note.docx" in call("--note", "note.docx", "--ranges").stdout
    texts = [paragraph.text for paragraph in docx.Document("note.docx").paragraphs]
    assert any(text.startswith("Ranges: ") for text in texts)
    assert "ends in .docx" in call("--note", "note.pdf").stderr


def test_how_firm_money_is_needs_no_workbook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "case.yaml").write_text(json.dumps(CASE), "utf-8")
    call("--note", "note.docx")
    texts = [paragraph.text for paragraph in docx.Document("note.docx").paragraphs]
    assert any("cannot move by more than" in text for text in texts)


def test_without_the_extra_one_message_names_it(plan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "docx", None)
    (tmp_path / "case.yaml").write_text(json.dumps(CASE), "utf-8")
    refused = call("--note", "note.docx")
    assert refused.exit_code == 2
    assert "python -m pip install 'fundalloc[note]'" in refused.stderr
    with pytest.raises(UsageError):
        write_note(plan, "note.docx", "en")
    assert not list(tmp_path.glob("*.docx"))
