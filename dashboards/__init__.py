"""What leaders see: pages, maps, charts."""

from flask import Flask


def register(app: Flask) -> None:
    """Add leaders' pages to the application."""
