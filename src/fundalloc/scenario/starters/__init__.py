"""New scenarios from what there is: shipped ones, a plan rolled forward, variants."""
