"""What waits for a person and what is decided: doubts, the queue, decisions, corrections, difficulties."""
