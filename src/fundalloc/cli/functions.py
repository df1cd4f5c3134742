"""Every command as a function: `fundalloc.commands.run("plan.yaml", output="plan.xlsx")`.

What it returns is what `--json` prints as `result`.

Options have the names that they have on the command line, `dry_run` for `--dry-run`, and a `_` behind a word of Python:
`for_`, `import_`.
Function and command are one: nothing is said twice.

    >>> commands.show("examples/tiny/tiny.yaml", "round_to")["values"][0]["value"]
    '0.1'
"""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from inspect import Parameter, Signature, cleandoc
from keyword import iskeyword
from typing import Any

import click

from fundalloc.cli import cli
from fundalloc.cli.envelope import Answer
from fundalloc.doors.writing import written
from fundalloc.errors import UsageError, did_you_mean

TERMINAL = ("json", "quiet", "verbose", "no_color")
"""Options that only say how a command speaks."""


class CommandResult(dict[str, Any]):
    """The result of a command; `fundalloc schema --of COMMAND` describes it."""

    exit_code: int = 0
    """With which the command ends: 0, or what says that the result is not all that was asked for."""
    problems: tuple[dict[str, Any], ...] = ()
    """What `--json` prints as `problems`."""


class Call:
    """A command, or a group of them, that is called like a function. Raises FundallocError in place of a message."""

    def __init__(self, command: click.Command, above: tuple[click.Command, ...] = ()) -> None:
        self._chain = (*above, command)
        self._command, self.__name__ = command, _name(command.name or "")
        described = [f"{name}: {getattr(one, 'help', '')}" for name, one in self._options.items()]
        self.__doc__ = "\n".join([cleandoc((command.help or "").replace("\b\n", "")), "", *described])

    @property
    def _options(self) -> dict[str, click.Parameter]:
        given = {_name(max(one.opts, key=len)): one for one in self._command.params if isinstance(one, click.Option)}
        return {name: one for name, one in given.items() if name not in TERMINAL}

    @property
    def __signature__(self) -> Signature:
        arguments = [one for one in self._command.params if isinstance(one, click.Argument)]
        kinds = [Parameter.VAR_POSITIONAL if one.nargs < 0 else Parameter.POSITIONAL_ONLY for one in arguments]
        absent = [Parameter.empty if one.required or one.nargs < 0 else None for one in arguments]
        named = [Parameter(one.name or "", kind, default=none) for one, kind, none in zip(arguments, kinds, absent, strict=True)]
        return Signature([*named, *(Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in self._options)])

    def __dir__(self) -> list[str]:
        if not isinstance(self._command, click.Group):
            return []
        return [_name(name) for name in self._command.list_commands(click.Context(self._command))]

    def __getattr__(self, name: str) -> Call:
        if name.startswith("__") or not self._group:
            raise AttributeError(name)
        if name not in dir(self):
            raise AttributeError(f"no command '{name}': {did_you_mean(name, dir(self))}")
        found = self._group.get_command(click.Context(self._group), name.rstrip("_").replace("_", "-"))
        assert found is not None
        return Call(found, self._chain)

    @property
    def _group(self) -> click.Group | None:
        return self._command if isinstance(self._command, click.Group) else None

    def __call__(self, *arguments: Any, **options: Any) -> CommandResult:
        """Run the command; nothing is printed."""
        words = [word for name, value in options.items() for word in self._words(name, value)]
        context, said = click.Context(cli), io.StringIO()
        context.meta["json"] = False
        written.clear()
        with redirect_stdout(said), redirect_stderr(said), context:
            answer, code = Answer.current(), 0
            try:
                rest = [*words, "--json", "--quiet", "--", *map(str, arguments)]
                with self._command.make_context(self.__name__, rest, parent=context) as inner:
                    self._command.invoke(inner)
            except click.exceptions.Exit as end:
                code = end.exit_code
            except click.ClickException as error:
                raise UsageError(f"{self.__name__}: {error.format_message()}") from None
        result = CommandResult(answer.result)
        result.exit_code, result.problems = code, tuple(answer.problems)
        return result

    def _words(self, name: str, value: Any) -> list[str]:
        """Return an option as it is written on the command line; what is None or False is left out."""
        if name not in self._options:
            raise UsageError(f"{self.__name__}: no option '{name}': {did_you_mean(name, self._options)}")
        option, several = max(self._options[name].opts, key=len), isinstance(value, list | tuple)
        if isinstance(value, bool) and self._options[name].secondary_opts and not value:
            return [self._options[name].secondary_opts[0]]
        if value is None or isinstance(value, bool):
            return [option] if value else []
        return [f"{option}={one}" for one in (value if several else [value])]


def _name(option: str) -> str:
    word = option.lstrip("-").replace("-", "_")
    return f"{word}_" if iskeyword(word) else word


commands = Call(cli)
"""All commands."""
