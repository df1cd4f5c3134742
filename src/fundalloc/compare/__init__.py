"""Scenarios side by side: what differs in the inputs, what differs in the results, and which change moved what.

revisions, results, sides   what was named → sides: outcomes, and the scenarios behind them where they can be had
nodes, overrides, inputs    what differs in the files
outcome, rules, movements   what differs in the results
shapley, whole, game        shares of the overrides: exact averages, rounded so that they add up, of real solves
attribution, comparison     all of it together
"""

from fundalloc.compare.comparison import Comparison, compare_files

__all__ = ["Comparison", "compare_files"]
