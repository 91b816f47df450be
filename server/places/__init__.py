"""Communes and thôn by their codes, and how many households each has on a day."""
