"""Files damaged at random, as editors, spreadsheet programs and mail do it: always an answer or a message, never a traceback.

`--fuzz N` draws N more of each kind; a case that fails names its number, which makes it again: `--fuzz-from NUMBER`.
"""

from __future__ import annotations

import io
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from cases import SHIPPED, TINY
from fundalloc.cli import cli
from fundalloc.errors import ScenarioError
from fundalloc.export.workbook import write_workbook
from fundalloc.run import solve
from fundalloc.scenario.loading import load

SCENARIOS, BOOKS = 300, 100
VALUES = [
    "",
    "0",
    "-1",
    "1e99",
    "1e-99",
    "nan",
    "1,5",
    "1.200,5",
    "12 %",
    "2025-01-01",
    "true",
    "~",
    "[]",
    "{}",
    "[a, b]",
    "{a: 1}",
    "٣",
    "none",
]
VALUES += [
    "inherited + 1",
    "1..2",
    "'x",
    '"x',
    "*x",
    "&x",
    "!!int 1",
    "|",
    "a: b: c",
    "\x07",
    "\u202e",
    "x" * 40_000,
    "2021-2027",
    "../x",
    "all",
]
KEYS = [
    "name",
    "source",
    "at_least",
    "kind",
    "money",
    "for_each",
    "ceiling",
    "need",
    "partnership",
    "area",
    "instrument",
    "soft",
    "says",
    "years",
]

Mutation = Callable[[str, random.Random], str]


def a_line(change: Callable[[list[str], int, random.Random], object]) -> Mutation:
    """Change the list of lines at one of them."""

    def made(text: str, rng: random.Random) -> str:
        lines = text.splitlines(keepends=True)
        if lines:
            change(lines, rng.randrange(len(lines)), rng)
        return "".join(lines)

    return made


def value(lines: list[str], k: int, rng: random.Random) -> None:
    """Write another value over one that stands behind a colon, a comma or a bracket."""
    lines[k] = re.sub(r"(?<=[:,\[{])[^,:\[\]{}\n]+", lambda m: rng.choice(VALUES) if rng.random() < 0.4 else m[0], lines[k])


def letter(lines: list[str], k: int, rng: random.Random) -> None:
    at = rng.randrange(len(lines[k]) or 1)
    lines[k] = lines[k][:at] + rng.choice([*" :-{}[],'\"#%&*!|>\t;\\é€٣\r", ""]) + lines[k][at + rng.randrange(2) :]


def dropped(lines: list[str], k: int, _: random.Random) -> None:
    del lines[k]


def twice(lines: list[str], k: int, _: random.Random) -> None:
    lines.insert(k, lines[k])


def swapped(lines: list[str], k: int, rng: random.Random) -> None:
    other = rng.randrange(len(lines))
    lines[k], lines[other] = lines[other], lines[k]


def indented(lines: list[str], k: int, rng: random.Random) -> None:
    lines[k] = " " * rng.randrange(5) + lines[k].lstrip(" ") if rng.random() < 0.7 else "\t" + lines[k]


MUTATIONS: list[Mutation] = [
    *map(a_line, (value, value, value, letter, letter, dropped, twice, swapped, indented)),
    lambda text, rng: text[: rng.randrange(len(text) + 1)],
    lambda text, rng: text.replace("\n", rng.choice(["\r\n", "\r"])),
    lambda text, rng: text.replace(",", rng.choice([";", "\t", ",,"])),
    lambda text, _: f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n",
]


def damaged(source: Path, folder: Path, seed: int) -> Path:
    """Copy a scenario with what lies beside it, and damage one of its files; return the copy."""
    rng = random.Random(seed)
    shutil.copytree(source.parent, folder)
    files = [folder / source.name, *folder.glob("*.csv")] if rng.random() < 0.5 else [folder / source.name]
    file = rng.choice(files)
    text = file.read_text("utf-8")
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        text = rng.choice(MUTATIONS)(text, rng)
    file.write_bytes(text.encode(rng.choice(["utf-8"] * 18 + ["utf-16", "cp1252"]), "replace"))
    return folder / source.name


def numbers(request: pytest.FixtureRequest, usual: int) -> range:
    first = request.config.getoption("--fuzz-from")
    return range(first, first + 1) if first >= 0 else range(usual + request.config.getoption("--fuzz"))


def test_damaged_scenarios_are_read_or_refused(request, tmp_path):
    sources, read = [*[TINY, TINY.with_name("tiny-returns.yaml")] * 8, *SHIPPED], 0
    refused = 0
    for seed in numbers(request, SCENARIOS):
        path = damaged(random.Random(seed).choice(sources), tmp_path / str(seed), seed)
        try:
            load(path)
            read += 1
        except ScenarioError:
            refused += 1
        except Exception as error:
            error.add_note(f"--fuzz-from {seed}")
            raise
        shutil.rmtree(path.parent)
    assert request.config.getoption("--fuzz-from") >= 0 or min(read, refused) > SCENARIOS / 10


def test_no_unknown_key_is_accepted(tmp_path):
    text = TINY.read_text("utf-8")
    places = [m for m in re.finditer(r"(?<![\w.-])(\w+):", text) if m[1] in KEYS]
    assert len(places) > 60
    for k, place in enumerate(places):
        path = tmp_path / f"{k}.yaml"
        path.write_text(f"{text[: place.start()]}z{text[place.start() :]}", "utf-8")
        with pytest.raises(ScenarioError):
            load(path)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_workbook(solve(load(TINY)), tmp_path_factory.mktemp("fuzz") / "tiny.xlsx").read_bytes()


def damaged_book(raw: bytes, seed: int) -> bytes:
    """Damage one part of a workbook, or the package itself."""
    rng, out = random.Random(seed), io.BytesIO()
    if rng.random() < 0.1:
        at = rng.randrange(len(raw))
        return rng.choice([raw[:at], raw[:at] + bytes(rng.randrange(256) for _ in range(20)) + raw[at + 20 :]])
    with zipfile.ZipFile(io.BytesIO(raw)) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        parts = [name for name in package.namelist() if re.search(r"sheet\d+\.xml$|sharedStrings|workbook|Types|styles", name)]
        chosen = rng.choice(parts)
        for name in package.namelist():
            part = package.read(name)
            if name == chosen:
                part = _damaged_part(part.decode("utf-8"), rng).encode("utf-8")
            if name != chosen or part:
                made.writestr(name, part)
    return out.getvalue()


def _damaged_part(text: str, rng: random.Random) -> str:
    for _ in range(rng.choice((1, 1, 3))):
        inside = [m.span(1) for m in re.finditer(r"(?:>|\")([^<>\"]+)(?:<|\")", text)]
        start, end = rng.choice(inside) if inside else (0, 0)
        with_value = (
            text[:start] + rng.choice(["", "0", "-1", "999999999", "NaN", "x", "#REF!", "&lt;", "=1+1", "A1048576", "s"]) + text[end:]
        )
        tag = rng.choice(list(re.finditer(r"<[^<>]*>", text)) or [re.match("", text)])
        assert tag is not None
        cut = rng.randrange(len(text) + 1)
        text = rng.choice(
            [
                with_value,
                with_value,
                with_value,
                text[: tag.start()] + text[tag.end() :],
                text[:cut],
                "",
                text[: tag.end()] + tag[0] + text[tag.end() :],
            ]
        )
    return text


def test_damaged_workbooks_are_read_or_refused(request, tmp_path, book):
    codes = set()
    for seed in numbers(request, BOOKS):
        path = tmp_path / "book.xlsx"
        path.write_bytes(damaged_book(book, seed))
        words = ["verify", str(path)] if seed % 2 else ["import", str(path)]
        try:
            result = CliRunner().invoke(cli, words, catch_exceptions=False)
        except Exception as error:
            error.add_note(f"--fuzz-from {seed}: {words[0]}")
            raise
        codes.add(result.exit_code)
        assert result.exit_code in (0, 3, 4, 6, 7), (seed, result.output)
        assert result.exit_code == 0 or result.stderr, seed
    assert request.config.getoption("--fuzz-from") >= 0 or {3, 7} <= codes
