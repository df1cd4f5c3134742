"""Scenario → linear program: plain arrays with the identity of every row and column."""
