"""Rows that only bring the relaxation closer change no plan: random scenarios with switches, in the strong and in the weak form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from richer import richer_cases

from cases import weak_form
from fundalloc.errors import ScenarioError
from fundalloc.model.compile import compile_program
from fundalloc.scenario.loading import load
from fundalloc.selftest.judge import write
from fundalloc.solvers import Options, Status, solve_program


@given(case=richer_cases())
@settings(max_examples=200, deadline=None)
def test_the_best_plan_is_the_same_in_the_weak_form(case):
    with TemporaryDirectory() as folder:
        try:
            program = compile_program(load(write(Path(folder), case)))
        except ScenarioError:
            assume(False)
    assume(program.integer is not None)
    weak = weak_form(program)
    best, same = (solve_program(stated, Options(gap=0.0)) for stated in (program, weak))
    assert best.status is same.status
    if best.status is Status.OPTIMAL:
        assert best.objective == pytest.approx(same.objective, rel=1e-7, abs=1e-6)
        strong_bound, weak_bound = (solve_program(replace(stated, integer=None)).objective for stated in (program, weak))
        assert best.objective <= strong_bound + 1e-6 * abs(strong_bound) + 1e-6
        assert strong_bound <= weak_bound + 1e-6 * abs(weak_bound) + 1e-6
