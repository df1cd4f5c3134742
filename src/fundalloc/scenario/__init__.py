"""What the planner writes: scenario files, read into facts, rules and objective."""
