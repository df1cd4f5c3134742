"""The linear program as LP or MPS files, with a table that says what every row and column means."""

from __future__ import annotations

from pathlib import Path

from fundalloc.doors.writing import check_writable
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import COVERAGE, LinearProgram
from fundalloc.scenario.scenario import Scenario


def write_program_files(scenario: Scenario, path: Path) -> list[Path]:
    """Write the program of a scenario as .lp or .mps, and its names as CSV. Raises OutputError."""
    from fundalloc.solvers.pulp import write_program

    check_writable(path)
    program = compile_program(scenario)
    return write_program(program, path, column_names(scenario, program), row_names(scenario, program))


def column_names(scenario: Scenario, program: LinearProgram) -> list[str]:
    """Return what every column means: a line, met need of a pair and step, a shared total, or what a soft rule misses."""
    pairs, most = _pairs(scenario), max(len(bands) for bands in scenario.facts.returns)
    names = [f"line {key}" for key in scenario.lines.keys] + [key.replace("|", " ", 1) for key in scenario.lines.moves.keys]
    names += [f"met need {pair} step {j + 1}" for j in range(most) for pair in pairs]
    names += ["shared total"] * (program.shape[1] - len(names))
    for block in program.blocks:
        if block.rule is not None and block.demands is not None:
            for column, row in zip(range(block.misses.start, block.misses.stop), block.missing_row, strict=True):
                names[column] = f"miss {block.owner} {'|'.join(block.demands.member[int(row)])}"
    return names


def row_names(scenario: Scenario, program: LinearProgram) -> list[str]:
    """Return what every row means."""
    names, pairs = [""] * program.shape[0], _pairs(scenario)
    for block in program.blocks:
        for k, row in enumerate(range(block.rows.start, block.rows.stop)):
            if block.demands is not None:
                names[row] = f"{block.owner} {'|'.join(block.demands.member[k])} {block.demands.sense[k]}"
            elif block.owner == COVERAGE:
                names[row] = f"coverage {pairs[k]}"
            else:
                names[row] = f"{block.owner} {k + 1}"
    return names


def _pairs(scenario: Scenario) -> list[str]:
    needs, dimensions = scenario.facts.needs, scenario.facts.dimensions
    return [f"{dimensions.partnership.ids[p]}|{dimensions.area.ids[a]}" for p, a in zip(needs.partnership, needs.area, strict=True)]
