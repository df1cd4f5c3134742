"""The Python API, step by step. Run it from anywhere: `python examples/python_api.py`."""

from pathlib import Path
from tempfile import TemporaryDirectory

import fundalloc

TINY = Path(__file__).parent / "tiny" / "tiny.yaml"


def main() -> None:
    # One call each: read, solve, look.
    scenario = fundalloc.load(TINY)
    plan = fundalloc.solve(scenario, evidence="all")
    print(f"{plan.status}: {plan.score:.2f} points")
    print(plan.pivot("partnership", "area"))
    print(plan.free_money[["instrument", "year", "ceiling", "planned", "free"]].to_string(index=False))

    # What would one more million for the AMIF bring? Found beside the plan, and the same when the ceiling is written so.
    price = plan.free_money.query("instrument == 'amif' and year == 2026")["one_more"].iloc[0]
    richer = fundalloc.load(TINY, settings=["instruments.amif.ceiling.each={2025: 10, 2026: 11}"])
    gain = fundalloc.solve(richer).log.program_score - plan.log.program_score
    print(f"one more million for the AMIF in 2026: {price:.3f} points, written so {gain:.3f}")

    # Each step by itself: the linear program is plain arrays, the verification never sees it.
    program = fundalloc.compile_program(scenario)
    solution = fundalloc.solve_program(program, fundalloc.Options(solver="cbc"))
    print(f"{program.shape[0]} rows, {program.shape[1]} columns, {solution.solver}: {solution.objective:.4f}")
    findings = fundalloc.verify(scenario, plan.steps)
    print(f"{sum(f.status == 'at limit' for f in findings)} of {len(findings)} demands are at their limit")

    # Files.
    with TemporaryDirectory() as folder:
        fundalloc.write_workbook(plan, Path(folder) / "tiny.xlsx")
        fundalloc.write_csv(plan, Path(folder) / "tables")
        print(sorted(path.name for path in Path(folder).iterdir()))


if __name__ == "__main__":
    main()
