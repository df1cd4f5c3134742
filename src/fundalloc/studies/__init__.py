"""Many solves: one figure varied, two objectives, near-optimal plans, several futures, whole batches."""
