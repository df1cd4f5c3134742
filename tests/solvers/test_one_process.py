"""Solvers that follow one another in one process, in any order, do not disturb each other, and none of them writes to stdout.

HiGHS sets up its threads once per calling thread, with the number that the first solve asks for; a later solve that asks for
another number is refused. So each order runs in a process of its own, and whoever solves first would decide.
"""

import json
import subprocess
import sys
from itertools import permutations
from textwrap import dedent

import pytest

from cases import TINY
from fundalloc.solvers.pulp import available

STEPS = {
    "ours": "solve('highs')",
    "warm": "warm()",
    "highs-pulp": "solve('highs-pulp')",
    "cbc": "solve('cbc')",
    "highspy with 2 threads": "theirs(2)",
    "highspy with 3 threads": "theirs(3); highspy.Highs.resetGlobalScheduler(True)",
    "PuLP's own HiGHS": "pulps()",
}
PROGRAM = """
import sys, highspy, pulp, fundalloc
from fundalloc.model.compile import compile_program
from fundalloc.solvers.warm import WarmSolver
scenario = fundalloc.load(sys.argv[1])
scores = []

def solve(name):
    scores.append(fundalloc.solve(scenario, fundalloc.Options(solver=name)).log.program_score)

def warm():
    scores.append(WarmSolver().solve(compile_program(scenario)).objective)

def theirs(threads):
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    h.setOptionValue("threads", threads)
    h.addVar(0, 4)
    h.changeColCost(0, -1.0)
    h.run()
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal, h.getModelStatus()

def pulps():
    problem = pulp.LpProblem()
    x = problem.add_variable("x", 0, 4)
    problem.setObjective(-1 * x)
    problem.solve(pulp.HiGHS(msg=False, threads=2))
    assert pulp.LpStatus[problem.status] == "Optimal"
"""


def in_a_process_of_its_own(steps):
    text = "\n".join([PROGRAM, *(STEPS[step] for step in steps), "print('scores', *scores)"])
    done = subprocess.run([sys.executable, "-c", text, str(TINY)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [float(score) for score in done.stdout.split("scores")[1].split()]


ORDERS = [
    *permutations(["ours", "highs-pulp", "highspy with 2 threads"]),
    ["highs-pulp", "cbc", "ours", "warm", "highs-pulp"],
    ["PuLP's own HiGHS", "highs-pulp", "cbc", "warm", "ours"],
    ["warm", "PuLP's own HiGHS", "highs-pulp"],
    ["highspy with 3 threads", "ours", "highspy with 2 threads", "warm", "highs-pulp", "highspy with 2 threads"],
]


@pytest.mark.parametrize("steps", ORDERS, ids=", ".join)
def test_whoever_solved_before_the_score_is_the_same(steps):
    scores = in_a_process_of_its_own(steps)
    assert len(scores) == sum(step in ("ours", "warm", "highs-pulp", "cbc") for step in steps)
    assert scores == pytest.approx([scores[0]] * len(scores), rel=1e-9)


@pytest.mark.parametrize("solver", ["highs", *available()])
def test_stdout_is_the_json_and_nothing_else(solver):
    done = subprocess.run([sys.executable, "-m", "fundalloc", "run", str(TINY), "--json", "-n", "--solver", solver], capture_output=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["result"]["status"] == "optimal"
    assert done.stderr == b""


def test_what_a_solver_says_on_stdout_goes_to_stderr():
    # Some licensed solvers greet on the process's stdout whatever they are told, from C; this one does as they do.
    text = """
        import os, pulp
        from fundalloc.cli import main

        class Greeting(pulp.PULP_CBC_CMD):
            def actualSolve(self, problem, **settings):
                os.write(1, b"Set parameter Username\\n")
                return super().actualSolve(problem, **settings)

        pulp.getSolver = lambda name, **settings: Greeting(**settings)
        main()
    """
    done = subprocess.run([sys.executable, "-c", dedent(text), "run", str(TINY), "--json", "-n", "--solver", "cbc"], capture_output=True)
    assert json.loads(done.stdout)["result"]["status"] == "optimal"
    assert b"Set parameter Username" in done.stderr
