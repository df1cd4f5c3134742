"""Why, and why not: questions about a plan, answered by solving again."""
