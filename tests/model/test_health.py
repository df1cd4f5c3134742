import pytest

from cases import TINY, TWO_BY_TWO, write
from fundalloc.insight.doctor.examine import worth_knowing
from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import numerical_remarks, ranges
from fundalloc.scenario.loading import load


def test_ranges_by_hand(tmp_path):
    found = ranges(compile_program(load(write(tmp_path, TWO_BY_TWO))))
    assert found["coefficients"] == (0.5, 1.0)
    assert found["limits"] == (1.6, 10.0)  # met need of North's last step, A's ceiling
    assert found["objective"] == pytest.approx((0.3, 2.0))


def test_ordinary_scenarios_are_healthy():
    assert list(numerical_remarks(compile_program(load(TINY)))) == []


def test_amounts_in_the_wrong_unit_are_named(tmp_path):
    # A floor of 9 million EUR million beside one of a thousandth: somebody wrote euro.
    rules = {
        "small": {"kind": "amount", "says": "s", "source": "x", "money": {"partnership": "north"}, "at_least": "0.001"},
        "large": {"kind": "amount", "says": "l", "source": "x", "money": {"partnership": "south"}, "at_most": "9000000"},
    }
    scenario = load(write(tmp_path, {**TWO_BY_TWO, "round_to": "0.001", "rules": rules}))
    (remark,) = numerical_remarks(compile_program(scenario))
    assert remark == (
        "limits reach from 0.001 to 9e+06, a range of 9e+09 (in small and large); check the units (EUR million) of these figures"
    )
    assert remark in worth_knowing(scenario)
