"""Persons who sign in and programs with a key: who they are, what they may do, and how they prove it."""
