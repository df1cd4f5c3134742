"""What looks wrong in the data of a scenario although it can be read."""
