"""The command line: parse, call, print, exit code. A file per command; each is imported when it is used.

Exit codes: 0 done · 1 fault in the program · 2 usage · 3 scenario has problems · 4 infeasible · 5 stopped at a limit ·
6 output cannot be written · 7 verification failed, the selftest differs, or a hand-made plan breaks what must hold ·
8 `compare --exit-code`: they differ · 130 interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from fundalloc.cli.terminal import close_outlet, echo, open_outlet
from fundalloc.doors.terminal import visible
from fundalloc.errors import FundallocError, did_you_mean, out_of_memory, some

if TYPE_CHECKING:
    from fundalloc.cli.envelope import Answer

ASKS = "_FUNDALLOC_COMPLETE"
"""The environment variable by which a shell asks for proposals."""
COMMANDS = {
    "new": ("new", "Copy a starter scenario that runs at once, or roll a plan forward."),
    "intake": ("intake", "A first mapping for a table that others laid out: annexes, open data, extracts."),
    "check": ("check", "Read, validate and test a scenario; nothing is written."),
    "run": ("run", "Solve a scenario, verify the plan, write the results."),
    "explain": ("explain", "Why a line, partnership, instrument, area or rule gets what it gets, and what binds."),
    "verify": ("verify", "Recompute every rule of a result from its amounts, without a solver."),
    "import": ("workbooks", "What colleagues changed and said in copies of a workbook, merged, as scenario text."),
    "extract": ("workbooks", "Write the scenario that travels inside a workbook as files."),
    "compare": ("compare", "What differs between scenarios, and which change moved what."),
    "sweep": ("sweep", "Vary one figure, or two: score, its gain to the next value, break points, who gains and loses."),
    "frontier": ("frontier", "The trade-off between two objectives, corner by corner."),
    "alternatives": ("alternatives", "Plans as different as possible at almost no loss, and the range of every amount."),
    "robust": ("robust", "One plan for several futures, or for figures given as ranges."),
    "runs": ("runs", "What was run before: list, show, prune."),
    "show": ("show", "Print the scenario after `extends`, with the origin of every value."),
    "rules": ("reference", "Explain the kinds of rules in words and symbols."),
    "selftest": ("selftest", "Hold the tool against answers worked out by hand, and against a second statement."),
    "schema": ("reference", "Print the JSON Schema of scenario files."),
    "completion": ("completion", "Print what makes bash, zsh or fish complete words, files, ids and keys."),
}


class Commands(click.Group):
    """The commands by name, imported when asked for, so that `--help` stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a planner meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import one command."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"fundalloc.cli.{COMMANDS[name][0]}"), {"import": "import_"}.get(name, name))
        if ASKS in os.environ:
            from fundalloc.cli.completion import completing

            return completing(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one gets a suggestion."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'. {did_you_mean(args[0], COMMANDS)}".rstrip())
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep whether JSON is wanted, also of a call that makes no sense."""
        ctx.meta["json"] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what the user can put right becomes a message and an exit code, anything else a traceback.

        When JSON was asked for it is printed at the end, however the command ended.
        """
        from fundalloc.cli.envelope import FAULT, INTERRUPTED, Answer
        from fundalloc.doors.writing import written

        written.clear()
        answer = Answer.current()
        try:
            code = self._run(ctx, answer)
        except (click.exceptions.Exit, click.ClickException, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            done = f"written before: {some([str(path) for path in written])}" if written else "nothing was written"
            echo(f"Interrupted; {done}.", err=True)
            answer.problem(INTERRUPTED, f"Interrupted; {done}.")
            code = INTERRUPTED
        except Exception as error:
            answer.problem(FAULT, f"fault in the program: {type(error).__name__}: {error}")
            answer.tell(FAULT)
            raise
        answer.tell(code)
        ctx.exit(code)

    def _run(self, ctx: click.Context, answer: Answer) -> int:
        from fundalloc.cli.envelope import USAGE
        from fundalloc.cli.failures import report

        try:
            super().invoke(ctx)
        except click.exceptions.Exit as end:
            return end.exit_code
        except click.ClickException as error:
            vars(error)["message"] = visible(error.message)
            if not ctx.meta["json"]:
                raise
            error.show()
            answer.want(getattr(error, "ctx", None) or ctx)
            answer.problem(USAGE, error.format_message())
            return USAGE
        except FundallocError as error:
            return report(error)
        except (MemoryError, ImportError) as error:
            if isinstance(error, ImportError) and "map segment" not in str(error):
                raise
            failed = out_of_memory(error)
        else:
            return 0
        return report(failed)  # only now, when nothing holds the tables of what failed any longer


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from fundalloc.versions import VERSION

        echo(f"fundalloc {VERSION}")
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("-V", "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version.")
def cli() -> None:
    """Allocate EU financing instruments across migration partnerships, and prove the plan.

    \b
    fundalloc new my-plan                      copy a starter scenario
    fundalloc check my-plan/baseline.yaml      read and test it
    fundalloc run my-plan/baseline.yaml -o plan.xlsx
    """


def main() -> None:
    """Entry point of the console script."""
    outlet = open_outlet()
    gc.set_threshold(50_000)  # imports make many objects that stay: looking through them again and again takes a tenth of a short command
    try:
        cli(prog_name="fundalloc")
    except SystemExit as end:
        sys.exit(close_outlet(outlet, end.code))
