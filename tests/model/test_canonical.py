"""The canonical order: a program shuffled in any way is handed to the solver as the same bits."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import TINY
from fundalloc.model.canonical import canonical_order, places
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram, Terms, stack
from fundalloc.scenario.loading import load


def shuffled(program: LinearProgram, rows: np.ndarray, columns: np.ndarray) -> LinearProgram:
    """The same program with rows and columns in another order; the columns that carry keys keep them."""
    matrix = program.matrix
    keys = np.pad(program.keys, (0, program.shape[1] - len(program.keys)), constant_values=-1)
    terms = Terms(places(rows)[matrix.row], places(columns)[matrix.column], matrix.value)
    return replace(
        program,
        cost=program.cost[columns],
        lower=program.lower[columns],
        upper=program.upper[columns],
        row_lower=program.row_lower[rows],
        row_upper=program.row_upper[rows],
        matrix=stack([(len(rows), terms)]),
        integer=None if program.integer is None else program.integer[columns],
        keys=keys[columns],
        blocks=(),
    )


def same(a: LinearProgram, b: LinearProgram) -> bool:
    pairs = [(getattr(a, n), getattr(b, n)) for n in ("cost", "lower", "upper", "row_lower", "row_upper")]
    pairs += [(getattr(a.matrix, n), getattr(b.matrix, n)) for n in ("start", "column", "value")]
    return all(np.array_equal(one, other) for one, other in pairs)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_a_shuffled_program_is_the_same(seed):
    program, random = compile_program(load(TINY)), np.random.default_rng(seed)
    rows, columns = (random.permutation(n) for n in program.shape)
    other = shuffled(program, rows, columns)
    assert same(canonical_order(program).apply(program), canonical_order(other).apply(other))


@given(st.integers(0, 2**32 - 1))
def test_columns_without_keys_are_told_apart_by_what_they_are_tied_to(seed):
    # Three columns of the same worth, all in row 0: only through the limits of rows 1 and 2 do they differ.
    program = LinearProgram(
        cost=np.ones(4),
        lower=np.zeros(4),
        upper=np.full(4, np.inf),
        row_lower=np.full(4, -np.inf),
        row_upper=np.array([9.0, 1.0, 2.0, 9.0]),
        matrix=stack([(4, Terms(np.array([0, 0, 0, 0, 1, 2]), np.array([0, 1, 2, 3, 1, 2]), np.ones(6)))]),
        keys=np.array([0]),
    )
    random = np.random.default_rng(seed)
    other = shuffled(program, *(random.permutation(n) for n in program.shape))
    assert same(canonical_order(program).apply(program), canonical_order(other).apply(other))


def test_order_by_hand():
    # Keys first, in their order; then the column of the row that stands first. Rows by their first column.
    program = LinearProgram(
        cost=np.array([1.0, 2.0, 3.0, 4.0]),
        lower=np.zeros(4),
        upper=np.ones(4),
        row_lower=np.zeros(2),
        row_upper=np.ones(2),
        matrix=stack([(2, Terms(np.array([0, 0, 1, 1]), np.array([0, 2, 1, 3]), np.array([1.0, 5.0, 1.0, 6.0])))]),
        keys=np.array([7, 3]),
    )
    order = canonical_order(program)
    assert (order.rows.tolist(), order.columns.tolist()) == ([1, 0], [1, 0, 3, 2])
    ordered = order.apply(program)
    assert ordered.cost.tolist() == [2.0, 1.0, 4.0, 3.0]
    assert (ordered.matrix.start.tolist(), ordered.matrix.column.tolist()) == ([0, 2, 4], [0, 2, 1, 3])
    assert ordered.matrix.value.tolist() == [1.0, 6.0, 1.0, 5.0]


def test_figures_that_differ_by_the_order_of_additions_count_as_the_same():
    program = compile_program(load(TINY))
    nearly = replace(program, row_upper=np.nextafter(program.row_upper, np.inf))
    assert canonical_order(program).rows.tolist() == canonical_order(nearly).rows.tolist()


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_columns_three_ties_away_are_told_apart(seed):
    # Column 0 has a key, and two chains of three columns hang on its row; only the limits of their last rows differ.
    #   row 0: columns 0, 1, 4    row 1: 1, 2    row 2: 2, 3    row 3: 3, at most 1    row 4: 4, 5    row 5: 5, 6    row 6: 6, at most 2
    pairs = [(0, 0), (0, 1), (0, 4), (1, 1), (1, 2), (2, 2), (2, 3), (3, 3), (4, 4), (4, 5), (5, 5), (5, 6), (6, 6)]
    row, column = np.array(pairs).T
    program = LinearProgram(
        cost=np.ones(7),
        lower=np.zeros(7),
        upper=np.full(7, np.inf),
        row_lower=np.full(7, -np.inf),
        row_upper=np.array([9.0, 5.0, 5.0, 1.0, 5.0, 5.0, 2.0]),
        matrix=stack([(7, Terms(row, column, np.ones(len(row))))]),
        keys=np.array([0]),
    )
    random = np.random.default_rng(seed)
    other = shuffled(program, *(random.permutation(n) for n in program.shape))
    assert same(canonical_order(program).apply(program), canonical_order(other).apply(other))
