"""`fundalloc verify`: recompute every rule of a result from its amounts, in exact integers and without a solver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fundalloc import versions
from fundalloc.cli.envelope import UNVERIFIED
from fundalloc.cli.options import Inputs, named, output_options, scenario_options
from fundalloc.cli.output import Output
from fundalloc.errors import NotVerified, counted
from fundalloc.labels import Words

if TYPE_CHECKING:
    from fundalloc.back.verifying import Verification


@click.command()
@click.argument("result", metavar="RESULT", callback=named)
@click.argument("scenario_file", metavar="[SCENARIO]", required=False)
@output_options
@scenario_options
def verify(result: str, scenario_file: str | None, inputs: Inputs, out: Output) -> None:
    """Recompute every rule of a result from its amounts, in exact integers and without a solver.

    RESULT is a workbook, a JSON result or a CSV table (or the folder that holds it). A workbook is verified from itself
    alone, down to every cell: changed amounts, limits and formulas are named. Otherwise SCENARIO is the scenario file;
    for a JSON result the file that it names is the default. Whatever the result states (fingerprint, score, certificate,
    amount, limit and status of every demand) is compared with what is recomputed. Workbooks of comparisons and studies
    carry no inputs: their sheets are held against the digests that they keep, and exit code 9 says that nothing was recomputed.

    \b
    fundalloc verify plan.xlsx
    fundalloc verify plan.json
    fundalloc verify allocation.csv scenarios/mff-2021-2027/baseline.yaml
    """
    from fundalloc.back.verifying import other_book, verify_book, verify_other, verify_result, with_cells
    from fundalloc.scenario.plans.files import named_scenario

    book = Path(result).suffix.lower() in (".xlsx", ".xlsm")
    if book and scenario_file is None and inputs.settings:
        raise click.UsageError("a workbook is verified with the scenario inside it: name SCENARIO too, or leave --set out.")
    if book and (kind := other_book(Path(result))):
        wrong, says = verify_other(Path(result), kind, inputs.read(scenario_file, out, recorded=True) if scenario_file else None)
        out.result(verified=False, kind=kind, wrong=wrong, says=says)
        _refuse(tuple(wrong), result)
        out.say("\n".join(says))
        out.end(UNVERIFIED, "To check its figures, make it again under another name and compare the two.")
    if book and scenario_file is None:
        found = verify_book(Path(result), out.progress)
    else:
        found = verify_result(result, inputs.read(scenario_file or named_scenario(result), out, recorded=True), out.progress)
        found = with_cells(found, Path(result), out.progress) if book else found
    for note in _notes(found):
        out.note(note)
    out.result(**found.as_dict())
    _refuse(found.wrong, result)
    for line in _verdict(found):
        out.say(line)


def _refuse(wrong: tuple[str, ...], result: str) -> None:
    if wrong:
        text = "\n".join([f"not verified: {counted(len(wrong), 'things')} wrong in {result}", *(f"  {what}" for what in wrong)])
        raise NotVerified(text, wrong, result)


def _notes(found: Verification) -> Iterator[str]:
    """Say what the reader should know besides: what was not compared, was filled in, or was meant otherwise."""
    book, result, this = found.book, found.result, versions.VERSION
    if found.baseline_solved:
        yield "The baseline is a scenario and the result does not carry its plan, so it is solved first."
    if book is not None and found.written_by != this:
        yield f"{result} was written by fundalloc {found.written_by}, this is {this}: only amounts and limits are compared."
    if book is not None and book.typed:
        yield f"{counted(len(book.typed), 'cells')} of the columns for adjustments and comments are filled in: fundalloc import {result}"
    if book is not None and (harmless := book.as_dict()["harmless"]):
        yield "\n  ".join([f"{counted(len(harmless), 'harmless differences')}:", *harmless])
    if found.meanings:
        says = (meaning.says for meaning in found.meanings)
        yield "\n  ".join([f"{result} was made under older meanings. Since then:", *says])
    if found.otherwise:
        yield "\n  ".join(["What it therefore states otherwise:", *found.otherwise])


def _verdict(found: Verification) -> Iterator[str]:
    """Say what was recomputed, what is proved, and how far a workbook is as it was written."""
    from fundalloc.plan.naming import named_by_decision

    plan, counts = found.plan, found.plan.tally
    besides = f"{plan.limits_tally.demands} ceilings, absorption and transfer limits"
    hold = f"all hold but {counts.by_decision} broken by decision" if counts.by_decision else "all hold"
    yield f"verified: {counts.demands} demands of rules recomputed, {counts.hard} hard, and {besides}: {hold}"
    if counts.by_decision:
        yield f"by decision: {named_by_decision(plan.by_decision, plan.scenario, Words(plan.scenario.speaks()))}"
    if plan.certificate is None:
        yield "no certificate: the result carries no duals, so nothing is proved about better plans"
    else:
        yield f"proved: {plan.proof.bound_text(Words(plan.scenario.speaks()))}"
    if not found.fingerprint:
        yield f"{found.result} carries no fingerprint of its scenario: nothing to compare with {plan.scenario.file}"
    if found.sealed:
        yield "every sheet is as it was written, by the digests that it keeps; against the scenario named, amounts alone were compared"
    elif found.book is None:
        if Path(found.result).suffix.lower() in (".xlsx", ".xlsm"):
            yield "the cells of the workbook were not compared: it was held against the scenario named, amounts alone"
    elif found.book.identical:
        yield "the file is, byte for byte, the one that its scenario and record give"
    else:
        yield f"every {'formula, amount' if found.written_by == versions.VERSION else 'amount'} and limit is as it was written"
