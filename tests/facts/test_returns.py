"""Diminishing returns as a curve: the same as the steps that it comes to by hand."""

from fractions import Fraction

import pytest

from cases import TWO_BY_TWO, write
from fundalloc.errors import ScenarioError
from fundalloc.run import solve
from fundalloc.scenario.loading import load

CURVE = {"curve": {"log": "4"}, "pieces": "2"}
"""log(1 + 4x) rises by log 3 = 1.0986 over the first half and by log 5 - log 3 = 0.5108 over the second: 0.4650 of it."""
BY_HAND = [{"share": "50 %", "value": "1"}, {"share": "50 %", "value": "0.465"}]


def loaded(tmp_path, **changes):
    return load(write(tmp_path, {**TWO_BY_TWO, **changes}))


def test_a_curve_is_the_steps_that_it_comes_to(tmp_path):
    curved, stated = loaded(tmp_path, steps=CURVE), loaded(tmp_path, steps=BY_HAND)
    assert [(band.share, band.value) for band in curved.facts.bands] == [(Fraction(1, 2), Fraction(1)), (Fraction(1, 2), Fraction("0.465"))]
    one, other = solve(curved), solve(stated)
    assert one.score == other.score
    assert one.steps.tolist() == other.steps.tolist()


def test_ten_steps_fall_to_a_quarter(tmp_path):
    bands = loaded(tmp_path, steps={"curve": {"log": "4"}, "pieces": "10"}).facts.bands
    # log 1.4 = 0.336472, log 1.8 - log 1.4 = 0.251314, …, log 5 - log 4.6 = 0.083382
    assert [float(band.value) for band in bands][:2] == [1.0, 0.7469]
    assert float(bands[-1].value) == 0.2478
    assert sum(band.share for band in bands) == 1


def test_an_area_may_have_a_curve_of_its_own(tmp_path):
    areas = {key: dict(value) for key, value in TWO_BY_TWO["areas"].items()}
    first = next(iter(areas))
    areas[first]["steps"] = CURVE
    scenario = loaded(tmp_path, areas=areas)
    assert [len(bands) for bands in scenario.facts.returns] == [2, *[len(scenario.facts.bands)] * (len(areas) - 1)]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ({"curve": {"log": "4"}, "pieces": "3"}, "a need cannot be cut into 3 pieces"),
        ({"curve": {"log": "4"}, "pieces": "ten"}, "a need cannot be cut into ten pieces"),
        ({"curve": {"log": "4"}}, "'pieces' is missing"),
        ({"curve": {"exp": "4"}, "pieces": "10"}, "unknown key 'exp'"),
        ({"curve": {"log": "0"}, "pieces": "4"}, "the values of the steps do not fall"),
        ({"curve": {"log": "-1"}, "pieces": "4"}, "a limit cannot be negative"),
        ({"pieces": "4"}, "'curve' is missing"),
    ],
)
def test_other_curves_are_refused(tmp_path, steps, said):
    with pytest.raises(ScenarioError) as refused:
        loaded(tmp_path, steps=steps)
    assert any(said in problem.message for problem in refused.value.problems), refused.value.problems


def test_a_misspelt_key_is_told_what_its_own_shape_has(tmp_path):
    hints = {"lgo": "did you mean 'log'?", "share": "expected one of: log"}
    for key, hint in hints.items():
        with pytest.raises(ScenarioError) as raised:
            loaded(tmp_path, steps={"curve": {key: "4"}, "pieces": "10"})
        assert hint in {problem.hint for problem in raised.value.problems}
    with pytest.raises(ScenarioError) as raised:
        loaded(tmp_path, steps=[{"share": "100 %", "value": "1", "pieces": "2"}])
    assert "expected one of: share, value" in {problem.hint for problem in raised.value.problems}
