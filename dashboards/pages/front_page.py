"""The blueprint of leaders' pages, and the front page that leads everybody to their own."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from server.accounts import access

blueprint = Blueprint("dashboards", __name__, template_folder="templates")


@blueprint.get("/")
@access.public
def front() -> BaseResponse:
    """Everybody's first page: their own commune, the city, or the way in."""
    found = access.caller()
    if found is None:
        return redirect(url_for("security.login"))
    return redirect(url_for("accounts.start"))
