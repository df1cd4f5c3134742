"""Solution → plan: whole rounding steps, verified by arithmetic that never saw the linear program."""
