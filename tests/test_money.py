from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundalloc.money import Exact, Figure, NotANumber, ceil_steps, decimals, euro, exact_sums, floor_steps, parse_figure, percent, plain

decimal_numbers = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, allow_infinity=False, places=9)
steps = st.sampled_from([Fraction(1, 1000), Fraction(1, 10), Fraction(1, 2), Fraction(1), Fraction(5)])
fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6)


@pytest.mark.parametrize(
    ("text", "value", "is_percent"),
    [
        ("12.5", Fraction(25, 2), False),
        (" 7 ", Fraction(7), False),
        ("-3", Fraction(-3), False),
        (".5", Fraction(1, 2), False),
        ("5.", Fraction(5), False),
        ("1e3", Fraction(1000), False),
        ("2.5E-2", Fraction(1, 40), False),
        ("010", Fraction(10), False),
        ("15 %", Fraction(3, 20), True),
        ("15%", Fraction(3, 20), True),
        ("0.1", Fraction(1, 10), False),  # not the nearest binary fraction
    ],
)
def test_figures_are_read_exactly(text, value, is_percent):
    assert parse_figure(text) == Figure(value, is_percent)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("12,5", "'12,5' is not a number", "write the decimal sign as a point: 12.5"),
        ("0,125", "'0,125' is not a number", "write the decimal sign as a point: 0.125"),
        ("1,200", "'1,200' is not a number", "write 1200 if these are thousands, 1.200 if these are decimals"),
        ("1.200,5", "'1.200,5' is not a number", "write thousands without a separator: 1200.5"),
        ("1 200,5", "'1 200,5' is not a number", "write thousands without a separator: 1200.5"),
        ("1.200.300", "'1.200.300' is not a number", "write thousands without a separator: 1200300"),
        ("2025-01-31", "'2025-01-31' is not a number", "this is a date; in a spreadsheet give the cell the format of a number"),
        ("1.3.2025", "'1.3.2025' is not a number", "this is a date; in a spreadsheet give the cell the format of a number"),
        ("٣", "'٣' is not a number", "write the digits 0 to 9"),
        ("１２", "'１２' is not a number", "write the digits 0 to 9"),
        ("+5", "'+5' is not a number", "to add to an inherited amount write: inherited + 5"),
        ("1 000", "'1 000' is not a number", "write thousands without a separator: 1000"),
        ("1,000,000.5", "'1,000,000.5' is not a number", "write thousands without a separator: 1000000.5"),
        ("12'500", "'12'500' is not a number", "write thousands without a separator: 12500"),
        (".nan", "'.nan' is not a number", "write an amount such as 12.5"),
        ("-inf", "'-inf' is not a number", "write an amount such as 12.5"),
        ("", "'' is not a number", "write an amount such as 12.5"),
        ("%", "'%' is not a number", "write an amount such as 12.5"),
        ("ten", "'ten' is not a number", "expected a number such as 12.5 or a share such as 15 %"),
        ("1_000", "'1_000' is not a number", "expected a number such as 12.5 or a share such as 15 %"),
        ("0x10", "'0x10' is not a number", "expected a number such as 12.5 or a share such as 15 %"),
        ("1e300", "'1e300' is not a number", "expected a number such as 12.5 or a share such as 15 %"),
        (
            "inherited + 5",
            "'inherited + 5' is not a number",
            "write inherited + 800 or inherited - 10 %, over an amount in the file that this one extends",
        ),
        ("1" * 41, f"'{'1' * 40}…' is too long for a number", "write an amount such as 12.5"),
    ],
)
def test_anything_else_is_refused_with_a_hint(text, message, hint):
    with pytest.raises(NotANumber) as caught:
        parse_figure(text)
    assert (str(caught.value), caught.value.hint) == (message, hint)


@given(decimal_numbers)
def test_what_is_printed_plain_is_read_back_exactly(number):
    value = Fraction(number)
    assert parse_figure(plain(value)).value == value
    assert Fraction(Decimal(plain(value))) == value
    assert "e" not in plain(value).lower()


@given(fractions)
def test_plain_is_right_to_twelve_digits_even_without_end(value):
    assert float(plain(value)) == pytest.approx(float(value), rel=1e-11)


@given(decimal_numbers)
def test_figures_print_as_they_are_read(number):
    share = Figure(Fraction(number) / 100, percent=True)
    assert parse_figure(str(share)) == share
    assert parse_figure(str(Figure(Fraction(number)))) == Figure(Fraction(number))


@pytest.mark.parametrize(
    ("value", "text"), [("0", "0"), ("-0.05", "-0.05"), ("12.50", "12.5"), ("1000000", "1000000"), ("0.000001", "0.000001")]
)
def test_plain_by_hand(value, text):
    assert plain(Fraction(value)) == text


def test_plain_of_a_third_has_twelve_digits():
    assert plain(Fraction(1, 3)) == "0.333333333333"


@pytest.mark.parametrize(("value", "text"), [(Fraction(3, 20), "15\u00a0%"), (Fraction(1, 8), "12.5\u00a0%"), (Fraction(2), "200\u00a0%")])
def test_percent(value, text):
    assert percent(value) == text


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [
        (12500, 1, "12\u00a0500.0"),
        (Fraction(1, 10), 1, "0.1"),
        (-0.04, 1, "0.0"),
        (-1234567.891, 2, "-1\u00a0234\u00a0567.89"),
        (0, 0, "0"),
        (999.95, 1, "1\u00a0000.0"),
    ],
)
def test_euro(value, places, text):
    assert euro(value, places) == text


@pytest.mark.parametrize(("step", "places"), [("0.1", 1), ("0.001", 3), ("0.5", 1), ("0.25", 2), ("1", 0), ("10", 0)])
def test_decimals_that_a_step_needs(step, places):
    assert decimals(Fraction(step)) == places


@given(fractions, steps)
def test_whole_steps_enclose_the_value(value, step):
    low, high = floor_steps(value, step), ceil_steps(value, step)
    assert low * step <= value <= high * step
    assert high - low in (0, 1)
    assert (high == low) == ((value / step).denominator == 1)
    assert (low, high) == (floor(value / step), ceil(value / step))


@given(st.lists(st.fractions(min_value=-100, max_value=100, max_denominator=60), max_size=8))
def test_exact_keeps_every_number(values):
    exact = Exact.of(values)
    assert [Fraction(int(n), exact.denominator) for n in exact.numerator] == values
    assert exact.values.tolist() == pytest.approx([float(v) for v in values])


@given(
    st.lists(
        st.tuples(st.fractions(max_denominator=50, min_value=0, max_value=9), st.fractions(max_denominator=50, min_value=0, max_value=9)),
        max_size=4,
    )
)
def test_exact_products(pairs):
    product = Exact.of(a for a, _ in pairs) * Exact.of(b for _, b in pairs)
    assert [Fraction(int(n), product.denominator) for n in product.numerator] == [a * b for a, b in pairs]


def test_exact_shapes():
    grid = Exact.of([Fraction(1, 2), Fraction(1, 3), Fraction(2), Fraction(0)]).reshape(2, 2)
    assert grid.denominator == 6
    assert grid.numerator.tolist() == [[3, 2], [12, 0]]
    assert grid[1].numerator.tolist() == [12, 0]
    assert Exact.whole((2,), 3).numerator.tolist() == [3, 3]
    assert Exact.of([]).denominator == 1


def test_exact_refuses_what_does_not_fit():
    with pytest.raises(OverflowError):
        Exact.of([Fraction(1, 10**12), Fraction(10**9)])


def test_exact_sums():
    group, amounts = np.array([0, 2, 0, 2]), np.array([2**53, 1, 1, -4], dtype=np.int64)
    assert exact_sums(group, amounts, 4).tolist() == [2**53 + 1, 0, -3, 0]  # floating point would lose the 1


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_no_float_is_printed_as_something_that_reads_as_another(number):
    try:
        value = parse_figure(repr(number)).value
    except NotANumber:
        assert number != number or abs(number) == inf or "e" in repr(number)
    else:
        assert float(value) == number
