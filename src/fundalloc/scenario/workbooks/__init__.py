"""Workbooks as files: what they must be, how their cells are read, and what travels inside them."""
