"""Pay for the days walked: what each member did in a month, and the sheets as they were signed."""
