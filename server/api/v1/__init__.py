"""The API of programs, version 1: its addresses, the shapes of its JSON, and its description."""
