"""The rows that phones share: households, places and businesses, what changes them, and the lists made of them."""
