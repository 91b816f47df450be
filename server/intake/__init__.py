"""From an understood submission to durable rows: received once, placed, applied, resent, edited."""
