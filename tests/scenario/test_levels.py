"""Levels of the scenario's own: known once they have a name, and called so wherever the shipped ones are."""

import openpyxl
from click.testing import CliRunner

from fundalloc.cli import cli
from fundalloc.scenario.loading import load

RULE = "rules:\n  each: {kind: amount, says: '{level}: {limit}', for_each: level, at_least: {country: 12}, source: assumption}\n"


def test_a_level_of_its_own_has_its_name_everywhere(variant, tmp_path):
    path = variant(
        ("as_of:", "tag_names: {level: {country: {en: single country, fr: pays seul}}}\nas_of:"),
        ("name: Tunisia, level: bilateral", "name: Tunisia, level: country"),
        ("rules:\n", RULE),
    )
    scenario = load(path)
    assert scenario.head.levels == ("bilateral", "regional", "global", "country")
    named = [scenario.names(language)["level"]["country"] for language in ("en", "fr", "de")]
    assert named == ["single country", "pays seul", "single country"]
    assert scenario.names("fr")["level"]["regional"] == "régional"
    done = CliRunner().invoke(cli, ["run", str(path), "-o", str(tmp_path / "plan.xlsx"), "--lang", "fr"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx", data_only=True)
    said = {sheet.title: {str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell} for sheet in book}
    assert {"Par année", "Partenariats"} <= {title for title, texts in said.items() if "pays seul" in texts}, said.keys()
    assert any(text.startswith("pays seul: ") for text in said["Règles"])


def test_a_misspelt_level_is_no_new_one(variant, complaints):
    assert complaints(variant(("name: Tunisia, level: bilateral", "name: Tunisia, level: bilaterl"))) == [
        "scenario.yaml:43:41: unknown level 'bilaterl' (did you mean 'bilateral'?; or name it: tag_names: {level: {bilaterl: …}})"
    ]
