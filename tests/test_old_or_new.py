"""Whenever a run is killed, each file and each folder that it writes is the old one or the new one."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.doors import writing
from fundalloc.doors.writing import PACKAGE, new_file, new_folder, together
from fundalloc.errors import OutputError

MOMENTS = 40
RUN = ("--csv", "tables", "-o", "plan.xlsx", "--json")

DRIVER = """
import json, os, shutil, signal, sys
from pathlib import Path
from fundalloc import cli
from fundalloc.doors import writing
from fundalloc.export import workbook

home, sent, moments = Path(sys.argv[1]), getattr(signal, sys.argv[2]), int(sys.argv[3])
sys.argv = ["fundalloc", *sys.argv[4:]]
TOUCHES = {"open", "write", "writelines", "writestr", "close", "flush", "execute", "mkdir", "rmdir", "rename", "replace", "unlink", "chmod"}
together, workbook_bytes = writing.together, workbook.workbook_bytes

def once(*given):
    kept = home / "book"
    if not kept.exists():
        kept.write_bytes(workbook_bytes(*given))
    return kept.read_bytes()

workbook.workbook_bytes = once

def go_on(number, folder):
    # the rest of the run in a process of its own, sent a signal at the operation of this number after the first folder was made
    reading, telling = os.pipe()
    child = os.fork()
    if not child:
        os.chdir(folder)
        os.dup2(os.open(home / "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        count = 0
        def watch(frame, event, what):
            nonlocal count
            if event == "c_call" and what.__name__ in TOUCHES and (count or what.__name__ == "mkdir"):
                count += 1
                if count == number:
                    os.kill(os.getpid(), sent)
        sys.setprofile(watch)
        return lambda code: os.write(telling, json.dumps([count, code]).encode())
    os.close(telling)
    with os.fdopen(reading) as file:
        answer = file.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else [0, None]

def first():
    global tell
    writing.together = together
    for name in ("warm", "count"):
        shutil.copytree(home / "old", home / name)
        tell = go_on(0, home / name)
        if callable(tell):
            return together()
    for k in range(moments):
        number, folder = 1 + k * (tell[0] - 1) // (moments - 1), home / f"at-{k}"
        shutil.copytree(home / "old", folder)
        tell_one = go_on(number, folder)
        if callable(tell_one):
            tell = tell_one
            return together()
        print(json.dumps([number, tell_one[1], (home / "stderr").read_text()]), file=sys.__stderr__)
    os._exit(0)

writing.together = first
code = 0
try:
    cli.main()
except SystemExit as end:
    code = end.code or 0
sys.setprofile(None)
tell(code)
os._exit(0)
"""


def state(path: Path) -> dict[str, str]:
    """What a file or a folder holds."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {file.relative_to(path.parent).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}


def fundalloc(folder: Path, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "fundalloc", *map(str, arguments)], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("sent", ["SIGKILL", "SIGTERM"])
def test_a_run_that_ends_at_any_moment_leaves_each_output_old_or_new(sent: str, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    fundalloc(old, "run", TINY, "--set", "instruments.amif.ceiling.each=9", *RUN)
    fundalloc(new, "run", TINY, *RUN)
    outputs = ("tables", "plan.xlsx")
    allowed = {name: (state(old / name), state(new / name)) for name in outputs}
    assert all(before != after for before, after in allowed.values())

    driver = [sys.executable, "-c", DRIVER, tmp_path, sent, MOMENTS, "run", TINY, *RUN]
    told = subprocess.run(list(map(str, driver)), cwd=tmp_path, capture_output=True, text=True, check=True).stderr.splitlines()

    seen = set()
    for k, (number, code, stderr) in enumerate(map(json.loads, told)):
        folder = tmp_path / f"at-{k}"
        found = [allowed[name].index(state(folder / name)) for name in outputs]
        seen.add(tuple(found))
        if sent == "SIGTERM":
            assert sorted(file.name for file in folder.iterdir()) == sorted(outputs), (number, stderr)
            assert code in (130, 0) or found == [1, 1], (number, code, stderr)
            assert ("nothing was written" in stderr) == (code == 130 and found == [0, 0])
            assert ("written before" in stderr) == (code == 130 and found != [0, 0])
    assert {(0, 0), (1, 1)} <= seen

    if sent == "SIGKILL":
        left = next(folder for k in range(MOMENTS) if list((folder := tmp_path / f"at-{k}").glob(".fundalloc-*")))
        fundalloc(left, "run", TINY, *RUN)
        assert sorted(file.name for file in left.iterdir()) == sorted(outputs)
        assert [state(left / name) for name in outputs] == [state(new / name) for name in outputs]


def test_a_folder_put_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    aside = tmp_path / ".fundalloc-killed" / "old" / "tables"
    aside.mkdir(parents=True)
    (aside / "allocation.csv").write_text("old\n")
    with new_file(tmp_path / "plan.txt") as fresh:
        fresh.write_text("new\n")
    assert (tmp_path / "tables" / "allocation.csv").read_text() == "old\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan.txt", "tables"]


def test_what_another_process_is_writing_is_not_swept(tmp_path: Path) -> None:
    with new_file(tmp_path / "one.txt") as one:
        one.write_text("one")
        code = "import sys, pathlib, fundalloc.doors.writing as w\nwith w.new_file(pathlib.Path(sys.argv[1])) as f: f.write_text('2')"
        subprocess.run([sys.executable, "-c", code, tmp_path / "two.txt"], check=True)
        assert one.read_text() == "one"
    assert {path.name for path in tmp_path.iterdir()} == {"one.txt", "two.txt"}


def test_only_a_folder_that_lists_its_files_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    for digest, table in (("d1", "allocation"), ("d2", "coverage")):
        with new_folder(folder, "run", digest) as inside:
            (inside / f"{table}.csv").write_text(digest)
    assert sorted(path.name for path in folder.iterdir()) == ["coverage.csv", PACKAGE]
    assert [table["digest"] for table in json.loads((folder / PACKAGE).read_text())["resources"]] == ["d2"]

    with new_folder(folder, "sweep", "d3") as inside:
        (inside / "sweep-main.csv").write_text("d3")
    assert sorted(path.name for path in folder.glob("*.csv")) == ["coverage.csv", "sweep-main.csv"]

    (folder / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"it holds notes.txt, which datapackage.json does not list"), new_folder(folder, "run", "d4"):
        raise AssertionError
    assert (folder / "notes.txt").read_text() == "mine"


def test_without_an_exchange_a_folder_is_replaced_in_two_steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(writing, "_exchanged", lambda *_: False)
    for content in ("old", "new"):
        with new_folder(tmp_path / "tables", "run", content) as inside:
            (inside / "a.csv").write_text(content)
    assert (tmp_path / "tables" / "a.csv").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]


def test_a_link_is_written_through_and_a_circle_is_told(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.txt").symlink_to("there/file.txt")
    with new_file(tmp_path / "link.txt") as fresh:
        fresh.write_text("through")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "there" / "file.txt").read_text() == "through"
    (tmp_path / "circle").symlink_to("circle")
    for name, says in (("circle", "circle"), ("n" * 300, "File name too long")):
        with pytest.raises(OutputError, match=says), new_file(tmp_path / name):
            raise AssertionError


def test_a_file_that_another_program_holds_is_one_message_that_says_what_was_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    replace = os.replace

    def held(source: Path, target: Path) -> None:
        if target.name == "held.xlsx":
            raise PermissionError(13, "in use")
        replace(source, target)

    def write_both() -> None:
        with together():
            for name in ("free.txt", "held.xlsx"):
                with new_file(tmp_path / name) as fresh:
                    fresh.write_text(name)

    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(OutputError, match=r"it may be open in another program.*Written before: .*free.txt"):
        write_both()
    assert [path.name for path in tmp_path.iterdir()] == ["free.txt"]


def test_a_foreign_folder_is_refused_before_anything_is_solved(tmp_path: Path) -> None:
    file = write(tmp_path, TWO_BY_TWO, "two.yaml")
    call = [sys.executable, "-m", "fundalloc", "run", str(file), "--csv", str(tmp_path)]
    answer = subprocess.run(call, capture_output=True, text=True, check=False)
    assert answer.returncode == 6
    assert "it holds two.yaml, which datapackage.json does not list" in answer.stderr
