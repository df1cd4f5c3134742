"""Why: which rules clash, what holds an amount, what a rule costs."""
