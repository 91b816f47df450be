"""Submissions sent to Central's door by collectors, and corrected by persons who may do so on pages (O6)."""

import io

from flask import Blueprint, Response, current_app, jsonify, request

from forms import instance
from forms.errors import Unreadable
from forms.file_names import file_name
from forms.instance import MAX_BYTES
from server import clock
from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.central.central_problems import CentralProblem
from server.api.central.central_projects import own_commune
from server.api.central.central_senders import or_collector
from server.api.central.central_submissions import hidden_paths, named_one, own_submission, told_one
from server.api.odata.form_routes import open_form, reading
from server.api.odata.form_rows import moment
from server.errors import CommonProblem, Problem
from server.files.attachments import Upload
from server.intake import receive_submission
from server.intake.submission_sender import Sender
from server.openrosa.devices import printable
from server.phones.phone_access import PhoneCaller
from server.review import correct_by_xml

blueprint = Blueprint(
    "central_sending", __name__, url_prefix="/v1/projects/<code>/forms/<form_id>/submissions"
)

_REASON = "Sửa qua API kiểu ODK Central."


def _take(caller: PhoneCaller, form_id: str) -> Response:
    """A collector's submission: XML as phones send it, its files follow by themselves."""
    xml = request.stream.read(MAX_BYTES + 1)
    try:
        said = instance.read(xml)
    except Unreadable as wrong:
        raise Problem(
            CommonProblem.BAD_REQUEST, why="nội dung gửi lên không phải XML của một phiếu."
        ) from wrong
    if said.form_id != form_id:
        raise Problem(CentralProblem.VALUE_WRONG, field="form id", value=said.form_id[:64])
    device = printable(request.args.get("deviceID"))
    agent = printable(request.environ.get("HTTP_USER_AGENT"))
    receive_submission.accept(xml, (), _sender(caller, device, agent))
    return jsonify(
        instanceId=said.instance_id, submitterId=caller.collector_id, deviceId=device, createdAt=moment(clock.now()),
        updatedAt=None, reviewState=None, userAgent=agent, instanceName=None,
    )  # fmt: skip


@blueprint.post("")
@or_collector(_take)
@client(Right.CORRECT)
def create(code: str, form_id: str) -> Response:
    """Visits are sent by collectors, whose code stands in the key's place; nobody else's key sends one."""
    open_form(reading(own_commune(code)), form_id)
    raise Problem(CentralProblem.COLLECTORS_SEND)


@blueprint.put("/<instance>")
@client(Right.CORRECT)
def edit(code: str, form_id: str, instance: str) -> Response:
    """Correct it to what this XML says, as on the page of the submission: an edit, approved by its sender."""
    of, found = named_one(code, form_id, instance)
    hidden = hidden_paths(of, open_form(of, form_id))
    xml = request.stream.read(MAX_BYTES + 1)
    correct_by_xml.correct_one(found.id, xml, _REASON, access.signed_in(), hidden)
    return jsonify(told_one(named_one(code, form_id, instance)[1]))


def _add(caller: PhoneCaller, form_id: str, instance: str, name: str) -> Response:
    """A file of a collector's submission."""
    own_submission(caller, form_id, instance)
    most = current_app.config["SETTINGS"].max_submission_mb
    content = request.stream.read(most * 1_000_000 + 1)
    if len(content) > most * 1_000_000:
        raise Problem(CommonProblem.TOO_LARGE, limit_mb=most)
    upload = Upload(file_name(name), io.BytesIO(content), request.mimetype or "application/octet-stream")
    receive_submission.add_file(instance, upload, _sender(caller, None, None))
    return jsonify(success=True)


@blueprint.post("/<instance>/attachments/<path:name>")
@or_collector(_add)
@client(Right.CORRECT)
def add_file(code: str, form_id: str, instance: str, **_name: str) -> Response:
    """Files come from the sender of the submission; a person changes one on the page where it is corrected."""
    named_one(code, form_id, instance)
    raise Problem(CentralProblem.COLLECTORS_SEND)


def _sender(caller: PhoneCaller, device: str | None, agent: str | None) -> Sender:
    return Sender(caller.collector_id, caller.commune_id, caller.villages, device, agent, request.remote_addr)
