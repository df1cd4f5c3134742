"""Scenarios side by side: what differs in the inputs, what differs in the results, and which change moved what.

results, sides              what was named → sides: outcomes, and the scenarios behind them where they can be had
meaning, overrides, inputs  what differs in the files
outcome, movements          what differs in the results, and what of it must; measures: in rules, and whether scores are alike
shares                      shares of changes: exact averages, rounded so that they add up
attribution                 these for overrides, by real solves; why_less: for groups of inputs
comparison, records         all of it together, as plain values
"""

from fundalloc.compare.comparison import Comparison, compare_files

__all__ = ["Comparison", "compare_files"]
