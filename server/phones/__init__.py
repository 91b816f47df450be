"""Collectors and their phones: who asks, by which code, and what is known of the phone."""
