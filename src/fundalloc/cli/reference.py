"""`fundalloc rules` and `fundalloc schema`: the formulation in words and symbols, and the file format for editors."""

from __future__ import annotations

import json
import sys
from inspect import cleandoc, getdoc

import click

from fundalloc.cli.options import Inputs, output_options, scenario_options
from fundalloc.cli.output import Output
from fundalloc.cli.terminal import echo
from fundalloc.errors import UsageError, did_you_mean


@click.command()
@click.argument("kind", required=False)
@click.option("--of", "file", metavar="FILE", help="The mathematics of this scenario: sets, figures, objective, every rule, stages.")
@click.option("--markdown", is_flag=True, help="With --of: print it as Markdown.")
@output_options
@scenario_options
def rules(kind: str | None, file: str | None, markdown: bool, inputs: Inputs, out: Output) -> None:
    """List the kinds of rules, or explain one: what it means, its formula, its keys, examples.

    With --of a scenario: its whole formulation on one page, with sizes.

    \b
    fundalloc rules
    fundalloc rules share
    fundalloc rules --of scenarios/mff-2021-2027/baseline.yaml
    """
    from fundalloc.rules import kinds

    if file is not None:
        if kind is not None:
            raise click.UsageError(f"--of is about all rules of a scenario: leave {kind} out.")
        _formulation(file, markdown, inputs, out)
        return
    if markdown or inputs.settings:
        raise click.UsageError(f"{'--markdown' if markdown else '--set'} needs --of FILE.")
    if kind is None:
        width = max(map(len, kinds()))
        out.result(kinds={word: {"says": getdoc(found), "built_in": found.built_in} for word, found in kinds().items()})
        for word, found in kinds().items():
            out.say(f"{word:<{width}}  {getdoc(found)}{'  (from the facts)' if found.built_in else ''}")
        out.say("\nNext: fundalloc rules share")
        return
    if kind not in kinds():
        raise UsageError(f"No kind '{kind}'. {did_you_mean(kind, kinds())}")
    chosen = kinds()[kind]
    docstring, described = cleandoc(sys.modules[chosen.__module__].__doc__ or ""), chosen.field_docs()
    fields = {name: described.get(name, "") for name in chosen.model_fields if name != "id"}
    out.result(kind=kind, says=docstring, fields=fields, examples=chosen.EXAMPLES)
    out.say(f"{kind}\n\n{docstring}\n")
    if chosen.built_in:
        return
    out.say("Keys")
    width = max(map(len, fields))
    for name, description in fields.items():
        out.say(f"  {name:<{width}}  {description}")
    out.say("\nExamples")
    for k, example in enumerate(chosen.EXAMPLES, start=1):
        inner = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in example.items())
        out.say(f"  example-{k}: {{kind: {kind}, {inner}}}")


def _formulation(file: str, markdown: bool, inputs: Inputs, out: Output) -> None:
    """Print the mathematics of a scenario, with the size of the program that it compiles to."""
    from fundalloc.insight.formulation import as_lines, formulation
    from fundalloc.model.compile import compile_program
    from fundalloc.run import with_baseline

    scenario = inputs.read(file, out)
    words = out.words(scenario)
    with out.progress("Compiling"):
        scenario = with_baseline(scenario)
        stated = formulation(scenario, compile_program(scenario).sizes, words)
    out.result(formulation=[one._asdict() for one in stated])
    for line in (f"{'# ' * markdown}{scenario.head.title.within(words.language)}", *as_lines(stated, markdown)):
        out.say(line)


@click.command()
@click.option("--of", "command", metavar="COMMAND", help="Of what this command prints with --json, such as run or 'runs list'.")
@output_options
def schema(command: str | None, out: Output) -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check YAML.

    \b
    fundalloc schema > schema.json
    fundalloc schema --of run
    """
    from fundalloc.cli.envelope import commands, schema_of
    from fundalloc.scenario.schema import json_schema

    if command is not None and command not in commands():
        raise UsageError(f"No command '{command}'. {did_you_mean(command, commands())}".rstrip())
    found = json_schema() if command is None else schema_of(command)
    out.result(schema=found)
    if not out.as_json:
        echo(json.dumps(found, ensure_ascii=False, indent=1))
