"""Plans read back from files."""
