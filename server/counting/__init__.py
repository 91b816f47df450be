"""The tally: from series of findings to sums by thôn and day, and the recount that proves them."""
