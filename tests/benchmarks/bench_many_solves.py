"""How much one live solver saves: 200 variants of the shipped baseline, warm, cold, and rebuilt through PuLP.

Not part of the test run: python tests/benchmarks/bench_many_solves.py [VARIANTS [SAMPLES]]

Every variant moves one rule's share, one ceiling and twenty needs. All ways solve the same linear programs (switches fixed as
in the baseline plan) and must reach the same scores. Times are processor time, so that a busy machine does not matter. The
second part times `sample`: whole samples, with reading, compiling, bound, score and settling, on all cores.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import numpy as np

from fundalloc.model.compile import compile_program
from fundalloc.model.linear_program import LinearProgram
from fundalloc.optimise.switches import fix_switches, solve_mixed
from fundalloc.pool import cores
from fundalloc.scenario.loading import load
from fundalloc.solvers import Options, solve_program
from fundalloc.solvers.warm import WarmSolver
from fundalloc.studies.sampling import sample
from fundalloc.studies.variants import Source

BASELINE = Path(__file__).parents[2] / "scenarios" / "mff-2021-2027" / "baseline.yaml"


def settings(generator: np.random.Generator, needs: list[tuple[str, str, float]]) -> list[str]:
    picked = generator.choice(len(needs), 20, replace=False)
    return [
        f"rules.legal-pathways-floor.at_least={generator.uniform(3, 9):.2f}%",
        f"instruments.ndici-neighbourhood.ceiling.each.2026={generator.uniform(380, 430):.1f}",
        *(f"needs.{needs[k][0]}.{needs[k][1]}.need={needs[k][2] * generator.uniform(0.9, 1.2):.2f}" for k in picked),
    ]


def programs(count: int) -> list[LinearProgram]:
    scenario = load(BASELINE)
    facts = scenario.facts
    ids = facts.dimensions.partnership.ids, facts.dimensions.area.ids
    needs = [(ids[0][p], ids[1][a], n) for p, a, n in zip(facts.needs.partnership, facts.needs.area, facts.needs.need.values, strict=True)]
    first = compile_program(scenario)
    chosen = solve_mixed(first, Options()).values
    generator = np.random.default_rng(7)
    return [fix_switches(compile_program(load(BASELINE, settings=settings(generator, needs))), chosen) for _ in range(count)]


def timed(name: str, solve, variants: list[LinearProgram]) -> np.ndarray:
    seconds, scores = [], []
    for variant in variants:
        started = time.process_time()
        scores.append(solve(variant).objective)
        seconds.append(time.process_time() - started)
    middle = f"median {np.median(seconds):7.4f} s   mean {np.mean(seconds):7.4f} s"
    print(f"{name:<34} {sum(seconds):8.2f} s   {middle}   ({len(variants)} variants)")
    return np.array([np.mean(seconds), *scores])


def main(count: int) -> None:
    started = time.process_time()
    variants = programs(count)
    size = f"{variants[0].shape} rows and columns, {variants[0].terms} terms"
    print(f"{'reading and compiling':<34} {time.process_time() - started:8.2f} s   {size}")
    warm = timed("one live HiGHS, differences passed", WarmSolver().solve, variants)
    cold = timed("arrays passed anew, cold", lambda p: solve_program(p, Options()), variants)
    few = variants[: max(10, count // 10)]
    pulp = timed("rebuilt through PuLP, HiGHS", lambda p: solve_program(p, Options(solver="highs-pulp")), few)
    np.testing.assert_allclose(warm[1:], cold[1:], rtol=1e-6)
    np.testing.assert_allclose(warm[1 : len(few) + 1], pulp[1:], rtol=1e-6)
    print(f"same scores; warm is {cold[0] / warm[0]:.0f} x faster than cold, {pulp[0] / warm[0]:.0f} x faster than PuLP, per variant")


def samples(count: int) -> None:
    scenario = load(BASELINE)
    uncertain = (
        "instruments.ndici-neighbourhood.ceiling.each.2026=380..405..430",
        "instruments.humanitarian-aid.ceiling.each.2026=480..650",
        "rules.legal-pathways-floor.at_least=5%..7%..9%",
        "needs.libya.smuggling.need=150..206.1..300",
        "needs.egypt.opportunities.need=200..400",
        "needs.lebanon.refugees.need=700..1200",
        "needs.jordan.refugees.need=1000..1152.7..1400",
        "needs.egypt.refugees.need=900..1300",
    )
    started = time.perf_counter()
    found = sample(Source(str(BASELINE), uncertain), count, 7)
    seconds, children = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    work = time.process_time() + children.ru_utime + children.ru_stime
    print(f"{count} samples of {len(found.uncertain)} figures of {scenario.id}: {found.failed} without a plan")
    print(f"{seconds:.0f} s on {cores()} cores; {work:.0f} s of processor time in all, {work / count:.2f} s a sample")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
    samples(int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
