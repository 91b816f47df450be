"""What leaders see: pages, maps, charts."""

from flask import Flask

from dashboards import static_files, words
from dashboards.downloads import city_workbook_pages, download_pages, link_files, link_pages
from dashboards.downloads import export_command as download_commands
from dashboards.pages import (
    boundary_pages,
    city_pages,
    front_page,
    map_pages,
    overview_page,
    plan_pages,
    signal_pages,
    task_pages,
    team_pages,
    two_days_page,
    walking_pages,
    wall_pages,
)
from dashboards.reports import report_command as report_commands
from dashboards.reports import report_pages
from server import clock, read_replica
from server.intake import catch_up

ROUTES = (front_page, overview_page, city_pages, map_pages, plan_pages, two_days_page, wall_pages)
"""Modules whose views stand in the blueprint of `pages`."""

OF_DOWNLOADS = (download_pages, link_pages, city_workbook_pages)
"""Modules whose views stand in the blueprint of `downloads`."""

BLUEPRINTS = (
    front_page.blueprint,
    download_pages.blueprint,
    link_files.blueprint,
    task_pages.blueprint,
    team_pages.blueprint,
    walking_pages.blueprint,
    boundary_pages.blueprint,
    signal_pages.blueprint,
    report_pages.blueprint,
)
for _blueprint in BLUEPRINTS:
    _blueprint.before_request(catch_up.caught_up)  # pages show all that has been sent
    _blueprint.before_request(read_replica.read_there)


def register(app: Flask) -> None:
    """Add leaders' pages to the application."""
    static_files.register(app)
    app.jinja_env.globals.update(words=words, today=clock.today)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    download_pages.register(app)
    city_workbook_pages.register(app)
    app.cli.add_command(report_commands.command)
    app.cli.add_command(download_commands.group)
