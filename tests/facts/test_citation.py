"""A source given by its parts: a citation in every language, and one message for what is no such source."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from click.testing import CliRunner

from cases import TWO_BY_TWO, spaced, write
from fundalloc.cli import cli
from fundalloc.errors import ScenarioError
from fundalloc.facts.citation import Citation, cited
from fundalloc.scenario.loading import load

ACT = {"celex": "32021R0947", "article": "17", "read": "2026-11-27"}
RULE = {"kind": "amount", "says": "rule", "money": {"partnership": "north"}, "at_most": "100"}


def with_source(folder: Any, source: Any) -> Any:
    return load(write(folder, {**TWO_BY_TWO, "rules": {"cap": {**RULE, "source": source}}})).written_rules[0].source


@pytest.mark.parametrize(
    ("parts", "language", "said"),
    [
        (ACT, "en", "Regulation (EU) 2021/947, Article 17 (read 27.11.2026)"),
        (ACT, "bg", "Регламент (ЕС) 2021/947, член 17 (прочетено на 27.11.2026)"),
        (ACT, "fr", "Règlement (UE) 2021/947, article 17 (lu le 27.11.2026)"),
        (ACT, "de", "Verordnung (EU) 2021/947, Artikel 17 (gelesen am 27.11.2026)"),
        ({"celex": "32016L0680"}, "fr", "Directive (UE) 2016/680"),
        ({"celex": "32024R2509", "domain": "EU, Euratom"}, "bg", "Регламент (ЕС, Евратом) 2024/2509"),
        ({"celex": "32020D2053", "valid_until": "2027-12-31"}, "de", "Beschluss (EU) 2020/2053 (gültig bis 31.12.2027)"),
        ({"text": "A letter", "valid_until": "2026-06-30"}, "en", "A letter (valid until 30.06.2026)"),
        ("as it is written", "de", "as it is written"),
    ],
)
def test_a_source_is_printed_as_a_citation(tmp_path, parts, language, said):
    source = with_source(tmp_path, parts)
    assert cited(source, language) == said
    again = pickle.loads(pickle.dumps(source))
    assert (again, cited(again, language)) == (source, said)
    assert source == cited(source, "en")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"celex": "32021X0947"}, "'32021X0947' is no CELEX number of an act since 2015 (R, L or D)"),
        ({"celex": "31996R1257"}, "'31996R1257' is no CELEX number of an act since 2015 (R, L or D)"),
        ({"celex": "32021R0947", "artcle": "17"}, "unknown key 'artcle'"),
        ({"celex": "32021R0947", "text": "x"}, "expected a text, or an act by its number"),
        ({"read": "2026-11-27"}, "expected a text, or an act by its number"),
        ({"celex": "32021R0947", "read": "27.11.2026"}, "'27.11.2026' is no date"),
        ({"celex": "32021R0947", "article": "seventeen"}, "'seventeen' is no article"),
        ({"celex": "32021R0947", "domain": "EEC"}, "'EEC' is no domain of acts"),
        (["x"], "expected a text, or an act by its number"),
    ],
)
def test_what_is_no_source_is_one_problem(tmp_path, source, says):
    with pytest.raises(ScenarioError) as caught:
        with_source(tmp_path, source)
    assert [problem.message for problem in caught.value.problems] == [says]


def test_what_is_shown_can_be_loaded_and_csv_has_the_citation(tmp_path):
    file = write(tmp_path, {**TWO_BY_TWO, "rules": {"cap": {**RULE, "source": ACT}}})
    values = json.loads(CliRunner().invoke(cli, ["show", str(file), "rules.cap.source", "--json"]).stdout)["result"]["values"]
    shown = {value["key"].rpartition(".")[2]: value["value"] for value in values}
    assert shown == ACT
    assert isinstance(with_source(tmp_path, shown), Citation)
    CliRunner().invoke(cli, ["run", str(file), "--csv", str(tmp_path / "out"), "-q"])
    assert '"Regulation (EU) 2021/947, Article 17 (read 27.11.2026)"' in (tmp_path / "out" / "rules.csv").read_text("utf-8")


def test_the_doctor_lists_what_is_out_of_date_once_with_all_that_rests_on_it(tmp_path):
    old, fresh = ({"text": "Statement", "valid_until": day} for day in ("2023-12-31", "2024-01-01"))
    rules = {
        "cap": {**RULE, "source": old},
        "cup": {**RULE, "at_most": "99", "source": old},
        "now": {**RULE, "at_most": "98", "source": fresh},
    }
    file = write(tmp_path, {**TWO_BY_TWO, "rules": rules})
    said = spaced(CliRunner().invoke(cli, ["check", str(file)]).output)
    assert said.count("is out of date") == 1
    assert "Statement (valid until 31.12.2023) is out of date at 2024-01-01: rules cap, rules cup" in said
