"""What --json prints, whatever the command and however it ended: one object with the result and every problem."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import click

from fundalloc import versions
from fundalloc.cli.terminal import echo
from fundalloc.errors import FundallocError, Infeasible, NotVerified, OutputError, Place, ScenarioError, SolverFailed, UsageError

DONE, DIFFERS, UNVERIFIED, INTERRUPTED = 0, 8, 9, 130
"""Exit codes of what is no error of ours; the errors have theirs."""
FAULT, USAGE, SCENARIO = FundallocError.exit_code, UsageError.exit_code, ScenarioError.exit_code
INFEASIBLE, STOPPED, OUTPUT, NOT_VERIFIED = Infeasible.exit_code, SolverFailed.exit_code, OutputError.exit_code, NotVerified.exit_code
WORDS = {
    FAULT: "fault",
    USAGE: "usage",
    SCENARIO: "scenario",
    INFEASIBLE: "infeasible",
    STOPPED: "stopped",
    OUTPUT: "output",
    NOT_VERIFIED: "not-verified",
    UNVERIFIED: "unverified",
    INTERRUPTED: "interrupted",
}
"""The code of a problem, by the exit code that it leads to."""
_PLACE = re.compile(r"(?P<file>.*?):(?:(?P<line>\d+):(?P<column>\d+)|(?P<cell>[^:]+![A-Z]+\d+))")


@dataclass
class Answer:
    """What a command has to say in JSON."""

    command: str = ""
    wanted: bool = False
    """Whether --json was given."""
    result: dict[str, Any] = field(default_factory=dict)
    problems: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def current(cls) -> Answer:
        """Return the answer of the command that runs; a loose one outside the command line."""
        context = click.get_current_context(silent=True)
        if context is None:
            return cls()
        answer: Answer = context.meta.setdefault(__name__, cls())
        return answer

    def want(self, context: click.Context) -> None:
        """Let a command be answered in JSON."""
        self.command, self.wanted = context.command_path.removeprefix(context.find_root().command_path).strip(), True

    def problem(self, code: int, message: str, hint: str = "", place: Place | None = None) -> None:
        """Add a problem."""
        place = place or Place("")
        where = {"file": place.file, "line": place.line, "column": place.column, "cell": place.cell}
        self.problems.append({**where, "code": WORDS[code], "message": message, "hint": hint})

    def failed(self, error: FundallocError) -> None:
        """Add what an error says; of a scenario without a plan also, unless the command has a result, why it has none."""
        from fundalloc.insight.conflict.diagnose import NoPlan
        from fundalloc.insight.conflict.no_plan import as_dict

        for message, hint, place in _said(error):
            self.problem(error.exit_code, message, hint, place)
        if isinstance(error, NoPlan) and not self.result:
            self.result = as_dict(error)

    def tell(self, exit_code: int) -> None:
        """Print the object, keys sorted, when it is wanted."""
        if self.wanted:
            found = {"version": versions.VERSION, "command": self.command, "exit_code": exit_code}
            found |= {"problems": self.problems, "result": self.result}
            echo(json.dumps(found, ensure_ascii=False, sort_keys=True, indent=1))


def _said(error: FundallocError) -> Iterator[tuple[str, str, Place | None]]:
    """Return message, hint and place of everything that an error tells."""
    if isinstance(error, ScenarioError):
        yield from ((p.message, p.hint, p.place) for p in error.problems)
    elif isinstance(error, Infeasible) and error.conflicts:
        yield from ((f"{c.rule}: {c.says}", "", place_of(c.place)) for c in error.conflicts)
    elif isinstance(error, NotVerified) and error.wrong:
        yield from ((what, "", Place(error.file)) for what in error.wrong)
    else:
        yield str(error), "", None


def place_of(text: str) -> Place:
    """Read a place as it is printed: `plan.yaml:12:3`, `needs.xlsx:Needs!C7`, or a file alone."""
    found = _PLACE.fullmatch(text)
    if found is None:
        return Place(text)
    return Place(found["file"], int(found["line"] or 0), int(found["column"] or 0), found["cell"] or "")


def schema_of(command: str) -> dict[str, Any]:
    """Return the JSON Schema of what a command prints with --json."""
    keys = {
        "version": {"type": "string", "description": "of fundalloc"},
        "command": {"const": command},
        "exit_code": {"enum": [DONE, *WORDS, DIFFERS]},
        "problems": {"type": "array", "items": _strict(_PROBLEM)},
        "result": {"anyOf": [{"type": "object", "maxProperties": 0, "description": "there is none"}, *_shapes(command)]},
    }
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": f"fundalloc {command} --json", **_strict(keys)}


_PROBLEM = {
    "file": {"type": "string", "description": "where it stands; empty when it stands nowhere"},
    "line": {"type": "integer", "minimum": 0, "description": "from 1; 0 when the file has no lines"},
    "column": {"type": "integer", "minimum": 0, "description": "from 1"},
    "cell": {"type": "string", "description": "of a workbook: Sheet!C7"},
    "code": {"enum": list(WORDS.values()), "description": "what kind of problem, one word for each exit code"},
    "message": {"type": "string"},
    "hint": {"type": "string", "description": "what to do"},
}
_TYPES = {"text": "string", "number": "number", "boolean": "boolean", "list": "array", "object": "object"}


def commands() -> list[str]:
    """Return the commands whose JSON is described."""
    return [name for name in _results() if name not in ("plan", "batch", "no_plan", "study")]


@cache
def _results() -> dict[str, list[dict[str, str]]]:
    shapes: dict[str, list[dict[str, str]]] = tomllib.loads((resources.files("fundalloc.cli") / "results.toml").read_text("utf-8"))
    study, none = shapes["study"][0], shapes["no_plan"]
    reports = {file.name.removesuffix(".py") for file in resources.files("fundalloc.export.studies").iterdir()}
    studies = {name: [study | shape for shape in shapes[name]] for name in shapes.keys() & reports}
    return shapes | studies | {"run": shapes["plan"] + shapes["batch"] + none, "explain": shapes["explain"] + none}


def _shapes(command: str) -> Iterator[dict[str, Any]]:
    """Yield the schemas of the results that a command may have. A question mark lets a key be null, or missing."""
    for shape in _results()[command]:
        properties = {}
        for key, text in shape.items():
            word, _, meaning = text.partition(": ")
            kind = _TYPES[word.rstrip("?")]
            properties[key] = {"type": [kind, "null"] if word.endswith("?") else kind, "description": meaning}
        yield _strict(properties, [key for key, text in shape.items() if not text.partition(":")[0].endswith("?")])


def _strict(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    needed = list(properties) if required is None else required
    return {"type": "object", "additionalProperties": False, "required": needed, "properties": properties}
