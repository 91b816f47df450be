"""Posters: printed codes by which citizens answer a form themselves; where they hang, how long, and how often."""
