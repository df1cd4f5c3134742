"""A further language is one file: with a catalogue of its own, every command knows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fundalloc
from cases import TINY
from fundalloc.labels import LANGUAGES


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with the catalogue of a language `xx`."""
    folder = tmp_path_factory.mktemp("house")
    package = Path(fundalloc.__file__).parent
    shutil.copytree(package, folder / "fundalloc", ignore=shutil.ignore_patterns("__pycache__"))
    english = (package / "labels" / "en.toml").read_text("utf-8")
    changed = english.replace('budget = "EU budget"', 'budget = "XX budget"')
    assert changed != english
    (folder / "fundalloc" / "labels" / "xx.toml").write_text(changed, "utf-8")
    return folder


def run(house: Path, *words: object) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "fundalloc", *map(str, words)]
    return subprocess.run(call, capture_output=True, text=True, check=False, cwd=house, env={**os.environ, "PYTHONPATH": str(house)})


def test_names_and_outputs(house: Path) -> None:
    (house / "tiny.yaml").write_text(TINY.read_text("utf-8").replace("name: Egypt,", "name: Egypt, name.xx: Misr,"), "utf-8")
    text = "extends: tiny.yaml\nscenario: more\noutput: {language: xx}\ninstruments: {amif: {name: {en: AMIF, xx: XMIF}}}\n"
    (house / "more.yaml").write_text(text, "utf-8")
    shown = run(house, "run", "more.yaml", "--lang", "xx", "-o", "more.xlsx")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "XX budget" in shown.stdout
    assert run(house, "import", "more.xlsx", "-o", "back.yaml").returncode == 0
    refused = run(house, "check", "more.yaml", "--set", "title={en: a, yy: b}")
    assert f"unknown language 'yy' expected one of: {', '.join([*LANGUAGES, 'xx'])}" in " ".join(refused.stderr.split())


def test_the_schema_lists_it(house: Path) -> None:
    texts = [part for part in _parts(json.loads(run(house, "schema").stdout)) if "en" in part.get("propertyNames", {}).get("enum", ())]
    assert texts
    assert all(part["propertyNames"]["enum"] == [*LANGUAGES, "xx"] for part in texts)


def _parts(schema: object) -> list[dict]:
    below = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    return ([schema] if isinstance(schema, dict) else []) + [part for child in below for part in _parts(child)]
