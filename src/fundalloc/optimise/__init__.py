"""Program → the one plan that the scenario means: stages, switches, settling, whole steps."""
