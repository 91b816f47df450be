"""People who sign in: Flask-Security with our words and our pages."""

from flask import Flask


def register(app: Flask) -> None:
    """Add sign-in to the application."""
