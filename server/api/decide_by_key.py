"""Decisions about submissions that a program names, as a reviewer makes them on the page (K13, O6)."""

from collections.abc import Iterable

from flask import request

from server.accounts import access
from server.api.kobo.submissions_named import NamedSubmission
from server.db import db
from server.review import decisions
from server.review.decisions import Reviewer


def reviewer(commune_id: int) -> Reviewer:
    """The one who asks, as one who decides in this commune."""
    caller = access.signed_in()
    return Reviewer(caller.actor, caller.name, commune_id, request.remote_addr)


def bring(found: NamedSubmission, state: str, comment: str) -> None:
    """Bring a submission into a state, unless it is there; commits. Problem where it cannot be brought there."""
    db.session.rollback()  # the decision has a connection of its own
    if found.review == state:
        return
    by = reviewer(found.commune_id)
    with db.engine.connect().execution_options(writes=True) as connection:
        decisions.decide(connection, found.id, state, expected=found.review, reviewer=by, comment=comment)
        connection.commit()


def bring_all(chosen: Iterable[NamedSubmission], state: str, comment: str) -> int:
    """Bring each into a state as if alone; how many came there, the others stay as they are. Commits by commune."""
    db.session.rollback()  # the decisions have a connection of their own
    by_commune: dict[int, list[tuple[int, str]]] = {}
    for each in chosen:
        by_commune.setdefault(each.commune_id, []).append((each.id, each.review))
    done = 0
    for commune_id, seen in sorted(by_commune.items()):
        by = reviewer(commune_id)
        with db.engine.connect().execution_options(writes=True) as connection:
            brought, _ = decisions.decide_all(connection, seen, state, reviewer=by, comment=comment)
            connection.commit()
        done += len(brought)
    return done
