"""The second witness: a plain statement of the mathematics, and what the tool says held against it.

`reading` takes a scenario as a person reads the file, `statement` and `kinds` write down what it asks, `witness` lets CBC find the best
score and tests amounts in exact fractions: loops over words and fractions, which share no code with facts, rules, model or
solvers. `dice` makes scenarios at random; `judge` asks both sides, also for those that were solved by hand, and names where they differ.
"""
