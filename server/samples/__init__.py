"""Samples: drawn by lot from the list of each thôn, how far they are asked, and what they say of the whole."""
