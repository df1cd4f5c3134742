"""The same linear program in every modelling layer, each written as its own documentation recommends.

A way is a function from the tables to a model that is handed over to HiGHS as far as the layer allows before solving, and
a function that solves it and returns the objective. All use the interior point method of HiGHS, one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from meaning import FALL, FLOOR, GROWTH, PENALTY, PLUS, Core

from fundalloc.scenario.scenario import Scenario

Way = tuple[tuple[int, int], Callable[[], float]]
"""Rows and columns, and what solves the model and returns its objective."""


def fundalloc(scenario: Scenario) -> Callable[[], Way]:
    """The program of this package: from the scenario in memory, eligible lines not yet computed, to HiGHS."""
    from fundalloc.model.canonical import canonical_order
    from fundalloc.model.compile import compile_program
    from fundalloc.solvers import highs

    def build() -> Way:
        fresh = replace(scenario, facts=replace(scenario.facts))
        program = compile_program(fresh)
        live = highs.load(canonical_order(program).apply(program))
        return program.shape, lambda: run(live)

    return build


def arrays(core: Core) -> Way:
    """The limit: arrays put together by hand, passed in one call."""
    live = arrays_model(core)
    return (live.getNumRow(), live.getNumCol()), lambda: run(live)


def arrays_model(core: Core) -> Any:
    """Return HiGHS with the arrays passed."""
    import highspy

    instruments, partnerships, areas, years = core.sizes
    n, pairs, line = len(core), partnerships * areas, np.arange(len(core))
    pair, met, total = core.partnership * areas + core.area, n + np.arange(3 * pairs), n + 3 * pairs + np.arange(partnerships)
    miss = total[-1] + 1 + np.arange(pairs)
    time = core.partnership * years + core.year
    later, earlier = np.flatnonzero(core.year > 0), np.flatnonzero(core.year < years - 1)
    step = core.partnership * (years - 1) + core.year
    each = np.arange(pairs)
    blocks = [  # rows, columns, values, lower, upper
        (np.concatenate([pair, np.tile(each, 3)]), np.concatenate([line, met]),
         np.concatenate([-core.effectiveness[core.instrument, core.area], np.ones(3 * pairs)]), np.full(pairs, -np.inf), np.zeros(pairs)),
        (core.instrument * years + core.year, line, np.ones(n), np.full(instruments * years, -np.inf), core.ceiling.ravel()),
        (time, line, np.ones(n), np.full(partnerships * years, -np.inf), core.absorption.ravel()),
        (np.concatenate([core.partnership, np.arange(partnerships)]), np.concatenate([line, total]),
         np.concatenate([np.ones(n), -np.ones(partnerships)]), np.zeros(partnerships), np.zeros(partnerships)),
        (np.concatenate([pair, each, each]), np.concatenate([line, np.repeat(total, areas), miss]),
         np.concatenate([np.ones(n), np.full(pairs, -FLOOR), np.ones(pairs)]), np.zeros(pairs), np.full(pairs, np.inf)),
    ]  # fmt: skip
    for factor, lower, upper in ((GROWTH, -np.inf, PLUS), (FALL, -PLUS, np.inf)):
        rows = partnerships * (years - 1)
        blocks.append(
            (np.concatenate([step[later] - 1, step[earlier]]), np.concatenate([later, earlier]),
             np.concatenate([np.ones(len(later)), np.full(len(earlier), -factor)]), np.full(rows, lower), np.full(rows, upper))
        )  # fmt: skip
    first = np.cumsum([0, *(len(b[3]) for b in blocks)])
    row, column = (np.concatenate(part) for part in ([b[0] + f for b, f in zip(blocks, first, strict=False)], [b[1] for b in blocks]))
    order = np.argsort(row, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=first[-1]))])
    live = quiet()
    live.passModel(
        int(miss[-1] + 1), int(first[-1]), len(row), int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMaximize), 0.0,
        np.concatenate([np.zeros(n), core.worth.ravel(), np.zeros(partnerships), np.full(pairs, -PENALTY)]),
        np.zeros(miss[-1] + 1),
        np.concatenate([np.full(n, np.inf), core.most.ravel(), np.full(partnerships + pairs, np.inf)]),
        np.concatenate([b[3] for b in blocks]), np.concatenate([b[4] for b in blocks]),
        start.astype(np.int32), column[order].astype(np.int32), np.concatenate([b[2] for b in blocks])[order],
        np.zeros(miss[-1] + 1, dtype=np.int32),
    )  # fmt: skip
    return live


def pulp_lpsum(core: Core) -> Way:
    """PuLP with dictionaries of variables and `lpSum`, its HiGHS interface with `highspy`."""
    import pulp

    model = pulp_model(core)
    solver = pulp.HiGHS(msg=False, threads=1, solver="ipm")
    solver.createAndConfigureSolver(model)
    solver.buildSolverModel(model)
    live = model.solverModel
    return (live.getNumRow(), live.getNumCol()), lambda: -run(live)  # PuLP turns a maximum into a minimum


def pulp_model(core: Core) -> Any:
    """Return PuLP's model."""
    import pulp

    instruments, partnerships, areas, years = (range(n) for n in core.sizes)
    steps, lines = range(len(core.share)), keys(core)
    x = pulp.LpVariable.dicts("x", lines, 0)
    q = {(j, p, a): pulp.LpVariable(f"q_{j}_{p}_{a}", 0, core.most[j, p, a]) for j, p, a in product(steps, partnerships, areas)}
    total, miss = pulp.LpVariable.dicts("total", partnerships, 0), pulp.LpVariable.dicts("miss", list(product(partnerships, areas)), 0)
    model, worth = pulp.LpProblem("core", pulp.LpMaximize), core.worth
    model += pulp.lpSum(worth[key] * q[key] for key in q) - pulp.lpSum(PENALTY * m for m in miss.values())
    by = groups(lines)
    for p, a in product(partnerships, areas):
        own = by["pa"][p, a]
        model += pulp.lpSum(q[j, p, a] for j in steps) <= pulp.lpSum(core.effectiveness[k[0], a] * x[k] for k in own)
        model += pulp.lpSum(x[k] for k in own) - FLOOR * total[p] + miss[p, a] >= 0
    for i, t in product(instruments, years):
        model += pulp.lpSum(x[k] for k in by["it"][i, t]) <= core.ceiling[i, t]
    for p in partnerships:
        model += pulp.lpSum(x[k] for k in by["p"][p]) == total[p]
        for t in years:
            model += pulp.lpSum(x[k] for k in by["pt"][p, t]) <= core.absorption[p, t]
        for t in years[1:]:
            now, before = pulp.lpSum(x[k] for k in by["pt"][p, t]), pulp.lpSum(x[k] for k in by["pt"][p, t - 1])
            model += now <= GROWTH * before + PLUS
            model += now >= FALL * before - PLUS
    return model


def linopy(core: Core) -> Way:
    """Linopy with labelled arrays, a mask for the eligible lines, and its direct hand-over."""
    from linopy.io import to_highspy

    live = to_highspy(linopy_model(core))
    return (live.getNumRow(), live.getNumCol()), lambda: run(live)


def linopy_model(core: Core) -> Any:
    """Return linopy's model."""
    import warnings

    import linopy
    import pandas as pd

    warnings.filterwarnings("ignore", module="linopy|ways")  # absent lines count as zero, as they should here

    names = ("instrument", "partnership", "area", "year", "step")
    index = dict(zip(names, (pd.RangeIndex(n, name=d) for n, d in zip((*core.sizes, len(core.share)), names, strict=True)), strict=True))
    lines, pairs = [index[d] for d in names[:4]], [index["partnership"], index["area"]]
    open_ = np.zeros(core.sizes, dtype=bool)
    open_[core.instrument, core.partnership, core.area, core.year] = True
    model = linopy.Model()
    x = model.add_variables(lower=0, coords=lines, name="x", mask=labelled(open_, lines))
    steps = [index["step"], *pairs]
    q = model.add_variables(lower=0, upper=labelled(core.most, steps), coords=steps, name="q")
    total = model.add_variables(lower=0, coords=[index["partnership"]], name="total")
    miss = model.add_variables(lower=0, coords=pairs, name="miss")
    effectiveness = labelled(core.effectiveness, [index["instrument"], index["area"]])
    model.add_constraints(q.sum("step") - (effectiveness * x).sum(["instrument", "year"]) <= 0, name="coverage")
    money = x.sum(["partnership", "area"])
    model.add_constraints(money <= labelled(core.ceiling, [index["instrument"], index["year"]]), name="ceiling")
    yearly = x.sum(["instrument", "area"])
    model.add_constraints(yearly <= labelled(core.absorption, [index["partnership"], index["year"]]), name="absorption")
    model.add_constraints(x.sum(["instrument", "area", "year"]) - total == 0, name="total")
    model.add_constraints(x.sum(["instrument", "year"]) - FLOOR * total + miss >= 0, name="share")
    before = yearly.shift(year=1)
    model.add_constraints((yearly - GROWTH * before).isel(year=slice(1, None)) <= PLUS, name="growth")
    model.add_constraints((yearly - FALL * before).isel(year=slice(1, None)) >= -PLUS, name="fall")
    model.add_objective((labelled(core.worth, steps) * q).sum() - (PENALTY * miss).sum(), sense="max")
    return model


def pyomo(core: Core) -> Way:
    """Pyomo with indexed components and its persistent HiGHS interface."""
    import pyomo.environ as pyo
    from pyomo.contrib.appsi.solvers import Highs

    instruments, partnerships, areas, years = (range(n) for n in core.sizes)
    lines, steps, worth, most = keys(core), range(len(core.share)), core.worth, core.most
    by = groups(lines)
    m = pyo.ConcreteModel()
    m.lines = pyo.Set(initialize=lines, dimen=4)
    m.x = pyo.Var(m.lines, domain=pyo.NonNegativeReals)
    m.q = pyo.Var(steps, partnerships, areas, bounds=lambda _, j, p, a: (0, most[j, p, a]))
    m.total = pyo.Var(partnerships, domain=pyo.NonNegativeReals)
    m.miss = pyo.Var(partnerships, areas, domain=pyo.NonNegativeReals)
    impact = pyo.quicksum(float(worth[k]) * m.q[k] for k in m.q)
    m.score = pyo.Objective(expr=impact - PENALTY * pyo.quicksum(m.miss.values()), sense=pyo.maximize)

    def money(group: str, *key: int) -> Any:
        return pyo.quicksum(m.x[k] for k in by[group][key if len(key) > 1 else key[0]])

    def coverage(m: Any, p: int, a: int) -> Any:
        met = pyo.quicksum(float(core.effectiveness[k[0], a]) * m.x[k] for k in by["pa"][p, a])
        return pyo.quicksum(m.q[j, p, a] for j in steps) <= met

    m.coverage = pyo.Constraint(partnerships, areas, rule=coverage)
    m.ceiling = pyo.Constraint(instruments, years, rule=lambda m, i, t: money("it", i, t) <= float(core.ceiling[i, t]))
    m.absorption = pyo.Constraint(partnerships, years, rule=lambda m, p, t: money("pt", p, t) <= float(core.absorption[p, t]))
    m.totals = pyo.Constraint(partnerships, rule=lambda m, p: money("p", p) == m.total[p])
    m.share = pyo.Constraint(partnerships, areas, rule=lambda m, p, a: money("pa", p, a) - FLOOR * m.total[p] + m.miss[p, a] >= 0)
    m.growth = pyo.Constraint(partnerships, years[1:], rule=lambda m, p, t: money("pt", p, t) <= GROWTH * money("pt", p, t - 1) + PLUS)
    m.fall = pyo.Constraint(partnerships, years[1:], rule=lambda m, p, t: money("pt", p, t) >= FALL * money("pt", p, t - 1) - PLUS)
    solver = Highs()
    solver.highs_options = {"solver": "ipm", "threads": 1}
    solver.set_instance(m)
    live = solver._solver_model

    def solve() -> float:
        solver.solve(m)
        return float(pyo.value(m.score))

    return (live.getNumRow(), live.getNumCol()), solve


def cvxpy(core: Core) -> Way:
    """CVXPY with sparse matrices; measured up to the arrays that it hands to HiGHS when it solves."""
    import cvxpy as cp
    from scipy.sparse import csr_array

    instruments, partnerships, areas, years = core.sizes
    n, pairs = len(core), partnerships * areas

    def sums(group: Any, size: int, values: Any = None) -> Any:
        return csr_array((np.ones(n) if values is None else values, (group, np.arange(n))), shape=(size, n))

    pair, time = core.partnership * areas + core.area, core.partnership * years + core.year
    x, miss, total = cp.Variable(n, nonneg=True), cp.Variable(pairs, nonneg=True), cp.Variable(partnerships, nonneg=True)
    q = cp.Variable(3 * pairs, bounds=[np.zeros(3 * pairs), core.most.ravel()])
    add = csr_array((np.ones(3 * pairs), (np.tile(np.arange(pairs), 3), np.arange(3 * pairs))), shape=(pairs, 3 * pairs))
    spread = csr_array((np.ones(pairs), (np.arange(pairs), np.repeat(np.arange(partnerships), areas))), shape=(pairs, partnerships))
    both = np.arange(partnerships * years).reshape(partnerships, years)
    yearly = sums(time, partnerships * years)
    now, before = yearly[both[:, 1:].ravel()], yearly[both[:, :-1].ravel()]
    constraints = [
        add @ q <= sums(pair, pairs, core.effectiveness[core.instrument, core.area]) @ x,
        sums(core.instrument * years + core.year, instruments * years) @ x <= core.ceiling.ravel(),
        yearly @ x <= core.absorption.ravel(),
        sums(core.partnership, partnerships) @ x == total,
        sums(pair, pairs) @ x - FLOOR * (spread @ total) + miss >= 0,
        (now - GROWTH * before) @ x <= PLUS,
        (now - FALL * before) @ x >= -PLUS,
    ]
    problem = cp.Problem(cp.Maximize(core.worth.ravel() @ q - PENALTY * cp.sum(miss)), constraints)
    problem.get_problem_data(cp.HIGHS)
    shape = sum(c.size for c in constraints), n + 4 * pairs + partnerships
    return shape, lambda: float(problem.solve(solver=cp.HIGHS, highs_options={"solver": "ipm"}))


def pyoptinterface(core: Core) -> Way:
    """PyOptInterface with variables and linear expressions, row by row."""
    import pyoptinterface as poi
    from pyoptinterface import highs

    instruments, partnerships, areas, years = (range(n) for n in core.sizes)
    lines, steps = keys(core), range(len(core.share))
    by, worth, most = groups(lines), core.worth, core.most
    model = highs.Model()
    model.set_model_attribute(poi.ModelAttribute.Silent, True)
    x = {k: model.add_variable(lb=0) for k in lines}
    q = {(j, p, a): model.add_variable(lb=0, ub=most[j, p, a]) for j, p, a in product(steps, partnerships, areas)}
    total, miss = [model.add_variable(lb=0) for _ in partnerships], {k: model.add_variable(lb=0) for k in product(partnerships, areas)}

    def row(terms: Any, sense: Any, limit: float) -> None:
        expression = poi.ExprBuilder()
        for variable, factor in terms:
            expression.add_affine_term(variable, factor)
        model.add_linear_constraint(expression, sense, limit)

    for p, a in product(partnerships, areas):
        own = by["pa"][p, a]
        row([*((q[j, p, a], 1.0) for j in steps), *((x[k], -core.effectiveness[k[0], a]) for k in own)], poi.Leq, 0.0)
        row([*((x[k], 1.0) for k in own), (total[p], -FLOOR), (miss[p, a], 1.0)], poi.Geq, 0.0)
    for i, t in product(instruments, years):
        row(((x[k], 1.0) for k in by["it"][i, t]), poi.Leq, core.ceiling[i, t])
    for p in partnerships:
        row([*((x[k], 1.0) for k in by["p"][p]), (total[p], -1.0)], poi.Eq, 0.0)
        for t in years:
            row(((x[k], 1.0) for k in by["pt"][p, t]), poi.Leq, core.absorption[p, t])
        for t in years[1:]:
            for factor, sense, limit in ((GROWTH, poi.Leq, PLUS), (FALL, poi.Geq, -PLUS)):
                now, before = ((x[k], 1.0) for k in by["pt"][p, t]), ((x[k], -factor) for k in by["pt"][p, t - 1])
                row([*now, *before], sense, limit)
    objective = poi.ExprBuilder()
    for key, variable in q.items():
        objective.add_affine_term(variable, worth[key])
    for variable in miss.values():
        objective.add_affine_term(variable, -PENALTY)
    model.set_objective(objective, poi.ObjectiveSense.Maximize)

    def solve() -> float:
        model.set_raw_parameter("solver", "ipm")
        model.set_raw_parameter("threads", 1)
        model.optimize()
        return float(model.get_model_attribute(poi.ModelAttribute.ObjectiveValue))

    return core.shape, solve


def scipy(core: Core) -> Way:
    """SciPy's `linprog` on sparse matrices; it hands over and solves in one call, stopped at once for the hand-over."""
    from scipy.optimize import linprog
    from scipy.sparse import block_array, coo_array, eye_array

    instruments, partnerships, areas, years = core.sizes
    n, pairs = len(core), partnerships * areas

    def sums(group: Any, size: int, values: Any = None) -> Any:
        return coo_array((np.ones(n) if values is None else values, (group, np.arange(n))), shape=(size, n))

    pair, time = core.partnership * areas + core.area, core.partnership * years + core.year
    yearly = sums(time, partnerships * years).tocsr()
    both = np.arange(partnerships * years).reshape(partnerships, years)
    now, before = yearly[both[:, 1:].ravel()], yearly[both[:, :-1].ravel()]
    add = coo_array((np.ones(3 * pairs), (np.tile(np.arange(pairs), 3), np.arange(3 * pairs))), shape=(pairs, 3 * pairs))
    spread = coo_array((np.ones(pairs), (np.arange(pairs), np.repeat(np.arange(partnerships), areas))), shape=(pairs, partnerships))
    upper = block_array(
        [
            [-sums(pair, pairs, core.effectiveness[core.instrument, core.area]), add, None, None],
            [sums(core.instrument * years + core.year, instruments * years), None, None, None],
            [yearly, None, None, None],
            [-sums(pair, pairs), None, FLOOR * spread, -eye_array(pairs)],
            [now - GROWTH * before, None, None, None],
            [FALL * before - now, None, None, None],
        ],
        format="csc",
    )
    changes = np.full(2 * partnerships * (years - 1), PLUS)
    limits = np.concatenate([np.zeros(pairs), core.ceiling.ravel(), core.absorption.ravel(), np.zeros(pairs), changes])
    equal = block_array(
        [
            [
                sums(core.partnership, partnerships),
                coo_array((partnerships, 3 * pairs)),
                -eye_array(partnerships),
                coo_array((partnerships, pairs)),
            ]
        ],
        format="csc",
    )
    cost = np.concatenate([np.zeros(n), -core.worth.ravel(), np.zeros(partnerships), np.full(pairs, PENALTY)])
    bounds = np.zeros((len(cost), 2))
    bounds[:, 1] = np.concatenate([np.full(n, np.inf), core.most.ravel(), np.full(partnerships + pairs, np.inf)])

    def call(method: str, **options: Any) -> Any:
        return linprog(cost, upper, limits, equal, np.zeros(partnerships), bounds, method=method, options=options)

    call("highs-ds", maxiter=0, presolve=False)
    return (upper.shape[0] + equal.shape[0], len(cost)), lambda: -float(call("highs-ipm").fun)


WAYS: dict[str, Callable[[Core], Way]] = {
    "arrays": arrays,
    "scipy": scipy,
    "linopy": linopy,
    "pyoptinterface": pyoptinterface,
    "cvxpy": cvxpy,
    "pulp": pulp_lpsum,
    "pyomo": pyomo,
}


def keys(core: Core) -> list[tuple[int, ...]]:
    """Return the four positions of every line as a tuple, the usual index of a model written with dictionaries."""
    columns = (core.instrument, core.partnership, core.area, core.year)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def groups(lines: list[tuple[int, ...]]) -> dict[str, dict[Any, list[tuple[int, ...]]]]:
    """Return the lines of every instrument and year, partnership and area, partnership and year, and partnership."""
    out: dict[str, dict[Any, list[tuple[int, ...]]]] = {"it": {}, "pa": {}, "pt": {}, "p": {}}
    for key in lines:
        i, p, a, t = key
        for group, member in (("it", (i, t)), ("pa", (p, a)), ("pt", (p, t)), ("p", p)):
            out[group].setdefault(member, []).append(key)
    return out


def labelled(values: Any, index: list[Any]) -> Any:
    """Return an xarray with named axes."""
    import xarray

    return xarray.DataArray(values, coords=index)


def quiet() -> Any:
    """Return a HiGHS object that prints nothing."""
    import highspy

    live = highspy.Highs()
    live.setOptionValue("output_flag", False)
    return live


def run(live: Any) -> float:
    """Solve what a HiGHS object holds and return its objective."""
    for option, value in (("output_flag", False), ("solver", "ipm"), ("threads", 1)):
        live.setOptionValue(option, value)
    live.run()
    return float(live.getInfo().objective_function_value)
