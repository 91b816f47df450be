"""The door for what people have written for ODK Central: its REST API under /v1, and OData below it."""

from flask import Flask

from server import read_replica
from server.api.central import (
    central_datasets,
    central_entities,
    central_entity_histories,
    central_entity_tables,
    central_exports,
    central_forms,
    central_histories,
    central_projects,
    central_publishing,
    central_sending,
    central_sessions,
    central_submissions,
)
from server.api.odata import coverage_routes, form_routes
from server.intake import catch_up

BLUEPRINTS = (
    coverage_routes.blueprint,
    form_routes.blueprint,
    central_sessions.blueprint,
    central_projects.blueprint,
    central_forms.blueprint,
    central_publishing.blueprint,
    central_exports.blueprint,
    central_submissions.blueprint,
    central_sending.blueprint,
    central_histories.blueprint,
    central_datasets.blueprint,
    central_entities.blueprint,
    central_entity_histories.blueprint,
    central_entity_tables.blueprint,
)

for _each in BLUEPRINTS:
    _each.before_request(catch_up.caught_up)
    _each.before_request(read_replica.read_there)


def register(app: Flask) -> None:
    """Add the addresses of Central's clients to the application."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
