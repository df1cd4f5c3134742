"""How far a command is: on stderr alone, drawn anew where somebody watches, a line a minute where nobody does."""

import os
import pty
import re
import subprocess
import sys
import threading
from textwrap import dedent

import pytest

from cases import TINY
from fundalloc.cli import output
from fundalloc.cli.output import Progress


@pytest.fixture
def clock(monkeypatch):
    """The seconds that have passed, set by the test."""
    now = [0.0]
    monkeypatch.setattr(output.time, "perf_counter", lambda: now[0])
    return now


def test_a_step_says_what_ended_before_it_and_since_when(clock):
    shown = Progress()
    with shown.step("Reading"):
        clock[0] = 7.4
        assert shown.line() == "Reading … 0 steps done, 0:07"
        with shown.step("Compiling"):
            clock[0] = 62.0
            assert shown.line() == "Compiling … 0 steps done, 1:02"
        assert shown.line() == "Reading … 1 step done, 1:02"


def test_where_parts_are_counted_it_says_how_long_it_will_take(clock):
    shown = Progress()
    with shown.counting("samples", "Solving") as tick:
        assert shown.line() == "Solving … 0 steps done, 0:00"
        tick(0, 40)
        assert shown.line() == "Solving … 0 of 40 samples done, 0:00"  # nothing to reckon with yet
        tick(10, 40)
        clock[0] = 1_210.0
        assert shown.line() == "Solving … 10 of 40 samples done, 20:10, about 1:00:30 left"  # 30 more at 121 s each
        tick(40, 40)
        assert shown.line() == "Solving … 40 of 40 samples done, 20:10"  # what follows is not counted
    with shown.step("Writing"):
        assert "samples" not in shown.line()


def lines_after(monkeypatch, capsys, *, quiet: bool) -> list[str]:
    """What stands on stderr after a step that lasted three and a half minutes of a minute's 20 milliseconds."""
    monkeypatch.setattr(output, "MINUTE", 0.02)
    said, enough = [], threading.Event()
    monkeypatch.setattr(output, "echo", lambda text, err: (said.append(text), enough.set() if len(said) == 3 else None))
    with Progress(quiet).step("Solving"):
        assert enough.wait(0.2 if quiet else 10) != quiet
    assert capsys.readouterr() == ("", "")
    return said


def test_where_nobody_watches_a_line_a_minute(monkeypatch, capsys):
    said = lines_after(monkeypatch, capsys, quiet=False)
    assert len(said) >= 3
    assert all(line.startswith("Solving … 0 steps done, ") for line in said)


def test_quiet_says_nothing(monkeypatch, capsys):
    assert lines_after(monkeypatch, capsys, quiet=True) == []


def test_what_is_quick_shows_nothing(monkeypatch):
    done = subprocess.run([sys.executable, "-m", "fundalloc", "run", TINY, "-n"], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
def test_on_a_terminal_one_line_is_drawn_anew_and_taken_away(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(
        dedent(
            """
            import time
            from fundalloc.cli import output
            output.PATIENCE = 0.0
            with output.Progress().counting("corners", "Solving") as tick:
                for k in range(4):
                    tick(k, 4)
                    time.sleep(0.7)
            print("the result")
            """
        ),
        "utf-8",
    )
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=theirs, text=True, env={**os.environ, "TERM": "xterm"}
    )
    os.close(theirs)
    drawn = b""
    try:
        while piece := os.read(ours, 4096):
            drawn += piece
    except OSError:  # the other end is closed
        pass
    assert child.communicate()[0] == "the result\n"
    text = drawn.decode()
    assert re.search(r"Solving … 2 of 4 corners done, 0:0[12], about 0:0[12] left", text)
    assert "\n" not in re.sub(r"\r\n(?=\x1b)|\r\n$", "", text), "the line is drawn in place"
    assert text.rstrip("\x1b[?25h").endswith("\x1b[2K"), "nothing of it stays"
