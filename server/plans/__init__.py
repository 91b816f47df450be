"""The plan of a commune: its figures and tasks, and what offices report of them."""
