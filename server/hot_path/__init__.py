"""What many visits at once need: stored together, their statements compiled once, their rows packed."""
