"""Submissions sent on to other systems: which addresses may be, what waits for them, and how it is sent."""
