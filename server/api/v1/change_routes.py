"""The feed of changes for copies of the data and for the city's operation centre."""

from typing import Any

from flask_smorest import Blueprint

from server import audit
from server.accounts import access, client_access
from server.answers import changes_feed, who_may_read
from server.answers.changes_feed import FeedScope
from server.api.v1 import schemas

blueprint = Blueprint(
    "changes", __name__, url_prefix="/api/v1", description="Những gì đã thay đổi, theo thứ tự"
)


@blueprint.get("/changes")
@client_access.sums("coverage", records=True)
@blueprint.arguments(schemas.ChangesSinceSchema, location="query", as_kwargs=True)
@blueprint.response(200, schemas.ChangesSchema)
@blueprint.alt_response(401, schema=schemas.ProblemSchema)
@blueprint.alt_response(403, schema=schemas.ProblemSchema)
@blueprint.alt_response(410, schema=schemas.ProblemSchema)
@blueprint.alt_response(422, schema=schemas.ProblemSchema)
def changes(after: int, limit: int, personal: bool) -> dict[str, Any]:
    """Những phiếu, quyết định và ngày số liệu đã thay đổi sau một mốc; đọc tiếp từ `next`, không sót thay đổi nào"""
    caller = access.signed_in()
    of = who_may_read.reader(caller, personal=client_access.may_read_personal(caller, wished=personal))
    scope = FeedScope(of, caller.commune_ids, all_days=not of.is_nobody)
    found = changes_feed.page(scope, after, limit)
    if any(each.get("submission") for each in found.changes):
        audit.note_reading(
            "changes.read", detail={"after": after, "next": found.next, "personal": of.personal}
        )
    return {"changes": found.changes, "next": str(found.next), "is_last": found.is_last}
