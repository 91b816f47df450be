"""How a submission arrives: HEAD to ask, POST to send; unwrapped here, understood and stored by intake."""

from collections.abc import Iterable

from flask import Response, request

from forms.file_names import file_name
from forms.instance import MAX_BYTES
from server.errors import Problem
from server.files.attachments import Upload
from server.intake import receive_submission
from server.intake.receive_submission import Receipt
from server.intake.submission_log import Sent
from server.intake.submission_sender import Sender
from server.openrosa import json_submission, multipart_parts, openrosa_xml
from server.openrosa.devices import MAX_TEXT, device_id, learn, printable
from server.openrosa.multipart_parts import MultipartPart
from server.openrosa.request_problems import PhoneRequestProblem
from server.phones.phone_access import PhoneCaller, sending

XML_PART = "xml_submission_file"
INCOMPLETE_PART = "*isIncomplete*"
"""Says that more requests for this submission follow; what is missing is seen from its answers (C36)."""

KEPT_TOGETHER = "tungnha.kept_together"
"""In a request's environment: the list to which a submission is left, by the lane that has several kept at once and
answers its phone then (server/serving/visits_lane.py)."""
_SOON = Receipt(0, True, "")


@sending
def submission(caller: PhoneCaller) -> Response:
    """HEAD tells the size that may be sent (C30, C31); POST sends (C33–C42)."""
    if request.method == "HEAD":
        return Response(status=204, content_type=openrosa_xml.CONTENT_TYPE)
    if json_submission.is_json():
        return json_submission.told(_take_json(caller))
    receipt = take(caller, request.environ.get(KEPT_TOGETHER))
    return Response(told(receipt), 201 if receipt.new else 202, content_type=openrosa_xml.CONTENT_TYPE)


def take(caller: PhoneCaller, together: list[Sent] | None = None) -> Receipt:
    """The submission in the body of this request, taken in; from a phone's app or from the form in a browser.

    It is left in `together` where somebody keeps several at once; the receipt then stands for the one to come.
    """
    with multipart_parts.received(
        request.stream, request.content_type or "", request.content_length
    ) as found:
        form, files = unwrap(found)
        sent = receive_submission.read(form, uploads(files), sender(caller))
        if together is not None and isinstance(sent, Sent) and receive_submission.may_be_kept_together(sent):
            together.append(sent)
            receipt = _SOON
        else:
            receipt = receive_submission.keep(sent) if isinstance(sent, Sent) else sent
    learn(caller)
    return receipt


def _take_json(caller: PhoneCaller) -> Receipt:
    """The submission that a program has written as JSON; it brings no files."""
    receipt = receive_submission.accept(json_submission.read(request.stream), (), sender(caller))
    learn(caller)
    return receipt


def told(receipt: Receipt) -> bytes:
    """The body of the answer to a submission."""
    return openrosa_xml.message(receipt.sentence)


def sender(caller: PhoneCaller) -> Sender:
    """What is kept of the sender (C48)."""
    return Sender(
        caller.collector_id,
        caller.commune_id,
        caller.villages,
        device_id(),
        printable(request.environ.get("HTTP_USER_AGENT")),
        request.remote_addr,
    )


def unwrap(found: Iterable[MultipartPart]) -> tuple[bytes, list[MultipartPart]]:
    """The one XML form, as a file or as a plain field (C33, C34), and the other file parts (C35)."""
    forms, files = [], []
    for part in found:
        if part.name == XML_PART:
            forms.append(part)
        elif part.filename is not None and part.name != INCOMPLETE_PART:
            files.append(part)
    if not forms:
        raise Problem(PhoneRequestProblem.SUBMISSION_MISSING)
    if len(forms) > 1:
        raise Problem(PhoneRequestProblem.SUBMISSION_TWICE)
    # one byte more than may be read, so that reading it says that it is too large
    return forms[0].stream.read(MAX_BYTES + 1), files


def uploads(files: Iterable[MultipartPart]) -> list[Upload]:
    """Attachments by the names of their parts; of two with one name the second gets another."""
    taken: dict[str, Upload] = {}
    for part in files:
        name = _free(file_name(part.name), taken)
        taken[name] = Upload(name, part.stream, part.media_type)
    return list(taken.values())


def _free(name: str, taken: Iterable[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    count, candidate = 1, name
    while candidate in taken:
        count += 1
        candidate = f"{stem or ending}~{count}{dot if stem else ''}{ending if stem else ''}"
    return candidate[-MAX_TEXT:]
