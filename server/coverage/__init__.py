"""Sums as readers are told them: the coverage table, the city, a team's thôn, check points, issued reports."""
