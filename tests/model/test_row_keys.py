"""Rows have names that do not depend on where they stand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cases import SHIPPED, TINY, TWO_BY_TWO, relaxed_shipped, write
from fundalloc.model.canonical import row_keys
from fundalloc.model.compile import compile_program
from fundalloc.plan.certificate import certify, certify_again
from fundalloc.run import solve
from fundalloc.scenario.loading import load


def test_names_by_hand(tmp_path):
    scenario = load(write(tmp_path, TWO_BY_TWO))
    assert row_keys(compile_program(scenario), scenario.facts) == [
        "coverage|north|returns",
        "coverage|south|returns",
        "ceiling|a|total|at most",
        "ceiling|b|total|at most",
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_no_two_rows_have_the_same_name(path):
    scenario, program = relaxed_shipped(path)
    keys = row_keys(program, scenario.facts)
    assert len(set(keys)) == len(keys) == program.shape[0]
    assert all(keys)


def test_duals_by_name_prove_the_same_bound_when_rows_change_places(tmp_path):
    plan = solve(load(write(tmp_path, TWO_BY_TWO)))
    turned = {**TWO_BY_TWO, "needs": TWO_BY_TWO["needs"][::-1], "partnerships": TWO_BY_TWO["partnerships"][::-1]}
    scenario = load(write(tmp_path, turned, "turned.yaml"))
    again = certify_again(compile_program(scenario), plan.certificate.duals, scenario.lines, plan.score)
    assert again.bound == plan.certificate.bound


def test_json_keeps_duals_exactly():
    plan = solve(load(TINY))
    duals = json.loads(json.dumps(dict(plan.certificate.duals)))
    scenario = plan.scenario
    program = compile_program(scenario)
    assert certify_again(program, duals, scenario.lines, plan.score) == plan.certificate
    assert certify(program, np.zeros(program.shape[0]), scenario.lines, 0.0).duals == {}
