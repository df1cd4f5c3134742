"""fundalloc: allocate EU financing instruments across migration partnerships, and prove the plan.

The rooms, in the order in which data walks through them:

    errors, money, labels   the words and numbers that everyone uses
    doors                   every file that is read or written, every text that reaches a terminal
    pool                    many independent tasks on all cores, or on a cluster
    facts                   what is so: instruments, partnerships, needs, decided money; the allocation lines
    rules                   what must be so: one file per kind of rule
    scenario                what the planner writes: files → facts, rules, objective
    model                   scenario → linear program, as plain arrays
    solvers                 linear program → solution; the only room that knows a solver
    optimise                stages, switches, settling, whole rounding steps: program → the one plan that is meant
    plan                    whole rounding steps → a plan, verified in exact integers
    run                     the whole corridor in one short function
    testing                 what every kind of rule must keep, for those who write one
    selftest                a second statement of the mathematics that shares nothing with the above, and a judge between both
    insight                 why
    studies                 many solves: one figure varied, two objectives, near-optimal plans, several futures, batches
    compare                 scenarios side by side, and which change moved what
    export                  workbook, CSV, JSON
    back                    what comes back from a workbook that was sent round
    cli                     the commands

Every public name is loaded when it is first used, so that importing the package costs nothing; `__init__.pyi` lists them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
