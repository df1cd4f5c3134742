"""The compiled program, spelt out: read the diff of golden/tiny.txt when it changes (`pytest --update-golden`)."""

import numpy as np
import pytest

from cases import ROOT, TINY, TWO_BY_TWO, write
from fundalloc.export.program import column_names, row_names
from fundalloc.model.compile import compile_program
from fundalloc.model.elastic import elastic_program, hard_rows
from fundalloc.model.linear_program import Terms, stack
from fundalloc.optimise.settling import line_noise, proportional_plan, settling_program
from fundalloc.optimise.stage_programs import hold
from fundalloc.rules import kinds
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, Status, solve_program

GOLDEN = ROOT / "tests" / "golden" / "tiny.txt"


def spelt_out(scenario) -> str:
    """Every column with its worth and bounds, every row with its terms and limits."""
    program = compile_program(scenario)
    columns, rows = column_names(scenario, program), row_names(scenario, program)
    matrix = program.matrix
    out = ["maximise"]
    out += [f"  {program.cost[k]:+g} {columns[k]}" for k in np.flatnonzero(program.cost)]
    out.append("subject to")
    for r in range(program.shape[0]):
        terms = " ".join(f"{matrix.value[e]:+g} [{columns[matrix.column[e]]}]" for e in range(matrix.start[r], matrix.start[r + 1]))
        out.append(f"  {rows[r]}: {program.row_lower[r]:g} <= {terms} <= {program.row_upper[r]:g}")
    out.append("where")
    bounded = np.flatnonzero((program.lower != 0) | np.isfinite(program.upper))
    out += [f"  {program.lower[k]:g} <= {columns[k]} <= {program.upper[k]:g}" for k in bounded]
    return "\n".join(out) + "\n"


def with_every_example():
    """The tiny case with every example of every kind."""
    import json

    settings = []
    for word, kind in kinds().items():
        for k, example in enumerate(kind.EXAMPLES if not kind.built_in else []):
            soft = {"soft": "1"} if k % 2 and word != "minimum_size" else {}
            settings.append(f"rules.{word}-{k}={json.dumps({'kind': word, **example, **soft})}")
    return load(TINY, settings=[*settings, "baseline=../../tests/golden/plan.csv"], allow_outside=True)


def test_every_example_of_every_kind_spelt_out(request):
    text = spelt_out(with_every_example())
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(text, "utf-8")
    assert text == GOLDEN.read_text("utf-8")


def test_two_by_two_by_hand(tmp_path):
    program = compile_program(load(write(tmp_path, TWO_BY_TWO)))
    # Columns: a|north, a|south, b|south; met need north, south in three steps each.
    assert program.cost.tolist() == pytest.approx([0, 0, 0, 1, 2, 0.6, 1.2, 0.3, 0.6])
    assert program.upper.tolist() == pytest.approx([np.inf] * 3 + [4, 6, 2.4, 3.6, 1.6, 2.4])
    # Rows: coverage of north and south, ceilings of a and b (in total, one year).
    dense = np.zeros(program.shape)
    dense[program.matrix.row, program.matrix.column] = program.matrix.value
    assert dense.tolist() == [
        [-1, 0, 0, 1, 0, 1, 0, 1, 0],
        [0, -1, -0.5, 0, 1, 0, 1, 0, 1],
        [1, 1, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0, 0, 0],
    ]
    assert program.row_upper.tolist() == [0, 0, 10, 6]
    assert [b.owner for b in program.blocks] == ["coverage", "absorption", "ceiling", "transfer"]


def test_terms_of_one_cell_add_up():
    found = stack([(2, Terms(np.array([1, 0, 1]), np.array([2, 0, 2]), np.array([1.0, 5.0, -0.25])))])
    assert (found.start.tolist(), found.column.tolist(), found.value.tolist()) == ([0, 1, 2], [0, 2], [5.0, 0.75])


def test_rows_are_stacked_and_empty_ones_kept():
    matrix = stack([(2, Terms(np.array([1]), np.array([0]), np.array([3.0]))), (1, Terms(np.array([0]), np.array([1]), np.array([4.0])))])
    assert matrix.start.tolist() == [0, 0, 1, 2]
    assert matrix.times(np.array([10.0, 100.0])).tolist() == [0.0, 30.0, 400.0]


def test_rows_without_undecided_money_are_not_enforced():
    scenario = load(
        TINY, settings=["closed=2025", "rules.past={kind: amount, says: Past, money: {year: 2025}, at_least: 50, source: assumption}"]
    )
    block = compile_program(scenario).block("past")
    assert block.relaxed.tolist() == [True]


def test_elastic_rows_miss_by_as_little_as_possible(tmp_path):
    rules = {"n": {"kind": "amount", "says": "n", "source": "assumption", "money": {"partnership": "north"}, "at_least": "13"}}
    program = compile_program(load(write(tmp_path, {**TWO_BY_TWO, "rules": rules})))
    rows = hard_rows(program)
    elastic = elastic_program(program, rows)
    solution = solve_program(elastic.program)
    assert -solution.objective == pytest.approx(3)  # A's 10 against a floor of 13
    assert solution.values[elastic.first :].sum() == pytest.approx(3)
    assert solve_program(program).status is Status.INFEASIBLE
    # With the floor as it is, and only the ceiling of A elastic, it is A's ceiling that gives way.
    _, ceiling_a, _ = rows
    one = elastic_program(program, np.array([ceiling_a]))
    assert solve_program(one.program).values[one.first :].tolist() == pytest.approx([3])


def test_proportional_plan_by_hand(tmp_path):
    # A's 10 over north 8 x 1 and south 12 x 2: 2.5 and 7.5; B's 6 to south. Nothing beyond the need.
    lines = load(write(tmp_path, TWO_BY_TWO)).lines
    assert proportional_plan(lines).tolist() == pytest.approx([2.5, 7.5, 6.0])


def test_settling_holds_the_score_and_comes_closest(tmp_path):
    # One euro meets as much in either year: of all splits over the years the proportional one is taken.
    case = {**TWO_BY_TWO, "years": "2026-2027", "instruments": {"a": {"name": "A", "source": "x", "ceiling": {"each": "8"}}}}
    case["eligibility"] = [{"instrument": "a", "area": "returns"}]
    case["needs"] = [{"partnership": "north", "area": "returns", "need": "10"}, {"partnership": "south", "area": "returns", "need": "10"}]
    scenario = load(write(tmp_path, case))
    program = compile_program(scenario)
    first = solve_program(program, Options(method="simplex"))
    held = hold(program, program.cost, first.objective, 0.0)
    settling = settling_program(held, scenario.lines, proportional_plan(scenario.lines))
    values = settling.values(solve_program(settling.program).values)[: program.shape[1]]
    assert values[:4].tolist() == pytest.approx([4, 4, 4, 4], abs=1e-6)
    assert float(program.cost @ values) == pytest.approx(first.objective)


def test_noise_depends_on_ids_alone(tmp_path):
    first = load(write(tmp_path, TWO_BY_TWO, "one.yaml")).lines
    turned = {
        **TWO_BY_TWO,
        "partnerships": TWO_BY_TWO["partnerships"][::-1],
        "instruments": dict(reversed(TWO_BY_TWO["instruments"].items())),
    }
    second = load(write(tmp_path, turned, "two.yaml")).lines
    noise = dict(zip(first.keys, line_noise(first), strict=True))
    assert noise == dict(zip(second.keys, line_noise(second), strict=True))
    assert len(set(noise.values())) == len(noise)
    assert all(0 <= n < 1 for n in noise.values())
