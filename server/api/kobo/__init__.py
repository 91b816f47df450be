"""The door for what people have written for KoboToolbox: its API, version 2, under /api/v2, /token and /me."""

from flask import Flask

from server import read_replica
from server.answers import text_functions
from server.api.kobo import (
    asset_routes,
    attachment_routes,
    data_routes,
    deploy_routes,
    edit_routes,
    export_routes,
    export_setting_routes,
    hook_routes,
    key_routes,
    kobo_addresses,
    media_routes,
    permission_routes,
    validation_routes,
)
from server.api.kobo.kobo_addresses import PlainAddresses
from server.intake import catch_up

BLUEPRINTS = (
    asset_routes.blueprint,
    attachment_routes.blueprint,
    data_routes.blueprint,
    deploy_routes.blueprint,
    edit_routes.blueprint,
    export_routes.blueprint,
    export_setting_routes.blueprint,
    hook_routes.blueprint,
    key_routes.blueprint,
    media_routes.blueprint,
    permission_routes.blueprint,
    validation_routes.blueprint,
)

for _each in BLUEPRINTS:
    _each.before_request(catch_up.caught_up)
    _each.before_request(read_replica.read_there)
    _each.after_request(kobo_addresses.known_already)


def register(app: Flask) -> None:
    """Add the addresses of Kobo's clients to the application."""
    text_functions.register(app)
    export_routes.register(app)
    app.wsgi_app = PlainAddresses(app.wsgi_app)  # type: ignore[method-assign]
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
