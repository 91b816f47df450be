"""What leaders see: pages, maps, charts."""

from flask import Flask

from dashboards import (
    boundary_pages,
    browser,
    city_pages,
    downloads,
    pages,
    plan_pages,
    signal_pages,
    task_pages,
    team,
    wall_pages,
    words,
)
from dashboards.reports import commands as report_commands
from dashboards.reports import pages as report_pages
from server import clock

ROUTES = (pages, city_pages, plan_pages, wall_pages)
"""Modules whose views stand in the blueprint of `pages`."""


def register(app: Flask) -> None:
    """Add leaders' pages to the application."""
    browser.register(app)
    app.jinja_env.globals.update(words=words, today=clock.today)
    app.jinja_env.filters["sentence"] = words.sentence
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(downloads.blueprint)
    app.register_blueprint(task_pages.blueprint)
    app.register_blueprint(team.blueprint)
    app.register_blueprint(boundary_pages.blueprint)
    app.register_blueprint(signal_pages.blueprint)
    app.register_blueprint(report_pages.blueprint)
    app.cli.add_command(report_commands.command)
