"""Documents as a reader follows them: every block of a page is done in its order, in one folder; what is shown must come."""

from __future__ import annotations

import difflib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from fundalloc.cli import cli

LEFT_OUT = "..."
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
ALIKE = 0.6
"""How alike a line of the output must be to take the place of a line shown."""


def lines(text: str) -> list[str]:
    """Return the lines of an output as a page shows them."""
    return [line.rstrip() for line in text.replace("\u00a0", " ").strip("\n").splitlines()]


def plain(text: str) -> list[str]:
    """Return the lines of an output, without what differs from one machine to another."""
    return lines(re.sub(r"HiGHS \d+\.\d+\.\d+", "HiGHS", text).strip())


def calls(block: str) -> list[tuple[str, str]]:
    """Split a console block into its commands, each with the text shown below it."""
    parts = re.split(r"^\$ ", block, flags=re.M)[1:]
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts)]


def pieces(shown: list[str]) -> list[list[str]]:
    """Split at the lines left out; an empty first or last piece says that the output may start or end with others."""
    found: list[list[str]] = [[]]
    for line in shown:
        if line == LEFT_OUT:
            found.append([])
        else:
            found[-1].append(line)
    return found


def matches(output: list[str], shown: list[str]) -> bool:
    """Say whether the pieces stand in the output in this order, the first at its start and the last at its end."""
    first, *others = pieces(shown)
    if not others:
        return output == first
    *middle, last = others
    at = len(first)
    if output[:at] != first:
        return False
    for piece in middle:
        at = next((k + len(piece) for k in range(at, len(output)) if output[k : k + len(piece)] == piece), len(output) + 1)
    end = len(output) - len(last)
    return at <= end and output[end:] == last


def renewed(output: list[str], shown: list[str]) -> list[str]:
    """Return what to show instead: the whole output, or for every line shown the next one that is most like it, and those between."""
    if LEFT_OUT not in shown:
        return output
    found, at, gap = [], 0, False
    for line in shown:
        if line == LEFT_OUT:
            found.append(line)
            gap = True
            continue
        exact = [k for k in range(at, len(output)) if output[k] == line]
        like = [(difflib.SequenceMatcher(None, line, text).ratio(), -k) for k, text in enumerate(output) if k >= at]
        ratio, back = max(like, default=(0.0, 0))
        if exact or ratio > ALIKE:
            here = exact[0] if exact else -back
            found += output[here : here + 1] if gap else output[at : here + 1]
            at, gap = here + 1, False
    return found


@dataclass
class Reader:
    """Somebody who does what a page says, at a desk: a folder with the example and the shipped scenarios."""

    desk: Path

    def follow(self, page: str) -> Iterator[tuple[str, str, str]]:
        """Do every block; yield (command, what the page shows, what it should show) where they differ."""
        for language, block in BLOCK.findall(page):
            os.chdir(self.desk)
            if language == "console":
                for command, shown in calls(block):
                    yield from self._console(command, shown)
            else:
                getattr(self, f"_{language}")(block)

    def _console(self, command: str, shown: str) -> Iterator[tuple[str, str, str]]:
        """A command that shows nothing must succeed; what it prints is not shown."""
        words = shlex.split(command)
        if words[0] == "cd":
            os.chdir(words[1])
            return
        if words[0] == "fundalloc":
            done = CliRunner().invoke(cli, words[1:])
            code, output = done.exit_code, done.output
        else:
            run = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=False)
            code, output = run.returncode, run.stdout + run.stderr
        assert code != 1, f"{command}\n{output}"
        if not shown.strip():
            assert code == 0, f"{command}\n{output}"
        elif not matches(plain(output), plain(shown)):
            yield command, shown, "\n".join(renewed(lines(output), lines(shown))) + ("\n\n" if shown.endswith("\n\n") else "\n")

    def _yaml(self, block: str) -> None:
        """A block whose first line names a file is saved there; another is a piece of a scenario: it is laid over a shipped one."""
        name = re.match(r"# (\S+\.yaml)\n", block)
        path = self.desk / (name[1] if name else "scenarios/mff-2021-2027/piece.yaml")
        head = "" if name else "fundalloc: 1\nscenario: piece\ntitle: A piece of a scenario\nextends: baseline.yaml\n"
        if path.exists() and name:
            assert path.read_text("utf-8") == block.partition("\n")[2], f"{path.name} is not what the page shows"
            return
        path.write_text(head + block, "utf-8")
        done = CliRunner().invoke(cli, ["show", str(path)])
        assert done.exit_code == 0, done.output

    def _json(self, block: str) -> None:
        json.loads(block)

    def _python(self, block: str) -> None:
        exec(compile(block, "block.py", "exec"), {})

    def _bat(self, block: str) -> None:
        """The set-up on another system: test_readme holds it to the one above."""

    def _bash(self, block: str) -> None:
        """What needs a project of one's own under git: `test_forge.py` does it there."""

    def _sh(self, block: str) -> None:
        """The set-up itself is done by `.ci/run`, as it stands on the page."""
        if "pip install" not in block:
            subprocess.run(["sh", "-ec", block], check=True, capture_output=True)
